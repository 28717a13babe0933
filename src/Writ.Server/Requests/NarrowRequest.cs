using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Writ.Contracts;
using Writ.Contracts.Requests;
using Writ.Core;
using Writ.Core.Audit;
using Writ.Core.Identity;
using Writ.Core.Policy;
using Writ.Core.Tools;
using Writ.Proof;
using Writ.Proof.Addresses;
using Writ.Proof.Errors;
using Writ.Proof.Statements;
using Writ.Server.Decisions;
using Writ.Server.Errors;
using Writ.Server.Extensions;
using Writ.Server.Grants;
using Writ.Server.Identity;
using Writ.Server.Policy;
using Writ.Server.Storage;
using Writ.Server.Templates;

namespace Writ.Server.Requests;

/// <summary>
/// Makes a pending request smaller: fewer targets or ports, a shorter time, fewer uses. Whoever may decide on it does that
/// in place of a no; it is a new revision with a statement of its own, so what was said of the earlier one is void, and a yes
/// to this one is given by itself. More time for a run has nothing but its time to be made smaller in.
/// </summary>
internal sealed class NarrowRequest(
    Database database, WriteTransaction writes, PolicyInForce policies, RequestAccess access, Reevaluation reevaluation, LaterStart later,
    ExtensionOrders orders, Gate gate, Changes changes)
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
        if (narrowed.Value is { Extends: not null, State: RequestState.Approved })
            await orders.SendNew(narrowed.Value.RunnerId);
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
        var (command, plan, context, evaluation, whole) = smaller.Value;
        return new ExplainView(command, PlanViews.Of(plan, context.Inputs, whole, evaluation.Budget), RequestViews.Of(evaluation, policy.Value.Hash), "", evaluation.Duration.TotalSeconds, evaluation.Uses, found.Value.Start, null);
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

        // Policy may give so much by itself, and what is given to one person is given one after the other.
        await scope.TakeTurnOf(found.Value.ActorId, found.Value.OnBehalfOf);

        // 2. The turn of those who decide: what is narrowed is what stands now, and of more time also the run.
        DateTimeOffset? deadline = null;
        if (found.Value.Extends is { } run)
        {
            var taken = await LiveRuns.TakeTurn(scope, run);
            if (!taken.IsOk)
                return taken.Refusal;
            deadline = taken.Value.Deadline;
        }

        var pending = AccessLifecycle.Requests.From(RequestEvent.Revise);
        var turned = await scope.Db.Requests.Where(row => row.Id == found.Value.Id && pending.Contains(row.State) && row.ExpiresAt > scope.Now)
            .ExecuteUpdateAsync(set => set.SetProperty(row => row.Turn, row => row.Turn + 1));
        var request = await scope.Db.Requests.AsNoTracking().SingleAsync(row => row.Id == found.Value.Id);
        if (turned == 0)
            return new Refusal(ErrorCode.WrongState, $"the request is {RequestViews.State(request.State)}, or its time to be decided is over");
        if (ask.StatementDigest != request.StatementDigest)
            return new Refusal(ErrorCode.StaleRevision, $"the request is at revision {request.Revision} now, with another statement", $"look again: writ show {id}");
        if (deadline is { } now && request.Start != now)
            return new Refusal(ErrorCode.StaleRevision, "the run has another deadline by now", $"look again: writ show {id}");

        // 3. Smaller, and nothing else.
        var smaller = await Smaller(scope.Db, policy.Value, request, ask, request.Start ?? scope.Now);
        if (!smaller.IsOk)
            return smaller.Refusal;
        return await Revise(scope, caller, request, policy.Value, smaller.Value, ask.Comment);
    }

    /// <summary>A request made smaller.</summary>
    /// <param name="Command">The command, as it would be asked for.</param>
    /// <param name="Plan">What it means.</param>
    /// <param name="Context">All that gave it its meaning.</param>
    /// <param name="Found">What policy says of it.</param>
    /// <param name="Whole">How long the right lasts from its beginning on.</param>
    private sealed record SmallerRequest(IReadOnlyList<string> Command, Plan Plan, PlanContext Context, Evaluation Found, TimeSpan Whole);

    private async Task<Result<SmallerRequest>> Smaller(
        WritDb db, PolicyDocument policy, RequestRow request, NarrowAsk ask, DateTimeOffset at)
    {
        if (request.Extends is not null)
            return await LessTime(db, policy, request, ask, at);
        if (request.Series is not null)
            return new Refusal(ErrorCode.WrongState, "a series is what its template makes of it, and is not made smaller", "deny it, and say what to ask for");
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
        return found.Verdict == Verdict.Deny ? new Refusal(found.Code ?? ErrorCode.Denied, "policy denies the narrowed command", found.Hint, found.Reasons) : new SmallerRequest(command, plan, context.Value, found, found.Duration);
    }

    /// <summary>Less time for a run than is asked for. More of it is refused, and not cut: whoever says how much knows that they get that much.</summary>
    private async Task<Result<SmallerRequest>> LessTime(WritDb db, PolicyDocument policy, RequestRow request, NarrowAsk ask, DateTimeOffset at)
    {
        if (ask.Targets is not null || ask.Ports is not null || ask.Uses is > 1)
            return new Refusal(ErrorCode.InvalidInput, "more time for a run is nothing but time: its targets, ports and uses are the run's", "give a shorter time alone");
        if (ask.DurationSeconds is not { } seconds || seconds == request.Duration.TotalSeconds)
            return new Refusal(ErrorCode.InvalidInput, "nothing of it is smaller", "give a shorter time");
        if (seconds > request.Duration.TotalSeconds)
            return new Refusal(ErrorCode.DurationTooLong, "this is more time than is asked for", $"at most {Duration.Format(request.Duration)}");
        var context = await reevaluation.ContextOf(db, request);
        var plan = await reevaluation.PlanOf(db, policy, request);
        if (!context.IsOk || !plan.IsOk)
            return context.IsOk ? plan.Refusal : context.Refusal;
        var duration = UnixMicroseconds.ToDuration(UnixMicroseconds.From(TimeSpan.FromSeconds(seconds)));
        var found = await reevaluation.OfRequest(db, policy, request, TemplateVersions.TermsOf(request) with { Duration = duration }, at);
        if (found.Verdict == Verdict.Deny)
            return new Refusal(found.Code ?? ErrorCode.Denied, "policy denies more time for this run", found.Hint, found.Reasons);
        // Policy may make the time shorter, never longer, than a person said.
        if (found.Duration > duration || found.Duration <= TimeSpan.Zero || found.LatestEnd <= request.Start)
            return new Refusal(ErrorCode.InvalidInput, "nothing would be left of the time", "deny it, and say what to ask for");
        var right = await Reevaluation.RightOf(db, request, request.Extends!.Value);
        return new SmallerRequest(request.Command, plan.Value, context.Value, found, right.Deadline - right.NotBefore + found.Duration);
    }

    private async Task<Result<RequestRow>> Revise(WriteScope scope, Caller caller, RequestRow request, PolicyDocument policy, SmallerRequest smaller, string? comment)
    {
        var (command, plan, context, found, whole) = smaller;
        var revision = request.Revision + 1;
        var statement = await ReviseRequest.Wanted(scope, request, revision, policy, found, plan, request.Start);
        if (SandboxTerms.Wrong(statement) is { } wrong)
            return wrong;
        var bytes = statement.ToBytes();
        var digest = Statement.DigestOf(bytes);
        var likeness = request.Extends is null ? Likeness.Of(statement, context.Inventory, policy, request.Template, request.TemplateDigest) : null;
        string[] argv = [.. command];
        var shown = JsonSerializer.Serialize(PlanViews.Of(plan, context.Inputs, whole, found.Budget), WritJson.Default.PlanView);
        var evaluation = JsonSerializer.Serialize(RequestViews.Of(found, policy.Hash), WritJson.Default.EvaluationView);
        var from = AccessLifecycle.Requests.From(RequestEvent.Revise);
        var changed = await scope.Db.Requests.Where(row => row.Id == request.Id && row.Revision == request.Revision && from.Contains(row.State))
            .ExecuteUpdateAsync(set => set
                .SetProperty(row => row.Revision, revision)
                .SetProperty(row => row.Command, argv)
                .SetProperty(row => row.Statement, bytes)
                .SetProperty(row => row.StatementDigest, digest)
                .SetProperty(row => row.PlanLikeness, likeness == null ? null : likeness.Plan)
                .SetProperty(row => row.TemplateLikeness, likeness == null ? null : likeness.Template)
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
            ["command"] = AuditEvent.Texts(argv), ["duration_seconds"] = found.Duration.TotalSeconds, ["uses"] = found.Uses,
        }, caller.SourceAddress));
        var revised = await scope.Db.Requests.AsNoTracking().SingleAsync(row => row.Id == request.Id);
        if (found.Verdict != Verdict.Allow)
            return revised;
        if (await MintGrant.ByPolicy(scope, revised) is { IsOk: false, Refusal: var none })
            return none;
        await later.AskOthersAgain(scope, policy, revised);
        return await scope.Db.Requests.AsNoTracking().SingleAsync(row => row.Id == request.Id);
    }
}
