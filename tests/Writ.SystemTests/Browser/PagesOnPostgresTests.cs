using Microsoft.Playwright;
using Writ.SystemTests.EndToEnd;

namespace Writ.SystemTests.Browser;

/// <summary>The pages about runs and what remains of them read from PostgreSQL what they read from SQLite elsewhere.</summary>
[Collection(PagesOnPostgresCollection.Name)]
public sealed class PagesOnPostgresTests(LonelyPostgresStreet houses) : EndToEndTest(houses)
{
    [Fact]
    public async Task Run_is_seen_with_its_results_traced_and_proved()
    {
        await using var browser = await HouseBrowser.At(House);
        var target = House.Target();
        var run = (await House.Type("sam", ["run", "--detach", "--reason", "a look", "--", .. House.ShortScan(target)])).ShouldBeOk().Text;
        await House.Ended(run, 40);

        var page = await browser.Open("ada", $"/runs/{run}");
        await page.Locator(".xterm-rows").GetByText("Nmap done").First.WaitForAsync();
        await page.GotoAsync($"/runs/{run}/results");
        await page.GetByLabel($"{target}:22 open").WaitForAsync();
        await page.GotoAsync("/results/zones/staging");
        await page.GetByText("Open ports in staging, by run").WaitForAsync();
        await page.GotoAsync("/history");
        await page.GetByLabel("sam, nmap on 1 host").First.WaitForAsync();
        await page.GotoAsync($"/trace?q={target}:22");
        await page.GetByText("✓ proved in this browser").WaitForAsync();
        (await page.Locator("h1").InnerTextAsync()).ShouldContain($"sam’s nmap was on {target}:22, allowed by policy, to “a look”");
        await page.GotoAsync($"/audit?words={target}&kind=run.");
        await page.Locator(".entries tbody tr").First.GetByRole(AriaRole.Link).First.ClickAsync();
        await page.GetByText("Checked in this browser").WaitForAsync();
        browser.Wrong.ShouldBeEmpty();
    }
}
