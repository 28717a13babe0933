namespace Writ.Proof.Addresses;

/// <summary>
/// What may be reached: every address of <see cref="Addresses"/> at every port of each protocol, by ICMP echo and
/// timestamp requests where <see cref="Icmp"/> says so, and by what <see cref="IcmpTypes"/> and <see cref="Protocols"/> add. The
/// shape of a fence, of a statement's scope and of a runner's ceiling alike, so that one can be held against another.
/// </summary>
public sealed record NetworkScope(AddressSet Addresses, PortSet Tcp, PortSet Udp, PortSet Sctp, bool Icmp)
{
    /// <summary>ICMP types (of ICMPv6 for IPv6 addresses) beside echo and timestamp requests, 0 to 255; almost always none.</summary>
    public PortSet IcmpTypes { get; init; } = PortSet.Empty;

    /// <summary>Other IP protocols by number, 0 to 255, any packet of which may go out; TCP, UDP and SCTP are never among them.</summary>
    public PortSet Protocols { get; init; } = PortSet.Empty;

    /// <summary>Nothing at all.</summary>
    public static NetworkScope Nothing { get; } = new(AddressSet.Empty, PortSet.Empty, PortSet.Empty, PortSet.Empty, false);

    /// <summary>True when no packet may go out, however many addresses there are.</summary>
    public bool IsSilent => Addresses.IsEmpty || (!Icmp && ((PortSet[])[Tcp, Udp, Sctp, IcmpTypes, Protocols]).All(set => set.IsEmpty));

    /// <summary>How many ranges of addresses, ports and numbers a fence has to hold for it; none where it is silent.</summary>
    public int Ranges => IsSilent ? 0 : Addresses.Ranges.Count + ((PortSet[])[Tcp, Udp, Sctp, IcmpTypes, Protocols]).Sum(set => set.Ranges.Count);

    /// <summary>True when nothing can be reached through this scope that the other does not reach too.</summary>
    public bool IsWithin(NetworkScope other) =>
        Addresses.IsEmpty
        || (Addresses.IsSubsetOf(other.Addresses)
            && Tcp.IsSubsetOf(other.Tcp) && Udp.IsSubsetOf(other.Udp) && Sctp.IsSubsetOf(other.Sctp)
            && (!Icmp || other.Icmp) && IcmpTypes.IsSubsetOf(other.IcmpTypes) && Protocols.IsSubsetOf(other.Protocols));

    /// <summary>The smallest scope that both are within. Every address is reached at every port of either, as a fence has it.</summary>
    public NetworkScope Cover(NetworkScope other) =>
        new(Addresses.Union(other.Addresses), Tcp.Union(other.Tcp), Udp.Union(other.Udp), Sctp.Union(other.Sctp), Icmp || other.Icmp)
        {
            IcmpTypes = IcmpTypes.Union(other.IcmpTypes),
            Protocols = Protocols.Union(other.Protocols),
        };
}
