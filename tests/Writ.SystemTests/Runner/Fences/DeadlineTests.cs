using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json.Nodes;
using Writ.Runner.Fences;
using Writ.SystemTests.Storage;
using static Writ.SystemTests.Runner.Fences.FencedRun;

namespace Writ.SystemTests.Runner.Fences;

/// <summary>The deadline as the kernel holds it, measured where it matters: in the company's network. Runs alone.</summary>
[Collection(AloneCollection.Name)]
public sealed class DeadlineTests
{
    // Talks to a host in scope on a connection and with single packets, every two milliseconds, until it is ended from outside.
    private const string Talker = """
        import socket, time
        c = socket.create_connection(("10.20.0.9", 80))
        c.setblocking(False)
        u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        u.connect(("10.20.0.9", 53))
        while True:
            for s in (c, u):
                try: s.send(b"x")
                except OSError: pass
            time.sleep(0.002)
        """;

    private static readonly string[] Talking = ["/usr/bin/python3", "-I", "-c", Talker];

    // Talks, and so do its children: in sessions of their own, deaf to whatever can be ignored.
    private static readonly string[] TalkingDeaf = ["/usr/bin/sh", "-c", $"trap '' TERM HUP INT QUIT; for i in 1 2; do setsid /usr/bin/python3 -I -c '{Talker}' & done; wait"];

    // What a round of the campaign is about.
    private enum Round
    {
        LastSecond,
        Plain,
        Deaf,
        LateContact,
        StoppedUntilLate,
    }

    /// <summary>
    /// The campaign: ten rounds, a thousand with WRIT_TEST_SCALE=100. A run that starts in its last second; one in whose tree all are
    /// deaf; one whose daemon is heard again right before the deadline, after it was away for nearly as long as it may be; and one
    /// whose tool was stopped and goes on right before the deadline. A hundred rounds and more go four at a time, each with a capture of its
    /// own: who is held up by the others is late, and so none looks better for it.
    /// </summary>
    [Fact]
    public void Last_packet_and_last_process_are_gone_at_the_deadline()
    {
        var rounds = TestScale.Times(10);
        var (packets, processes, mute) = (new ConcurrentBag<long>(), new ConcurrentBag<long>(), 0);
        using var pool = Pool();
        Parallel.For(0, rounds, new ParallelOptions { MaxDegreeOfParallelism = rounds >= 100 ? 4 : 1 }, i =>
        {
            var round = (Round)(i % 5);
            using var run = PrepareFrom(pool, ProbedScope, TimeSpan.FromMilliseconds(round == Round.LastSecond ? 900 : 1_500), round == Round.Deaf ? TalkingDeaf : Talking,
                spec => spec["max_disconnected"] = round == Round.LateContact ? 1_400_000 : 60_000_000);
            using var far = new FarSide(run.Place.Address4);
            run.Run.Begin();
            run.Run.Start().UntilStarted();
            Disturb(round, run.Run);
            var end = run.Run.End();
            var frames = far.Settle().Where(frame => frame.Source == run.Place.Address4).ToList();
            // On a machine so busy that the tool hardly came to talk, its silence at the deadline shows nothing.
            if (frames.Count > 20)
                packets.Add(frames[^1].At - run.Run.Deadline);
            else
                Interlocked.Increment(ref mute);
            processes.Add(end.GetProperty("at").GetInt64() - run.Run.Deadline);
            run.Run.Processes().ShouldBe(0, $"{round}");
            end.GetProperty("cause").GetString().ShouldBe("Deadline", end.ToString());
            end.GetProperty("processes_left").GetInt32().ShouldBe(0, end.ToString());
            end.GetProperty("fence").GetProperty("closed").GetBoolean().ShouldBeTrue(end.ToString());
        });

        mute.ShouldBeLessThanOrEqualTo(processes.Count / 5, "rounds in which the tool hardly talked");
        Report("last packet after the deadline", [.. packets]);
        Report("last process after the deadline", [.. processes]);
        Percentile([.. packets], 99).ShouldBeLessThan(20_000, "microseconds after the deadline");
        // Of a few runs, the 99th percentile is the one that a busy machine disturbed most.
        Percentile([.. processes], processes.Count >= 100 ? 99 : 50).ShouldBeLessThan(100_000, "microseconds after the deadline");
    }

    private static void Disturb(Round round, SupervisedRun run)
    {
        const long late = 200_000;
        if (round == Round.LateContact)
        {
            using var control = run.Control();
            SupervisedRun.Until(() => SupervisedRun.Wall() > run.Deadline - late, "time does not pass");
            control.Send("contact"u8);
        }
        else if (round == Round.StoppedUntilLate)
        {
            var init = run.Started.GetProperty("init_pid").GetInt32();
            var tool = int.Parse(File.ReadAllText($"/proc/{init}/task/{init}/children").Split(' ')[0], CultureInfo.InvariantCulture);
            SupervisedRun.Until(() => SupervisedRun.Wall() > run.Deadline - (3 * late), "time does not pass");
            SupervisedRun.Signal(tool, "STOP");
            SupervisedRun.Until(() => SupervisedRun.Wall() > run.Deadline - late, "time does not pass");
            SupervisedRun.Signal(tool, "CONT");
        }
    }

    [Theory]
    [InlineData("wall clock", "deadline_boot")]
    [InlineData("boot clock", "deadline")]
    public void Either_clock_alone_closes_the_fence_whatever_was_done_to_the_other(string left, string moved)
    {
        // Stepped by two hours: the order's instant on one clock is that far away from the other's.
        var at = 0L;
        using var run = Prepare(ProbedScope, TimeSpan.FromSeconds(2.5), Talking, spec =>
        {
            at = (long)spec["deadline"]!;
            spec[moved] = (long)spec[moved]! + 7_200_000_000;
        });
        using var far = new FarSide();
        run.Run.Start().UntilStarted();
        // Nobody but the kernel is left to close it.
        SupervisedRun.Signal(run.Run.Pid, "STOP");
        SupervisedRun.Until(() => SupervisedRun.Wall() > at + 300_000, "time does not pass");
        var frames = far.Settle().Where(frame => frame.Source == run.Place.Address4).ToList();
        frames.Count.ShouldBeGreaterThan(20, "it must talk until then");
        (frames[^1].At - at).ShouldBeInRange(-400_000, 20_000, left);
        run.Run.Processes().ShouldBeGreaterThan(0, "the tool still tries");
    }

    [Fact]
    public void Fence_adds_at_most_ten_milliseconds_to_the_start_of_a_run()
    {
        var with = new List<long>();
        var without = new List<long>();
        for (var i = 0; i < TestScale.Times(21); i++)
        {
            // A place that stands ready, as the daemon has it; taking it is in the measure.
            var pool = Pool(ready: 1);
            using (var plain = new SupervisedRun(["/usr/bin/true"], TimeSpan.FromSeconds(10), spec => spec["network_namespace"] = Lab.Uplink))
                without.Add(Measure(plain));
            using var fenced = PrepareFrom(pool, ProbedScope, TimeSpan.FromSeconds(10), ["/usr/bin/true"], ownsPool: true);
            with.Add(Measure(fenced.Run));
        }

        Report("start without a fence", without);
        Report("start with a fence", with);
        // Each start with a fence comes right after one without: what else the machine is doing then is in both.
        var added = with.Zip(without, (fenced, plain) => fenced - plain).ToList();
        Report("added by the fence", added);
        Percentile(added, 50).ShouldBeLessThan(10_000, "microseconds");

        static long Measure(SupervisedRun run)
        {
            run.Start().End();
            return run.Started.GetProperty("after_order").GetInt64();
        }
    }

    [Fact]
    public void Many_runs_in_a_row_leave_nothing_behind()
    {
        // Runners of other tests keep places of their own: what is counted bears the mark of this runner's places, or is an address of
        // its runs. The permanent drop stays, as it must.
        var runner = Guid.NewGuid().ToString();
        var mark = $"{FencePool.PrefixOf(runner)}-";
        var addresses = new HashSet<string>();
        using (var pool = Pool(ready: 1, runner))
        {
            for (var i = 0; i < TestScale.Times(20); i++)
            {
                using var run = PrepareFrom(pool, ProbedScope, TimeSpan.FromSeconds(10), ["/usr/bin/true"]);
                run.Run.Start().End();
                addresses.UnionWith(new[] { run.Place.Address4, run.Place.Address6 }.OfType<string>());
                Left().ShouldNotBeEmpty();
            }
        }

        SupervisedRun.Until(() => Left().Count == 0, $"left over: {string.Join("; ", Left())}");

        List<string> Left() =>
        [
            .. Directory.GetFiles("/run/netns").Concat(File.ReadAllLines("/proc/self/mounts")).Concat(Lines("ip", "-o", "link")).Concat(Lines("nft", "list", "tables"))
                .Where(line => line.Contains(mark, StringComparison.Ordinal)),
            .. Lines("ip", "-o", "addr").Where(line => addresses.Any(address => line.Contains($" {address}/", StringComparison.Ordinal))),
        ];
        static string[] Lines(params string[] command) => Lab.Run(Lab.Uplink, command).Split('\n');
    }

    private static long Percentile(List<long> values, int percent)
    {
        var sorted = values.Order().ToList();
        return sorted[Math.Min(sorted.Count - 1, sorted.Count * percent / 100)];
    }

    private static void Report(string what, List<long> values)
    {
        var line = string.Create(CultureInfo.InvariantCulture,
            $"fence: {what}: least {values.Min() / 1000.0:0.0} ms, p50 {Percentile(values, 50) / 1000.0:0.0} ms, p99 {Percentile(values, 99) / 1000.0:0.0} ms, most {values.Max() / 1000.0:0.0} ms of {values.Count}");
        TestContext.Current.SendDiagnosticMessage(line);
        if (Environment.GetEnvironmentVariable("WRIT_TEST_REPORT") is { Length: > 0 } report)
            File.AppendAllText(report, line + "\n");
    }
}

/// <summary>For tests that measure time.</summary>
[CollectionDefinition(Name, DisableParallelization = true), Trait(Stage.Name, Stage.Quiet)]
public sealed class AloneCollection
{
    internal const string Name = "fences, alone";
}
