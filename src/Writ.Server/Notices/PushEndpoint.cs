using System.Net;
using Writ.Server.Streams;

namespace Writ.Server.Notices;

/// <summary>
/// Where a browser's push service takes messages, as a browser says it: hostile until it was looked at. It is called by TLS alone, and at no
/// address inside a network of one's own, unless the operator says otherwise; where a name leads is looked at when it is called.
/// </summary>
internal static class PushEndpoint
{
    private const int Longest = 1000;

    /// <summary>What is wrong with it, or null.</summary>
    public static string? Problem(string text, bool allowPrivate)
    {
        if (text.Length is 0 or > Longest || !text.All(letter => letter is > ' ' and < (char)0x7f) || !Uri.TryCreate(text, UriKind.Absolute, out var endpoint))
            return "the endpoint is no address";
        if (endpoint.Scheme != Uri.UriSchemeHttps)
            return "the endpoint is none of https";
        if (endpoint.Host.Length == 0 || endpoint.UserInfo.Length > 0 || endpoint.Fragment.Length > 0)
            return "the endpoint is no plain address";
        if (allowPrivate)
            return null;
        if (!endpoint.IsDefaultPort)
            return "the endpoint is at no port of a push service";
        return IPAddress.TryParse(endpoint.Host.Trim('[', ']'), out var address) && !PublicAddress.Is(address) ? "the endpoint is no public address" : null;
    }

    /// <summary>The host, which is all of it that anybody is shown.</summary>
    public static string Host(string endpoint) => new Uri(endpoint).Host;
}
