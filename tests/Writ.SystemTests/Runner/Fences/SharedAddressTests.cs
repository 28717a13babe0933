using Writ.Proof.Addresses;
using Writ.Runner;
using Writ.Runner.Fences;
using static Writ.SystemTests.Runner.Fences.FencedRun;

namespace Writ.SystemTests.Runner.Fences;

/// <summary>A runner without a pool: its runs come from the uplink's own addresses, and the host goes on with its own talk. Runs alone, as others talk from there too.</summary>
[Collection(AloneCollection.Name)]
public sealed class SharedAddressTests : IDisposable
{
    private const string Own4 = "10.99.0.1", Own6 = "fd99::1";
    private readonly FencePool _pool = new(new NetdevFenceBuilder(), Guid.NewGuid().ToString(), Lab.Uplink, AddressSet.Empty, 2, [], TimeProvider.System,
        text => TestContext.Current.SendDiagnosticMessage(text));

    private static readonly NetworkScope Web = Scope(["10.20.0.9", "2001:db8:20::9"], tcp: "22,80", udp: "53,161", icmp: true);

    private FencedRun Start(NetworkScope scope, params string[] argv)
    {
        var run = PrepareFrom(_pool, scope, TimeSpan.FromSeconds(40), argv);
        run.Run.Start();
        return run;
    }

    [Theory]
    [InlineData("-sS -g 40077 -p 22,80", "22/tcp open", 40077)]
    [InlineData("-sT -sV -p 22,80", "80/tcp open  http", 0)]
    [InlineData("-6 -sS -p 22", "22/tcp open", 0)]
    // The error of a closed port comes back for the run.
    [InlineData("-sU -p 161", "161/udp closed", 0)]
    [InlineData("-6 -sU -p 161", "161/udp filtered", 0)]
    [InlineData("-sn -PE", "1 host up", 0)]
    [InlineData("-sn -PP", "1 host up", 0)]
    [InlineData("-6 -sn -PE", "1 host up", 0)]
    public void Run_without_a_pool_comes_from_the_uplinks_address_with_its_own_ports_and_hears_what_comes_back(string options, string found, int port)
    {
        using var far = new FarSide();
        string[] ping = options.Contains("-sn", StringComparison.Ordinal) ? [] : ["-Pn"];
        using var run = Start(Web, ["/usr/bin/nmap", "-n", .. ping, .. options.Split(' '), options.StartsWith("-6", StringComparison.Ordinal) ? "2001:db8:20::9" : "10.20.0.9"]);
        var fence = run.Run.End(60).GetProperty("fence");
        run.Run.Output.ShouldContain(found);
        (run.Place.Address4, run.Place.Address6).ShouldBe((Own4, Own6));
        fence.GetProperty("refused").GetInt64().ShouldBe(0);
        var sent = far.Settle().Where(frame => frame.Source is Own4 or Own6).ToList();
        sent.Count.ShouldBe((int)fence.GetProperty("passed").GetInt64());
        if (port > 0)
            sent.ShouldAllBe(frame => ((frame.Bytes[34] << 8) | frame.Bytes[35]) == port);
    }

    [Fact]
    public void Crafted_frames_out_of_scope_do_not_leave_from_the_uplinks_address_either()
    {
        using var run = Start(ProbedScope, "/usr/bin/sleep", "100");
        run.Run.UntilStarted();
        using (var open = new FarSide())
            run.Probe(unfenced: true).Except(open.Probes(run.Place.Name)).ShouldBeEmpty("a probe that does not arrive without a fence proves nothing");
        using var far = new FarSide();
        var tried = run.Probe();
        // From here a packet of the host's own is what the run may send.
        far.Probes(run.Place.Name).Order().ShouldBe(tried.Where(name => name.StartsWith("in-", StringComparison.Ordinal) || name is "source-of-the-host" or "source6-of-the-host").Order());
    }

    [Fact]
    public void Host_goes_on_with_its_own_talk_to_what_a_run_reaches_and_keeps_its_address()
    {
        // From a port that the host's own connections do not come from: the one way in which the two meet, and chance would have it now and then.
        using var run = Start(Web, "/usr/bin/nmap", "-n", "-Pn", "-sS", "-sU", "-g", "62000", "-p", "T:22,80,U:53,161", "--max-rate", "200", "--max-retries", "9", "10.20.0.9");
        run.Run.UntilStarted();
        for (var i = 0; i < 5; i++)
            Talk();
        run.Run.End(60).GetProperty("fence").GetProperty("closed").GetBoolean().ShouldBeTrue();
        Talk();
        _pool.Release(run.Place);
        SupervisedRun.Until(() => !Directory.Exists($"/proc/sys/net/ipv4/conf/{run.Place.Name}") && !File.Exists($"/run/netns/{run.Place.Name}"), "the place stays");
        Talk();
        Lab.Run(Lab.Uplink, "ip", "-o", "addr").ShouldContain($" {Own4}/16 ");
        Lab.Run(Lab.Uplink, "ip", "-o", "addr").ShouldContain($" {Own6}/64 ");

        static void Talk() => Lab.Run(Lab.Uplink, "/usr/bin/python3", "-I", "-c", """
            import socket
            for family, host in ((socket.AF_INET, "10.20.0.9"), (socket.AF_INET6, "2001:db8:20::9")):
                c = socket.socket(family, socket.SOCK_STREAM)
                c.settimeout(5)
                c.connect((host, 80))
                c.sendall(b"GET / HTTP/1.0\r\n\r\n")
                assert c.recv(100).startswith(b"HTTP/")
                # A closed port's error comes to the host, too.
                u = socket.socket(family, socket.SOCK_DGRAM)
                u.settimeout(5)
                u.connect((host, 161))
                u.send(b"x")
                try:
                    u.recv(1)
                    raise SystemExit("no error came")
                except ConnectionRefusedError: pass
            """);
    }

    [Fact]
    public void Second_run_that_reaches_the_same_waits_for_its_turn_and_one_that_does_not_starts()
    {
        var first = _pool.Take(Web);
        Should.Throw<RunnerException>(() => _pool.Take(Scope(["10.20.0.0/28"], tcp: "443"))).Message.ShouldContain("another run reaches some of the same addresses");
        _pool.Release(_pool.Take(Scope(["10.20.0.10"], tcp: "443")));
        _pool.Release(first);
        SupervisedRun.Until(() =>
        {
            try
            {
                _pool.Release(_pool.Take(Web));
                return true;
            }
            catch (RunnerException)
            {
                return false;
            }
        }, "the first one's end changes nothing");
    }

    public void Dispose() => _pool.Dispose();
}
