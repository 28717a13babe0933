namespace Writ.Core.Tools.Nmap;

/// <summary>
/// What a run will cost, roughly. It supposes that every host is up and answers at once, that up to five of its TCP and
/// five of its UDP ports are open, and that half of the UDP probes are sent twice. Then, for each host, packets are:
/// <list type="bullet">
/// <item>discovery: one a probe;</item>
/// <item>SYN scan: one a port, and one more for an open port (the reset); connect scan: two more for an open port;</item>
/// <item>UDP scan: one and a half a port;</item>
/// <item>version detection: 20 an open port; scripts: 10 each; OS detection: 40; traceroute: 20.</item>
/// </list>
/// Time is packets by the template's rate (or <c>--max-rate</c>), beside one second a UDP port and group of 64 hosts (closed
/// ports answer at that rate) and 10 seconds a group for version detection and scripts.
/// </summary>
internal static class NmapEstimate
{
    // Packets a second by template: T0 one in five minutes, T1 one in 15 s, T2 one in 0.4 s; the rest as seen on a quick network.
    private static readonly double[] Rates = [1 / 300.0, 1 / 15.0, 2.5, 1_000, 2_000, 4_000];

    /// <summary>Packets, and the time that they take; both stop at the largest value of their type.</summary>
    public static (long Packets, TimeSpan Time) Of(NmapCommand command, NmapReach reach, UInt128 hosts, int scripts)
    {
        if (command.ListOnly)
            return (0, TimeSpan.FromSeconds(1));

        var (openTcp, openUdp) = (Math.Min(5, reach.Tcp.Count), Math.Min(5, reach.Udp.Count));
        double each = reach.Probes
            + reach.Tcp.Count + (openTcp * (command.Connect ? 2 : 1))
            + (reach.Udp.Count * 1.5)
            + (command.Version ? 20 * (openTcp + openUdp) : 0)
            + (10 * scripts) + (command.Os ? 40 : 0) + (command.Traceroute ? 20 : 0);
        var packets = each * (double)hosts;
        var groups = Math.Ceiling((double)hosts / 64);
        var rate = Math.Min(Rates[command.Timing], (double)(command.MaxRate ?? decimal.MaxValue));
        var seconds = (packets / rate) + (groups * reach.Udp.Count) + (command.Version || scripts > 0 ? groups * 10 : 0);
        return (packets >= long.MaxValue ? long.MaxValue : (long)Math.Ceiling(packets),
            seconds >= TimeSpan.MaxValue.TotalSeconds / 2 ? TimeSpan.MaxValue : TimeSpan.FromSeconds(Math.Ceiling(seconds)));
    }
}
