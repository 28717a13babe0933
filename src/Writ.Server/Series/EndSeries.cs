using Microsoft.EntityFrameworkCore;
using Writ.Contracts.Series;
using Writ.Core;
using Writ.Core.Audit;
using Writ.Core.Identity;
using Writ.Proof.Errors;
using Writ.Proof.Identity;
using Writ.Server.Audit;
using Writ.Server.Errors;
using Writ.Server.Grants;
using Writ.Server.Identity;
using Writ.Server.Requests;
using Writ.Server.Runs;
using Writ.Server.Storage;

namespace Writ.Server.Series;

/// <summary>Ends a series, and the run of it that lives: its own people, those who may decide on it, or an admin.</summary>
internal sealed class EndSeries(Database database, WriteTransaction writes, RequestAccess access, RunEnding ending, RefusedAttempts refused, Changes changes)
{
    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapPost("/series/{id}/end", async (string id, SeriesReason ask, EndSeries verb, HttpContext context, CancellationToken cancel) =>
            (await verb.End(context.Caller(), id, ask.Reason, cancel)).ToHttp()).WithName("EndSeries").Needs(Access.SignedIn).Produces<SeriesView>();

    public async Task<Result<SeriesView>> End(Caller caller, string id, string? reason, CancellationToken cancel)
    {
        var why = Why("ended", caller, reason);
        var done = await writes.Commit<SeriesId>(async scope =>
        {
            var found = await ShowSeries.Find(scope.Db, access, caller, id);
            if (!found.IsOk)
                return found.Refusal;
            if (!await access.MayEnd(scope.Db, found.Value.Request, caller))
                return new Refusal(ErrorCode.Forbidden, "only the series' own people, those who decide on it and admins end it");
            var series = found.Value.Series;
            if (!await SeriesEnding.End(scope, series, caller.Audit, why, caller.SourceAddress))
                return new Refusal(ErrorCode.WrongState, "the series has ended already");
            foreach (var (grant, _, _) in await Tightening.Open(scope, scope.Db.Grants.Where(grant => scope.Db.Requests.Any(row => row.Id == grant.RequestId && row.Series == series.Id))))
                await GrantEnding.End(scope, grant, GrantEvent.Revoke, caller.Audit, why, caller.SourceAddress);
            return series.Id;
        });
        if (done is { IsOk: false, Refusal.Code: ErrorCode.Forbidden })
            await refused.Record(new(AuditType.AttemptRefused, caller.Audit, null, new() { ["attempt"] = "end series", ["series"] = id }, caller.SourceAddress));
        if (!done.IsOk)
            return done.Refusal;

        // Read after the right is gone: a run that was started meanwhile is among them.
        List<RunRow> live;
        await using (var db = database.Open())
            live = await db.Runs.AsNoTracking().Where(run => RunStates.Live.Contains(run.State) && db.Requests.Any(row => row.Id == run.RequestId && row.Series == done.Value)).ToListAsync(CancellationToken.None);
        await ending.End(live, RunEndCause.Revoked, why, caller.Audit, caller.SourceAddress);
        changes.Happened(id);
        await using var read = database.Open();
        return await ShowSeries.View(read, access, caller, id, cancel);
    }

    /// <summary>Who did it, and why, in a line.</summary>
    public static string Why(string what, Caller caller, string? reason) => string.IsNullOrWhiteSpace(reason) ? $"{what} by {caller.Name}" : $"{what} by {caller.Name}: {reason}";
}
