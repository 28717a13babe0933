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
    /// <summary>A call without a valid token.</summary>
    public const string SignInFailed = "signin.failed";
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
    /// <summary>An actor was made or changed.</summary>
    public const string ActorChanged = "actor.changed";
    /// <summary>A policy came into force.</summary>
    public const string PolicyApplied = "policy.applied";
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
    /// <summary>A use was taken.</summary>
    public const string GrantConsumed = "grant.consumed";
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
    /// <summary>A runner connected.</summary>
    public const string RunnerConnected = "runner.connected";
    /// <summary>A runner's link was lost.</summary>
    public const string RunnerLost = "runner.lost";
    /// <summary>Somebody looked for standing rights on a runner's host.</summary>
    public const string StandingRightsFound = "runner.standing-rights";
    /// <summary>Somebody executed a tool past the runner, on its host.</summary>
    public const string UnbrokeredExecution = "runner.unbrokered-execution";
}
