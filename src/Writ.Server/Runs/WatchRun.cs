using Microsoft.EntityFrameworkCore;
using Writ.Contracts.Requests;
using Writ.Contracts.Runs;
using Writ.Core.Identity;
using Writ.Core.Policy;
using Writ.Proof.Addresses;
using Writ.Proof.Errors;
using Writ.Server.Audit;
using Writ.Server.Policy;
using Writ.Server.Requests;
using Writ.Server.Storage;

namespace Writ.Server.Runs;

/// <summary>A destination that a run's fence stopped packets to.</summary>
/// <param name="Where">Why it is out of scope, in words: <c>in staging, not in the plan</c>.</param>
/// <param name="FirstAt">When the runner first told of it.</param>
/// <param name="LastAt">When it last told of more.</param>
public sealed record Stopped(string Address, string Protocol, int Port, long Packets, DateTimeOffset FirstAt, DateTimeOffset LastAt, string Where);

/// <summary>A run with all that is known of it at a moment.</summary>
/// <param name="Run">The run, with its fence, receipt and what it has found so far.</param>
/// <param name="Request">What was approved, and by whom.</param>
/// <param name="Stopped">Destinations out of scope, the newest first.</param>
/// <param name="StoppedElsewhere">Packets out of scope whose destinations are not listed.</param>
/// <param name="MayEnd">Whether the caller may end it.</param>
/// <param name="HasResults">Whether its results are here.</param>
public sealed record WatchedRun(RunView Run, RequestView Request, IReadOnlyList<Stopped> Stopped, long StoppedElsewhere, bool MayEnd, bool HasResults)
{
    /// <summary>Whether it has a process, now or soon.</summary>
    public bool IsLive => Run.EndedAt is null;

    /// <summary>Packets out of scope, of all destinations.</summary>
    public long StoppedPackets => Stopped.Sum(one => one.Packets) + StoppedElsewhere;
}

/// <summary>
/// Shows a run to whoever watches it: its state, how far it is, what it has found and what its fence has stopped. Watching is a look at
/// evidence, which is recorded when it begins, as it is for those who attach.
/// </summary>
internal sealed class WatchRun(Database database, RequestAccess access, PolicyInForce policies, EvidenceViews views)
{
    private const int MostStopped = 50;

    /// <summary>The run as it is now.</summary>
    /// <param name="caller">Who watches.</param>
    /// <param name="id">The run.</param>
    /// <param name="before">What was seen of it a moment ago, of what goes on being watched; null for a first look.</param>
    /// <param name="cancel">Stops the reading.</param>
    public async Task<Result<WatchedRun>> Look(Caller caller, string id, WatchedRun? before, CancellationToken cancel)
    {
        await using var db = database.Open();
        var found = await ShowRuns.Find(db, access, caller, id);
        if (!found.IsOk)
            return found.Refusal;
        var (row, request) = found.Value;
        if (before is null && (row.ActorId != caller.Id || !RunStates.Live.Contains(row.State)))
            await ReadRecording.Record(views, caller, row);

        var policy = await policies.Get(db);
        var view = (await RunViews.Load(db, [row], cancel))[0];
        // What its fence has seen in all is known at the end; what was approved does not change.
        var (fence, receipt) = view.EndedAt is null ? default : await FenceViews.Load(db, row, cancel);
        var deleted = await ResultsStore.Deleted(db, row, cancel) is not null;
        var results = await RunResults.Load(db, row.Id, DateTimeOffset.MinValue, withHosts: !deleted, cancel);
        var stopped = await db.Refused.AsNoTracking().Where(refused => refused.RunId == row.Id).OrderByDescending(refused => refused.LastAt).Take(MostStopped).ToListAsync(cancel);
        return new WatchedRun(
            view with { Fence = fence, Receipt = receipt, Results = results },
            before?.Request ?? (await RequestViews.Load(db, policy.IsOk ? policy.Value : null, [request], cancel))[0],
            [.. stopped.Select(one => Of(one, policy.IsOk ? policy.Value : null))],
            row.RefusedUnlisted, await access.MayEnd(db, request, caller), await db.Results.AnyAsync(kept => kept.RunId == row.Id, cancel));
    }

    private static Stopped Of(RefusedRow row, PolicyDocument? policy)
    {
        var address = new Address(System.Buffers.Binary.BinaryPrimitives.ReadUInt128BigEndian(row.Address));
        return new(address.ToString(), FenceViews.Protocol(row.Protocol), row.Port, row.Packets, row.FirstAt, row.LastAt, Where(address, policy));
    }

    private static string Where(Address address, PolicyDocument? policy) =>
        policy?.ZoneMap.Cover(AddressSet.Of(new AddressRange(address, address))).Touched is { Count: > 0 } zones
            ? $"in {string.Join(" and ", zones.Select(zone => zone.Zone.Name))}, not in the plan"
            : "in no zone";
}
