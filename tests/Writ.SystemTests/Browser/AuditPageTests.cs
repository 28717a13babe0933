using System.Globalization;
using System.Text.RegularExpressions;
using Microsoft.Playwright;
using Writ.SystemTests.EndToEnd;

namespace Writ.SystemTests.Browser;

/// <summary>Auditors trace an address, read the log, and let their own browser check its proofs.</summary>
public abstract class AuditPageTests(Houses houses) : EndToEndTest(houses)
{
    private static readonly TimeZoneInfo Berlin = TimeZoneInfo.FindSystemTimeZoneById("Europe/Berlin");

    [Fact]
    public async Task Line_of_a_firewalls_log_is_traced_to_its_run_and_proved_in_the_browser()
    {
        await using var browser = await HouseBrowser.At(House);
        var target = House.Target();
        var run = (await House.Type("sam", ["run", "--detach", "--reason", "see <b>LB</b>\u202e", "--", .. House.ShortScan(target)])).ShouldBeOk().Text;
        var (ended, _) = await House.Ended(run, 40);
        var page = await browser.Open("ada", "/trace");
        await page.GetByText("Who touched an address?").WaitForAsync();
        await browser.Look(page, "trace-empty");

        // 1. The answer first, in a sentence, with its proof.
        var at = TimeZoneInfo.ConvertTime(ended.StartedAt!.Value, Berlin).ToString("MMM d HH:mm:ss", CultureInfo.InvariantCulture);
        await page.GetByLabel("Address, address:port").FillAsync($"{at} fw2 ACCEPT IN=eth3 SRC=10.99.2.1 DST={target} PROTO=TCP SPT=4711 DPT=22");
        await page.GetByRole(AriaRole.Button, new() { Name = "Trace" }).ClickAsync();
        await page.GetByText("✓ proved in this browser").WaitForAsync();
        (await page.Locator("h1").InnerTextAsync()).ShouldContain($"sam’s nmap was on {target}:22, allowed by policy, to “see <b>LB</b>\\u202e”. It found: 22 open");
        (await page.GetByLabel("The story of it").InnerTextAsync()).ShouldContain("started on near");
        await browser.LookAround(page, "trace");

        // 2. Each entry opens to what the log has, its proof and its story.
        await page.GetByLabel("The story of it").GetByRole(AriaRole.Row).Filter(new() { HasText = "started on near" }).GetByRole(AriaRole.Link).ClickAsync();
        await page.GetByText("Checked in this browser").WaitForAsync();
        (await page.Locator("pre.json").InnerTextAsync()).ShouldContain("\"type\": \"run.started\"");
        await browser.LookAround(page, "entry");

        // 3. A proof that was changed is none, whatever the server says.
        await page.RouteAsync("**/v1/audit/*/proof", async route =>
        {
            var answer = await route.FetchAsync();
            var lines = (await answer.TextAsync()).Split('\n');
            lines[3] = Convert.ToBase64String(new byte[32]);
            await route.FulfillAsync(new() { Response = answer, Body = string.Join('\n', lines) });
        });
        await page.ReloadAsync();
        await page.GetByText(new Regex("not proved: the entry is not the one at position")).WaitForAsync();
        await page.UnrouteAsync("**/v1/audit/*/proof");

        // 4. Nor is one of another entry than is shown.
        await page.RouteAsync("**/v1/audit/*/proof", async route =>
            await route.FulfillAsync(new() { Response = await route.FetchAsync(new() { Url = $"{House.Address}v1/audit/0/proof" }) }));
        await page.ReloadAsync();
        await page.GetByText("not proved: the proof is of another entry than the one that is shown").WaitForAsync();
        await page.UnrouteAsync("**/v1/audit/*/proof");

        // 5. A log that no longer begins with what the browser has seen is found out.
        await page.EvaluateAsync("() => localStorage.setItem('writ.log', JSON.stringify({ ...JSON.parse(localStorage.getItem('writ.log')), root: btoa('x'.repeat(32)) }))");
        await page.ReloadAsync();
        await page.GetByText(new Regex("not proved: the log no longer begins with the \\d+ entries")).WaitForAsync();
        await page.EvaluateAsync("() => localStorage.setItem('writ.log', JSON.stringify({ ...JSON.parse(localStorage.getItem('writ.log')), keys: ['nobody+00000000+AQ=='] }))");
        await page.ReloadAsync();
        await page.GetByText(new Regex("not proved: ")).WaitForAsync();
        await page.EvaluateAsync("() => localStorage.clear()");
        await page.ReloadAsync();
        await page.GetByText("✓ proved in this browser").WaitForAsync();

        // 6. A network is asked for as an address is.
        var network = $"10.20.0.{int.Parse(target.Split('.')[3], CultureInfo.InvariantCulture) & ~3}/30";
        await page.GotoAsync($"{House.Address}trace?q={Uri.EscapeDataString(network)}");
        await page.GetByText("Did · runs whose fence held this address and port").First.WaitForAsync();
        browser.Wrong.ShouldBeEmpty();
    }

    [Fact]
    public async Task Log_is_searched_by_address_actor_kind_and_time()
    {
        await using var browser = await HouseBrowser.At(House);
        var target = House.Target();
        var request = (await House.Type("dana", ["request", "--reason", "find me", "--", .. House.ShortScan(target)])).ShouldBeOk().Text;
        var page = await browser.Open("ada", "/audit");
        await page.GetByText($"dana asked for {string.Join(' ', House.ShortScan(target))}").WaitForAsync();
        await browser.LookAround(page, "audit");

        await page.GetByLabel("Address, port or text").FillAsync($"{target} find");
        await page.GetByLabel("Who", new() { Exact = true }).FillAsync("dana");
        await page.GetByRole(AriaRole.Combobox, new() { Name = "What" }).SelectOptionAsync("requests");
        await page.GetByRole(AriaRole.Button, new() { Name = "Search" }).ClickAsync();
        await Assertions.Expect(page).ToHaveURLAsync(new Regex("words="));
        await Assertions.Expect(page.Locator(".entries tbody tr")).ToHaveCountAsync(1);
        page.Url.ShouldContain("kind=request.");
        await page.GotoAsync("/audit?until=2020-01-01T00:00:00Z");
        await page.GetByText("No entry is like that.").WaitForAsync();
        await browser.Look(page, "audit-none");

        // Of others' stories nothing, of one's own all.
        var dana = await browser.Open("dana", "/audit");
        await dana.GetByText("Only auditors and admins read the whole audit log.").WaitForAsync();
        await dana.GotoAsync($"/audit?story={request}");
        await dana.GetByText("policy asks for approval").WaitForAsync();
        browser.Wrong.ShouldBeEmpty();
    }

    [Collection(PagesOnSqliteCollection.Name)]
    public sealed class OnSqlite(LonelySqliteStreet houses) : AuditPageTests(houses);

    [Collection(PagesOnPostgresCollection.Name)]
    public sealed class OnPostgres(LonelyPostgresStreet houses) : AuditPageTests(houses);
}
