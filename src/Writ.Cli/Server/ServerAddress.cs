using System.Net;

namespace Writ.Cli.Server;

/// <summary>Where the server is: the value of <c>WRIT_SERVER</c>.</summary>
/// <param name="Text">As given.</param>
/// <param name="Base">What every path is appended to, without a slash at the end.</param>
/// <param name="Socket">The Unix socket to dial, or null to dial the host of <paramref name="Base"/>.</param>
internal sealed record ServerAddress(string Text, string Base, string? Socket)
{
    /// <summary>Reads an address.</summary>
    /// <exception cref="Stop">It is missing or of a kind that is refused.</exception>
    public static ServerAddress Parse(string? text)
    {
        if (string.IsNullOrWhiteSpace(text))
            throw Stop.Usage("WRIT_SERVER is not set", "export WRIT_SERVER=https://writ.example.com");
        text = text.Trim();
        if (!Uri.TryCreate(text, UriKind.Absolute, out var uri) || uri.Query != "" || uri.Fragment != "" || uri.UserInfo != "")
            throw Malformed();

        if (uri.Scheme == "unix")
        {
            return uri.Host == "" && uri.LocalPath.Length > 1
                ? new(text, "http://localhost", uri.LocalPath)
                : throw Malformed();
        }

        if (uri.Scheme != Uri.UriSchemeHttp && uri.Scheme != Uri.UriSchemeHttps)
            throw Malformed();
        // The token would cross the network in the clear.
        if (uri.Scheme == Uri.UriSchemeHttp && !uri.IsLoopback && !(IPAddress.TryParse(uri.Host.Trim('[', ']'), out var ip) && IPAddress.IsLoopback(ip)))
            throw Stop.Usage($"WRIT_SERVER {text} would send the token unencrypted", "use https://, or http:// to this machine only");
        return new(text.TrimEnd('/'), uri.GetLeftPart(UriPartial.Path).TrimEnd('/'), null);

        Stop Malformed() => Stop.Usage(
            $"WRIT_SERVER '{text}' is no server address", "write it like https://writ.example.com, http://127.0.0.1:8080 or unix:///run/writ/api.sock");
    }

    /// <summary>The URL of a path that begins with a slash.</summary>
    public Uri Http(string path) => new(Base + path);

    /// <summary>The WebSocket URL of a path that begins with a slash.</summary>
    public Uri WebSocket(string path) => new("ws" + Base["http".Length..] + path);
}
