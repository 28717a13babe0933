using Microsoft.EntityFrameworkCore;
using Writ.Core.Decisions;
using Writ.Core.Identity;
using Writ.Core.Policy;
using Writ.Core.Tools;
using Writ.Proof.Errors;
using Writ.Proof.Identity;
using Writ.Server.Runners;
using Writ.Server.Storage;

namespace Writ.Server.Requests;

/// <summary>
/// Asks a policy again about what was asked before: when a decision is made, when a use is taken, when a policy changes.
/// The command is planned anew against the inventory that its statement names, so the answer is about the same plan.
/// </summary>
internal sealed class Reevaluation(Inventories inventories)
{
    /// <summary>What this policy says of the request at this instant, by its requester's groups of today.</summary>
    public async Task<Evaluation> OfRequest(WritDb db, PolicyDocument policy, RequestRow request, DateTimeOffset now)
    {
        var actor = await db.Actors.AsNoTracking().SingleAsync(row => row.Id == request.ActorId);
        if (actor.DisabledAt is not null)
            return Deny($"{actor.Name} is disabled");
        var plan = await PlanOf(db, request);
        if (!plan.IsOk)
            return Deny(plan.Refusal.Message);
        return Evaluator.Evaluate(policy, SubjectOf(actor), plan.Value,
            new(request.Duration, request.Uses, request.Reason, request.Ticket), now);
    }

    /// <summary>The request's plan, made anew: the same, since the inventory is the same.</summary>
    public async Task<Result<Plan>> PlanOf(WritDb db, RequestRow request)
    {
        var inventory = await inventories.Get(db, request.InventoryDigest);
        return ToolCatalogue.Find(request.Tool) is { } tool && inventory?.Find(request.Tool) is { } found
            ? tool.Plan(request.Command, new(found))
            : new Refusal(ErrorCode.Denied, $"the inventory that the plan was made against has no {request.Tool}");
    }

    /// <summary>
    /// The evaluation where this policy still lets the request's grant be used: it does not deny, and the approvals that
    /// it asks for are among those that were given.
    /// </summary>
    public async Task<Result<Evaluation>> OfGrant(WritDb db, PolicyDocument policy, RequestRow request, DateTimeOffset now)
    {
        var found = await OfRequest(db, policy, request, now);
        if (found.Verdict == Verdict.Deny)
            return new Refusal(found.Code ?? ErrorCode.Denied, "policy no longer allows this", found.Hint, found.Reasons);
        if (found.Verdict == Verdict.Allow)
            return found;
        var missing = Quorum.Missing(found.Approvals, await Approvers(db, policy, request));
        return missing.Count == 0
            ? found
            : new Refusal(ErrorCode.Denied, "policy now asks for more approvals than this grant has", "ask again",
                [.. missing.Select(text => $"missing: {text}")]);
    }

    /// <summary>The people who approved this revision of the request, with their roles of today.</summary>
    public static async Task<IReadOnlyList<Decider>> Approvers(WritDb db, PolicyDocument policy, RequestRow request)
    {
        var people = await (
            from decision in db.Decisions.AsNoTracking()
            join actor in db.Actors.AsNoTracking() on decision.ActorId equals actor.Id
            where decision.RequestId == request.Id && decision.Revision == request.Revision
                && decision.StatementDigest == request.StatementDigest && decision.Approved && actor.DisabledAt == null
            select actor).ToListAsync();
        return [.. people.Select(actor => DeciderOf(policy, actor.Id, SubjectOf(actor)))];
    }

    public static Decider DeciderOf(PolicyDocument policy, ActorId person, Subject subject) => new(person, [.. policy.RolesOf(subject)]);

    public static Subject SubjectOf(ActorRow actor) => new(actor.Name, actor.Kind == ActorKind.Workload, actor.Groups);

    public static Subject SubjectOf(Caller caller) => new(caller.Name, caller.Kind == ActorKind.Workload, caller.Groups);

    private static Evaluation Deny(string reason) => new() { Verdict = Verdict.Deny, Reasons = [reason], Code = ErrorCode.Denied };
}
