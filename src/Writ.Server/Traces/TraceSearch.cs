using Microsoft.EntityFrameworkCore;
using Writ.Core;
using Writ.Core.Identity;
using Writ.Core.Policy;
using Writ.Core.Traces;
using Writ.Proof.Errors;
using Writ.Proof.Identity;
using Writ.Proof.Orders;
using Writ.Proof.Statements;
using Writ.Server.Policy;
using Writ.Server.Requests;
using Writ.Server.Runs;
using Writ.Server.Storage;

namespace Writ.Server.Traces;

/// <summary>What something has to do with an address; the larger one says more.</summary>
internal enum Touch
{
    /// <summary>Nothing.</summary>
    None,
    /// <summary>It was in the approved scope while the right was open, and nothing was sent then.</summary>
    Could,
    /// <summary>Packets to it were stopped.</summary>
    Tried,
    /// <summary>Packets left the fence of a run that had it in its plan.</summary>
    Did,
}

/// <summary>A run, or a grant without one then.</summary>
internal sealed record Finding(Touch Touch, GrantRow Grant, RequestRow Request, RunRow? Run, IReadOnlyList<RefusedRow> Refused)
{
    /// <summary>When it began.</summary>
    public DateTimeOffset At => Run?.StartedAt ?? Run?.CreatedAt ?? Grant.NotBefore;
}

/// <summary>What was found.</summary>
/// <param name="Findings">What says most first, then the newest.</param>
/// <param name="Gaps">Runs of that time of which not everything is known, that are in no finding.</param>
/// <param name="More">True where there is more.</param>
internal sealed record TraceAnswer(IReadOnlyList<Finding> Findings, IReadOnlyList<RunRow> Gaps, bool More);

/// <summary>
/// Finds what a question is about: the index tells who may have to do with it, and each of these is held against the scope that
/// was approved, the order that was signed, and what its runner reported.
/// </summary>
internal sealed class TraceSearch(PolicyInForce policies, TimeProvider time)
{
    /// <summary>The most grants or runs that are looked at in one piece of time.</summary>
    private const int MostCandidates = 1_000;
    /// <summary>The most runs that are named because not everything is known of them.</summary>
    internal const int MostGaps = 100;
    /// <summary>A fence is looked at each second and reported on every ten.</summary>
    private static readonly TimeSpan BeforeReport = TimeSpan.FromSeconds(11);
    private static readonly TimeSpan FirstPiece = TimeSpan.FromDays(1);

    /// <summary>Answers for a caller, who gets to know of nothing that they may not know of.</summary>
    public async Task<TraceAnswer> Answer(WritDb db, Caller caller, TraceQuestion question, CancellationToken cancel)
    {
        var policy = caller.ReadsAll ? null : await policies.Get(db) is { IsOk: true } read ? read.Value : null;
        // No grant is older than the first, whatever was asked for.
        var oldest = (await db.Grants.AsNoTracking().OrderBy(row => row.Id).Select(row => (DateTimeOffset?)row.CreatedAt).FirstOrDefaultAsync(cancel) ?? question.Until) - TimeSpan.FromDays(1);
        var since = question.Since > oldest ? question.Since.Value : oldest;
        var findings = new Dictionary<string, Finding>(StringComparer.Ordinal);
        var gaps = new Dictionary<RunId, RunRow>();
        var more = false;
        // From the newest back, in pieces that grow: what is asked about all time reads no more than it shows.
        for (var (until, piece) = (question.Until, FirstPiece); until > since; piece *= 8)
        {
            if (findings.Count >= question.Limit)
            {
                more = true;
                break;
            }

            var begin = until - since > piece ? until - piece : since;
            more |= await Search(db, caller, policy, question, begin, until, findings, gaps, cancel);
            until = begin;
        }

        var shown = findings.Values.OrderByDescending(found => found.Touch).ThenByDescending(found => found.At).ToList();
        return new(
            [.. shown.Take(question.Limit)], [.. gaps.Values.Where(run => !findings.ContainsKey(run.Id.ToString())).OrderByDescending(run => run.Id).Take(MostGaps)],
            more || shown.Count > question.Limit || gaps.Count > MostGaps);
    }

    private async Task<bool> Search(
        WritDb db, Caller caller, PolicyDocument? policy, TraceQuestion question, DateTimeOffset since, DateTimeOffset until,
        Dictionary<string, Finding> findings, Dictionary<RunId, RunRow> gaps, CancellationToken cancel)
    {
        // 1. Who may have to do with it: grants by their scope, runs by their source or by what they tried.
        var (grants, more) = question.Address is { } to
            ? await TraceIndex.Find(db, TraceKey.Around(TraceKind.Scope, to), since, until, MostCandidates, cancel)
            : ([], false);
        long[] keys = question is { Address: { } tried } ? [TraceKey.Of(TraceKind.Refused, tried)] : [TraceKey.Of(TraceKind.Source, question.From!.Value)];
        var (runs, moreRuns) = await TraceIndex.Find(db, keys, since, until, MostCandidates, cancel);
        var (unknown, moreUnknown) = await TraceIndex.Find(db, [TraceKey.Of(TraceKind.Gap)], since, until, MostCandidates, cancel);

        // 2. Of the grants, those whose approved scope holds it; and their runs of that time. Those that were lost are among the unknown.
        var ids = grants.Select(GrantId.Parse).ToArray();
        var statements = await (
            from grant in db.Grants.AsNoTracking()
            join request in db.Requests.AsNoTracking() on grant.RequestId equals request.Id
            where ids.Contains(grant.Id)
            select new { grant.Id, request.Statement }).ToListAsync(cancel);
        var approved = statements.Where(row => Statement.Read(row.Statement) is { IsOk: true } read && read.Value.Scope.Read() is { IsOk: true } scope && question.IsIn(scope.Value))
            .Select(row => row.Id).ToHashSet();
        var runIds = runs.Concat(unknown).Select(RunId.Parse).Distinct().ToArray();
        var ofGrants = await db.Runs.AsNoTracking()
            .Where(row => approved.Contains(row.GrantId) && row.CreatedAt < until && (row.EndedAt == null || row.EndedAt >= since))
            .OrderByDescending(row => row.CreatedAt).Take(MostCandidates + 1).ToListAsync(cancel);
        var all = ofGrants.Take(MostCandidates).Concat(await db.Runs.AsNoTracking().Where(row => runIds.Contains(row.Id)).ToListAsync(cancel)).DistinctBy(row => row.Id).ToList();

        // 3. What the caller may know of.
        var grantIds = all.Select(row => row.GrantId).Concat(approved).Distinct().ToArray();
        var known = await (
            from grant in db.Grants.AsNoTracking()
            join request in db.Requests.AsNoTracking() on grant.RequestId equals request.Id
            where grantIds.Contains(grant.Id)
            select new { grant, request }).ToListAsync(cancel);
        var owners = caller.ReadsAll ? [] : (await db.Actors.AsNoTracking().Where(row => row.OwnerId == caller.Id).Select(row => row.Id).ToListAsync(cancel)).ToHashSet();
        var visible = known.Where(row => caller.ReadsAll || row.request.ActorId == caller.Id || row.request.OnBehalfOf == caller.Id || owners.Contains(row.request.ActorId)
                || (policy is not null && RequestAccess.MayDecide(policy, row.request, caller)))
            .ToDictionary(row => row.grant.Id, row => (row.grant, row.request));
        all.RemoveAll(run => !visible.ContainsKey(run.GrantId));

        // 4. What each has to do with it.
        var here = all.Select(run => run.Id).ToArray();
        var refused = (await db.Refused.AsNoTracking().Where(row => here.Contains(row.RunId)).ToListAsync(cancel))
            .Where(row => question.IsRefused(row.Address, row.Protocol, row.Port) && question.IsThen(row.FirstAt - BeforeReport, row.LastAt)).ToLookup(row => row.RunId);
        var isUnknown = unknown.ToHashSet(StringComparer.Ordinal);
        foreach (var run in all)
        {
            var touch = question.From is { } from && !run.Sources.Contains(from.ToString()) ? Touch.None : Of(question, run, refused[run.Id].Any(), approved.Contains(run.GrantId));
            if (touch != Touch.None)
                findings.TryAdd(run.Id.ToString(), new(touch, visible[run.GrantId].grant, visible[run.GrantId].request, run, [.. refused[run.Id].OrderByDescending(row => row.Packets)]));
            else if (question.From is null && isUnknown.Contains(run.Id.ToString()) && IsOpen(question, run))
                gaps.TryAdd(run.Id, run);
        }

        // 5. Rights that nobody used then.
        var used = findings.Values.Where(found => found.Run is not null).Select(found => found.Grant.Id).ToHashSet();
        foreach (var (grant, request) in visible.Values.Where(row => question.From is null && approved.Contains(row.grant.Id) && !used.Contains(row.grant.Id)))
        {
            if (grant.State != GrantState.Exhausted && question.IsThen(grant.NotBefore, grant.EndedAt < grant.NotAfter ? grant.EndedAt.Value : grant.NotAfter))
                findings.TryAdd(grant.Id.ToString(), new(Touch.Could, grant, request, null, []));
        }

        return more || moreRuns || moreUnknown || ofGrants.Count > MostCandidates;
    }

    private Touch Of(TraceQuestion question, RunRow run, bool isRefused, bool isApproved)
    {
        if (!IsOpen(question, run))
            return isRefused ? Touch.Tried : Touch.None;
        // Packets that cannot have been: none left, the last one left before, or the order has another scope than the grant.
        var reached = (isApproved || question.Address is null) && RunOrder.Read(run.OrderBytes) is { IsOk: true } order && order.Value.Fence.Read() is { IsOk: true } fence && question.IsIn(fence.Value);
        if (reached && run.StartedAt is { } started && run.PacketsPassed != 0 && question.IsThen(started, run.LastPacketAt ?? End(run)))
            return Touch.Did;
        return isRefused ? Touch.Tried : reached ? Touch.Could : Touch.None;
    }

    private bool IsOpen(TraceQuestion question, RunRow run) => question.IsThen(run.StartedAt ?? run.CreatedAt, End(run));

    // A run whose runner was lost may have gone on until its deadline.
    private DateTimeOffset End(RunRow run)
    {
        var now = time.GetUtcNow();
        return run.EndReason == RunEndCause.RunnerLost || run.EndedAt is null ? run.Deadline < now ? run.Deadline : now : run.EndedAt.Value;
    }
}
