using Writ.Proof.Addresses;
using Writ.Proof.Orders;
using Writ.Proof.Statements;
using Writ.Runner.Fences;
using Writ.Runner.Kernel;
using Writ.SystemTests.Tools;
using static Writ.SystemTests.Runner.Fences.FencedRun;

namespace Writ.SystemTests.Runner.Fences;

/// <summary>What a run that captures is handed: copies of its scope while it has time, by the kernel alone, and no way out.</summary>
public sealed class CaptureTests
{
    private const int Tcp = 6, Icmp = 1, Icmp6 = 58;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Kernel_copies_what_is_of_the_scope_while_there_is_time_and_lets_nothing_out(bool ownAddress)
    {
        using var pool = Pool(addresses: ownAddress ? null : []);
        var scope = Scope(["10.20.0.5", "2001:db8:20::5"], tcp: "80", icmp: true);
        var place = pool.Take(scope, captures: true);
        try
        {
            var (until, untilBoot) = (SupervisedRun.Wall() + 8_000_000, SupervisedRun.Boot() + 8_000_000);
            NetworkNamespace.In(place.Uplink, () =>
            {
                using var fence = place.Fence();
                fence.Open(scope, Budget.Unlimited, ZoneCells.None, until, untilBoot);
            });
            // Nobody holds it from here on but the kernel.
            var seen = await Seen(place);
            seen.Keys.ShouldContain(new Sent(At("10.20.0.5"), Tcp, 80));
            seen.Keys.ShouldContain(sent => sent.Protocol == Icmp && sent.To == At("10.20.0.5"), "a question");
            seen.Keys.ShouldContain(sent => sent.Protocol == Icmp && sent.To != At("10.20.0.5"), "and its answer");
            seen.Keys.ShouldContain(sent => sent.Protocol == Icmp6 && sent.To == At("2001:db8:20::5"));
            seen.Keys.ShouldNotContain(sent => sent.To == At("10.20.0.6"));
            seen.Keys.ShouldNotContain(sent => sent.Port == 81);

            // It has no way out, to its own scope neither.
            using (var far = new FarSide())
            {
                Quietly(place.Name, "ping", "-c", "1", "-W", "1", "10.20.0.5");
                if (place.Address4 is { } own)
                    far.Settle().ShouldNotContain(frame => frame.Source == own);
            }

            SupervisedRun.Until(() => SupervisedRun.Boot() > untilBoot, "time stands still");
            (await Seen(place)).ShouldBeEmpty("its time is over");
            var reading = NetdevFence.CloseAndRead(place, ZoneCells.None).ShouldNotBeNull();
            (reading.Closed, reading.Passed).ShouldBe((true, 0));
        }
        finally
        {
            NetworkNamespace.In(place.Uplink, () => new NetdevFenceBuilder().Remove(place.Name));
        }
    }

    /// <summary>What is seen at the run's own end of its link while the runner's host talks to this and that.</summary>
    private static async Task<IReadOnlyDictionary<Sent, int>> Seen(FencePlace place)
    {
        using var capture = await PacketCapture.Start(place.Name, NetdevFenceBuilder.Inner);
        Lab.Run(Lab.Uplink, "nmap", "-n", "-Pn", "-sT", "-p", "80,81", "10.20.0.5-6");
        Lab.Run(Lab.Uplink, "ping", "-c", "1", "10.20.0.5");
        Lab.Run(Lab.Uplink, "ping", "-c", "1", "10.20.0.6");
        Lab.Run(Lab.Uplink, "ping", "-6", "-c", "1", "2001:db8:20::5");
        return capture.Stop();
    }

    // It is to fail, one way or another.
    private static void Quietly(string space, params string[] command)
    {
        using var process = Lab.Start(space, command);
        process.WaitForExit();
        process.ExitCode.ShouldNotBe(0);
    }

    private static Address At(string text) => Address.TryParse(text, out var address) ? address : throw new ArgumentException(text);
}
