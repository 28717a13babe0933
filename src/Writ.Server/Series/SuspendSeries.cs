using Writ.Contracts.Series;
using Writ.Core.Audit;
using Writ.Core.Identity;
using Writ.Proof.Errors;
using Writ.Server.Audit;
using Writ.Server.Errors;
using Writ.Server.Identity;
using Writ.Server.Requests;
using Writ.Server.Storage;

namespace Writ.Server.Series;

/// <summary>Holds a series up: its own people, those who may decide on it, or an admin. A run that lives goes on.</summary>
internal sealed class SuspendSeries(Database database, WriteTransaction writes, RequestAccess access, RefusedAttempts refused, Changes changes)
{
    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapPost("/series/{id}/suspend", async (string id, SeriesReason ask, SuspendSeries verb, HttpContext context, CancellationToken cancel) =>
            (await verb.Suspend(context.Caller(), id, ask.Reason, cancel)).ToHttp()).WithName("SuspendSeries").Needs(Access.SignedIn).Produces<SeriesView>();

    public async Task<Result<SeriesView>> Suspend(Caller caller, string id, string? reason, CancellationToken cancel)
    {
        var done = await writes.Commit<bool>(async scope =>
        {
            var found = await ShowSeries.Find(scope.Db, access, caller, id);
            if (!found.IsOk)
                return found.Refusal;
            if (!await access.MayEnd(scope.Db, found.Value.Request, caller))
                return new Refusal(ErrorCode.Forbidden, "only the series' own people, those who decide on it and admins hold it up");
            return await SeriesEnding.Suspend(scope, found.Value.Series, caller.Id, caller.Audit, EndSeries.Why("suspended", caller, reason), caller.SourceAddress)
                ? true : new Refusal(ErrorCode.WrongState, $"the series is {SeriesViews.State(found.Value.Series.State)}, not active");
        });
        if (done is { IsOk: false, Refusal.Code: ErrorCode.Forbidden })
            await refused.Record(new(AuditType.AttemptRefused, caller.Audit, null, new() { ["attempt"] = "suspend series", ["series"] = id }, caller.SourceAddress));
        if (!done.IsOk)
            return done.Refusal;
        changes.Happened(id);
        await using var db = database.Open();
        return await ShowSeries.View(db, access, caller, id, cancel);
    }
}
