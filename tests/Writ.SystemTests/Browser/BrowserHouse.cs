using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.Playwright;
using Writ.SystemTests.EndToEnd;

namespace Writ.SystemTests.Browser;

/// <summary>
/// A real server over TLS, the real provider of a company, and a real browser: what people meet. One for all tests of a
/// class; each test has a browser window without cookies.
/// </summary>
public abstract class BrowserHouse : IAsyncLifetime
{
    private readonly PageLook _look;
    private readonly string _folder = Directory.CreateDirectory($"/var/tmp/writ-browser-{Guid.CreateVersion7():n}").FullName;
    private readonly List<HouseProcess> _processes = [];
    private IPlaywright? _playwright;
    private HouseProcess? _runner;
    private HouseDatabase? _database;

    private protected BrowserHouse(bool looks) => _look = new(looks, []);

    /// <summary>Where browsers find the server: a host name, as passkeys want one.</summary>
    public Uri Server { get; } = new($"https://localhost:{FreePort()}");

    public IBrowser Browser { get; private set; } = null!;

    /// <summary>The link that makes the first admin, as <c>init</c> printed it.</summary>
    public string FirstLink { get; private set; } = "";

    private static string Programs => Path.GetDirectoryName(House.Program("writ"))!;

    private string Data => Path.Combine(_folder, "server");

    private (string Name, string? Value) Environment => ("WRIT_DATABASE", _database?.Connection);

    private protected abstract Task<HouseDatabase> Database();

    public async ValueTask InitializeAsync()
    {
        _database = await Database();
        await StartProvider();
        FirstLink = await OnBox("init", "--public-url", Server.ToString());
        var server = Start("writ-server", House.Program("writ-server"),
            ["serve", "--data", Data, "--urls", Server.ToString().TrimEnd('/'), "--runner-listen", $"https://127.0.0.1:{FreePort()}", "--sign-in", Path.Combine(_folder, "signin.json")]);
        await House.Until(() =>
        {
            server.HasExited.ShouldBeFalse(server.Said);
            return Task.FromResult(server.Error.Contains("ready on", StringComparison.Ordinal));
        }, "the server does not start", House.SecondsToStart);

        _playwright = await Playwright.CreateAsync();
        Browser = await _playwright.Chromium.LaunchAsync(new()
        {
            ExecutablePath = "/usr/bin/chromium",
            // Root has no sandbox of Chromium's; the server's certificate is of its own authority.
            Args = ["--no-sandbox", "--ignore-certificate-errors", "--host-resolver-rules=MAP localhost 127.0.0.1"],
        });
    }

    /// <summary>A window of its own, and all that the page's protection refused in it.</summary>
    public async Task<(IPage Page, List<string> Refused)> Open(ColorScheme scheme = ColorScheme.Light, int width = 1280, int height = 800)
    {
        var context = await Browser.NewContextAsync(new() { IgnoreHTTPSErrors = true, ColorScheme = scheme, ViewportSize = new() { Width = width, Height = height }, BaseURL = Server.ToString() });
        context.SetDefaultTimeout(20_000);
        var page = await context.NewPageAsync();
        var refused = new List<string>();
        page.Console += (_, message) =>
        {
            // What the provider's own pages load is not ours.
            if (message.Type is "error" or "warning" && message.Location.StartsWith(Server.ToString(), StringComparison.Ordinal))
                refused.Add(message.Text);
        };
        page.PageError += (_, error) => refused.Add(error);
        return (page, refused);
    }

    /// <summary>A verb of writ-server, on the box: its standard output.</summary>
    public async Task<string> OnBox(params string[] arguments)
    {
        using var process = HouseProcess.Start($"writ-server {arguments[0]}", _folder, House.Program("writ-server"), [.. arguments, "--data", Data], Environment);
        (await process.End(30)).ShouldBe(0, process.Said);
        return Encoding.UTF8.GetString(process.Output).Trim();
    }

    /// <summary>A line typed into a shell on the server's box.</summary>
    public async Task TypeOnBox(string line)
    {
        using var shell = HouseProcess.Start(line, _folder, "/bin/bash", ["-c", "PATH=$1:$PATH exec bash -c \"$2\"", "bash", Programs, line], Environment);
        (await shell.End(30)).ShouldBe(0, shell.Said);
    }

    /// <summary>A line typed into a shell on another host, whose <c>/var/lib</c> is its own; it goes on until the house ends.</summary>
    public void StartRunner(string line)
    {
        var own = Directory.CreateDirectory(Path.Combine(_folder, "runner")).FullName;
        _runner = Start("the runner's host", "/usr/bin/setsid", ["unshare", "--mount", "bash", "-c", "mount --bind \"$2\" /var/lib && PATH=$1:$PATH exec bash -c \"$3\"", "bash", Programs, own, line]);
    }

    /// <summary>Held to what every page must be.</summary>
    public Task Look(IPage page, string name) => _look.At(page, name);

    /// <summary>The same in the light, in the dark, and on a phone.</summary>
    public Task LookAround(IPage page, string name) => _look.Around(page, name);

    public string Said() => string.Join('\n', _processes.Select(process => $"--- {process.Name}\n{process.Said}"));

    public async ValueTask DisposeAsync()
    {
        if (Browser is not null)
            await Browser.DisposeAsync();
        _playwright?.Dispose();
        if (_runner is not null)
        {
            // The shell, and what it started.
            _ = HouseProcess.SendSignal(-_runner.Id, HouseProcess.Terminate);
            await _runner.End(20);
        }

        foreach (var process in _processes)
            process.Dispose();
        await (_database?.Drop() ?? Task.CompletedTask);
        Directory.Delete(_folder, recursive: true);
        GC.SuppressFinalize(this);
    }

    private async Task StartProvider()
    {
        var port = FreePort();
        var secret = Path.Combine(_folder, "secret");
        await File.WriteAllTextAsync(secret, Convert.ToHexStringLower(System.Security.Cryptography.RandomNumberGenerator.GetBytes(24)) + "\n");
        await File.WriteAllTextAsync(Path.Combine(_folder, "signin.json"), $$"""
            {
              "providers": [
                { "name": "company", "title": "Company account", "issuer": "http://127.0.0.1:{{port}}", "client_id": "writ",
                  "client_secret_file": "{{secret}}", "scopes": ["groups"] }
              ]
            }
            """);
        Directory.Exists(NodePrograms.In("provider", "node_modules")).ShouldBeTrue("the provider is not installed in artifacts/provider; ./test does so by itself");
        var provider = Start("provider", NodePrograms.Node, [NodePrograms.In("provider", "provider.mjs"), port.ToString(System.Globalization.CultureInfo.InvariantCulture), secret, new Uri(Server, "/signin/from/company").ToString()]);
        await House.Until(() =>
        {
            provider.HasExited.ShouldBeFalse(provider.Said);
            return Task.FromResult(Encoding.UTF8.GetString(provider.Output).Contains("ready", StringComparison.Ordinal));
        }, "the provider does not start", House.SecondsToStart);
    }

    private HouseProcess Start(string name, string program, IEnumerable<string> arguments)
    {
        var process = HouseProcess.Start(name, _folder, program, arguments, Environment);
        _processes.Add(process);
        return process;
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}

/// <summary>The server keeps its books in SQLite.</summary>
public sealed class SqliteBrowserHouse() : BrowserHouse(looks: true)
{
    private protected override Task<HouseDatabase> Database() => Task.FromResult<HouseDatabase>(new SqliteHouse());
}

/// <summary>The server keeps its books in PostgreSQL.</summary>
public sealed class PostgresBrowserHouse() : BrowserHouse(looks: false)
{
    private protected override async Task<HouseDatabase> Database() => await PostgresHouse.Create();
}
