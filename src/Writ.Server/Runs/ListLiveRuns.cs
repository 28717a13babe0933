using Microsoft.EntityFrameworkCore;
using Writ.Contracts.Requests;
using Writ.Contracts.Runs;
using Writ.Core.Identity;
using Writ.Server.Policy;
using Writ.Server.Requests;
using Writ.Server.Storage;

namespace Writ.Server.Runs;

/// <summary>A run in a list: with how far it is, and what it was asked for.</summary>
/// <param name="Run">The run; of its results how far they are, and no hosts.</param>
/// <param name="Purpose">What it is for, by the word of who asked.</param>
/// <param name="Zones">The zones that it reaches into.</param>
/// <param name="Targets">How many addresses, in decimal.</param>
internal sealed record ListedRun(RunView Run, string? Purpose, IReadOnlyList<string> Zones, string Targets);

/// <summary>The runs that are live now and those that ended last, as far as the caller may know of them.</summary>
internal sealed class ListLiveRuns(Database database, PolicyInForce policies)
{
    private const int MostLive = 200, MostEnded = 50, Scanned = 500;

    public async Task<(IReadOnlyList<ListedRun> Live, IReadOnlyList<ListedRun> Ended)> List(Caller caller, CancellationToken cancel)
    {
        await using var db = database.Open();
        var policy = await policies.Get(db);
        // By runner, which the index of states begins with.
        var runners = await db.Runners.AsNoTracking().Select(row => row.Id).ToArrayAsync(cancel);
        var live = await Visible(db.Runs.AsNoTracking().Where(row => runners.Contains(row.RunnerId) && RunStates.Live.Contains(row.State)).OrderByDescending(row => row.Id).Take(Scanned));
        var ended = await Visible(db.Runs.AsNoTracking().OrderByDescending(row => row.Id).Take(Scanned).Where(row => !RunStates.Live.Contains(row.State)));
        return (await Load(db, live.Take(MostLive), cancel), await Load(db, ended.Take(MostEnded), cancel));

        async Task<IEnumerable<(RunRow, RequestRow)>> Visible(IQueryable<RunRow> runs)
        {
            var rows = await (from run in runs join request in db.Requests.AsNoTracking() on run.RequestId equals request.Id orderby run.Id descending select new { run, request }).ToListAsync(cancel);
            return rows.Where(row => RequestAccess.Shows(policy, row.request, caller)).Select(row => (row.run, row.request));
        }
    }

    /// <summary>Runs as lists show them.</summary>
    public static async Task<IReadOnlyList<ListedRun>> Load(WritDb db, IEnumerable<(RunRow Run, RequestRow Request)> rows, CancellationToken cancel)
    {
        var listed = rows.ToList();
        var ids = listed.Select(row => row.Run.Id).ToArray();
        var found = (await db.RunResults.AsNoTracking().Where(row => ids.Contains(row.RunId)).ToListAsync(cancel)).ToDictionary(row => row.RunId, RunResults.Progress);
        var views = await RunViews.Load(db, [.. listed.Select(row => row.Run)], cancel);
        return [.. listed.Select((row, at) => new ListedRun(
            views[at] with { Results = found.GetValueOrDefault(row.Run.Id) }, row.Request.Reason, RequestViews.Evaluation(row.Request).Zones, RequestViews.Plan(row.Request).TargetCount))];
    }
}
