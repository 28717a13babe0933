using Microsoft.EntityFrameworkCore;
using Writ.Core.Audit;
using Writ.Core.Identity;
using Writ.Proof.Errors;
using Writ.Proof.Identity;
using Writ.Server.Storage;

namespace Writ.Server.Identity;

/// <summary>
/// Browsers that somebody is signed in with: a cookie of 256 random bits, a row a browser, an hour without a call or twelve
/// hours in all. Signing in again makes a new one and ends the one of before, so none outlives what it was made for.
/// </summary>
internal sealed class Sessions(Database database, WriteTransaction writes, ServerSettings settings, TimeProvider time)
{
    public static readonly TimeSpan Idle = TimeSpan.FromHours(1);
    public static readonly TimeSpan Life = TimeSpan.FromHours(12);
    private static readonly TimeSpan SeenEvery = TimeSpan.FromMinutes(1);

    /// <summary>
    /// Over TLS the prefix makes the browser refuse a cookie that another host or a page in the clear has set; a browser
    /// takes it over TLS alone.
    /// </summary>
    public string Cookie => settings.IsSecure ? "__Host-writ" : "writ";

    /// <summary>Who is signed in with the browser of this call, or null.</summary>
    public async Task<Caller?> Find(HttpContext context)
    {
        if (!context.Request.Cookies.TryGetValue(Cookie, out var secret) || !secret.StartsWith(Secrets.Session, StringComparison.Ordinal) || secret.Length > 100)
            return null;
        var hash = Secrets.Hash(secret);
        return await Find(rows => rows.Where(row => row.Hash == hash), context.Source(), seen: true, context.RequestAborted);
    }

    /// <summary>Who is signed in by a session that a page was opened with, or null once it has ended.</summary>
    /// <param name="session">The session's id.</param>
    /// <param name="source">Where the page is open.</param>
    /// <param name="seen">Whether a person did something. What a page does by itself keeps no session alive.</param>
    /// <param name="cancel">Gives up.</param>
    public Task<Caller?> Find(TokenId session, string? source, bool seen, CancellationToken cancel) =>
        Find(rows => rows.Where(row => row.Id == session), source, seen, cancel);

    /// <summary>Those of these sessions that are still alive.</summary>
    public async Task<HashSet<TokenId>> Alive(IReadOnlyCollection<TokenId> sessions, CancellationToken cancel)
    {
        await using var db = database.Open();
        var now = time.GetUtcNow();
        var seen = now - Idle;
        return [.. await (
            from row in db.Sessions.AsNoTracking()
            join owner in db.Actors.AsNoTracking() on row.ActorId equals owner.Id
            where sessions.Contains(row.Id) && row.EndedAt == null && row.NotAfter > now && row.LastSeenAt > seen && owner.DisabledAt == null
            select row.Id).ToListAsync(cancel)];
    }

    private async Task<Caller?> Find(Func<IQueryable<SessionRow>, IQueryable<SessionRow>> which, string? source, bool seen, CancellationToken cancel)
    {
        await using var db = database.Open();
        var now = time.GetUtcNow();
        var found = await (
            from row in which(db.Sessions.AsNoTracking())
            join owner in db.Actors.AsNoTracking() on row.ActorId equals owner.Id
            select new { row, owner }).SingleOrDefaultAsync(cancel);
        if (found is null || found.row.EndedAt is not null || found.owner.DisabledAt is not null || now >= found.row.NotAfter || now >= found.row.LastSeenAt + Idle)
            return null;
        if (seen && now - found.row.LastSeenAt >= SeenEvery)
        {
            await writes.Append(writing => writing.Sessions.Where(row => row.Id == found.row.Id && row.LastSeenAt < now)
                .ExecuteUpdateAsync(set => set.SetProperty(row => row.LastSeenAt, now)));
        }

        return Tokens.CallerOf(found.owner, found.row.Id, found.row.NotAfter, new(SignInWay.Browser, found.row.SignedInAt, found.row.Methods), source, now);
    }

    /// <summary>Signs a browser in within a transaction, and ends the session that it had. The secret goes into the cookie once that is committed.</summary>
    /// <param name="by">What they signed in with, for the log.</param>
    /// <param name="at">When they showed who they are; null for now.</param>
    public async Task<string> Begin(WriteScope scope, ActorRow actor, IReadOnlyCollection<string> methods, HttpContext context, string by, DateTimeOffset? at = null)
    {
        await End(scope, context);
        var secret = Secrets.New(Secrets.Session);
        var session = new SessionRow
        {
            Id = TokenId.New(scope.Now), ActorId = actor.Id, Hash = Secrets.Hash(secret), SignedInAt = at ?? scope.Now, Methods = [.. methods],
            LastSeenAt = scope.Now, NotAfter = scope.Now + Life, Address = context.Source(),
        };
        scope.Db.Sessions.Add(session);
        scope.Record(new(AuditType.SignedIn, new(actor.Id, actor.Name), null, new()
        {
            ["session"] = session.Id.ToString(),
            ["by"] = by,
            ["methods"] = AuditEvent.Texts(methods),
        }, context.Source()));
        return secret;
    }

    /// <summary>Gives the browser its cookie: no script reads it, no other site's call carries it.</summary>
    public void SetCookie(HttpContext context, string secret) => context.Response.Cookies.Append(Cookie, secret, CookieOptions());

    /// <summary>Signs this browser out.</summary>
    public async Task SignOut(HttpContext context)
    {
        if (await Find(context) is { } caller)
        {
            await writes.Commit<bool>(async scope =>
            {
                if (await End(scope, context) == 0)
                    return new Refusal(ErrorCode.WrongState, "it had ended");
                scope.Record(new(AuditType.SignInEnded, caller.Audit, null, new() { ["session"] = caller.Token.ToString() }, caller.SourceAddress));
                return true;
            });
        }

        context.Response.Cookies.Delete(Cookie, CookieOptions());
    }

    private async Task<int> End(WriteScope scope, HttpContext context)
    {
        if (!context.Request.Cookies.TryGetValue(Cookie, out var secret) || secret.Length > 100)
            return 0;
        var hash = Secrets.Hash(secret);
        return await scope.Db.Sessions.Where(row => row.Hash == hash && row.EndedAt == null)
            .ExecuteUpdateAsync(set => set.SetProperty(row => row.EndedAt, scope.Now));
    }

    private CookieOptions CookieOptions() => new() { HttpOnly = true, Secure = settings.IsSecure, SameSite = SameSiteMode.Lax, Path = "/", IsEssential = true };
}
