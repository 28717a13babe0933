using System.Data.Common;
using Microsoft.EntityFrameworkCore;
using Writ.Contracts.Grants;
using Writ.Contracts.Runners;
using Writ.Contracts.Runs;
using Writ.Core;
using Writ.Core.Audit;
using Writ.Proof.Identity;
using Writ.Server.Grants;
using Writ.Server.Runners;
using Writ.Server.Storage;

namespace Writ.Server.Runs;

/// <summary>
/// Ends live runs and waits for what their runners saw. The kill is sent whether or not the database can be written;
/// success is claimed only when a runner confirmed it.
/// </summary>
internal sealed class RunEnding(Database database, Takings takings, RunnerHub hub, TimeProvider time)
{
    /// <summary>How long a runner has to confirm.</summary>
    public static readonly TimeSpan ConfirmWithin = TimeSpan.FromSeconds(5);

    /// <summary>Asks for the end of these runs, for one cause, and tells what came of it.</summary>
    public async Task<EndView> End(IReadOnlyList<RunRow> live, string cause, string reason, AuditActor by, string? source = null)
    {
        var began = time.GetTimestamp();
        if (live.Count == 0)
            return new("confirmed", true, 0, []);

        // 1. Listen before the kill goes out, so that no confirmation is missed; then act.
        var confirmations = live.ToDictionary(run => run.Id, run => hub.NextEnd(run.Id));
        RunId[] ids = [.. confirmations.Keys];
        takings.AnnounceKill(ids);
        foreach (var run in live)
            hub.Send(run.RunnerId, new ToRunner { Kill = new Kill { Run = run.Id.ToString(), Reason = reason } });

        // 2. Record who asked. A runner that is out of reach now is told when it is back.
        var journalling = takings.WriteKill(ids, scope => RecordAsked(scope, live, cause, reason, by, source));

        // 3. Wait for the runners, and for the record, but not longer than was promised: a database that hangs goes on being
        //    tried behind this.
        var timeout = Task.Delay(ConfirmWithin, time);
        await Task.WhenAny(Task.WhenAll([.. confirmations.Values, journalling]), timeout);
        var journalled = journalling.IsCompletedSuccessfully && await journalling;
        var views = new List<RunEndView>();
        foreach (var run in live)
            views.Add(confirmations[run.Id] is { IsCompletedSuccessfully: true } confirmed
                ? Of(run.Id, await confirmed, cause)
                : await Stored(run.Id) ?? new(run.Id.ToString(), "unconfirmed", cause, null, null, null));
        foreach (var run in live)
            hub.StopListening(run.Id);
        var outcome = views.All(view => view.Outcome == "confirmed") ? "confirmed" : "unconfirmed";
        return new(outcome, journalled, time.GetElapsedTime(began).TotalMilliseconds, views);
    }

    private static async Task RecordAsked(WriteScope scope, IReadOnlyList<RunRow> live, string cause, string reason, AuditActor by, string? source)
    {
        foreach (var run in live)
        {
            // The first one who asks is the one whose reason the end carries.
            var first = await scope.Db.Runs.Where(row => row.Id == run.Id && row.KillCause == null)
                .ExecuteUpdateAsync(set => set
                    .SetProperty(row => row.KillCause, cause)
                    .SetProperty(row => row.KillReason, reason)
                    .SetProperty(row => row.KillAskedAt, scope.Now));
            // Time asks again every second until it is answered; a person's word is recorded each time.
            if (first == 0 && by.Id is null)
                continue;
            scope.Record(new(AuditType.RunKillAsked, by, run.RequestId, new()
            {
                ["run"] = run.Id.ToString(), ["cause"] = cause, ["reason"] = reason,
            }, source));
        }
    }

    private static RunEndView Of(RunId run, Ended ended, string cause) => new(
        run.ToString(), "confirmed", ended.Cause == EndCause.Exited ? RunEndCause.Exited : cause,
        Writ.Proof.UnixMicroseconds.ToInstant(ended.At),
        ended.KillAt > 0 ? (ended.At - ended.KillAt) / 1000.0 : null,
        ended.ProcessesLeft >= 0 ? ended.ProcessesLeft : null);

    /// <summary>The end may have been reported to another server, or before the kill.</summary>
    private async Task<RunEndView?> Stored(RunId id)
    {
        try
        {
            await using var db = database.Open();
            var row = await db.Runs.AsNoTracking().SingleOrDefaultAsync(row => row.Id == id);
            return row is not null && !RunStates.Live.Contains(row.State) ? RunViews.End(row) : null;
        }
        catch (DbException)
        {
            return null;
        }
    }
}
