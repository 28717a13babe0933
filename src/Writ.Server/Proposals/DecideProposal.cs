using Writ.Contracts.Identity;
using Writ.Core.Audit;
using Writ.Core.Identity;
using Writ.Proof.Errors;
using Writ.Server.Audit;
using Writ.Server.Errors;
using Writ.Server.Identity;
using Writ.Server.Policy;
using Writ.Server.Storage;
using Writ.Server.Users;

namespace Writ.Server.Proposals;

/// <summary>A second person's yes, upon which what was proposed is done; or a no, which its author may say too.</summary>
internal sealed class DecideProposal(
    Database database, WriteTransaction writes, Gate gate, RefusedAttempts refused, ApplyPolicy applyPolicy, ChangeRoles changeRoles, TimeProvider time)
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPost("/proposals/{id}/confirm", async (string id, DecideProposal verb, HttpContext context, CancellationToken cancel) =>
            (await verb.Confirm(context.Caller(), id, cancel)).ToHttp()).WithName("ConfirmProposal").Needs(Access.FreshAdmin).Produces<ProposalView>();
        routes.MapPost("/proposals/{id}/refuse", async (string id, DecideProposal verb, HttpContext context) =>
            (await verb.Refuse(context.Caller(), id)).ToHttp()).WithName("RefuseProposal").Needs(Access.Admin).Produces<ProposalView>();
    }

    /// <summary>By another admin.</summary>
    public async Task<Result<ProposalView>> Confirm(Caller caller, string id, CancellationToken cancel)
    {
        if (await gate.Refuse(caller, Access.FreshAdmin, "confirm proposal") is { } refusal)
            return refusal;
        var found = await Find(id);
        if (found.IsOk && found.Value.By == caller.Id && caller.SignIn.Way != SignInWay.Box)
        {
            await refused.Record(new(AuditType.AttemptRefused, caller.Audit, null, new() { ["attempt"] = "confirm proposal", ["code"] = ErrorCode.OwnRequest, ["proposal"] = id }, caller.SourceAddress));
            return new Refusal(ErrorCode.OwnRequest, "nobody confirms their own proposal", $"another admin does, or the operator on the box: writ-server proposal confirm {id}");
        }

        return found.IsOk ? await Do(found.Value, caller.Audit, caller.SourceAddress, cancel) : found.Refusal;
    }

    /// <summary>By whoever may read the server's data folder.</summary>
    public async Task<Result<ProposalView>> ConfirmOnBox(string id, CancellationToken cancel)
    {
        var found = await Find(id);
        return found.IsOk ? await Do(found.Value, new(null, "operator on the box"), null, cancel) : found.Refusal;
    }

    /// <summary>By any admin; of its author's own it is taken back.</summary>
    public async Task<Result<ProposalView>> Refuse(Caller caller, string id)
    {
        if (await gate.Refuse(caller, Access.Admin, "refuse proposal") is { } refusal)
            return refusal;
        var found = await Find(id);
        if (!found.IsOk)
            return found.Refusal;
        var settled = await writes.Commit<bool>(async scope =>
            await ProposalBook.Settle(scope, found.Value, found.Value.By == caller.Id ? ProposalBook.Withdrawn : ProposalBook.Refused, caller.Audit, caller.SourceAddress) is { } over ? over : true);
        return settled.IsOk ? await Shown(id) : settled.Refusal;
    }

    private async Task<Result<ProposalView>> Do(ProposalRow proposal, AuditActor by, string? source, CancellationToken cancel)
    {
        Refusal? refusal = null;
        if (proposal.Kind is ProposalBook.Policy or ProposalBook.Template)
        {
            var applied = await applyPolicy.Confirm(proposal, by, source, cancel);
            refusal = applied.IsOk ? null : applied.Refusal;
        }
        else
        {
            var changed = await changeRoles.Confirm(proposal, by, source);
            refusal = changed.IsOk ? null : changed.Refusal;
        }

        return refusal is null ? await Shown(proposal.Id.ToString()) : refusal;
    }

    private async Task<Result<ProposalRow>> Find(string id)
    {
        await using var db = database.Open();
        return await ShowProposals.Find(db, id);
    }

    private async Task<Result<ProposalView>> Shown(string id)
    {
        await using var db = database.Open();
        var row = await ShowProposals.Find(db, id);
        return row.IsOk ? (await ShowProposals.Views(db, [row.Value], withContent: false, time.GetUtcNow()))[0] : row.Refusal;
    }
}
