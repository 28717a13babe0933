using Microsoft.EntityFrameworkCore;
using Writ.Contracts.Grants;
using Writ.Contracts.Identity;
using Writ.Core.Audit;
using Writ.Core.Identity;
using Writ.Proof.Errors;
using Writ.Proof.Identity;
using Writ.Server.Errors;
using Writ.Server.Identity;
using Writ.Server.Requests;
using Writ.Server.Storage;

namespace Writ.Server.Passkeys;

/// <summary>Takes a passkey away: one's own, or as an admin any. It neither signs in nor approves any more; what it signed stays proved.</summary>
internal sealed class RemovePasskey(Database database, WriteTransaction writes)
{
    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapPost("/passkeys/{id}/remove", async (string id, EndAsk ask, RemovePasskey verb, HttpContext context, CancellationToken cancel) =>
            (await verb.Remove(context.Caller(), id, ask.Reason, cancel)).ToHttp()).WithName("RemovePasskey").Needs(Access.Approver).Produces<PasskeyView>();

    public async Task<Result<PasskeyView>> Remove(Caller caller, string id, string? reason, CancellationToken cancel)
    {
        var removed = await writes.Commit<PasskeyRow>(scope => Remove(scope, caller, id, reason));
        if (!removed.IsOk)
            return removed.Refusal;
        await using var db = database.Open();
        return (await KnownPasskeys.Views(db, [removed.Value], cancel))[0];
    }

    private static async Task<Result<PasskeyRow>> Remove(WriteScope scope, Caller caller, string id, string? reason)
    {
        var missing = new Refusal(ErrorCode.NotFound, $"there is no passkey '{RequestAccess.Shown(id)}'", "writ passkey list");
        if (!PasskeyId.TryParse(id, out var passkey))
            return missing;
        var removed = await scope.Db.Passkeys.Where(row => row.Id == passkey && row.RemovedAt == null && (caller.IsAdmin || row.ActorId == caller.Id))
            .ExecuteUpdateAsync(set => set.SetProperty(row => row.RemovedAt, scope.Now));
        if (removed == 0)
            return missing;
        var row = await scope.Db.Passkeys.AsNoTracking().SingleAsync(row => row.Id == passkey);
        scope.Record(new(AuditType.PasskeyRemoved, caller.Audit, null, new() { ["passkey"] = id, ["for_actor"] = row.ActorId.ToString(), ["reason"] = reason }, caller.SourceAddress));
        return row;
    }
}
