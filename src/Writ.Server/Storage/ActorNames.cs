using Microsoft.EntityFrameworkCore;
using Writ.Proof.Identity;

namespace Writ.Server.Storage;

/// <summary>What actors are called.</summary>
internal static class ActorNames
{
    /// <summary>The names of these actors.</summary>
    public static async Task<Dictionary<ActorId, string>> NamesOf(this WritDb db, IEnumerable<ActorId> actors, CancellationToken cancel = default)
    {
        var ids = actors.Distinct().ToArray();
        return ids.Length == 0 ? [] : await db.Actors.AsNoTracking().Where(row => ids.Contains(row.Id)).ToDictionaryAsync(row => row.Id, row => row.Name, cancel);
    }
}
