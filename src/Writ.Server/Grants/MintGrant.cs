using System.Text.Json.Nodes;
using Microsoft.EntityFrameworkCore;
using Writ.Core;
using Writ.Core.Audit;
using Writ.Proof;
using Writ.Proof.Errors;
using Writ.Proof.Identity;
using Writ.Proof.Statements;
using Writ.Server.Extensions;
using Writ.Server.Requests;
using Writ.Server.Storage;
using Writ.Server.Traces;

namespace Writ.Server.Grants;

/// <summary>
/// Step 4 of the lifecycle: the grant is minted in the transaction of the last decision. The clock starts now, or at the
/// asked start, never at the request.
/// </summary>
internal static class MintGrant
{
    /// <summary>Policy allows by itself: its decision and the grant, or the refusal of one whose holder is given nothing now; then nothing of it may be committed.</summary>
    /// <param name="scope">The transaction.</param>
    /// <param name="request">What is decided on.</param>
    /// <param name="because">What else the decision's entry tells.</param>
    public static async Task<Result<GrantRow>> ByPolicy(WriteScope scope, RequestRow request, JsonObject? because = null)
    {
        var decision = new DecisionRow
        {
            Id = DecisionId.New(scope.Now),
            RequestId = request.Id,
            Revision = request.Revision,
            StatementDigest = request.StatementDigest,
            Approved = true,
            At = scope.Now,
        };
        scope.Db.Decisions.Add(decision);
        var said = new JsonObject
        {
            ["decision"] = decision.Id.ToString(),
            ["request"] = request.Id.ToString(),
            ["by"] = "policy",
            ["approved"] = true,
            ["statement"] = request.StatementDigest,
            ["rules"] = AuditEvent.Texts(RequestViews.Evaluation(request).Rules),
        };
        foreach (var (name, value) in because ?? [])
            said[name] = value?.DeepClone();
        scope.Record(new(AuditType.DecisionMade, AuditActor.System, request.Id, said));
        return await FromDecision(scope, request);
    }

    /// <summary>
    /// The grant, a new one or the one that lasts longer now; a refusal where the request is not pending any more, its time is over already, or its holder
    /// waits for a review.
    /// </summary>
    public static async Task<Result<GrantRow>> FromDecision(WriteScope scope, RequestRow request)
    {
        var statement = Statement.Read(request.Statement);
        if (!statement.IsOk)
            return statement.Refusal;
        if (statement.Value.Series is not null)
            return new Refusal(ErrorCode.WrongState, "a series gives no grant of its own");
        if (await BrokenGlass.Awaited(scope, request.ActorId, request.OnBehalfOf) is { } awaited)
            return awaited;
        if (request.Extends is not null)
            return await GrantMore.FromDecision(scope, request, statement.Value);
        var decidedAt = UnixMicroseconds.From(scope.Now);
        var notAfter = UnixMicroseconds.ToInstant(statement.Value.NotAfter(decidedAt));
        if (notAfter <= scope.Now)
            return new Refusal(ErrorCode.Expired, "the asked time is over", "ask again");

        var from = AccessLifecycle.Requests.From(RequestEvent.Approve);
        var to = AccessLifecycle.Requests.To(RequestEvent.Approve);
        var changed = await scope.Db.Requests.Where(row => row.Id == request.Id && from.Contains(row.State))
            .ExecuteUpdateAsync(set => set.SetProperty(row => row.State, to).SetProperty(row => row.EndedAt, scope.Now));
        if (changed == 0)
            return new Refusal(ErrorCode.WrongState, "the request is not pending any more");

        var grant = new GrantRow
        {
            Id = GrantId.New(scope.Now),
            RequestId = request.Id,
            ActorId = request.ActorId,
            RunnerId = request.RunnerId,
            Tool = request.Tool,
            State = GrantState.Active,
            UsesGranted = statement.Value.Uses,
            UsesLeft = statement.Value.Uses,
            NotBefore = request.Start ?? scope.Now,
            NotAfter = notAfter,
            CreatedAt = scope.Now,
            IsTraced = true,
        };
        scope.Db.Grants.Add(grant);
        scope.Db.Traces.AddRange(TraceIndex.Of(grant, statement.Value));
        scope.Record(new(AuditType.GrantIssued, AuditActor.System, request.Id, new()
        {
            ["grant"] = grant.Id.ToString(),
            ["request"] = request.Id.ToString(),
            ["for"] = request.ActorId.ToString(),
            ["statement"] = request.StatementDigest,
            ["uses"] = grant.UsesGranted,
            ["not_before"] = grant.NotBefore.ToString("O"),
            ["not_after"] = grant.NotAfter.ToString("O"),
        }));
        if (statement.Value.BreakGlass == true)
            await BrokenGlass.Break(scope, request, grant);
        return grant;
    }
}
