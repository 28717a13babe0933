using System.Collections.Concurrent;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Writ.Tests.Server.Streams;

/// <summary>An authority of the test's, in a file, and a certificate of it for this machine's loopback.</summary>
internal sealed class TestAuthority : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("writ-ca-").FullName;

    public TestAuthority()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=a test's authority", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        var (from, until) = (DateTimeOffset.UnixEpoch.AddYears(40), DateTimeOffset.UnixEpoch.AddYears(100));
        using var authority = request.CreateSelfSigned(from, until);
        File = Path.Combine(_folder, "ca.pem");
        System.IO.File.WriteAllText(File, authority.ExportCertificatePem());

        using var serverKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var server = new CertificateRequest("CN=a test's receiver", serverKey, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        server.CertificateExtensions.Add(names.Build());
        using var issued = server.Create(authority, from, until, RandomNumberGenerator.GetBytes(8));
        Certificate = X509CertificateLoader.LoadPkcs12(issued.CopyWithPrivateKey(serverKey).Export(X509ContentType.Pkcs12), null);
    }

    public string File { get; }

    public X509Certificate2 Certificate { get; }

    public void Dispose()
    {
        Certificate.Dispose();
        Directory.Delete(_folder, recursive: true);
    }
}

/// <summary>A receiver of TLS connections on loopback; what it does with one is the test's affair.</summary>
internal sealed class Receiver : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _over = new();
    private readonly ConcurrentBag<Task> _connections = [];
    private readonly Task _accepting;

    public Receiver(TestAuthority authority, Func<SslStream, CancellationToken, Task> serve)
    {
        _listener.Start();
        _accepting = Accept(authority.Certificate, serve);
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>Reads HTTP requests from a connection and answers them; an answer of null closes it, and one of "" never comes.</summary>
    public static Func<SslStream, CancellationToken, Task> Http(Func<string, byte[], string?> answer) => async (stream, cancel) =>
    {
        var head = new StringBuilder();
        var one = new byte[1];
        while (await stream.ReadAsync(one, cancel) == 1)
        {
            head.Append((char)one[0]);
            if (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
                continue;
            var length = head.ToString().Split("\r\n").Where(line => line.StartsWith("Content-Length: ", StringComparison.OrdinalIgnoreCase)).Select(line => int.Parse(line[16..], System.Globalization.CultureInfo.InvariantCulture)).SingleOrDefault();
            var body = new byte[length];
            await stream.ReadExactlyAsync(body, cancel);
            if (answer(head.ToString(), body) is not { } told)
                return;
            if (told.Length == 0)
                await Task.Delay(Timeout.Infinite, cancel);
            await stream.WriteAsync(Encoding.ASCII.GetBytes($"HTTP/1.1 {told}\r\nContent-Length: 0\r\n\r\n"), cancel);
            head.Clear();
        }
    };

    /// <summary>Reads syslog messages by the number of octets before each (RFC 5425).</summary>
    public static Func<SslStream, CancellationToken, Task> Syslog(Func<string, bool> goOn) => async (stream, cancel) =>
    {
        var one = new byte[1];
        for (var length = 0; await stream.ReadAsync(one, cancel) == 1;)
        {
            if (one[0] != ' ')
            {
                length = (length * 10) + (one[0] - '0');
                continue;
            }

            var message = new byte[length];
            await stream.ReadExactlyAsync(message, cancel);
            length = 0;
            if (!goOn(Encoding.UTF8.GetString(message)))
                return;
        }
    };

    private async Task Accept(X509Certificate2 certificate, Func<SslStream, CancellationToken, Task> serve)
    {
        try
        {
            while (true)
                _connections.Add(Serve(await _listener.AcceptTcpClientAsync(_over.Token), certificate, serve));
        }
        catch (Exception over) when (over is OperationCanceledException or SocketException || (over is InvalidOperationException && _over.IsCancellationRequested))
        {
            // The test is over.
        }
    }

    private async Task Serve(TcpClient client, X509Certificate2 certificate, Func<SslStream, CancellationToken, Task> serve)
    {
        try
        {
            await using var stream = new SslStream(client.GetStream());
            await stream.AuthenticateAsServerAsync(certificate);
            await serve(stream, _over.Token);
        }
        catch (Exception broken) when (broken is IOException or OperationCanceledException or System.Security.Authentication.AuthenticationException)
        {
            // The other side went away, or does not trust us.
        }
        finally
        {
            client.Dispose();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _over.CancelAsync();
        _listener.Stop();
        await _accepting;
        await Task.WhenAll(_connections);
        _over.Dispose();
    }
}
