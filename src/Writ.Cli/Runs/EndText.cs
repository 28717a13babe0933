using System.Globalization;
using Writ.Cli.Output;
using Writ.Cli.Server;
using Writ.Contracts.Grants;
using Writ.Contracts.Runs;

namespace Writ.Cli.Runs;

/// <summary>What came of a revoke or a kill, in words. Only what a runner confirmed is told as success.</summary>
internal static class EndText
{
    /// <summary>Prints the answer and returns the exit code.</summary>
    public static int Print(Terminal terminal, Answer<EndView> answer, bool json, string done)
    {
        var end = answer.Value;
        var confirmed = end.Outcome == "confirmed";
        if (json)
            JsonText.Print(terminal, answer.Json);
        else
            terminal.Print(Printable.Line(confirmed ? Confirmed(end, done) : Unconfirmed(end)));
        foreach (var run in end.Runs)
        {
            if (!json && run.Outcome != "confirmed")
                terminal.Print($"  - {Printable.Line(run.Run)}: {Printable.Line(run.Reason ?? "no answer from its runner")}");
        }

        if (!end.Journalled)
            terminal.Say("hint: the database cannot be written; the record follows as soon as it can");
        if (!confirmed)
            terminal.Say("hint: the right is gone; on the runner's host, writ-runner kill RUN ends the process");
        return confirmed ? ExitCode.Ok : ExitCode.Failed;
    }

    /// <summary>For example <c>12 ms</c>.</summary>
    public static string Milliseconds(double milliseconds) => string.Create(CultureInfo.InvariantCulture, $"{milliseconds:0} ms");

    /// <summary>For example <c>0 processes left</c>.</summary>
    public static string Processes(int count) => count == 1 ? "1 process left" : string.Create(CultureInfo.InvariantCulture, $"{count} processes left");

    private static string Confirmed(EndView end, string done)
    {
        if (end.Runs.Count == 0)
            return $"confirmed: {done} after {Milliseconds(end.LatencyMilliseconds)}, no run was live";
        var counted = end.Runs.Where(run => run.ProcessesLeft is not null).Sum(run => run.ProcessesLeft);
        var left = end.Runs.Any(run => run.ProcessesLeft is null) ? "" : $", {Processes(counted ?? 0)}";
        return $"confirmed: {done} after {Milliseconds(end.LatencyMilliseconds)}{left}";
    }

    private static string Unconfirmed(EndView end)
    {
        var silent = end.Runs.Count(run => run.Outcome != "confirmed");
        return string.Create(CultureInfo.InvariantCulture,
            $"unconfirmed: {silent} of {end.Runs.Count} {(end.Runs.Count == 1 ? "run" : "runs")} not confirmed dead after {end.LatencyMilliseconds:0} ms");
    }
}
