using System.Net;
using System.Net.Sockets;

namespace Writ.Server.Streams;

/// <summary>Which addresses lie in the public internet: all but those that IANA's registries of special-purpose addresses (RFC 6890) set aside.</summary>
internal static class PublicAddress
{
    private static readonly IPNetwork[] SetAside =
    [
        .. new[]
        {
            "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16",
            "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
        }.Select(text => IPNetwork.Parse(text)),
    ];

    // Of the one block that is given out (2000::/3), what is none or leads back to an IPv4 address.
    private static readonly IPNetwork Given = IPNetwork.Parse("2000::/3");
    private static readonly IPNetwork[] SetAsideOfGiven = [.. new[] { "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20" }.Select(text => IPNetwork.Parse(text))];

    public static bool Is(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6)
            return Is(address.MapToIPv4());
        return address.AddressFamily == AddressFamily.InterNetwork
            ? !SetAside.Any(network => network.Contains(address))
            : Given.Contains(address) && !SetAsideOfGiven.Any(network => network.Contains(address));
    }
}
