namespace Writ.Proof.Errors;

/// <summary>
/// The catalogue of error codes: the <c>type</c> of a problem+json answer, the reason of a refused order, the key in
/// <c>docs/errors.md</c>. A code, once published, keeps its meaning.
/// </summary>
public static class ErrorCode
{
    // Input that cannot be read.

    /// <summary>The request's body or a parameter does not have the documented shape.</summary>
    public const string InvalidInput = "invalid-input";
    /// <summary>The body is larger than the endpoint takes.</summary>
    public const string TooLarge = "too-large";
    /// <summary>The command line cannot be understood: unknown or ambiguous option, missing value.</summary>
    public const string InvalidCommand = "invalid-command";
    /// <summary>A target is malformed or of a kind that is refused.</summary>
    public const string InvalidTarget = "invalid-target";
    /// <summary>A port or a port range is malformed.</summary>
    public const string InvalidPorts = "invalid-ports";
    /// <summary>The command reads files of the requester's that were not sent along; the problem names them.</summary>
    public const string InputNeeded = "input-needed";
    /// <summary>No such tool.</summary>
    public const string UnknownTool = "unknown-tool";
    /// <summary>The policy file cannot be read, contradicts itself, or its own tests fail.</summary>
    public const string InvalidPolicy = "invalid-policy";
    /// <summary>The idempotency key was used before for something else.</summary>
    public const string IdempotencyConflict = "idempotency-conflict";

    // Who asks.

    /// <summary>No token, or one that is forged, expired or revoked.</summary>
    public const string NotSignedIn = "not-signed-in";
    /// <summary>The sign-in is too long ago for this: sign in again (RFC 9470).</summary>
    public const string StaleSignIn = "stale-sign-in";
    /// <summary>It would give its author a new right, and waits for a second person.</summary>
    public const string SecondPersonNeeded = "second-person-needed";
    /// <summary>The actor may not do this.</summary>
    public const string Forbidden = "forbidden";
    /// <summary>No such thing, or the caller may not know that there is one.</summary>
    public const string NotFound = "not-found";

    /// <summary>The evidence was deleted when its retention was over; its digest and its proofs stay.</summary>
    public const string Deleted = "deleted";

    // What policy and people say.

    /// <summary>Policy denies; the reasons are all there.</summary>
    public const string Denied = "denied";
    /// <summary>A rule asks for a reason and none was given.</summary>
    public const string ReasonRequired = "reason-required";
    /// <summary>The duration is over what the rule allows, or no duration at all.</summary>
    public const string DurationTooLong = "duration-too-long";
    /// <summary>More uses asked than the rule allows, or less than one.</summary>
    public const string TooManyUses = "too-many-uses";
    /// <summary>Nobody decides on their own request, admins included.</summary>
    public const string OwnRequest = "own-request";
    /// <summary>This person has decided on this revision already.</summary>
    public const string AlreadyDecided = "already-decided";
    /// <summary>A rule asks for this approval by a passkey, and there is none, or none that a second person has confirmed.</summary>
    public const string PasskeyNeeded = "passkey-needed";
    /// <summary>A policy would take templates or definitions of tools out of force that are not in it, and nobody said so.</summary>
    public const string WouldWithdraw = "would-withdraw";
    /// <summary>They broke the glass, and are given nothing further until another person has reviewed it.</summary>
    public const string ReviewAwaited = "review-awaited";
    /// <summary>The statement shown is not the one in force: the request has a newer revision.</summary>
    public const string StaleRevision = "stale-revision";

    // Where things stand in their lifecycle.

    /// <summary>The state does not allow this step, for example a decision on a request that was cancelled.</summary>
    public const string WrongState = "wrong-state";
    /// <summary>No active grant of this actor covers the command.</summary>
    public const string NoGrant = "no-grant";
    /// <summary>Every use of the grant is taken.</summary>
    public const string GrantExhausted = "grant-exhausted";
    /// <summary>The grant's time is over, or the request's.</summary>
    public const string Expired = "expired";
    /// <summary>The grant's time has not begun.</summary>
    public const string NotYet = "not-yet";
    /// <summary>The grant was revoked.</summary>
    public const string Revoked = "revoked";

    // Runners and orders.

    /// <summary>No connected runner reaches every zone of the plan.</summary>
    public const string NoRunner = "no-runner";
    /// <summary>The order's bytes and signature do not belong together, or the key is unknown.</summary>
    public const string BadSignature = "bad-signature";
    /// <summary>The order is addressed to another runner.</summary>
    public const string WrongRunner = "wrong-runner";
    /// <summary>The order's nonce was seen before.</summary>
    public const string Replayed = "replayed";
    /// <summary>The order came after its start-by time.</summary>
    public const string StartByPassed = "start-by-passed";
    /// <summary>The deadline is over, or does not follow from the statement and its decisions.</summary>
    public const string BadDeadline = "bad-deadline";
    /// <summary>The argv is not the statement's.</summary>
    public const string ArgvMismatch = "argv-mismatch";
    /// <summary>The fence lies outside the statement's scope.</summary>
    public const string FenceOutsideStatement = "fence-outside-statement";
    /// <summary>The statement lies outside what this runner's own configuration allows at most.</summary>
    public const string OutsideCeiling = "outside-ceiling";
    /// <summary>The order lacks approvals by passkey that this runner's own configuration asks for, or one of them does not hold.</summary>
    public const string ApprovalsNotCovered = "approvals-not-covered";
    /// <summary>A file that the run needs is not the one of the statement, cannot be had, or lies where none may lie.</summary>
    public const string FileMismatch = "file-mismatch";
    /// <summary>A name of the command has another address now than those that were approved.</summary>
    public const string NameChanged = "name-changed";
    /// <summary>The runner's inventory is not the one that the plan was made against.</summary>
    public const string InventoryMismatch = "inventory-mismatch";
    /// <summary>The runner's clock and the server's differ by more than two seconds.</summary>
    public const string ClockSkew = "clock-skew";
    /// <summary>The tool could not be started.</summary>
    public const string CouldNotStart = "could-not-start";

    // The server itself.

    /// <summary>The runner did not confirm in time; nothing is claimed.</summary>
    public const string Unconfirmed = "unconfirmed";
    /// <summary>An agent's person did not confirm what it was about to ask; nothing was asked.</summary>
    public const string NotConfirmed = "not-confirmed";
    /// <summary>The database cannot be reached or written; nothing was changed.</summary>
    public const string Unavailable = "unavailable";
    /// <summary>The audit log contradicts what was published: nothing of it is signed or shown.</summary>
    public const string LogHalted = "log-halted";
    /// <summary>Too many attempts; try again later.</summary>
    public const string TooManyAttempts = "too-many-attempts";
    /// <summary>A defect. The trace id leads to the server's log.</summary>
    public const string Internal = "internal";
}
