using Writ.Proof.Errors;

namespace Writ.Proof.Addresses;

/// <summary>A network scope as text, the form in which statements, orders and configuration carry it.</summary>
/// <param name="Addresses">Ranges as <see cref="AddressRange"/> writes them.</param>
/// <param name="Tcp">Ports as <see cref="PortSet"/> writes them; empty for none.</param>
/// <param name="Udp">As <paramref name="Tcp"/>.</param>
/// <param name="Sctp">As <paramref name="Tcp"/>.</param>
/// <param name="Icmp">Whether echo and timestamp requests may go out.</param>
public sealed record ScopeText(IReadOnlyList<string> Addresses, string Tcp, string Udp, string Sctp, bool Icmp)
{
    private static readonly PortSet Octets = PortSet.Of([(0, 255)]);
    // TCP, UDP and SCTP go by their ports alone: as a whole protocol they would open them all.
    private static readonly PortSet Portless = PortSet.Of([(0, 5), (7, 16), (18, 131), (133, 255)]);

    /// <summary>ICMP types beside echo and timestamp requests, as ports are written; absent for none.</summary>
    public string? IcmpTypes { get; init; }

    /// <summary>Other IP protocols by number, as ports are written; absent for none.</summary>
    public string? Protocols { get; init; }

    /// <summary>Writes a scope; equal scopes have equal texts.</summary>
    public static ScopeText Of(NetworkScope scope) => new(
        scope.Addresses.ToTexts(), scope.Tcp.ToString(), scope.Udp.ToString(), scope.Sctp.ToString(), scope.Icmp)
    {
        IcmpTypes = scope.IcmpTypes.IsEmpty ? null : scope.IcmpTypes.ToString(),
        Protocols = scope.Protocols.IsEmpty ? null : scope.Protocols.ToString(),
    };

    /// <summary>Reads a scope; refuses what is malformed.</summary>
    public Result<NetworkScope> Read()
    {
        if (!AddressSet.TryParse(Addresses, out var addresses, out var wrong))
            return new Refusal(ErrorCode.InvalidTarget, $"'{wrong}' is no address, network or range");
        if (!PortSet.TryParse(Tcp, out var tcp) || !PortSet.TryParse(Udp, out var udp) || !PortSet.TryParse(Sctp, out var sctp))
            return new Refusal(ErrorCode.InvalidPorts, "a port set of the scope is malformed");
        return TryNumbers(IcmpTypes, Octets, out var types) && TryNumbers(Protocols, Portless, out var protocols)
            ? new NetworkScope(addresses, tcp, udp, sctp, Icmp) { IcmpTypes = types, Protocols = protocols }
            : new Refusal(ErrorCode.InvalidPorts, "the ICMP types or IP protocols of the scope are malformed");
    }

    private static bool TryNumbers(string? text, PortSet all, out PortSet numbers) =>
        PortSet.TryParse(text ?? "", out numbers) && text is not "" && numbers.IsSubsetOf(all);
}
