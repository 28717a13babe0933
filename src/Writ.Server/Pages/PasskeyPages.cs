using Microsoft.EntityFrameworkCore;
using Writ.Core.Identity;
using Writ.Server.Identity;
using Writ.Server.Passkeys;
using Writ.Server.Storage;

namespace Writ.Server.Pages;

/// <summary><c>/account/passkeys</c>: one's own passkeys, and for an admin those that wait for a second person.</summary>
internal static class PasskeyPages
{
    public static void Map(IEndpointRouteBuilder routes) => routes.MapGet("/account/passkeys", Show).ExcludeFromDescription().Needs(Access.Open);

    private static async Task<IResult> Show(HttpContext context, Sessions sessions, Database database, CancellationToken cancel)
    {
        if (await sessions.Find(context) is not { } caller)
            return SignInPages.Ask(context, again: false);
        await using var db = database.Open();
        var own = await db.Passkeys.AsNoTracking().Where(row => row.ActorId == caller.Id && row.RemovedAt == null).OrderBy(row => row.Id).ToListAsync(cancel);
        var waiting = await db.Passkeys.AsNoTracking().Where(row => caller.IsAdmin && row.ActorId != caller.Id && row.RemovedAt == null && row.ConfirmedAt == null)
            .OrderBy(row => row.Id).ToListAsync(cancel);
        return Page.Of<PasskeysPage>(context, ("Who", caller), ("Own", await KnownPasskeys.Views(db, own, cancel)), ("Waiting", await KnownPasskeys.Views(db, waiting, cancel)));
    }
}
