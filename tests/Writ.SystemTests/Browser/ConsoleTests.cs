using Microsoft.EntityFrameworkCore;
using Microsoft.Playwright;
using Writ.Core;
using Writ.SystemTests.Storage;

namespace Writ.SystemTests.Browser;

/// <summary>People at the console, in a real browser.</summary>
[Collection(BrowserCollection.Name)]
public sealed class ConsoleTests(SqliteConsoleBrowser browser)
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Keyboard_alone_leads_to_every_page_and_through_all_that_is_on_it()
    {
        await using var house = await ConsoleHouse.Of(browser.Engine, browser.Browser, Company.Policy);
        var world = house.World;
        await using var runner = await Company.Runner(world);
        await world.Request(await Company.Dana(world), duration: TimeSpan.FromMinutes(30), reason: "debug the LB timeout");
        var page = await house.Open(await world.Admin("Ada"), "/inbox");
        foreach (var (name, path, own) in new[]
        {
            ("Ask", "/ask", ".asking form"), ("Policy", "/policy", ".policy h1"), ("Fleet", "/fleet", ".fleet h1"), ("Peo", "/people", "h2:has-text('People and workloads')"), ("Set", "/start", ".start h1"),
            ("LB time", "/inbox/req_*", "h1#s"),
        })
        {
            // 1. Ctrl-K finds it by its first letters, also where Enter comes before the list does.
            await page.Keyboard.PressAsync("Control+k");
            await page.Locator("#palette input").FillAsync(name);
            if (path == "/ask")
            {
                await World.Eventually(async () => await page.Locator("#palette li").CountAsync() == 1, $"'{name}' is one page");
                await house.Look(page, "palette");
            }

            await page.Keyboard.PressAsync("Enter");
            await page.WaitForURLAsync($"**{path}");
            await page.Locator(own).First.WaitForAsync();

            // 2. Tab leads through all that can be used, and shows where it is.
            (await Unreached(page)).ShouldBeEmpty(path);
        }

        house.Wrong.ShouldBeEmpty();
    }

    /// <summary>What can be used with a mouse and is not come to with Tab, or does not show that it was.</summary>
    private static async Task<string[]> Unreached(IPage page)
    {
        await page.EvaluateAsync("() => { document.activeElement?.blur(); getSelection().removeAllRanges(); window.come = new Set(); window.unshown = []; document.querySelector('[data-skip]').focus(); }");
        for (var presses = 0; presses < 150; presses++)
        {
            var again = await page.EvaluateAsync<bool>("""
                () => {
                  const at = document.activeElement;
                  // A field of a date has more than one stop.
                  if (at === document.body || come.has(at)) return come.size > 1 && (at === document.body || at.matches('[data-skip]'));
                  come.add(at);
                  const look = getComputedStyle(at);
                  if (look.outlineStyle === 'none' || parseFloat(look.outlineWidth) < 1) unshown.push('unshown: ' + at.outerHTML.slice(0, 120));
                  return false;
                }
                """);
            if (again)
                break;
            await page.Keyboard.PressAsync("Tab");
        }

        return await page.EvaluateAsync<string[]>("""
            () => [...unshown, ...[...document.querySelectorAll('a[href],button,input,select,textarea,summary')]
              .filter(each => each.checkVisibility({ visibilityProperty: true }) && each.tabIndex >= 0 && !each.disabled && !each.closest('[aria-hidden=true],dialog:not([open])') && !(each.type === 'radio' && !each.checked) && !come.has(each))
              .map(each => 'unreached: ' + each.outerHTML.slice(0, 120))]
            """);
    }

    [Fact]
    public async Task Ended_session_takes_its_open_page_along_within_a_second()
    {
        await using var house = await ConsoleHouse.Of(browser.Engine, browser.Browser, Company.Policy);
        var marek = await Company.Marek(house.World);
        var page = await house.Open(marek, "/inbox");
        await page.GetByText("Nothing waits for you.").WaitForAsync();
        house.World.Get<Writ.Server.WebConsole.OpenPages>().Count.ShouldBe(1);
        await house.World.Writes.Commit<bool>(async scope =>
        {
            await Writ.Server.Identity.EndSignIns.Of(scope, marek.Id);
            scope.Record(new(Writ.Core.Audit.AuditType.SignInEnded, marek.Audit, null, [], null));
            return true;
        });
        var began = TimeProvider.System.GetTimestamp();
        await page.WaitForURLAsync("**/signin?return=*");
        TimeProvider.System.GetElapsedTime(began).ShouldBeLessThan(TimeSpan.FromSeconds(5));
        await World.Eventually(() => Task.FromResult(house.World.Get<Writ.Server.WebConsole.OpenPages>().Count == 0), "the connection is cut");
    }

    [Fact]
    public async Task Hostile_words_of_a_requester_are_shown_and_do_nothing()
    {
        await using var house = await ConsoleHouse.Of(browser.Engine, browser.Browser, Company.Policy);
        var world = house.World;
        await using var runner = await Company.Runner(world);
        await world.Request(await Company.Dana(world), "nmap -sT -p 22 10.20.4.1", duration: TimeSpan.FromMinutes(30), reason: "<img src=x onerror=document.title='owned'><script>document.title='owned'</script> \u202eevil\u0007 {{7*7}}");
        var page = await house.Open(await Company.Marek(world), "/inbox");
        await page.GetByRole(AriaRole.Link, new() { Name = "onerror" }).ClickAsync();
        var sentence = page.Locator("h1");
        await sentence.WaitForAsync();
        (await sentence.InnerTextAsync()).ShouldContain("<script>document.title='owned'</script> \\u202eevil\\x07 {{7*7}}");
        (await page.TitleAsync()).ShouldNotContain("owned");
        (await page.Locator("main img, main script").CountAsync()).ShouldBe(0);
        await house.Look(page, "hostile");
    }
}
