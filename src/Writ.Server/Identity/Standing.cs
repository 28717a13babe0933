using Microsoft.EntityFrameworkCore;
using Writ.Core.Identity;
using Writ.Proof.Errors;
using Writ.Server.Storage;

namespace Writ.Server.Identity;

/// <summary>
/// What was taken from a caller while their call was under way binds it: a long wait and a watched run end, and nothing is
/// given. A transaction that gives a right asks after <see cref="WriteScope.HoldPolicy"/>: whoever takes rights away waits for
/// it, or was there before.
/// </summary>
internal static class Standing
{
    /// <summary>The refusal of a caller whose sign-in was ended since their call began, or null.</summary>
    public static async Task<Refusal?> Over(WritDb db, Caller caller) =>
        await db.Actors.AsNoTracking().AnyAsync(row => row.Id == caller.Id && row.DisabledAt == null && (row.SignedOutAt == null || row.SignedOutAt < caller.CheckedAt))
            ? null
            : new(ErrorCode.NotSignedIn, "the sign-in was ended while this call was under way");

    /// <summary>Null while the caller is who they were when their call began.</summary>
    public static async Task<Refusal?> Lost(WriteScope scope, Caller caller)
    {
        if (await Over(scope.Db, caller) is { } over)
            return over;
        var row = await scope.Db.Actors.AsNoTracking().SingleAsync(row => row.Id == caller.Id);
        return caller.Groups.All(row.Groups.Contains) && (row.IsAdmin || !caller.IsAdmin) && (row.IsAuditor || !caller.IsAuditor)
            ? null
            : new(ErrorCode.Forbidden, "your groups or rights changed while this call was under way", "try again");
    }
}
