using Microsoft.EntityFrameworkCore;
using Writ.Proof.Identity;
using Writ.Server.Storage;
using static OpenIddict.Abstractions.OpenIddictConstants;

namespace Writ.Server.Identity;

/// <summary>
/// Ends what lets somebody in, at once and for good: each is a row that every call reads. Whoever ends records the entry
/// in the same transaction.
/// </summary>
internal static class EndSignIns
{
    /// <summary>Everything of an actor: browsers, clients with all their tokens, and tokens that were made on the box. Says how many were alive.</summary>
    public static async Task<int> Of(WriteScope scope, ActorId actor)
    {
        var subject = actor.ToString();
        var ended = await Browsers(scope, actor);
        ended += await scope.Db.OpenIdAuthorizations.Where(row => row.Subject == subject && row.Status == Statuses.Valid)
            .ExecuteUpdateAsync(set => set.SetProperty(row => row.Status, Statuses.Revoked));
        await scope.Db.OpenIdTokens.Where(row => row.Subject == subject && (row.Status == Statuses.Valid || row.Status == Statuses.Inactive))
            .ExecuteUpdateAsync(set => set.SetProperty(row => row.Status, Statuses.Revoked));
        return ended + await scope.Db.Tokens.Where(row => row.ActorId == actor && row.RevokedAt == null && row.NotAfter > scope.Now)
            .ExecuteUpdateAsync(set => set.SetProperty(row => row.RevokedAt, scope.Now));
    }

    /// <summary>What came of one sign-in of a client: its authorization with every token, those included that are being made now.</summary>
    public static async Task<int> OfClient(WriteScope scope, string authorization)
    {
        await scope.Db.OpenIdAuthorizations.Where(row => row.Id == authorization)
            .ExecuteUpdateAsync(set => set.SetProperty(row => row.Status, Statuses.Revoked));
        return await scope.Db.OpenIdTokens.Where(row => row.Authorization!.Id == authorization && row.Status != Statuses.Revoked)
            .ExecuteUpdateAsync(set => set.SetProperty(row => row.Status, Statuses.Revoked));
    }

    private static Task<int> Browsers(WriteScope scope, ActorId actor) =>
        scope.Db.Sessions.Where(row => row.ActorId == actor && row.EndedAt == null && row.NotAfter > scope.Now)
            .ExecuteUpdateAsync(set => set.SetProperty(row => row.EndedAt, scope.Now));
}
