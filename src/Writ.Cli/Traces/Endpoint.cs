using System.Globalization;
using Writ.Proof.Addresses;

namespace Writ.Cli.Traces;

/// <summary>
/// An address with a port, as people write it: <c>10.20.0.5</c>, <c>10.20.0.5:22</c>, <c>10.20.0.5:53/udp</c>, <c>2001:db8::5</c>,
/// <c>[2001:db8::5]:443</c>.
/// </summary>
internal sealed record Endpoint(Address Address, int? Port, string? Protocol)
{
    /// <summary>Reads one; null for what is none.</summary>
    public static Endpoint? Parse(string text)
    {
        var (rest, protocol) = text.IndexOf('/') is var slash and >= 0 ? (text[..slash], text[(slash + 1)..]) : (text, null);
        string host;
        string? port = null;
        if (rest.StartsWith('['))
        {
            var close = rest.IndexOf(']');
            if (close < 0 || !rest.AsSpan(1, close - 1).Contains(':'))
                return null;
            host = rest[1..close];
            if (close + 1 < rest.Length)
            {
                if (rest[close + 1] != ':')
                    return null;
                port = rest[(close + 2)..];
            }
        }
        else if (rest.IndexOf(':') is var colon and >= 0 && rest.LastIndexOf(':') == colon)
        {
            (host, port) = (rest[..colon], rest[(colon + 1)..]);
        }
        else
        {
            host = rest;
        }

        if (!Address.TryParse(host, out var address) || protocol is not (null or "tcp" or "udp" or "sctp") || (protocol is not null && port is null))
            return null;
        if (port is null)
            return new(address, null, null);
        return ushort.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? new(address, number, protocol ?? "tcp") : null;
    }

    /// <summary>For example <c>10.20.0.5 tcp 22</c>.</summary>
    public override string ToString() => Port is { } port ? string.Create(CultureInfo.InvariantCulture, $"{Address} {Protocol} {port}") : Address.ToString();
}
