using Microsoft.EntityFrameworkCore;
using Writ.Contracts.Identity;
using Writ.Contracts.Requests;
using Writ.Core.Identity;
using Writ.Proof;
using Writ.Proof.Errors;
using Writ.Proof.Identity;
using Writ.Server.Errors;
using Writ.Server.Identity;
using Writ.Server.Passkeys;
using Writ.Server.Requests;
using Writ.Server.Storage;

namespace Writ.Server.Decisions;

/// <summary>A yes by passkey: a nonce is given out for one statement and one person, and spent by what the passkey signed.</summary>
internal sealed class ChallengeApproval(Database database, WriteTransaction writes, RequestAccess access, ServerSettings settings, TimeProvider time)
{
    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapPost("/requests/{id}/challenge", async (string id, ChallengeApproval verb, HttpContext context, CancellationToken cancel) =>
            (await verb.Challenge(context.Caller(), id, cancel)).ToHttp()).WithName("ChallengeApproval").Needs(Access.Approver).Produces<ApprovalChallenge>();

    public async Task<Result<ApprovalChallenge>> Challenge(Caller caller, string id, CancellationToken cancel)
    {
        var party = KnownPasskeys.PartyOf(settings);
        if (!party.IsOk)
            return party.Refusal;
        await using var db = database.Open();
        var found = await access.Find(db, caller, id);
        if (!found.IsOk)
            return found.Refusal;
        var request = found.Value;
        if (await RequestAccess.MustNotDecide(db, request, caller.Id) is { } own)
            return own;
        if (!await access.MayDecide(db, request, caller))
            return new Refusal(ErrorCode.Forbidden, "no role of yours decides on this request");
        var now = time.GetUtcNow();
        if (request.State != Core.RequestState.Pending || request.ExpiresAt <= now)
            return new Refusal(ErrorCode.WrongState, $"the request is {RequestViews.State(request.State)}, and its time to be decided may be over");
        var credentials = await db.Passkeys.AsNoTracking().Where(row => row.ActorId == caller.Id && row.ConfirmedAt != null && row.RemovedAt == null)
            .Select(row => row.CredentialId).ToListAsync(cancel);
        if (credentials.Count == 0)
            return Without();
        byte[] nonce = [];
        await writes.Append(async writing => nonce = await KnownPasskeys.GiveOut(writing, caller.Id, request.Id, request.StatementDigest, now));
        var at = UnixMicroseconds.From(now);
        return new ApprovalChallenge(request.StatementDigest, nonce, at, PasskeyAssertion.Challenge(request.StatementDigest, nonce, at), party.Value.Id, credentials);
    }

    /// <summary>What the passkey signed, once all of it is checked and its nonce is spent; within the decision's transaction.</summary>
    public async Task<Result<(PasskeyId Passkey, PasskeyAssertion Assertion)>> Take(WriteScope scope, Caller caller, RequestRow request, PasskeyAnswer answer)
    {
        var party = KnownPasskeys.PartyOf(settings);
        if (!party.IsOk)
            return party.Refusal;
        if (await KnownPasskeys.Spend(scope, caller.Id, request.Id, request.StatementDigest, answer.Nonce) is not { } at)
            return new Refusal(ErrorCode.Forbidden, "the challenge was never given out for this, was answered before, or is over", "open the page again");
        if (await scope.Db.Passkeys.AsNoTracking().SingleOrDefaultAsync(row => row.CredentialId == answer.Credential && row.ActorId == caller.Id && row.RemovedAt == null) is not { } passkey)
            return new Refusal(ErrorCode.Forbidden, "this passkey is none of yours", "writ passkey list");
        if (passkey.ConfirmedAt is null)
            return Without();
        var assertion = new PasskeyAssertion(answer.Credential, answer.AuthenticatorData, answer.ClientData, answer.Signature, answer.Nonce, UnixMicroseconds.From(at));
        var held = PasskeyCheck.Verify(assertion, KnownPasskeys.KeyOf(passkey), party.Value, request.StatementDigest);
        if (!held.IsOk)
            return new Refusal(ErrorCode.Forbidden, held.Refusal.Message);

        // A count that did not grow is of a copy. Passkeys that are on several devices do not count; the nonce is spent all the same.
        var count = (long)held.Value.SignCount;
        var counted = await scope.Db.Passkeys.Where(row => row.Id == passkey.Id && row.RemovedAt == null && (row.SignCount < count || (row.SignCount == 0 && count == 0)))
            .ExecuteUpdateAsync(set => set.SetProperty(row => row.SignCount, count).SetProperty(row => row.IsBackedUp, held.Value.IsBackedUp));
        return counted == 1 ? (passkey.Id, assertion) : new Refusal(ErrorCode.Forbidden, "the passkey's count of signatures went back: there may be a copy of it", $"remove it: writ passkey remove {passkey.Id}");
    }

    /// <summary>The refusal of a yes without the passkey that a rule asks for; it names the page where it can be given.</summary>
    public Refusal Needed(RequestId request) => new(ErrorCode.PasskeyNeeded, "a rule asks for this approval by a passkey", $"open {PageOf(request)}") { Needs = [PageOf(request)] };

    private Refusal Without() => new(ErrorCode.PasskeyNeeded, "you have no passkey that a second person has confirmed", $"make one at {new Uri(settings.Public, "account/passkeys")}; an admin confirms it: writ passkey confirm");

    private string PageOf(RequestId request) => new Uri(settings.Public, $"approve/{request}").ToString();
}
