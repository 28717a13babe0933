using Microsoft.EntityFrameworkCore;
using Writ.Core;
using Writ.Core.Audit;
using Writ.Proof.Identity;
using Writ.Server.Storage;

namespace Writ.Server.Series;

/// <summary>Holds a series up or ends it; guarded by the table of transitions.</summary>
internal static class SeriesEnding
{
    /// <summary>False when something else came first.</summary>
    /// <param name="scope">The transaction.</param>
    /// <param name="series">Which.</param>
    /// <param name="person">Who holds it up; null where what was decided has changed, and then nobody lets it go on.</param>
    /// <param name="by">Who does it.</param>
    /// <param name="reason">Why.</param>
    /// <param name="source">Where from.</param>
    public static Task<bool> Suspend(WriteScope scope, SeriesRow series, ActorId? person, AuditActor by, string reason, string? source = null) =>
        Change(scope, series, SeriesEvent.Suspend, AuditType.SeriesSuspended, person, null, by, reason, source);

    /// <summary>False when it was over.</summary>
    public static Task<bool> End(WriteScope scope, SeriesRow series, AuditActor by, string reason, string? source = null) =>
        Change(scope, series, SeriesEvent.End, AuditType.SeriesEnded, null, null, by, reason, source);

    /// <summary>False when something else came first.</summary>
    public static Task<bool> Resume(WriteScope scope, SeriesRow series, DateTimeOffset? next, AuditActor by, string reason, string? source) =>
        Change(scope, series, SeriesEvent.Resume, AuditType.SeriesResumed, null, next, by, reason, source);

    private static async Task<bool> Change(
        WriteScope scope, SeriesRow series, SeriesEvent how, string type, ActorId? person, DateTimeOffset? next, AuditActor by, string reason, string? source)
    {
        var from = AccessLifecycle.Series.From(how);
        var to = AccessLifecycle.Series.To(how);
        DateTimeOffset? ended = AccessLifecycle.Series.IsFinal(to) ? scope.Now : null;
        // What a person holds up may change meanwhile, and then nobody lets it go on.
        var changed = await scope.Db.Series.Where(row => row.Id == series.Id && from.Contains(row.State))
            .ExecuteUpdateAsync(set => set
                .SetProperty(row => row.State, to)
                .SetProperty(row => row.Reason, to == SeriesState.Active ? null : reason)
                .SetProperty(row => row.SuspendedBy, person)
                .SetProperty(row => row.NextAt, next)
                .SetProperty(row => row.WaitsAt, (DateTimeOffset?)null)
                .SetProperty(row => row.EndedAt, ended));
        if (changed == 0)
            return false;
        scope.Record(new(type, by, series.RequestId, new() { ["series"] = series.Id.ToString(), ["state"] = SeriesViews.State(to), ["reason"] = reason, ["next"] = next?.ToString("O") }, source));
        return true;
    }
}
