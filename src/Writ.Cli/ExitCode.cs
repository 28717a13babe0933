using Writ.Contracts.Errors;
using Writ.Contracts.Runs;
using Writ.Proof.Errors;

namespace Writ.Cli;

/// <summary>
/// What <c>writ</c> returns. 121 to 127 belong to <c>run</c> and <c>watch</c>, whose other codes are the tool's own.
/// </summary>
internal static class ExitCode
{
    /// <summary>Done.</summary>
    public const int Ok = 0;
    /// <summary>Refused or failed.</summary>
    public const int Failed = 1;
    /// <summary>The command line or the environment cannot be used as it is.</summary>
    public const int Usage = 2;
    /// <summary>Nobody is signed in, or the server does not take it any more.</summary>
    public const int NotSignedIn = 4;
    /// <summary>Denied by policy.</summary>
    public const int DeniedByPolicy = 121;
    /// <summary>Denied by a reviewer.</summary>
    public const int DeniedByReviewer = 122;
    /// <summary>Nobody decided in time.</summary>
    public const int NoDecision = 123;
    /// <summary>Killed at the deadline.</summary>
    public const int Deadline = 124;
    /// <summary>Revoked, killed, or ended because it tried to leave its scope too often, or because contact or the recording was lost.</summary>
    public const int Ended = 125;
    /// <summary>The run could not start.</summary>
    public const int CouldNotStart = 126;
    /// <summary>No runner, or no such tool.</summary>
    public const int NoRunner = 127;
    /// <summary>Interrupted while waiting; nothing was running.</summary>
    public const int Interrupted = 130;

    /// <summary>The code of an answer that refuses, for every verb but <c>run</c>.</summary>
    public static int OfProblem(Problem problem) =>
        problem.Status == 401 || problem.Type == ErrorCode.NotSignedIn ? NotSignedIn : Failed;

    /// <summary>The code of an answer that refuses what <c>run</c> asked for.</summary>
    public static int OfRunProblem(Problem problem) => problem.Type switch
    {
        ErrorCode.Denied or ErrorCode.ReasonRequired or ErrorCode.DurationTooLong or ErrorCode.TooManyUses or ErrorCode.ReviewAwaited => DeniedByPolicy,
        ErrorCode.InvalidInput or ErrorCode.InvalidCommand or ErrorCode.InvalidTarget or ErrorCode.InvalidPorts or
            ErrorCode.InputNeeded => Usage,
        ErrorCode.UnknownTool or ErrorCode.NoRunner => NoRunner,
        ErrorCode.Revoked => Ended,
        ErrorCode.CouldNotStart or ErrorCode.GrantExhausted or ErrorCode.Expired or ErrorCode.NotYet or
            ErrorCode.BadSignature or ErrorCode.WrongRunner or ErrorCode.Replayed or ErrorCode.StartByPassed or
            ErrorCode.BadDeadline or ErrorCode.ArgvMismatch or ErrorCode.FenceOutsideStatement or
            ErrorCode.OutsideCeiling or ErrorCode.ApprovalsNotCovered or ErrorCode.FileMismatch or ErrorCode.NameChanged or ErrorCode.InventoryMismatch or ErrorCode.ClockSkew => CouldNotStart,
        _ => OfProblem(problem),
    };

    /// <summary>The code of a run that is over. A run whose end nobody can tell counts as ended, never as success.</summary>
    public static int OfRun(RunView run) => run.EndReason switch
    {
        "exited" => run.ExitCode is { } code ? code & 0xff : Failed,
        "deadline" => Deadline,
        "revoked" or "killed" or "client-gone" or "disconnected" or "recording-failed" or "violations" or "limit" or "runner-lost" => Ended,
        "could-not-start" or "refused" or "grant-over" => CouldNotStart,
        _ => run.State == "exited" && run.ExitCode is { } code ? code & 0xff : Ended,
    };
}
