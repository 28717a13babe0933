using System.Globalization;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Text;

namespace Writ.Server.Streams;

/// <summary>
/// Syslog messages (RFC 5424) over TLS, each behind the number of its octets (RFC 5425). The protocol has no acknowledgement. An
/// event counts as arrived when the connection has stood for <see cref="Settles"/> after it was written: bytes that the other
/// side's kernel does not take within <see cref="Unacknowledged"/> break it. After a break everything that has not settled is sent
/// again. What the receiver's kernel took and its process had not read when it died is lost where that took longer.
/// </summary>
internal sealed class SyslogSink(string server, int port, string? caFile, string host, TimeProvider time) : IEventSink
{
    private static readonly TimeSpan Settles = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Unacknowledged = TimeSpan.FromSeconds(20);
    private const int Tcp = 6, TcpUserTimeout = 18;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly Queue<(long Position, long At)> _unsettled = new();
    private SslStream? _stream;
    private Task? _listening;
    private long? _confirmed;

    public long? Confirmed
    {
        get
        {
            if (_listening is { IsCompleted: true })
                throw new IOException("it closed the connection");
            while (_unsettled.TryPeek(out var sent) && time.GetElapsedTime(sent.At) >= Settles)
                _confirmed = _unsettled.Dequeue().Position;
            return _confirmed;
        }
    }

    public async Task Send(IReadOnlyList<StreamEvent> events, CancellationToken cancel)
    {
        using var bytes = new MemoryStream();
        foreach (var happened in events)
            bytes.Write(Frame(happened, host));
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(Patience);
        try
        {
            _stream ??= await Connect(limit.Token);
            if (_listening is { IsCompleted: true })
                throw new IOException("it closed the connection");
            await _stream.WriteAsync(bytes.GetBuffer().AsMemory(0, (int)bytes.Length), limit.Token);
            await _stream.FlushAsync(limit.Token);
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            throw new IOException("it does not take what is sent");
        }
        catch (Exception failed) when (failed is SocketException or AuthenticationException)
        {
            throw new IOException(failed is AuthenticationException ? "its certificate is not to be trusted" : failed.Message, failed);
        }

        _unsettled.Enqueue((events[^1].Position, time.GetTimestamp()));
    }

    /// <summary>The message with the number of its octets before it.</summary>
    internal static byte[] Frame(StreamEvent happened, string host)
    {
        // Facility 13, log audit; informational, notice, and warning for what was stopped.
        var priority = (13 * 8) + (happened.Severity >= 3 ? 4 : happened.Severity == 2 ? 5 : 6);
        var time = happened.Time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
        var head = Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"<{priority}>1 {time} {Name(host, 255)} writ - {Name(happened.Type, 32)} - "));
        var length = Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{head.Length + happened.Json.Length} "));
        return [.. length, .. head, .. happened.Json];
    }

    // RFC 5424, 6: printable ASCII without spaces, or a hyphen for nothing.
    private static string Name(string text, int longest)
    {
        var name = new string([.. text.Where(c => c is > ' ' and < (char)0x7f).Take(longest)]);
        return name.Length == 0 ? "-" : name;
    }

    private async Task<SslStream> Connect(CancellationToken cancel)
    {
        var policy = StreamTarget.Trust(caFile);
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, 5);
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval, 5);
            socket.SetRawSocketOption(Tcp, TcpUserTimeout, BitConverter.GetBytes((int)Unacknowledged.TotalMilliseconds));
            await socket.ConnectAsync(server, port, cancel);
            var stream = new SslStream(new NetworkStream(socket, ownsSocket: true));
            await stream.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = server, CertificateChainPolicy = policy }, cancel);
            _listening = Listen(stream);
            return stream;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    // A receiver says nothing; that it closes is heard here.
    private static async Task Listen(SslStream stream)
    {
        var heard = new byte[256];
        try
        {
            while (await stream.ReadAsync(heard) > 0)
            {
            }
        }
        catch (Exception broken) when (broken is IOException or ObjectDisposedException)
        {
            // The connection is over, which is all there is to know.
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_stream is not null)
            await _stream.DisposeAsync();
    }
}
