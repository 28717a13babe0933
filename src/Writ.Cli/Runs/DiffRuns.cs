using System.CommandLine;
using System.Globalization;
using Writ.Cli.Options;
using Writ.Cli.Output;
using Writ.Contracts;
using Writ.Contracts.Runs;

namespace Writ.Cli.Runs;

/// <summary><c>writ diff</c>: what opened, closed and changed from one run to another.</summary>
internal static class DiffRuns
{
    private const int MostLines = 6;

    public static Verb Verb(CliContext context)
    {
        var before = Shared.Id("BEFORE", "the run to compare with, run_…");
        var after = Shared.Id("AFTER", "the later run, run_…");
        var exitCode = new Option<bool>("--exit-code") { Description = "exit with 1 where anything opened, closed or changed" };
        var format = Shared.Format();
        return new Verb("diff", "Show what opened, closed and changed from one run to another",
            "writ diff run_06bqz3w1x8 run_06bqz9k2m4").With(before, after, exitCode, format).Does(async (parse, cancel) =>
        {
            var (first, second) = (Shared.CheckedId(parse.GetRequiredValue(before), "run_", "run"), Shared.CheckedId(parse.GetRequiredValue(after), "run_", "run"));
            var answer = await context.Server.GetAsync($"/v1/runs/{first}/results/diff/{second}?wait={ShowResults.Wait.TotalSeconds:0}", WritJson.Default.DiffView, cancel, ShowResults.Wait);
            var diff = answer.Value;
            if (parse.GetValue(format) == "json")
                JsonText.Print(context.Terminal, answer.Json);
            else
                Print(context.Terminal, diff);
            return parse.GetValue(exitCode) && diff.Opened + diff.Closed + diff.Changed > 0 ? ExitCode.Failed : ExitCode.Ok;
        });
    }

    internal static void Print(Terminal terminal, DiffView diff)
    {
        var width = diff.Changes.Count == 0 ? 0 : diff.Changes.Max(change => Where(change).Length);
        foreach (var change in diff.Changes)
        {
            var (mark, tone) = change.Kind switch
            {
                "opened" => ("+", Tone.Good),
                "closed" => ("-", Tone.Bad),
                "changed" => ("~", Tone.Notice),
                _ => ("?", Tone.Plain),
            };
            terminal.Print($"{terminal.Paint($"{mark} {Where(change).PadRight(width)}", tone)}  {What(change)}".TrimEnd());
            if (change.What == "script")
                Lines(terminal, change);
        }

        var listed = diff.Opened + diff.Closed + diff.Changed + diff.NotMeasured;
        if (listed > diff.Changes.Count)
            terminal.Print($"… {RunText.Count(listed - diff.Changes.Count, "more difference")}");
        if (listed > 0)
            terminal.Print("");
        terminal.Print(listed == 0 ? "no difference" : string.Create(CultureInfo.InvariantCulture,
            $"{diff.Opened:N0} opened, {diff.Closed:N0} closed, {diff.Changed:N0} changed{(diff.NotMeasured > 0 ? $", {diff.NotMeasured:N0} not measured by one of the two" : "")}"));
    }

    private static string Where(ChangeView change) =>
        change.Port is { } port ? string.Create(CultureInfo.InvariantCulture, $"{change.Address}  {port}/{change.Protocol}") : change.Address;

    private static string What(ChangeView change) => (change.Kind, change.What) switch
    {
        ("not-measured", _) => change.Before is null ? $"{Printable.Line(change.After)}; not measured before" : $"was {Printable.Line(change.Before)}; not measured since",
        (_, "host") => $"host {Printable.Line(change.After)}",
        ("opened", _) => Printable.Line(change.After),
        ("closed", _) => $"{Printable.Line(change.After)}, was {Printable.Line(change.Before)}",
        (_, "script") => $"{Printable.Line(change.Script)}{(change.Before is null ? " says something now" : change.After is null ? " says nothing any more" : "")}",
        (_, "system") => $"system {Printable.Line(change.Before)} -> {Printable.Line(change.After)}",
        _ => $"{Printable.Line(change.Before)} -> {Printable.Line(change.After)}",
    };

    // Only the lines of a script that differ, as diff shows them.
    private static void Lines(Terminal terminal, ChangeView change)
    {
        var (old, @new) = (Split(change.Before), Split(change.After));
        var lines = old.Except(@new).Select(line => $"    - {line}").Concat(@new.Except(old).Select(line => $"    + {line}")).ToList();
        foreach (var line in lines.Take(MostLines))
            terminal.Print(line.Length > terminal.Width ? line[..(terminal.Width - 1)] + "…" : line);
        if (lines.Count > MostLines)
            terminal.Print($"    … {RunText.Count(lines.Count - MostLines, "more line")}; --format json has them");
    }

    private static List<string> Split(string? output) =>
        [.. Printable.Lines(output).Replace("\t", "  ", StringComparison.Ordinal).Split('\n').Select(line => line.Trim()).Where(line => line.Length > 0)];
}
