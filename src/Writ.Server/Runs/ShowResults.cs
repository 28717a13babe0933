using System.Text.Json;
using Writ.Contracts;
using Writ.Contracts.Runs;
using Writ.Core.Audit;
using Writ.Core.Identity;
using Writ.Proof.Errors;
using Writ.Server.Audit;
using Writ.Server.Errors;
using Writ.Server.Files;
using Writ.Server.Identity;
using Writ.Server.Requests;
using Writ.Server.Storage;

namespace Writ.Server.Runs;

/// <summary>
/// What a run found, as hosts and ports (with <c>format</c> as a file, <c>json</c> or <c>csv</c>), or byte by byte as its tool wrote it (<c>xml</c>); and what changed from one run to another. For everybody
/// who may know of the runs; each look is an entry. With <c>wait</c> results that are on their way from the runner are waited for.
/// </summary>
internal sealed class ShowResults(Database database, RequestAccess access, EvidenceViews views, LongPoll poll)
{
    private const string Xml = "application/xml", Csv = "text/csv; charset=utf-8";

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/runs/{id}/results", async (string id, double? wait, string? format, ShowResults verb, HttpContext context, CancellationToken cancel) =>
            {
                if (format is not (null or "json" or "csv" or "xml"))
                    return new Refusal(ErrorCode.InvalidInput, $"results have no format '{RequestAccess.Shown(format)}'", "json, csv or xml").ToHttp();
                if (format is "json" or "csv")
                {
                    var told = await verb.Wait([id], wait, () => verb.Show(context.Caller(), id, cancel), cancel);
                    return !told.IsOk ? told.Refusal.ToHttp()
                        : format == "csv" ? FileAnswer.Of(context, ResultsCsv.Of(told.Value), Csv)
                        : FileAnswer.Of(context, JsonSerializer.SerializeToUtf8Bytes(told.Value, WritJson.Default.ResultsView), "application/json");
                }

                if (format is null && !WantsXml(context.Request))
                    return (await verb.Wait([id], wait, () => verb.Show(context.Caller(), id, cancel), cancel)).ToHttp();
                var bytes = await verb.Wait([id], wait, () => verb.ShowXml(context.Caller(), id, cancel), cancel);
                return bytes.IsOk ? FileAnswer.Of(context, bytes.Value, Xml) : bytes.Refusal.ToHttp();
            })
            .WithName("ShowResults").Needs(Access.SignedIn).Produces<ResultsView>().Produces(StatusCodes.Status200OK, contentType: Xml).Evidence();
        routes.MapGet("/runs/{id}/results/diff/{other}", async (string id, string other, double? wait, ShowResults verb, HttpContext context, CancellationToken cancel) =>
                (await verb.Wait([id, other], wait, () => verb.Diff(context.Caller(), id, other, cancel), cancel)).ToHttp())
            .WithName("DiffResults").Needs(Access.SignedIn).Produces<DiffView>().Evidence();
    }

    public async Task<Result<ResultsView>> Show(Caller caller, string id, CancellationToken cancel)
    {
        await using var db = database.Open();
        var found = await Find(db, caller, id, cancel);
        if (!found.IsOk)
            return found.Refusal;
        await Record(caller, found.Value.Run, "results");
        return ResultsViews.Of(found.Value.Run, found.Value.Results);
    }

    public async Task<Result<DiffView>> Diff(Caller caller, string id, string other, CancellationToken cancel)
    {
        await using var db = database.Open();
        var before = await Find(db, caller, id, cancel);
        if (!before.IsOk)
            return before.Refusal;
        var after = await Find(db, caller, other, cancel);
        if (!after.IsOk)
            return after.Refusal;
        await Record(caller, before.Value.Run, "results");
        await Record(caller, after.Value.Run, "results");
        return ResultsViews.Of(before.Value.Run, before.Value.Results, after.Value.Run, after.Value.Results);
    }

    private async Task<Result<byte[]>> ShowXml(Caller caller, string id, CancellationToken cancel)
    {
        await using var db = database.Open();
        var found = await ShowRuns.Find(db, access, caller, id);
        if (!found.IsOk)
            return found.Refusal;
        var run = found.Value.Run;
        if (await ResultsStore.Deleted(db, run, cancel) is { } deleted)
            return deleted;
        if (RunOutput.ReadResults(run)?.Sha256 is not { } sha256 || await KeptFiles.Read(db, sha256, cancel) is not { } bytes)
            return ResultsStore.Missing(run);
        await Record(caller, run, "xml");
        return bytes;
    }

    /// <summary>Looks again until what is still coming has come, or the wait is over.</summary>
    public Task<Result<T>> Wait<T>(string[] runs, double? seconds, Func<Task<Result<T>>> look, CancellationToken cancel) => poll.Wait(runs, seconds, async () =>
    {
        var found = await look();
        return (found, !found.IsOk && found.Refusal == ResultsStore.Coming);
    }, cancel);

    private async Task<Result<(RunRow Run, StoredResults Results)>> Find(WritDb db, Caller caller, string id, CancellationToken cancel)
    {
        var found = await ShowRuns.Find(db, access, caller, id);
        if (!found.IsOk)
            return found.Refusal;
        var results = await ResultsStore.Load(db, found.Value.Run, cancel);
        return results.IsOk ? (found.Value.Run, results.Value) : results.Refusal;
    }

    private Task Record(Caller caller, RunRow run, string form) =>
        views.Record(caller, AuditType.ResultsViewed, $"{run.Id} {form}", run.RequestId, new() { ["run"] = run.Id.ToString(), ["form"] = form });

    // The first of the two that the caller names; JSON for whoever names none.
    private static bool WantsXml(HttpRequest request)
    {
        var accepted = request.Headers.Accept.ToString().Split(',').Select(type => type.Split(';')[0].Trim().ToLowerInvariant());
        return accepted.FirstOrDefault(type => type is Xml or "text/xml" or "application/json" or "*/*") is Xml or "text/xml";
    }
}
