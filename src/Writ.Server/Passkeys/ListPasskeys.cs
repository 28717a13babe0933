using Microsoft.EntityFrameworkCore;
using Writ.Contracts.Identity;
using Writ.Contracts.Requests;
using Writ.Core.Identity;
using Writ.Server.Identity;
using Writ.Server.Storage;

namespace Writ.Server.Passkeys;

/// <summary>One's own passkeys; those of everybody for auditors and admins. Newest first.</summary>
internal static class ListPasskeys
{
    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapGet("/passkeys", async (Database database, HttpContext context, CancellationToken cancel) =>
        {
            var caller = context.Caller();
            await using var db = database.Open();
            var rows = await db.Passkeys.AsNoTracking().Where(row => caller.ReadsAll || row.ActorId == caller.Id).OrderByDescending(row => row.Id).ToListAsync(cancel);
            return Results.Ok(new Page<PasskeyView>(await KnownPasskeys.Views(db, rows, cancel), null));
        }).WithName("ListPasskeys").Needs(Access.SignedIn).Produces<Page<PasskeyView>>();
}
