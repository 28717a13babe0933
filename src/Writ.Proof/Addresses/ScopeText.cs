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
    /// <summary>Writes a scope; equal scopes have equal texts.</summary>
    public static ScopeText Of(NetworkScope scope) => new(
        scope.Addresses.ToTexts(), scope.Tcp.ToString(), scope.Udp.ToString(), scope.Sctp.ToString(), scope.Icmp);

    /// <summary>Reads a scope; refuses what is malformed.</summary>
    public Result<NetworkScope> Read()
    {
        if (!AddressSet.TryParse(Addresses, out var addresses, out var wrong))
            return new Refusal(ErrorCode.InvalidTarget, $"'{wrong}' is no address, network or range");
        if (!PortSet.TryParse(Tcp, out var tcp) || !PortSet.TryParse(Udp, out var udp) || !PortSet.TryParse(Sctp, out var sctp))
            return new Refusal(ErrorCode.InvalidPorts, "a port set of the scope is malformed");
        return new NetworkScope(addresses, tcp, udp, sctp, Icmp);
    }
}
