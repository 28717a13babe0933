using System.Text.Json.Nodes;
using Microsoft.EntityFrameworkCore;
using Writ.Contracts.Chat;
using Writ.Contracts.Requests;
using Writ.Core;
using Writ.Core.Audit;
using Writ.Core.Decisions;
using Writ.Core.Identity;
using Writ.Core.Policy;
using Writ.Proof.Errors;
using Writ.Proof.Identity;
using Writ.Server.Audit;
using Writ.Server.Extensions;
using Writ.Server.Grants;
using Writ.Server.Identity;
using Writ.Server.Policy;
using Writ.Server.Requests;
using Writ.Server.Series;
using Writ.Server.Storage;

namespace Writ.Server.Decisions;

/// <summary>
/// Step 3 of the lifecycle: a person says yes or no to the statement that they were shown. All decisions on a request
/// take turns (a guarded update of its row), so the quorum is always recomputed over everything decided before.
/// </summary>
internal sealed class DecisionTurn(
    Database database, WriteTransaction writes, PolicyInForce policies, RequestAccess access, Reevaluation reevaluation,
    ChallengeApproval passkeys, LaterStart later, ExtensionOrders orders, Gate gate, RefusedAttempts refused, ServerSettings settings, Changes changes)
{
    public async Task<Result<RequestView>> Decide(Caller caller, string id, Decide decide, bool approve, CancellationToken cancel)
    {
        // Whoever presses a button in a chat has not signed in: that a rule takes it from there is looked at below, and the call of the chat was signed.
        if (caller.Chat is null && await gate.Refuse(caller, approve ? Access.Approver : Access.Decider, approve ? "approve" : "deny") is { } unfit)
            return unfit;
        var decided = await writes.Commit<bool>(async scope => await InTurn(scope, caller, id, decide, approve));
        if (!decided.IsOk)
        {
            if (decided.Refusal.Code is ErrorCode.OwnRequest or ErrorCode.Forbidden)
            {
                await refused.Record(new(AuditType.AttemptRefused, caller.Audit, RequestId.TryParse(id, out var request) ? request : null, new()
                {
                    ["attempt"] = approve ? "approve" : "deny", ["code"] = decided.Refusal.Code,
                }, caller.SourceAddress));
            }

            return decided.Refusal;
        }

        changes.Happened(id);
        await using var db = database.Open();
        var policy = await policies.Get(db);
        var row = await access.Find(db, caller, id);
        if (row is { IsOk: true, Value: { Extends: not null, State: RequestState.Approved } })
            await orders.SendNew(row.Value.RunnerId);
        return row.IsOk ? (await RequestViews.Load(db, policy.IsOk ? policy.Value : null, [row.Value], cancel))[0] : row.Refusal;
    }

    private async Task<Result<bool>> InTurn(WriteScope scope, Caller caller, string id, Decide decide, bool approve)
    {
        // 1. May the caller know of it, and may they decide?
        var found = await access.Find(scope.Db, caller, id);
        if (!found.IsOk)
            return found.Refusal;
        if (await RequestAccess.MustNotDecide(scope.Db, found.Value, caller.Id) is { } own)
            return own;
        await scope.HoldPolicy();
        if (await Standing.Lost(scope, caller) is { } lost)
            return lost;
        var policy = await policies.Get(scope.Db);
        if (!policy.IsOk)
            return policy.Refusal;
        if (!RequestAccess.MayDecide(policy.Value, found.Value, caller))
            return new Refusal(ErrorCode.Forbidden, "no role of yours decides on this request", $"it waits for: {string.Join("; ", Roles(found.Value).Concat(policy.Value.Unknown(RequestViews.Needs(found.Value).SelectMany(need => need.From))))}");

        // A yes may give something, and a no takes away what an earlier yes gives by itself: what is given to one person is given one after the other.
        await scope.TakeTurnOf(found.Value.ActorId, found.Value.OnBehalfOf);

        // 2. Take the turn. Whoever comes second waits here and then sees what the first one did.
        if (found.Value.Extends is { } run)
            await LiveRuns.Hold(scope, run);
        var pending = AccessLifecycle.Requests.From(RequestEvent.Approve);
        var turned = await scope.Db.Requests
            .Where(row => row.Id == found.Value.Id && pending.Contains(row.State) && row.ExpiresAt > scope.Now)
            .ExecuteUpdateAsync(set => set.SetProperty(row => row.Turn, row => row.Turn + 1));
        var request = await scope.Db.Requests.AsNoTracking().SingleAsync(row => row.Id == found.Value.Id);
        if (turned == 0)
        {
            return request.State == RequestState.Pending
                ? new Refusal(ErrorCode.Expired, "the request's time to be decided is over")
                : new Refusal(ErrorCode.WrongState, $"the request is {RequestViews.State(request.State)}, not pending");
        }

        if (decide.StatementDigest != request.StatementDigest)
            return new Refusal(ErrorCode.StaleRevision, $"the request is at revision {request.Revision} now, with another statement", $"look again: writ show {id}");
        if (await scope.Db.Decisions.AnyAsync(row => row.RequestId == request.Id && row.Revision == request.Revision && row.ActorId == caller.Id))
            return new Refusal(ErrorCode.AlreadyDecided, "you have decided on this revision already");

        var decider = Reevaluation.DeciderOf(policy.Value, caller.Id, Reevaluation.SubjectOf(caller), byChat: caller.Chat is not null);
        if (caller.Chat is not null && !ChatDecision.IsTaken(request, decider, approve))
            return new Refusal(ErrorCode.Forbidden, "no rule takes this from a chat", $"look and decide at {PageOf(request.Id)}");

        // 3. What a passkey signed is checked before anything is recorded. A no needs none.
        PasskeyAssertion? signed = null;
        PasskeyId? passkey = null;
        if (decide.Passkey is { } answer)
        {
            if (!approve)
                return new Refusal(ErrorCode.InvalidInput, "a passkey signs a yes, never a no");
            var taken = await passkeys.Take(scope, caller, request, answer);
            if (!taken.IsOk)
                return taken.Refusal;
            (passkey, signed) = taken.Value;
        }
        else if (approve && Quorum.NeedsPasskey(RequestViews.Needs(request), decider))
        {
            return passkeys.Needed(request.Id);
        }

        // 4. Record it.
        string[] onCall = [.. policy.Value.RotasOf(Reevaluation.SubjectOf(caller))];
        var decision = new DecisionRow
        {
            Id = DecisionId.New(scope.Now),
            RequestId = request.Id,
            Revision = request.Revision,
            StatementDigest = request.StatementDigest,
            ActorId = caller.Id,
            Approved = approve,
            Comment = decide.Comment,
            At = scope.Now,
            OnCall = onCall,
            PasskeyId = passkey,
            Passkey = signed?.ToBytes(),
            Chat = caller.Chat,
        };
        scope.Db.Decisions.Add(decision);
        var said = new JsonObject
        {
            ["decision"] = decision.Id.ToString(),
            ["request"] = id,
            ["approved"] = approve,
            ["comment"] = decide.Comment,
            ["revision"] = request.Revision,
            ["statement"] = request.StatementDigest,
        };
        if (caller.Chat is { } account)
            said["chat"] = new JsonObject { ["kind"] = ChatNames.Slack, ["account"] = account };
        if (onCall.Length > 0)
            said["on_call"] = AuditEvent.Texts(onCall);
        if (signed is not null)
        {
            said["passkey"] = JsonNode.Parse(signed.ToBytes());
            said["passkey"]!["id"] = passkey.ToString();
        }

        scope.Record(new(AuditType.DecisionMade, caller.Audit, request.Id, said, caller.SourceAddress));
        await scope.Db.SaveChangesAsync();

        return approve ? await Settle(scope, policy.Value, request) : await Deny(scope, request, caller, decide.Comment);
    }

    private static async Task<Result<bool>> Deny(WriteScope scope, RequestRow request, Caller caller, string? comment)
    {
        var reason = string.IsNullOrWhiteSpace(comment) ? $"denied by {caller.Name}" : $"denied by {caller.Name}: {comment}";
        return await RequestEnding.End(scope, request, RequestEvent.Deny, caller.Audit, reason, caller.SourceAddress);
    }

    /// <summary>5. Recompute the quorum under the policy of now; mint the grant in this very transaction when it is met.</summary>
    private async Task<Result<bool>> Settle(WriteScope scope, PolicyDocument policy, RequestRow request)
    {
        var evaluated = await reevaluation.OfRequest(scope.Db, policy, request, SeriesTerms.When(request, scope.Now));
        if (evaluated.Verdict == Verdict.Deny)
            return await RequestEnding.End(scope, request, RequestEvent.Deny, AuditActor.System, $"denied by policy: {evaluated.Reasons[0]}");
        var needs = evaluated.Verdict == Verdict.Allow ? RequestViews.Needs(request) : evaluated.Approvals;
        if (!Quorum.IsMet(needs, await Reevaluation.Approvers(scope.Db, policy, request)))
            return true;
        if (request.Series is not null)
            return await BeginSeries.FromDecision(scope, request);
        var minted = await MintGrant.FromDecision(scope, request);
        if (minted.IsOk)
            await later.AskOthersAgain(scope, policy, request);
        return minted.IsOk ? true : minted.Refusal;
    }

    private string PageOf(RequestId request) => new Uri(settings.Public, $"inbox/{request}").ToString();

    private static IEnumerable<string> Roles(RequestRow request) =>
        RequestViews.Needs(request).Select(need => $"{string.Join(" or ", need.From)} for zone {need.Zone}").DefaultIfEmpty("nobody");
}
