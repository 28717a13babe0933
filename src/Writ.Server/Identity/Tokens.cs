using Microsoft.EntityFrameworkCore;
using Writ.Core.Audit;
using Writ.Core.Identity;
using Writ.Proof.Identity;
using Writ.Server.Storage;

namespace Writ.Server.Identity;

/// <summary>Access tokens: 256 random bits, stored hashed, bound to one actor, expiring, revocable.</summary>
internal static class Tokens
{
    /// <summary>The longest life of a token that was made on the box.</summary>
    public static readonly TimeSpan LongestLife = TimeSpan.FromHours(24);

    /// <summary>The caller that a token speaks for, or null for one that is unknown, expired, revoked, or whose actor is disabled.</summary>
    public static async Task<Caller?> Find(WritDb db, string token, DateTimeOffset now, string? sourceAddress, CancellationToken cancel)
    {
        if (!token.StartsWith(Secrets.Token, StringComparison.Ordinal) || token.Length > 100)
            return null;
        var hash = Secrets.Hash(token);
        var found = await (
            from row in db.Tokens.AsNoTracking()
            join owner in db.Actors.AsNoTracking() on row.ActorId equals owner.Id
            where row.Hash == hash
            select new { row, owner }).SingleOrDefaultAsync(cancel);
        if (found is null || found.row.RevokedAt is not null || found.row.NotAfter <= now || found.owner.DisabledAt is not null)
            return null;
        return CallerOf(found.owner, found.row.Id, found.row.NotAfter, new(SignInWay.Box, found.row.CreatedAt, []), sourceAddress, now);
    }

    /// <summary>An actor as a caller, with the rights that they have now.</summary>
    public static Caller CallerOf(ActorRow actor, TokenId token, DateTimeOffset notAfter, SignIn signIn, string? sourceAddress, DateTimeOffset now) => new(
        actor.Id, actor.Name, actor.Kind, actor.Groups, actor.OwnerId, actor.IsAdmin, actor.IsAuditor, token, notAfter, signIn, sourceAddress) { CheckedAt = now };

    /// <summary>Makes a token for an actor within a transaction; the text is shown once and kept nowhere.</summary>
    public static (TokenRow Row, string Text) Create(WriteScope scope, ActorRow actor, TimeSpan life, AuditActor by)
    {
        var text = Secrets.New(Secrets.Token);
        var row = new TokenRow
        {
            Id = TokenId.New(scope.Now),
            ActorId = actor.Id,
            Hash = Secrets.Hash(text),
            CreatedAt = scope.Now,
            NotAfter = scope.Now + life,
        };
        scope.Db.Tokens.Add(row);
        scope.Record(new(AuditType.TokenCreated, by, null, new()
        {
            ["token"] = row.Id.ToString(),
            ["for"] = actor.Name,
            ["for_actor"] = actor.Id.ToString(),
            ["not_after"] = row.NotAfter.ToString("O"),
        }));
        return (row, text);
    }
}
