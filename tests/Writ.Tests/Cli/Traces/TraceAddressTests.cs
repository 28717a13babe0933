using Microsoft.Extensions.Time.Testing;
using Writ.Contracts;
using Writ.Contracts.Requests;
using Writ.Contracts.Traces;

namespace Writ.Tests.Cli.Traces;

/// <summary>What is asked of the server, and how its answer is told.</summary>
public sealed class TraceAddressTests : IAsyncLifetime
{
    private FakeServer _server = null!;

    public async ValueTask InitializeAsync() => _server = await FakeServer.StartAsync();

    public async ValueTask DisposeAsync() => await _server.DisposeAsync();

    [Fact]
    public async Task Run_that_did_is_told_in_full()
    {
        var run = Samples.Exited(0) with { RecordingBytes = 4_096, StartedAt = Samples.Now.AddMinutes(2).AddSeconds(58), EndedAt = Samples.Now.AddMinutes(3).AddSeconds(40) };
        Answer([Finding("did") with
        {
            Run = run, PacketsPassed = 1_024, Host = new("10.20.0.5", [], "up", null, null, null, [new("tcp", 22, "open", null, null, "ssh", "OpenSSH\u001b[31m 9.2", [])], [], []),
            OnBehalfOf = Samples.Bob, Incomplete = ["5 packets out of scope went to destinations that were not listed one by one"],
        }]);
        using var typed = Type();
        (await typed.RunAsync("trace", "10.20.0.5:22", "--at", "14:03")).ShouldBe(0);
        _server.Calls.Single().Query.ShouldBe("?limit=50&address=10.20.0.5&port=22&protocol=tcp&since=2026-07-01T14%3A02%3A55.000000Z&until=2026-07-01T14%3A04%3A05.000000Z");
        typed.Output.ShouldBe($"""
            10.20.0.5 tcp 22, 2026-07-01 14:03:00 to 14:04:00Z, and 5s around it

            did         it is in the run's plan, and 1,024 packets of the run left its fence
            by          dana, on behalf of bob
            purpose     debug the login page
            ticket      CHG-7
            approved    bob, 2026-07-01 13:59:00Z: go on
                        policy, 2026-07-01 13:59:01Z
            command     nmap -p 22,80 10.20.0.5
            ran         2026-07-01 14:02:58 to 14:03:40Z, exit 0
            from        10.20.0.201, runner berlin-1
            found       22/tcp open, ssh (OpenSSH\x1b[31m 9.2)
            incomplete  5 packets out of scope went to destinations that were not listed one by one
            run         {Samples.RunId}
            replay      writ replay {Samples.RunId}

            """);
    }

    [Fact]
    public async Task Packets_that_were_stopped_a_right_that_nobody_used_and_gaps_are_told_apart()
    {
        Answer(
        [
            Finding("tried") with { Run = Samples.Exited(0), Refused = [new("10.20.0.5", "tcp", 22, 3, Samples.Now, Samples.Now.AddSeconds(10))], SharedSource = true },
            Finding("could") with { Sources = [] },
        ], [new("run_1", "its runner was lost: what it sent until its deadline is not known")], more: true);
        using var typed = Type();
        (await typed.RunAsync("trace", "10.20.0.5:22", "--since", "2h", "--from", "10.20.0.201")).ShouldBe(0);
        _server.Calls.Single().Query.ShouldBe("?limit=50&address=10.20.0.5&port=22&protocol=tcp&from=10.20.0.201&since=2026-07-01T12%3A30%3A00.000000Z");
        typed.Output.ShouldContain("\ntried     it was out of the run's scope: the fence stopped every packet\n");
        typed.Output.ShouldContain("\nfrom      10.20.0.201, which is runner berlin-1's own: other things there have it too\n");
        typed.Output.ShouldContain("\nstopped   10.20.0.5 tcp 22, 3 packets, told 2026-07-01 14:00:00 to 14:00:10Z\n");
        typed.Output.ShouldContain("\ncould     it was in the approved scope, and nothing ran\n");
        typed.Output.ShouldContain($"\ngrant     {Samples.GrantId}\nstory     writ show {Samples.RequestId}\n");
        typed.Output.ShouldEndWith("\nincomplete  run_1 may have tried it: its runner was lost: what it sent until its deadline is not known\n");
        typed.Error.ShouldContain("writ: there are more; ask about a shorter time");
    }

    [Theory]
    [InlineData(true, "nothing that went through Writ touched it then")]
    [InlineData(false, "nothing that you may know of touched it then; an auditor sees every run")]
    public async Task Nothing_is_said_plainly(bool all, string said)
    {
        Answer([], all: all);
        using var typed = Type();
        (await typed.RunAsync("trace", "[2001:db8::5]:443/udp")).ShouldBe(0);
        _server.Calls.Single().Query.ShouldBe("?limit=50&address=2001%3Adb8%3A%3A5&port=443&protocol=udp");
        typed.Output.ShouldBe($"2001:db8::5 udp 443, until 2026-07-01 14:30:00Z\n\n{said}\n");
    }

    [Theory]
    [InlineData("writ: no address is named\n", "trace")]
    [InlineData("writ: 'web1' is no address with a port\n", "trace", "web1")]
    [InlineData("writ: --from: '10.0.0.0/8' is no address\n", "trace", "--from", "10.0.0.0/8")]
    [InlineData("writ: --at: '25:00' is no moment that has been\n", "trace", "10.20.0.5", "--at", "25:00")]
    [InlineData("writ: --since: 'soon' is no time\n", "trace", "10.20.0.5", "--since", "soon")]
    [InlineData("writ: --at goes without --since and --until\n", "trace", "10.20.0.5", "--at", "14:03", "--since", "2h")]
    [InlineData("writ: the time ends before it begins\n", "trace", "10.20.0.5", "--since", "1h", "--until", "2h")]
    public async Task What_cannot_be_asked_is_refused_before_anybody_is_asked(string said, params string[] line)
    {
        using var typed = Type();
        (await typed.RunAsync(line)).ShouldBe(2);
        typed.Error.ShouldStartWith(said);
        _server.Calls.ShouldBeEmpty();
    }

    private Typed Type()
    {
        var clock = new FakeTimeProvider(Samples.Now.AddMinutes(30));
        clock.SetLocalTimeZone(TimeZoneInfo.Utc);
        return new(_server.Address, clock);
    }

    private void Answer(IReadOnlyList<TraceFindingView> findings, IReadOnlyList<TraceGapView>? gaps = null, bool more = false, bool all = true) => _server.Json("GET /v1/trace",
        new("10.20.0.5", 22, "tcp", null, null, Samples.Now.AddMinutes(30), findings, gaps ?? [], more, all), WritJson.Default.TraceView);

    private static TraceFindingView Finding(string kind) => new(
        kind, null, Samples.GrantId, Samples.RequestId, Samples.Now, Samples.Now.AddHours(1), Samples.Dana, null, "debug the login page", "CHG-7", Samples.Argv,
        [
            new DecisionView("dec_1", Samples.Bob, true, "go on", Samples.Now.AddMinutes(-1), 1),
            new DecisionView("dec_2", null, true, null, Samples.Now.AddSeconds(-59), 1),
        ],
        ["10.20.0.201"], false, null, null, [], kind == "did" ? new(true, null) : null, null, []);
}
