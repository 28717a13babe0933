namespace Writ.Core.Audit;

/// <summary>The types of entries. A type, once written, keeps its meaning.</summary>
public static class AuditType
{
    /// <summary>A new server was made.</summary>
    public const string ServerInitialised = "server.initialised";
    /// <summary>A new key signs the audit log, beside the old ones.</summary>
    public const string LogKeyAdded = "log.key-added";
    /// <summary>Every key of the audit log but the newest was dropped.</summary>
    public const string LogKeysDropped = "log.keys-dropped";
    /// <summary>A runner saw another log than this one.</summary>
    public const string LogContradicted = "log.contradicted";
    /// <summary>Entries were exported.</summary>
    public const string AuditExported = "audit.exported";
    /// <summary>A stream of the log was added.</summary>
    public const string StreamAdded = "stream.added";
    /// <summary>A stream of the log was removed.</summary>
    public const string StreamRemoved = "stream.removed";
    /// <summary>A notice to a person was never taken, and is not tried again.</summary>
    public const string NoticeGivenUp = "notice.given-up";
    /// <summary>Where and when somebody is told was changed.</summary>
    public const string NoticesChanged = "notice.settings-changed";
    /// <summary>Whose account in a chat speaks for whom was changed, or a code for that was given out.</summary>
    public const string ChatChanged = "chat.account-changed";
    /// <summary>A source says that others are on call than before, or says it again.</summary>
    public const string OnCallChanged = "on-call.changed";
    /// <summary>A source gave no answer for too long: nobody is on call by it.</summary>
    public const string OnCallLost = "on-call.lost";
    /// <summary>A call without a valid token.</summary>
    public const string SignInFailed = "signin.failed";
    /// <summary>Somebody signed in with a browser.</summary>
    public const string SignedIn = "signin.done";
    /// <summary>A sign-in ended: a browser's session, or the tokens of a client, with all that came of them.</summary>
    public const string SignInEnded = "signin.ended";
    /// <summary>A device asked for a code that somebody is to type elsewhere.</summary>
    public const string DeviceCodeCreated = "signin.device-code";
    /// <summary>Somebody let a client speak for them, or did not.</summary>
    public const string ClientDecided = "signin.client-decided";
    /// <summary>Tokens were issued to a client, at its sign-in or when it refreshed.</summary>
    public const string TokensIssued = "signin.tokens-issued";
    /// <summary>A spent token or code came again: somebody has a copy, and all that came of that sign-in is dead.</summary>
    public const string TokenReused = "signin.token-reused";
    /// <summary>A call that the caller's rights do not cover, or an attempt at access that was refused before it became a request.</summary>
    public const string AttemptRefused = "attempt.refused";
    /// <summary>More refusals of one source in a minute than are written one by one: their count.</summary>
    public const string AttemptsCounted = "attempt.counted";
    /// <summary>The first start's one-time secret was spent and an admin made.</summary>
    public const string SetUp = "setup.done";
    /// <summary>A token was made.</summary>
    public const string TokenCreated = "token.created";
    /// <summary>A token was revoked.</summary>
    public const string TokenRevoked = "token.revoked";
    /// <summary>A person made a passkey; it does not approve yet.</summary>
    public const string PasskeyAdded = "passkey.added";
    /// <summary>A second person, or the operator on the box, said whose passkey this is: it approves from now on.</summary>
    public const string PasskeyConfirmed = "passkey.confirmed";
    /// <summary>A passkey was taken away.</summary>
    public const string PasskeyRemoved = "passkey.removed";
    /// <summary>An actor was made or changed.</summary>
    public const string ActorChanged = "actor.changed";
    /// <summary>An actor was disabled: everything that they were signed in by and all that they held ended with it.</summary>
    public const string ActorDisabled = "actor.disabled";
    /// <summary>An actor who was disabled may sign in again. What had ended does not come back.</summary>
    public const string ActorEnabled = "actor.enabled";
    /// <summary>Everything that an actor was signed in by ended, and all that they held.</summary>
    public const string ActorSignedOut = "actor.signed-out";
    /// <summary>What would give its author a new right waits for a second person.</summary>
    public const string ProposalMade = "proposal.made";
    /// <summary>A second person confirmed or refused it, or its author took it back.</summary>
    public const string ProposalDecided = "proposal.decided";
    /// <summary>A one-time link was made by which somebody sets up how they sign in.</summary>
    public const string SetUpLinkCreated = "account.link-created";
    /// <summary>How somebody signs in was set up or changed.</summary>
    public const string AccountChanged = "account.changed";
    /// <summary>A person of another provider is this actor from now on.</summary>
    public const string IdentityLinked = "account.identity-linked";
    /// <summary>A directory was added, which says by SCIM who is a user.</summary>
    public const string DirectoryAdded = "directory.added";
    /// <summary>A directory was removed; its users stay as they are.</summary>
    public const string DirectoryRemoved = "directory.removed";
    /// <summary>A directory said something of a user or a group: made, changed or removed.</summary>
    public const string DirectoryChanged = "directory.changed";
    /// <summary>An issuer was pinned whose signed events about sign-ins count.</summary>
    public const string TransmitterAdded = "transmitter.added";
    /// <summary>A pinned issuer was removed.</summary>
    public const string TransmitterRemoved = "transmitter.removed";
    /// <summary>A pinned issuer said that a sign-in is over.</summary>
    public const string EventReceived = "event.received";
    /// <summary>A policy came into force.</summary>
    public const string PolicyApplied = "policy.applied";
    /// <summary>A version of a template came into force, with a policy.</summary>
    public const string TemplateApplied = "template.applied";
    /// <summary>A template went out of force, with a policy.</summary>
    public const string TemplateWithdrawn = "template.withdrawn";
    /// <summary>A request was made.</summary>
    public const string RequestCreated = "request.created";
    /// <summary>Policy answered, with its reasons.</summary>
    public const string RequestEvaluated = "request.evaluated";
    /// <summary>A request got a new revision.</summary>
    public const string RequestRevised = "request.revised";
    /// <summary>A request ended without a grant.</summary>
    public const string RequestEnded = "request.ended";
    /// <summary>A recorded yes or no.</summary>
    public const string DecisionMade = "decision.made";
    /// <summary>A grant was minted.</summary>
    public const string GrantIssued = "grant.issued";
    /// <summary>Somebody broke the glass: a grant was minted that nobody was asked for. It waits for a review.</summary>
    public const string GlassBroken = "glass.broken";
    /// <summary>Another person has reviewed it, and said whether it was justified.</summary>
    public const string GlassReviewed = "glass.reviewed";
    /// <summary>People decided on a series: its runs are started when they are due.</summary>
    public const string SeriesBegun = "series.begun";
    /// <summary>A run of a series was due, with what came of it.</summary>
    public const string SeriesOccurred = "series.occurred";
    /// <summary>A series starts nothing for now: what was decided has changed, or a person holds it up.</summary>
    public const string SeriesSuspended = "series.suspended";
    /// <summary>A series that a person held up goes on.</summary>
    public const string SeriesResumed = "series.resumed";
    /// <summary>A series is over.</summary>
    public const string SeriesEnded = "series.ended";
    /// <summary>A use was taken.</summary>
    public const string GrantConsumed = "grant.consumed";
    /// <summary>More time for a live run was decided: the grant's end moved.</summary>
    public const string GrantExtended = "grant.extended";
    /// <summary>A grant ended: exhausted, expired or revoked.</summary>
    public const string GrantEnded = "grant.ended";
    /// <summary>An order was signed.</summary>
    public const string RunOrdered = "run.ordered";
    /// <summary>A runner refused an order.</summary>
    public const string OrderRefused = "order.refused";
    /// <summary>The tool's process started.</summary>
    public const string RunStarted = "run.started";
    /// <summary>A runner took an order on.</summary>
    public const string RunAccepted = "run.accepted";
    /// <summary>An attached run was let go on without its client.</summary>
    public const string RunDetached = "run.detached";
    /// <summary>Somebody or something asked for a run's end.</summary>
    public const string RunKillAsked = "run.kill-asked";
    /// <summary>An order of more time for a live run was signed.</summary>
    public const string ExtensionOrdered = "run.extension-ordered";
    /// <summary>The runner has moved a live run's deadline.</summary>
    public const string RunExtended = "run.extended";
    /// <summary>More time that was decided never came into force: the run kept the deadline that it had.</summary>
    public const string ExtensionVoid = "run.extension-void";
    /// <summary>A run ended, with what the runner saw.</summary>
    public const string RunEnded = "run.ended";
    /// <summary>What a runner has signed of a run's end does not check, or is not what it told.</summary>
    public const string ReceiptRefused = "receipt.refused";
    /// <summary>The fence refused packets.</summary>
    public const string RunDrops = "run.out-of-scope";
    /// <summary>Somebody looked at a recording.</summary>
    public const string RecordingViewed = "recording.viewed";
    /// <summary>Somebody asked which runs touched an address.</summary>
    public const string TraceAnswered = "trace.answered";
    /// <summary>Somebody looked at what a run found.</summary>
    public const string ResultsViewed = "results.viewed";
    /// <summary>Somebody looked at a file that a run wrote, or that was sent along with a request.</summary>
    public const string FileViewed = "file.viewed";
    /// <summary>Somebody looked at entries of the log.</summary>
    public const string AuditViewed = "audit.viewed";
    /// <summary>Somebody set how long evidence of a kind is kept.</summary>
    public const string RetentionSet = "retention.set";
    /// <summary>Evidence is deleted, since its retention is over. Written before any of it goes.</summary>
    public const string RetentionApplied = "retention.applied";
    /// <summary>An enrolment token was made.</summary>
    public const string EnrolmentCreated = "runner.enrolment-created";
    /// <summary>A runner was enrolled.</summary>
    public const string RunnerEnrolled = "runner.enrolled";
    /// <summary>A runner signs how runs end with a key that the log did not have.</summary>
    public const string RunnerKey = "runner.key";
    /// <summary>A runner was disabled: no certificate of it is taken, and its runs were ended.</summary>
    public const string RunnerDisabled = "runner.disabled";
    /// <summary>A runner that was disabled may connect again.</summary>
    public const string RunnerEnabled = "runner.enabled";
    /// <summary>A runner connected.</summary>
    public const string RunnerConnected = "runner.connected";
    /// <summary>A runner's link was lost.</summary>
    public const string RunnerLost = "runner.lost";
    /// <summary>Somebody looked for standing rights on a runner's host.</summary>
    public const string StandingRightsFound = "runner.standing-rights";
    /// <summary>Somebody executed a tool past the runner, on its host.</summary>
    public const string UnbrokeredExecution = "runner.unbrokered-execution";
}
