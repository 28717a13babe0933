using Microsoft.EntityFrameworkCore;
using Microsoft.Playwright;
using Writ.Contracts.Requests;
using Writ.Core;
using Writ.Core.Series;
using Writ.Server.Policy;
using Writ.Server.Requests;
using Writ.SystemTests.Storage;

namespace Writ.SystemTests.Browser;

/// <summary>People look at a series and at what came of its runs, and end it.</summary>
[Collection(BrowserCollection.Name)]
public sealed class SeriesPageTests(SqliteConsoleBrowser browser)
{
    private const string WebCheck = """
        version: 1
        template: web-check
        description: is the web server up
        command: [nmap, -sT, -Pn, -n, -p, "80,443", "{host}"]
        parameters:
          host: { value: host, zones: [staging] }

        """;

    private static readonly string Rules = Company.Policy.Replace("rules:\n",
        "rules:\n  - { id: by-night, roles: [developer], zones: [staging], templates: [web-check], recurring: true, approval: { from: [security-engineer], count: 1 } }\n", StringComparison.Ordinal);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Series_is_seen_with_what_came_of_its_runs_and_ended()
    {
        await using var house = await ConsoleHouse.Of(browser.Engine, browser.Browser, Company.Policy);
        var world = house.World;
        await using var runner = await Company.Runner(world);
        (await world.Get<ApplyPolicy>().Apply(await world.Admin("Ada"), new(Files: [new("rules.yaml", Rules), new("web-check.yaml", WebCheck)]), Cancel)).ShouldBeOk();
        var (request, _) = (await world.Get<Ask>().Create(await Company.Dana(world), new(Reason: "know when the LB <b>breaks</b>\u202e", Template: new("web-check", new Dictionary<string, string> { ["host"] = "10.20.4.17" }),
            Series: new("0 2 * * 1-5", "Europe/Berlin", world.Clock.GetUtcNow().AddDays(90))), null, Cancel)).ShouldBeOk();
        (await world.Approve(await Company.Marek(world), request, "nightly is fine")).ShouldBeOk();
        var series = await world.Read(db => db.Series.AsNoTracking().SingleAsync(Cancel));

        // 1. One run when it was due, and one late.
        world.Clock.SetUtcNow(series.NextAt!.Value);
        await Occurred(world, 1);
        await Company.End(world, runner, await world.Read(db => db.Runs.AsNoTracking().SingleAsync(Cancel)));
        world.Clock.SetUtcNow(series.NextAt.Value.AddDays(1).AddMinutes(4));
        await Occurred(world, 2);

        // 2. From the request to its series, and to its runs.
        var page = await house.Open(await Company.Dana(world), $"/inbox/{request.Id}");
        await page.GetByRole(AriaRole.Link, new() { Name = "The series, and what came of its runs" }).ClickAsync();
        await ConsoleHouse.At(page, $"/series/{series.Id}");
        await page.GetByText("At 02:00, Monday to Friday, by the clock of Europe/Berlin").WaitForAsync();
        (await page.Locator("h1").InnerTextAsync()).ShouldContain("to know when the LB <b>breaks</b>\\u202e");
        await page.GetByText("nightly is fine").WaitForAsync();
        var runs = page.GetByRole(AriaRole.Table).GetByRole(AriaRole.Row);
        (await runs.Nth(1).InnerTextAsync()).ShouldContain("started late");
        (await runs.Nth(2).InnerTextAsync()).ShouldContain("✓ started");
        (await runs.Nth(2).GetByRole(AriaRole.Link).GetAttributeAsync("href")).ShouldNotBeNull().ShouldStartWith("/runs/run_");
        await house.LookAround(page, "series");

        // 3. Held up, let go on, and ended, which is asked twice.
        await page.GetByLabel("Reason").FillAsync("change freeze");
        await page.GetByRole(AriaRole.Button, new() { Name = "Hold up" }).ClickAsync();
        await page.GetByText("Suspended by Dana: change freeze.").WaitForAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Let it go on" }).ClickAsync();
        await page.GetByText("✓ active").WaitForAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "End" }).ClickAsync();
        await page.GetByText("It does not come back").WaitForAsync();
        (await world.Read(db => db.Series.AsNoTracking().SingleAsync(Cancel))).State.ShouldBe(SeriesState.Active);
        await house.LookAround(page, "series-end");
        await page.GetByLabel("Reason").FillAsync("the LB is gone");
        await page.GetByRole(AriaRole.Button, new() { Name = "End it for good" }).ClickAsync();
        await page.GetByText("Ended by Dana: the LB is gone.").WaitForAsync();
        (await page.GetByRole(AriaRole.Form, new() { Name = "What is done about the series" }).CountAsync()).ShouldBe(0);
        (await world.Read(db => db.Series.AsNoTracking().SingleAsync(Cancel))).State.ShouldBe(SeriesState.Ended);

        // 4. Who may not know of it, does not; who may only know of it, does nothing about it.
        var other = await house.Open(await Company.Aiko(world), $"/series/{series.Id}");
        await other.GetByText("There is no series").First.WaitForAsync();
        (await other.GetByText("web-check").CountAsync()).ShouldBe(0);
        await other.GotoAsync("/series");
        await other.GetByText("None that you may see.").WaitForAsync();
        await house.Look(other, "series-empty");
        house.Wrong.ShouldBeEmpty();
    }

    private static Task Occurred(World world, int times) => World.Eventually(async () =>
        await world.Read(db => db.Occurrences.CountAsync(row => row.Outcome == OccurrenceOutcome.Started || row.Outcome == OccurrenceOutcome.Late, Cancel)) == times, $"{times} runs are not started");
}
