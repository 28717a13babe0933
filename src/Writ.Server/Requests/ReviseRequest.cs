using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Writ.Contracts;
using Writ.Core;
using Writ.Core.Audit;
using Writ.Core.Policy;
using Writ.Core.Tools;
using Writ.Proof.Statements;
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

        var plan = await reevaluation.PlanOf(scope.Db, policy, request);
        if (!plan.IsOk)
            return;
        var actor = await scope.Db.Actors.AsNoTracking().SingleAsync(row => row.Id == request.ActorId);
        var person = request.OnBehalfOf is null ? null : await scope.Db.Actors.AsNoTracking().SingleAsync(row => row.Id == request.OnBehalfOf);
        var revision = request.Revision + 1;
        var statement = StatementOf.New(
            request.Id, revision, new(actor.Id.ToString(), actor.Name), person is null ? null : new(person.Id.ToString(), person.Name), plan.Value, request.RunnerId, request.InventoryDigest, request.Start, found, policy).ToBytes();
        var digest = Statement.DigestOf(statement);
        var evaluation = JsonSerializer.Serialize(RequestViews.Of(found, policy.Hash), WritJson.Default.EvaluationView);
        var view = RequestViews.Plan(request) with { Warnings = PlanWarnings.Of(plan.Value, found.Duration, found.Budget) };
        var shown = JsonSerializer.Serialize(view, WritJson.Default.PlanView);
        var from = AccessLifecycle.Requests.From(RequestEvent.Revise);
        var changed = await scope.Db.Requests.Where(row => row.Id == request.Id && row.Revision == request.Revision && from.Contains(row.State))
            .ExecuteUpdateAsync(set => set
                .SetProperty(row => row.Revision, revision)
                .SetProperty(row => row.Statement, statement)
                .SetProperty(row => row.StatementDigest, digest)
                .SetProperty(row => row.Evaluation, evaluation)
                .SetProperty(row => row.Plan, shown)
                .SetProperty(row => row.PolicyHash, policy.Hash)
                .SetProperty(row => row.Duration, found.Duration)
                .SetProperty(row => row.Uses, found.Uses));
        if (changed == 0)
            return;
        scope.Record(new(AuditType.RequestRevised, AuditActor.System, request.Id, new()
        {
            ["request"] = request.Id.ToString(), ["revision"] = revision, ["statement"] = digest, ["why"] = "a new policy answers otherwise",
            ["policy"] = policy.Hash,
        }));
        if (found.Verdict == Verdict.Allow)
            await MintGrant.ByPolicy(scope, await scope.Db.Requests.AsNoTracking().SingleAsync(row => row.Id == request.Id));
    }

    // Reasons are words for people; what decides is all the rest.
    private static string Text(Contracts.Requests.EvaluationView found) =>
        JsonSerializer.Serialize(found with { Reasons = [] }, WritJson.Default.EvaluationView);
}
