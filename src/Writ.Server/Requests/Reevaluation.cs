using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Writ.Core.Decisions;
using Writ.Core.Identity;
using Writ.Core.Policy;
using Writ.Core.Tools;
using Writ.Core.Tools.Definitions;
using Writ.Proof.Addresses;
using Writ.Proof.Errors;
using Writ.Proof.Identity;
using Writ.Proof.Statements;
using Writ.Server.Decisions;
using Writ.Server.Extensions;
using Writ.Server.Files;
using Writ.Server.Runners;
using Writ.Server.Series;
using Writ.Server.Storage;
using Writ.Server.Templates;

namespace Writ.Server.Requests;

/// <summary>
/// Asks a policy again about what was asked before: when a decision is made, when a use is taken, when a policy changes.
/// The command is planned anew against the inventory that its statement names, so the answer is about the same plan.
/// </summary>
internal sealed class Reevaluation(Inventories inventories)
{
    /// <summary>What this policy says of the request at this instant, by its requester's groups of today.</summary>
    public Task<Evaluation> OfRequest(WritDb db, PolicyDocument policy, RequestRow request, DateTimeOffset now) => OfRequest(db, policy, request, TemplateVersions.TermsOf(request), now);

    /// <summary>The same on other terms than it was asked on.</summary>
    public async Task<Evaluation> OfRequest(WritDb db, PolicyDocument policy, RequestRow request, AskedTerms terms, DateTimeOffset now)
    {
        var actor = await db.Actors.AsNoTracking().SingleAsync(row => row.Id == request.ActorId);
        if (actor.DisabledAt is not null)
            return Deny($"{actor.Name} is disabled");
        var plan = await PlanOf(db, policy, request);
        if (!plan.IsOk)
            return Deny(plan.Refusal.Message);
        if (policy.Tools.Find(request.Tool) is DefinedTool && !IsStated(plan.Value, request))
            return Deny($"the definition of {request.Tool} was changed, and the command means something else now than what was asked");
        if (Template(policy, request, plan.Value) is { } changed)
            return Deny(changed.Message);
        return request.Extends is { } run
            ? await OfMore(db, policy, request, plan.Value, await RightOf(db, request, run), terms)
            : Evaluator.Evaluate(policy, SubjectOf(actor), plan.Value, terms, now);
    }

    /// <summary>What this policy would have said when it was asked, by its requester's groups of today; null where the command can no longer be read by it.</summary>
    public async Task<Evaluation?> OfPast(WritDb db, PolicyDocument policy, RequestRow request, ActorRow actor) =>
        await PlanOf(db, policy, request) is { IsOk: true, Value: var plan } && Template(policy, request, plan) is null
            ? Evaluator.Evaluate(policy, SubjectOf(actor), plan, AsAsked(request), SeriesTerms.When(request, request.CreatedAt))
            : null;

    /// <summary>The terms of a request that may have been denied: what was left to the rule then is left to it again.</summary>
    private static AskedTerms AsAsked(RequestRow request) => TemplateVersions.TermsOf(request) with
    {
        Duration = request.Duration > TimeSpan.Zero ? request.Duration : null, Uses = request.Uses > 0 ? request.Uses : null,
    };

    /// <summary>What this policy says of more time for a run, by its requester's groups of today.</summary>
    public static async Task<Evaluation> OfMore(WritDb db, PolicyDocument policy, RequestRow request, Plan plan, LiveRight right, AskedTerms terms)
    {
        var actor = await db.Actors.AsNoTracking().SingleAsync(row => row.Id == request.ActorId);
        if (policy.Tools.Find(request.Tool) is DefinedTool && !IsStated(plan, request))
            return Deny($"the definition of {request.Tool} was changed, and the command means something else now than what runs");
        return Template(policy, request, plan) is { } changed ? Deny(changed.Message) : MoreTime.Evaluate(policy, SubjectOf(actor), plan, right, terms);
    }

    /// <summary>A template that is another now, or gone, gives what was asked by it no longer; null where it does, and where there was none.</summary>
    private static Refusal? Template(PolicyDocument policy, RequestRow request, Plan plan)
    {
        var use = TemplateVersions.Used(policy, request);
        return use.IsOk ? use.Value?.Outside(plan, narrowed: !use.Value.Command.SequenceEqual(request.Command)) : use.Refusal;
    }

    /// <summary>What the run lives under for which the request asks for more time.</summary>
    public static async Task<LiveRight> RightOf(WritDb db, RequestRow request, RunId id)
    {
        var grant = await (from run in db.Runs.AsNoTracking() join held in db.Grants.AsNoTracking() on run.GrantId equals held.Id where run.Id == id select held).SingleAsync();
        return Statement.Read(request.Statement) is { IsOk: true, Value: var statement }
            ? LiveRuns.RightOf(grant, request.Start!.Value, statement)
            : throw new InvalidOperationException($"the statement of {request.Id} cannot be read");
    }

    /// <summary>The request's plan, made anew: the same while the definition of its tool is, since all else that gave it its meaning is kept.</summary>
    public async Task<Result<Plan>> PlanOf(WritDb db, PolicyDocument policy, RequestRow request)
    {
        var context = await ContextOf(db, request);
        return !context.IsOk ? context.Refusal
            : policy.Tools.Find(request.Tool) is { } tool ? tool.Plan(request.Command, context.Value)
            : new Refusal(ErrorCode.Denied, $"there is no tool {request.Tool} any more");
    }

    /// <summary>True where the plan is what the request's statement says: a policy brings definitions of tools along, which may change.</summary>
    public static bool IsStated(Plan plan, RequestRow request) =>
        Statement.Read(request.Statement) is { IsOk: true, Value: var statement }
        && statement.Argv is { } argv && argv.SequenceEqual(plan.Executed)
        && statement.Scope.Read() is { IsOk: true, Value: var scope } && scope == plan.Scope
        && statement.Sandbox?.RawSockets == plan.RawSockets
        && statement.Sandbox.Terminal == plan.Terminal
        && (statement.Sandbox.Secrets ?? []).SequenceEqual(plan.Secrets);

    /// <summary>All that gave the request's command its meaning: the inventory, the files and the names of then.</summary>
    public async Task<Result<PlanContext>> ContextOf(WritDb db, RequestRow request)
    {
        if ((await inventories.Get(db, request.InventoryDigest))?.Find(request.Tool) is not { } tool)
            return new Refusal(ErrorCode.Denied, $"the inventory that the plan was made against has no {request.Tool}");
        var statement = Statement.Read(request.Statement);
        if (!statement.IsOk)
            return statement.Refusal;
        var inputs = new Dictionary<string, ReadOnlyMemory<byte>>(StringComparer.Ordinal);
        foreach (var input in statement.Value.Inputs)
        {
            if (await KeptFiles.Read(db, input.Sha256) is not { } bytes)
                return new Refusal(ErrorCode.FileMismatch, $"the file '{RequestAccess.Shown(input.Argument)}' that was decided on is not here any more", "ask again");
            inputs[input.Argument] = bytes;
        }

        return new PlanContext(tool) { Inputs = inputs, Names = NamesOf(request) };
    }

    /// <summary>Every name of the command with the addresses that it had when it was asked.</summary>
    public static IReadOnlyDictionary<string, IReadOnlyList<Address>> NamesOf(RequestRow request) =>
        JsonSerializer.Deserialize<Dictionary<string, string[]>>(request.Names, JsonSerializerOptions.Default)!.ToDictionary(
            name => name.Key,
            IReadOnlyList<Address> (name) => [.. name.Value.Select(text => Address.TryParse(text, out var address) ? address : throw new FormatException(text))],
            StringComparer.Ordinal);

    /// <summary>Them as a request's row keeps them.</summary>
    public static string NamesOf(PlanContext context) => JsonSerializer.Serialize(
        context.Names!.ToDictionary(name => name.Key, name => name.Value.Select(address => address.ToString()).ToArray()), JsonSerializerOptions.Default);

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
        if (request.KnownGoodBy is not null && await KnownGoods.Gone(db, policy, request, found) is { } gone)
            return new Refusal(ErrorCode.Denied, "what was approved before no longer stands for this", "ask again", [gone]);
        var missing = Quorum.Missing(found.Approvals, await Approvers(db, policy, request));
        return missing.Count == 0
            ? found
            : new Refusal(ErrorCode.Denied, "policy now asks for more approvals than this grant has", "ask again",
                [.. missing.Select(text => $"missing: {text}")]);
    }

    /// <summary>The people who approved this revision of the request, or what it rests on, with their roles of today.</summary>
    public static async Task<IReadOnlyList<Decider>> Approvers(WritDb db, PolicyDocument policy, RequestRow request)
    {
        // What people decided of a run of a series, they decided of the series.
        if (request.DueAt is not null)
            request = await db.Requests.AsNoTracking().SingleAsync(row => row.Series == request.Series && row.DueAt == null);
        else if (request.KnownGoodBy is { } known)
            request = await db.Requests.AsNoTracking().SingleAsync(row => row.Id == known);
        var people = await (
            from decision in db.Decisions.AsNoTracking()
            join actor in db.Actors.AsNoTracking() on decision.ActorId equals actor.Id
            where decision.RequestId == request.Id && decision.Revision == request.Revision
                && decision.StatementDigest == request.StatementDigest && decision.Approved && actor.DisabledAt == null
            select new { actor, decision }).ToListAsync();
        return [.. people.Select(person => DeciderOf(policy, person.actor, person.decision))];
    }

    public static Decider DeciderOf(PolicyDocument policy, ActorId person, Subject subject, bool withPasskey = false, bool byChat = false) => new(person, [.. policy.RolesOf(subject)], withPasskey, byChat);

    /// <summary>Whoever decided, by their groups of today. Who was on call when they said yes said it, though their turn is over.</summary>
    public static Decider DeciderOf(PolicyDocument policy, ActorRow actor, DecisionRow decision) =>
        DeciderOf(policy, actor.Id, SubjectOf(actor) with { OnCall = decision.OnCall }, decision.PasskeyId is not null, decision.Chat is not null);

    public static Subject SubjectOf(ActorRow actor) => new(actor.Name, actor.Kind == ActorKind.Workload, actor.Groups);

    public static Subject SubjectOf(Caller caller) => new(caller.Name, caller.Kind == ActorKind.Workload, caller.Groups);

    private static Evaluation Deny(string reason) => new() { Verdict = Verdict.Deny, Reasons = [reason], Code = ErrorCode.Denied };
}
