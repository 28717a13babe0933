using Microsoft.Playwright;
using Writ.Server.Identity.Accounts;

namespace Writ.SystemTests.Browser;

/// <summary>People sign in, in a real browser.</summary>
[Collection(BrowserCollection.Name)]
public sealed class SignInTests(SqliteBrowserHouse house) : BrowserTest(house)
{
    [Fact]
    public async Task Company_account_signs_in_with_its_groups_and_again_when_it_must_be_fresh()
    {
        var (page, refused) = await House.Open();
        await page.GotoAsync("/signin");
        await page.GetByRole(AriaRole.Link, new() { Name = "Company account" }).ClickAsync();
        await AtTheProvider(page, "dana");
        (await page.Locator("h1").InnerTextAsync()).ShouldBe("dana");
        (await page.Locator("main").InnerTextAsync()).ShouldContain("engineering");

        await page.GotoAsync("/signin?again=1&return=/account");
        (await page.Locator("h1").InnerTextAsync()).ShouldBe("Show that it is you");
        await page.GetByRole(AriaRole.Link, new() { Name = "Company account" }).ClickAsync();
        await AtTheProvider(page, "dana");
        refused.ShouldBeEmpty();
    }

    /// <summary>The provider's own forms: a name with any password, and its consent where it was not given before; then one's own page.</summary>
    private static async Task AtTheProvider(IPage page, string name)
    {
        await page.Locator("input[name=login]").FillAsync(name);
        await page.Locator("input[name=password]").FillAsync("anything");
        await page.Locator("button[type=submit]").ClickAsync();
        var consent = page.GetByRole(AriaRole.Button, new() { Name = "Continue" });
        var back = page.GetByRole(AriaRole.Heading, new() { Name = name, Exact = true });
        await consent.Or(back).WaitForAsync();
        if (await consent.IsVisibleAsync())
            await consent.ClickAsync();
        await back.WaitForAsync();
    }

    /// <summary>What an authenticator app shows, so many steps later.</summary>
    internal static string Code(byte[] secret, int later) => Totp.Code(secret, Totp.StepOf(MachineClock.Now) + later);
}
