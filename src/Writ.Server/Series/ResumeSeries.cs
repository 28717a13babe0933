using Writ.Contracts.Series;
using Writ.Core;
using Writ.Core.Audit;
using Writ.Core.Identity;
using Writ.Proof.Errors;
using Writ.Proof.Statements;
using Writ.Server.Audit;
using Writ.Server.Errors;
using Writ.Server.Identity;
using Writ.Server.Policy;
using Writ.Server.Requests;
using Writ.Server.Storage;

namespace Writ.Server.Series;

/// <summary>
/// Lets a series go on that a person held up: that person, or somebody who may decide on it and whose own it is not. What was missed meanwhile is not made
/// up for. One that was suspended since what was decided has changed is decided anew, as another one.
/// </summary>
internal sealed class ResumeSeries(Database database, WriteTransaction writes, RequestAccess access, PolicyInForce policies, RefusedAttempts refused, Changes changes)
{
    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapPost("/series/{id}/resume", async (string id, SeriesReason ask, ResumeSeries verb, HttpContext context, CancellationToken cancel) =>
            (await verb.Resume(context.Caller(), id, ask.Reason, cancel)).ToHttp()).WithName("ResumeSeries").Needs(Access.SignedIn).Produces<SeriesView>();

    public async Task<Result<SeriesView>> Resume(Caller caller, string id, string? reason, CancellationToken cancel)
    {
        var done = await writes.Commit<bool>(async scope =>
        {
            var found = await ShowSeries.Find(scope.Db, access, caller, id);
            if (!found.IsOk)
                return found.Refusal;
            await scope.HoldPolicy();
            if (await Standing.Lost(scope, caller) is { } lost)
                return lost;
            var (series, request) = found.Value;
            if (series.State != SeriesState.Suspended)
                return new Refusal(ErrorCode.WrongState, $"the series is {SeriesViews.State(series.State)}, not suspended");
            if (series.SuspendedBy is not { } person)
                return new Refusal(ErrorCode.WrongState, $"what was decided has changed: {series.Reason}", "ask for it anew, and end this one: writ series request, writ series end " + id);
            if (person != caller.Id && await Unfit(scope, request, caller) is { } unfit)
                return unfit;
            var stated = Statement.Read(request.Statement).Value.Series!;
            if (SeriesTerms.ScheduleOf(stated).Next(scope.Now, series.Until) is not { } next)
                return new Refusal(ErrorCode.Expired, "the series is never due before its end any more", "ask for it anew");
            return await SeriesEnding.Resume(scope, series, next, caller.Audit, EndSeries.Why("resumed", caller, reason), caller.SourceAddress)
                ? true : new Refusal(ErrorCode.WrongState, "the series is not suspended any more");
        });
        if (done is { IsOk: false, Refusal.Code: ErrorCode.Forbidden or ErrorCode.OwnRequest })
            await refused.Record(new(AuditType.AttemptRefused, caller.Audit, null, new() { ["attempt"] = "resume series", ["series"] = id, ["code"] = done.Refusal.Code }, caller.SourceAddress));
        if (!done.IsOk)
            return done.Refusal;
        changes.Happened(id);
        await using var db = database.Open();
        return await ShowSeries.View(db, access, caller, id, cancel);
    }

    // What somebody else held up is given back by whoever could give it.
    private async Task<Refusal?> Unfit(WriteScope scope, RequestRow request, Caller caller)
    {
        if (await RequestAccess.MustNotDecide(scope.Db, request, caller.Id) is { } own)
            return own with { Message = "somebody else holds the series up, and nobody lets their own go on", Hint = "whoever holds it up lets it go on, or somebody who may decide on it" };
        var policy = await policies.Get(scope.Db);
        return caller.Governs && policy.IsOk && RequestAccess.MayDecide(policy.Value, request, caller)
            ? null : new(ErrorCode.Forbidden, "no role of yours decides on this series");
    }
}
