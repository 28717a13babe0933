using System.Globalization;
using Writ.Proof.Addresses;

namespace Writ.Core.Tools.Nmap;

/// <summary>
/// A host beside the targets that a command sends packets to: a zombie, an FTP server, a proxy, a name server, a hop of a
/// source route. Policy looks for it in the zones like for a target.
/// </summary>
/// <param name="Address">Always an address: a name could be anybody by the time of the run.</param>
/// <param name="Tcp">The TCP port that is talked to, or null.</param>
/// <param name="Udp">The UDP port that is talked to, or null.</param>
internal sealed record NmapRelay(Address Address, ushort? Tcp = null, ushort? Udp = null)
{
    /// <summary>Reads <c>address</c> or <c>address:port</c>, IPv6 with a port as <c>[address]:port</c>; null for anything else.</summary>
    public static NmapRelay? Read(string text, ushort port)
    {
        var host = text;
        if (text.StartsWith('[') && text.IndexOf(']', StringComparison.Ordinal) is > 0 and var end)
        {
            if (text[(end + 1)..] is not ([] or [':', ..]))
                return null;
            (host, text) = (text[1..end], text[(end + 1)..]);
        }
        else if (text.Count(c => c == ':') == 1)
        {
            host = text[..text.IndexOf(':', StringComparison.Ordinal)];
            text = text[host.Length..];
        }
        else
        {
            text = "";
        }

        if (text.Length > 0 && !(ushort.TryParse(text.AsSpan(1), NumberStyles.None, CultureInfo.InvariantCulture, out port) && port > 0))
            return null;
        return Address.TryParse(host, out var address) ? new(address, port) : null;
    }

    /// <summary>As <see cref="Read"/> takes it, the port always written.</summary>
    public override string ToString() => (Address.IsV4 ? $"{Address}:" : $"[{Address}]:") + Tcp?.ToString(CultureInfo.InvariantCulture);
}
