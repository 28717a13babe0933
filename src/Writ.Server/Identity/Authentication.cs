using Writ.Core.Audit;
using Writ.Core.Identity;
using Writ.Proof.Errors;
using Writ.Server.Audit;
using Writ.Server.Errors;
using Writ.Server.Storage;

namespace Writ.Server.Identity;

/// <summary>Every <c>/v1</c> call but the open ones carries a bearer token; a call without a valid one ends here.</summary>
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
            await refusal.ToHttp().ExecuteAsync(context);
        else
            await next(context);
    }

    private static async Task<Refusal?> Refuse(HttpContext context)
    {
        var services = context.RequestServices;
        var source = context.Connection.RemoteIpAddress?.ToString();
        var header = context.Request.Headers.Authorization.ToString();
        const string scheme = "Bearer ";
        if (!header.StartsWith(scheme, StringComparison.OrdinalIgnoreCase))
        {
            await Record("no token");
            return new(ErrorCode.NotSignedIn, "not signed in", "set WRIT_TOKEN, or ask for a token");
        }

        await using var db = services.GetRequiredService<Database>().Open();
        var now = services.GetRequiredService<TimeProvider>().GetUtcNow();
        var caller = await Tokens.Find(db, header[scheme.Length..].Trim(), now, source, context.RequestAborted);
        if (caller is null)
        {
            await Record("unknown, expired or revoked token");
            return new(ErrorCode.NotSignedIn, "the token is unknown, expired or revoked", "ask for a new token");
        }

        context.Items[Key] = caller;
        return null;

        Task Record(string why) => services.GetRequiredService<RefusedAttempts>().Record(
            new(AuditType.SignInFailed, new(null, "unknown"), null, new() { ["path"] = context.Request.Path.Value, ["why"] = why }, source));
    }
}
