using Microsoft.EntityFrameworkCore;
using Writ.Contracts.Requests;
using Writ.Contracts.Runs;
using Writ.Core;
using Writ.Core.Audit;
using Writ.Core.Identity;
using Writ.Proof.Errors;
using Writ.Proof.Identity;
using Writ.Server.Audit;
using Writ.Server.Errors;
using Writ.Server.Identity;
using Writ.Server.Policy;
using Writ.Server.Requests;
using Writ.Server.Storage;

namespace Writ.Server.Runs;

/// <summary>The runs that the caller may know of, newest first; and one of them.</summary>
internal static class ShowRuns
{
    private const int MostItems = 200;
    private const int Scanned = 2_000;

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/runs", List).WithName("ListRuns").Needs(Access.SignedIn).Produces<Page<RunView>>();
        routes.MapGet("/runs/{id}", async (string id, Database database, RequestAccess access, EvidenceViews views, HttpContext context, CancellationToken cancel) =>
        {
            await using var db = database.Open();
            var found = await Find(db, access, context.Caller(), id);
            if (!found.IsOk)
                return found.Refusal.ToHttp();
            var view = (await RunViews.Load(db, [found.Value.Run], cancel))[0];
            var (run, caller) = (found.Value.Run, context.Caller());
            var results = await RunResults.Load(db, run.Id, DateTimeOffset.MinValue, withHosts: run.ActorId == caller.Id, cancel);
            if (results?.Hosts is { Count: > 0 } && !RunStates.Live.Contains(run.State))
                await views.Record(caller, AuditType.ResultsViewed, $"{run.Id} so far", run.RequestId, new() { ["run"] = id, ["form"] = "so far" });
            var (fence, receipt) = await FenceViews.Load(db, run, cancel);
            return Results.Ok(view with { Fence = fence, Receipt = receipt, Results = results });
        }).WithName("ShowRun").Needs(Access.SignedIn).Produces<RunView>().Evidence();
    }

    /// <summary>The run and its request, where the caller may know of them.</summary>
    public static async Task<Result<(RunRow Run, RequestRow Request)>> Find(WritDb db, RequestAccess access, Caller caller, string id)
    {
        var missing = new Refusal(ErrorCode.NotFound, $"there is no run '{RequestAccess.Shown(id)}'", "writ runs lists those that you can see");
        if (!RunId.TryParse(id, out var runId) || await db.Runs.AsNoTracking().SingleOrDefaultAsync(row => row.Id == runId) is not { } run)
            return missing;
        var request = await access.Find(db, caller, run.RequestId.ToString());
        return request.IsOk ? (run, request.Value) : missing;
    }

    private static async Task<IResult> List(
        bool? mine, string? state, string? grant, DateTimeOffset? since, int? limit, string? cursor,
        Database database, PolicyInForce policies, HttpContext context, CancellationToken cancel)
    {
        var caller = context.Caller();
        RunState? wanted = null;
        if (state is not null && (wanted = RunStates.Parse(state)) is null)
            return new Refusal(ErrorCode.InvalidInput, $"no run state is named '{RequestAccess.Shown(state)}'",
                "queued, starting, running, exited, killed or failed").ToHttp();
        if (cursor is not null && !RunId.TryParse(cursor, out _))
            return new Refusal(ErrorCode.InvalidInput, "the cursor is none of this list's").ToHttp();

        await using var db = database.Open();
        var policy = await policies.Get(db);
        var query = from run in db.Runs.AsNoTracking()
                    join request in db.Requests.AsNoTracking() on run.RequestId equals request.Id
                    select new { run, request };
        if (mine == true)
            query = query.Where(row => row.run.ActorId == caller.Id);
        if (wanted is { } only)
            query = query.Where(row => row.run.State == only);
        if (grant is not null)
        {
            if (!GrantId.TryParse(grant, out var grantId))
                return new Refusal(ErrorCode.InvalidInput, $"'{RequestAccess.Shown(grant)}' is no grant's id").ToHttp();
            query = query.Where(row => row.run.GrantId == grantId);
        }

        if (since is { } from)
            query = query.Where(row => row.run.CreatedAt >= from);
        if (RunId.TryParse(cursor, out var after))
            query = query.Where(row => row.run.Id.CompareTo(after) < 0);

        var most = Math.Clamp(limit ?? 50, 1, MostItems);
        var rows = await query.OrderByDescending(row => row.run.Id).Take(Scanned).ToListAsync(cancel);
        var visible = rows.Where(row => RequestAccess.Shows(policy, row.request, caller)).Take(most + 1).Select(row => row.run).ToList();
        var page = visible.Take(most).ToList();
        var next = visible.Count > most ? page[^1].Id.ToString() : rows.Count == Scanned ? rows[^1].run.Id.ToString() : null;
        return Results.Ok(new Page<RunView>(await RunViews.Load(db, page, cancel), next));
    }
}
