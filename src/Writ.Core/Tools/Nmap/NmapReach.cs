using Writ.Proof.Addresses;
using Writ.Proof.Errors;

namespace Writ.Core.Tools.Nmap;

/// <summary>
/// Which ports a command reaches, by purpose: scanned, host discovery, operating system detection, traceroute. The fence
/// is built from it, so it holds at least what Nmap may send; too little would cut a permitted scan.
/// </summary>
internal sealed record NmapReach
{
    // nmap 7.93 osscan2.cc: without a known closed port it takes one at random, 30000 + random % 14781.
    private static readonly PortSet OsPorts = PortSet.Of([(30000, 44780)]);

    /// <summary>What is scanned.</summary>
    public required NmapPorts Scanned { get; init; }

    /// <summary>What discovery sends.</summary>
    public required NmapDiscovery Discovery { get; init; }

    /// <summary>The scanned TCP ports.</summary>
    public PortSet Tcp => Scanned.Tcp;

    /// <summary>The scanned UDP ports.</summary>
    public PortSet Udp => Scanned.Udp;

    /// <summary>The probes that discovery sends to each host.</summary>
    public int Probes => Discovery.Count;

    /// <summary>The command's reach; the services file decides where ports are left to Nmap.</summary>
    public static Result<NmapReach> Of(NmapCommand command, NmapServices? services)
    {
        var ports = NmapPorts.Scanned(command, services);
        if (!ports.IsOk)
            return ports.Refusal;
        var discovery = NmapDiscovery.Of(command, services);
        return discovery.IsOk ? new NmapReach { Scanned = ports.Value, Discovery = discovery.Value } : discovery.Refusal;
    }

    /// <summary>All that the run may reach at these targets, and at the hosts beside them.</summary>
    public NetworkScope Scope(NmapCommand command, AddressSet targets)
    {
        var relays = command.Relays;
        var addresses = relays.Count == 0 ? targets : targets.Union(AddressSet.Of(relays.Select(relay => new AddressRange(relay.Address, relay.Address))));
        var tcp = PortSet.OfPorts(relays.Where(relay => relay.Tcp is not null).Select(relay => relay.Tcp!.Value));
        var udp = PortSet.OfPorts(relays.Where(relay => relay.Udp is not null).Select(relay => relay.Udp!.Value));
        if (command.ListOnly)
            return new(addresses, tcp, udp, PortSet.Empty, false);
        var os = command.Os ? OsPorts : PortSet.Empty;
        // Traceroute follows a probe that was answered; where none was, it takes ICMP or TCP 80.
        var trace = command.Traceroute ? PortSet.OfPorts(80) : PortSet.Empty;
        return new(addresses, tcp.Union(Tcp).Union(Discovery.Tcp).Union(os).Union(trace), udp.Union(Udp).Union(Discovery.Udp).Union(os),
            Scanned.Sctp.Union(Discovery.Sctp), Discovery.Icmp || command.Os || command.Traceroute);
    }
}
