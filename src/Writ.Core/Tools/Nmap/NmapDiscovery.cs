using Writ.Proof.Addresses;
using Writ.Proof.Errors;

namespace Writ.Core.Tools.Nmap;

/// <summary>
/// The probes of host discovery (https://nmap.org/book/man-host-discovery.html), Nmap's own choice made explicit. ARP and
/// neighbour discovery, which replace them on a link of the runner's own, are not among them.
/// </summary>
internal sealed record NmapDiscovery
{
    private static readonly PortSet OwnTcp = PortSet.OfPorts(80, 443);
    private static readonly PortSet OwnUdp = PortSet.OfPorts(40125);
    private static readonly PortSet OwnSctp = PortSet.OfPorts(80);

    /// <summary>Ports of <c>-PS</c>.</summary>
    public PortSet Syn { get; private init; } = PortSet.Empty;
    /// <summary>Ports of <c>-PA</c>.</summary>
    public PortSet Ack { get; private init; } = PortSet.Empty;
    /// <summary>Ports of <c>-PU</c>.</summary>
    public PortSet Udp { get; private init; } = PortSet.Empty;
    /// <summary>Ports of <c>-PY</c>.</summary>
    public PortSet Sctp { get; private init; } = PortSet.Empty;
    /// <summary>IP protocols of <c>-PO</c>.</summary>
    public PortSet Protocols { get; private init; } = PortSet.Empty;
    /// <summary>ICMP echo (<c>-PE</c>).</summary>
    public bool Echo { get; private init; }
    /// <summary>ICMP timestamp (<c>-PP</c>).</summary>
    public bool Timestamp { get; private init; }
    /// <summary>ICMP address mask (<c>-PM</c>).</summary>
    public bool Netmask { get; private init; }
    /// <summary>The ports beside those that Nmap itself would choose; policy holds them against a rule's ports.</summary>
    public PortSet Named => Tcp.Except(OwnTcp).Union(Udp.Except(OwnUdp)).Union(Sctp.Except(OwnSctp));
    /// <summary>True where the probes are not what Nmap would choose itself.</summary>
    public bool IsExplicit { get; private init; }

    /// <summary>Every TCP port.</summary>
    public PortSet Tcp => Syn.Union(Ack);
    /// <summary>True when any ICMP is sent.</summary>
    public bool Icmp => Echo || Timestamp || Netmask;
    /// <summary>Probes for each host.</summary>
    public int Count => Syn.Count + Ack.Count + Udp.Count + Sctp.Count + Protocols.Count + (Echo ? 1 : 0) + (Timestamp ? 1 : 0) + (Netmask ? 1 : 0);

    /// <summary>The probes of a command, excluded ports taken out as Nmap does.</summary>
    public static Result<NmapDiscovery> Of(NmapCommand command, NmapServices? services)
    {
        var chosen = command.Probes.Count == 0 ? Default(command) : Chosen(command, services);
        if (!chosen.IsOk)
            return chosen;
        if (command.ListOnly || command.NoPing)
            return new NmapDiscovery();
        var excluded = NmapPorts.Excluded(command, services);
        if (!excluded.IsOk)
            return excluded.Refusal;
        var all = chosen.Value;
        var left = all with
        {
            Syn = all.Syn.Except(excluded.Value.Tcp), Ack = all.Ack.Except(excluded.Value.Tcp), Udp = all.Udp.Except(excluded.Value.Udp),
            Sctp = all.Sctp.Except(excluded.Value.Sctp), Protocols = all.Protocols.Except(excluded.Value.Ip),
        };
        return left.Count == 0
            ? new Refusal(ErrorCode.InvalidPorts, "every port of host discovery is excluded, so no host would be found", "add -Pn, or another discovery such as -PE")
            : left with { IsExplicit = command.Probes.Count > 0 || left.Count != all.Count };
    }

    /// <summary>ICMP echo, SYN to 443, ACK to 80, and for IPv4 ICMP timestamp; without privileges connections to 80 and 443.</summary>
    private static Result<NmapDiscovery> Default(NmapCommand command) => command.Unprivileged
        ? new NmapDiscovery { Syn = PortSet.OfPorts(80, 443) }
        : new NmapDiscovery { Syn = PortSet.OfPorts(443), Ack = PortSet.OfPorts(80), Echo = true, Timestamp = !command.V6 };

    private static Result<NmapDiscovery> Chosen(NmapCommand command, NmapServices? services)
    {
        var read = new Dictionary<char, PortSet>();
        foreach (var (letter, text) in command.Probes)
        {
            var kind = letter switch { 'U' => PortKinds.Udp, 'Y' => PortKinds.Sctp, 'O' => PortKinds.Ip, _ => PortKinds.Tcp };
            var own = letter switch { 'U' => OwnUdp, 'O' => PortSet.OfPorts(1, 2, 4), _ => PortSet.OfPorts(80) };
            var ports = text.Length == 0 ? own : NmapPortReader.ReadPlain(text, kind, services);
            if (!ports.IsOk)
                return ports.Refusal;
            read[letter] = ports.Value;
        }

        PortSet Ports(char letter) => read.GetValueOrDefault(letter, PortSet.Empty);
        // Without privileges every TCP probe is a connection, and stands in for ICMP.
        if (command.Unprivileged)
            return new NmapDiscovery { Syn = Ports('S').Union(Ports('A')) is { IsEmpty: false } tcp ? tcp : PortSet.OfPorts(80) };
        return new NmapDiscovery
        {
            Syn = Ports('S'), Ack = Ports('A'), Udp = Ports('U'), Sctp = Ports('Y'), Protocols = Ports('O'),
            Echo = read.ContainsKey('E'), Timestamp = read.ContainsKey('P'), Netmask = read.ContainsKey('M'),
        };
    }
}
