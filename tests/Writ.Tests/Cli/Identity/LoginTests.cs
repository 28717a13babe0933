using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Http;
using Writ.Cli;
using Writ.Cli.Identity;
using Writ.Contracts;
using Writ.Contracts.Identity;

namespace Writ.Tests.Cli.Identity;

/// <summary><c>writ login</c> and <c>writ logout</c>.</summary>
public class LoginTests
{
    [Fact]
    public async Task Login_in_the_browser_is_kept_for_its_owner_alone_and_no_token_is_shown()
    {
        await using var signIn = await FakeSignIn.StartAsync();
        using var typed = signIn.Terminal();

        var login = typed.RunAsync("login");
        (await FakeSignIn.OpenAsync(typed)).ShouldContain("You are signed in as dana.");

        (await login).ShouldBe(0);
        typed.Output.ShouldBe($"signed in to {signIn.Server.Address} as dana\n");
        var page = signIn.Pages.Single();
        page["code_challenge_method"].ToString().ShouldBe("S256");
        page["redirect_uri"].ToString().ShouldStartWith("http://127.0.0.1:");
        page["client_id"].ToString().ShouldBe("writ-cli");
        File.GetUnixFileMode(signIn.KeptFile).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
        File.GetUnixFileMode(signIn.KeptFolder).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        (typed.Output + typed.Error).ShouldNotContain("access1");
        using var later = signIn.Terminal();
        (await later.RunAsync("whoami")).ShouldBe(0);
        later.Output.ShouldContain("dana");
        signIn.Asked.Count.ShouldBe(1);
    }

    [Fact]
    public async Task Browser_gets_the_page_and_none_of_our_secrets()
    {
        await using var signIn = await FakeSignIn.StartAsync();
        var folder = Directory.CreateTempSubdirectory("writ-browser-").FullName;
        var (program, seen) = (Path.Combine(folder, "browser"), Path.Combine(folder, "seen"));
        await File.WriteAllTextAsync(program, $"#!/bin/sh\n{{ echo \"$#\"; echo \"$1\"; env; }} > '{seen}.part'\nmv '{seen}.part' '{seen}'\n", TestContext.Current.CancellationToken);
        File.SetUnixFileMode(program, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        Environment.SetEnvironmentVariable("WRIT_ID_TOKEN", "s3cret");
        try
        {
            using var typed = signIn.Terminal().With("BROWSER", program);
            var login = typed.RunAsync("login");
            while (!File.Exists(seen))
                await Task.Delay(1, TestContext.Current.CancellationToken);
            var lines = await File.ReadAllLinesAsync(seen, TestContext.Current.CancellationToken);
            await typed.SaidAsync("/connect/authorize");
            lines[0].ShouldBe("1");
            lines[1].ShouldBe(FakeSignIn.Address().Match(typed.Error).Value);
            lines.ShouldContain(line => line.StartsWith("PATH=", StringComparison.Ordinal));
            lines.ShouldNotContain(line => line.Contains("s3cret", StringComparison.Ordinal));
            await FakeSignIn.OpenAsync(typed);
            (await login).ShouldBe(0);
        }
        finally
        {
            Environment.SetEnvironmentVariable("WRIT_ID_TOKEN", null);
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task Callback_takes_the_one_call_with_its_state_and_no_other()
    {
        await using var signIn = await FakeSignIn.StartAsync();
        using var typed = signIn.Terminal();
        var login = typed.RunAsync("login");
        await typed.SaidAsync("/connect/authorize");
        var page = new Uri(FakeSignIn.Address().Match(typed.Error).Value);
        var query = System.Web.HttpUtility.ParseQueryString(page.Query);
        var (back, state) = (query["redirect_uri"]!, query["state"]!);
        var issuer = Uri.EscapeDataString(signIn.Server.Address + "/");
        using var browser = new HttpClient();

        // A silent connection, as browsers open them in advance, holds nobody up.
        using var silent = new TcpClient();
        await silent.ConnectAsync(IPAddress.Loopback, new Uri(back).Port, TestContext.Current.CancellationToken);
        foreach (var forged in (string[])[$"{back}?code=x&state=guessed&iss={issuer}", $"{back}?code=x&iss={issuer}", $"{back}?code=x&state={state}&state={state}&iss={issuer}",
            back.Replace("/callback", "/", StringComparison.Ordinal), $"{back}/../?state={state}"])
            (await browser.GetAsync(new Uri(forged), TestContext.Current.CancellationToken)).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        using var rebound = new HttpRequestMessage(HttpMethod.Get, $"{back}?code=x&state={state}&iss={issuer}");
        rebound.Headers.Host = $"evil.example:{new Uri(back).Port}";
        (await browser.SendAsync(rebound, TestContext.Current.CancellationToken)).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        using var posted = await browser.PostAsync(new Uri($"{back}?code=x&state={state}&iss={issuer}"), null, TestContext.Current.CancellationToken);
        posted.StatusCode.ShouldBe(HttpStatusCode.NotFound);
        signIn.Asked.ShouldBeEmpty();
        login.IsCompleted.ShouldBeFalse();

        await FakeSignIn.OpenAsync(typed);
        (await login).ShouldBe(0);
    }

    [Fact]
    public async Task Code_of_another_issuer_is_not_spent()
    {
        await using var signIn = await FakeSignIn.StartAsync();
        signIn.AnotherIssuer = "https://evil.example/";
        using var typed = signIn.Terminal();
        var login = typed.RunAsync("login");
        (await FakeSignIn.OpenAsync(typed)).ShouldContain("You are not signed in");
        (await login).ShouldBe(4);
        typed.Error.ShouldContain("writ: the browser came back from another server than it was sent to\n");
        signIn.Asked.ShouldBeEmpty();
    }

    [Fact]
    public async Task Sign_in_that_the_person_refuses_is_told_and_keeps_nothing()
    {
        await using var signIn = await FakeSignIn.StartAsync();
        signIn.Error = "access_denied";
        using var typed = signIn.Terminal();
        var login = typed.RunAsync("login");
        await FakeSignIn.OpenAsync(typed);
        (await login).ShouldBe(4);
        typed.Error.ShouldContain("writ: the sign-in was refused\n");
        Directory.Exists(signIn.KeptFolder).ShouldBeFalse();
    }

    [Theory]
    [InlineData("http://writ.example.com/")]
    [InlineData("javascript:alert(1)")]
    [InlineData("https://user@writ.example.com/")]
    [InlineData("-x")]
    public async Task Browser_is_sent_to_no_address_that_is_none_for_a_sign_in(string issuer)
    {
        await using var signIn = await FakeSignIn.StartAsync();
        signIn.Server.On("GET /.well-known/openid-configuration", context => context.Response.WriteAsJsonAsync(new Dictionary<string, string> { ["issuer"] = issuer }));
        using var typed = signIn.Terminal();
        (await typed.RunAsync("login")).ShouldBe(1);
        typed.Error.ShouldContain("is no address to send a browser to");
    }

    [Fact]
    public async Task Login_without_a_browser_is_by_a_code_and_minds_how_often_it_asks()
    {
        await using var signIn = await FakeSignIn.StartAsync();
        signIn.Server.On("POST /connect/device", context => context.Response.WriteAsJsonAsync(new Dictionary<string, object>
        {
            ["device_code"] = "d3vice", ["user_code"] = "BCDF-GHJK", ["verification_uri"] = "https://writ.example.com/device", ["expires_in"] = 600, ["interval"] = 1,
        }));
        var answers = new Queue<string?>(["authorization_pending", "slow_down", null]);
        signIn.Server.On("POST /connect/token", async context =>
        {
            signIn.Asked.Enqueue(await context.Request.ReadFormAsync());
            var error = answers.Dequeue();
            context.Response.StatusCode = error is null ? 200 : 400;
            await context.Response.WriteAsJsonAsync(error is null
                ? new Dictionary<string, object> { ["access_token"] = signIn.Access("dana"), ["refresh_token"] = "r", ["expires_in"] = 600 }
                : new Dictionary<string, object> { ["error"] = error });
        });
        using var typed = signIn.Terminal(new HastyTime()).With("BROWSER", "/nonexistent/browser");

        (await typed.RunAsync("login")).ShouldBe(0);

        typed.Error.ShouldContain("open https://writ.example.com/device\nwrit: and type the code BCDF-GHJK, within 10m\n");
        typed.Error.ShouldNotContain("d3vice");
        signIn.Asked.Count.ShouldBe(3);
        signIn.Asked.ShouldAllBe(form => form["device_code"] == "d3vice");
    }

    [Theory]
    [InlineData("access_denied", "the sign-in was refused")]
    [InlineData("expired_token", "nobody typed the code in time")]
    public async Task Code_that_is_refused_ends_the_sign_in(string error, string told)
    {
        await using var signIn = await FakeSignIn.StartAsync();
        signIn.Server.On("POST /connect/device", context => context.Response.WriteAsJsonAsync(new Dictionary<string, object>
        {
            ["device_code"] = "d", ["user_code"] = "BCDF-GHJK", ["verification_uri"] = "https://writ.example.com/device",
        }));
        signIn.Server.On("POST /connect/token", context =>
        {
            context.Response.StatusCode = 400;
            return context.Response.WriteAsJsonAsync(new Dictionary<string, string> { ["error"] = error });
        });
        using var typed = signIn.Terminal(new HastyTime());
        (await typed.RunAsync("login", "--device")).ShouldBe(4);
        typed.Error.ShouldContain($"writ: {told}\n");
    }

    [Fact]
    public async Task Server_without_a_sign_in_is_told()
    {
        await using var server = await FakeServer.StartAsync();
        using var typed = new Typed(server.Address, token: null).With("XDG_STATE_HOME", Path.GetTempPath()).With("BROWSER", "/bin/true");
        (await typed.RunAsync("login")).ShouldBe(1);
        typed.Error.ShouldBe("writ: the server has no sign-in\nhint: on the server's host: writ-server token create\n");
    }

    [Fact]
    public async Task Login_again_ends_the_sign_in_before()
    {
        await using var signIn = await FakeSignIn.StartAsync();
        var before = signIn.Keep();
        using var typed = signIn.Terminal();
        var login = typed.RunAsync("login");
        await FakeSignIn.OpenAsync(typed);
        (await login).ShouldBe(0);
        signIn.Revoked.Select(form => form["token"].ToString()).ShouldBe([before.RefreshToken!, before.AccessToken]);
    }

    [Fact]
    public async Task Logout_ends_the_tokens_at_the_server_and_forgets_them()
    {
        await using var signIn = await FakeSignIn.StartAsync();
        var kept = signIn.Keep();
        using var typed = signIn.Terminal();
        (await typed.RunAsync("logout")).ShouldBe(0);
        typed.Output.ShouldBe("signed out: dana\n");
        signIn.Revoked.Select(form => form["token"].ToString()).ShouldBe([kept.RefreshToken!, kept.AccessToken]);
        using var later = signIn.Terminal();
        (await later.RunAsync("whoami")).ShouldBe(4);
        later.Error.ShouldBe("writ: not signed in\nhint: writ login\n");
    }

    [Fact]
    public async Task Logout_without_the_server_forgets_them_all_the_same()
    {
        var signIn = await FakeSignIn.StartAsync();
        signIn.Keep();
        await signIn.Server.DisposeAsync();
        using var typed = signIn.Terminal();
        (await typed.RunAsync("logout")).ShouldBe(1);
        typed.Error.ShouldContain("writ: signed out here, but the server could not be told\n");
        Directory.GetFiles(signIn.KeptFolder).ShouldAllBe(path => path.EndsWith(".lock", StringComparison.Ordinal));
        await signIn.DisposeAsync();
    }

    [Fact]
    public async Task Token_of_the_environment_goes_before_the_sign_in()
    {
        await using var signIn = await FakeSignIn.StartAsync();
        signIn.Keep();
        using var typed = signIn.Terminal().With("WRIT_TOKEN", signIn.Access("bob"));
        (await typed.RunAsync("whoami")).ShouldBe(0);
        typed.Output.ShouldContain("bob");
        using var login = signIn.Terminal().With("WRIT_TOKEN", "x");
        (await login.RunAsync("login")).ShouldBe(2);
    }

    [Fact]
    public async Task Whoami_tells_how_one_signed_in()
    {
        await using var signIn = await FakeSignIn.StartAsync();
        signIn.Keep();
        signIn.Server.Json("GET /v1/whoami", new WhoAmI("act_ci", "ci-nightly", "workload", [], ["nightly-scan"], false, false, Samples.Now,
            new("workload", Samples.Now, []), Samples.Dana), WritJson.Default.WhoAmI);
        using var typed = signIn.Terminal();
        (await typed.RunAsync("whoami")).ShouldBe(0);
        typed.Output.ShouldContain("as a workload");
        typed.Output.ShouldMatch("on behalf of +dana\n");
    }
}
