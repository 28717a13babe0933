using Microsoft.EntityFrameworkCore;
using Writ.Core;
using Writ.Core.Audit;
using Writ.Proof.Identity;
using Writ.Server.Requests;
using Writ.Server.Storage;
using Writ.Server.Traces;

namespace Writ.Server.Extensions;

/// <summary>What becomes of more time that was asked for or decided: it comes into force by the runner's word alone, or it is void.</summary>
internal static class ExtensionEnding
{
    /// <summary>The runner holds the run by the later deadline. False where it was told before.</summary>
    public static async Task<bool> Hold(WriteScope scope, ExtensionRow extension, AuditActor by)
    {
        var from = AccessLifecycle.Extensions.From(ExtensionEvent.Hold);
        var to = AccessLifecycle.Extensions.To(ExtensionEvent.Hold);
        if (await scope.Db.Extensions.Where(row => row.RequestId == extension.RequestId && from.Contains(row.State)).ExecuteUpdateAsync(set => set.SetProperty(row => row.State, to)) == 0)
            return false;
        var run = await scope.Db.Runs.AsNoTracking().SingleAsync(row => row.Id == extension.RunId);
        await scope.Db.Runs.Where(row => row.Id == run.Id && row.Deadline < extension.Until).ExecuteUpdateAsync(set => set.SetProperty(row => row.Deadline, extension.Until));
        await TraceIndex.MoreOf(scope.Db, run, extension.Until);
        scope.Record(new(AuditType.RunExtended, by, run.RequestId, new()
        {
            ["run"] = run.Id.ToString(), ["extension"] = extension.RequestId.ToString(), ["from"] = extension.From.ToString("O"), ["deadline"] = extension.Until.ToString("O"),
        }));
        return true;
    }

    /// <summary>It never came into force, and cannot any more. False where that is settled.</summary>
    public static async Task<bool> End(WriteScope scope, ExtensionRow extension, RunRow run, AuditActor by, string why)
    {
        var from = AccessLifecycle.Extensions.From(ExtensionEvent.Void);
        var to = AccessLifecycle.Extensions.To(ExtensionEvent.Void);
        if (await scope.Db.Extensions.Where(row => row.RequestId == extension.RequestId && from.Contains(row.State))
            .ExecuteUpdateAsync(set => set.SetProperty(row => row.State, to).SetProperty(row => row.Message, why)) == 0)
            return false;
        scope.Record(new(AuditType.ExtensionVoid, by, run.RequestId, new()
        {
            ["run"] = run.Id.ToString(), ["extension"] = extension.RequestId.ToString(), ["message"] = why, ["deadline"] = run.Deadline.ToString("O"),
        }));
        return true;
    }

    /// <summary>A run has ended under this deadline: what its runner held is in force even if its word of that was lost, and all else is void.</summary>
    /// <returns>The requests that changed.</returns>
    public static async Task<IReadOnlyList<RequestId>> Settle(WriteScope scope, RunRow run, DateTimeOffset? deadline, AuditActor by)
    {
        var changed = new List<RequestId>();
        foreach (var extension in await scope.Db.Extensions.AsNoTracking().Where(row => row.RunId == run.Id).OrderBy(row => row.From).ToListAsync())
        {
            if (deadline >= extension.Until ? await Hold(scope, extension, by) : await End(scope, extension, run, AuditActor.System, "the run has ended"))
                changed.Add(extension.RequestId);
        }

        await EndPending(scope, scope.Db.Requests.Where(row => row.Extends == run.Id), "the run ended before anybody decided", changed);
        return changed;
    }

    /// <summary>Nobody decides any more on more time for runs of this grant.</summary>
    public static Task Revoked(WriteScope scope, GrantId grant) => EndPending(
        scope, scope.Db.Requests.Where(row => row.Extends != null && scope.Db.Runs.Any(run => run.Id == row.Extends && run.GrantId == grant)), "the grant was revoked", []);

    private static async Task EndPending(WriteScope scope, IQueryable<RequestRow> requests, string why, List<RequestId> changed)
    {
        foreach (var request in await requests.AsNoTracking().Where(row => row.State == RequestState.Pending).ToListAsync())
        {
            if (await RequestEnding.End(scope, request, RequestEvent.Expire, AuditActor.System, why))
                changed.Add(request.Id);
        }
    }
}
