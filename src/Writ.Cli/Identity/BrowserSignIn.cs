using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Writ.Cli.Output;
using Writ.Cli.Server;

namespace Writ.Cli.Identity;

/// <summary>
/// A person signs in with their browser: authorization code with PKCE on the loopback (RFC 8252, RFC 7636).
/// <list type="number">
/// <item>Listen on a port of this computer.</item>
/// <item>Send the browser to the server's own page.</item>
/// <item>Take the code that comes back with our state, from the issuer that was asked (RFC 9207).</item>
/// <item>Exchange it, with the secret that only this process knows.</item>
/// </list>
/// </summary>
internal sealed class BrowserSignIn(CliContext context) : SignInWay
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);

    public override string Hint => "writ login";

    public override bool IsUnattended => false;

    public override async Task<KeptSignIn> SignInAsync(KeptSignIn? kept, Challenge? challenge, CancellationToken cancel)
    {
        var oauth = context.OAuth;
        var issuer = await oauth.IssuerAsync(cancel);
        var (state, verifier) = (Secret(), Secret());
        using var listener = new LoopbackListener(state); // 1
        var page = Page(issuer, listener.RedirectUri, state, verifier, challenge);
        if (challenge is not null)
            context.Terminal.Say("writ: the server asks you to sign in again for this");
        if (!Browser.Open(context, page) && challenge is not null && !context.Terminal.ErrorIsTerminal) // 2
            throw new Stop(ExitCode.NotSignedIn, "the server asks for a fresh sign-in, and there is no browser here", "do it where there is one, or in the console");
        context.Terminal.Say($"writ: sign in with your browser; where none opens, open this page on this computer:\n  {Printable.Line(page.AbsoluteUri)}");
        using var limit = new CancellationTokenSource(Patience, context.Time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancel);
        Arrival arrival;
        try
        {
            arrival = await listener.ArrivalAsync(both.Token); // 3
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested && !cancel.IsCancellationRequested)
        {
            throw new Stop(ExitCode.NotSignedIn, "nobody signed in within 10 minutes", "writ login once more");
        }

        try
        {
            var fresh = await ExchangeAsync(oauth, issuer, arrival.Query, listener.RedirectUri, verifier, cancel); // 4
            if (kept is not null && fresh.Actor != kept.Actor)
            {
                await StoredSignIn.EndAsync(oauth, fresh);
                throw new Stop(ExitCode.NotSignedIn, $"signed in as {fresh.Name}, but this was begun as {kept.Name}; nothing was done", "writ login changes who you are");
            }

            await arrival.Answer($"You are signed in as {fresh.Name}. You can close this page and go back to the terminal.");
            return fresh;
        }
        catch (Stop stop)
        {
            await arrival.Answer($"You are not signed in: {stop.Line}.");
            throw;
        }
    }

    private async Task<KeptSignIn> ExchangeAsync(
        OAuth oauth, Uri issuer, IReadOnlyDictionary<string, string> query, string redirect, string verifier, CancellationToken cancel)
    {
        // A code of another issuer must not be spent here, nor ours there.
        if (!Uri.TryCreate(query.GetValueOrDefault("iss"), UriKind.Absolute, out var from) || from != issuer)
            throw new Stop(ExitCode.NotSignedIn, "the browser came back from another server than it was sent to");
        if (query.TryGetValue("error", out var error))
            throw OAuth.Refused(error, query.GetValueOrDefault("error_description"));
        if (query.GetValueOrDefault("code") is not { Length: > 0 } code)
            throw new Stop(ExitCode.NotSignedIn, "the browser came back without a code");
        var asked = context.Now;
        var answer = await oauth.TokenAsync(cancel,
            ("grant_type", "authorization_code"), ("code", code), ("redirect_uri", redirect), ("code_verifier", verifier), ("client_id", OAuth.Client));
        return await NewSignIn.OfAsync(context, answer, asked, cancel);
    }

    private static Uri Page(Uri issuer, string redirect, string state, string verifier, Challenge? challenge)
    {
        var query = new StringBuilder($"response_type=code&client_id={OAuth.Client}");
        Add("redirect_uri", redirect);
        Add("scope", OAuth.Scopes);
        Add("state", state);
        Add("code_challenge", Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes(verifier))));
        Add("code_challenge_method", "S256");
        if (challenge?.MaxAge is { } age)
            Add("max_age", age.ToString(CultureInfo.InvariantCulture));
        if (challenge?.AcrValues is { } acr)
            Add("acr_values", acr);
        return new($"{issuer.AbsoluteUri.TrimEnd('/')}/connect/authorize?{query}");

        void Add(string name, string value) => query.Append('&').Append(name).Append('=').Append(Uri.EscapeDataString(value));
    }

    private static string Secret() => Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));
}
