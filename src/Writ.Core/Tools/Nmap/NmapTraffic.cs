using Writ.Proof.Addresses;

namespace Writ.Core.Tools.Nmap;

/// <summary>
/// What a command sends, purpose by purpose. The fence is built from it, so each scope holds at least what Nmap may send for
/// that purpose, and no more than that: too little would cut a permitted scan, too much would be a right that nobody asked for.
/// </summary>
internal static class NmapTraffic
{
    // nmap 7.93 osscan2.cc: without a known closed port it takes one at random, 30000 + random % 14781.
    private static readonly PortSet OsPorts = PortSet.Of([(30000, 44780)]);

    /// <summary>The purposes that a command has, in the order in which Nmap comes to them.</summary>
    public static IReadOnlyList<PlannedTraffic> Of(NmapCommand command, NmapReach reach, NmapEstimate estimate, AddressSet targets, IReadOnlyList<PlannedScript> scripts)
    {
        var all = new List<PlannedTraffic>();
        void Add(bool holds, string purpose, NetworkScope scope, double packets)
        {
            if (holds)
                all.Add(new(purpose, scope, NmapEstimate.Whole(packets)));
        }

        var relays = command.Relays;
        Add(relays.Count > 0, "relays", Relays(relays), 0);
        Add(reach.Discovery.Count > 0, "discovery", Discovery(command, reach.Discovery, targets), estimate.Discovery);
        Add(!reach.Scanned.IsEmpty, "ports", Protocols(command, reach.Scanned.Ip, targets).Cover(Ports(reach, targets)), estimate.Ports);
        if (command.Version)
        {
            var own = Scripts(reach, targets, scripts.Where(script => script.Implied), command.Version);
            Add(true, "version", Ports(reach, targets).Cover(own ?? NetworkScope.Nothing), estimate.Version);
        }

        Add(command.Os, "os", new(targets, reach.Tcp.Union(OsPorts), reach.Udp.Union(OsPorts), PortSet.Empty, true), estimate.Os);
        Add(command.Traceroute, "traceroute", Traceroute(reach, targets), estimate.Traceroute);
        if (Scripts(reach, targets, scripts.Where(script => !script.Implied), command.Version) is { } scope)
            Add(true, "scripts", scope, estimate.Scripts);
        return all;
    }

    private static NetworkScope Relays(IEnumerable<NmapRelay> relays) => new(
        AddressSet.Of(relays.Select(relay => new AddressRange(relay.Address, relay.Address))),
        PortSet.OfPorts(relays.Where(relay => relay.Tcp is not null).Select(relay => relay.Tcp!.Value)),
        PortSet.OfPorts(relays.Where(relay => relay.Udp is not null).Select(relay => relay.Udp!.Value)), PortSet.Empty, false);

    private static NetworkScope Ports(NmapReach reach, AddressSet targets) => new(targets, reach.Tcp, reach.Udp, reach.Scanned.Sctp, false);

    private static NetworkScope Discovery(NmapCommand command, NmapDiscovery probes, AddressSet targets) =>
        Protocols(command, probes.Protocols, targets).Cover(new(targets, probes.Tcp, probes.Udp, probes.Sctp, probes.Echo || probes.Timestamp)
        {
            IcmpTypes = probes.Netmask ? PortSet.OfPorts(17) : PortSet.Empty,
        });

    /// <summary>
    /// Probes of IP protocols: an ICMP echo for ICMP itself, TCP and SCTP to port 80, UDP to 40125, and packets of their own for
    /// the others (scan_engine_raw.cc).
    /// </summary>
    private static NetworkScope Protocols(NmapCommand command, PortSet protocols, AddressSet targets)
    {
        if (protocols.IsEmpty)
            return NetworkScope.Nothing;
        PortSet If(ushort protocol, ushort port) => protocols.Contains(protocol) ? PortSet.OfPorts(port) : PortSet.Empty;
        var icmp = (ushort)(command.V6 ? 58 : 1);
        return new(targets, If(6, 80), If(17, 40125), If(132, 80), protocols.Contains(icmp))
        {
            Protocols = protocols.Except(PortSet.OfPorts(icmp, 6, 17, 132)),
        };
    }

    /// <summary>
    /// Probes of the kind that the host answered before, else ICMP echo. One that answered a probe of a whole IP protocol is traced
    /// to a random port of it (traceroute.cc).
    /// </summary>
    private static NetworkScope Traceroute(NmapReach reach, AddressSet targets)
    {
        var protocols = reach.Scanned.Ip.Union(reach.Discovery.Protocols);
        PortSet Or(ushort protocol, PortSet ports) => protocols.Contains(protocol) ? PortSet.All : ports;
        return new(targets, Or(6, reach.Tcp.Union(reach.Discovery.Tcp)), Or(17, reach.Udp.Union(reach.Discovery.Udp)),
            Or(132, reach.Scanned.Sctp.Union(reach.Discovery.Sctp)), true);
    }

    /// <summary>The scanned ports and what the scripts reach beside them; null where none of them may send a packet to a target.</summary>
    private static NetworkScope? Scripts(NmapReach reach, AddressSet targets, IEnumerable<PlannedScript> scripts, bool version)
    {
        NmapScriptFacts[] running = [.. scripts
            .Select(script => (Script: script, Facts: NmapScriptFacts.Of(script)))
            .Where(pair => !pair.Facts.Once && pair.Facts.MayRun(reach.Tcp, reach.Udp, version, pair.Script.Forced))
            .Select(pair => pair.Facts)];
        if (running.Length == 0)
            return null;
        PortSet All(Func<NmapScriptFacts, PortSet> of) => running.Aggregate(PortSet.Empty, (all, facts) => of(facts).IsSubsetOf(all) ? all : all.Union(of(facts)));
        return new(targets, reach.Tcp.Union(All(facts => facts.Tcp)), reach.Udp.Union(All(facts => facts.Udp)), reach.Scanned.Sctp, false)
        {
            IcmpTypes = targets.Ranges.Any(range => !range.First.IsV4) ? All(facts => facts.Icmp6) : PortSet.Empty,
        };
    }
}
