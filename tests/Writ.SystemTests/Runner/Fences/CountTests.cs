using System.Text.Json;
using System.Text.Json.Nodes;
using static Writ.SystemTests.Runner.Fences.FencedRun;

namespace Writ.SystemTests.Runner.Fences;

/// <summary>What the kernel has counted of a run, held against what arrived at the far side.</summary>
public sealed class CountTests
{
    // In scope, out of scope in the same zones, in a zone that the scope does not touch, and in none: a datagram each, so many times.
    private const string Sender = """
        import socket
        for family, near, far, nowhere in ((socket.AF_INET, "10.20.0.9", "10.30.0.77", "10.30.0.200"), (socket.AF_INET6, "2001:db8:20::9", "2001:db8:20::77", "2001:db8:20::1:200")):
            s = socket.socket(family, socket.SOCK_DGRAM)
            for count, to, port in ((7, near, 53), (5, near, 99), (3, far, 53), (2, nowhere, 53)):
                for _ in range(count):
                    s.sendto(b"x" * 20, (to, port))
        """;

    [Fact]
    public void Packets_and_bytes_are_counted_for_each_zone_as_they_arrive()
    {
        using var far = new FarSide();
        using var run = Prepare(ProbedScope, TimeSpan.FromSeconds(20), ["/usr/bin/python3", "-I", "-c", Sender], spec => spec["zones"] = new JsonArray(
            Zone("near", "10.20.0.0/24", "2001:db8:20::8/126"), Zone("overlapping", "10.20.0.8/29", "2001:db8:20::/124"), Zone("far", "10.30.0.77", "2001:db8:20::77")));
        var end = run.Run.Start().End();
        end.GetProperty("cause").GetString().ShouldBe("Exited", end.ToString());
        var fence = end.GetProperty("fence");
        var arrived = far.Settle().Where(frame => frame.Source == run.Place.Address4 || frame.Source == run.Place.Address6).ToList();
        arrived.Count(frame => frame.Port == 53).ShouldBe(14);
        var bytes = (7 * (20 + 8 + 20)) + (7 * (40 + 8 + 20));
        Of("near").ShouldBe((14, bytes, 10, 10 * bytes / 14));
        Of("overlapping").ShouldBe(Of("near"), "they lie in both");
        Of("far").ShouldBe((0, 0, 6, 6 * bytes / 14));
        fence.GetProperty("passed").GetInt64().ShouldBe(arrived.Count);
        fence.GetProperty("dropped_elsewhere").GetInt64().ShouldBe(4);
        fence.GetProperty("refused").GetInt64().ShouldBe(20);
        fence.GetProperty("closed").GetBoolean().ShouldBeTrue();

        // The last packet of each family, to the kernel's tick.
        foreach (var (member, source) in new[] { ("last_packet_at4", run.Place.Address4), ("last_packet_at6", run.Place.Address6) })
            (fence.GetProperty(member).GetInt64() - arrived.Last(frame => frame.Source == source).At).ShouldBeInRange(-20_000, 20_000, member);

        (long Passed, long PassedBytes, long Dropped, long DroppedBytes) Of(string zone)
        {
            var count = fence.GetProperty("zones").EnumerateArray().Single(each => each.GetProperty("zone").GetString() == zone);
            return (Number("passed"), Number("passed_bytes"), Number("dropped"), Number("dropped_bytes"));

            long Number(string member) => count.GetProperty(member).GetInt64();
        }
    }

    [Fact]
    public void Packets_in_scope_after_the_end_are_late_and_not_out_of_scope()
    {
        const string talker = """
            import socket
            s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            while True:
                try: s.sendto(b"x", ("10.20.0.9", 53))
                except OSError: pass
            """;
        using var run = Prepare(ProbedScope, TimeSpan.FromSeconds(2), ["/usr/bin/python3", "-I", "-c", talker], spec => spec["zones"] = new JsonArray(Zone("near", "10.20.0.0/24")));
        var fence = run.Run.Start().End().GetProperty("fence");
        fence.GetProperty("passed").GetInt64().ShouldBeGreaterThan(0);
        fence.GetProperty("late").GetInt64().ShouldBeGreaterThan(0);
        fence.GetProperty("refused").GetInt64().ShouldBe(0);
        fence.GetProperty("zones")[0].GetProperty("dropped").GetInt64().ShouldBe(0);
    }

    [Fact]
    public void Survivor_and_a_way_out_that_was_left_open_are_told_and_not_passed_over()
    {
        using var far = new FarSide();
        using var run = Idle();
        run.Run.UntilStarted();
        // In the run's network, and nowhere near its PID namespace: no kill of the supervisor's reaches it. It talks to a host out of scope.
        using var survivor = Lab.Start(run.Place.Name, "python3", "-u", "-c", """
            import socket, time
            s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            print("talks")
            while True:
                s.sendto(b"survivor", ("10.30.0.77", 161))
                time.sleep(0.005)
            """);
        survivor.StandardOutput.ReadLine().ShouldBe("talks");
        far.Settle().ShouldNotContain(frame => frame.Source == run.Place.Address4, "the fence holds it");
        // Rules that come before the fence's own hand its packets on.
        var gateway = Lab.Run(Lab.Uplink, "ip", "-4", "route", "get", "10.30.0.77").Split(' ').SkipWhile(word => word != "via").ElementAt(1);
        var hole = $"hole-{run.Place.Name}";
        Lab.Run(Lab.Uplink, "nft", $"table netdev {hole} {{ chain out {{ type filter hook ingress device \"{run.Place.Name}\" priority -600; ip daddr 10.30.0.77 fwd ip to {gateway} device \"corp\"; }}; }}");
        try
        {
            using (var control = run.Run.Control())
                SupervisedRun.Ask(control, "kill 3 test").ShouldStartWith("ended");
            var end = run.Run.End();
            end.GetProperty("processes_left").GetInt32().ShouldBe(1);
            end.GetProperty("processes_found").GetInt32().ShouldBe(2, "bubblewrap's own and the tool");
            end.GetProperty("fence").GetProperty("closed").GetBoolean().ShouldBeFalse();
            far.Settle();
            SupervisedRun.Until(() => far.Frames().Exists(frame => frame.Source == run.Place.Address4 && frame.Port == 161 && frame.At > end.GetProperty("at").GetInt64()), "the way out is open");
        }
        finally
        {
            Lab.Run(Lab.Uplink, "nft", $"delete table netdev {hole}");
            survivor.Kill();
            survivor.WaitForExit();
        }
    }

    private static JsonObject Zone(string name, params string[] addresses) =>
        new() { ["name"] = name, ["addresses"] = new JsonArray([.. addresses.Select(address => (JsonNode)address)]) };
}
