namespace Writ.Proof.Addresses;

/// <summary>
/// What may be reached: every address of <see cref="Addresses"/> at every port of each protocol, and by ICMP echo and
/// timestamp requests where <see cref="Icmp"/> says so. The shape of a fence, of a statement's scope and of a runner's
/// ceiling alike, so that one can be held against another.
/// </summary>
public sealed record NetworkScope(AddressSet Addresses, PortSet Tcp, PortSet Udp, PortSet Sctp, bool Icmp)
{
    /// <summary>Nothing at all.</summary>
    public static NetworkScope Nothing { get; } = new(AddressSet.Empty, PortSet.Empty, PortSet.Empty, PortSet.Empty, false);

    /// <summary>True when nothing can be reached through this scope that the other does not reach too.</summary>
    public bool IsWithin(NetworkScope other) =>
        Addresses.IsEmpty
        || (Addresses.IsSubsetOf(other.Addresses)
            && Tcp.IsSubsetOf(other.Tcp) && Udp.IsSubsetOf(other.Udp) && Sctp.IsSubsetOf(other.Sctp)
            && (!Icmp || other.Icmp));
}
