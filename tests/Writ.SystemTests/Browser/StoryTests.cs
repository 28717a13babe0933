using Microsoft.Playwright;
using Writ.SystemTests.EndToEnd;

namespace Writ.SystemTests.Browser;

/// <summary>People ask, decide and read the policy in a browser: a real server, a real runner, Nmap and network.</summary>
public abstract class StoryTests(Houses houses) : EndToEndTest(houses)
{
    [Fact]
    public async Task Request_with_a_file_is_approved_for_less_and_its_requester_sees_that_and_runs_it()
    {
        await using var browser = await HouseBrowser.At(House);

        // 1. dana asks for what a list of hers names.
        var (target, other) = (House.Target(), House.Target());
        var page = await browser.Open("dana", "/ask");
        await page.GetByLabel("Command").FillAsync("nmap -n -sT -p 22,80 -iL targets.txt");
        await page.GetByRole(AriaRole.Heading, new() { Name = "A file of yours is missing." }).WaitForAsync();
        await page.GetByLabel("targets.txt").SetInputFilesAsync(new FilePayload { Name = "mine.txt", MimeType = "text/plain", Buffer = System.Text.Encoding.UTF8.GetBytes($"{target}\n{other}\n") });
        await page.GetByLabel("Why").FillAsync("who answers");
        await page.GetByRole(AriaRole.Heading, new() { Name = "Needs a yes of 1 security-engineer for staging." }).WaitForAsync();
        await page.Locator("pre").GetByText(other).WaitForAsync();
        await browser.LookAround(page, "ask-file");
        await page.GetByRole(AriaRole.Button, new() { Name = "Ask" }).First.ClickAsync();
        await ConsoleHouse.At(page, "/inbox/req_");
        await page.GetByText("Yours. It waits for 1 more of security-engineer for zone staging.").WaitForAsync();
        var request = page.Url[(page.Url.LastIndexOf('/') + 1)..];

        // 2. sam sees what is in it, and would rather have less.
        var decider = await browser.Open("sam", $"/inbox/{request}");
        await decider.Locator("pre").GetByText(target).WaitForAsync();
        await decider.GetByRole(AriaRole.Button, new() { Name = "Approve narrower…" }).ClickAsync();
        await decider.GetByLabel("Minutes, of 30").FillAsync("10");
        await decider.GetByRole(AriaRole.Dialog).GetByLabel("Comment").FillAsync("ten minutes will do");
        await decider.GetByRole(AriaRole.Button, new() { Name = "Make it this much" }).ClickAsync();
        await decider.GetByText("10 minutes").First.WaitForAsync();

        // 3. dana's page tells her so by itself, and then that it is approved; she runs it.
        await page.GetByText("made it less, revision 2").WaitForAsync();
        await page.GetByText("ten minutes will do").WaitForAsync();
        (await page.Locator("h1#s").InnerTextAsync()).ShouldBe("dana (developer) wants to run nmap on 2 hosts in staging for 10 minutes, to who answers.");
        await browser.LookAround(page, "inbox-own");
        await decider.GetByRole(AriaRole.Button, new() { NameRegex = new("^Approve( a)?$") }).ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Run it now" }).ClickAsync();
        await ConsoleHouse.At(page, "/runs/run_");
        await page.Locator("#ended").GetByText("exited").First.WaitForAsync();
        await page.Locator(".found").GetByText(other).First.WaitForAsync();

        // 4. Whoever looks after it reads in the policy which rule that was, and tries who else would get it.
        var reader = await browser.Open("ada", "/policy");
        await reader.Locator(".use").GetByText("asked").First.WaitForAsync();
        await reader.GetByLabel("Who").FillAsync("bob");
        await reader.GetByRole(AriaRole.Form, new() { Name = "Try it out" }).GetByLabel("Command").FillAsync($"nmap -sT -p 22 {target}");
        await reader.GetByRole(AriaRole.Button, new() { Name = "Try" }).ClickAsync();
        await reader.Locator(".tried").GetByText("secops-self-serve").First.WaitForAsync();
        browser.Wrong.ShouldBeEmpty();
    }

    [Collection(PagesOnSqliteCollection.Name)]
    public sealed class OnSqlite(LonelySqliteStreet houses) : StoryTests(houses);

    [Collection(PagesOnPostgresCollection.Name)]
    public sealed class OnPostgres(LonelyPostgresStreet houses) : StoryTests(houses);
}
