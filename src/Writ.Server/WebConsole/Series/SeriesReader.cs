using Writ.Contracts.Requests;
using Writ.Contracts.Series;
using Writ.Proof.Errors;
using Writ.Server.Policy;
using Writ.Server.Requests;
using Writ.Server.Series;
using Writ.Server.Storage;

namespace Writ.Server.WebConsole.Series;

/// <summary>A series with the request by which it was decided, and whether the one who looks may hold it up or end it.</summary>
public sealed record SeriesSheet(SeriesView Series, RequestView Request, bool MayEnd);

/// <summary>Series that the one who looks may know of, and what they do about them, by the API's own verbs.</summary>
internal sealed class SeriesReader(Visit visit, Database database, PolicyInForce policies, RequestAccess access, EndSeries end, SuspendSeries suspend, ResumeSeries resume)
{
    private const int Most = 50;

    /// <summary>The newest, or those after one.</summary>
    public Task<Result<(IReadOnlyList<SeriesView> Series, string? Next)>> List(string? cursor) => visit.Do<(IReadOnlyList<SeriesView>, string?)>("ListSeries", async caller =>
    {
        await using var db = database.Open();
        var (rows, next) = await ShowSeries.Page(db, await policies.Get(db), caller, mine: false, null, null, cursor, Most, CancellationToken.None);
        return (await SeriesViews.Load(db, rows, 1, CancellationToken.None), next);
    });

    public Task<Result<SeriesSheet>> Read(string id) => visit.Do<SeriesSheet>("ShowSeries", async caller =>
    {
        await using var db = database.Open();
        var found = await ShowSeries.Find(db, access, caller, id);
        if (!found.IsOk)
            return found.Refusal;
        var policy = await policies.Get(db);
        var request = (await RequestViews.Load(db, policy.IsOk ? policy.Value : null, [found.Value.Request], CancellationToken.None))[0];
        var shown = await ShowSeries.View(db, access, caller, id, CancellationToken.None);
        return shown.IsOk ? new SeriesSheet(shown.Value, request, await access.MayEnd(db, found.Value.Request, caller)) : shown.Refusal;
    });

    public Task<Result<SeriesView>> End(string id, string reason) => visit.Do("EndSeries", caller => end.End(caller, id, reason, CancellationToken.None));

    public Task<Result<SeriesView>> Suspend(string id, string reason) => visit.Do("SuspendSeries", caller => suspend.Suspend(caller, id, reason, CancellationToken.None));

    public Task<Result<SeriesView>> Resume(string id, string reason) => visit.Do("ResumeSeries", caller => resume.Resume(caller, id, reason, CancellationToken.None));
}
