using Microsoft.EntityFrameworkCore;
using Writ.Contracts.Grants;
using Writ.Core;
using Writ.Core.Audit;
using Writ.Core.Identity;
using Writ.Proof.Errors;
using Writ.Server.Audit;
using Writ.Server.Errors;
using Writ.Server.Identity;
using Writ.Server.Requests;
using Writ.Server.Runs;
using Writ.Server.Storage;

namespace Writ.Server.Grants;

/// <summary>
/// Takes a grant away and ends its live runs. It happens even when the database cannot be written: the runs are ended,
/// no use is given from that moment on, and the record follows as soon as it can.
/// </summary>
internal sealed class RevokeGrant(
    Database database, Takings takings, RequestAccess access, RefusedAttempts refused, RunEnding ending, TimeProvider time)
{
    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapPost("/grants/{id}/revoke", async (string id, EndAsk ask, RevokeGrant verb, HttpContext context) =>
            (await verb.Revoke(context.Caller(), id, ask.Reason)).ToHttp()).WithName("RevokeGrant").Needs(Access.SignedIn).Produces<EndView>();

    public async Task<Result<EndView>> Revoke(Caller caller, string id, string? reason)
    {
        var began = time.GetTimestamp();
        GrantViews.Granted granted;
        await using (var db = database.Open())
        {
            var found = await ShowGrants.Find(db, access, caller, id);
            if (!found.IsOk)
                return found.Refusal;
            granted = found.Value;
            if (!await access.MayEnd(db, granted.Request, caller))
            {
                await refused.Record(new(AuditType.AttemptRefused, caller.Audit, granted.Request.Id, new() { ["attempt"] = "revoke", ["grant"] = id }, caller.SourceAddress));
                return new Refusal(ErrorCode.Forbidden, "only the grant's own people, its reviewers and admins revoke it");
            }

            if (!AccessLifecycle.Grants.From(GrantEvent.Revoke).Contains(granted.Grant.State))
                return new Refusal(ErrorCode.WrongState, $"the grant is {GrantViews.State(granted.Grant.State)} already");
        }

        var why = string.IsNullOrWhiteSpace(reason) ? $"revoked by {caller.Name}" : $"revoked by {caller.Name}: {reason}";
        var journalled = await takings.Revoke(granted.Grant, caller.Audit, why, caller.SourceAddress);

        // Read after the grant is gone: a use that was taken while it was being revoked is among them.
        List<RunRow> live;
        await using (var db = database.Open())
            live = await db.Runs.AsNoTracking().Where(run => run.GrantId == granted.Grant.Id && RunStates.Live.Contains(run.State)).ToListAsync();
        var ended = await ending.End(live, RunEndCause.Revoked, why, caller.Audit, caller.SourceAddress);
        return new EndView(ended.Outcome, journalled && ended.Journalled, time.GetElapsedTime(began).TotalMilliseconds, ended.Runs);
    }
}
