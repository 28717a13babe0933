using Microsoft.EntityFrameworkCore;
using Writ.Contracts.Requests;
using Writ.Core;
using Writ.Core.Identity;
using Writ.Proof;
using Writ.Proof.Identity;
using Writ.Server.Grants;
using Writ.Server.Policy;
using Writ.Server.Requests;
using Writ.Server.Runs;
using Writ.Server.Storage;

namespace Writ.Server.WebConsole.History;

/// <summary>A run on the timeline.</summary>
/// <param name="Until">Its end; null while it lives.</param>
/// <param name="Stopped">Packets that its fence stopped.</param>
public sealed record TimedRun(RunId Id, DateTimeOffset From, DateTimeOffset? Until, RunState State, int? ExitCode, string? EndReason, string? EndDetail, long Stopped)
{
    /// <summary>Whether somebody or the deadline ended it.</summary>
    public bool IsKilled => State == RunState.Killed;
}

/// <summary>A grant on the timeline with its runs, oldest first.</summary>
/// <param name="Until">When it is over, or was taken away.</param>
/// <param name="MayRevoke">Whether the caller may take it away now; told of the chosen one alone.</param>
public sealed record TimedGrant(GrantId Id, RequestId Request, DateTimeOffset From, DateTimeOffset Until, GrantState State, int UsesGranted, IReadOnlyList<TimedRun> Runs, bool MayRevoke);

/// <summary>A request of the time with all that came of it.</summary>
/// <param name="Hosts">How many addresses, in decimal.</param>
/// <param name="IsForCaller">Whether it waits, and the caller may decide on it.</param>
public sealed record TimedRequest(
    RequestId Id, DateTimeOffset At, DateTimeOffset? EndedAt, DateTimeOffset ExpiresAt, string Actor, ActorKind Kind, string Tool, IReadOnlyList<string> Zones, string Hosts, TimeSpan Duration, int Uses,
    string? Purpose, RequestState State, string? EndReason, TimedGrant? Grant, bool IsForCaller)
{
    /// <summary>Whether it broke the glass, and whether that was reviewed; null for every other.</summary>
    public BreakGlassView? BreakGlass { get; init; }

    /// <summary>Packets that the fences of its runs stopped.</summary>
    public long Stopped => Grant?.Runs.Sum(run => run.Stopped) ?? 0;
}

/// <summary>What was asked, given and run in a time.</summary>
/// <param name="Requests">Asked then, or with a grant that was open then; newest first.</param>
/// <param name="More">True where there are more than are told.</param>
public sealed record TimelineView(DateTimeOffset Since, DateTimeOffset Until, IReadOnlyList<TimedRequest> Requests, bool More);

/// <summary>Shows what was asked, given and run in a time, as far as the caller may know of it.</summary>
internal sealed class Timeline(Database database, PolicyInForce policies, RequestAccess access, TimeProvider time)
{
    private const int Most = 2_000;

    /// <param name="caller">Who looks.</param>
    /// <param name="since">The beginning of the time.</param>
    /// <param name="until">Its end.</param>
    /// <param name="chosen">The grant that is looked at closely, or null.</param>
    /// <param name="cancel">Stops the reading.</param>
    public async Task<TimelineView> Load(Caller caller, DateTimeOffset since, DateTimeOffset until, string? chosen, CancellationToken cancel)
    {
        await using var db = database.Open();
        var policy = await policies.Get(db);
        RequestId first = new(IdText.FirstOf(since)), after = new(IdText.FirstOf(until));
        GrantId before = new(IdText.FirstOf(until));

        var asked = await db.Requests.AsNoTracking().Where(row => row.Id.CompareTo(first) >= 0 && row.Id.CompareTo(after) < 0).OrderByDescending(row => row.Id).Take(Most + 1).ToListAsync(cancel);
        var open = await (
            from grant in db.Grants.AsNoTracking()
            join request in db.Requests.AsNoTracking() on grant.RequestId equals request.Id
            where grant.Id.CompareTo(before) < 0 && grant.NotAfter > since && grant.NotBefore < until
            orderby grant.Id descending
            select new { grant, request }).Take(Most + 1).ToListAsync(cancel);
        var more = asked.Count > Most || open.Count > Most;
        var requests = asked.Take(Most).Concat(open.Take(Most).Select(row => row.request)).DistinctBy(row => row.Id)
            .Where(row => RequestAccess.Shows(policy, row, caller)).OrderByDescending(row => row.Id).ToList();

        var ids = requests.Select(row => row.Id).ToArray();
        var grants = await db.Grants.AsNoTracking().Where(row => ids.Contains(row.RequestId)).ToDictionaryAsync(row => row.RequestId, cancel);
        var runs = await RunsOf(db, [.. grants.Values.Select(row => row.Id)], cancel);
        var people = requests.Select(row => row.ActorId).Distinct().ToArray();
        var actors = await db.Actors.AsNoTracking().Where(row => people.Contains(row.Id)).ToDictionaryAsync(row => row.Id, cancel);
        var glass = await BrokenGlass.Views(db, requests, cancel);
        var now = time.GetUtcNow();
        var told = new List<TimedRequest>(requests.Count);
        foreach (var request in requests)
        {
            var grant = grants.GetValueOrDefault(request.Id);
            var mayRevoke = grant is { State: GrantState.Active } && grant.NotAfter > now && grant.Id.ToString() == chosen && await access.MayEnd(db, request, caller);
            var actor = actors[request.ActorId];
            var isOwn = request.ActorId == caller.Id || request.OnBehalfOf == caller.Id || actor.OwnerId == caller.Id;
            told.Add(new(
                request.Id, request.CreatedAt, request.EndedAt, request.ExpiresAt, actor.Name, actor.Kind, request.Tool, Brief.OfEvaluation(request.Evaluation).Zones, Brief.Hosts(request.Plan),
                request.Duration, request.Uses, request.Reason, request.State, request.EndReason,
                grant is null ? null : new(grant.Id, request.Id, grant.NotBefore, grant.State == GrantState.Revoked && grant.EndedAt < grant.NotAfter ? grant.EndedAt.Value : grant.NotAfter, grant.State,
                    grant.UsesGranted, [.. runs[grant.Id]], mayRevoke),
                request.State == RequestState.Pending && policy.IsOk && caller.Governs && !isOwn && RequestAccess.MayDecide(policy.Value, request, caller)) { BreakGlass = glass(request.Id) });
        }

        return new(since, until, told, more);
    }

    /// <summary>
    /// How many runs were ordered on each day of a time, by the number of the day since 1970: those of all for whoever reads all, else
    /// the caller's own.
    /// </summary>
    /// <param name="caller">Who asks.</param>
    /// <param name="since">The beginning.</param>
    /// <param name="offset">By how much the caller's days begin earlier than those of UTC.</param>
    /// <param name="cancel">Stops the reading.</param>
    public async Task<IReadOnlyDictionary<long, int>> RunsByDay(Caller caller, DateTimeOffset since, TimeSpan offset, CancellationToken cancel)
    {
        await using var db = database.Open();
        // An id begins with its time, and has an index.
        var (first, from, shift, own) = (new RunId(IdText.FirstOf(since)).ToString(), UnixMicroseconds.From(since), (long)(offset.TotalSeconds * 1_000_000), caller.ReadsAll ? "" : caller.Id.ToString());
        var days = await db.Database.SqlQuery<DayCount>($"""
            SELECT "Day", CAST(COUNT(*) AS INTEGER) AS "Count"
            FROM (SELECT ("CreatedAt" + {shift}) / 86400000000 AS "Day" FROM runs WHERE "Id" >= {first} AND "CreatedAt" >= {from} AND ({own} = '' OR "ActorId" = {own})) AS days
            GROUP BY "Day"
            """).ToListAsync(cancel);
        return days.ToDictionary(day => day.Day, day => day.Count);
    }

    private static async Task<ILookup<GrantId, TimedRun>> RunsOf(WritDb db, GrantId[] grants, CancellationToken cancel)
    {
        var runs = await db.Runs.AsNoTracking().Where(row => grants.Contains(row.GrantId)).OrderBy(row => row.Id)
            .Select(row => new { row.Id, row.GrantId, row.CreatedAt, row.StartedAt, row.EndedAt, row.State, row.ExitCode, row.EndReason, row.EndDetail, row.RefusedUnlisted }).ToListAsync(cancel);
        var ids = runs.Select(row => row.Id).ToArray();
        var stopped = await db.Refused.AsNoTracking().Where(row => ids.Contains(row.RunId)).GroupBy(row => row.RunId)
            .Select(rows => new { rows.Key, Packets = rows.Sum(row => row.Packets) }).ToDictionaryAsync(row => row.Key, row => row.Packets, cancel);
        return runs.ToLookup(row => row.GrantId, row => new TimedRun(
            row.Id, row.StartedAt ?? row.CreatedAt, row.EndedAt, row.State, row.ExitCode, row.EndReason, row.EndDetail, stopped.GetValueOrDefault(row.Id) + row.RefusedUnlisted));
    }

    private sealed record DayCount(long Day, int Count);
}
