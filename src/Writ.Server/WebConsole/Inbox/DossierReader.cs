using System.Globalization;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Writ.Contracts.Requests;
using Writ.Core;
using Writ.Core.Audit;
using Writ.Core.Decisions;
using Writ.Core.Identity;
using Writ.Core.Policy;
using Writ.Proof.Errors;
using Writ.Proof.Identity;
using Writ.Server.Grants;
using Writ.Server.Identity;
using Writ.Server.Policy;
using Writ.Server.Requests;
using Writ.Server.Storage;
using Writ.Server.WebConsole.Pictures;

namespace Writ.Server.WebConsole.Inbox;

/// <summary>Reads a request as its page shows it, for somebody who may know of it.</summary>
internal sealed class DossierReader(Visit visit, Database database, PolicyInForce policies, RequestAccess access, ReviewGrant review, TimeProvider time)
{
    /// <summary>So many past runs say what is usual.</summary>
    private const int MostPast = 50;
    private const int MostRanges = 100;
    private const int MostWords = 1_000;
    private const int MostRevisions = 20;

    public async Task<Result<Dossier>> Read(string id, CancellationToken cancel)
    {
        if (await visit.As("ShowRequest", seen: false) is not { IsOk: true, Value: var caller })
            return new Refusal(ErrorCode.NotSignedIn, "you are signed out");
        await using var db = database.Open();
        var found = await access.Find(db, caller, id);
        if (!found.IsOk)
            return found.Refusal;
        var row = found.Value;
        var inForce = await policies.Get(db);
        var policy = inForce.IsOk ? inForce.Value : null;
        var view = (await RequestViews.Load(db, policy, [row], cancel))[0];
        var actor = await db.Actors.AsNoTracking().SingleAsync(each => each.Id == row.ActorId, cancel);
        var past = await Past(db, row, cancel);
        var approvers = policy is null ? [] : await Approvers(db, policy, row, cancel);
        var decider = Outlook.DeciderOf(caller, policy);
        var isOwn = await RequestAccess.IsOwn(db, row, caller.Id);
        var mine = view.Decisions.FirstOrDefault(decision => decision.By?.Id == caller.Id.ToString() && decision.Revision == row.Revision);
        var needs = RequestViews.Needs(row);
        var decides = policy is not null && row.State == RequestState.Pending && row.ExpiresAt > time.GetUtcNow() && await RequestAccess.MustNotDecide(db, row, caller.Id) is null && mine is null && RequestAccess.MayDecide(policy, row, caller);
        var hasPasskey = await db.Passkeys.AnyAsync(each => each.ActorId == caller.Id && each.ConfirmedAt != null && each.RemovedAt == null, cancel);
        var now = time.GetUtcNow();
        var grant = row.ActorId == caller.Id ? await db.Grants.AsNoTracking().SingleOrDefaultAsync(each => each.RequestId == row.Id && each.State == GrantState.Active && each.NotBefore <= now && each.NotAfter > now, cancel) : null;
        var withYours = approvers.Select(each => each.Decider).Append(decider with { WithPasskey = hasPasskey }).ToList();
        var plan = view.Plan;
        return new Dossier(
            Slim(view), actor.Kind == ActorKind.Workload ? "workload" : policy?.RolesOf(Reevaluation.SubjectOf(actor)).FirstOrDefault() ?? "no role",
            HostPicture.Of(view.Evaluation, plan.Tool, policy), PortPicture.Of(plan, view.Evaluation, policy), MeansPicture.Of(plan),
            Unusual.Of(past, Number(plan.TargetCount), view.Evaluation.Zones, Own(plan), plan.Techniques, row.CreatedAt), past, ArgvDiff.Of(view.Command, plan, view.Runner),
            [.. needs.Select(need => Line(need, approvers, view, decides && Quorum.MayDecide([need], decider)))],
            row.Revision > 1 ? await Revisions(db, row, cancel) : [],
            new(decides, decides && Quorum.NeedsPasskey(needs, decider), hasPasskey, decides && Quorum.IsMet(needs, withYours), isOwn, mine?.Approved, grant?.UsesLeft ?? 0, grant?.NotAfter, row.BreakGlass && await review.May(db, row, caller)));
    }

    /// <summary>Scripts that were asked for, those that can hurt first.</summary>
    private static string[] Own(PlanView plan) =>
        [.. plan.Scripts.Where(script => !script.Implied).OrderBy(script => MeansPicture.DangerOf(script.Categories)?.Rank ?? int.MaxValue).Select(script => script.Name)];

    /// <summary>What is not shown is not sent to the browser either.</summary>
    private static RequestView Slim(RequestView view) => view with
    {
        Statement = null, Command = [.. view.Command.Take(MostWords)],
        Plan = view.Plan with { Argv = [.. view.Plan.Argv.Take(MostWords)], Targets = [.. view.Plan.Targets.Take(MostRanges)], Scripts = [], Scope = view.Plan.Scope with { Addresses = [] } },
        Evaluation = view.Evaluation with { Findings = view.Evaluation.Findings?.Select(finding => finding with { Addresses = [], Rules = [] }).ToList() },
    };

    private static ApprovalLine Line(ApprovalNeed need, IReadOnlyList<(Decider Decider, DecisionId Decision)> approvers, RequestView view, bool mayDecide)
    {
        var ids = approvers.Where(each => Quorum.Counts(need, each.Decider)).Select(each => each.Decision.ToString()).ToHashSet();
        DecisionView[] has = [.. view.Decisions.Where(decision => ids.Contains(decision.Id))];
        var missing = Math.Max(0, need.Count - has.Length);
        return new(need.Zone, need.Rule, $"{need.Count} {string.Join(" or ", need.From)}{(need.WithPasskey ? " by passkey" : "")}", has, missing, mayDecide && missing > 0);
    }

    private static async Task<IReadOnlyList<(Decider Decider, DecisionId Decision)>> Approvers(WritDb db, PolicyDocument policy, RequestRow request, CancellationToken cancel)
    {
        var rows = await (
            from decision in db.Decisions.AsNoTracking()
            join actor in db.Actors.AsNoTracking() on decision.ActorId equals actor.Id
            where decision.RequestId == request.Id && decision.Revision == request.Revision && decision.Approved && actor.DisabledAt == null
            select new { decision, actor }).ToListAsync(cancel);
        return [.. rows.Select(row => (Reevaluation.DeciderOf(policy, row.actor, row.decision), row.decision.Id))];
    }

    private static async Task<PastRuns> Past(WritDb db, RequestRow request, CancellationToken cancel)
    {
        var rows = await (
            from run in db.Runs.AsNoTracking()
            join asked in db.Requests.AsNoTracking() on run.RequestId equals asked.Id
            where run.ActorId == request.ActorId && run.CreatedAt < request.CreatedAt
            orderby run.Id descending
            select new { run.Id, run.CreatedAt, asked.Plan, asked.Evaluation }).Take(MostPast).ToListAsync(cancel);
        return new([.. rows.Select(row =>
        {
            using var plan = JsonDocument.Parse(row.Plan);
            var root = plan.RootElement;
            return new PastRun(
                row.Id.ToString(), row.CreatedAt, Number(root.GetProperty("target_count").GetString()), Brief.OfEvaluation(row.Evaluation).Zones,
                [.. root.GetProperty("scripts").EnumerateArray().Where(script => !script.TryGetProperty("implied", out var implied) || !implied.GetBoolean()).Select(script => script.GetProperty("name").GetString()!).Take(200)],
                [.. root.GetProperty("techniques").EnumerateArray().Select(word => word.GetString()!)]);
        })]);
    }

    /// <summary>As the log has it: it alone keeps who made a request another.</summary>
    private static async Task<IReadOnlyList<Revised>> Revisions(WritDb db, RequestRow request, CancellationToken cancel)
    {
        var entries = await db.AuditEntries.AsNoTracking().Where(row => row.Correlation == request.Id && row.Type == AuditType.RequestRevised)
            .OrderByDescending(row => row.Id).Select(row => row.Bytes).Take(MostRevisions).ToListAsync(cancel);
        return [.. entries.Select(bytes =>
        {
            using var entry = JsonDocument.Parse(bytes);
            var root = entry.RootElement;
            var actor = root.GetProperty("actor");
            var byPolicy = !root.TryGetProperty("command", out var command);
            return new Revised(
                root.GetProperty("revision").GetRawText(), root.GetProperty("time").GetDateTimeOffset(), byPolicy ? null : actor.GetProperty("name").GetString(), root.GetProperty("why").GetString() ?? "",
                root.TryGetProperty("comment", out var comment) ? comment.GetString() : null, byPolicy ? [] : [.. command.EnumerateArray().Select(word => word.GetString() ?? "").Take(MostWords)]);
        })];
    }

    private static double Number(string? decimals) => double.TryParse(decimals, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0;
}
