using Microsoft.EntityFrameworkCore;
using Writ.Core.Identity;
using Writ.Core.Policy;
using Writ.Proof.Addresses;
using Writ.Proof.Errors;
using Writ.Proof.Identity;
using Writ.Server.Policy;
using Writ.Server.Requests;
using Writ.Server.Storage;

namespace Writ.Server.Runs;

/// <summary>How much a run found.</summary>
/// <param name="Run">The run.</param>
/// <param name="Actor">Who ran it.</param>
/// <param name="At">When it was ordered.</param>
/// <param name="Command">As typed.</param>
/// <param name="Zones">The zones that it reached into.</param>
/// <param name="Hosts">Hosts with an open port; in a zone's list, those of the zone.</param>
/// <param name="OpenPorts">Their open ports.</param>
/// <param name="IsComplete">False where the tool did not get to tell all: less may be told than there is.</param>
public sealed record FoundByRun(RunId Run, string Actor, DateTimeOffset At, IReadOnlyList<string> Command, IReadOnlyList<string> Zones, int Hosts, int OpenPorts, bool IsComplete);

/// <summary>Runs of which results are kept, newest first, as far as the caller may know of them: how much each found, and no address of it.</summary>
internal sealed class ListResults(Database database, PolicyInForce policies)
{
    private const int Scanned = 1_000;

    /// <summary>One page.</summary>
    /// <param name="caller">Who asks.</param>
    /// <param name="after">The last run of the page before, or null.</param>
    /// <param name="limit">The most of them.</param>
    /// <param name="cancel">Stops the reading.</param>
    public async Task<(IReadOnlyList<FoundByRun> Items, RunId? Next)> List(Caller caller, RunId? after, int limit, CancellationToken cancel)
    {
        await using var db = database.Open();
        var policy = await policies.Get(db);
        var query = Kept(db);
        if (after is { } last)
            query = query.Where(kept => kept.Run.Id.CompareTo(last) < 0);
        var rows = await query.OrderByDescending(kept => kept.Run.Id).Take(Scanned).ToListAsync(cancel);
        var visible = rows.Where(kept => RequestAccess.Shows(policy, kept.Request, caller)).Take(limit + 1).ToList();
        var page = visible.Take(limit).ToList();
        return (await Load(db, page, null, cancel), visible.Count > limit ? page[^1].Run.Id : rows.Count == Scanned ? rows[^1].Run.Id : null);
    }

    /// <summary>What runs found in one zone, oldest first, to see it change.</summary>
    /// <param name="caller">Who asks.</param>
    /// <param name="zone">The zone's name.</param>
    /// <param name="limit">The most of them; the newest are told.</param>
    /// <param name="cancel">Stops the reading.</param>
    public async Task<Result<List<FoundByRun>>> OfZone(Caller caller, string zone, int limit, CancellationToken cancel)
    {
        await using var db = database.Open();
        var policy = await policies.Get(db);
        if (!policy.IsOk || !policy.Value.Zones.TryGetValue(zone, out var known))
            return new Refusal(ErrorCode.NotFound, $"there is no zone '{RequestAccess.Shown(zone)}'", "the policy in force names the zones");
        var rows = await Kept(db).OrderByDescending(kept => kept.Run.Id).Take(Scanned).ToListAsync(cancel);
        var page = rows.Where(kept => RequestAccess.Shows(policy, kept.Request, caller) && RequestViews.Evaluation(kept.Request).Zones.Contains(zone)).Take(limit).Reverse().ToList();
        return await Load(db, page, known.Addresses, cancel);
    }

    /// <summary>Earlier runs of the very same command, newest first: what they found can be held side by side.</summary>
    public static async Task<IReadOnlyList<FoundByRun>> OfSameCommand(WritDb db, Caller caller, Result<PolicyDocument> policy, RunRow run, int limit, CancellationToken cancel)
    {
        var rows = await (
            from earlier in db.Runs.AsNoTracking().Where(row => row.Id.CompareTo(run.Id) < 0).OrderByDescending(row => row.Id).Take(Scanned).Where(row => row.Argv == run.Argv)
            join results in db.Results.AsNoTracking() on earlier.Id equals results.RunId
            join request in db.Requests.AsNoTracking() on earlier.RequestId equals request.Id
            orderby earlier.Id descending
            select new KeptResults { Run = earlier, Request = request, Results = results }).ToListAsync(cancel);
        return await Load(db, [.. rows.Where(kept => RequestAccess.Shows(policy, kept.Request, caller)).Take(limit)], null, cancel);
    }

    /// <summary>What runs said of one port of one host, newest first, as far as the caller may know of them: told by itself, not together with others.</summary>
    public async Task<IReadOnlyList<(RunId Run, DateTimeOffset At, string State)>> OfPort(Caller caller, Address address, string protocol, int port, int limit, CancellationToken cancel)
    {
        await using var db = database.Open();
        var policy = await policies.Get(db);
        var bytes = address.ToBytes();
        var rows = await (
            from told in db.ResultPorts.AsNoTracking().Where(row => row.Address == bytes && row.Port == port && row.Protocol == protocol)
            join run in db.Runs.AsNoTracking() on told.RunId equals run.Id
            join request in db.Requests.AsNoTracking() on run.RequestId equals request.Id
            orderby run.Id descending
            select new { run.Id, run.CreatedAt, told.State, request }).Take(limit).ToListAsync(cancel);
        return [.. rows.Where(row => RequestAccess.Shows(policy, row.request, caller)).Select(row => (row.Id, row.CreatedAt, row.State))];
    }

    private static IQueryable<KeptResults> Kept(WritDb db) =>
        from run in db.Runs.AsNoTracking()
        join results in db.Results.AsNoTracking() on run.Id equals results.RunId
        join request in db.Requests.AsNoTracking() on run.RequestId equals request.Id
        select new KeptResults { Run = run, Request = request, Results = results };

    private static async Task<List<FoundByRun>> Load(WritDb db, IReadOnlyList<KeptResults> rows, AddressSet? within, CancellationToken cancel)
    {
        var ids = rows.Select(kept => kept.Run.Id).ToArray();
        var open = (await db.ResultPorts.AsNoTracking().Where(port => ids.Contains(port.RunId) && port.State == "open")
            .GroupBy(port => new { port.RunId, port.Address }).Select(ports => new { ports.Key.RunId, ports.Key.Address, Count = ports.Count() }).ToListAsync(cancel)).ToLookup(host => host.RunId);
        var names = await db.NamesOf(rows.Select(kept => kept.Run.ActorId), cancel);
        return
        [
            .. rows.Select(kept =>
            {
                var hosts = open[kept.Run.Id].Where(host => within is null || within.Contains(ResultsStore.Read(host.Address))).ToList();
                return new FoundByRun(
                    kept.Run.Id, names[kept.Run.ActorId], kept.Run.CreatedAt, kept.Run.Command, RequestViews.Evaluation(kept.Request).Zones, hosts.Count, hosts.Sum(host => host.Count), ResultsStore.IsComplete(kept.Results));
            }),
        ];
    }

    private sealed class KeptResults
    {
        public required RunRow Run { get; init; }
        public required RequestRow Request { get; init; }
        public required ResultsRow Results { get; init; }
    }
}
