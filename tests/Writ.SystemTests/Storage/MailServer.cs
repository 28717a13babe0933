using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;
using MimeKit;
using Writ.Server.Notices;

namespace Writ.SystemTests.Storage;

/// <summary>A mail server of the test's on loopback (RFC 5321, as much of it as is needed), which takes what it is told to take.</summary>
internal sealed class MailServer : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _over = new();
    private readonly ConcurrentBag<Task> _connections = [];
    private readonly ConcurrentQueue<MimeMessage> _taken = new();
    private readonly Task _accepting;

    public MailServer()
    {
        _listener.Start();
        _accepting = Accept();
    }

    /// <summary>What it answers to a recipient: nothing to take it.</summary>
    public Func<string, string?> Recipient { get; set; } = _ => null;

    /// <summary>What happens between taking a mail and saying so; false says nothing and closes.</summary>
    public Func<Task<bool>> Taking { get; set; } = () => Task.FromResult(true);

    /// <summary>Whether it hangs up on whoever connects.</summary>
    public bool IsDown { get; set; }

    public MailSettings Settings => new("127.0.0.1", "writ@example.com", ((IPEndPoint)_listener.LocalEndpoint).Port, "none");

    /// <summary>What came, in order.</summary>
    public IReadOnlyList<MimeMessage> Taken => [.. _taken];

    /// <summary>To whom something came, and with which subject.</summary>
    public string[] Subjects => [.. Taken.Select(mail => $"{((MailboxAddress)mail.To[0]).LocalPart}: {mail.Subject}")];

    public void Clear() => _taken.Clear();

    private async Task Accept()
    {
        try
        {
            while (true)
                _connections.Add(Serve(await _listener.AcceptTcpClientAsync(_over.Token)));
        }
        catch (Exception over) when (over is OperationCanceledException or SocketException || (over is InvalidOperationException && _over.IsCancellationRequested))
        {
            // The test is over.
        }
    }

    private async Task Serve(TcpClient client)
    {
        using var connection = client;
        if (IsDown)
            return;
        try
        {
            await using var stream = client.GetStream();
            using var reader = new StreamReader(stream, Encoding.UTF8);
            await using var writer = new StreamWriter(stream, new UTF8Encoding(false)) { NewLine = "\r\n", AutoFlush = true };
            await writer.WriteLineAsync("220 a test's mail server");
            while (await reader.ReadLineAsync(_over.Token) is { } line)
            {
                var verb = line.Split(' ')[0].ToUpperInvariant();
                if (verb == "QUIT")
                    return;
                if (verb == "DATA")
                {
                    await writer.WriteLineAsync("354 go on");
                    if (!await Read(reader))
                        return;
                }

                await writer.WriteLineAsync(verb == "RCPT" && Recipient(line[(line.IndexOf('<', StringComparison.Ordinal) + 1)..line.IndexOf('>', StringComparison.Ordinal)]) is { } refused ? refused : "250 yes");
            }
        }
        catch (Exception broken) when (broken is IOException or OperationCanceledException or SocketException)
        {
            // The other side went away.
        }
    }

    private async Task<bool> Read(StreamReader reader)
    {
        var text = new StringBuilder();
        while (await reader.ReadLineAsync(_over.Token) is { } line && line != ".")
            text.Append(line.StartsWith('.') ? line[1..] : line).Append("\r\n");
        _taken.Enqueue(await MimeMessage.LoadAsync(new MemoryStream(Encoding.UTF8.GetBytes(text.ToString())), _over.Token));
        return await Taking();
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
