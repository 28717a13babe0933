using Microsoft.AspNetCore.Mvc;
using Microsoft.EntityFrameworkCore;
using Writ.Contracts.Policy;
using Writ.Core;
using Writ.Core.Audit;
using Writ.Core.Identity;
using Writ.Core.Policy;
using Writ.Proof.Errors;
using Writ.Proof.Identity;
using Writ.Server.Audit;
using Writ.Server.Errors;
using Writ.Server.Grants;
using Writ.Server.Identity;
using Writ.Server.Requests;
using Writ.Server.Runs;
using Writ.Server.Storage;

namespace Writ.Server.Policy;

/// <summary>
/// Puts a policy into force. What it no longer allows ends with it: pending requests are asked again and get a new revision
/// where the answer is another one, active grants that it denies or for which it asks more approvals than they have are
/// revoked, and their runs ended.
/// </summary>
internal sealed class ApplyPolicy(
    Database database, WriteTransaction writes, CheckPolicy check, RefusedAttempts refused, Reevaluation reevaluation, ReviseRequest revise, RunEnding ending, Changes changes)
{
    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapPut("/policy", async (PolicyText text, ApplyPolicy verb, HttpContext context, CancellationToken cancel) =>
            (await verb.Apply(context.Caller(), text, cancel)).ToHttp())
            .WithMetadata(new RequestSizeLimitAttribute(CheckPolicy.MostBody)).WithName("ApplyPolicy").Produces<PolicyView>();

    public async Task<Result<PolicyView>> Apply(Caller caller, PolicyText text, CancellationToken cancel)
    {
        if (!caller.IsAdmin)
        {
            await refused.Record(new(AuditType.AttemptRefused, caller.Audit, null, new() { ["attempt"] = "apply a policy" }, caller.SourceAddress));
            return new Refusal(ErrorCode.Forbidden, "only an admin applies a policy");
        }

        var (policy, checkedView) = await check.Check(text, cancel);
        if (policy is null)
        {
            return new Refusal(ErrorCode.InvalidPolicy, "the policy has problems; the one in force stays",
                checkedView.Problems.Select(problem => problem.Hint).FirstOrDefault(hint => hint is not null),
                [.. checkedView.Problems.Select(problem => $"{problem.File}:{problem.Line}: {problem.Message}")]);
        }

        var revoked = new List<GrantId>();
        var asked = new List<RequestId>();
        var applied = await writes.Commit<PolicyView>(async scope =>
        {
            await scope.TakePolicy();
            var before = await scope.Db.Policies.AsNoTracking().OrderByDescending(row => row.Number).FirstOrDefaultAsync();
            var row = new PolicyRow
            {
                Number = (before?.Number ?? 0) + 1,
                Hash = policy.Hash,
                Text = policy.Text,
                AppliedAt = scope.Now,
                AppliedBy = caller.Name,
            };
            scope.Db.Policies.Add(row);
            scope.Record(new(AuditType.PolicyApplied, caller.Audit, null, new()
            {
                ["number"] = row.Number, ["old"] = before?.Hash, ["new"] = row.Hash,
            }, caller.SourceAddress));
            await scope.Db.SaveChangesAsync();
            var old = before is null ? null : PolicyDocument.Parse(before.Text, "the policy before").Policy;
            await AskPendingAgain(scope, policy, old, asked);
            await RevokeActive(scope, policy, old, revoked);
            return new PolicyView(row.Hash, row.Text, row.AppliedAt, row.AppliedBy);
        });
        if (applied.IsOk)
        {
            asked.ForEach(request => changes.Happened(request.ToString()));
            if (revoked.Count > 0)
                await EndRunsOf(revoked, cancel);
        }

        return applied;
    }

    private async Task AskPendingAgain(WriteScope scope, PolicyDocument policy, PolicyDocument? old, List<RequestId> asked)
    {
        foreach (var request in await scope.Db.Requests.AsNoTracking().Where(row => row.State == RequestState.Pending).ToListAsync())
        {
            var at = Later(scope.Now, request.Start);
            var found = await reevaluation.OfRequest(scope.Db, policy, request, at);
            // Outside a rule's hours the old policy says no as well: that is no tightening, and the request waits for the hours.
            if (found.Verdict == Verdict.Deny && old is not null && (await reevaluation.OfRequest(scope.Db, old, request, at)).Verdict == Verdict.Deny)
                continue;
            if (found.Verdict == Verdict.Deny)
                await RequestEnding.End(scope, request, RequestEvent.Deny, AuditActor.System, $"denied by a new policy: {found.Reasons[0]}");
            else
                await revise.IfAnsweredOtherwise(scope, request, policy, found);
            asked.Add(request.Id);
        }
    }

    private async Task RevokeActive(WriteScope scope, PolicyDocument policy, PolicyDocument? old, List<GrantId> revoked)
    {
        var revocable = AccessLifecycle.Grants.From(GrantEvent.Revoke);
        var open = await (
            from grant in scope.Db.Grants.AsNoTracking()
            join request in scope.Db.Requests.AsNoTracking() on grant.RequestId equals request.Id
            where revocable.Contains(grant.State) && grant.NotAfter > scope.Now
            select new { grant, request }).ToListAsync();
        foreach (var item in open)
        {
            var at = Later(scope.Now, item.grant.NotBefore);
            var found = await reevaluation.OfGrant(scope.Db, policy, item.request, at);
            if (found.IsOk || (old is not null && !(await reevaluation.OfGrant(scope.Db, old, item.request, at)).IsOk))
                continue;
            if (await GrantEnding.End(scope, item.grant, GrantEvent.Revoke, AuditActor.System,
                    $"a new policy no longer allows it: {found.Refusal.Reasons?[0] ?? found.Refusal.Message}"))
                revoked.Add(item.grant.Id);
        }
    }

    private static DateTimeOffset Later(DateTimeOffset now, DateTimeOffset? start) => start > now ? start.Value : now;

    private async Task EndRunsOf(List<GrantId> grants, CancellationToken cancel)
    {
        await using var db = database.Open();
        var live = await db.Runs.AsNoTracking().Where(run => grants.Contains(run.GrantId) && RunStates.Live.Contains(run.State)).ToListAsync(cancel);
        await ending.End(live, RunEndCause.Revoked, "a new policy no longer allows it", AuditActor.System);
    }
}
