using System.Globalization;
using Writ.Proof.Addresses;
using Writ.Proof.Errors;
using Writ.Server.Requests;

namespace Writ.Server.Traces;

/// <summary>What a trace is asked: about an address, a source, or both, in a time.</summary>
/// <param name="Address">Where packets went; null for anywhere, and for a network.</param>
/// <param name="Port">To which port; null for any, and for what has none.</param>
/// <param name="Protocol">6, 17 or 132 with a port, null without.</param>
/// <param name="From">Where they came from; null for anywhere.</param>
/// <param name="Since">The beginning, or null for the oldest.</param>
/// <param name="Until">The end.</param>
/// <param name="Limit">The most findings.</param>
/// <param name="Network">Instead of an address, a range of them: what touched any of it.</param>
internal sealed record TraceQuestion(
    Address? Address, ushort? Port, int? Protocol, Address? From, DateTimeOffset? Since, DateTimeOffset Until, int Limit, AddressRange? Network = null)
{
    private const int MostFindings = 200, MostAddresses = 256;

    /// <summary>Where packets went, as a range; null for anywhere.</summary>
    public AddressRange? To => Address is { } one ? new(one, one) : Network;

    public static Result<TraceQuestion> Read(
        string? address, int? port, string? protocol, string? from, DateTimeOffset? since, DateTimeOffset? until, int? limit, DateTimeOffset now)
    {
        Address? to = null, source = null;
        AddressRange? network = null;
        if (address is null && from is null)
            return new Refusal(ErrorCode.InvalidInput, "neither an address nor a source is named");
        if (address is not null)
        {
            if (Proof.Addresses.Address.TryParse(address, out var read))
                to = read;
            else if (!AddressRange.TryParse(address, out var range))
                return new Refusal(ErrorCode.InvalidTarget, $"'{RequestAccess.Shown(address)}' is no address", "one IPv4 or IPv6 address or a network of them, and no name: a name's addresses are of another moment");
            else if (range.Count > MostAddresses)
                return new Refusal(ErrorCode.InvalidTarget, $"'{RequestAccess.Shown(address)}' is too wide", $"a network of at most {MostAddresses} addresses: a /24 of IPv4, a /120 of IPv6");
            else
                network = range;
        }

        if (from is not null)
        {
            if (!Proof.Addresses.Address.TryParse(from, out var read))
                return new Refusal(ErrorCode.InvalidTarget, $"'{RequestAccess.Shown(from)}' is no address");
            source = read;
        }

        if (port is not null && ((to is null && network is null) || port is < 0 or > 65_535))
            return new Refusal(ErrorCode.InvalidPorts, to is null && network is null ? "a port without an address" : $"{port} is no port");
        if ((protocol is not null && port is null) || protocol is not (null or "tcp" or "udp" or "sctp"))
            return new Refusal(ErrorCode.InvalidInput, "protocol is tcp, udp or sctp, and goes with a port");
        var end = until ?? now;
        if (since >= end)
            return new Refusal(ErrorCode.InvalidInput, string.Create(CultureInfo.InvariantCulture, $"the time ends before it begins: {since:u} to {end:u}"));
        return new TraceQuestion(to, (ushort?)port, port is null ? null : protocol switch { "udp" => 17, "sctp" => 132, _ => 6 }, source, since, end, Math.Clamp(limit ?? 50, 1, MostFindings), network);
    }

    /// <summary>Whether a scope holds what is asked about.</summary>
    public bool IsIn(NetworkScope scope) => To is not { } to
        || ((Address is { } one ? scope.Addresses.Contains(one) : !scope.Addresses.Intersect(AddressSet.Of(to)).IsEmpty) && (Port is not { } port || (Protocol switch { 6 => scope.Tcp, 17 => scope.Udp, _ => scope.Sctp }).Contains(port)));

    /// <summary>Whether packets that were refused are what is asked about. Of a fragment the port cannot be told.</summary>
    public bool IsRefused(byte[] address, int protocol, int port) =>
        To is not { } to || (Runs.ResultsStore.Read(address) is var tried && tried >= to.First && tried <= to.Last && (Port is null || (protocol == Protocol && (port == Port || port == 0))));

    /// <summary>Whether an interval has a moment of the time that is asked about; both ends of the interval belong to it.</summary>
    public bool IsThen(DateTimeOffset from, DateTimeOffset to) => from < Until && (Since is not { } since || to >= since);
}
