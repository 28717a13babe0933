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
/// <param name="Touch">What it has to do with the address.</param>
/// <param name="At">When it began.</param>
/// <param name="Grant">The grant.</param>
/// <param name="Run">The run, or null.</param>
/// <param name="Refused">What it tried, of what was asked about.</param>
internal sealed record Finding(Touch Touch, DateTimeOffset At, GrantId Grant, RunId? Run, IReadOnlyList<RefusedRow> Refused);

/// <summary>Of a run, what says whether it can have touched anything.</summary>
internal sealed record RunFacts(
    RunId Id, GrantId Grant, DateTimeOffset CreatedAt, DateTimeOffset? StartedAt, DateTimeOffset? EndedAt, DateTimeOffset Deadline, string? EndReason,
    long? PacketsPassed, DateTimeOffset? LastPacketAt, string[] Sources);

/// <summary>What was found.</summary>
/// <param name="Findings">What says most first, then the newest.</param>
/// <param name="Gaps">Runs of that time of which not everything is known, that are in no finding.</param>
/// <param name="More">True where there is more.</param>
internal sealed record TraceAnswer(IReadOnlyList<Finding> Findings, IReadOnlyList<RunId> Gaps, bool More);

/// <summary>
/// Finds what a question is about: the index tells who may have to do with it, and each of these is held against the scope that
/// was approved, the order that was signed, and what its runner reported.
/// </summary>
internal sealed class TraceSearch(PolicyInForce policies, TimeProvider time)
{
    /// <summary>The most grants or runs that are looked at in one piece of time.</summary>
    private const int MostCandidates = 1_000;
    /// <summary>Of these, how many are read together.</summary>
    private const int AtOnce = 200;
    private static readonly long Unknown = TraceKey.Of(TraceKind.Gap);
    /// <summary>The most runs that are named because not everything is known of them.</summary>
    internal const int MostGaps = 100;
    /// <summary>A fence is looked at each second and reported on every ten.</summary>
    private static readonly TimeSpan BeforeReport = TimeSpan.FromSeconds(11);
    private static readonly TimeSpan FirstPiece = TimeSpan.FromHours(1);

    /// <summary>Answers for a caller, who gets to know of nothing that they may not know of.</summary>
    public async Task<TraceAnswer> Answer(WritDb db, Caller caller, TraceQuestion question, CancellationToken cancel)
    {
        var asked = new Inquiry(db, caller, caller.ReadsAll ? null : await policies.Get(db) is { IsOk: true } read ? read.Value : null, question, cancel);
        // No grant is older than the first, whatever was asked for.
        var oldest = (await db.Grants.AsNoTracking().OrderBy(row => row.Id).Select(row => (DateTimeOffset?)row.CreatedAt).FirstOrDefaultAsync(cancel) ?? question.Until) - TimeSpan.FromDays(1);
        var since = question.Since > oldest ? question.Since.Value : oldest;
        var (findings, gaps, more) = (asked.Findings, asked.Gaps, false);
        // From the newest back, in pieces that grow: what is asked about all time reads a few times what it shows, and a year is seven
        // pieces. The first reaches back from where there is anything at all.
        for (var (until, piece) = (question.Until, FirstPiece); until > since; piece *= 4)
        {
            if (findings.Count >= question.Limit)
            {
                more = true;
                break;
            }

            var last = piece == FirstPiece ? await TraceIndex.Newest(db, [.. Grants(question), .. Runs(question), Unknown], until, cancel) : until;
            if (last is null)
                break;
            var begin = last - since > piece ? last.Value - piece : since;
            more |= await Search(asked, begin, until);
            until = begin;
        }

        var shown = findings.Values.OrderByDescending(found => found.Touch).ThenByDescending(found => found.At).ToList();
        return new(
            [.. shown.Take(question.Limit)], [.. gaps.Where(run => !findings.ContainsKey(run.ToString())).OrderDescending().Take(MostGaps)],
            more || shown.Count > question.Limit || gaps.Count > MostGaps);
    }

    private async Task<bool> Search(Inquiry asked, DateTimeOffset since, DateTimeOffset until)
    {
        var (db, question, cancel) = (asked.Db, asked.Question, asked.Cancel);
        // 1. Who may have to do with it: grants by their scope, runs by their source or by what they tried.
        var (grants, more) = await TraceIndex.Find(db, Grants(question), since, until, MostCandidates, cancel);
        var (runs, moreRuns) = await TraceIndex.Find(db, Runs(question), since, until, MostCandidates, cancel);
        var (unknown, moreUnknown) = await TraceIndex.Find(db, [Unknown], since, until, MostCandidates, cancel);
        more |= moreRuns || moreUnknown;
        if (runs.Count + unknown.Count > 0)
            more |= await Look(asked, since, until, [], runs, unknown);
        // The newest first, and no more of them than are shown: the scope of each is read.
        foreach (var some in grants.Chunk(AtOnce))
        {
            if (asked.Findings.Count >= question.Limit)
                return true;
            more |= await Look(asked, since, until, some, [], []);
        }

        return more;
    }

    private static long[] Grants(TraceQuestion question) => question.To is { } to ? TraceKey.Overlapping(TraceKind.Scope, to) : [];

    private static long[] Runs(TraceQuestion question) => question.To is { } tried
        ? [.. Enumerable.Range(0, (int)tried.Count).Select(at => TraceKey.Of(TraceKind.Refused, new(tried.First.Bits + (UInt128)at)))]
        : [TraceKey.Of(TraceKind.Source, question.From!.Value)];

    private async Task<bool> Look(
        Inquiry asked, DateTimeOffset since, DateTimeOffset until, IReadOnlyCollection<string> grants, IReadOnlyList<string> runs, IReadOnlyList<string> unknown)
    {
        var (db, question, findings, cancel) = (asked.Db, asked.Question, asked.Findings, asked.Cancel);
        // 2. Of the grants, those whose approved scope holds it; and their runs of that time. Those that were lost are among the unknown.
        var runIds = runs.Concat(unknown).Select(RunId.Parse).Distinct().ToArray();
        var ofIndex = await Facts(db.Runs.AsNoTracking().Where(row => runIds.Contains(row.Id))).ToListAsync(cancel);
        GrantId[] ids = [.. grants.Select(GrantId.Parse), .. question.To is null ? [] : ofIndex.Select(run => run.Grant).Distinct()];
        var statements = await (
            from grant in db.Grants.AsNoTracking()
            join request in db.Requests.AsNoTracking() on grant.RequestId equals request.Id
            where ids.Contains(grant.Id)
            select new { grant.Id, request.Statement }).ToListAsync(cancel);
        // A command's runs have the scope of its statement; those of a window may have a narrower one each.
        var approved = statements.Select(row => (row.Id, Read: Statement.Read(row.Statement)))
            .Where(row => row.Read.IsOk && row.Read.Value.Scope.Read() is { IsOk: true } scope && question.IsIn(scope.Value))
            .ToDictionary(row => row.Id, row => row.Read.Value.Argv is null);
        var approvedIds = approved.Keys.ToArray();
        var ofGrants = await Facts(db.Runs.AsNoTracking()
            .Where(row => approvedIds.Contains(row.GrantId) && row.CreatedAt < until && (row.EndedAt == null || row.EndedAt >= since))
            .OrderByDescending(row => row.CreatedAt).Take(MostCandidates + 1)).ToListAsync(cancel);
        var all = ofGrants.Take(MostCandidates).Concat(ofIndex).DistinctBy(row => row.Id).ToList();

        // 3. What the caller may know of.
        var grantIds = all.Select(row => row.Grant).Concat(approvedIds).Distinct().ToArray();
        var visible = asked.Caller.ReadsAll ? grantIds.ToHashSet() : await Visible(asked, grantIds);
        all.RemoveAll(run => !visible.Contains(run.Grant));

        // 4. What each has to do with it.
        var here = all.Select(run => run.Id).ToArray();
        var refused = (await db.Refused.AsNoTracking().Where(row => here.Contains(row.RunId)).ToListAsync(cancel))
            .Where(row => question.IsRefused(row.Address, row.Protocol, row.Port) && question.IsThen(row.FirstAt - BeforeReport, row.LastAt)).ToLookup(row => row.RunId);
        var isUnknown = unknown.ToHashSet(StringComparer.Ordinal);
        var source = question.From?.ToString();
        foreach (var run in all.Where(run => !findings.ContainsKey(run.Id.ToString())))
        {
            var reached = question.To is null
                || (approved.TryGetValue(run.Grant, out var isWindow) && (!isWindow || await IsInOrder(db, question, run.Id, cancel)));
            var touch = source is not null && !run.Sources.Contains(source) ? Touch.None : Of(question, run, refused[run.Id].Any(), reached);
            if (touch != Touch.None)
                findings.Add(run.Id.ToString(), new(touch, run.StartedAt ?? run.CreatedAt, run.Grant, run.Id, [.. refused[run.Id].OrderByDescending(row => row.Packets)]));
            else if (source is null && isUnknown.Contains(run.Id.ToString()) && IsOpen(question, run))
                asked.Gaps.Add(run.Id);
        }

        // 5. Rights that nobody used then.
        var used = findings.Values.Where(found => found.Run is not null).Select(found => found.Grant).ToHashSet();
        GrantId[] unused = source is null ? [.. approvedIds.Where(id => visible.Contains(id) && !used.Contains(id))] : [];
        foreach (var grant in await db.Grants.AsNoTracking().Where(row => unused.Contains(row.Id) && row.State != GrantState.Exhausted)
            .Select(row => new { row.Id, row.NotBefore, row.NotAfter, row.EndedAt }).ToListAsync(cancel))
        {
            if (question.IsThen(grant.NotBefore, grant.EndedAt < grant.NotAfter ? grant.EndedAt.Value : grant.NotAfter))
                findings.TryAdd(grant.Id.ToString(), new(Touch.Could, grant.NotBefore, grant.Id, null, []));
        }

        return ofGrants.Count > MostCandidates;
    }

    private static IQueryable<RunFacts> Facts(IQueryable<RunRow> runs) => runs.Select(row => new RunFacts(
        row.Id, row.GrantId, row.CreatedAt, row.StartedAt, row.EndedAt, row.Deadline, row.EndReason, row.PacketsPassed, row.LastPacketAt, row.Sources));

    private static async Task<HashSet<GrantId>> Visible(Inquiry asked, GrantId[] grants)
    {
        var (db, caller, policy, cancel) = (asked.Db, asked.Caller, asked.Policy, asked.Cancel);
        var owned = (await db.Actors.AsNoTracking().Where(row => row.OwnerId == caller.Id).Select(row => row.Id).ToListAsync(cancel)).ToHashSet();
        var known = await (
            from grant in db.Grants.AsNoTracking()
            join request in db.Requests.AsNoTracking() on grant.RequestId equals request.Id
            where grants.Contains(grant.Id)
            select new { grant.Id, request }).ToListAsync(cancel);
        return known.Where(row => row.request.ActorId == caller.Id || row.request.OnBehalfOf == caller.Id || owned.Contains(row.request.ActorId)
            || (policy is not null && RequestAccess.MayDecide(policy, row.request, caller))).Select(row => row.Id).ToHashSet();
    }

    private static async Task<bool> IsInOrder(WritDb db, TraceQuestion question, RunId run, CancellationToken cancel) =>
        RunOrder.Read(await db.Runs.AsNoTracking().Where(row => row.Id == run).Select(row => row.OrderBytes).SingleAsync(cancel)) is { IsOk: true } order
        && order.Value.Fence.Read() is { IsOk: true } fence && question.IsIn(fence.Value);

    private Touch Of(TraceQuestion question, RunFacts run, bool isRefused, bool reached)
    {
        if (!IsOpen(question, run))
            return isRefused ? Touch.Tried : Touch.None;
        // Packets that cannot have been: none left, or the last one left before.
        if (reached && run.StartedAt is { } started && run.PacketsPassed != 0 && question.IsThen(started, run.LastPacketAt ?? End(run)))
            return Touch.Did;
        return isRefused ? Touch.Tried : reached ? Touch.Could : Touch.None;
    }

    private bool IsOpen(TraceQuestion question, RunFacts run) => question.IsThen(run.StartedAt ?? run.CreatedAt, End(run));

    // A run whose runner was lost may have gone on until its deadline.
    private DateTimeOffset End(RunFacts run)
    {
        var now = time.GetUtcNow();
        return run.EndReason == RunEndCause.RunnerLost || run.EndedAt is null ? run.Deadline < now ? run.Deadline : now : run.EndedAt.Value;
    }

    /// <summary>A question of somebody's while it is being answered, with what was found so far.</summary>
    private sealed record Inquiry(WritDb Db, Caller Caller, PolicyDocument? Policy, TraceQuestion Question, CancellationToken Cancel)
    {
        public Dictionary<string, Finding> Findings { get; } = new(StringComparer.Ordinal);

        public HashSet<RunId> Gaps { get; } = [];
    }
}
