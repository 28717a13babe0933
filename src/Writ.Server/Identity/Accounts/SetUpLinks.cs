using Microsoft.EntityFrameworkCore;
using Writ.Core.Audit;
using Writ.Proof.Identity;
using Writ.Server.Storage;

namespace Writ.Server.Identity.Accounts;

/// <summary>
/// One-time links by which somebody sets up how they sign in. The secret stands behind the link's <c>#</c>: a browser
/// sends that to nobody, so it is in no server's or proxy's log.
/// </summary>
internal static class SetUpLinks
{
    public const string Purpose = "account";
    public static readonly TimeSpan Life = TimeSpan.FromHours(24);

    /// <summary>A link's secret for this actor, shown once; those of before are void.</summary>
    public static async Task<string> Create(WriteScope scope, ActorRow actor, AuditActor by)
    {
        var name = actor.Id.ToString();
        await scope.Db.OneTimeSecrets.Where(row => row.Purpose == Purpose && row.Name == name && row.SpentAt == null)
            .ExecuteUpdateAsync(set => set.SetProperty(row => row.SpentAt, scope.Now));
        var secret = Secrets.New(Secrets.SetUp);
        scope.Db.OneTimeSecrets.Add(new() { Hash = Secrets.Hash(secret), Purpose = Purpose, Name = name, CreatedAt = scope.Now, NotAfter = scope.Now + Life });
        scope.Record(new(AuditType.SetUpLinkCreated, by, null, new() { ["for"] = actor.Name, ["for_actor"] = name, ["not_after"] = (scope.Now + Life).ToString("O") }));
        return secret;
    }

    /// <summary>The address to open.</summary>
    public static string Address(Uri server, string secret) => new Uri(server, $"/setup#{secret}").ToString();

    /// <summary>Whom a secret is for: an actor, or nobody yet for the first start; null where it opens nothing.</summary>
    public static async Task<SetUpFor?> Find(WritDb db, string secret, DateTimeOffset now)
    {
        if (!secret.StartsWith(Secrets.SetUp, StringComparison.Ordinal) || secret.Length > 100)
            return null;
        var hash = Secrets.Hash(secret);
        var row = await db.OneTimeSecrets.AsNoTracking().SingleOrDefaultAsync(row => row.Hash == hash && row.SpentAt == null && row.NotAfter > now);
        return row?.Purpose switch
        {
            SetUpFirstAdmin.Purpose => new(null),
            Purpose when ActorId.TryParse(row.Name, out var id) => new(await db.Actors.AsNoTracking().SingleAsync(actor => actor.Id == id)),
            _ => null,
        };
    }

    /// <summary>Spends it; false where it opens nothing (any more), or nothing of this purpose.</summary>
    public static async Task<bool> Spend(WriteScope scope, string secret, string purpose)
    {
        var hash = Secrets.Hash(secret);
        return await scope.Db.OneTimeSecrets.Where(row => row.Hash == hash && row.Purpose == purpose && row.SpentAt == null && row.NotAfter > scope.Now)
            .ExecuteUpdateAsync(set => set.SetProperty(row => row.SpentAt, scope.Now)) == 1;
    }
}

/// <summary>Whom a set-up is for; null for the first admin, who is not there yet.</summary>
internal sealed record SetUpFor(ActorRow? Actor);
