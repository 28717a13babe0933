using System.Text;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using Writ.Core.Audit;
using Writ.Core.Identity;
using Writ.Proof.Identity;
using Writ.Server.Audit;
using Writ.Server.Identity;
using Writ.Server.Storage;
using Writ.Server.Users;
using Writ.Server.Web;

namespace Writ.Server.SecurityEvents;

/// <summary>
/// Takes a signed event (RFC 8417) that a pinned issuer pushes (RFC 8935). A revoked session (CAEP 1.0) signs its person out
/// everywhere: grants and live runs end before the answer. An issuer speaks of its own subjects alone.
/// </summary>
internal sealed class ReceiveEvent(Database database, WriteTransaction writes, SignOutUser signOut, RefusedAttempts refused, RateLimits limits, TimeProvider time)
{
    public const string Type = "application/secevent+jwt";
    private const string SessionRevoked = "https://schemas.openid.net/secevent/caep/event-type/session-revoked";
    private const string Purpose = "security event";
    private const int MostBytes = 64 << 10;

    /// <summary>For so long a transmitter may try again; older events are of another day.</summary>
    private static readonly TimeSpan Oldest = TimeSpan.FromDays(7), Ahead = TimeSpan.FromMinutes(1);

    private static readonly string[] Algorithms =
    [
        SecurityAlgorithms.EcdsaSha256, SecurityAlgorithms.EcdsaSha384, SecurityAlgorithms.EcdsaSha512, SecurityAlgorithms.RsaSha256, SecurityAlgorithms.RsaSha384, SecurityAlgorithms.RsaSha512,
        SecurityAlgorithms.RsaSsaPssSha256, SecurityAlgorithms.RsaSsaPssSha384, SecurityAlgorithms.RsaSsaPssSha512,
    ];

    /// <summary>An event that is not taken, as RFC 8935 section 2.4 names the reason.</summary>
    private sealed record NotTaken(string Error, string Description);

    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapPost("/security-events", async (ReceiveEvent verb, HttpContext context) => await verb.Receive(context))
            .WithMetadata(new BodyLimit(MostBytes)).WithName("ReceiveEvent").Needs(Access.Transmitter).Produces(StatusCodes.Status202Accepted);

    private async Task<IResult> Receive(HttpContext context)
    {
        var source = context.Connection.RemoteIpAddress;
        if (context.Request.ContentType?.Split(';')[0].Trim() != Type)
            return await Refuse(new("invalid_request", $"the content is no {Type}"));
        using var reader = new StreamReader(context.Request.Body, Encoding.ASCII);
        var (transmitter, token, problem) = await Check(await reader.ReadToEndAsync(context.RequestAborted), context.RequestAborted);
        if (problem is not null)
            return await Refuse(problem);
        await Act(transmitter!, token!, source?.ToString());
        return Results.StatusCode(StatusCodes.Status202Accepted);

        async Task<IResult> Refuse(NotTaken why)
        {
            await refused.Record(new(AuditType.AttemptRefused, new(null, "unknown transmitter"), null, new() { ["attempt"] = "send event", ["code"] = why.Error, ["message"] = why.Description }, source?.ToString()));
            return limits.Take(RateLimits.KeyOf(source), RateLimits.Address) is null
                ? Results.Json(new { err = why.Error, description = why.Description }, statusCode: StatusCodes.Status400BadRequest)
                : Results.StatusCode(StatusCodes.Status429TooManyRequests);
        }
    }

    /// <summary>The issuer is only a key into what is pinned until the signature holds.</summary>
    private async Task<(TransmitterRow? Transmitter, JsonWebToken? Token, NotTaken? Problem)> Check(string text, CancellationToken cancel)
    {
        JsonWebToken token;
        try
        {
            token = new JsonWebToken(text.Trim());
        }
        catch (Exception malformed) when (malformed is ArgumentException or SecurityTokenException)
        {
            return (null, null, new("invalid_request", "the content is no signed token"));
        }

        await using var db = database.Open();
        if (await db.Transmitters.AsNoTracking().SingleOrDefaultAsync(row => row.Issuer == token.Issuer, cancel) is not { } transmitter)
            return (null, null, new("invalid_issuer", "the issuer is not pinned here"));
        var result = await new JsonWebTokenHandler { MapInboundClaims = false }.ValidateTokenAsync(token, new TokenValidationParameters
        {
            ValidIssuer = transmitter.Issuer,
            ValidAudience = transmitter.Audience,
            IgnoreTrailingSlashWhenValidatingAudience = false,
            IssuerSigningKeys = new JsonWebKeySet(transmitter.Keys).GetSigningKeys(),
            TryAllIssuerSigningKeys = false,
            ValidAlgorithms = Algorithms,
            ValidTypes = ["secevent+jwt"],
            RequireSignedTokens = true,
            // An event has no end of its own (RFC 8417 section 2.2): its age is looked at below.
            RequireExpirationTime = false,
            ValidateLifetime = false,
        });
        if (!result.IsValid)
        {
            return (null, null, result.Exception switch
            {
                SecurityTokenInvalidAudienceException => new("invalid_audience", "the event is for somebody else"),
                SecurityTokenInvalidIssuerException => new("invalid_issuer", "the issuer is not pinned here"),
                _ => new("invalid_key", "the event is not signed by a pinned key, or is of another kind"),
            });
        }

        var now = time.GetUtcNow();
        if (!token.TryGetPayloadValue<long>("iat", out var iat) || string.IsNullOrEmpty(token.Id) || token.Id.Length > 256)
            return (null, null, new("invalid_request", "the event has no iat or no jti"));
        var at = DateTimeOffset.FromUnixTimeSeconds(Math.Clamp(iat, 0, 253_402_300_799));
        return at < now - Oldest || at > now + Ahead
            ? (null, null, new("invalid_request", "the event is too old, or of the future"))
            : (transmitter, token, null);
    }

    private async Task Act(TransmitterRow transmitter, JsonWebToken token, string? source)
    {
        var by = new AuditActor(null, $"transmitter {transmitter.Name}");
        var (kind, subject) = Read(transmitter, token);
        var until = time.GetUtcNow() + Oldest + Ahead;
        ActorId? actor = null;
        await using (var db = database.Open())
        {
            // What came before is acknowledged again and does nothing again: a captured event cannot sign out whoever came back.
            if (await Once.IsSpent(db, Purpose, $"{transmitter.Issuer}\n{token.Id}"))
                return;
            if (kind == SessionRevoked && subject is not null)
                actor = await db.Identities.AsNoTracking().Where(row => row.Issuer == transmitter.Issuer && row.Subject == subject).Select(row => (ActorId?)row.ActorId).SingleOrDefaultAsync();
        }

        if (actor is { } person)
            await signOut.SignOut(person, by, "their session was revoked by the provider", source, Keep);
        else
            await writes.Commit<bool>(async scope =>
            {
                await Keep(scope);
                return true;
            });

        async Task Keep(WriteScope scope)
        {
            await Once.Spend(scope, Purpose, $"{transmitter.Issuer}\n{token.Id}", until);
            scope.Record(new(AuditType.EventReceived, by, null, new()
            {
                ["transmitter"] = transmitter.Name, ["event"] = kind, ["jti"] = token.Id, ["subject"] = subject, ["of"] = actor?.ToString(),
            }, source));
        }
    }

    /// <summary>What happened, and to which subject of the issuer's own; null for what is not understood.</summary>
    private static (string? Kind, string? Subject) Read(TransmitterRow transmitter, JsonWebToken token)
    {
        if (!token.TryGetPayloadValue<JsonElement>("events", out var events) || events.ValueKind != JsonValueKind.Object)
            return (null, null);
        var kind = events.TryGetProperty(SessionRevoked, out var revoked) ? SessionRevoked : events.EnumerateObject().Select(member => member.Name).FirstOrDefault();
        // RFC 9493: the subject stands beside the events; before it stood in the event.
        var subject = token.TryGetPayloadValue<JsonElement>("sub_id", out var beside) ? SubjectOf(beside)
            : revoked.ValueKind == JsonValueKind.Object && revoked.TryGetProperty("subject", out var inside) ? SubjectOf(inside) : null;
        return (kind, subject);

        string? SubjectOf(JsonElement id)
        {
            if (id.ValueKind != JsonValueKind.Object)
                return null;
            if (id.TryGetProperty("user", out var user))
                return SubjectOf(user);
            return id.TryGetProperty("iss", out var iss) && iss.ValueKind == JsonValueKind.String && iss.GetString() == transmitter.Issuer
                && id.TryGetProperty("sub", out var sub) && sub.ValueKind == JsonValueKind.String ? sub.GetString() : null;
        }
    }
}
