using Microsoft.Playwright;
using Writ.Server.Identity.Accounts;

namespace Writ.SystemTests.Browser;

/// <summary>People sign in, in a real browser.</summary>
public sealed class SignInTests(BrowserHouse house) : IClassFixture<BrowserHouse>, IAsyncLifetime
{
    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync()
    {
        if (TestContext.Current.TestState?.Result == TestResult.Failed)
            TestContext.Current.TestOutputHelper?.WriteLine(house.Said());
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task First_start_leads_from_its_link_to_an_admin_who_signs_in_again()
    {
        var (page, refused) = await house.Open();
        await page.GotoAsync(house.FirstLink);
        await page.GetByLabel("Name").FillAsync("ada");
        page.Url.ShouldNotContain("wrs_", Case.Sensitive, "the secret stays in no history");
        await page.GetByLabel("Password").FillAsync("four words nobody joins");
        var secret = SignIns.Person.FromBase32((await page.Locator("code.key").InnerTextAsync()).Replace(" ", "", StringComparison.Ordinal));
        await Look(page, "setup");
        await page.GetByLabel("Code that it shows now").FillAsync(Code(secret, 0));
        await page.GetByRole(AriaRole.Button, new() { Name = "Set up and sign in" }).ClickAsync();
        await page.WaitForURLAsync("**/account");
        (await page.Locator("h1").InnerTextAsync()).ShouldBe("ada");
        await Look(page, "account");

        await page.GetByRole(AriaRole.Button, new() { Name = "Sign out", Exact = true }).ClickAsync();
        await page.WaitForURLAsync("**/signin");
        await Look(page, "signin");
        await page.GetByLabel("Name").FillAsync("ada");
        await page.GetByLabel("Password").FillAsync("four words nobody joins");
        await page.GetByLabel("Code of your app").FillAsync(Code(secret, 1));
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign in" }).ClickAsync();
        await page.WaitForURLAsync("**/account");
        (await page.Locator("main").InnerTextAsync()).ShouldContain("admin");
        refused.ShouldBeEmpty();
    }

    [Fact]
    public async Task Company_account_signs_in_with_its_groups_and_again_when_it_must_be_fresh()
    {
        var (page, refused) = await house.Open();
        await page.GotoAsync("/signin");
        await page.GetByRole(AriaRole.Link, new() { Name = "Company account" }).ClickAsync();
        await AtTheProvider(page, "dana");
        await page.WaitForURLAsync("**/account");
        (await page.Locator("h1").InnerTextAsync()).ShouldBe("dana");
        (await page.Locator("main").InnerTextAsync()).ShouldContain("engineering");

        await page.GotoAsync("/signin?again=1&return=/account");
        (await page.Locator("h1").InnerTextAsync()).ShouldBe("Show that it is you");
        await page.GetByRole(AriaRole.Link, new() { Name = "Company account" }).ClickAsync();
        await AtTheProvider(page, "dana");
        await page.WaitForURLAsync("**/account");
        refused.ShouldBeEmpty();
    }

    /// <summary>The provider's own forms: a name with any password, and its consent.</summary>
    private static async Task AtTheProvider(IPage page, string name)
    {
        await page.Locator("input[name=login]").FillAsync(name);
        await page.Locator("input[name=password]").FillAsync("anything");
        await page.Locator("button[type=submit]").ClickAsync();
        var consent = page.GetByRole(AriaRole.Button, new() { Name = "Continue" });
        await page.WaitForURLAsync(url => url.Contains("/interaction/", StringComparison.Ordinal) || url.Contains("/account", StringComparison.Ordinal));
        if (page.Url.Contains("/interaction/", StringComparison.Ordinal))
            await consent.ClickAsync();
    }

    /// <summary>Where somebody wants to see the pages, they are drawn: dark and light, wide and on a phone.</summary>
    private static async Task Look(IPage page, string name)
    {
        if (Environment.GetEnvironmentVariable("WRIT_TEST_PICTURES") is not { Length: > 0 } folder)
            return;
        foreach (var (scheme, width) in new[] { (ColorScheme.Light, 1280), (ColorScheme.Dark, 1280), (ColorScheme.Dark, 390), (ColorScheme.Light, 390) })
        {
            await page.EmulateMediaAsync(new() { ColorScheme = scheme });
            await page.SetViewportSizeAsync(width, 844);
            await page.ScreenshotAsync(new() { Path = Path.Combine(folder, $"{name}-{scheme}-{width}.png".ToLowerInvariant()), FullPage = true });
        }

        await page.SetViewportSizeAsync(1280, 800);
    }

    private static string Code(byte[] secret, int later) => Totp.Code(secret, Totp.StepOf(DateTimeOffset.UtcNow) + later);
}
