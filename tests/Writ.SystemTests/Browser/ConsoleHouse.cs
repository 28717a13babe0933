using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http;
using Microsoft.EntityFrameworkCore;
using Microsoft.Playwright;
using Writ.Core.Identity;
using Writ.Server.Identity;
using Writ.Server.Passkeys;
using Writ.SystemTests.Databases;
using Writ.SystemTests.EndToEnd;
using Writ.SystemTests.Storage;

namespace Writ.SystemTests.Browser;

/// <summary>
/// A server and a real browser that people of a pretend company look at the console with. Each window is somebody's own;
/// what the page's protection refuses, and what breaks, is remembered.
/// </summary>
internal sealed class ConsoleHouse : IAsyncDisposable
{
    private readonly List<IBrowserContext> _windows = [];
    private readonly PageLook _look;

    private ConsoleHouse(World world, IBrowser browser, string origin, bool looks) => (World, Browser, Origin, _look) = (world, browser, origin, new(looks, Wrong));

    public World World { get; }

    public IBrowser Browser { get; }

    public string Origin { get; }

    /// <summary>What went wrong in any window.</summary>
    public List<string> Wrong { get; } = [];

    /// <summary>A company on this database, with this policy in force; or a server with nothing in it.</summary>
    public static async Task<ConsoleHouse> Of(StorageEngine engine, IBrowser browser, string? policy, Func<Writ.Server.ServerSettings, Writ.Server.ServerSettings>? with = null)
    {
        var origin = $"http://localhost:{FreePort()}";
        var database = await engine.Create(smallDisk: false);
        var world = policy is null ? await World.Fresh(database, new(origin)) : await World.ForBrowsers(database, policy, new(origin), with);
        return new(world, browser, origin, looks: engine is SqliteEngine);
    }

    /// <summary>A window in which this person is signed in.</summary>
    public async Task<IPage> Open(Caller person, string path, ColorScheme scheme = ColorScheme.Light, int width = 1440, int height = 900)
    {
        var context = await Browser.NewContextAsync(new()
        {
            BaseURL = Origin, ColorScheme = scheme, ViewportSize = new() { Width = width, Height = height }, Locale = "en-GB", TimezoneId = "Europe/Berlin", ReducedMotion = ReducedMotion.Reduce, HasTouch = width < 500,
        });
        _windows.Add(context);
        context.SetDefaultTimeout(15_000);
        await context.AddCookiesAsync([new() { Name = World.Get<Sessions>().Cookie, Value = await Session(person), Url = Origin, HttpOnly = true }]);
        var page = await context.NewPageAsync();
        page.Console += (_, message) =>
        {
            if (message.Type is "error" or "warning" && !message.Text.Contains("WebSocket", StringComparison.Ordinal))
                Wrong.Add($"{message.Text} ({message.Location})");
        };
        page.PageError += (_, error) => Wrong.Add(error);
        await page.GotoAsync(path);
        await Live(page);
        return page;
    }

    /// <summary>Waits until the page answers to what is done in it.</summary>
    public static Task Live(IPage page) => page.Locator("html[data-live]").WaitForAsync(new() { State = WaitForSelectorState.Attached });

    /// <summary>
    /// Waits until the page is at an address, which begins so or is just this. It is asked for again and again: Playwright's own wait asks once and
    /// then listens, and misses a page that moves in between.
    /// </summary>
    public static async Task At(IPage page, string begins)
    {
        await Assertions.Expect(page).ToHaveURLAsync(new Regex($"^https?://[^/]+{Regex.Escape(begins)}{(begins[^1] is '_' or '=' ? "" : "$")}"), new() { Timeout = 15_000 });
        await page.WaitForLoadStateAsync();
    }

    /// <summary>Gives the page's person an authenticator that says yes by itself.</summary>
    public static async Task Authenticator(IPage page)
    {
        var session = await page.Context.NewCDPSessionAsync(page);
        await session.SendAsync("WebAuthn.enable");
        await session.SendAsync("WebAuthn.addVirtualAuthenticator", new()
        {
            ["options"] = new Dictionary<string, object>
            {
                ["protocol"] = "ctap2", ["transport"] = "internal", ["hasResidentKey"] = true, ["hasUserVerification"] = true, ["isUserVerified"] = true, ["automaticPresenceSimulation"] = true,
            },
        });
    }

    /// <summary>Makes this person a passkey in their window, which an admin confirms by its fingerprint.</summary>
    public static async Task Passkey(ConsoleHouse house, IPage page, Caller person)
    {
        await Authenticator(page);
        await page.GotoAsync("/account/passkeys");
        await page.GetByLabel("Name").FillAsync("laptop");
        await page.GetByRole(AriaRole.Button, new() { Name = "Make a passkey" }).ClickAsync();
        var fingerprint = await page.Locator(".key").InnerTextAsync();
        var passkey = await house.World.Read(db => db.Passkeys.AsNoTracking().SingleAsync(row => row.ActorId == person.Id));
        (await house.World.Get<ConfirmPasskey>().Confirm(await house.World.Admin(), passkey.Id.ToString(), fingerprint, default)).ShouldBeOk();
    }

    /// <summary>Held to what every page must be.</summary>
    public Task Look(IPage page, string name) => _look.At(page, name);

    /// <summary>The same in the light, in the dark, and on a phone.</summary>
    public Task LookAround(IPage page, string name) => _look.Around(page, name);

    public async ValueTask DisposeAsync()
    {
        foreach (var (page, number) in _windows.SelectMany(context => context.Pages).Select((page, number) => (page, number)))
            await PageLook.Picture(page, $"last-{number}");
        foreach (var wrong in Wrong)
            TestContext.Current.TestOutputHelper?.WriteLine(wrong);
        foreach (var window in _windows)
            await window.CloseAsync();
        await World.DisposeAsync();
    }

    private async Task<string> Session(Caller person) => (await World.Writes.Commit<string>(async scope =>
        await World.Get<Sessions>().Begin(scope, await scope.Db.Actors.SingleAsync(row => row.Id == person.Id), ["pwd", "otp"], new DefaultHttpContext(), "a test"))).ShouldBeOk();

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}

/// <summary>One browser for all tests of a class, and databases of their own beside those of other tests.</summary>
public abstract class ConsoleBrowser : IAsyncLifetime
{
    private IPlaywright? _playwright;

    private protected ConsoleBrowser(StorageEngine engine) => Engine = engine;

    public StorageEngine Engine { get; }

    public IBrowser Browser { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        await Engine.InitializeAsync();
        (_playwright, Browser) = await Launch();
    }

    /// <summary>A browser of this machine's.</summary>
    public static async Task<(IPlaywright Playwright, IBrowser Browser)> Launch()
    {
        var playwright = await Playwright.CreateAsync();
        return (playwright, await playwright.Chromium.LaunchAsync(new() { ExecutablePath = "/usr/bin/chromium", Args = ["--no-sandbox", "--host-resolver-rules=MAP localhost 127.0.0.1"] }));
    }

    public async ValueTask DisposeAsync()
    {
        if (Browser is not null)
            await Browser.DisposeAsync();
        _playwright?.Dispose();
        await Engine.DisposeAsync();
        GC.SuppressFinalize(this);
    }
}

public sealed class SqliteConsoleBrowser() : ConsoleBrowser(new SqliteEngine());

public sealed class PostgresConsoleBrowser() : ConsoleBrowser(new PostgresEngine());

/// <summary>People at a browser, with little beside them: what they see comes in time.</summary>
[CollectionDefinition(Name), Trait(Stage.Name, Stage.Quiet)]
public sealed class BrowserCollection : ICollectionFixture<SqliteConsoleBrowser>, ICollectionFixture<SqliteBrowserHouse>
{
    internal const string Name = "at a browser, alone";
}

/// <summary>The same people where the server keeps its books in PostgreSQL.</summary>
[CollectionDefinition(Name), Trait(Stage.Name, Stage.Quiet)]
public sealed class BrowserOnPostgresCollection : ICollectionFixture<PostgresConsoleBrowser>, ICollectionFixture<PostgresBrowserHouse>
{
    internal const string Name = "at a browser, on PostgreSQL";
}
