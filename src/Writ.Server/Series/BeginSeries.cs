using Microsoft.EntityFrameworkCore;
using Writ.Core;
using Writ.Core.Audit;
using Writ.Proof;
using Writ.Proof.Errors;
using Writ.Proof.Identity;
using Writ.Proof.Statements;
using Writ.Server.Grants;
using Writ.Server.Storage;

namespace Writ.Server.Series;

/// <summary>
/// Step 4 of the lifecycle for a series: with the last yes it begins, in one transaction. Nobody is given a grant by it; each of its runs is given one of
/// its own when it is due.
/// </summary>
internal static class BeginSeries
{
    /// <summary>True once it has begun; a refusal where the request is not pending any more, its end has come, or its actor waits for a review.</summary>
    public static async Task<Result<bool>> FromDecision(WriteScope scope, RequestRow request)
    {
        if (Statement.Read(request.Statement) is not { IsOk: true, Value: { Series: { } series } statement })
            return new Refusal(ErrorCode.WrongState, "the request is of no series");
        if (await BrokenGlass.Awaited(scope, request.ActorId, null) is { } awaited)
            return awaited;
        var owner = await scope.Db.Actors.AsNoTracking().SingleAsync(row => row.Id == ActorId.Parse(series.Owner.Id));
        if (owner.DisabledAt is not null)
            return new Refusal(ErrorCode.WrongState, $"{owner.Name}, who would answer for the series, is disabled", "deny it");
        var until = UnixMicroseconds.ToInstant(series.Until);
        if (SeriesTerms.ScheduleOf(series).Next(scope.Now, until) is not { } next)
            return new Refusal(ErrorCode.Expired, "the series is never due before its end any more", "ask again");

        var from = AccessLifecycle.Requests.From(RequestEvent.Approve);
        var to = AccessLifecycle.Requests.To(RequestEvent.Approve);
        var changed = await scope.Db.Requests.Where(row => row.Id == request.Id && from.Contains(row.State))
            .ExecuteUpdateAsync(set => set.SetProperty(row => row.State, to).SetProperty(row => row.EndedAt, scope.Now));
        if (changed == 0)
            return new Refusal(ErrorCode.WrongState, "the request is not pending any more");
        scope.Db.Series.Add(new()
        {
            Id = SeriesId.Parse(series.Id), RequestId = request.Id, ActorId = request.ActorId, OwnerId = owner.Id, State = SeriesState.Active, DecidedAt = scope.Now, Until = until, NextAt = next,
        });
        scope.Record(new(AuditType.SeriesBegun, AuditActor.System, request.Id, new()
        {
            ["series"] = series.Id,
            ["request"] = request.Id.ToString(),
            ["for"] = request.ActorId.ToString(),
            ["owner"] = series.Owner.Id,
            ["cron"] = series.Cron,
            ["time_zone"] = series.TimeZone,
            ["until"] = until.ToString("O"),
            ["runs"] = series.Runs,
            ["duration_seconds"] = UnixMicroseconds.ToDuration(statement.Duration).TotalSeconds,
            ["next"] = next.ToString("O"),
            ["statement"] = request.StatementDigest,
        }));
        return true;
    }
}
