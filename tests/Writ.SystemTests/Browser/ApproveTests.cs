using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Http;
using Microsoft.EntityFrameworkCore;
using Microsoft.Playwright;
using Writ.Core;
using Writ.Core.Identity;
using Writ.Proof.Errors;
using Writ.Proof.Identity;
using Writ.Proof.Statements;
using Writ.Server.Identity;
using Writ.Server.Passkeys;
using Writ.SystemTests.Storage;

namespace Writ.SystemTests.Browser;

/// <summary>People make passkeys and approve with them in a real browser, whose authenticator is Chromium's own.</summary>
[Collection(BrowserCollection.Name)]
public sealed class ApproveTests(SqliteConsoleBrowser console)
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Person_makes_a_passkey_and_approves_with_it_what_the_command_line_shows()
    {
        var origin = $"http://localhost:{FreePort()}";
        await using var world = await World.ForBrowsers(await console.Engine.Create(smallDisk: false), World.Policy.Replace("count: 1 }", "count: 1, with: passkey }", StringComparison.Ordinal), new(origin));
        var (rae, token) = await world.SignIn(new("rae", false, null, ["secops"], false, false, TimeSpan.FromHours(24)));
        await using var context = await console.Browser.NewContextAsync(new() { BaseURL = origin });
        context.SetDefaultTimeout(20_000);
        await context.AddCookiesAsync([new() { Name = world.Get<Sessions>().Cookie, Value = await Session(world, rae), Url = origin, HttpOnly = true }]);
        var page = await context.NewPageAsync();
        var refused = new List<string>();
        page.Console += (_, message) =>
        {
            if (!message.Location.Contains("favicon", StringComparison.Ordinal))
                refused.Add($"{message.Text} {message.Location}");
        };
        page.PageError += (_, error) => refused.Add(error);
        await ConsoleHouse.Authenticator(page);

        // 1. A passkey of rae's, which ada confirms by the fingerprint that rae reads to her.
        await page.GotoAsync("/account/passkeys");
        await page.GetByLabel("Name").FillAsync("laptop");
        await page.GetByRole(AriaRole.Button, new() { Name = "Make a passkey" }).ClickAsync();
        var fingerprint = await page.Locator(".key").InnerTextAsync();
        var passkey = await world.Read(db => db.Passkeys.AsNoTracking().SingleAsync(Cancel));
        var request = await world.Request(await world.Developer());
        await page.GotoAsync($"/approve/{request.Id}");
        await page.GetByText("none that a second person has confirmed").WaitForAsync();
        (await world.Get<ConfirmPasskey>().Confirm(await world.Admin(), passkey.Id.ToString(), fingerprint, TestContext.Current.CancellationToken)).ShouldBeOk();

        // 2. The command line shows what is asked and where it is approved, and waits.
        var typed = TamperTests.Type(world.Socket!, token, Path.Combine(world.Folder, "home"), "approve", request.Id.ToString(), "--yes");

        // 3. A page on which the statement was exchanged gets no yes; the honest one does.
        await page.GotoAsync($"/approve/{request.Id}");
        (await page.Locator("main").InnerTextAsync()).ShouldContain("nmap -sT -Pn -n -p 22,80 10.20.0.5");
        await page.EvaluateAsync("document.querySelector('form').dataset.statement = 'ab'.repeat(32)");
        await page.GetByRole(AriaRole.Button, new() { Name = "Approve with your passkey" }).ClickAsync();
        await page.GetByText("has become another since").WaitForAsync();
        await page.ReloadAsync();
        await page.GetByLabel("Comment").FillAsync("go on");
        await page.GetByRole(AriaRole.Button, new() { Name = "Approve with your passkey" }).ClickAsync();
        await page.GetByText($"approved by rae with passkey {passkey.Id}: go on").WaitForAsync();

        var (code, said) = await typed;
        code.ShouldBe(0, said);
        said.ShouldContain($"{origin}/approve/{request.Id}");
        said.ShouldContain("approved: dana has grant");
        refused.ShouldBeEmpty();

        // 4. What Chromium's authenticator signed holds with the key alone.
        var decision = await world.Read(db => db.Decisions.AsNoTracking().SingleAsync(row => row.RequestId == request.Id, Cancel));
        PasskeyCheck.Verify(PasskeyAssertion.Of(decision.Passkey), KnownPasskeys.KeyOf(passkey), PasskeyParty.Of(new(origin)), Statement.DigestOf(request.Statement)).Value.SignCount.ShouldBeGreaterThan(0u);
        (await world.Now(request)).State.ShouldBe(RequestState.Approved);
    }

    private static async Task<string> Session(World world, Caller caller) => (await world.Writes.Commit<string>(async scope =>
        await world.Get<Sessions>().Begin(scope, await scope.Db.Actors.SingleAsync(row => row.Id == caller.Id, Cancel), ["pwd", "otp"], new DefaultHttpContext(), "a test"))).ShouldBeOk();

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
