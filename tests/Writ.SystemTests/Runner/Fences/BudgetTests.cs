using System.Text.Json;
using System.Text.Json.Nodes;
using Writ.SystemTests.Storage;
using static Writ.SystemTests.Runner.Fences.FencedRun;

namespace Writ.SystemTests.Runner.Fences;

/// <summary>What a rule lets a run use up, as the kernel holds it. Each limit is met first by a run without one.</summary>
public sealed class BudgetTests
{
    // Sends so many datagrams, each of 128 bytes with its IPv4 header, to a host in scope or another; half of them over IPv6 where that is asked.
    private const string Sender = """
        import socket, sys, time
        to, count, pause, rest = sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), float(sys.argv[4])
        four = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        six = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
        for i in range(count):
            if len(sys.argv) > 5 and i % 2: six.sendto(b"x" * 80, (sys.argv[5], 53))
            else: four.sendto(b"x" * 100, (to, 53))
            time.sleep(pause)
        time.sleep(rest)
        """;

    private static string[] Send(string to, int count, double pause = 0, double rest = 0.3, string? six = null) =>
        ["/usr/bin/python3", "-I", "-c", Sender, to, $"{count}", FormattableString.Invariant($"{pause}"), FormattableString.Invariant($"{rest}"), .. six is null ? Array.Empty<string>() : [six]];

    private static FencedRun Under(string[] argv, params (string Limit, long Value)[] budget) => Prepare(ProbedScope, TimeSpan.FromSeconds(30), argv,
        spec => spec["budget"] = new JsonObject(budget.Select(limit => KeyValuePair.Create(limit.Limit, (JsonNode?)limit.Value))));

    private static (JsonElement End, List<Frame> Arrived) Run(FencedRun run)
    {
        using var far = new FarSide();
        run.Run.Start();
        var end = run.Run.End();
        return (end, [.. far.Settle().Where(frame => (frame.Source == run.Place.Address4 || frame.Source == run.Place.Address6) && frame.Protocol == 17)]);
    }

    [Fact]
    public void Run_that_keeps_trying_to_leave_its_scope_is_killed_when_its_rule_puts_up_with_no_more()
    {
        using (var patient = Under(Send("10.20.0.77", 20), ("violations", 20)))
            Run(patient).End.GetProperty("cause").GetString().ShouldBe("Exited", "so many are put up with");

        using var run = Under(Send("10.20.0.77", 100_000, pause: 0.001), ("violations", 20));
        var (end, arrived) = Run(run);
        end.GetProperty("cause").GetString().ShouldBe("Violations");
        end.GetProperty("detail").GetString()!.ShouldMatch("^[0-9]+ packets out of scope, and the rule puts up with 20$");
        end.GetProperty("kill_at").GetInt64().ShouldBeGreaterThan(0);
        end.GetProperty("processes_left").GetInt32().ShouldBe(0);
        end.GetProperty("fence").GetProperty("refused").GetInt64().ShouldBeInRange(21, 20_000);
        arrived.ShouldBeEmpty();
        using var report = JsonDocument.Parse(File.ReadAllText(Path.Combine(run.Run.Folder, "refused")));
        report.RootElement.GetProperty("destinations")[0].GetProperty("address").GetString().ShouldBe("10.20.0.77");
    }

    [Fact]
    public void Run_whose_violations_cannot_be_counted_any_more_is_killed()
    {
        using var free = Under(["/usr/bin/sleep", "20"], ("packets", 10));
        using var run = Under(["/usr/bin/sleep", "20"], ("violations", 10));
        foreach (var each in (FencedRun[])[free, run])
        {
            each.Run.Start().UntilStarted();
            Lab.Run(Lab.Uplink, "nft", $"delete table netdev {each.Place.Name}");
        }

        var end = run.Run.End();
        (end.GetProperty("cause").GetString(), end.GetProperty("detail").GetString()).ShouldBe(("Violations", "packets out of scope cannot be counted any more"));
        free.Run.Processes().ShouldBeGreaterThan(0, "without that limit nothing passes either, and the run goes on");
    }

    [Theory]
    [InlineData(null, 0, 200)]
    [InlineData("packets", 50, 50)]
    [InlineData("bytes", 6_450, 50)]
    public void What_a_budget_has_spent_does_not_leave_and_the_end_says_since_when(string? limit, long value, int leave)
    {
        using var run = limit is null ? Under(Send("10.20.0.9", 200, six: "2001:db8:20::9")) : Under(Send("10.20.0.9", 200, six: "2001:db8:20::9"), (limit, value));
        var begun = SupervisedRun.Wall();
        var (end, arrived) = Run(run);
        var fence = end.GetProperty("fence");
        end.GetProperty("cause").GetString().ShouldBe("Exited", "what is over the budget is dropped, and the tool goes on");
        arrived.Count.ShouldBe(leave);
        fence.GetProperty("passed").GetInt64().ShouldBe(leave);
        fence.GetProperty("over_budget").GetInt64().ShouldBe(200 - leave);
        fence.GetProperty("refused").GetInt64().ShouldBe(0, "in scope, all of it");
        if (limit is null)
            fence.GetProperty("degraded_at").GetInt64().ShouldBe(0);
        else
            fence.GetProperty("degraded_at").GetInt64().ShouldBeInRange(begun, end.GetProperty("at").GetInt64());
    }

    [Fact]
    public void Rate_of_a_budget_makes_packets_wait_and_loses_none()
    {
        using (var free = Under(Send("10.20.0.9", 200)))
        {
            var arrived = Run(free).Arrived;
            (arrived[^1].At - arrived[0].At).ShouldBeLessThan(500_000, "without a budget they do not wait");
        }

        // What still waits when the tool has ended would go with its place, so it stays until all have gone.
        using (var held = Under(Send("10.20.0.9", 200, rest: 2.5), ("packets_per_second", 100)))
        {
            var begun = SupervisedRun.Wall();
            var (end, arrived) = Run(held);
            var fence = end.GetProperty("fence");
            arrived.Count.ShouldBe(200);
            (arrived[^1].At - arrived[0].At).ShouldBeGreaterThan(1_900_000, "five of them at once, and then one each 10 ms");
            fence.GetProperty("held_back").GetInt64().ShouldBeGreaterThan(0);
            fence.GetProperty("over_budget").GetInt64().ShouldBe(0, "they waited, and were not dropped");
            fence.GetProperty("degraded_at").GetInt64().ShouldBeInRange(begun, end.GetProperty("at").GetInt64());
        }

        using (var slow = Prepare(Scope(["10.20.0.0/27"], tcp: "80"), TimeSpan.FromSeconds(30), ["/usr/bin/nmap", "-n", "-Pn", "-sS", "-p", "80", "--max-rate", "50", "10.20.0.0/27"],
            spec => spec["budget"] = new JsonObject { ["packets_per_second"] = 400 }))
        {
            // Each open port is answered with a reset, which is a packet too.
            slow.Run.Start().End().GetProperty("fence").GetProperty("degraded_at").GetInt64().ShouldBe(0, "who keeps below the rate is not held back");
            slow.Run.Output.ShouldContain("(32 hosts up)");
        }

        using var calm = Under(Send("10.20.0.9", 30, pause: 0.03), ("packets_per_second", 100));
        var (calmly, whole) = Run(calm);
        whole.Count.ShouldBe(30);
        calmly.GetProperty("fence").GetProperty("held_back").GetInt64().ShouldBe(0);
        calmly.GetProperty("fence").GetProperty("degraded_at").GetInt64().ShouldBe(0, "within its rate nothing is degraded");
    }

    [Fact]
    public void Raw_frames_that_go_around_the_shaper_meet_the_wall_behind_it()
    {
        using var run = Prepare(ProbedScope, TimeSpan.FromSeconds(30), ["/usr/bin/sleep", "20"], spec => spec["budget"] = new JsonObject { ["packets_per_second"] = 100 });
        run.Run.Start().UntilStarted();
        using var far = new FarSide();
        run.Inside("python3", "-c", """
            import socket, struct, sys
            def check(d):
                t = sum(struct.unpack("!10H", d)); t = (t & 0xffff) + (t >> 16); return ~((t & 0xffff) + (t >> 16)) & 0xffff
            head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 28, 7, 0, 60, 17, 0, socket.inet_aton(sys.argv[1]), socket.inet_aton("10.20.0.9"))
            frame = bytes.fromhex("020000000001020000000077") + b"\x08\0" + head[:10] + struct.pack("!H", check(head)) + head[12:] + struct.pack("!HHHH", 40000, 53, 8, 0)
            s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
            s.setsockopt(263, 20, 1) # PACKET_QDISC_BYPASS
            s.bind(("eth0", 0))
            for i in range(2000): s.send(frame)
            """, run.Place.Address4!);
        var arrived = far.Settle().Count(frame => frame.Source == run.Place.Address4);
        SupervisedRun.Signal(run.Run.Pid, "TERM");
        var fence = run.Run.End().GetProperty("fence");
        arrived.ShouldBeInRange(1, 1_000);
        fence.GetProperty("passed").GetInt64().ShouldBe(arrived);
        fence.GetProperty("over_budget").GetInt64().ShouldBe(2_000 - arrived);
        fence.GetProperty("held_back").GetInt64().ShouldBe(0, "none of them was seen by the shaper");
    }

    [Fact]
    public void Each_packet_is_counted_where_the_stack_would_hand_over_many_as_one()
    {
        using var run = Prepare(ProbedScope, TimeSpan.FromSeconds(30), ["/usr/bin/python3", "-I", "-c", """
            import socket
            s = socket.create_connection(("10.20.0.9", 80))
            try:
                for i in range(100): s.sendall(b"x" * 65536)
            except OSError: pass
            """]);
        using var far = new FarSide();
        run.Run.Start();
        var fence = run.Run.End().GetProperty("fence");
        var arrived = far.Settle().Count(frame => frame.Source == run.Place.Address4);
        arrived.ShouldBeGreaterThan(10);
        fence.GetProperty("passed").GetInt64().ShouldBe(arrived);
        (fence.GetProperty("passed_bytes").GetInt64() / arrived).ShouldBeLessThanOrEqualTo(1_500);
    }
}
