using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.EntityFrameworkCore;
using Writ.Contracts;
using Writ.Contracts.Requests;
using Writ.Core;
using Writ.Core.Audit;
using Writ.Core.Identity;
using Writ.Core.Policy;
using Writ.Core.Tools;
using Writ.Proof.Addresses;
using Writ.Proof.Errors;
using Writ.Proof.Statements;
using Writ.Server.Errors;
using Writ.Server.Grants;
using Writ.Server.Identity;
using Writ.Server.Policy;
using Writ.Server.Storage;
using Writ.Server.Templates;

namespace Writ.Server.Requests;

/// <summary>
/// Makes a pending request smaller: fewer targets or ports, a shorter time, fewer uses. Whoever may decide on it does that
/// in place of a no; it is a new revision with a statement of its own, so what was said of the earlier one is void, and a yes
/// to this one is given by itself.
/// </summary>
internal sealed class NarrowRequest(
    Database database, WriteTransaction writes, PolicyInForce policies, RequestAccess access, Reevaluation reevaluation, Gate gate, Changes changes)
{
    private const int MostText = 1_000;

    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapPost("/requests/{id}/narrow", async (string id, NarrowAsk ask, NarrowRequest verb, HttpContext context, CancellationToken cancel) =>
            (await verb.Narrow(context.Caller(), id, ask, cancel)).ToHttp()).WithName("NarrowRequest").Needs(Access.Decider).Produces<RequestView>();

    public async Task<Result<RequestView>> Narrow(Caller caller, string id, NarrowAsk ask, CancellationToken cancel)
    {
        if (await gate.Refuse(caller, Access.Decider, "narrow request") is { } unfit)
            return unfit;
        if (Malformed(ask) is { } malformed)
            return malformed;
        var narrowed = await writes.Commit<RequestRow>(scope => InTurn(scope, caller, id, ask));
        if (!narrowed.IsOk)
            return narrowed.Refusal;
        changes.Happened(id);
        await using var db = database.Open();
        var policy = await policies.Get(db);
        return (await RequestViews.Load(db, policy.IsOk ? policy.Value : null, [narrowed.Value], cancel))[0];
    }

    /// <summary>What a request would be, made smaller; nothing comes of it.</summary>
    public async Task<Result<ExplainView>> Preview(Caller caller, string id, NarrowAsk ask, DateTimeOffset now)
    {
        if (Malformed(ask) is { } malformed)
            return malformed;
        await using var db = database.Open();
        var policy = await policies.Get(db);
        if (!policy.IsOk)
            return policy.Refusal;
        var found = await access.Find(db, caller, id);
        if (!found.IsOk)
            return found.Refusal;
        var smaller = await Smaller(db, policy.Value, found.Value, ask, now);
        if (!smaller.IsOk)
            return smaller.Refusal;
        var (command, plan, context, evaluation) = smaller.Value;
        return new ExplainView(command, PlanViews.Of(plan, context.Inputs, evaluation.Duration, evaluation.Budget), RequestViews.Of(evaluation, policy.Value.Hash), "", evaluation.Duration.TotalSeconds, evaluation.Uses, found.Value.Start, null);
    }

    private static Refusal? Malformed(NarrowAsk ask)
    {
        if (ask.Comment?.Length > MostText)
            return new(ErrorCode.InvalidInput, $"a comment has at most {MostText} characters");
        if (ask.Targets is { } targets && (targets.Count == 0 || targets.Any(text => text is null)))
            return new(ErrorCode.InvalidTarget, "no target would be left", "deny the request instead");
        return ask.DurationSeconds is { } seconds && !(double.IsFinite(seconds) && seconds >= 1) ? new(ErrorCode.DurationTooLong, "the duration is less than one second")
            : ask.Uses < 1 ? new(ErrorCode.TooManyUses, "the number of uses is less than 1") : null;
    }

    private async Task<Result<RequestRow>> InTurn(WriteScope scope, Caller caller, string id, NarrowAsk ask)
    {
        // 1. Who may decide on it may make it smaller, and nobody their own.
        var found = await access.Find(scope.Db, caller, id);
        if (!found.IsOk)
            return found.Refusal;
        if (await RequestAccess.MustNotDecide(scope.Db, found.Value, caller.Id) is { } own)
            return own with { Hint = "take it back, and ask for less" };
        await scope.HoldPolicy();
        if (await Standing.Lost(scope, caller) is { } lost)
            return lost;
        var policy = await policies.Get(scope.Db);
        if (!policy.IsOk)
            return policy.Refusal;
        if (!RequestAccess.MayDecide(policy.Value, found.Value, caller))
            return new Refusal(ErrorCode.Forbidden, "no role of yours decides on this request");

        await scope.TakeTurnOf(found.Value.ActorId, found.Value.OnBehalfOf);

        // 2. The turn of those who decide: what is narrowed is what stands now.
        var pending = AccessLifecycle.Requests.From(RequestEvent.Revise);
        var turned = await scope.Db.Requests.Where(row => row.Id == found.Value.Id && pending.Contains(row.State) && row.ExpiresAt > scope.Now)
            .ExecuteUpdateAsync(set => set.SetProperty(row => row.Turn, row => row.Turn + 1));
        var request = await scope.Db.Requests.AsNoTracking().SingleAsync(row => row.Id == found.Value.Id);
        if (turned == 0)
            return new Refusal(ErrorCode.WrongState, $"the request is {RequestViews.State(request.State)}, or its time to be decided is over");
        if (ask.StatementDigest != request.StatementDigest)
            return new Refusal(ErrorCode.StaleRevision, $"the request is at revision {request.Revision} now, with another statement", $"look again: writ show {id}");

        // 3. Smaller, and nothing else.
        var smaller = await Smaller(scope.Db, policy.Value, request, ask, request.Start ?? scope.Now);
        if (!smaller.IsOk)
            return smaller.Refusal;
        return await Revise(scope, caller, request, policy.Value, smaller.Value, ask.Comment);
    }

    private async Task<Result<(IReadOnlyList<string> Command, Plan Plan, PlanContext Context, Evaluation Found)>> Smaller(
        WritDb db, PolicyDocument policy, RequestRow request, NarrowAsk ask, DateTimeOffset at)
    {
        if (request.Extends is not null)
            return new Refusal(ErrorCode.WrongState, "more time for a run is nothing but time, and is taken or left as it was asked", "deny it, and say what to ask for");
        var context = await reevaluation.ContextOf(db, request);
        if (!context.IsOk)
            return context.Refusal;
        if (policy.Tools.Find(request.Tool) is not { } tool || tool.Plan(request.Command, context.Value) is not { IsOk: true, Value: var before })
            return new Refusal(ErrorCode.UnknownTool, $"the command cannot be read any more, since {request.Tool} is another now", "deny it; they can ask again");
        var limits = SmallerLimits.Of(before, ask);
        if (!limits.IsOk)
            return limits.Refusal;
        var duration = ask.DurationSeconds is { } seconds ? TimeSpan.FromSeconds(Math.Min(seconds, request.Duration.TotalSeconds)) : request.Duration;
        var uses = Math.Min(ask.Uses ?? request.Uses, request.Uses);
        IReadOnlyList<string> command = request.Command;
        var plan = before;
        if (ask.Targets is not null || ask.Ports is not null)
        {
            if (tool.Narrow(request.Command, context.Value, limits.Value) is not { } narrowed || tool.Plan(narrowed, context.Value) is not { IsOk: true, Value: var planned })
                return new Refusal(ErrorCode.InvalidCommand, "no command was found that does just this much", "deny it, and say what to ask for");
            (command, plan) = (narrowed, planned);
        }

        // Whoever wrote the narrowing may have erred: what is not within what was asked is refused.
        if (plan.Targets.IsEmpty || !plan.Scope.IsWithin(before.Scope) || !limits.Value.Holds(plan, tool))
            return new Refusal(ErrorCode.InvalidCommand, "the narrowed command would do something that was not asked for", "deny it, and say what to ask for");
        if (command.SequenceEqual(request.Command) && duration == request.Duration && uses == request.Uses)
            return new Refusal(ErrorCode.InvalidInput, "nothing of it is smaller", "choose fewer targets or ports, or a shorter time");
        var actor = await db.Actors.AsNoTracking().SingleAsync(row => row.Id == request.ActorId);
        var found = Evaluator.Evaluate(policy, Reevaluation.SubjectOf(actor), plan, TemplateVersions.TermsOf(request) with { Duration = duration, Uses = uses }, at);
        return found.Verdict == Verdict.Deny ? new Refusal(found.Code ?? ErrorCode.Denied, "policy denies the narrowed command", found.Hint, found.Reasons) : (command, plan, context.Value, found);
    }

    private static async Task<Result<RequestRow>> Revise(
        WriteScope scope, Caller caller, RequestRow request, PolicyDocument policy, (IReadOnlyList<string> Command, Plan Plan, PlanContext Context, Evaluation Found) smaller, string? comment)
    {
        var (command, plan, context, found) = smaller;
        var actor = await scope.Db.Actors.AsNoTracking().SingleAsync(row => row.Id == request.ActorId);
        var person = request.OnBehalfOf is null ? null : await scope.Db.Actors.AsNoTracking().SingleAsync(row => row.Id == request.OnBehalfOf);
        var revision = request.Revision + 1;
        var statement = StatementOf.New(
            request.Id, revision, new(actor.Id.ToString(), actor.Name), person is null ? null : new(person.Id.ToString(), person.Name), plan, request.RunnerId, request.InventoryDigest, request.Start, found, policy);
        if (SandboxTerms.Wrong(statement) is { } wrong)
            return wrong;
        var bytes = statement.ToBytes();
        var digest = Statement.DigestOf(bytes);
        string[] argv = [.. command];
        var shown = JsonSerializer.Serialize(PlanViews.Of(plan, context.Inputs, found.Duration, found.Budget), WritJson.Default.PlanView);
        var evaluation = JsonSerializer.Serialize(RequestViews.Of(found, policy.Hash), WritJson.Default.EvaluationView);
        var from = AccessLifecycle.Requests.From(RequestEvent.Revise);
        var changed = await scope.Db.Requests.Where(row => row.Id == request.Id && row.Revision == request.Revision && from.Contains(row.State))
            .ExecuteUpdateAsync(set => set
                .SetProperty(row => row.Revision, revision)
                .SetProperty(row => row.Command, argv)
                .SetProperty(row => row.Statement, bytes)
                .SetProperty(row => row.StatementDigest, digest)
                .SetProperty(row => row.Evaluation, evaluation)
                .SetProperty(row => row.Plan, shown)
                .SetProperty(row => row.PolicyHash, policy.Hash)
                .SetProperty(row => row.Duration, found.Duration)
                .SetProperty(row => row.Uses, found.Uses));
        if (changed == 0)
            return new Refusal(ErrorCode.StaleRevision, "the request has become another meanwhile", "look again");
        scope.Record(new(AuditType.RequestRevised, caller.Audit, request.Id, new()
        {
            ["request"] = request.Id.ToString(), ["revision"] = revision, ["statement"] = digest, ["why"] = "narrowed by a reviewer", ["comment"] = comment, ["policy"] = policy.Hash,
            ["command"] = new JsonArray([.. argv.Select(text => JsonValue.Create(text))]), ["duration_seconds"] = found.Duration.TotalSeconds, ["uses"] = found.Uses,
        }, caller.SourceAddress));
        var revised = await scope.Db.Requests.AsNoTracking().SingleAsync(row => row.Id == request.Id);
        return found.Verdict == Verdict.Allow && await MintGrant.ByPolicy(scope, revised) is { IsOk: false, Refusal: var none } ? none : revised;
    }
}
