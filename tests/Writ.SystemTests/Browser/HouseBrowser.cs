using Microsoft.EntityFrameworkCore;
using Microsoft.Playwright;
using Writ.Core.Audit;
using Writ.Proof.Identity;
using Writ.Server.Audit;
using Writ.Server.Identity;
using Writ.Server.Storage;
using Writ.SystemTests.EndToEnd;
using Writ.SystemTests.Storage;

namespace Writ.SystemTests.Browser;

/// <summary>A real browser at the console of a house of real processes. Each window is somebody's own.</summary>
internal sealed class HouseBrowser : IAsyncDisposable
{
    private readonly House _house;
    private readonly IPlaywright _playwright;
    private readonly IBrowser _browser;

    private readonly PageLook _look;

    private HouseBrowser(House house, IPlaywright playwright, IBrowser browser) =>
        (_house, _playwright, _browser, _look) = (house, playwright, browser, new(looks: house.Database is SqliteHouse, Wrong));

    /// <summary>What went wrong in any window.</summary>
    public List<string> Wrong { get; } = [];

    public static async Task<HouseBrowser> At(House house)
    {
        var playwright = await Playwright.CreateAsync();
        return new(house, playwright, await playwright.Chromium.LaunchAsync(new() { ExecutablePath = "/usr/bin/chromium", Args = ["--no-sandbox"] }));
    }

    /// <summary>A window in which somebody of the house is signed in.</summary>
    public async Task<IPage> Open(string person, string path, ColorScheme scheme = ColorScheme.Light, int width = 1440, int height = 900)
    {
        var context = await _browser.NewContextAsync(new()
        {
            BaseURL = _house.Address.ToString(), ColorScheme = scheme, ViewportSize = new() { Width = width, Height = height }, Locale = "en-GB", TimezoneId = "Europe/Berlin", ReducedMotion = ReducedMotion.Reduce,
        });
        context.SetDefaultTimeout(30_000);
        await context.AddCookiesAsync([new() { Name = "writ", Value = await SignIn(person), Url = _house.Address.ToString(), HttpOnly = true }]);
        var page = await context.NewPageAsync();
        page.Console += (_, message) =>
        {
            if (message.Type is "error" or "warning")
                Wrong.Add($"{message.Text} ({message.Location})");
        };
        page.PageError += (_, error) => Wrong.Add(error);
        await page.GotoAsync(path);
        await ConsoleHouse.Live(page);
        return page;
    }

    /// <summary>Held to what every page must be.</summary>
    public Task Look(IPage page, string name) => _look.At(page, name);

    /// <summary>The same in the light, in the dark, and on a phone.</summary>
    public Task LookAround(IPage page, string name) => _look.Around(page, name);

    public async ValueTask DisposeAsync()
    {
        foreach (var (page, number) in _browser.Contexts.SelectMany(window => window.Pages).Select((page, number) => (page, number)))
            await PageLook.Picture(page, $"last-{number}");
        foreach (var wrong in Wrong)
            TestContext.Current.TestOutputHelper?.WriteLine(wrong);
        await _browser.DisposeAsync();
        _playwright.Dispose();
    }

    // The server is another process: what it would write at a sign-in is written beside it.
    private async Task<string> SignIn(string person)
    {
        using var database = _house.Database.Connection is { } connection ? Database.Postgres(connection) : Database.Sqlite(Path.Combine(_house.ServerData, "writ.db"));
        var signedIn = await new WriteTransaction(database, new SequencerBell(), TimeProvider.System).Commit<string>(async scope =>
        {
            var actor = await scope.Db.Actors.SingleAsync(row => row.Name == person);
            var secret = Secrets.New(Secrets.Session);
            scope.Db.Sessions.Add(new()
            {
                Id = TokenId.New(scope.Now), ActorId = actor.Id, Hash = Secrets.Hash(secret), SignedInAt = scope.Now, Methods = ["pwd", "otp"],
                LastSeenAt = scope.Now, NotAfter = scope.Now + Sessions.Life, Address = "127.0.0.1",
            });
            scope.Record(new(AuditType.SignedIn, new(actor.Id, actor.Name), null, new() { ["by"] = "a test" }));
            return secret;
        });
        return signedIn.ShouldBeOk();
    }
}
