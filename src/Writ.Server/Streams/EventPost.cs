using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;

namespace Writ.Server.Streams;

/// <summary>
/// POSTs to one address. A status of 2xx says that what was sent arrived, and nothing else does. No redirect is followed: it would
/// carry the token and the record elsewhere.
/// </summary>
internal sealed class EventPost : IDisposable
{
    private static readonly TimeSpan UsualPatience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan ConnectWithin = TimeSpan.FromSeconds(10);
    private readonly Uri _address;
    private readonly HttpClient _http;

    /// <param name="address">Where.</param>
    /// <param name="caFile">PEM file of the only authorities to trust, or null for the system's.</param>
    /// <param name="isPublicAlone">Whether an address inside a network of one's own is refused.</param>
    /// <param name="patience">How long an answer may take; 30 s unless told.</param>
    public EventPost(Uri address, string? caFile, bool isPublicAlone = false, TimeSpan? patience = null)
    {
        _address = address;
        var handler = new SocketsHttpHandler
        {
            UseProxy = false, AllowAutoRedirect = false, UseCookies = false, ConnectTimeout = ConnectWithin, PooledConnectionLifetime = TimeSpan.FromMinutes(5),
        };
        handler.SslOptions.CertificateChainPolicy = StreamTarget.Trust(caFile);
        if (isPublicAlone)
            handler.ConnectCallback = ConnectToPublic;
        _http = new(handler) { Timeout = patience ?? UsualPatience, MaxResponseContentBufferSize = 64 << 10 };
    }

    /// <exception cref="IOException">It cannot be told that it arrived; the message is for the log and holds no secret.</exception>
    public async Task Send(byte[] body, string type, Action<HttpRequestHeaders> head, CancellationToken cancel)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, _address) { Content = new ByteArrayContent(body) };
        request.Content.Headers.ContentType = new(type);
        head(request.Headers);
        try
        {
            using var answer = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancel);
            if (!answer.IsSuccessStatusCode)
                throw new IOException($"it answered {(int)answer.StatusCode}{((int)answer.StatusCode is >= 300 and < 400 ? ", and no redirect is followed" : "")}");
            // To its end, so that the connection is used again; what it says is nothing to us.
            await answer.Content.LoadIntoBufferAsync(cancel);
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            throw new IOException("it does not answer");
        }
        catch (HttpRequestException failed)
        {
            throw new IOException(failed.InnerException is System.Security.Authentication.AuthenticationException ? "its certificate is not to be trusted" : failed.Message, failed);
        }
    }

    public void Dispose() => _http.Dispose();

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
