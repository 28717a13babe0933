using Writ.Contracts.Grants;
using Writ.Contracts.Identity;
using Writ.Contracts.Requests;
using Writ.Contracts.Runs;
using Writ.Proof.Errors;
using Writ.Server.Decisions;
using Writ.Server.Grants;
using Writ.Server.Requests;

namespace Writ.Server.WebConsole.Inbox;

/// <summary>What a browser needs to have a yes signed. Bytes are in base64.</summary>
public sealed record ToSign(string Statement, string Nonce, long At, string Party, IReadOnlyList<string> Credentials);

/// <summary>What a passkey answered, or why it did not.</summary>
public sealed record PasskeySaid(string? Error, string? Credential, string? AuthenticatorData, string? ClientData, string? Signature);

/// <summary>Yes, no and a taking back, by the API's own verbs.</summary>
internal sealed class DecideHere(Visit visit, DecisionTurn turn, ChallengeApproval challenge, CancelRequest cancel, NarrowRequest narrow, ReviewGrant review, Server.Runs.StartRun start, TimeProvider time)
{
    /// <summary>Says yes to the statement that was shown.</summary>
    /// <param name="id">The request.</param>
    /// <param name="statement">The digest of what was shown.</param>
    /// <param name="comment">For the requester and the record.</param>
    /// <param name="sign">Asks for the person's passkey; null to say yes without one.</param>
    public async Task<Result<RequestView>> Approve(string id, string statement, string comment, Func<ToSign, Task<PasskeySaid>>? sign)
    {
        PasskeyAnswer? passkey = null;
        if (sign is not null)
        {
            var given = await visit.Do("ChallengeApproval", caller => challenge.Challenge(caller, id, CancellationToken.None));
            if (!given.IsOk)
                return given.Refusal;
            if (given.Value.StatementDigest != statement)
                return new Refusal(ErrorCode.StaleRevision, "the request has become another since this page was loaded", "look again");
            var signed = await sign(new(given.Value.StatementDigest, Convert.ToBase64String(given.Value.Nonce), given.Value.At, given.Value.Party, [.. given.Value.Credentials.Select(Convert.ToBase64String)]));
            if (signed.Error is { } error)
                return new Refusal(ErrorCode.PasskeyNeeded, error.Length > 0 ? $"{char.ToLowerInvariant(error[0])}{error[1..].TrimEnd('.')}" : "no passkey was given");
            if (Bytes(signed.Credential) is not { } credential || Bytes(signed.AuthenticatorData) is not { } data || Bytes(signed.ClientData) is not { } client || Bytes(signed.Signature) is not { } signature)
                return new Refusal(ErrorCode.InvalidInput, "the browser's answer cannot be read");
            passkey = new(given.Value.Nonce, credential, data, client, signature);
        }

        return await visit.Do("ApproveRequest", caller => turn.Decide(caller, id, new(statement, Comment(comment), passkey), approve: true, CancellationToken.None));
    }

    /// <summary>Says no.</summary>
    public Task<Result<RequestView>> Deny(string id, string statement, string comment) =>
        visit.Do("DenyRequest", caller => turn.Decide(caller, id, new(statement, Comment(comment)), approve: false, CancellationToken.None));

    /// <summary>Says what somebody else's use of break-glass was.</summary>
    public Task<Result<GrantView>> Review(string grant, bool justified, string comment) =>
        visit.Do("ReviewGrant", caller => review.Review(caller, grant, new(justified, comment), CancellationToken.None));

    /// <summary>Takes one's own request back.</summary>
    public Task<Result<RequestView>> Cancel(string id) => visit.Do("CancelRequest", caller => cancel.Cancel(caller, id, new(), CancellationToken.None));

    /// <summary>Takes a use of one's own grant: a run that goes on by itself; its id.</summary>
    public Task<Result<string>> Run(RequestView asked) => visit.Do<string>("StartRun", async caller =>
    {
        // What was sent along with the request is what it was approved with.
        var inputs = (asked.Plan.Inputs ?? []).Select(input => new InputDigest(input.Argument, input.Sha256)).ToList();
        var started = await start.Start(caller, new(asked.Command, asked.Grant, Detach: true, inputs), $"console-{asked.Id}-{Guid.CreateVersion7(time.GetUtcNow())}");
        return started.IsOk ? started.Value.Id.ToString() : started.Refusal;
    });

    /// <summary>What the request would be, made smaller.</summary>
    public Task<Result<ExplainView>> Preview(string id, NarrowAsk ask) => visit.Do("NarrowRequest", caller => narrow.Preview(caller, id, ask, time.GetUtcNow()));

    /// <summary>Makes the request smaller: a new revision, that everybody decides on anew.</summary>
    public Task<Result<RequestView>> Narrow(string id, NarrowAsk ask) => visit.Do("NarrowRequest", caller => narrow.Narrow(caller, id, ask, CancellationToken.None));

    private static string? Comment(string comment) => string.IsNullOrWhiteSpace(comment) ? null : comment.Trim();

    private static byte[]? Bytes(string? base64)
    {
        var bytes = new byte[base64?.Length ?? 0];
        return base64 is { Length: > 0 } && Convert.TryFromBase64String(base64, bytes, out var length) ? bytes[..length] : null;
    }
}
