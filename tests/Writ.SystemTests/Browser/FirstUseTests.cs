using Microsoft.Playwright;
using Writ.SystemTests.EndToEnd;
using Writ.SystemTests.Runner.Fences;

namespace Writ.SystemTests.Browser;

/// <summary>Somebody sets Writ up, in a real browser, with the real programs and the lines that the page tells them to type.</summary>
public abstract class FirstUseTests(BrowserHouse house) : BrowserTest(house)
{
    private const string Password = "four words nobody joins";

    [Fact]
    public async Task First_use_leads_from_its_link_to_a_scan_in_four_steps_that_turn_green_by_themselves()
    {
        var (page, refused) = await House.Open();

        // The link makes the account.
        await page.GotoAsync(House.FirstLink);
        await page.GetByLabel("Name").FillAsync("ada");
        page.Url.ShouldNotContain("wrs_", Case.Sensitive, "the secret stays in no history");
        await page.GetByLabel("Password").FillAsync(Password);
        var secret = SignIns.Person.FromBase32((await page.Locator("code.key").InnerTextAsync()).Replace(" ", "", StringComparison.Ordinal));
        await House.Look(page, "setup");
        await page.GetByLabel("Code that it shows now").FillAsync(SignInTests.Code(secret, 0));
        await page.GetByRole(AriaRole.Button, new() { Name = "Set up and sign in" }).ClickAsync();
        await ConsoleHouse.At(page, "/start");
        await ConsoleHouse.Live(page);
        await page.GetByText("Four steps to set Writ up.").WaitForAsync();
        await House.LookAround(page, "start");

        // 1. A passkey, confirmed by whoever has the box.
        await page.GetByRole(AriaRole.Link, new() { Name = "Make a passkey" }).ClickAsync();
        await ConsoleHouse.At(page, "/account/passkeys");
        await ConsoleHouse.Authenticator(page);
        await page.GetByLabel("Name", new() { Exact = true }).FillAsync("laptop");
        await page.GetByRole(AriaRole.Button, new() { Name = "Make a passkey" }).ClickAsync();
        await page.Locator(".key").Or(page.Locator("form[data-act=make] .trouble:not([hidden])")).First.WaitForAsync();
        (await page.Locator("form[data-act=make] .trouble").InnerTextAsync()).ShouldBeEmpty();
        await page.GotoAsync("/start");
        await ConsoleHouse.Live(page);
        await House.TypeOnBox(await Line(page, "writ-server passkey confirm"));
        await page.GetByText("ada has 1 passkey.", new() { Exact = true }).WaitForAsync();

        // 2. A runner: exactly the line of the page, on its host.
        await page.GetByLabel("What the runner is called").FillAsync("hamburg-1");
        await page.GetByRole(AriaRole.Button, new() { Name = "Make a line for it" }).ClickAsync();
        await page.GetByText("Without addresses the runner reaches nothing.").WaitForAsync();
        await page.GetByLabel("What it may ever reach").FillAsync("10.20.0.0/24, $(reboot)");
        await page.GetByRole(AriaRole.Button, new() { Name = "Make a line for it" }).ClickAsync();
        await page.GetByText("'$(reboot)' is no address, network or range.").WaitForAsync();
        await page.GetByLabel("What it may ever reach").FillAsync("10.20.0.0/24");
        await page.GetByText("How its runs get into the network").ClickAsync();
        await page.GetByLabel("Addresses that runs come from").FillAsync(string.Join(", ", Lab.Pool()));
        await page.GetByLabel("Network namespace").FillAsync(EndToEnd.House.NetworkNamespace);
        await page.GetByRole(AriaRole.Button, new() { Name = "Make a line for it" }).ClickAsync();
        var line = await Line(page, "echo wre_");
        await page.GetByText("waiting for it to appear").WaitForAsync();
        House.StartRunner(line);
        await page.GetByText("hamburg-1 is connected.").WaitForAsync(new() { Timeout = 30_000 });

        // 3. A zone and a rule; that one may scan oneself is a new right, which whoever has the box confirms.
        await page.GetByLabel("Name", new() { Exact = true }).FillAsync("staging");
        await page.GetByLabel("Addresses", new() { Exact = true }).FillAsync("10.20.0.0/24");
        await page.GetByRole(AriaRole.Button, new() { Name = "Put it into force" }).ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Make me an operator" }).ClickAsync();
        var confirm = await Line(page, "writ-server proposal confirm prp_");
        await House.LookAround(page, "start-half");
        await House.TypeOnBox(confirm);
        await page.GetByText("You may scan staging.").WaitForAsync();

        // 4. A first scan, to its result.
        await page.GetByRole(AriaRole.Link, new() { Name = "Ask for one" }).ClickAsync();
        await page.GetByRole(AriaRole.Heading, new() { Name = "Allowed at once." }).WaitForAsync();
        (await page.GetByLabel("Command").InputValueAsync()).ShouldBe("nmap -sT -p 22,80,443 10.20.0.1");
        await page.GetByRole(AriaRole.Button, new() { Name = "Ask" }).First.ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Run it now" }).ClickAsync();
        await ConsoleHouse.At(page, "/runs/run_");
        await page.Locator("#ended").GetByText("exited").First.WaitForAsync(new() { Timeout = 30_000 });
        await page.Locator(".found").GetByText("ssh").WaitForAsync();
        await page.Locator(".xterm-rows").GetByText("Nmap done").WaitForAsync();
        await page.GotoAsync("/start");
        await page.GetByText("Writ is set up.").WaitForAsync();
        await ConsoleHouse.Live(page);
        await House.Look(page, "start-done");
        await page.GetByRole(AriaRole.Link, new() { Name = "See what it found." }).ClickAsync();
        await ConsoleHouse.At(page, "/runs/run_");

        // And in again, by password and code.
        await page.GotoAsync("/account");
        await House.Look(page, "account");
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign out", Exact = true }).ClickAsync();
        await ConsoleHouse.At(page, "/signin");
        await House.Look(page, "signin");
        await page.GetByLabel("Name").FillAsync("ada");
        await page.GetByLabel("Password").FillAsync(Password);
        await page.GetByLabel("Code of your app").FillAsync(SignInTests.Code(secret, 1));
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign in" }).ClickAsync();
        await ConsoleHouse.At(page, "/account");
        (await page.Locator("main").InnerTextAsync()).ShouldContain("admin");
        refused.ShouldBeEmpty();
    }

    /// <summary>A line that the page says to type: what a click on it copies.</summary>
    private static async Task<string> Line(IPage page, string begins)
    {
        var line = page.Locator($"[data-copy^='{begins}']").First;
        await line.WaitForAsync();
        return (await line.GetAttributeAsync("data-copy"))!;
    }

    [Collection(BrowserCollection.Name)]
    public sealed class OnSqlite(SqliteBrowserHouse house) : FirstUseTests(house);

    [Collection(BrowserOnPostgresCollection.Name)]
    public sealed class OnPostgres(PostgresBrowserHouse house) : FirstUseTests(house);
}
