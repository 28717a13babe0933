using Writ.Proof.Addresses;

namespace Writ.Core.Tools.Nmap;

/// <summary>
/// What a run will cost, roughly: an aid for the approver, not a promise. What it supposes is written down in
/// <c>docs/nmap.md</c>, and a test holds it against packets that were counted on the wire.
/// </summary>
internal sealed class NmapEstimate
{
    /// <summary>Of the scanned ports of a host, how many are supposed to be open: the likeliest by the services file.</summary>
    private const int OpenTcp = 3, OpenUdp = 1;
    /// <summary>An answered probe is one packet, an unanswered one is sent twice: the middle of both.</summary>
    private const double PerProbe = 1.35;
    /// <summary>UDP hosts that answer do so seldom, so that most probes are repeated.</summary>
    private const double PerUdpProbe = 2;
    /// <summary>Fetching the front page of a web server: a connection with one question. Nmap's http library keeps pages.</summary>
    private const double Page = 11;
    /// <summary>Hosts that Nmap works on at once.</summary>
    private const double Group = 64;

    // Packets a second that a quick network allows, by template; T0 one in five minutes, T1 one in 15 s, T2 one in 0.4 s.
    private static readonly double[] Rates = [1 / 300.0, 1 / 15.0, 2.5, 1_000, 2_000, 4_000];

    private readonly NmapCommand _command;
    private readonly NmapReach _reach;
    private readonly double _hosts;
    private readonly PortSet _openTcp;
    private readonly PortSet _openUdp;
    private readonly IReadOnlyList<PlannedScript> _scripts;

    /// <summary>The estimate for so many hosts.</summary>
    public NmapEstimate(NmapCommand command, NmapReach reach, NmapServices? services, UInt128 hosts, IReadOnlyList<PlannedScript> scripts)
    {
        (_command, _reach, _hosts) = (command, reach, (double)hosts);
        _openTcp = Likeliest(services, PortKinds.Tcp, reach.Tcp, OpenTcp);
        _openUdp = Likeliest(services, PortKinds.Udp, reach.Udp, OpenUdp);
        _scripts = [.. scripts.Where(script => !script.Implied)];
        Discovery = DiscoveryPackets();
        Ports = _hosts * PortPackets();
        Version = command.Version ? _hosts * ((_openTcp.Count * Math.Min(20, 4 + (2.2 * (command.VersionIntensity ?? 7)))) + (8 * _openUdp.Count)) : 0;
        Os = command.Os ? _hosts * 30 * Math.Clamp(command.MaxOsTries ?? 3, 1, 3) : 0;
        Traceroute = command.Traceroute ? 12 + (2 * _hosts) : 0;
        Scripts = ScriptPackets();
        Silent = reach.Probes == 0 ? null : Decoyed(2 * reach.Probes * _hosts);
    }

    /// <summary>
    /// Packets of the whole run where no host answers: each probe of discovery is sent twice, and nothing follows. Null where
    /// nothing is asked beforehand.
    /// </summary>
    public double? Silent { get; }

    /// <summary>Packets of host discovery.</summary>
    public double Discovery { get; }
    /// <summary>Packets of the port scan.</summary>
    public double Ports { get; }
    /// <summary>Packets of version detection, the scripts that come with it included.</summary>
    public double Version { get; }
    /// <summary>Packets of OS detection.</summary>
    public double Os { get; }
    /// <summary>Packets of traceroute.</summary>
    public double Traceroute { get; }
    /// <summary>Packets of the scripts that the command names.</summary>
    public double Scripts { get; }

    /// <summary>A count as it is shown; it stops at the largest value.</summary>
    public static long Whole(double packets) => packets >= long.MaxValue ? long.MaxValue : (long)Math.Ceiling(packets);

    /// <summary>The time that a run takes with so many packets; it stops at the largest value.</summary>
    public TimeSpan Time(double packets)
    {
        // A plan whose names are not resolved may have no address yet.
        if (_hosts == 0)
            return TimeSpan.Zero;
        var groups = Math.Ceiling(_hosts / Group);
        var rate = Rates[_command.Timing];
        if (_command.ScanDelay is { } delay && delay > TimeSpan.Zero)
            rate = Math.Min(_command.Timing >= 3 ? double.MaxValue : rate, Math.Min(_hosts, Group) / delay.TotalSeconds);
        rate = Math.Max(rate, (double)(_command.MinRate ?? 0));
        rate = Math.Min(rate, (double)(_command.MaxRate ?? decimal.MaxValue));
        var seconds = packets / rate;
        // Closed UDP ports answer once a second, and the hosts of a group answer side by side.
        if (!_command.DefeatIcmpRatelimit)
            seconds += groups * _reach.Udp.Count;
        seconds += groups * ((_command.Version ? 8 : 0) + (_scripts.Count > 0 ? 12 : 0) + (_command.Os ? 8 : 0) + (_command.Traceroute ? 1 : 0));
        if (_command.HostTimeout is { } timeout && timeout > TimeSpan.Zero && _command.ScansPorts)
            seconds = Math.Min(seconds, (Discovery / rate) + (groups * timeout.TotalSeconds));
        return seconds >= TimeSpan.MaxValue.TotalSeconds / 2 ? TimeSpan.MaxValue : TimeSpan.FromSeconds(Math.Ceiling(seconds));
    }

    private double DiscoveryPackets()
    {
        if (_reach.Probes == 0)
            return 0;
        // A host that answered its first probe gets no other; some are under way by then. An open port that answers a SYN gets a reset.
        var probes = 1.1 * (_hosts + Math.Min(_hosts * (_reach.Probes - 1), 8));
        return Decoyed(probes * (1 + (0.5 * _reach.Discovery.Syn.Count / _reach.Probes)));
    }

    private double PortPackets()
    {
        var (tcp, udp) = _command.MaxRetries == 0 ? (1, 1.1) : (PerProbe, PerUdpProbe);
        var probes = ((_reach.Tcp.Count + _reach.Scanned.Sctp.Count + _reach.Scanned.Ip.Count) * tcp) + (_reach.Udp.Count * udp);
        if (_command.Idle is not null)
            return 5 * probes;
        if (_command.Bounce is not null)
            return 8 * probes;
        // Both SYN scans and connections say something more to an open port.
        return Decoyed(probes) + (_command.Connect ? 2 * _openTcp.Count : _command.Syn ? _openTcp.Count : 0);
    }

    private double Decoyed(double packets) => packets * (1 + _command.DecoyCount);

    private double ScriptPackets()
    {
        var (each, once, pages) = (0.0, 0.0, 0);
        foreach (var script in _scripts)
        {
            var facts = NmapScriptFacts.Of(script);
            var runs = Math.Max(facts.Runs(_openTcp, _openUdp), script.Forced && _command.ScansPorts ? _openTcp.Count + _openUdp.Count : 0);
            if (facts.Once)
                once += facts.Packets;
            else
                each += facts.Packets * runs;
            if (facts.Page)
                pages = Math.Max(pages, runs);
        }

        return (_hosts * (each + (Page * pages))) + once;
    }

    private static PortSet Likeliest(NmapServices? services, PortKinds kind, PortSet scanned, int count)
    {
        // Looking for more than there are would pass over every service.
        count = Math.Min(count, scanned.Count);
        var known = count > 0 && services is not null ? services.Top(count, kind, scanned) : PortSet.Empty;
        var others = scanned.Except(known).Ranges.SelectMany(range => Enumerable.Range(range.First, range.Last - range.First + 1));
        return known.Union(PortSet.OfPorts(others.Take(count - known.Count).Select(port => (ushort)port)));
    }
}
