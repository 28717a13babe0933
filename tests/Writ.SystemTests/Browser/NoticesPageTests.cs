using System.Text.RegularExpressions;
using Microsoft.EntityFrameworkCore;
using Microsoft.Playwright;
using Writ.SystemTests.Storage;

namespace Writ.SystemTests.Browser;

/// <summary>People say in the console how they are told.</summary>
[Collection(BrowserCollection.Name)]
public sealed class NoticesPageTests(SqliteConsoleBrowser browser)
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Person_confirms_an_address_and_says_when_and_who_else_is_told()
    {
        await using var mail = new MailServer();
        await using var house = await ConsoleHouse.Of(browser.Engine, browser.Browser, Company.Policy, settings => settings with { Mail = mail.Settings, Slack = new(["T0HOME"], "/nowhere") });
        var world = house.World;
        await Company.Dana(world);
        await world.Person("Sue", "secops");
        var page = await house.Open(await Company.Marek(world), "/inbox");
        await page.GetByText("Marek", new() { Exact = true }).ClickAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = "How you are told" }).ClickAsync();
        await page.GetByText("You are not told by mail: no address of yours is confirmed.").WaitForAsync();
        (await page.Locator("details.me[open]").CountAsync()).ShouldBe(0);
        await house.LookAround(page, "notices-none");

        // 1. An address, by the code that came there.
        await page.GetByLabel("Your address").FillAsync("marek@example.com");
        await page.GetByRole(AriaRole.Button, new() { Name = "Mail a code there" }).ClickAsync();
        await page.GetByText("A code was mailed to marek@example.com").WaitForAsync();
        await page.GetByLabel("The code that came").FillAsync("AAAA-AAAA");
        await page.GetByRole(AriaRole.Button, new() { Name = "Confirm" }).ClickAsync();
        await page.GetByText("This is not the code, or its hour is over.").WaitForAsync();
        await page.GetByLabel("The code that came").FillAsync(Regex.Match(mail.Taken.ShouldHaveSingleItem().TextBody!, "confirm ([A-Z0-9]{4}-[A-Z0-9]{4})").Groups[1].Value);
        await page.GetByRole(AriaRole.Button, new() { Name = "Confirm" }).ClickAsync();
        await page.GetByText("You are told by mail at marek@example.com.").WaitForAsync();

        // 2. Quiet hours, by the clock that the browser has.
        await page.GetByLabel("From").FillAsync("21:30");
        await page.GetByRole(AriaRole.Form, new() { Name = "Quiet hours" }).GetByRole(AriaRole.Button, new() { Name = "Save" }).ClickAsync();
        await page.GetByText("Each day from 21:30 to 07:00, by the clock of Europe/Berlin.").WaitForAsync();

        // 3. Who is told as well: somebody who decides on the same.
        var standIn = page.GetByRole(AriaRole.Form, new() { Name = "Stand-in" });
        await standIn.GetByLabel("Who").FillAsync("Dana");
        await standIn.GetByLabel("Until").FillAsync("2026-03-20T08:00");
        await standIn.GetByRole(AriaRole.Button, new() { Name = "Save" }).ClickAsync();
        await page.GetByText("Nobody named 'Dana' could decide in your place.").WaitForAsync();
        await standIn.GetByLabel("Who").FillAsync("Sue");
        await standIn.GetByRole(AriaRole.Button, new() { Name = "Save" }).ClickAsync();
        await page.GetByText("Sue is not told by mail.").WaitForAsync();
        await house.LookAround(page, "notices");

        // 4. The account in Slack that speaks for them: a code to type there, and once it was typed, which account it is.
        await page.GetByRole(AriaRole.Button, new() { Name = "Link an account" }).ClickAsync();
        var code = await page.GetByText(new Regex("^/writ link [A-Z0-9]{4}-[A-Z0-9]{4}$")).TextContentAsync();
        (await world.Get<Writ.Server.Chat.ChatAccounts>().Link("T0HOME/U0MAREK", code!["/writ link ".Length..], null)).ShouldBeOk().ShouldBe("Marek");
        await page.ReloadAsync();
        await page.GetByText("U0MAREK").WaitForAsync();
        await house.LookAround(page, "notices-slack");
        await page.GetByRole(AriaRole.Button, new() { Name = "Take it back" }).ClickAsync();
        await page.GetByText("No account speaks for you.").WaitForAsync();

        // 5. What is set in one place does not undo what was set in another.
        await page.GetByRole(AriaRole.Button, new() { Name = "Turn it off" }).ClickAsync();
        await page.GetByText("You are not told by mail: you turned it off.").WaitForAsync();
        var row = await world.Read(db => db.NoticeSettings.AsNoTracking().SingleAsync(row => row.Address != null, Cancel));
        (row.IsMailOff, row.Quiet, row.QuietZone, row.StandInUntil).ShouldBe((true, "21:30-07:00", "Europe/Berlin", new DateTimeOffset(2026, 3, 20, 7, 0, 0, TimeSpan.Zero)));
        await standIn.GetByRole(AriaRole.Button, new() { Name = "Nobody" }).ClickAsync();
        await page.GetByText("Nobody.", new() { Exact = false }).First.WaitForAsync();
        (await world.Read(db => db.NoticeSettings.AsNoTracking().SingleAsync(each => each.Address != null, Cancel))).StandIn.ShouldBeNull();
        house.Wrong.ShouldBeEmpty();
    }
}
