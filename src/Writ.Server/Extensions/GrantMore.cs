using Microsoft.EntityFrameworkCore;
using Writ.Core;
using Writ.Core.Audit;
using Writ.Proof;
using Writ.Proof.Errors;
using Writ.Proof.Statements;
using Writ.Server.Storage;
using Writ.Server.Traces;

namespace Writ.Server.Extensions;

/// <summary>Step 4 for more time: in the transaction of the last decision the grant of the run lasts longer. No use follows from it.</summary>
internal static class GrantMore
{
    /// <summary>The grant, extended; a refusal where run, grant or request is over, or the run's deadline is another by now.</summary>
    public static async Task<Result<GrantRow>> FromDecision(WriteScope scope, RequestRow request, Statement statement)
    {
        var taken = await LiveRuns.TakeTurn(scope, request.Extends!.Value);
        if (!taken.IsOk)
            return taken.Refusal;
        var (run, _, deadline) = taken.Value;
        if (request.Start != deadline)
            return new Refusal(ErrorCode.StaleRevision, "the run has another deadline by now", $"look again: writ show {request.Id}");
        var until = UnixMicroseconds.ToInstant(statement.NotAfter(UnixMicroseconds.From(scope.Now)));
        if (until <= deadline)
            return new Refusal(ErrorCode.Expired, "nothing is left of the asked time");

        var pending = AccessLifecycle.Requests.From(RequestEvent.Approve);
        var approved = AccessLifecycle.Requests.To(RequestEvent.Approve);
        if (await scope.Db.Requests.Where(row => row.Id == request.Id && pending.Contains(row.State))
            .ExecuteUpdateAsync(set => set.SetProperty(row => row.State, approved).SetProperty(row => row.EndedAt, scope.Now)) == 0)
            return new Refusal(ErrorCode.WrongState, "the request is not pending any more");
        // Held before it is read: another run of the same grant may get more time at this moment.
        var right = AccessLifecycle.Grants.From(GrantEvent.Extend);
        if (await scope.Db.Grants.Where(row => row.Id == run.GrantId && right.Contains(row.State)).ExecuteUpdateAsync(set => set.SetProperty(row => row.UsesLeft, row => row.UsesLeft)) == 0)
            return new Refusal(ErrorCode.WrongState, "the grant is over");
        var grant = await scope.Db.Grants.AsNoTracking().SingleAsync(row => row.Id == run.GrantId);
        var before = grant.NotAfter;
        grant.NotAfter = until > before ? until : before;
        await scope.Db.Grants.Where(row => row.Id == grant.Id).ExecuteUpdateAsync(set => set.SetProperty(row => row.NotAfter, grant.NotAfter));

        scope.Db.Extensions.Add(new() { RequestId = request.Id, RunId = run.Id, RunnerId = run.RunnerId, State = ExtensionState.Granted, From = deadline, Until = until });
        if (grant.NotAfter > before)
            scope.Db.Traces.AddRange(TraceIndex.More(grant, statement, before));
        scope.Record(new(AuditType.GrantExtended, AuditActor.System, run.RequestId, new()
        {
            ["grant"] = grant.Id.ToString(),
            ["run"] = run.Id.ToString(),
            ["extension"] = request.Id.ToString(),
            ["for"] = request.ActorId.ToString(),
            ["statement"] = request.StatementDigest,
            ["deadline"] = deadline.ToString("O"),
            ["not_after"] = until.ToString("O"),
        }));
        await scope.Db.SaveChangesAsync();
        return grant;
    }
}
