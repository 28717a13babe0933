using System.Net.WebSockets;
using Writ.Cli.Identity;
using Writ.Contracts;
using Writ.Contracts.Errors;
using Writ.Contracts.Requests;
using Writ.Contracts.Runs;
using Writ.Proof.Errors;
using Writ.Proof.Recordings;
using Writ.Tests.Cli.Runs;

namespace Writ.Tests.Cli.Identity;

/// <summary>A sign-in that ends in the middle of things.</summary>
public class StoredSignInTests
{
    private static readonly string[] Nmap = ["run", "--reason", "debug", "--", "nmap", "-p", "22,80", "10.20.0.5"];

    [Fact]
    public async Task Token_that_is_over_is_renewed_before_the_call_and_kept()
    {
        await using var signIn = await FakeSignIn.StartAsync();
        var before = signIn.Keep(expired: true);
        using var typed = signIn.Terminal();
        (await typed.RunAsync("whoami")).ShouldBe(0);
        signIn.Server.Asked.Take(2).ShouldBe(["POST /connect/token", "GET /v1/whoami"]);
        using var later = signIn.Terminal();
        (await later.RunAsync("whoami")).ShouldBe(0);
        signIn.Refreshes.ShouldBe(1);
        (await File.ReadAllTextAsync(signIn.KeptFile, TestContext.Current.CancellationToken)).ShouldNotContain(before.RefreshToken!);
    }

    [Fact]
    public async Task Call_whose_token_the_server_ended_is_made_once_more_with_the_same_key()
    {
        await using var signIn = await FakeSignIn.StartAsync();
        signIn.Keep();
        signIn.EndAccess();
        signIn.Server.On("POST /v1/requests", signIn.As((context, _) => FakeServer.Write(context, Samples.Request("pending"), WritJson.Default.RequestView, 201)));
        using var typed = signIn.Terminal();
        (await typed.RunAsync("request", "--", "nmap", "10.20.0.5")).ShouldBe(0);
        var calls = signIn.Server.Calls.Where(call => call.Path == "/v1/requests").ToArray();
        calls.Length.ShouldBe(2);
        calls.Select(call => call.Key).Distinct().Count().ShouldBe(1);
        calls.Select(call => call.Body).Distinct().Count().ShouldBe(1);
    }

    [Fact]
    public async Task Sign_in_that_is_over_is_told_and_asked_for_once()
    {
        await using var signIn = await FakeSignIn.StartAsync();
        signIn.Keep();
        signIn.EndAll();
        using var typed = signIn.Terminal();
        (await typed.RunAsync("whoami")).ShouldBe(4);
        typed.Error.ShouldBe("writ: your sign-in is over\nhint: writ login\n");
        signIn.Refreshes.ShouldBe(1);
        using var later = signIn.Terminal();
        (await later.RunAsync("whoami")).ShouldBe(4);
        signIn.Refreshes.ShouldBe(1);
    }

    [Fact]
    public async Task Server_that_cannot_renew_now_ends_no_sign_in()
    {
        await using var signIn = await FakeSignIn.StartAsync();
        signIn.Keep(expired: true);
        signIn.Server.On("POST /connect/token", context =>
        {
            context.Response.StatusCode = 503;
            return Task.CompletedTask;
        });
        using var typed = signIn.Terminal();
        (await typed.RunAsync("whoami")).ShouldBe(1);
        File.Exists(signIn.KeptFile).ShouldBeTrue();
    }

    /// <summary>A refresh token that is used twice ends the sign-in: shown first. Many commands at once use it once.</summary>
    [Fact]
    public async Task Many_commands_at_once_renew_once()
    {
        await using var signIn = await FakeSignIn.StartAsync();
        var kept = signIn.Keep();
        using (var careless = signIn.Terminal())
        {
            (string, string)[] form = [("grant_type", "refresh_token"), ("refresh_token", kept.RefreshToken!), ("client_id", OAuth.Client)];
            (await careless.Context.OAuth.TokenAsync(TestContext.Current.CancellationToken, form)).AccessToken.ShouldNotBeNull();
            (await careless.Context.OAuth.TokenAsync(TestContext.Current.CancellationToken, form)).Error.ShouldBe("invalid_grant");
            (await careless.RunAsync("whoami")).ShouldBe(4);
        }

        signIn.Keep(expired: true);
        signIn.Asked.Clear();
        var codes = await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => Task.Run(async () =>
        {
            using var typed = signIn.Terminal();
            return await typed.RunAsync("whoami");
        })));
        codes.ShouldAllBe(code => code == 0);
        signIn.Refreshes.ShouldBe(1);
    }

    [Fact]
    public async Task Wait_for_a_decision_outlives_the_token()
    {
        await using var signIn = await FakeSignIn.StartAsync();
        signIn.Keep();
        var polls = 0;
        Waiting(signIn, () =>
        {
            if (++polls == 1)
                signIn.EndAccess();
            return polls < 3 ? "pending" : "approved";
        });
        using var typed = signIn.Terminal(new HastyTime());

        (await typed.RunAsync(Nmap)).ShouldBe(0);

        typed.Output.ShouldBe("out\n");
        signIn.Refreshes.ShouldBe(1);
        typed.Error.ShouldNotContain("sign in");
    }

    [Fact]
    public async Task Wait_for_a_decision_outlives_the_sign_in_and_goes_on_with_a_new_one()
    {
        await using var signIn = await FakeSignIn.StartAsync();
        signIn.Keep();
        var ended = false;
        Waiting(signIn, () =>
        {
            if (ended)
                return "approved";
            ended = true;
            signIn.EndAll();
            return "pending";
        });
        using var typed = signIn.Terminal(new HastyTime());

        var run = typed.RunAsync(Nmap);
        await typed.SaidAsync("writ: your sign-in is over; the wait goes on once you sign in again: writ login\n");
        // Another person on the same computer does not take the wait over.
        signIn.Keep("bob");
        var asked = signIn.Server.Calls.Count;
        await Task.Delay(20, TestContext.Current.CancellationToken);
        signIn.Server.Calls.Count.ShouldBe(asked);
        run.IsCompleted.ShouldBeFalse();
        using var another = signIn.Terminal();
        var login = another.RunAsync("login");
        await FakeSignIn.OpenAsync(another);
        (await login).ShouldBe(0);

        (await run).ShouldBe(0);
        typed.Output.ShouldBe("out\n");
        signIn.Server.Asked.Count(call => call == "POST /v1/requests").ShouldBe(1);
    }

    [Fact]
    public async Task Live_run_whose_connection_and_sign_in_are_lost_goes_on_at_the_byte_after_a_new_sign_in()
    {
        await using var signIn = await FakeSignIn.StartAsync();
        signIn.Keep();
        var recording = new FakeRecording().Add(RecordingStream.Output, "first\n"u8.ToArray());
        var first = recording.Bytes.Length;
        recording.Add(RecordingStream.Output, "second\n"u8.ToArray());
        var attached = 0;
        signIn.Server.On("POST /v1/runs", signIn.As((context, _) => FakeServer.Write(context, Samples.Run(), WritJson.Default.RunView, 201)));
        signIn.Server.On($"GET /v1/runs/{Samples.RunId}", signIn.As((context, _) => FakeServer.Write(context, Samples.Run("running"), WritJson.Default.RunView)));
        signIn.Server.On($"GET /v1/runs/{Samples.RunId}/attach", signIn.As(async (context, _) =>
        {
            using var socket = await context.WebSockets.AcceptWebSocketAsync();
            var from = int.Parse(context.Request.Query["from"]!, System.Globalization.CultureInfo.InvariantCulture);
            if (attached++ == 0)
            {
                await FakeServer.Send(socket, recording.Bytes[..first]);
                signIn.EndAll();
                context.Abort();
                return;
            }

            await FakeServer.Send(socket, recording.Bytes[from..]);
            await FakeServer.Send(socket, new AttachMessage("end", Samples.Exited(0)));
            await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, CancellationToken.None);
        }));
        using var typed = signIn.Terminal(terminal: true);

        var run = typed.RunAsync([.. Nmap[..1], "-q", .. Nmap[1..]]);
        await typed.SaidAsync("signed out and cut off");
        using var another = signIn.Terminal();
        var login = another.RunAsync("login");
        await FakeSignIn.OpenAsync(another);
        (await login).ShouldBe(0);

        (await run).ShouldBe(0);
        typed.Output.ShouldBe("first\nsecond\n");
        signIn.Server.Asked.ShouldNotContain($"POST /v1/runs/{Samples.RunId}/kill");
    }

    [Fact]
    public async Task Sign_in_that_others_may_read_is_not_used()
    {
        await using var signIn = await FakeSignIn.StartAsync();
        signIn.Keep();
        File.SetUnixFileMode(signIn.KeptFile, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead);
        using var typed = signIn.Terminal();
        (await typed.RunAsync("whoami")).ShouldBe(1);
        typed.Error.ShouldContain("may be read by others");
        signIn.Server.Calls.ShouldBeEmpty();
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("null")]
    [InlineData("{\"server\":\"x\"}")]
    public async Task Sign_in_that_is_damaged_is_told(string content)
    {
        await using var signIn = await FakeSignIn.StartAsync();
        signIn.Keep();
        await File.WriteAllTextAsync(signIn.KeptFile, content, TestContext.Current.CancellationToken);
        using var typed = signIn.Terminal();
        (await typed.RunAsync("whoami")).ShouldBe(1);
        typed.Error.ShouldMatch(@"^writ: \S+ is damaged\nhint: writ login\n$");
    }

    [Fact]
    public async Task Approval_that_needs_a_fresh_sign_in_asks_for_one_and_is_made_once_more()
    {
        await using var signIn = await FakeSignIn.StartAsync();
        signIn.Keep();
        Approving(signIn);
        using var typed = signIn.Terminal();

        var approve = typed.RunAsync("approve", Samples.RequestId, "--comment", "fine");
        await FakeSignIn.OpenAsync(typed);

        (await approve).ShouldBe(0);
        typed.Error.ShouldContain("writ: the server asks you to sign in again for this\n");
        signIn.Pages.Single()["max_age"].ToString().ShouldBe("900");
        signIn.Pages.Single()["acr_values"].ToString().ShouldBe("urn:writ:passkey");
        var bodies = signIn.Server.Calls.Where(call => call.Method == "POST" && call.Path.EndsWith("/approve", StringComparison.Ordinal)).Select(call => call.Body).ToArray();
        bodies.Length.ShouldBe(2);
        bodies.Distinct().Count().ShouldBe(1);
    }

    [Fact]
    public async Task Fresh_sign_in_of_another_person_does_not_go_on_with_what_this_one_began()
    {
        await using var signIn = await FakeSignIn.StartAsync();
        signIn.Keep();
        Approving(signIn);
        signIn.Person = "bob";
        using var typed = signIn.Terminal();

        var approve = typed.RunAsync("approve", Samples.RequestId);
        await FakeSignIn.OpenAsync(typed);

        (await approve).ShouldBe(4);
        typed.Error.ShouldContain("writ: signed in as bob, but this was begun as dana; nothing was done\n");
        signIn.Server.Calls.Count(call => call.Path.EndsWith("/approve", StringComparison.Ordinal)).ShouldBe(1);
        signIn.Revoked.Count.ShouldBe(2);
    }

    [Fact]
    public async Task Fresh_sign_in_that_does_not_satisfy_the_server_is_not_asked_for_again()
    {
        await using var signIn = await FakeSignIn.StartAsync();
        signIn.Keep();
        Approving(signIn, never: true);
        using var typed = signIn.Terminal();
        var approve = typed.RunAsync("approve", Samples.RequestId);
        await FakeSignIn.OpenAsync(typed);
        (await approve).ShouldBe(4);
        signIn.Pages.Count.ShouldBe(1);
        typed.Error.ShouldContain("writ: this asks for a fresh sign-in\n");
    }

    [Fact]
    public async Task Token_of_the_environment_has_no_way_to_a_fresh_sign_in()
    {
        await using var signIn = await FakeSignIn.StartAsync();
        Approving(signIn, never: true);
        using var typed = signIn.Terminal().With("WRIT_TOKEN", signIn.Access("dana"));
        (await typed.RunAsync("approve", Samples.RequestId)).ShouldBe(4);
        typed.Error.ShouldContain("writ: this asks for a fresh sign-in\n");
        signIn.Pages.ShouldBeEmpty();
    }

    private static void Approving(FakeSignIn signIn, bool never = false)
    {
        signIn.Server.On($"GET /v1/requests/{Samples.RequestId}", signIn.As((context, _) => FakeServer.Write(context, Samples.Request("pending"), WritJson.Default.RequestView)));
        signIn.Server.On($"POST /v1/requests/{Samples.RequestId}/approve", signIn.As((context, _) =>
        {
            if (!never && !signIn.Pages.IsEmpty)
                return FakeServer.Write(context, Samples.Request("approved"), WritJson.Default.RequestView);
            context.Response.Headers.WWWAuthenticate =
                "Bearer error=\"insufficient_user_authentication\", error_description=\"a sign-in, and a \\\"fresh\\\" one\", max_age=900, acr_values=\"urn:writ:passkey\"";
            return FakeServer.Write(context, new Problem("stale-sign-in", "this asks for a fresh sign-in", 401), WritJson.Default.Problem, 401, "application/problem+json");
        }));
    }

    private static void Waiting(FakeSignIn signIn, Func<string> state)
    {
        var posts = 0;
        signIn.Server.On("POST /v1/runs", signIn.As((context, _) => posts++ == 0
            ? FakeServer.Write(context, new Problem(ErrorCode.NoGrant, "no grant", 409), WritJson.Default.Problem, 409, "application/problem+json")
            : FakeServer.Write(context, Samples.Run(), WritJson.Default.RunView, 201)));
        signIn.Server.On("POST /v1/requests", signIn.As((context, _) => FakeServer.Write(context, Samples.Request("pending"), WritJson.Default.RequestView, 201)));
        signIn.Server.On($"GET /v1/requests/{Samples.RequestId}", signIn.As((context, _) => FakeServer.Write(context, Samples.Request(state()), WritJson.Default.RequestView)));
        signIn.Server.Attach(async (socket, _) =>
        {
            await FakeServer.Send(socket, new FakeRecording().Add(RecordingStream.Output, "out\n"u8.ToArray()).Bytes);
            await FakeServer.Send(socket, new AttachMessage("end", Samples.Exited(0)));
            await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, CancellationToken.None);
        });
    }
}
