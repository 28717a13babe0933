using Microsoft.AspNetCore.Mvc;
using Microsoft.EntityFrameworkCore;
using Writ.Contracts.Policy;
using Writ.Core.Audit;
using Writ.Core.Identity;
using Writ.Core.Policy;
using Writ.Core.Templates;
using Writ.Proof.Errors;
using Writ.Proof.Identity;
using Writ.Server.Errors;
using Writ.Server.Identity;
using Writ.Server.Proposals;
using Writ.Server.Requests;
using Writ.Server.Runs;
using Writ.Server.Storage;
using Writ.Server.Templates;

namespace Writ.Server.Policy;

/// <summary>
/// Puts a policy into force. What it no longer allows ends with it: pending requests are asked again and get a new revision
/// where the answer is another one, active grants that it denies or for which it asks more approvals than they have are
/// revoked, and their runs ended.
/// </summary>
internal sealed class ApplyPolicy(
    Database database, WriteTransaction writes, PolicyInForce policies, CheckPolicy check, Gate gate, ProposalBook proposals, Reevaluation reevaluation, Tightening tightening, RunEnding ending, Changes changes)
{
    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapPut("/policy", async (PolicyText text, ApplyPolicy verb, HttpContext context, CancellationToken cancel) =>
            (await verb.Apply(context.Caller(), text, cancel)).ToHttp())
            .WithMetadata(new RequestSizeLimitAttribute(CheckPolicy.MostBody)).WithName("ApplyPolicy").Needs(Access.FreshAdmin).Produces<PolicyView>();

    /// <summary>By an admin. What would give them a new right waits for a second person.</summary>
    public async Task<Result<PolicyView>> Apply(Caller caller, PolicyText text, CancellationToken cancel)
    {
        if (await gate.Refuse(caller, Access.FreshAdmin, "apply policy") is { } refusal)
            return refusal;
        var policy = await Checked(text, cancel);
        return policy.IsOk ? await Apply(caller, policy.Value, null, ProposalBook.Policy, policy.Value.Hash, policy.Value.Text, text.Withdraw, cancel) : policy.Refusal;
    }

    /// <summary>One template, with all else as it is; by an admin, and by a second person's word.</summary>
    public async Task<Result<PolicyView>> ApplyTemplate(Caller caller, PolicyDocument before, Template template, CancellationToken cancel)
    {
        if (await gate.Refuse(caller, Access.FreshAdmin, "apply template") is { } refusal)
            return refusal;
        var policy = await Checked(new(Files: [.. Templates.ApplyTemplate.FilesWith(before, template, template.Text)]), cancel);
        return policy.IsOk ? await Apply(caller, policy.Value, before, ProposalBook.Template, template.Name, template.Text, withdraw: false, cancel) : policy.Refusal;
    }

    /// <summary>All but one template, as it is; by an admin alone, since it gives nobody anything.</summary>
    public async Task<Result<PolicyView>> WithdrawTemplate(Caller caller, PolicyDocument before, Template template, CancellationToken cancel)
    {
        if (await gate.Refuse(caller, Access.FreshAdmin, "withdraw template") is { } refusal)
            return refusal;
        var policy = await Checked(new(Files: [.. Templates.ApplyTemplate.FilesWith(before, template, null)]), cancel);
        return policy.IsOk ? await Apply(caller, policy.Value, before, ProposalBook.Policy, policy.Value.Hash, policy.Value.Text, withdraw: true, cancel) : policy.Refusal;
    }

    /// <param name="onto">The policy that must still be in force; null for any.</param>
    /// <param name="withdraw">Whether what is not in it goes out of force.</param>
    private async Task<Result<PolicyView>> Apply(
        Caller caller, PolicyDocument policy, PolicyDocument? onto, string kind, string of, string content, bool withdraw, CancellationToken cancel)
    {
        var applied = await PutIntoForce(policy, caller.Audit, caller.Name, caller.Id, caller.SourceAddress, null, async (scope, before, old) =>
        {
            if (onto is not null && before?.Hash != onto.Hash)
                return new(ErrorCode.StaleRevision, "the policy in force has changed meanwhile", "do it again");
            var gone = Withdrawal.By(old, policy);
            if (!withdraw && Withdrawal.Unsaid(gone) is { } unsaid)
                return unsaid;
            var people = await ProposalBook.Subjects(scope.Db, caller.Id);
            // Whoever confirms it reads what goes, too.
            return ProposalBook.Needed(caller, NewRights.Of(old, policy, people.Select(subject => (subject, subject))), TemplateVersions.Changed(old, policy)) is { } needed
                ? needed with { Reasons = [.. needed.Reasons ?? [], .. gone.Select(what => $"{what} would go out of force")] }
                : null;
        }, cancel);
        return !applied.IsOk && applied.Refusal.Code == ErrorCode.SecondPersonNeeded ? await proposals.Propose(caller, kind, of, content, applied.Refusal) : applied;
    }

    /// <summary>What an admin proposed, by a second person: if the policy in force is still the one against which it was proposed.</summary>
    public async Task<Result<PolicyView>> Confirm(ProposalRow proposal, AuditActor by, string? source, CancellationToken cancel)
    {
        var text = await TextOf(proposal);
        if (!text.IsOk)
            return text.Refusal;
        var policy = await Checked(text.Value, cancel);
        if (!policy.IsOk)
            return policy.Refusal;
        string author;
        await using (var db = database.Open())
            author = await db.Actors.Where(row => row.Id == proposal.By).Select(row => row.Name).SingleAsync(cancel);
        return await PutIntoForce(policy.Value, by, $"{author}, confirmed by {by.Name}", proposal.By, source, proposal, async (scope, before, _) => before?.Hash != proposal.Base
            ? new(ErrorCode.StaleRevision, "the policy in force has changed since this was proposed", "its author applies it again")
            : await ProposalBook.Settle(scope, proposal, ProposalBook.Confirmed, by, source), cancel);
    }

    private async Task<Result<PolicyText>> TextOf(ProposalRow proposal)
    {
        if (proposal.Kind != ProposalBook.Template)
            return new PolicyText(proposal.Content);
        await using var db = database.Open();
        var before = await policies.Get(db);
        if (!before.IsOk)
            return before.Refusal;
        var (template, problems) = Template.Read(proposal.Content, $"{proposal.Of}.yaml", before.Value);
        return template is not null ? new PolicyText(Files: [.. Templates.ApplyTemplate.FilesWith(before.Value, template, template.Text)])
            : new Refusal(ErrorCode.InvalidPolicy, "the template cannot be applied any more", null, [.. problems.Select(problem => $"{problem.File}:{problem.Line}: {problem.Message}")]);
    }

    private async Task<Result<PolicyDocument>> Checked(PolicyText text, CancellationToken cancel)
    {
        var (policy, view) = await check.Check(text, cancel);
        return policy is not null ? policy : new Refusal(ErrorCode.InvalidPolicy, "the policy has problems; the one in force stays",
            view.Problems.Select(problem => problem.Hint).FirstOrDefault(hint => hint is not null),
            [.. view.Problems.Select(problem => $"{problem.File}:{problem.Line}: {problem.Message}")]);
    }

    private async Task<Result<PolicyView>> PutIntoForce(
        PolicyDocument policy, AuditActor by, string appliedBy, ActorId author, string? source, ProposalRow? proposal,
        Func<WriteScope, PolicyRow?, PolicyDocument?, Task<Refusal?>> mayNot, CancellationToken cancel)
    {
        var revoked = new List<GrantId>();
        var asked = new List<RequestId>();
        var applied = await writes.Commit<PolicyView>(async scope =>
        {
            await scope.TakePolicy();
            var before = await scope.Db.Policies.AsNoTracking().OrderByDescending(row => row.Number).FirstOrDefaultAsync(CancellationToken.None);
            var old = before is null ? null : PolicyDocument.Parse(before.Text, "the policy before").Policy;
            if (await mayNot(scope, before, old) is { } refusal)
                return refusal;
            var gone = Withdrawal.By(old, policy);
            var row = new PolicyRow
            {
                Number = (before?.Number ?? 0) + 1,
                Hash = policy.Hash,
                Text = policy.Text,
                AppliedAt = scope.Now,
                AppliedBy = appliedBy,
            };
            scope.Db.Policies.Add(row);
            scope.Record(new(AuditType.PolicyApplied, by, null, new()
            {
                ["number"] = row.Number, ["old"] = before?.Hash, ["new"] = row.Hash, ["withdrawn"] = gone.Count == 0 ? null : AuditEvent.Texts(gone), ["proposal"] = proposal?.Id.ToString(), ["proposed_by"] = proposal?.By.ToString(),
            }, source));
            await TemplateVersions.Record(scope, old, policy, row.Number, author, by, proposal is null ? null : by.Name, source);
            await scope.Db.SaveChangesAsync(CancellationToken.None);
            var (then, now) = (old is null ? null : await policies.Now(scope.Db, old), await policies.Now(scope.Db, policy));
            // Outside a rule's hours the old policy says no as well: that is no tightening, and what waits, waits for the hours.
            await tightening.AskAgain(scope, now, scope.Db.Requests,
                async (request, at) => then is not null && (await reevaluation.OfRequest(scope.Db, then, request, at)).Verdict == Verdict.Deny, "denied by a new policy", asked);
            await tightening.Revoke(scope, now, scope.Db.Grants,
                async (request, at) => then is null || (await reevaluation.OfGrant(scope.Db, then, request, at)).IsOk, "a new policy no longer allows it", revoked);
            return new PolicyView(row.Hash, row.Text, row.AppliedAt, row.AppliedBy, gone.Count == 0 ? null : gone);
        });
        if (applied.IsOk)
        {
            asked.ForEach(request => changes.Happened(request.ToString()));
            if (revoked.Count > 0)
                await EndRunsOf(revoked, cancel);
        }

        return applied;
    }

    private async Task EndRunsOf(List<GrantId> grants, CancellationToken cancel)
    {
        await using var db = database.Open();
        var live = await db.Runs.AsNoTracking().Where(run => grants.Contains(run.GrantId) && RunStates.Live.Contains(run.State)).ToListAsync(cancel);
        await ending.End(live, RunEndCause.Revoked, "a new policy no longer allows it", AuditActor.System);
    }
}
