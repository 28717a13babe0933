using System.Diagnostics;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using Writ.Contracts;
using Writ.Contracts.Errors;
using Writ.Contracts.Requests;
using Writ.Contracts.Runs;
using Writ.Proof.Errors;
using Writ.Proof.Recordings;

namespace Writ.Tests.Cli.Runs;

/// <summary><c>writ run</c> and <c>writ watch</c> against a server that answers as told.</summary>
public class RunTests
{
    private static readonly string[] Nmap = ["run", "--reason", "debug", "--", "nmap", "-p", "22,80", "10.20.0.5"];

    [Fact]
    public async Task Run_with_a_held_grant_is_one_call_and_one_attach_on_one_connection()
    {
        await using var server = await Allowing(Samples.Exited(3));
        using var typed = new Typed(server.Address);

        (await typed.RunAsync(Nmap)).ShouldBe(3);

        typed.Output.ShouldBe("out\n");
        typed.Error.ShouldBe("err\n");
        server.Asked.ShouldBe(["POST /v1/runs", $"GET /v1/runs/{Samples.RunId}/attach"]);
        server.Calls.Select(call => call.Connection).Distinct().Count().ShouldBe(1);
        server.Calls.ShouldAllBe(call => call.Token == "Bearer t0ken");
        var start = JsonSerializer.Deserialize(server.Calls.First().Body, WritJson.Default.StartRun)!;
        start.Command.ShouldBe(Samples.Argv);
        server.Calls.First().Key!.Length.ShouldBe(32);
        server.Calls.Last().Query.ShouldBe("?from=0&mode=own");
    }

    [Fact]
    public async Task Run_over_a_unix_socket_works()
    {
        var path = Path.Combine(Path.GetTempPath(), $"writ-{Guid.CreateVersion7():n}.sock");
        await using var server = await Allowing(Samples.Exited(0), path);
        using var typed = new Typed(server.Address);

        (await typed.RunAsync(Nmap)).ShouldBe(0);
        typed.Output.ShouldBe("out\n");
    }

    [Fact]
    public async Task Run_without_a_grant_asks_waits_and_runs_under_the_grant_that_results()
    {
        await using var server = await Allowing(Samples.Exited(0));
        var posts = 0;
        server.On("POST /v1/runs", context => posts++ == 0 ? NoGrant(context) : FakeServer.Write(context, Samples.Run(), WritJson.Default.RunView, 201));
        server.Json("POST /v1/requests", Samples.Request("pending"), WritJson.Default.RequestView, 201);
        server.Json($"GET /v1/requests/{Samples.RequestId}", Samples.Request("approved", Yes()), WritJson.Default.RequestView);
        using var typed = new Typed(server.Address);

        (await typed.RunAsync("run", "--reason", "debug", "--for", "1h30m", "--uses", "2", "--", "nmap", "--reason", "-p", "22")).ShouldBe(0);

        typed.Output.ShouldBe("out\n");
        typed.Error.ShouldContain($"writ: {Samples.RequestId} waits for approval\n  - 1 of security-engineer for staging\n");
        typed.Error.ShouldContain("writ: approved by bob\n");
        var calls = server.Calls.ToArray();
        var ask = JsonSerializer.Deserialize(calls[1].Body, WritJson.Default.AskForAccess)!;
        ask.Command.ShouldBe(["nmap", "--reason", "-p", "22"]);
        ask.ShouldSatisfyAllConditions(() => ask.Reason.ShouldBe("debug"), () => ask.DurationSeconds.ShouldBe(5400), () => ask.Uses.ShouldBe(2));
        calls[2].Query.ShouldContain("seen=pending");
        JsonSerializer.Deserialize(calls[3].Body, WritJson.Default.StartRun)!.Grant.ShouldBe(Samples.GrantId);
        calls.Select(call => call.Key).Where(key => key is not null).ShouldBeUnique();
    }

    [Fact]
    public async Task Run_denied_by_policy_tells_every_reason_and_the_hint()
    {
        await using var server = await Unheld();
        server.Problem("POST /v1/requests", new(ErrorCode.Denied, "policy denies this nmap command", 403, null, "leave out --script", ["no rule opens \e[31mprod", "script x is intrusive"]));
        using var typed = new Typed(server.Address);

        (await typed.RunAsync(Nmap)).ShouldBe(121);
        typed.Error.ShouldBe("writ: policy denies this nmap command\n  - no rule opens \\x1b[31mprod\n  - script x is intrusive\nhint: leave out --script\n");
        typed.Output.ShouldBe("");
    }

    [Fact]
    public async Task Run_denied_by_a_reviewer_tells_the_comment()
    {
        await using var server = await Unheld();
        server.Json("POST /v1/requests", Samples.Request("pending"), WritJson.Default.RequestView, 201);
        server.Json($"GET /v1/requests/{Samples.RequestId}",
            Samples.Request("denied", new DecisionView("dec_1", Samples.Bob, false, "not during the freeze", Samples.Now, 1)), WritJson.Default.RequestView);
        using var typed = new Typed(server.Address);

        (await typed.RunAsync(Nmap)).ShouldBe(122);
        typed.Error.ShouldEndWith("writ: denied by bob: not during the freeze\n");
    }

    [Theory]
    [InlineData("expired", 123)]
    [InlineData("cancelled", 123)]
    [InlineData("denied", 121)]
    public async Task Run_whose_request_ends_without_a_reviewer(string state, int code)
    {
        await using var server = await Unheld();
        server.Json("POST /v1/requests", Samples.Request("pending"), WritJson.Default.RequestView, 201);
        server.Json($"GET /v1/requests/{Samples.RequestId}", Samples.Request(state), WritJson.Default.RequestView);
        using var typed = new Typed(server.Address);
        (await typed.RunAsync(Nmap)).ShouldBe(code);
    }

    [Fact]
    public async Task Run_not_decided_within_the_wait_leaves_the_request()
    {
        await using var server = await Unheld();
        server.Json("POST /v1/requests", Samples.Request("pending"), WritJson.Default.RequestView, 201);
        server.On($"GET /v1/requests/{Samples.RequestId}", async context =>
        {
            await Task.Delay(TimeSpan.FromSeconds(double.Parse(context.Request.Query["wait"]!, System.Globalization.CultureInfo.InvariantCulture)));
            await FakeServer.Write(context, Samples.Request("pending"), WritJson.Default.RequestView);
        });
        using var typed = new Typed(server.Address);

        (await typed.RunAsync(["run", "--wait", "1s", .. Nmap[1..]])).ShouldBe(123);
        typed.Error.ShouldContain("writ: no decision within 1s\nhint: ");
        server.Asked.ShouldNotContain(asked => asked.EndsWith("/cancel", StringComparison.Ordinal));
    }

    [Fact]
    public async Task CtrlC_while_waiting_leaves_the_request_pending()
    {
        await using var server = await Unheld();
        server.Json("POST /v1/requests", Samples.Request("pending"), WritJson.Default.RequestView, 201);
        var waiting = new TaskCompletionSource();
        server.On($"GET /v1/requests/{Samples.RequestId}", async context =>
        {
            waiting.TrySetResult();
            await Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
        });
        using var typed = new Typed(server.Address);
        var run = typed.RunAsync(Nmap);
        await waiting.Task;
        typed.CtrlC();

        (await run).ShouldBe(130);
        typed.Error.ShouldContain($"writ: no longer waiting; {Samples.RequestId} stays pending\n");
    }

    [Fact]
    public async Task CtrlC_kills_and_confirms()
    {
        await using var server = await Allowing(Samples.Exited(0));
        var attached = new TaskCompletionSource();
        var killed = new TaskCompletionSource();
        server.Attach(async (socket, _) =>
        {
            await FakeServer.Send(socket, FakeRecording.Of("before "));
            attached.SetResult();
            await killed.Task;
            await FakeServer.Send(socket, FakeRecording.Of("after\n")[RecordingFormat.Magic.Length..]);
            await FakeServer.Send(socket, new AttachMessage("end", Samples.Run("killed", "killed", end: new(Samples.RunId, "confirmed", "killed", Samples.Now, 1.5, 0))));
        });
        server.On($"POST /v1/runs/{Samples.RunId}/kill", context =>
        {
            killed.SetResult();
            return FakeServer.Write(context, new("confirmed", true, 4.2, [new(Samples.RunId, "confirmed", "killed", Samples.Now, 1.5, 0)]), WritJson.Default.EndView);
        });
        using var typed = new Typed(server.Address);
        var run = typed.RunAsync(Nmap);
        await attached.Task;
        typed.CtrlC();

        (await run).ShouldBe(125);
        typed.Error.ShouldMatch(@"^writ: killed, confirmed after \d+ ms, 0 processes left\n$");
        typed.Output.ShouldBe("before after\n");
    }

    [Fact]
    public async Task CtrlC_takes_the_open_socket_when_the_api_does_not_answer()
    {
        await using var server = await Allowing(Samples.Exited(0));
        var attached = new TaskCompletionSource();
        var heard = "";
        server.Attach(async (socket, _) =>
        {
            attached.SetResult();
            var message = new byte[1_000];
            heard = Encoding.UTF8.GetString(message, 0, (await socket.ReceiveAsync(message, CancellationToken.None)).Count);
            await FakeServer.Send(socket, new AttachMessage("end", Samples.Run("killed", "killed", end: new(Samples.RunId, "confirmed", "killed", Samples.Now, 1.5, 0))));
        });
        // As of a server whose database hangs.
        server.On($"POST /v1/runs/{Samples.RunId}/kill", context => Task.Delay(Timeout.Infinite, context.RequestAborted));
        using var typed = new Typed(server.Address);
        var run = typed.RunAsync(Nmap);
        await attached.Task;
        var clock = Stopwatch.StartNew();
        typed.CtrlC();
        (await run).ShouldBe(125);
        clock.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(3), "the api has 5 s to answer");
        heard.ShouldContain("\"kill\"");
        typed.Error.ShouldMatch(@"^writ: killed, confirmed after \d+ ms, 0 processes left\n$");
    }

    [Fact]
    public async Task CtrlC_without_confirmation_claims_nothing()
    {
        await using var server = await Allowing(Samples.Exited(0));
        var attached = new TaskCompletionSource();
        server.Attach(async (socket, _) =>
        {
            attached.SetResult();
            await socket.ReceiveAsync(new byte[100], CancellationToken.None);
        });
        server.Json($"POST /v1/runs/{Samples.RunId}/kill", new("unconfirmed", true, 5000, [new(Samples.RunId, "unconfirmed", "killed", null, null, null)]), WritJson.Default.EndView);
        using var typed = new Typed(server.Address);
        var run = typed.RunAsync(Nmap);
        await attached.Task;
        typed.CtrlC();
        (await run).ShouldBe(125);
        typed.Error.ShouldContain("writ: kill unconfirmed after ");
        typed.Error.ShouldNotContain("killed, confirmed");
    }

    [Fact]
    public async Task Second_CtrlC_exits_at_once()
    {
        await using var server = await Allowing(Samples.Exited(0));
        var attached = new TaskCompletionSource();
        var release = new TaskCompletionSource();
        server.Attach(async (socket, _) =>
        {
            attached.SetResult();
            await release.Task;
            await FakeServer.Send(socket, new AttachMessage("end", Samples.Run("killed", "killed")));
        });
        using var typed = new Typed(server.Address);
        var run = typed.RunAsync(Nmap);
        await attached.Task;
        typed.CtrlC();
        typed.CtrlC();
        typed.HardExit.ShouldBe(125);
        release.SetResult();
        await run;
    }

    [Fact]
    public async Task Closed_standard_output_kills_the_run()
    {
        await using var server = await Allowing(Samples.Exited(0));
        server.Json($"POST /v1/runs/{Samples.RunId}/kill", new("confirmed", true, 4.2, [new(Samples.RunId, "confirmed", "killed", Samples.Now, 1.5, 0)]), WritJson.Default.EndView);
        using var typed = new Typed(server.Address, output: new AttachmentTests.ClosedStream());

        (await typed.RunAsync(Nmap)).ShouldBe(125);
        server.Asked.ShouldContain($"POST /v1/runs/{Samples.RunId}/kill");
    }

    [Fact]
    public async Task Cut_connection_goes_on_at_the_byte_where_it_stopped()
    {
        await using var server = await Allowing(Samples.Exited(0));
        var whole = new FakeRecording().Add(RecordingStream.Output, "the quick "u8).Add(RecordingStream.Output, "brown fox\n"u8).Bytes;
        using var typed = new Typed(server.Address);
        var first = true;
        server.On($"GET /v1/runs/{Samples.RunId}/attach", async context =>
        {
            using var socket = await context.WebSockets.AcceptWebSocketAsync();
            var from = int.Parse(context.Request.Query["from"]!, System.Globalization.CultureInfo.InvariantCulture);
            if (first)
            {
                // The cut comes in the middle of the second frame, once the client has the bytes before it.
                first = false;
                await FakeServer.Send(socket, whole[..^7]);
                SpinWait.SpinUntil(() => typed.OutputBytes.Length > 0, TimeSpan.FromSeconds(10));
                context.Abort();
                return;
            }

            await FakeServer.Send(socket, whole[from..]);
            await FakeServer.Send(socket, new AttachMessage("end", Samples.Exited(0)));
        });

        (await typed.RunAsync(Nmap)).ShouldBe(0);
        typed.Output.ShouldBe("the quick brown fox\n");
        server.Calls.Last().Query.ShouldBe($"?from={whole.Length - 7}&mode=own");
    }

    [Fact]
    public async Task Detach_prints_the_id_and_does_not_attach()
    {
        await using var server = await Allowing(Samples.Exited(0));
        using var typed = new Typed(server.Address);

        (await typed.RunAsync("run", "--detach", "--", "nmap", "10.20.0.5")).ShouldBe(0);
        typed.Output.ShouldBe($"{Samples.RunId}\n");
        server.Asked.ShouldBe(["POST /v1/runs"]);
        JsonSerializer.Deserialize(server.Calls.Single().Body, WritJson.Default.StartRun)!.Detach.ShouldBeTrue();
    }

    [Fact]
    public async Task Watch_shows_from_the_first_byte_and_exits_as_the_run_does()
    {
        await using var server = await Allowing(Samples.Run("killed", "deadline"));
        using var typed = new Typed(server.Address);

        (await typed.RunAsync("watch", Samples.RunId)).ShouldBe(124);
        typed.Output.ShouldBe("out\n");
        typed.Error.ShouldBe("err\nwrit: killed at the deadline, 2026-07-01 14:30:00Z\n");
        server.Calls.Single().Query.ShouldBe("?from=0&mode=watch");
    }

    [Fact]
    public async Task Watch_of_an_unknown_run_says_what_the_server_says()
    {
        await using var server = await FakeServer.StartAsync();
        server.Problem($"GET /v1/runs/{Samples.RunId}", new(ErrorCode.NotFound, "there is no such run", 404, null, "writ runs lists those that you can see"));
        using var typed = new Typed(server.Address);
        (await typed.RunAsync("watch", Samples.RunId)).ShouldBe(1);
        typed.Error.ShouldBe("writ: there is no such run\nhint: writ runs lists those that you can see\n");
    }

    [Fact]
    public async Task Run_with_a_refused_token_is_four()
    {
        await using var server = await FakeServer.StartAsync();
        server.Problem("POST /v1/runs", new(ErrorCode.NotSignedIn, "the token is not valid", 401));
        using var typed = new Typed(server.Address, token: "s3cret-token");
        (await typed.RunAsync(Nmap)).ShouldBe(4);
        (typed.Output + typed.Error).ShouldNotContain("s3cret");
    }

    private static DecisionView Yes() => new("dec_1", Samples.Bob, true, null, Samples.Now, 1);

    private static Task NoGrant(Microsoft.AspNetCore.Http.HttpContext context) =>
        FakeServer.Write(context, new Problem(ErrorCode.NoGrant, "no active grant covers this", 409), WritJson.Default.Problem, 409, "application/problem+json");

    private static async Task<FakeServer> Unheld() => (await FakeServer.StartAsync()).On("POST /v1/runs", NoGrant);

    private static async Task<FakeServer> Allowing(RunView end, string? socket = null)
    {
        var server = await FakeServer.StartAsync(socket);
        server.Json("POST /v1/runs", Samples.Run(), WritJson.Default.RunView, 201);
        server.Attach(async (connection, _) =>
        {
            await FakeServer.Send(connection, new AttachMessage("state", Samples.Run("running")));
            await FakeServer.Send(connection, new FakeRecording().Add(RecordingStream.Output, "out\n"u8)
                .Add(RecordingStream.Marker, "a marker"u8).Add(RecordingStream.Error, "err\n"u8).Bytes);
            await FakeServer.Send(connection, new AttachMessage("end", end));
        });
        return server;
    }
}
