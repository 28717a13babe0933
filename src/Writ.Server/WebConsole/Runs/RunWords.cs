using System.Globalization;
using Writ.Contracts.Runs;
using Writ.Server.Runs;

namespace Writ.Server.WebConsole.Runs;

/// <summary>Runs in words.</summary>
internal static class RunWords
{
    /// <summary>Minutes and seconds: <c>6:38</c>, <c>1:12:09</c>.</summary>
    public static string Clock(TimeSpan span) => span < TimeSpan.Zero ? "0:00"
        : span.TotalHours >= 1 ? string.Create(CultureInfo.InvariantCulture, $"{(int)span.TotalHours}:{span.Minutes:00}:{span.Seconds:00}")
        : string.Create(CultureInfo.InvariantCulture, $"{span.Minutes}:{span.Seconds:00}");

    /// <summary>How long it ran, or null where it never did.</summary>
    public static TimeSpan? Length(RunView run) => run.StartedAt is { } from && run.EndedAt is { } to ? to - from : null;

    /// <summary>The end of a list row: <c>exited 0</c>, <c>killed by marek: wrong subnet</c>.</summary>
    public static string End(string state, int? exitCode, string? reason, string? detail) => (state, reason) switch
    {
        ("exited", _) => $"exited {exitCode?.ToString(CultureInfo.InvariantCulture)}",
        ("killed", RunEndCause.Deadline) => "killed at the deadline",
        (_, RunEndCause.Killed or RunEndCause.Revoked) when detail is not null => detail,
        (_, RunEndCause.ClientGone) => "ended with its client",
        (_, RunEndCause.Violations) => "killed: too many packets out of scope",
        (_, RunEndCause.Limit) => "killed: it took more of the runner than a run may",
        (_, RunEndCause.RecordingFailed) => "killed: it could not be recorded",
        (_, RunEndCause.Disconnected) => "killed: its runner was out of reach",
        (_, RunEndCause.RunnerLost) => "its runner was lost",
        ("queued" or "starting" or "running", _) => state,
        _ => detail is null ? $"{state}: {reason?.Replace('-', ' ')}" : $"{state}: {detail}",
    };

    /// <summary>What the runner saw of the end, in a sentence.</summary>
    public static string Confirmed(RunView run)
    {
        if (run.End is not { Outcome: "confirmed" } end)
            return "No runner has confirmed the end: what it sent until its deadline is not known.";
        if (run.StartedAt is null)
            return "It did not start, so nothing was sent.";
        var parts = new List<string>();
        if (end.KillToDeadMilliseconds is { } milliseconds)
            parts.Add($"dead {Milliseconds(milliseconds)} after the order");
        else if (run.State == "exited")
            parts.Add($"exited {run.ExitCode?.ToString(CultureInfo.InvariantCulture)} by itself");
        if (end.ProcessesLeft is { } left)
            parts.Add($"{Printable.Count(left, "process").Replace("processs", "processes", StringComparison.Ordinal)} left");
        if (run.Fence is { Closed: not null } fence)
            parts.Add(LastPacket(run, fence.LastPacketAt));
        var sentence = string.Join(", ", parts);
        return sentence.Length == 0 ? "The runner confirmed the end." : $"{char.ToUpperInvariant(sentence[0])}{sentence[1..]}.";
    }

    private static string LastPacket(RunView run, DateTimeOffset? last)
    {
        if (last is not { } at)
            return "no packet left";
        var end = run.Receipt?.KilledAt ?? run.EndedAt ?? at;
        return $"last packet {Milliseconds(Math.Abs((end - at).TotalMilliseconds))} {(at <= end ? "before" : "after")}";
    }

    private static string Milliseconds(double milliseconds) => milliseconds switch
    {
        < 10 => string.Create(CultureInfo.InvariantCulture, $"{milliseconds:0.#} ms"),
        < 10_000 => string.Create(CultureInfo.InvariantCulture, $"{milliseconds:0} ms"),
        _ => Clock(TimeSpan.FromMilliseconds(milliseconds)),
    };
}
