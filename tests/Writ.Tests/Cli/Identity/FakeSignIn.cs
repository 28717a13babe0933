using System.Buffers.Text;
using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http;
using Writ.Cli.Identity;
using Writ.Contracts;
using Writ.Contracts.Identity;

namespace Writ.Tests.Cli.Identity;

/// <summary>
/// A server with a sign-in, on a real socket: codes with PKCE, access tokens that can be ended, refresh tokens that work
/// once and whose second use ends all.
/// </summary>
internal sealed partial class FakeSignIn : IAsyncDisposable
{
    private readonly ConcurrentDictionary<string, string> _challenges = new();
    private readonly ConcurrentDictionary<string, string> _access = new();
    private readonly ConcurrentDictionary<string, (string Who, bool Spent)> _refresh = new();
    private readonly string _home = Directory.CreateTempSubdirectory("writ-sign-in-").FullName;
    private int _next;

    private FakeSignIn(FakeServer server) => Server = server;

    public FakeServer Server { get; }

    /// <summary>Who types their name into the browser next.</summary>
    public string Person { get; set; } = "dana";

    /// <summary>Which issuer the browser comes back from, where it is not this one.</summary>
    public string? AnotherIssuer { get; set; }

    public string? Error { get; set; }

    /// <summary>The forms that the token endpoint got.</summary>
    public ConcurrentQueue<IFormCollection> Asked { get; } = new();

    public ConcurrentQueue<IFormCollection> Revoked { get; } = new();

    /// <summary>What the browser's page was asked with.</summary>
    public ConcurrentQueue<IQueryCollection> Pages { get; } = new();

    public int Refreshes => Asked.Count(form => form["grant_type"] == "refresh_token");

    public string KeptFolder => Path.Combine(_home, "writ", "sign-ins");

    public string KeptFile => Directory.GetFiles(KeptFolder).Single(path => !Path.HasExtension(path));

    public static async Task<FakeSignIn> StartAsync()
    {
        var server = await FakeServer.StartAsync();
        var made = new FakeSignIn(server);
        server.On("GET /.well-known/openid-configuration", context => context.Response.WriteAsJsonAsync(new Dictionary<string, string> { ["issuer"] = server.Address + "/" }));
        server.On("GET /connect/authorize", made.AuthorizeAsync);
        server.On("POST /connect/token", made.TokenAsync);
        server.On("POST /connect/revoke", async context => made.Revoked.Enqueue(await context.Request.ReadFormAsync()));
        server.On("GET /v1/whoami", made.As((context, who) => FakeServer.Write(
            context, new WhoAmI($"act_{who}", who, "user", [], [], false, false, Samples.Now), WritJson.Default.WhoAmI)));
        return made;
    }

    /// <summary>A terminal of this person's computer; several of them share the sign-in.</summary>
    public Typed Terminal(TimeProvider? time = null, bool terminal = false) =>
        new Typed(Server.Address, time, token: null, terminal: terminal).With("XDG_STATE_HOME", _home).With("BROWSER", "/bin/true");

    /// <summary>A sign-in that is kept on the computer already.</summary>
    public KeptSignIn Keep(string who = "dana", bool expired = false)
    {
        var kept = new KeptSignIn(Server.Address, $"act_{who}", who, Access(who), TimeProvider.System.GetUtcNow().AddMinutes(expired ? -1 : 10), Refresh(who));
        using var typed = Terminal();
        var file = SignInFile.Of(typed.Context)!;
        Directory.CreateDirectory(KeptFolder);
        file.Write(kept);
        return kept;
    }

    /// <summary>Ends every access token at the server.</summary>
    public void EndAccess() => _access.Clear();

    /// <summary>Ends everything at the server.</summary>
    public void EndAll()
    {
        _access.Clear();
        _refresh.Clear();
    }

    /// <summary>A call that only one who is signed in may make.</summary>
    public Func<HttpContext, Task> As(Func<HttpContext, string, Task> answer) => context =>
    {
        var token = context.Request.Headers.Authorization.ToString().Replace("Bearer ", "", StringComparison.Ordinal);
        if (_access.TryGetValue(token, out var who))
            return answer(context, who);
        context.Response.StatusCode = 401;
        return Task.CompletedTask;
    };

    /// <summary>Opens the page that was said last, as a browser would, and follows where it leads.</summary>
    public static async Task<string> OpenAsync(Typed typed, int nth = 1)
    {
        await typed.SaidAsync("/connect/authorize");
        while (Address().Count(typed.Error) < nth)
            await Task.Delay(1);
        using var browser = new HttpClient();
        using var response = await browser.GetAsync(new Uri(Address().Matches(typed.Error)[nth - 1].Value));
        return await response.Content.ReadAsStringAsync();
    }

    /// <summary>The address of the page that was said.</summary>
    [GeneratedRegex(@"http://\S+/connect/authorize\?\S+")]
    public static partial Regex Address();

    public string Access(string who)
    {
        var token = $"access{Interlocked.Increment(ref _next)}";
        _access[token] = who;
        return token;
    }

    public async ValueTask DisposeAsync()
    {
        await Server.DisposeAsync();
        Directory.Delete(_home, recursive: true);
    }

    private string Refresh(string who)
    {
        var token = $"refresh{Interlocked.Increment(ref _next)}";
        _refresh[token] = (who, false);
        return token;
    }

    private Task AuthorizeAsync(HttpContext context)
    {
        var query = context.Request.Query;
        Pages.Enqueue(query);
        var code = $"code{Interlocked.Increment(ref _next)}";
        _challenges[code] = query["code_challenge"]!;
        var back = Error is null ? $"code={code}" : $"error={Error}";
        context.Response.Redirect(
            $"{query["redirect_uri"]}?{back}&state={Uri.EscapeDataString(query["state"]!)}&iss={Uri.EscapeDataString(AnotherIssuer ?? Server.Address + "/")}");
        return Task.CompletedTask;
    }

    private async Task TokenAsync(HttpContext context)
    {
        var form = await context.Request.ReadFormAsync();
        Asked.Enqueue(form);
        string? who = null;
        switch (form["grant_type"].ToString())
        {
            case "authorization_code":
                var proof = Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes(form["code_verifier"]!)));
                who = _challenges.TryRemove(form["code"]!, out var challenge) && challenge == proof ? Person : null;
                break;
            case "refresh_token":
                var token = form["refresh_token"].ToString();
                lock (_refresh)
                {
                    if (_refresh.TryGetValue(token, out var known) && !known.Spent)
                        (who, _refresh[token]) = (known.Who, (known.Who, true));
                    else
                        EndAll();
                }

                break;
            case "urn:ietf:params:oauth:grant-type:token-exchange" or "client_credentials":
                who = "ci-nightly";
                break;
        }

        context.Response.StatusCode = who is null ? 400 : 200;
        await context.Response.WriteAsJsonAsync(who is null
            ? new Dictionary<string, object> { ["error"] = "invalid_grant", ["error_description"] = "the token was used before" }
            : new Dictionary<string, object> { ["access_token"] = Access(who), ["refresh_token"] = Refresh(who), ["expires_in"] = 600, ["token_type"] = "Bearer" });
    }
}

/// <summary>The system's clock, on which short pauses are over at once: what waits a little before it tries again does so now.</summary>
internal sealed class HastyTime : TimeProvider
{
    private static readonly TimeSpan Short = TimeSpan.FromSeconds(10);

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        base.CreateTimer(callback, state, dueTime > TimeSpan.Zero && dueTime <= Short ? TimeSpan.FromMilliseconds(1) : dueTime, period);
}
