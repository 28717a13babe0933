using System.Net;
using System.Net.Sockets;

namespace Writ.Server.Streams;

/// <summary>How this server calls others over HTTPS: no proxy, no redirect (it would carry what it sends elsewhere), no cookies, and the authorities that it was told to trust.</summary>
internal static class OutwardHttp
{
    private static readonly TimeSpan ConnectWithin = TimeSpan.FromSeconds(10);

    /// <param name="caFile">PEM file of the only authorities to trust, or null for the system's.</param>
    /// <param name="isPublicAlone">Whether an address inside a network of one's own is refused.</param>
    public static SocketsHttpHandler Handler(string? caFile, bool isPublicAlone)
    {
        var handler = new SocketsHttpHandler
        {
            UseProxy = false, AllowAutoRedirect = false, UseCookies = false, ConnectTimeout = ConnectWithin, PooledConnectionLifetime = TimeSpan.FromMinutes(5),
        };
        handler.SslOptions.CertificateChainPolicy = StreamTarget.Trust(caFile);
        if (isPublicAlone)
            handler.ConnectCallback = ConnectToPublic;
        return handler;
    }

    /// <summary>What went wrong, for the log; it holds nothing of what was sent.</summary>
    public static string Told(HttpRequestException failed) =>
        failed.InnerException is System.Security.Authentication.AuthenticationException ? "its certificate is not to be trusted" : failed.Message;

    /// <summary>What a status other than 2xx says.</summary>
    public static string Told(HttpStatusCode status) => $"it answered {(int)status}{((int)status is >= 300 and < 400 ? ", and no redirect is followed" : "")}";

    /// <summary>Asks for the name's addresses once and dials those that it looked at: no later answer can lead elsewhere.</summary>
    private static async ValueTask<Stream> ConnectToPublic(SocketsHttpConnectionContext context, CancellationToken cancel)
    {
        var found = await Dns.GetHostAddressesAsync(context.DnsEndPoint.Host, cancel);
        var allowed = found.Where(PublicAddress.Is).ToArray();
        if (allowed.Length == 0)
            throw new IOException($"{context.DnsEndPoint.Host} is {string.Join(" and ", found.AsEnumerable())}, no public address");
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(allowed, context.DnsEndPoint.Port, cancel);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
