using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Authentication;
using Microsoft.EntityFrameworkCore;
using OpenIddict.Abstractions;
using Writ.Core.Audit;
using Writ.Core.Identity;
using Writ.Proof.Errors;
using Writ.Server.Audit;
using Writ.Server.Pages;
using Writ.Server.Errors;
using Writ.Server.Identity.OpenId;
using Writ.Server.Storage;
using Writ.Server.Web;
using Writ.Server.WebConsole;

namespace Writ.Server.Identity;

/// <summary>Every call but the open ones carries a bearer token, or the cookie of a browser that somebody is signed in with; a call without a valid one ends here.</summary>
internal static class Authentication
{
    private static readonly object Key = new();

    /// <summary>The caller of an authenticated call.</summary>
    public static Caller Caller(this HttpContext context) =>
        (Caller?)context.Items[Key] ?? throw new InvalidOperationException("the call was not authenticated");

    /// <summary>Checks the token before anything of the call is read.</summary>
    public static async Task Check(HttpContext context, RequestDelegate next)
    {
        if (await Refuse(context) is { } refusal)
        {
            var wait = context.RequestServices.GetRequiredService<RateLimits>().Take(RateLimits.KeyOf(context.Connection.RemoteIpAddress), RateLimits.Address);
            await (wait is { } time ? AccessEndpoints.TooMany(context, time) : refusal.ToHttp().ExecuteAsync(context));
        }
        else
            await next(context);
    }

    /// <summary>Where the call came from.</summary>
    public static string? Source(this HttpContext context) => context.Connection.RemoteIpAddress?.ToString();

    private static Refusal NotSignedIn => new(ErrorCode.NotSignedIn, "not signed in", "sign in: writ login, or set WRIT_TOKEN");

    private static async Task<Refusal?> Refuse(HttpContext context)
    {
        const string scheme = "Bearer ";
        var header = context.Request.Headers.Authorization.ToString();
        var found = header.StartsWith(scheme, StringComparison.OrdinalIgnoreCase)
            ? await ByToken(context, header[scheme.Length..].Trim())
            : Door.Of(context) == Door.Api ? await BySession(context) : NotSignedIn;
        if (found.IsOk)
            context.Items[Key] = found.Value;
        else
            await Record(context, found.Refusal.Message);
        return found.IsOk ? null : found.Refusal;
    }

    private static async Task<Result<Caller>> ByToken(HttpContext context, string token)
    {
        var services = context.RequestServices;
        var unknown = new Refusal(ErrorCode.NotSignedIn, "the token is unknown, expired or revoked", "sign in again: writ login");
        await using var db = services.GetRequiredService<Database>().Open();
        if (!token.StartsWith(Secrets.Token, StringComparison.Ordinal))
            return await OfOpenId(context, db, unknown);
        if (Door.Of(context) != Door.Api)
            return new Refusal(ErrorCode.NotSignedIn, "a token of the box is for the API alone", "a workload gets one for this door: writ workload token");

        var now = services.GetRequiredService<TimeProvider>().GetUtcNow();
        if (await Tokens.Find(db, token, now, context.Source(), context.RequestAborted) is not { } caller)
            return unknown;
        if (await services.GetRequiredService<BoxTokens>().AreOff(db, context.RequestAborted))
            return new Refusal(ErrorCode.NotSignedIn, "tokens of the box are off, since a sign-in is configured", "sign in: writ login, or start the server with --keep-box-tokens");
        return caller;
    }

    private static async Task<Result<Caller>> OfOpenId(HttpContext context, WritDb db, Refusal unknown)
    {
        var services = context.RequestServices;
        var now = services.GetRequiredService<TimeProvider>().GetUtcNow();
        // OpenIddict reads the call in its part of the middleware, which calls of /v1 go past.
        var handlers = services.GetRequiredService<IAuthenticationHandlerProvider>();
        if (await handlers.GetHandlerAsync(context, OpenIdServer.Bearer) is IAuthenticationRequestHandler reader)
            await reader.HandleRequestAsync();
        if ((await context.AuthenticateAsync(OpenIdServer.Bearer)).Principal is not { } principal)
            return unknown;
        if (SignInClaims.Subject(principal) is not { } subject || SignInClaims.SignInOf(principal) is not { } signIn || !Guid.TryParse(principal.GetTokenId(), out var token))
            return unknown;
        // What was meant for one door is not carried through another (RFC 8707, 2).
        if (principal.GetAudiences() is not [var audience] || audience != Door.Of(context).Resource(services.GetRequiredService<ServerSettings>()))
            return new Refusal(ErrorCode.NotSignedIn, "the token is for another door of the server", "a client asks for the resource that it calls");
        var actor = await db.Actors.AsNoTracking().SingleOrDefaultAsync(row => row.Id == subject, context.RequestAborted);
        if (actor is null || actor.DisabledAt is not null)
            return unknown;
        var caller = Tokens.CallerOf(actor, new(token), principal.GetExpirationDate() ?? DateTimeOffset.MinValue, signIn, context.Source(), now);
        if (SignInClaims.PersonOf(principal) is not { } person)
            return caller;
        // Nobody acts for a person who may not act any more.
        var behind = await db.Actors.AsNoTracking().SingleOrDefaultAsync(row => row.Id == person && row.DisabledAt == null, context.RequestAborted);
        return behind is null ? unknown : caller with { OnBehalfOf = new(behind.Id, behind.Name) };
    }

    /// <summary>
    /// A page's own call carries the cookie by itself, and so would another site's: what changes something shows a value
    /// that only our pages can read, and no call says that it comes from elsewhere.
    /// </summary>
    private static async Task<Result<Caller>> BySession(HttpContext context)
    {
        var services = context.RequestServices;
        if (await services.GetRequiredService<Sessions>().Find(context) is not { } caller)
            return NotSignedIn;
        var settings = services.GetRequiredService<ServerSettings>();
        // Behind a proxy that speaks TLS the call itself came in the clear.
        context.Request.Scheme = settings.Public.Scheme;
        var origin = context.Request.Headers.Origin.ToString();
        if (origin.Length > 0 && origin != settings.Origin)
            return new Refusal(ErrorCode.Forbidden, "the call comes from another site");
        // A WebSocket carries no header of ours; over HTTP/2 it is a CONNECT (RFC 8441), and where it comes from the browser says.
        var safe = HttpMethods.IsGet(context.Request.Method) || HttpMethods.IsHead(context.Request.Method) || (HttpMethods.IsConnect(context.Request.Method) && origin.Length > 0);
        return safe || ConsoleDoor.Leaves(context) || await services.GetRequiredService<IAntiforgery>().IsRequestValidAsync(context)
            ? caller
            : new Refusal(ErrorCode.Forbidden, $"the call has no valid {PageSecurity.Header} header", "reload the page");
    }

    private static Task Record(HttpContext context, string why) => context.RequestServices.GetRequiredService<RefusedAttempts>().Record(
        new(AuditType.SignInFailed, new(null, "unknown"), null, new() { ["path"] = context.Request.Path.Value, ["why"] = why }, context.Source()));
}
