using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using System.Threading.Channels;

namespace Writ.Cli.Identity;

/// <summary>What the browser brought back, and how it is answered.</summary>
/// <param name="Query">The parameters.</param>
/// <param name="Answer">Shows the person a line, and lets the browser go.</param>
internal sealed record Arrival(IReadOnlyDictionary<string, string> Query, Func<string, Task> Answer);

/// <summary>
/// Where the browser comes back to with its code: a port of this computer's loopback, for as long as the sign-in takes
/// (RFC 8252, 7.3). It takes the one call that carries the state; whatever else knocks, of a page that wants to know what
/// listens here, of a name that was pointed at this address, gets nothing and stops nothing.
/// </summary>
internal sealed class LoopbackListener : IDisposable
{
    private const int LargestHead = 16 << 10;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly Channel<Arrival> _arrivals = Channel.CreateBounded<Arrival>(1);
    private readonly CancellationTokenSource _over = new();
    private readonly byte[] _state;
    private readonly string _host;

    /// <param name="state">What the right call carries.</param>
    public LoopbackListener(string state)
    {
        _state = Encoding.ASCII.GetBytes(state);
        _listener.Start();
        _host = string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}");
        _ = AcceptAsync();
    }

    /// <summary>Where the browser is to be sent.</summary>
    public string RedirectUri => $"http://{_host}/callback";

    /// <summary>Waits for the one call with the state.</summary>
    public ValueTask<Arrival> ArrivalAsync(CancellationToken cancel) => _arrivals.Reader.ReadAsync(cancel);

    /// <inheritdoc/>
    public void Dispose()
    {
        _over.Cancel();
        _listener.Dispose();
        _over.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
                _ = ServeAsync(await _listener.AcceptTcpClientAsync(_over.Token));
        }
        catch (Exception over) when (over is OperationCanceledException or SocketException or InvalidOperationException)
        {
            // The sign-in is over.
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        var kept = false;
        try
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(_over.Token);
            limit.CancelAfter(Patience);
            var stream = client.GetStream();
            var query = Read(await HeadAsync(stream, limit.Token));
            if (query is null)
            {
                await WriteAsync(stream, "404 Not Found", "nothing is here", limit.Token);
                return;
            }

            // Answered only once it is known what came of it.
            kept = _arrivals.Writer.TryWrite(new(query, async line =>
            {
                using var last = new CancellationTokenSource(Patience);
                using (client)
                    await WriteAsync(stream, "200 OK", line, last.Token);
            }));
        }
        catch (Exception gone) when (gone is IOException or OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // It went, or said nothing.
        }
        finally
        {
            if (!kept)
                client.Dispose();
        }
    }

    private static async Task<string> HeadAsync(NetworkStream stream, CancellationToken cancel)
    {
        var bytes = new byte[LargestHead];
        var length = 0;
        while (length < bytes.Length)
        {
            var read = await stream.ReadAsync(bytes.AsMemory(length), cancel);
            if (read == 0)
                break;
            length += read;
            if (bytes.AsSpan(0, length).IndexOf("\r\n\r\n"u8) >= 0)
                return Encoding.ASCII.GetString(bytes, 0, length);
        }

        return "";
    }

    /// <summary>The parameters of the call that is waited for; null for every other.</summary>
    private Dictionary<string, string>? Read(string head)
    {
        var lines = head.Split("\r\n");
        // A page elsewhere that reaches this port by a name of its own is refused by the name.
        if (lines[0].Split(' ') is not ["GET", var target, "HTTP/1.1" or "HTTP/1.0"] || !target.StartsWith("/callback?", StringComparison.Ordinal)
            || !lines.Any(line => line.StartsWith("host:", StringComparison.OrdinalIgnoreCase) && line["host:".Length..].Trim() == _host))
            return null;
        var query = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var pair in target["/callback?".Length..].Split('&'))
        {
            var equals = pair.IndexOf('=', StringComparison.Ordinal);
            if (equals <= 0 || !query.TryAdd(Unescape(pair[..equals]), Unescape(pair[(equals + 1)..])))
                return null;
        }

        return query.TryGetValue("state", out var state) && CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(state), _state) ? query : null;
    }

    private static string Unescape(string text) => Uri.UnescapeDataString(text.Replace('+', ' '));

    private static Task WriteAsync(NetworkStream stream, string status, string line, CancellationToken cancel)
    {
        var page = $"<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Writ</title><p>{WebUtility.HtmlEncode(line)}</p></html>\n";
        var text = $"HTTP/1.1 {status}\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {Encoding.UTF8.GetByteCount(page)}\r\n"
            + "Content-Security-Policy: default-src 'none'; frame-ancestors 'none'\r\nX-Content-Type-Options: nosniff\r\n"
            + "Cache-Control: no-store\r\nReferrer-Policy: no-referrer\r\nConnection: close\r\n\r\n" + page;
        return stream.WriteAsync(Encoding.UTF8.GetBytes(text), cancel).AsTask();
    }
}
