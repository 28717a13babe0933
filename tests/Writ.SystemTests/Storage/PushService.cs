using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json;
using Writ.Contracts.Notices;
using Writ.Server.Notices;
using Writ.Tests.Server.Notices;
using Writ.Tests.Server.Streams;

namespace Writ.SystemTests.Storage;

/// <summary>A push service of the test's on loopback, by TLS, with the browsers whose messages it takes: what it is told to answer, it answers.</summary>
internal sealed class PushService : IAsyncDisposable
{
    private readonly TestAuthority _authority = new();
    private readonly Receiver _receiver;
    private readonly ConcurrentDictionary<string, TestBrowser> _browsers = new();
    private readonly ConcurrentQueue<Taken> _taken = new();
    private readonly string _folder = Directory.CreateTempSubdirectory("writ-push-").FullName;

    /// <summary>What came for a browser, and was opened by it.</summary>
    internal sealed record Taken(string Browser, string Text, string Title, string Path, string Tag, IReadOnlyDictionary<string, string> Head);

    public PushService()
    {
        _receiver = new(_authority, Receiver.Http(Take));
        var (pem, half) = VapidKey.Make();
        Key = half;
        var file = System.IO.Path.Combine(_folder, "push.key");
        File.WriteAllText(file, pem);
        Settings = new("mailto:ops@example.com", file, CaFile: _authority.File, AllowPrivate: true);
    }

    public PushSettings Settings { get; }

    /// <summary>The public half of the server's key.</summary>
    public string Key { get; }

    public string Origin => $"https://127.0.0.1:{_receiver.Port}";

    /// <summary>What it answers for a browser: a status line without the version; null closes, and "" never comes.</summary>
    public Func<string, string?> Answer { get; set; } = _ => "201 Created";

    /// <summary>How often it was asked, whatever it answered.</summary>
    public int Calls => _calls;

    private int _calls;

    public IReadOnlyList<Taken> All => [.. _taken];

    public string[] Titles => [.. _taken.Select(each => $"{each.Browser}: {each.Title}")];

    public void Clear() => _taken.Clear();

    /// <summary>A new browser, as it describes itself to a server.</summary>
    public PushAsk Browser(string name)
    {
        var browser = _browsers[name] = new TestBrowser();
        return new($"{Origin}/send/{name}", browser.P256dh, browser.AuthText, name);
    }

    private string? Take(string head, byte[] body)
    {
        Interlocked.Increment(ref _calls);
        var lines = head.Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        var name = lines[0].Split(' ')[1]["/send/".Length..];
        var answer = Answer(name);
        if (answer?.StartsWith('2') == true)
        {
            var text = _browsers[name].Open(body);
            using var said = JsonDocument.Parse(text);
            var fields = lines.Skip(1).Select(line => line.Split(": ", 2)).ToDictionary(field => field[0], field => field[1], StringComparer.OrdinalIgnoreCase);
            fields["length"] = body.Length.ToString(CultureInfo.InvariantCulture);
            string Text(string field) => said.RootElement.GetProperty(field).GetString()!;
            _taken.Enqueue(new(name, text, Text("title"), Text("path"), Text("tag"), fields));
        }

        return answer;
    }

    public async ValueTask DisposeAsync()
    {
        await _receiver.DisposeAsync();
        _authority.Dispose();
        foreach (var browser in _browsers.Values)
            browser.Dispose();
        Directory.Delete(_folder, recursive: true);
    }
}
