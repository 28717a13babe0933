using System.Globalization;
using Writ.Cli.Options;
using Writ.Cli.Output;
using Writ.Contracts.Runs;

namespace Writ.Cli.Runs;

/// <summary>
/// One line on standard error that says how far a run is, on a terminal alone. It stands below the tool's output while that is
/// at the beginning of a line, makes way for each byte of it, and leaves nothing behind.
/// </summary>
internal sealed class ProgressLine(Terminal terminal, TimeProvider time)
{
    /// <summary>How often it is drawn anew, for the time that is left.</summary>
    public static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(500);

    private const int BarColumns = 20;
    private RunResultsView? _results;
    private long _since;
    private bool _inLine;
    private volatile bool _stopped;

    /// <summary>True where there is something to draw from time to time.</summary>
    public bool IsLive => terminal.ErrorIsTerminal && !_stopped && _results is { Complete: false };

    /// <summary>Takes what the run has found so far.</summary>
    public void Take(RunResultsView results)
    {
        (_results, _since) = (results, time.GetTimestamp());
        Draw();
    }

    /// <summary>Notes where the tool's output leaves the cursor.</summary>
    /// <param name="output">What was written to a terminal.</param>
    public void Passed(ReadOnlySpan<byte> output) => _inLine = output.IsEmpty ? _inLine : output[^1] != '\n';

    /// <summary>Takes the line away for good.</summary>
    public void Stop()
    {
        _stopped = true;
        terminal.ClearStatus();
    }

    /// <summary>Draws it, unless the tool is in the middle of a line.</summary>
    public void Draw()
    {
        if (IsLive && !_inLine)
            terminal.Status(Text(_results!, time.GetElapsedTime(_since)));
        else if (_results is { Complete: true })
            terminal.ClearStatus();
    }

    /// <summary>For example <c>SYN Stealth Scan  ━━━━━━━━━───────────  45%  0:42 left  3 up, 17 open</c>.</summary>
    internal static string Text(RunResultsView results, TimeSpan since)
    {
        List<string> parts = [Printable.Line(results.Phase ?? "running")];
        if (results.Percent is { } percent)
        {
            var full = (int)(percent / 100 * BarColumns);
            parts.Add(new string('━', full) + new string('─', BarColumns - full));
            parts.Add(string.Create(CultureInfo.InvariantCulture, $"{Math.Floor(percent),3:0}%"));
        }

        if (results.RemainingSeconds is > 0 and <= 1e6 and var seconds)
            parts.Add($"{Duration.Clock(TimeSpan.FromSeconds(Math.Ceiling(Math.Max(0, seconds - since.TotalSeconds))))} left");
        parts.Add(string.Create(CultureInfo.InvariantCulture, $"{results.HostsUp:N0} up, {results.OpenPorts:N0} open"));
        return string.Join("  ", parts);
    }

    /// <summary>For example <c>3 hosts up, 17 open ports</c>.</summary>
    public static string Found(RunResultsView results) =>
        $"{Count(results.HostsUp, "host")} up, {Count(results.OpenPorts, "open port")}";

    private static string Count(long count, string what) => string.Create(CultureInfo.InvariantCulture, $"{count:N0} {what}{(count == 1 ? "" : "s")}");
}
