using Microsoft.EntityFrameworkCore;
using Writ.Contracts.Runs;
using Writ.Core.Audit;
using Writ.Core.Identity;
using Writ.Core.Results;
using Writ.Proof.Addresses;
using Writ.Proof.Errors;
using Writ.Server.Audit;
using Writ.Server.Policy;
using Writ.Server.Requests;
using Writ.Server.Storage;

namespace Writ.Server.Runs;

/// <summary>A part of the plan's addresses, with the zones that hold it.</summary>
public sealed record TargetBand(AddressRange Range, string Zones);

/// <summary>What a run found, held against an earlier one.</summary>
/// <param name="Run">The run.</param>
/// <param name="Purpose">What it was for.</param>
/// <param name="Found">What it found.</param>
/// <param name="Side">The same, to be asked for single ports.</param>
/// <param name="Grid">As hosts against ports.</param>
/// <param name="Bands">The plan's addresses.</param>
/// <param name="Targets">How many these are.</param>
/// <param name="Against">The earlier run, or null where there is none, or none is wanted.</param>
/// <param name="Changes">What changed since then; null without one.</param>
/// <param name="Earlier">Runs of the same command before it, newest first.</param>
public sealed record ResultsSheet(
    RunView Run, string? Purpose, ResultsView Found, ResultsSide Side, ResultsGrid Grid, IReadOnlyList<TargetBand> Bands, UInt128 Targets, FoundByRun? Against, ResultsSide? Before, DiffView? Changes,
    IReadOnlyList<FoundByRun> Earlier);

/// <summary>
/// Lays out what a run found as hosts against ports, with what changed since an earlier run: one that is named, or else the last one
/// of the same command. Looks at both are recorded.
/// </summary>
internal sealed class ShowGrid(Database database, RequestAccess access, PolicyInForce policies, EvidenceViews views)
{
    /// <summary>Instead of a run's id: hold it against none.</summary>
    public const string Alone = "none";

    private const int MostEarlier = 40;

    public async Task<Result<ResultsSheet>> Show(Caller caller, string id, string? against, CancellationToken cancel)
    {
        await using var db = database.Open();
        var policy = await policies.Get(db);
        var now = await Find(db, caller, id, cancel);
        if (!now.IsOk)
            return now.Refusal;
        var (run, request, results) = now.Value;
        await Record(caller, run);
        var earlier = await ListResults.OfSameCommand(db, caller, policy, run, MostEarlier, cancel);

        var other = against == Alone ? null : against ?? (earlier is [var last, ..] ? last.Run.ToString() : null);
        (RunRow Run, RequestRow Request, StoredResults Results)? before = null;
        if (other is not null)
        {
            var found = await Find(db, caller, other, cancel);
            if (!found.IsOk)
                return found.Refusal;
            before = found.Value;
            await Record(caller, before.Value.Run);
        }

        var side = new ResultsSide(results.Results, results.Targets);
        var had = before is { } held ? new ResultsSide(held.Results.Results, held.Results.Targets) : null;
        return new ResultsSheet(
            (await RunViews.Load(db, [run], cancel))[0], request.Reason, ResultsViews.Of(run, results), side, ResultsGrid.Of(side, had),
            [.. results.Targets.Ranges.Select(range => new TargetBand(range, policy.IsOk ? string.Join(", ", policy.Value.ZoneMap.Cover(AddressSet.Of(range)).Touched.Select(zone => zone.Zone.Name)) : ""))],
            results.Targets.Count, before is { } one ? earlier.FirstOrDefault(known => known.Run == one.Run.Id) ?? await Of(db, one.Run, one.Request, one.Results, cancel) : null, had,
            before is { } first ? ResultsViews.Of(first.Run, first.Results, run, results) : null, earlier);
    }

    private async Task<Result<(RunRow Run, RequestRow Request, StoredResults Results)>> Find(WritDb db, Caller caller, string id, CancellationToken cancel)
    {
        var found = await ShowRuns.Find(db, access, caller, id);
        if (!found.IsOk)
            return found.Refusal;
        var results = await ResultsStore.Load(db, found.Value.Run, cancel);
        return results.IsOk ? (found.Value.Run, found.Value.Request, results.Value) : results.Refusal;
    }

    private static async Task<FoundByRun> Of(WritDb db, RunRow run, RequestRow request, StoredResults stored, CancellationToken cancel) => new(
        run.Id, await db.Actors.Where(row => row.Id == run.ActorId).Select(row => row.Name).SingleAsync(cancel), run.CreatedAt, run.Command, RequestViews.Evaluation(request).Zones,
        stored.Results.Hosts.Count(host => host.Ports.Any(port => port.IsOpen)), stored.Results.Hosts.Sum(host => host.Ports.Count(port => port.IsOpen)), stored.Results.Complete);

    private Task Record(Caller caller, RunRow run) =>
        views.Record(caller, AuditType.ResultsViewed, $"{run.Id} results", run.RequestId, new() { ["run"] = run.Id.ToString(), ["form"] = "results" });
}
