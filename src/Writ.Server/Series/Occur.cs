using Microsoft.EntityFrameworkCore;
using Writ.Contracts.Runners;
using Writ.Core;
using Writ.Core.Audit;
using Writ.Core.Decisions;
using Writ.Core.Policy;
using Writ.Core.Series;
using Writ.Core.Tools;
using Writ.Proof;
using Writ.Proof.Errors;
using Writ.Proof.Identity;
using Writ.Proof.Orders;
using Writ.Proof.Statements;
using Writ.Server.Files;
using Writ.Server.Grants;
using Writ.Server.Policy;
using Writ.Server.Requests;
using Writ.Server.Runners;
using Writ.Server.Runs;
using Writ.Server.Storage;

namespace Writ.Server.Series;

/// <summary>
/// What is due of a series: steps 4 and 5 of the lifecycle for one of its runs, without a person. Any number of servers may do it at once: the update
/// that moves the series on to its next time is in the transaction of the run, so that a run is there exactly where it was moved on.
/// </summary>
internal sealed class Occur(
    Database database, WriteTransaction writes, PolicyInForce policies, Reevaluation reevaluation, NameCheck nameCheck, Inventories inventories, RunnerHub hub, StartRun runs,
    Changes changes, TimeProvider time)
{
    /// <summary>Whoever was started later than this after it was due is called late.</summary>
    private static readonly TimeSpan OnTime = TimeSpan.FromMinutes(1);

    /// <summary>How long what is due is tried; then it is left out, and not made up for.</summary>
    public static readonly TimeSpan Grace = UnixMicroseconds.ToDuration(StatementOccurrence.Grace);

    /// <summary>Starts what is due, or writes down why not.</summary>
    public async Task Due(SeriesRow series)
    {
        var now = time.GetUtcNow();
        if (series.NextAt is not { } due || due > now)
            return;
        await using var db = database.Open();
        var request = await db.Requests.AsNoTracking().SingleAsync(row => row.Id == series.RequestId);
        var decided = Statement.Read(request.Statement).Value;
        var what = new Occasion(series, request, decided, SeriesTerms.ScheduleOf(decided.Series!), due);

        // 1. Too late for it.
        if (now >= due + Grace)
        {
            await writes.Commit(scope => Over(scope, what));
            return;
        }

        // 2. What others are asked for is asked before anything is held: the runner, and the names as it sees them.
        if (!await hub.IsConnected(db, request.RunnerId))
        {
            await Wait(what, OccurrenceOutcome.NoRunner, "its runner is not connected");
            return;
        }

        var moved = await Moved(db, request);
        if (moved is not null && moved.Code != ErrorCode.NameChanged)
        {
            await Wait(what, OccurrenceOutcome.Failed, moved.Message);
            return;
        }

        // 3. The run, in one transaction. What would refuse it leaves nothing of it, and is written down by itself.
        var isFirst = true;
        var started = await writes.Commit<RunRow?>(async scope =>
        {
            await scope.HoldPolicy();
            if (await BrokenGlass.Awaited(scope, series.ActorId, null) is { } awaited)
                return awaited;
            isFirst = await Claim(scope, what, what.Next);
            return isFirst ? await Start(scope, what, moved) : new Refusal(ErrorCode.WrongState, "another server was first");
        });
        if (!started.IsOk && isFirst)
            await writes.Commit(scope => LeaveOut(scope, what, started.Refusal.Code == ErrorCode.ReviewAwaited ? OccurrenceOutcome.HeldUp : OccurrenceOutcome.Failed, started.Refusal.Message));

        // 4. Only what is committed is sent.
        if (started is { IsOk: true, Value: { } run })
            hub.Send(run.RunnerId, new ToRunner { Order = StartRun.OrderOf(run) });
        changes.Happened(series.Id.ToString());
    }

    private sealed record Occasion(SeriesRow Series, RequestRow Request, Statement Decided, Schedule Schedule, DateTimeOffset Due)
    {
        public DateTimeOffset? Next => Schedule.Next(Due, Series.Until);
    }

    private async Task<Refusal?> Moved(WritDb db, RequestRow request)
    {
        var policy = await policies.Get(db);
        // Whatever cannot be planned any more is said by policy's answer.
        return policy.IsOk && await reevaluation.ContextOf(db, request) is { IsOk: true, Value: var context } && policy.Value.Tools.Find(request.Tool) is { } tool
            && tool.Plan(request.Command, context) is { IsOk: true, Value: var plan } && tool.Needs(request.Command, context) is { IsOk: true, Value: var needs }
            ? await nameCheck.Changed(request, plan, needs) : null;
    }

    /// <summary>Takes what is due: the series goes on to its next time. False where another server did, or where it is not active any more.</summary>
    private static async Task<bool> Claim(WriteScope scope, Occasion what, DateTimeOffset? next)
    {
        var from = AccessLifecycle.Series.From(SeriesEvent.Occur);
        return await scope.Db.Series.Where(row => row.Id == what.Series.Id && from.Contains(row.State) && row.NextAt == what.Due)
            .ExecuteUpdateAsync(set => set.SetProperty(row => row.NextAt, next).SetProperty(row => row.WaitsAt, (DateTimeOffset?)null)) == 1;
    }

    private async Task<Result<RunRow?>> Start(WriteScope scope, Occasion what, Refusal? moved)
    {
        // 1. Whose it is.
        var (series, request) = (what.Series, what.Request);
        var people = await scope.Db.Actors.AsNoTracking().Where(row => row.Id == series.ActorId || row.Id == series.OwnerId).ToListAsync();
        if (people.FirstOrDefault(row => row.DisabledAt is not null) is { } gone)
        {
            Note(scope, what, OccurrenceOutcome.Failed, $"{gone.Name} is disabled");
            await SeriesEnding.End(scope, series, AuditActor.System, $"{gone.Name} is disabled");
            return (RunRow?)null;
        }

        var actor = people.Single(row => row.Id == series.ActorId);
        if (actor.Id != series.OwnerId && actor.OwnerId != series.OwnerId)
            return await Suspend(scope, what, $"{actor.Name} has another owner than when it was decided");

        // 2. The run before it.
        if (await scope.Db.Runs.AsNoTracking().FirstOrDefaultAsync(run => RunStates.Live.Contains(run.State) && scope.Db.Requests.Any(row => row.Id == run.RequestId && row.Series == series.Id)) is { } live)
        {
            Note(scope, what, OccurrenceOutcome.Overlapping, $"{live.Id} is still live");
            return (RunRow?)null;
        }

        // 3. What was decided on is what is there now.
        if (moved is not null)
            return await Suspend(scope, what, moved.Message);
        var policy = await policies.Get(scope.Db);
        if (!policy.IsOk)
            return await Suspend(scope, what, policy.Refusal.Message);
        var found = await reevaluation.OfRequest(scope.Db, policy.Value, request, scope.Now);
        // Late, and the hours of its rule are over by now: that is no change.
        if (found.Verdict == Verdict.Deny && scope.Now > what.Due && (await reevaluation.OfRequest(scope.Db, policy.Value, request, what.Due)).Verdict != Verdict.Deny)
            return new Refusal(ErrorCode.Denied, $"it was too late for its rule: {found.Reasons[0]}");
        if (Otherwise(found, what) is { } other)
            return await Suspend(scope, what, other);
        if (Quorum.Missing(found.Approvals, await Reevaluation.Approvers(scope.Db, policy.Value, request)) is [var missing, ..])
            return await Suspend(scope, what, $"those who decided on it may not any more: {missing}");
        var plan = await reevaluation.PlanOf(scope.Db, policy.Value, request);
        if (!plan.IsOk || !Reevaluation.IsStated(plan.Value, request))
            return await Suspend(scope, what, plan.IsOk ? "the command means something else now than what was decided" : plan.Refusal.Message);
        var runner = await scope.Db.Runners.AsNoTracking().SingleAsync(row => row.Id == request.RunnerId);
        if (!await HasSameTool(scope.Db, runner, request))
            return await Suspend(scope, what, $"runner {runner.Name} has another {request.Tool} now than the one that was decided on");

        // 4. One grant of one use, by policy, and the run.
        return await Run(scope, what, policy.Value, found, plan.Value, runner);
    }

    /// <summary>What policy says otherwise than when it was decided, or null. Another policy that answers the same changes nothing.</summary>
    private static string? Otherwise(Evaluation found, Occasion what)
    {
        if (found.Verdict != Verdict.RequireApproval)
            return $"policy {(found.Verdict == Verdict.Deny ? "denies it now" : "asks nobody now")}: {found.Reasons[0]}";
        var before = RequestViews.Evaluation(what.Request);
        var now = RequestViews.Of(found, before.Policy);
        var same = before.Rules.SequenceEqual(now.Rules) && before.Zones.SequenceEqual(now.Zones) && before.Approvals.Select(Text).SequenceEqual(now.Approvals.Select(Text))
            && UnixMicroseconds.From(found.Duration) == what.Decided.Duration && UnixMicroseconds.From(found.MaxDisconnected) == what.Decided.MaxDisconnected && found.Budget == what.Decided.Budget;
        return same ? null : $"policy answers otherwise than when it was decided: {found.Reasons[0]}";

        static string Text(Contracts.Requests.ApprovalView need) => $"{need.Zone} {need.Rule} {string.Join(',', need.From)} {need.Count} {need.WithPasskey} {need.ByChat}";
    }

    /// <summary>What other tools a runner has does not matter: over a year some of them are brought up to date.</summary>
    private async Task<bool> HasSameTool(WritDb db, RunnerRow runner, RequestRow request) =>
        runner.InventoryDigest == request.InventoryDigest
        || (runner.InventoryDigest is { } digest && DigestOf(await inventories.Get(db, digest), request.Tool) is { } now && now == DigestOf(await inventories.Get(db, request.InventoryDigest), request.Tool));

    private static string? DigestOf(Proof.Runners.Inventory? inventory, string tool) => inventory?.Find(tool) is { } found ? new Proof.Runners.Inventory([found]).Digest() : null;

    private async Task<Result<RunRow?>> Run(WriteScope scope, Occasion what, PolicyDocument policy, Evaluation found, Plan plan, RunnerRow runner)
    {
        var (series, decided) = (what.Series, what.Request);
        var yes = await scope.Db.Decisions.AsNoTracking()
            .Where(row => row.RequestId == decided.Id && row.Revision == decided.Revision && row.Approved && row.ActorId != null).OrderBy(row => row.At).ToListAsync();
        var row = OccurrenceRequest.Of(scope, decided, what.Decided, series.Id, what.Due, runner.InventoryDigest!, found, policy);
        scope.Db.Requests.Add(row);
        OccurrenceRequest.Record(scope, row, found);
        // Files whose retention is over are those that nobody uses.
        await KeptFiles.Keep(scope.Db, scope.Now, [.. plan.Files.Select(file => (file.Sha256, file.Content))]);
        await scope.Db.SaveChangesAsync();
        if (await MintGrant.ByPolicy(scope, row, new() { ["series"] = series.Id.ToString(), ["decided"] = decided.StatementDigest }) is { IsOk: false, Refusal: var none })
            return none;
        await scope.Db.SaveChangesAsync();
        var grant = await scope.Db.Grants.AsNoTracking().SingleAsync(grant => grant.RequestId == row.Id);
        var run = await runs.TakeAndSign(scope, new(AuditActor.System, null, row.Command, Detach: true, null, null, new OrderSeries(decided.Statement, [.. yes.Select(OrderDecisionOf)])), grant, row, plan);
        if (!run.IsOk)
            return run.Refusal;
        var isLate = scope.Now - what.Due > OnTime;
        Note(scope, what, isLate ? OccurrenceOutcome.Late : OccurrenceOutcome.Started, isLate ? what.Series.WaitsFor : null, run.Value, found.Rules);
        return run.Value;
    }

    private static OrderDecision OrderDecisionOf(DecisionRow row) =>
        new(row.ActorId!.Value.ToString(), UnixMicroseconds.From(row.At), row.StatementDigest, Passkey: row.Passkey is { } signed ? PasskeyAssertion.Of(signed) : null);

    private static async Task<Result<RunRow?>> Suspend(WriteScope scope, Occasion what, string why)
    {
        Note(scope, what, OccurrenceOutcome.Suspended, why);
        await SeriesEnding.Suspend(scope, what.Series, null, AuditActor.System, why);
        return (RunRow?)null;
    }

    private static async Task<Result<bool>> LeaveOut(WriteScope scope, Occasion what, OccurrenceOutcome outcome, string why)
    {
        if (!await Claim(scope, what, what.Next))
            return new Refusal(ErrorCode.WrongState, "another server was first");
        Note(scope, what, outcome, why);
        return true;
    }

    /// <summary>Its grace is over. What else was missed meanwhile is missed with it.</summary>
    private static async Task<Result<bool>> Over(WriteScope scope, Occasion what)
    {
        var waited = what.Series.WaitsAt == what.Due;
        var (further, next) = (0, what.Next);
        for (; !waited && next is { } also && scope.Now >= also + Grace; further++)
            next = what.Schedule.Next(also, what.Series.Until);
        if (!await Claim(scope, what, next))
            return new Refusal(ErrorCode.WrongState, "another server was first");
        Note(scope, what, waited ? what.Series.WaitsAs ?? OccurrenceOutcome.Failed : OccurrenceOutcome.Missed, waited ? what.Series.WaitsFor : "no server started it in time", further: further);
        return true;
    }

    /// <summary>It is tried again until its grace is over; why it was not started by then is kept.</summary>
    private async Task Wait(Occasion what, OccurrenceOutcome outcome, string why)
    {
        if (what.Series.WaitsAt == what.Due && what.Series.WaitsAs == outcome)
            return;
        await writes.Append(db => db.Series.Where(row => row.Id == what.Series.Id && row.NextAt == what.Due)
            .ExecuteUpdateAsync(set => set.SetProperty(row => row.WaitsAt, what.Due).SetProperty(row => row.WaitsAs, outcome).SetProperty(row => row.WaitsFor, why)));
    }

    private static void Note(WriteScope scope, Occasion what, OccurrenceOutcome outcome, string? message, RunRow? run = null, IReadOnlyList<string>? rules = null, int further = 0)
    {
        scope.Db.Occurrences.Add(new() { SeriesId = what.Series.Id, DueAt = what.Due, Outcome = outcome, At = scope.Now, Message = message, RunId = run?.Id, Further = further });
        scope.Record(new(AuditType.SeriesOccurred, AuditActor.System, run?.RequestId ?? what.Request.Id, new()
        {
            ["series"] = what.Series.Id.ToString(),
            ["decided"] = what.Request.StatementDigest,
            ["due"] = what.Due.ToString("O"),
            ["outcome"] = SeriesViews.Outcome(outcome),
            ["message"] = message,
            ["run"] = run?.Id.ToString(),
            ["rules"] = rules is null ? null : AuditEvent.Texts(rules),
            ["further"] = further == 0 ? null : further,
        }));
    }
}
