using Microsoft.EntityFrameworkCore;
using Writ.Proof.Identity;
using Writ.Server.Storage;

namespace Writ.Server.Identity;

/// <summary>Ends everything by which an actor is signed in, in the transaction that says why.</summary>
internal static class EndSignIns
{
    /// <summary>How many there were.</summary>
    public static Task<int> Of(WriteScope scope, ActorId actor) => scope.Db.Tokens
        .Where(row => row.ActorId == actor && row.RevokedAt == null && row.NotAfter > scope.Now)
        .ExecuteUpdateAsync(set => set.SetProperty(row => row.RevokedAt, scope.Now));
}
