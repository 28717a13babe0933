using System.Text.Json;
using Writ.Core.Tools.Nmap;
using Writ.Proof.Addresses;
using Writ.Proof.Orders;
using Writ.Proof.Statements;
using Writ.Runner.Fences;
using Writ.SystemTests.Tools;
using static Writ.SystemTests.Runner.Fences.FencedRun;

namespace Writ.SystemTests.Runner.Fences;

/// <summary>The fence around a run that behaves: what is in scope works as without it.</summary>
public sealed class FenceTests
{
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(30);

    [Fact]
    public void Scan_in_scope_finds_what_is_there_in_both_families()
    {
        using var v4 = Start(Scope(["10.20.0.0/24"], tcp: "22,80,443", udp: "53", icmp: true), Long,
            "/usr/bin/nmap", "-n", "-sS", "-sU", "-p", "T:22,80,U:53", "10.20.0.5");
        v4.Run.End().GetProperty("exit_code").GetInt32().ShouldBe(0, v4.Run.Output);
        foreach (var open in (string[])["22/tcp open", "80/tcp open", "53/udp open"])
            v4.Run.Output.ShouldContain(open);
        using var v6 = Start(Scope(["2001:db8:20::/64"], tcp: "22,25,80,443", icmp: true), Long,
            "/usr/bin/nmap", "-6", "-n", "-sT", "-p", "22,25", "2001:db8:20::7");
        v6.Run.End();
        v6.Run.Output.ShouldContain("25/tcp open");
    }

    [Fact]
    public void Receipt_tells_what_passed_and_that_the_fence_is_closed()
    {
        using var run = Start(Scope(["10.20.0.5"], tcp: "22", icmp: true), Long, "/usr/bin/nmap", "-n", "-Pn", "-sS", "-p", "22,23", "10.20.0.5");
        var fence = run.Run.End().GetProperty("fence");
        fence.GetProperty("closed").GetBoolean().ShouldBeTrue();
        fence.GetProperty("passed").GetInt64().ShouldBeGreaterThan(0);
        fence.GetProperty("refused").GetInt64().ShouldBeGreaterThan(0, "port 23 is out of scope");
        (fence.GetProperty("last_packet_at").GetInt64() - SupervisedRun.Wall()).ShouldBeInRange(-20_000_000, 0);
        run.Run.Output.ShouldContain("23/tcp filtered");
    }

    [Theory]
    [InlineData("-sO -p 2,47", "2,47", null, true)]
    [InlineData("-sO -p 2,47", "2", null, false)]
    [InlineData("-sO -p 2,47", null, null, false)]
    [InlineData("-sn -PM", null, "17", true)]
    [InlineData("-sn -PM", null, null, false)]
    public void Other_protocols_and_icmp_types_pass_where_the_scope_says_so(string options, string? protocols, string? types, bool whole)
    {
        var scope = new ScopeText(["10.20.0.9"], "", "", "", false) { Protocols = protocols, IcmpTypes = types }.Read().Value;
        using var run = Start(scope, Long, ["/usr/bin/nmap", "-n", .. options.Split(' '), .. options.StartsWith("-sO", StringComparison.Ordinal) ? ["-Pn"] : Array.Empty<string>(), "10.20.0.9"]);
        var fence = run.Run.End().GetProperty("fence");
        (fence.GetProperty("refused").GetInt64() == 0).ShouldBe(whole, run.Run.Output);
        if (whole)
            fence.GetProperty("passed").GetInt64().ShouldBeGreaterThan(0);
    }

    [Theory]
    [InlineData("-sS -sV -O --traceroute -p 22,80 10.20.0.5")]
    [InlineData("-sC -p 22,80,445 10.20.0.5")]
    [InlineData("-sU -sS -p U:53,137,T:80 10.20.0.5")]
    [InlineData("-sO -p 1,2,6,17,47,132 10.20.0.5")]
    [InlineData("-sn -PE -PP -PM -PO -PY -PU -PS22 10.20.0.0/29")]
    [InlineData("-6 -sC -p 80 2001:db8:20::5")]
    public void Permitted_scan_triggers_no_refusal(string command)
    {
        var plan = new NmapTool().Plan(["nmap", .. command.Split(' ')], new(NmapHere.Inventory)).Value;
        using var run = Start(plan.Scope, TimeSpan.FromSeconds(90), ["/usr/bin/nmap", .. plan.Argv.Skip(1)]);
        var end = run.Run.End();
        end.GetProperty("exit_code").GetInt32().ShouldBe(0, run.Run.Output);
        end.GetProperty("fence").GetProperty("refused").GetInt64().ShouldBe(0, run.Run.Output);
        end.GetProperty("fence").GetProperty("passed").GetInt64().ShouldBeGreaterThan(0);
    }

    [Fact]
    public void Fence_that_does_not_load_fails_the_run()
    {
        using var run = Prepare(ProbedScope, Long, ["/usr/bin/nmap", "-n", "-Pn", "-sS", "-p", "22", "10.20.0.9"]);
        using var far = new FarSide();
        Lab.Run(Lab.Uplink, "nft", $"delete table netdev {run.Place.Name}");
        run.Run.Start();
        var end = run.Run.End();
        end.GetProperty("cause").GetString().ShouldBe("CouldNotStart");
        end.GetProperty("detail").GetString()!.ShouldContain(run.Place.Name);
        end.TryGetProperty("fence", out _).ShouldBeFalse("what cannot be read is not told");
        far.Settle().ShouldNotContain(frame => frame.Source == run.Place.Address4);
    }

    [Fact, Trait(Stage.Name, Stage.Quiet)]
    public void Scope_that_is_too_wide_for_a_fence_is_refused_within_a_second_and_the_widest_is_loaded()
    {
        foreach (var (ranges, ports, loads) in new[] { (SandboxTerms.MostRanges - 1, true, true), (100_000, true, false), (100_000, false, true) })
        {
            var addresses = AddressSet.Of(Enumerable.Range(0, ranges).Select(i => new AddressRange(Address.V4(0x0b000000 + (uint)(4 * i)), Address.V4(0x0b000001 + (uint)(4 * i)))));
            var scope = new NetworkScope(addresses, ports ? PortSet.OfPorts(80) : PortSet.Empty, PortSet.Empty, PortSet.Empty, Icmp: false);
            using (var run = Prepare(scope, Long, ["/usr/bin/true"]))
            {
                run.Run.Start();
                run.Run.End().GetProperty("cause").GetString().ShouldBe(loads ? "Exited" : "CouldNotStart");
            }

            // The quickest of some: in the others the machine did something else as well.
            Enumerable.Range(0, 3).Min(_ => Load(scope)).ShouldBeLessThan(TimeSpan.FromSeconds(1), $"{ranges} ranges");
        }

        static TimeSpan Load(NetworkScope scope)
        {
            using var pool = Pool();
            var place = pool.Take(Scope(["10.20.0.9"]));
            var clock = System.Diagnostics.Stopwatch.StartNew();
            Writ.Runner.Kernel.NetworkNamespace.In(place.Uplink, () =>
            {
                using var fence = place.Fence();
                clock.Restart();
                try
                {
                    fence.Open(scope, Budget.Unlimited, ZoneCells.None, SupervisedRun.Wall() + 10_000_000, SupervisedRun.Boot() + 10_000_000);
                }
                catch (IOException)
                {
                    // Refused, which is quick enough as well.
                }

                clock.Stop();
                new NetdevFenceBuilder().Remove(place.Name);
            });
            return clock.Elapsed;
        }
    }

    [Fact]
    public void Next_hops_follow_the_routes_while_a_run_lives()
    {
        using var run = Start(Scope(["10.77.0.0/24"], udp: "53"), TimeSpan.FromSeconds(60), "/usr/bin/sleep", "100");
        run.Run.UntilStarted();
        using var far = new FarSide();
        Say();
        far.Settle().ShouldNotContain(frame => frame.Destination == "10.77.0.9", "no route leads there");
        Lab.Run(Lab.Uplink, "ip", "route", "add", "10.77.0.0/24", "via", "10.99.0.2");
        try
        {
            SupervisedRun.Until(() =>
            {
                Say();
                return far.Frames().Exists(frame => frame.Destination == "10.77.0.9");
            }, "the new route is not followed");
        }
        finally
        {
            Lab.Run(Lab.Uplink, "ip", "route", "del", "10.77.0.0/24");
        }

        void Say() => Frame(run, "10.77.0.9");
    }

    // As a frame, since a run's own stack was told at its start where nothing leads to.
    private static void Frame(FencedRun run, string to) => run.Inside("python3", "-c", """
        import socket, struct, sys
        def check(d):
            t = sum(struct.unpack("!10H", d)); t = (t & 0xffff) + (t >> 16); return ~((t & 0xffff) + (t >> 16)) & 0xffff
        body = struct.pack("!HHHH", 40000, 53, 8, 0)
        head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 28, 7, 0, 60, 17, 0, socket.inet_aton(sys.argv[1]), socket.inet_aton(sys.argv[2]))
        head = head[:10] + struct.pack("!H", check(head)) + head[12:]
        s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW); s.bind(("eth0", 0))
        s.send(bytes.fromhex("020000000001020000000077") + b"\x08\0" + head + body)
        """, run.Place.Address4!, to);

    [Fact]
    public void Of_several_next_hops_one_that_lives_is_taken_and_another_when_it_dies()
    {
        Lab.Run(Lab.Uplink, "ip", "link", "add", "spare", "type", "veth", "peer", "name", "nowhere");
        try
        {
            Lab.Run(Lab.Uplink, "ip", "link", "set", "nowhere", "up");
            Lab.Run(Lab.Uplink, "ip", "link", "set", "spare", "up");
            Lab.Run(Lab.Uplink, "ip", "route", "add", "10.78.0.0/24", "nexthop", "dev", "spare", "nexthop", "via", "10.99.0.2", "dev", "corp");
            using var run = Start(Scope(["10.78.0.0/24"], udp: "53"), TimeSpan.FromSeconds(60), "/usr/bin/sleep", "100");
            run.Run.UntilStarted();
            using var far = new FarSide();
            Frame(run, "10.78.0.9");
            far.Settle().ShouldNotContain(frame => frame.Destination == "10.78.0.9", "the first of them leads elsewhere");
            Lab.Run(Lab.Uplink, "ip", "link", "set", "spare", "down");
            SupervisedRun.Until(() =>
            {
                Frame(run, "10.78.0.9");
                return far.Frames().Exists(frame => frame.Destination == "10.78.0.9");
            }, "the hop that is left is not taken");
        }
        finally
        {
            Lab.Run(Lab.Uplink, "ip", "link", "del", "spare");
        }
    }

    [Fact]
    public void Routing_rules_are_followed_and_one_that_cannot_be_fails_the_run()
    {
        string[] elsewhere = ["to", "10.79.0.0/24", "lookup", "179"], ports = ["to", "10.79.1.0/24", "ipproto", "udp", "dport", "53", "lookup", "179"];
        Lab.Run(Lab.Uplink, "ip", "route", "add", "10.79.0.0/24", "via", "10.99.0.2", "table", "179");
        Lab.Run(Lab.Uplink, ["ip", "rule", "add", .. ports]);
        try
        {
            using var run = Start(Scope(["10.79.0.0/24"], udp: "53"), TimeSpan.FromSeconds(60), "/usr/bin/sleep", "100");
            run.Run.UntilStarted();
            using var far = new FarSide();
            Frame(run, "10.79.0.9");
            far.Settle().ShouldNotContain(frame => frame.Destination == "10.79.0.9", "no rule leads to that table");
            Lab.Run(Lab.Uplink, ["ip", "rule", "add", .. elsewhere]);
            SupervisedRun.Until(() =>
            {
                Frame(run, "10.79.0.9");
                return far.Frames().Exists(frame => frame.Destination == "10.79.0.9");
            }, "the rule is not followed");

            using var other = Start(Scope(["10.79.1.0/24"], udp: "53"), Long, "/usr/bin/true");
            var end = other.Run.End();
            end.GetProperty("cause").GetString().ShouldBe("CouldNotStart");
            end.GetProperty("detail").GetString()!.ShouldMatch("routing rule [0-9]+ looks at protocol or ports, which a fence cannot follow");
        }
        finally
        {
            foreach (var rule in (string[][])[elsewhere, ports])
                Lab.Run(Lab.Uplink, "sh", "-c", $"ip rule del {string.Join(' ', rule)} || true");
            Lab.Run(Lab.Uplink, "ip", "route", "flush", "table", "179");
        }
    }

    [Fact]
    public void Left_overs_of_a_daemon_that_crashed_were_closed_and_are_removed_at_the_next_start()
    {
        var runner = Guid.NewGuid().ToString();
        // Never disposed of: its places are what a crash leaves.
        var crashed = Pool(ready: 1, runner);
        var live = crashed.Take(ProbedScope);
        SupervisedRun.Until(() => Names().Count == 2, "no place stands ready");
        using var far = new FarSide();
        foreach (var place in Names())
            Lab.Run(place, "python3", Path.Combine(AppContext.BaseDirectory, "Runner/Fences/probes.py"), "eth0", "02:00:00:00:00:01", live.Address4!, live.Address6!, live.Name);
        far.Probes(live.Name).ShouldBeEmpty("a place without a run is closed");

        using (var next = Pool(ready: 0, runner, [live]))
            Names().ShouldBe([live.Name]);
        using (var last = Pool(ready: 0, runner))
            Names().ShouldBeEmpty();
        Lab.Run(Lab.Uplink, "nft", "list", "tables").ShouldNotContain(FencePool.PrefixOf(runner) + "-");

        List<string> Names() => [.. Directory.EnumerateFiles("/run/netns", FencePool.PrefixOf(runner) + "-*").Select(path => Path.GetFileName(path))];
    }

    [Theory]
    [InlineData('.', "10.20.0.5")]
    [InlineData(':', "2001:db8:20::5")]
    public void Pool_of_one_family_is_enough_for_runs_of_it(char family, string target)
    {
        using var pool = Pool(addresses: [.. Lab.Pool().Where(address => address.Contains(family))]);
        using var run = PrepareFrom(pool, Scope([target], tcp: "22"), TimeSpan.FromSeconds(30), ["/usr/bin/nmap", .. family == ':' ? ["-6"] : Array.Empty<string>(), "-n", "-Pn", "-sT", "-p", "22", target]);
        run.Run.Start();
        run.Run.End().GetProperty("cause").GetString().ShouldBe("Exited");
        run.Run.Output.ShouldMatch("22/tcp +open");
    }

    [Fact]
    public void Refused_packets_are_told_by_destination_while_the_run_lives_and_at_its_end()
    {
        using var run = FencedRun.Idle();
        run.Run.UntilStarted();
        run.Probe(false, "in-echo4", "address", "port", "port6", "gre", "vlan", "first-fragment", "later-fragment");
        var path = Path.Combine(run.Run.Folder, "refused");
        SupervisedRun.Until(() => File.Exists(path), "nothing is reported while the run lives");
        // The rest comes with the next report, at the latest with the end.
        run.Probe(false, "address6");
        SupervisedRun.Signal(run.Run.Pid, "TERM");
        var end = run.Run.End().GetProperty("fence");

        // Each probe is two frames.
        end.GetProperty("refused").GetInt64().ShouldBe(16);
        end.GetProperty("passed").GetInt64().ShouldBe(2);
        using var report = JsonDocument.Parse(File.ReadAllText(path));
        report.RootElement.GetProperty("destinations").EnumerateArray()
            .Select(entry => $"{entry.GetProperty("address")} {entry.GetProperty("protocol")} {entry.GetProperty("port")} {entry.GetProperty("packets")}").Order()
            .ShouldBe(["10.20.0.77 6 22 2", "10.20.0.9 47 0 2", "10.20.0.9 6 0 2", "10.20.0.9 6 22 2", "10.20.0.9 6 23 2", "2001:db8:20::77 6 80 2", "2001:db8:20::9 6 81 2"]);
        report.RootElement.GetProperty("uncounted").GetInt64().ShouldBe(2, "a tagged frame has no destination");
    }

    [Fact]
    public void Uplink_answers_for_the_runs_addresses_while_it_lives_and_no_longer()
    {
        using var run = Start(ProbedScope, TimeSpan.FromSeconds(60), "/usr/bin/sleep", "100");
        Addresses().ShouldNotContain(run.Place.Address4!);
        run.Run.UntilStarted();
        Addresses().ShouldContain(run.Place.Address4! + "/32");
        Addresses().ShouldContain(run.Place.Address6! + "/128");
        SupervisedRun.Signal(run.Run.Pid, "TERM");
        run.Run.End();
        Addresses().ShouldNotContain(run.Place.Address4!);
        Addresses().ShouldNotContain(run.Place.Address6!);

        static string Addresses() => Lab.Run(Lab.Uplink, "ip", "addr", "show", "dev", "corp");
    }

    [Fact]
    public void Killed_supervisor_leaves_a_fence_that_the_daemon_closes_and_reads()
    {
        using var run = FencedRun.Idle();
        run.Run.UntilStarted();
        SupervisedRun.Signal(run.Run.Pid, "KILL");
        SupervisedRun.Until(() => run.Run.Processes() == 0, "processes are left");
        using (var open = new FarSide())
        {
            run.Probe();
            open.Probes(run.Place.Name).ShouldContain("in-tcp4", "until the deadline it is the kernel's");
        }

        NetdevFence.CloseAndRead(run.Place, ZoneCells.None).ShouldNotBeNull().Closed.ShouldBeTrue();
        using var far = new FarSide();
        run.Probe();
        far.Probes(run.Place.Name).ShouldBeEmpty();
    }

    [Fact]
    public void Receipt_of_a_fence_that_was_left_open_says_so()
    {
        using var run = FencedRun.Idle();
        run.Run.UntilStarted();
        NetdevFence.CloseAndRead(run.Place, ZoneCells.None)!.Closed.ShouldBeTrue();
        Lab.Run(Lab.Uplink, "nft", $"add rule netdev {run.Place.Name} out accept");
        SupervisedRun.Until(() => Read() is { Closed: false }, "an open rule is not seen");

        FenceReading? Read()
        {
            FenceReading? reading = null;
            Writ.Runner.Kernel.NetworkNamespace.In(Lab.Uplink, () =>
            {
                using var fence = new NetdevFence(run.Place);
                reading = fence.Read();
            });
            return reading;
        }
    }
}
