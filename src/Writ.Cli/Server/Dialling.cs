using System.Net.Sockets;

namespace Writ.Cli.Server;

/// <summary>How the server is reached: one handler for all calls, so that they share a connection.</summary>
internal static class Dialling
{
    /// <param name="address">Where.</param>
    /// <param name="ca">The PEM file of the only CA to trust, or null for the system's.</param>
    /// <exception cref="Stop">The file cannot be read.</exception>
    public static HttpMessageInvoker To(ServerAddress address, string? ca)
    {
        var handler = new SocketsHttpHandler
        {
            UseProxy = false,
            UseCookies = false,
            // A redirect would carry the token to another origin.
            AllowAutoRedirect = false,
            ConnectTimeout = TimeSpan.FromSeconds(10),
            PooledConnectionIdleTimeout = TimeSpan.FromSeconds(20),
        };
        if (!string.IsNullOrEmpty(ca) && address.Base.StartsWith("https:", StringComparison.Ordinal))
            handler.SslOptions.CertificateChainPolicy = Trust.Only(ca);
        if (address.Socket is { } path)
            handler.ConnectCallback = (_, cancel) => DialAsync(path, cancel);
        return new(handler);
    }

    private static async ValueTask<Stream> DialAsync(string path, CancellationToken cancel)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancel);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
