using Writ.Core;

namespace Writ.Server.Runs;

/// <summary>Why a run ended, as the API names it; the key is kept in the run's row.</summary>
internal static class RunEndCause
{
    /// <summary>The tool ended by itself.</summary>
    public const string Exited = "exited";
    /// <summary>Its deadline came.</summary>
    public const string Deadline = "deadline";
    /// <summary>Its grant was revoked.</summary>
    public const string Revoked = "revoked";
    /// <summary>A person killed it.</summary>
    public const string Killed = "killed";
    /// <summary>The client of an attached run went away.</summary>
    public const string ClientGone = "client-gone";
    /// <summary>The runner was out of the server's reach for longer than the rule allows.</summary>
    public const string Disconnected = "disconnected";
    /// <summary>Its output could not be recorded.</summary>
    public const string RecordingFailed = "recording-failed";
    /// <summary>It sent more packets out of scope than the rule's budget puts up with.</summary>
    public const string Violations = "violations";
    /// <summary>It took more of the runner's machine than a run may.</summary>
    public const string Limit = "limit";
    /// <summary>The tool could not be started.</summary>
    public const string CouldNotStart = "could-not-start";
    /// <summary>The runner refused the order.</summary>
    public const string Refused = "refused";
    /// <summary>Nothing was heard of it any more; its own deadline is over.</summary>
    public const string RunnerLost = "runner-lost";
}

/// <summary>States by what they mean for the run's process.</summary>
internal static class RunStates
{
    /// <summary>The run may have a process, now or soon.</summary>
    public static readonly RunState[] Live = [.. Enum.GetValues<RunState>().Where(state => state != RunState.None && !AccessLifecycle.Runs.IsFinal(state))];

    public static string Text(RunState state) => state switch
    {
        RunState.None => "none",
        RunState.Queued => "queued",
        RunState.Starting => "starting",
        RunState.Running => "running",
        RunState.Exited => "exited",
        RunState.Killed => "killed",
        RunState.Failed => "failed",
    };

    public static RunState? Parse(string text) =>
        Enum.GetValues<RunState>().Where(state => state != RunState.None && Text(state) == text).Select(state => (RunState?)state).FirstOrDefault();
}
