using System.Text.RegularExpressions;
using Microsoft.EntityFrameworkCore;
using Microsoft.Playwright;
using Writ.Proof.Identity;
using Writ.SystemTests.EndToEnd;

namespace Writ.SystemTests.Browser;

/// <summary>People watch, kill, replay and compare runs in a browser: a real server, runner, Nmap and network.</summary>
public abstract class RunPageTests(Houses houses) : EndToEndTest(houses)
{
    [Fact]
    public async Task Run_is_watched_killed_and_played_back()
    {
        await using var browser = await HouseBrowser.At(House);

        // 1. A run that has just begun: its output and what it finds as they come, its deadline.
        var run = await House.Launch("10.20.0.64-69");
        var page = await browser.Open("sam", "/live");
        await page.GetByText("1 run is live").Or(page.GetByText("runs are live")).WaitForAsync();
        await page.Locator("main .board").GetByText("Connect Scan").First.WaitForAsync();
        await browser.LookAround(page, "live");
        await page.GotoAsync($"/runs/{run.Id}");
        await page.Locator(".xterm-rows").GetByText("Initiating Connect Scan").WaitForAsync();
        await page.GetByText("to the deadline").WaitForAsync();
        await page.Locator(".found").GetByText("10.20.0.").First.WaitForAsync();
        await browser.LookAround(page, "run");

        // 2. The connection breaks in the middle: what follows is there afterwards, and nothing twice.
        await page.AddInitScriptAsync("""
            const Real = WebSocket;
            window.attached = [];
            window.WebSocket = class extends Real {
              constructor(url, ...rest) {
                super(url, ...rest);
                if (!String(url).includes('/attach') || attached.push(url) > 1) return;
                this.addEventListener('message', message => { if (typeof message.data !== 'string') this.close(3001); });
              }
            };
            """);
        await page.ReloadAsync();
        await House.Until(async () => await page.EvaluateAsync<int>("() => attached.length") == 2, "the page does not come back", 30);
        await page.Locator(".xterm-rows").GetByText("Discovered open port").First.WaitForAsync();
        var connections = await page.EvaluateAsync<string[]>("() => attached");
        connections[0].ShouldEndWith("from=0");
        connections[1].ShouldNotEndWith("from=0");

        // 3. Killed in one step; the end is what the runner saw.
        await page.GetByLabel("Reason to kill").FillAsync("wrong subnet");
        await page.GetByRole(AriaRole.Button, new() { Name = "Kill" }).ClickAsync();
        await page.Locator("#ended").GetByText("0 processes left").WaitForAsync();
        run.Processes().ShouldBeEmpty();
        (await page.Locator("h1").InnerTextAsync()).ShouldMatch(@"killed by you \(wrong subnet\) after 0:\d\d on 6 hosts in staging");

        // 4. The same page plays it back, and finds words in it.
        await page.GetByRole(AriaRole.Button, new() { Name = "Play" }).WaitForAsync();
        await page.GetByPlaceholder("Find in the output").FillAsync("Initiating Connect Scan");
        await page.GetByText("1 of 1", new() { Exact = true }).WaitForAsync();
        await page.GetByPlaceholder("Find in the output").FillAsync("open port");
        await page.GetByText(new Regex("^1 of \\d+$")).WaitForAsync();
        await page.GetByLabel("Time", new() { Exact = true }).FillAsync("0");
        await page.Locator(".xterm-rows").GetByText("Discovered open port").First.WaitForAsync(new() { State = WaitForSelectorState.Detached });
        await page.GetByRole(AriaRole.Button, new() { Name = "Play" }).ClickAsync();
        await page.Locator(".xterm-rows").GetByText("Discovered open port").First.WaitForAsync();
        await browser.LookAround(page, "run-ended");

        // 5. Whoever comes later reads it from the recording.
        var later = await browser.Open("ada", $"/runs/{run.Id}");
        await later.Locator(".xterm-rows").GetByText("Discovered open port").First.WaitForAsync();
        browser.Wrong.ShouldBeEmpty();
    }

    [Fact]
    public async Task Results_are_a_grid_that_is_held_against_the_run_before()
    {
        await using var browser = await HouseBrowser.At(House);
        string[] command = ["nmap", "-n", "-sT", "-p", "22,25,53,80,8000-8080", "10.20.0.16-27"];
        var first = (await House.Type("sam", ["run", "--detach", "--", .. command])).ShouldBeOk().Text;
        await House.Ended(first, 40);
        // Before, one host had a port less, one a port more and one another service.
        await House.Change(async db =>
        {
            var run = RunId.Parse(first);
            await House.Until(() => db.Results.AnyAsync(row => row.RunId == run), "the results are not there");
            var ports = (await db.ResultPorts.Where(row => row.RunId == run).ToListAsync(Cancel)).ToLookup(row => row.Address[15]);
            db.Remove(ports[17].Single(row => row.Port == 80));
            db.Add(new Writ.Server.Storage.ResultPortRow { RunId = run, Address = ports[17].First().Address, Protocol = "tcp", Port = 80, State = "closed" });
            db.Add(new Writ.Server.Storage.ResultPortRow { RunId = run, Address = ports[20].First().Address, Protocol = "tcp", Port = 8009, State = "open", Service = "ajp13", Product = "<b>Apache</b> Jserv \u202e" });
        });
        var second = (await House.Type("sam", ["run", "--detach", "--", .. command])).ShouldBeOk().Text;
        await House.Ended(second, 40);

        var page = await browser.Open("sam", $"/runs/{second}/results");
        await page.GetByText("1 opened").WaitForAsync();
        (await page.Locator("h1").InnerTextAsync()).ShouldContain("60 ports open");
        await page.GetByLabel("10.20.0.20:8009 closed since").ClickAsync();
        (await page.Locator(".chosen").InnerTextAsync()).ShouldContain("10.20.0.20:8009");
        (await page.GetByLabel("What changed").InnerTextAsync()).ShouldContain("<b>Apache</b> Jserv \\u202e");
        await page.Keyboard.PressAsync("ArrowUp");
        await page.Keyboard.PressAsync("Home");
        await page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(page).ToHaveURLAsync(new Regex(@"cell=10\.20\.0\..*22"));
        await browser.LookAround(page, "results");
        await page.GetByLabel("Filter by host, port or service").FillAsync("10.20.0.17");
        await page.GetByLabel("10.20.0.18:22 open").WaitForAsync(new() { State = WaitForSelectorState.Detached });
        await page.GetByLabel("10.20.0.17:80 opened").WaitForAsync();

        await page.GotoAsync("/results/zones/staging");
        await page.GetByText("Open ports in staging, by run").WaitForAsync();
        await browser.LookAround(page, "zone");
        await page.GotoAsync("/results");
        await page.GetByText("What was found").WaitForAsync();
        await browser.Look(page, "results-list");
        var download = await page.RunAndWaitForDownloadAsync(() => page.EvaluateAsync($"() => {{ const a = document.createElement('a'); a.href = '/v1/runs/{second}/results?format=csv'; a.download = 'x'; a.click(); }}"));
        (await File.ReadAllTextAsync((await download.PathAsync())!, Cancel)).ShouldContain("10.20.0.17,,tcp,80,open,http");
    }

    [Fact]
    public async Task Grant_is_seen_on_the_timeline_and_revoked_from_there()
    {
        await using var browser = await HouseBrowser.At(House);
        var target = House.Target();
        var request = (await House.Type("dana", ["request", "--reason", "debug the LB timeout", "--", .. House.LongScan(target)[..^5], "-sT", "-p", "1-9000", target])).ShouldBeOk().Text;
        (await House.Type("sue", "approve", request)).ShouldBeOk();
        var grant = (await House.As("dana").Request(request)).Grant.ShouldNotBeNull();

        var page = await browser.Open("sue", "/history");
        await page.GetByText("Europe/Berlin").WaitForAsync();
        await page.GetByLabel("dana, nmap on 1 host").First.WaitForAsync();
        await browser.LookAround(page, "history");
        await page.GotoAsync($"/history?zoom=hour&rows=zones&grant={grant}");
        await ConsoleHouse.Live(page);
        await page.GetByLabel("Reason to revoke").FillAsync("not needed any more");
        await page.GetByRole(AriaRole.Button, new() { Name = "Revoke" }).ClickAsync();
        await page.GetByText("Revoked; nothing ran.").WaitForAsync();
        await browser.Look(page, "history-hour");
        (await House.As("ada").Get($"/v1/grants/{grant}", Writ.Contracts.WritJson.Default.GrantView)).Ok.State.ShouldBe("revoked");
    }

    [Collection(PagesOnSqliteCollection.Name)]
    public sealed class OnSqlite(LonelySqliteStreet houses) : RunPageTests(houses);

    [Collection(PagesOnPostgresCollection.Name)]
    public sealed class OnPostgres(LonelyPostgresStreet houses) : RunPageTests(houses);
}
