
using System.Diagnostics;

namespace Writ.SystemTests.Runner.Fences;

/// <summary>
/// Ways out of a fence. Each is tried without it first, where it must arrive in the company's network, and then from inside the
/// namespace of a live run, where nothing of it may. Inside they are root's, with every capability, which a tool never is.
/// </summary>
public sealed class FenceAttackTests
{
    [Fact]
    public void Crafted_frames_out_of_scope_do_not_leave()
    {
        using var run = FencedRun.Idle();
        run.Run.UntilStarted();
        using (var open = new FarSide())
        {
            var sent = run.Probe(unfenced: true);
            sent.Length.ShouldBeGreaterThan(100);
            sent.Except(open.Probes(run.Place.Name)).ShouldBeEmpty("a probe that does not arrive without a fence proves nothing");
        }

        using var far = new FarSide();
        var tried = run.Probe();
        far.Probes(run.Place.Name).Order().ShouldBe(tried.Where(name => name.StartsWith("in-", StringComparison.Ordinal)).Order());
        far.Settle().Where(frame => frame.Source == run.Place.Address4 || frame.Source == run.Place.Address6)
            .ShouldAllBe(frame => frame.EtherType == 0x0800 || frame.EtherType == 0x86dd);
    }

    private static readonly (string Attack, string[] Options)[] Scans =
    [
        ("another address", ["-Pn", "-sS", "-p", "22", "10.20.0.77"]),
        ("another port", ["-Pn", "-sS", "-p", "23", "10.20.0.9"]),
        ("link layer", ["-Pn", "-sS", "--send-eth", "-p", "22", "10.20.0.77"]),
        ("decoys", ["-Pn", "-sS", "-D", "10.20.0.201,10.20.0.202,ME", "-p", "22", "10.20.0.9"]),
        ("loose source route", ["-Pn", "-sS", "--ip-options", "L 10.20.0.77", "-p", "22", "10.20.0.9"]),
        ("record route", ["-Pn", "-sS", "--ip-options", "R", "-p", "22", "10.20.0.9"]),
        ("fragments", ["-Pn", "-sS", "-f", "-p", "22", "10.20.0.9"]),
        ("small fragments", ["-Pn", "-sS", "--mtu", "16", "-p", "22", "10.20.0.9"]),
        ("zombie", ["-Pn", "-sI", "10.20.0.77:80", "-p", "22", "10.20.0.9"]),
        ("source port of dns", ["-Pn", "-sS", "-g", "53", "-p", "23", "10.20.0.9"]),
        ("udp", ["-Pn", "-sU", "-p", "161", "10.20.0.9"]),
        ("sctp", ["-Pn", "-sY", "-p", "22", "10.20.0.9"]),
        ("ip protocols", ["-Pn", "-sO", "-p", "47,50", "10.20.0.9"]),
        ("acks", ["-Pn", "-sA", "-p", "23", "10.20.0.9"]),
        ("xmas", ["-Pn", "-sX", "-p", "23", "10.20.0.9"]),
        ("connect", ["-Pn", "-sT", "-p", "23", "10.20.0.9"]),
        ("host discovery elsewhere", ["-sn", "-PE", "-PS443", "-PA80", "10.20.0.76-78"]),
        ("address masks", ["-sn", "-PM", "10.20.0.9"]),
        ("broadcast scripts", ["--script", "broadcast-dns-service-discovery", "-e", "{device}"]),
        ("version 6", ["-Pn", "-6", "-sS", "-p", "81", "2001:db8:20::9"]),
        ("version 6 elsewhere", ["-Pn", "-6", "-sS", "-p", "22", "2001:db8:20::77"]),
    ];

    [Fact]
    public void Real_scans_out_of_scope_do_not_leave()
    {
        using var run = FencedRun.Idle();
        run.Run.UntilStarted();
        using var far = new FarSide();
        var open = Scans.Select(scan =>
        {
            var begun = SupervisedRun.Wall();
            using var process = Scan(Lab.Uplink, "corp", scan.Options);
            process.WaitForExit(30_000).ShouldBeTrue(scan.Attack);
            return (scan.Attack, begun, ended: SupervisedRun.Wall());
        }).ToList();
        var frames = far.Settle();
        foreach (var (attack, begun, ended) in open)
        {
            frames.Exists(frame => frame.At >= begun && frame.At <= ended && !InScope(frame) && OfTheHost(frame)).ShouldBeTrue(
                $"{attack}: what does not leave without a fence proves nothing");
        }

        using var judge = new FarSide();
        var scans = Scans.Select(scan => Scan(run.Place.Name, "eth0", scan.Options)).ToList();
        foreach (var scan in scans)
        {
            scan.WaitForExit(60_000).ShouldBeTrue();
            scan.Dispose();
        }

        var all = judge.Settle();
        all.ShouldContain(frame => frame.Source == run.Place.Address4 && InScope(frame), "decoys surround a packet in scope");
        all.Where(frame => !InScope(frame) && (frame.Source == run.Place.Address4 || frame.Source == run.Place.Address6 || frame.Source is "10.20.0.201" or "10.20.0.202"))
            .ShouldBeEmpty();

        static bool OfTheHost(Frame frame) => frame.Source is "10.99.0.1" or "fd99::1" or "10.20.0.201" or "10.20.0.202" or "10.20.0.77";
    }

    private static Process Scan(string space, string device, string[] options) => Lab.Start(space,
        ["nmap", "-n", "--max-retries", "0", "--host-timeout", "3s", "--max-rtt-timeout", "100ms", .. options.Select(option => option.Replace("{device}", device, StringComparison.Ordinal))]);

    private static bool InScope(Frame frame) =>
        frame.Source is not ("10.20.0.201" or "10.20.0.202" or "10.20.0.77")
        && frame.Destination is "10.20.0.8" or "10.20.0.9" or "10.20.0.10" or "10.20.0.11"
            or "2001:db8:20::8" or "2001:db8:20::9" or "2001:db8:20::a" or "2001:db8:20::b"
        && (frame.EtherType == 0x86dd || (frame.Bytes[14] == 0x45 && (frame.Bytes[20] & 0x3f) == 0 && frame.Bytes[21] == 0))
        && frame.Protocol switch
        {
            6 => frame.Port is 22 or 80,
            17 => frame.Port == 53,
            132 => frame.Port == 2905,
            1 => frame.Bytes[34] is 8 or 13,
            58 => frame.Bytes[54] == 128,
            _ => false,
        };

    [Fact]
    public void Established_connection_sends_nothing_after_the_deadline()
    {
        const string talker = """
            import socket, sys, time
            s = socket.create_connection(("10.20.0.9", 80))
            s.settimeout(5)
            print("connected", flush=True)
            end = time.time() + float(sys.argv[1])
            while time.time() < end:
                try: s.send(b"x")
                except OSError: pass
                time.sleep(0.002)
            """;
        using var run = FencedRun.Idle(TimeSpan.FromSeconds(4));
        run.Run.UntilStarted();
        using var far = new FarSide();
        // A process that the run's end does not reach: what holds it is the fence alone.
        using var survivor = Lab.Start(run.Place.Name, "python3", "-c", talker, "5");
        survivor.StandardOutput.ReadLine().ShouldBe("connected");
        var deadline = run.Run.Deadline;
        var end = run.Run.End();
        survivor.WaitForExit();
        var frames = far.Settle().Where(frame => frame.Source == run.Place.Address4 && frame.Port == 80).ToList();
        frames.Count.ShouldBeGreaterThan(100, "it must talk until then");
        (frames[^1].At - deadline).ShouldBeInRange(-200_000, 0, "microseconds after the deadline");
        end.GetProperty("fence").GetProperty("closed").GetBoolean().ShouldBeTrue();
        Math.Abs(end.GetProperty("fence").GetProperty("last_packet_at").GetInt64() - frames[^1].At).ShouldBeLessThan(20_000);
    }

    [Fact]
    public void Host_of_the_runner_is_out_of_reach()
    {
        const string listener = """
            import socket
            u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            u.bind(("0.0.0.0", 40123))
            u.settimeout(20)
            print("ready", flush=True)
            print(u.recvfrom(100)[0].decode(), flush=True)
            """;
        using var run = FencedRun.Idle();
        run.Run.UntilStarted();
        using var host = Lab.Start(Lab.Uplink, "python3", "-c", listener);
        host.StandardOutput.ReadLine().ShouldBe("ready");
        Say("fenced");
        // The same packet with the rules gone, so that the host's stack is all that is left to take it.
        Lab.Run(Lab.Uplink, "nft", $"delete table netdev {run.Place.Name}; delete table inet {run.Place.Name[..8]}");
        Lab.Run(Lab.Uplink, "ip", "addr", "del", run.Place.Address4! + "/32", "dev", "corp");
        Lab.Run(Lab.Uplink, "ip", "neigh", "replace", run.Place.Address4!, "dev", run.Place.Name, "lladdr", "02:00:00:00:00:02");
        Lab.Run(Lab.Uplink, "ip", "route", "replace", run.Place.Address4! + "/32", "dev", run.Place.Name);
        Say("unfenced");
        host.StandardOutput.ReadLine().ShouldBe("unfenced");
        host.Kill();

        void Say(string text) => run.Inside("python3", "-c", """
            import socket, sys
            s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            for i in range(3): s.sendto(sys.argv[1].encode(), ("10.99.0.1", 40123))
            """, text);
    }
}
