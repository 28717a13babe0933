using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Writ.Contracts;
using Writ.Core;
using Writ.Core.Audit;
using Writ.Core.Policy;
using Writ.Core.Tools;
using Writ.Proof.Statements;
using Writ.Server.Decisions;
using Writ.Server.Grants;
using Writ.Server.Storage;

namespace Writ.Server.Requests;

/// <summary>
/// A new revision of a pending request: its statement is another one, and decisions on the earlier revision are void.
/// </summary>
internal sealed class ReviseRequest(Reevaluation reevaluation)
{
    /// <summary>Revises where a policy's answer differs from the one that the reviewers were shown.</summary>
    public async Task IfAnsweredOtherwise(WriteScope scope, RequestRow request, PolicyDocument policy, Evaluation found)
    {
        var before = RequestViews.Evaluation(request);
        var after = RequestViews.Of(found, before.Policy);
        if (Text(before) == Text(after) && found.Duration == request.Duration && found.Uses == request.Uses)
            return;

        if (request.Start + found.Duration <= scope.Now)
        {
            // Whatever anybody says now, nothing of the asked time is left to grant.
            await RequestEnding.End(scope, request, RequestEvent.Expire, AuditActor.System, "the asked time is over");
            return;
        }

        await Revise(scope, request, policy, found, request.Start, "a new policy answers otherwise");
    }

    /// <summary>More time that was asked for a deadline which the run has no more: as much, after the one that it has.</summary>
    public async Task ToFollow(WriteScope scope, RequestRow request, PolicyDocument policy, DateTimeOffset deadline)
    {
        var longest = request.CreatedAt + Ask.LongestWait;
        await scope.Db.Requests.Where(row => row.Id == request.Id).ExecuteUpdateAsync(set => set
            .SetProperty(row => row.Start, deadline)
            .SetProperty(row => row.ExpiresAt, longest < deadline ? longest : deadline));
        var moved = await scope.Db.Requests.AsNoTracking().SingleAsync(row => row.Id == request.Id);
        var found = await reevaluation.OfRequest(scope.Db, policy, moved, deadline);
        if (found.Verdict == Verdict.Deny)
            await RequestEnding.End(scope, moved, RequestEvent.Deny, AuditActor.System, $"the run has another deadline by now, and policy denies more time after it: {found.Reasons[0]}");
        else if (!await Revise(scope, moved, policy, found, deadline, "the run has another deadline by now"))
            await RequestEnding.End(scope, moved, RequestEvent.Expire, AuditActor.System, "the run has another deadline by now");
    }

    private async Task<bool> Revise(WriteScope scope, RequestRow request, PolicyDocument policy, Evaluation found, DateTimeOffset? start, string why)
    {
        // Whoever broke the glass is given nothing: what waits for others goes on waiting as it was.
        if (found.Verdict == Verdict.Allow && await BrokenGlass.Awaited(scope, request.ActorId, request.OnBehalfOf) is not null)
            return false;
        var plan = await reevaluation.PlanOf(scope.Db, policy, request);
        if (!plan.IsOk)
            return false;
        var revision = request.Revision + 1;
        var wanted = await Wanted(scope, request, revision, policy, found, plan.Value, start);
        var statement = wanted.ToBytes();
        var likeness = await LikenessOf(scope, request, wanted, policy);
        var digest = Statement.DigestOf(statement);
        var evaluation = JsonSerializer.Serialize(RequestViews.Of(found, policy.Hash), WritJson.Default.EvaluationView);
        var view = RequestViews.Plan(request);
        // What a run is estimated to take was said of the whole of it.
        if (request.Extends is null)
            view = view with { Warnings = PlanWarnings.Of(plan.Value, found.Duration, found.Budget) };
        var shown = JsonSerializer.Serialize(view, WritJson.Default.PlanView);
        var from = AccessLifecycle.Requests.From(RequestEvent.Revise);
        var changed = await scope.Db.Requests.Where(row => row.Id == request.Id && row.Revision == request.Revision && from.Contains(row.State))
            .ExecuteUpdateAsync(set => set
                .SetProperty(row => row.Revision, revision)
                .SetProperty(row => row.Statement, statement)
                .SetProperty(row => row.StatementDigest, digest)
                .SetProperty(row => row.PlanLikeness, likeness == null ? null : likeness.Plan)
                .SetProperty(row => row.TemplateLikeness, likeness == null ? null : likeness.Template)
                .SetProperty(row => row.Evaluation, evaluation)
                .SetProperty(row => row.Plan, shown)
                .SetProperty(row => row.PolicyHash, policy.Hash)
                .SetProperty(row => row.Duration, found.Duration)
                .SetProperty(row => row.Uses, found.Uses));
        if (changed == 0)
            return false;
        scope.Record(new(AuditType.RequestRevised, AuditActor.System, request.Id, new()
        {
            ["request"] = request.Id.ToString(), ["revision"] = revision, ["statement"] = digest, ["why"] = why, ["policy"] = policy.Hash,
        }));
        if (found.Verdict == Verdict.Allow && !(await MintGrant.ByPolicy(scope, await scope.Db.Requests.AsNoTracking().SingleAsync(row => row.Id == request.Id))).IsOk)
            throw new InvalidOperationException($"{request.Id} is allowed and could not be granted");
        return true;
    }

    /// <summary>What a revision states: a request's plan, or of more time for a run the run's own statement with another time.</summary>
    internal static async Task<Statement> Wanted(
        WriteScope scope, RequestRow request, int revision, PolicyDocument policy, Evaluation found, Plan plan, DateTimeOffset? start)
    {
        if (request.Extends is { } run)
            return StatementOf.More(Statement.Read(request.Statement).Value, request.Id, revision, run, start!.Value, found.Duration, found, policy);
        var actor = await scope.Db.Actors.AsNoTracking().SingleAsync(row => row.Id == request.ActorId);
        var person = request.OnBehalfOf is null ? null : await scope.Db.Actors.AsNoTracking().SingleAsync(row => row.Id == request.OnBehalfOf);
        return StatementOf.New(
            request.Id, revision, new(actor.Id.ToString(), actor.Name), person is null ? null : new(person.Id.ToString(), person.Name), plan, request.RunnerId, request.InventoryDigest, start, found, policy,
            series: request.Series is null ? null : Statement.Read(request.Statement).Value.Series);
    }

    /// <summary>By what a revision is known again; null for more time, which is no right of its own.</summary>
    private async Task<Likeness?> LikenessOf(WriteScope scope, RequestRow request, Statement statement, PolicyDocument policy) =>
        request.Extends is null && await reevaluation.ContextOf(scope.Db, request) is { IsOk: true, Value: var context }
            ? Likeness.Of(statement, context.Inventory, policy, request.Template, request.TemplateDigest) : null;

    // Reasons are words for people, and what was approved before stands for those who ask; what decides is all the rest.
    private static string Text(Contracts.Requests.EvaluationView found) =>
        JsonSerializer.Serialize(found with { Reasons = [], KnownGood = null }, WritJson.Default.EvaluationView);
}
