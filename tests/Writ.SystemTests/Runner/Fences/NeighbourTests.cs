using System.Globalization;
using Writ.Proof.Addresses;
using Writ.Runner.Fences;
using static Writ.SystemTests.Runner.Fences.FencedRun;

namespace Writ.SystemTests.Runner.Fences;

/// <summary>
/// A scan of a whole network on the uplink's own link, and the neighbours of the host. Linux counts those of all namespaces
/// together, so these run alone. A network of their own: 10.88.0.0/16, of which 256 hosts are there.
/// </summary>
[Collection(AloneCollection.Name)]
public sealed class NeighbourTests : IDisposable
{
    private readonly string _near = $"wn-{Guid.NewGuid().ToString()[..6]}", _far = $"wf-{Guid.NewGuid().ToString()[..6]}";

    // Between namespaces a processor holds this many packets and loses what comes on top: a thousand is less than the questions for neighbours
    // that are asked again in one moment, and then it is the machine that loses packets of the scan.
    private const string Backlog = "/proc/sys/net/core/netdev_max_backlog";
    private readonly string _backlog = File.ReadAllText(Backlog);

    public NeighbourTests()
    {
        File.WriteAllText(Backlog, "200000");
        Shell($"ip netns add {_near}; ip netns add {_far}; ip -n {_near} link add lan type veth peer name lan netns {_far}; ip -n {_near} link add other type veth peer name other netns {_far}");
        foreach (var (space, last) in new[] { (_near, 1), (_far, 2) })
            Shell($"ip -n {space} link set lo up; ip -n {space} addr add 10.88.0.{last}/16 dev lan; ip -n {space} addr add 10.89.0.{last}/24 dev other; ip -n {space} link set lan up; ip -n {space} link set other up");
        Shell($"ip -n {_far} route add local 10.88.7.0/24 dev lo; ip -n {_far} route add local 10.89.0.128/25 dev lo");
    }

    [Fact]
    public void Scan_of_a_network_on_the_uplinks_link_leaves_the_host_its_neighbours()
    {
        // Without a fence some thousand addresses are more than Linux remembers.
        var full = TablesFull();
        using (var asked = new Asked(_far))
        {
            Lab.Run(_near, ["/usr/bin/python3", "-I", "-c", Knocker, "10.88.0.0", "4096"]);
            SupervisedRun.Until(() => asked.Count > 100, "nobody asks");
        }

        TablesFull().ShouldBeGreaterThan(full, "what is not exhausted by this proves nothing");
        Shell($"ip -n {_near} neigh flush dev lan");
        SupervisedRun.Until(() => Neighbours("lan").Count < 100, "they stay");

        full = TablesFull();
        using var pool = new FencePool(new NetdevFenceBuilder(), Guid.NewGuid().ToString(), _near, Addresses("10.88.255.1-10.88.255.9"), 0, [], TimeProvider.System,
            text => TestContext.Current.SendDiagnosticMessage(text));
        using var far = new Asked(_far);
        using (var run = PrepareFrom(pool, Scope(["10.88.0.0/16"], udp: "53", icmp: true), TimeSpan.FromSeconds(60),
            ["/usr/bin/python3", "-I", "-c", Knocker, "10.88.0.0", "65536"]))
        {
            run.Run.Start().UntilStarted();
            // While it scans, the host finds others, of this link and of another.
            for (var host = 130; host < 140; host++)
            {
                Lab.Run(_near, ["/usr/bin/python3", "-I", "-c", Knocker, $"10.89.0.{host}", "1"]);
                SupervisedRun.Until(() => Neighbours("other").Exists(line => line.StartsWith($"10.89.0.{host} ", StringComparison.Ordinal) && line.Contains("lladdr", StringComparison.Ordinal)), "the host finds nobody any more");
            }

            var end = run.Run.End(60);
            end.GetProperty("cause").GetString().ShouldBe("Exited", run.Run.Output);
            end.GetProperty("fence").GetProperty("passed").GetInt64().ShouldBe(65_535, $"all but its own: {run.Run.Output} {end.GetProperty("fence")}");
        }

        // Those who are there are found among all who are not.
        using (var scan = PrepareFrom(pool, Scope(["10.88.6.224-10.88.7.31"], icmp: true), TimeSpan.FromSeconds(60),
            ["/usr/bin/nmap", "-n", "-sn", "-PE", "--max-retries", "0", "10.88.6.224-255", "10.88.7.0-31"]))
        {
            scan.Run.Start();
            scan.Run.End(60);
            scan.Run.Output.ShouldContain("(32 hosts up)");
        }

        TablesFull().ShouldBe(full, "the neighbours of the host have no room");
        SupervisedRun.Until(() => far.Count >= 65_530, "not every address was asked for");
        SupervisedRun.Until(() => Neighbours("lan").Count < 20, "what the run has added stays");
    }

    [Fact]
    public void More_on_link_addresses_than_there_is_room_for_fail_the_run_with_the_reason()
    {
        Shell($"ip -n {_near} addr add fd88::1/64 dev lan nodad");
        using var pool = new FencePool(new NetdevFenceBuilder(), Guid.NewGuid().ToString(), _near, Addresses("fd88::ff00-fd88::ff09"), 0, [], TimeProvider.System, _ => { });
        using var run = PrepareFrom(pool, Scope(["fd88::/64"], udp: "53"), TimeSpan.FromSeconds(20), ["/usr/bin/true"]);
        var end = run.Run.Start().End();
        end.GetProperty("cause").GetString().ShouldBe("CouldNotStart");
        end.GetProperty("detail").GetString()!.ShouldContain($"more than {NetdevFence.MostNeighbours} addresses on the uplink's own link");
    }

    private const string Knocker = """
        import socket, sys
        first = int.from_bytes(socket.inet_aton(sys.argv[1]), "big")
        sockets = []
        for i in range(int(sys.argv[2])):
            # What waits for a neighbour is its socket's: one alone would wait for the first ones.
            if i % 256 == 0: sockets.append(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
            s = sockets[-1]
            try: s.sendto(b"x", (socket.inet_ntoa((first + i).to_bytes(4, "big")), 53))
            except OSError as error: print(i, error)
        print("all of them")
        """;

    // table_fulls, the last column, of each processor.
    private static long TablesFull() => File.ReadAllLines("/proc/net/stat/arp_cache").Skip(1)
        .Sum(line => long.Parse(line.AsSpan(line.LastIndexOf(' ') + 1), NumberStyles.HexNumber, CultureInfo.InvariantCulture));

    private List<string> Neighbours(string device) => [.. Lab.Run(_near, "ip", "neigh", "show", "dev", device, "nud", "all").Split('\n', StringSplitOptions.RemoveEmptyEntries)];

    private static void Shell(string commands)
    {
        var start = new System.Diagnostics.ProcessStartInfo("/bin/sh");
        start.ArgumentList.Add("-ec");
        start.ArgumentList.Add(commands);
        using var shell = System.Diagnostics.Process.Start(start)!;
        shell.WaitForExit();
        shell.ExitCode.ShouldBe(0, commands);
    }

    public void Dispose()
    {
        File.WriteAllText(Backlog, _backlog);
        Shell($"ip netns del {_near}; ip netns del {_far}");
    }

    /// <summary>Which addresses the far side was asked for, by ARP.</summary>
    private sealed class Asked : IDisposable
    {
        private const string Script = """
            import socket, sys
            s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0806))
            s.setsockopt(socket.SOL_SOCKET, 33, 64 << 20)
            s.bind(("lan", 0))
            print("ready", flush=True)
            seen = set()
            s.settimeout(0.2)
            while True:
                try: data = s.recv(64)
                except TimeoutError:
                    print(len(seen), flush=True)
                    continue
                if data[20:22] == b"\0\1": seen.add(data[38:42])
            """;

        private readonly System.Diagnostics.Process _process;
        private readonly Task _reading;
        private volatile int _count;

        public Asked(string space)
        {
            _process = Lab.Start(space, "/usr/bin/python3", "-I", "-c", Script);
            _process.StandardOutput.ReadLine().ShouldBe("ready");
            _reading = Task.Run(() =>
            {
                while (_process.StandardOutput.ReadLine() is { } line)
                    _count = int.Parse(line, CultureInfo.InvariantCulture);
            });
        }

        /// <summary>How many different ones so far.</summary>
        public int Count => _count;

        public void Dispose()
        {
            _process.Kill();
            _process.WaitForExit();
            _reading.Wait();
            _process.Dispose();
        }
    }
}
