using System.Globalization;
using Writ.Cli.Output;
using Writ.Contracts.Runs;

namespace Writ.Cli.Runs;

/// <summary>Results in words, for 80 columns. Texts come from scanned hosts: none of them commands the terminal.</summary>
internal static class ResultsText
{
    private const int MostLines = 20;

    /// <summary>Hosts with their ports, then what is missing and why.</summary>
    public static void Print(Terminal terminal, ResultsView results)
    {
        terminal.Print($"{terminal.Strong(Headline(results))}{Looked(results)}");
        foreach (var host in results.Hosts)
        {
            terminal.Print("");
            terminal.Print(terminal.Strong(Name(host)) + (host.State == "up" ? "" : $"  {State(host.State, null)}"));
            Facts(terminal, host);
            Ports(terminal, host);
        }

        Scripts(terminal, results.Scripts, "");
        var missing = Missing(results).ToList();
        if (missing.Count > 0)
            terminal.Print("");
        foreach (var line in missing)
            terminal.Print(terminal.Paint(line, Tone.Notice));
    }

    private static string Headline(ResultsView results) =>
        $"{RunText.Count(results.HostsUp, "host")} up, {RunText.Count(results.OpenPorts, "open port")}{(results.Complete ? "" : ", cut")}";

    private static string Looked(ResultsView results)
    {
        var tool = Printable.Line(results.Tool);
        var took = results is { StartedAt: { } start, EndedAt: { } end } ? $", {When.Exact(start)}, {Options.Duration.Format(end - start)}" : "";
        return $"  ({tool}{took})";
    }

    private static string Name(FoundHostView host) => Printable.Line(host.Names.Count == 0 ? host.Address : $"{host.Address}  {string.Join(", ", host.Names)}");

    private static void Facts(Terminal terminal, FoundHostView host)
    {
        var facts = new Fields().Add("  system", host.System).Add("  hardware", host.Hardware);
        foreach (var line in facts.Lines(terminal))
            terminal.Print(line);
        Scripts(terminal, host.Scripts, "  ");
    }

    private static void Ports(Terminal terminal, FoundHostView host)
    {
        var number = host.Ports.Count == 0 ? 0 : host.Ports.Max(port => Port(port).Length);
        var state = host.Ports.Count == 0 ? 0 : host.Ports.Max(port => State(port.State, port.Said).Length);
        var service = host.Ports.Count == 0 ? 0 : Math.Min(20, host.Ports.Max(port => Printable.Line(port.Service).Length));
        foreach (var port in host.Ports)
        {
            var words = State(port.State, port.Said);
            var left = $"  {Port(port).PadRight(number)}  {words.PadRight(state)}  {Printable.Line(port.Service).PadRight(service)}  ";
            var painted = $"  {Port(port).PadRight(number)}  {terminal.Paint(words, Colour(port.State)) + new string(' ', state - words.Length)}  {Printable.Line(port.Service).PadRight(service)}  ";
            terminal.Print((painted + Clip(Printable.Line(port.Product), terminal.Width - left.Length)).TrimEnd());
            Scripts(terminal, port.Scripts, "    ");
        }

        foreach (var rest in host.Rest)
            terminal.Print(Clip($"  {RunText.Count(rest.Count, "port")} {State(rest.State, rest.Said)}{(rest.Ports is null ? "" : $": {Printable.Line($"{rest.Ports}/{rest.Protocol}")}")}", terminal.Width));
    }

    private static void Scripts(Terminal terminal, IReadOnlyList<FoundScriptView> scripts, string indent)
    {
        foreach (var script in scripts)
        {
            var lines = Printable.Lines(script.Output).Replace("\t", "  ", StringComparison.Ordinal).Split('\n').Where(line => line.Trim().Length > 0).ToList();
            var id = $"{indent}{Printable.Line(script.Id)}: ";
            terminal.Print(Clip((id + (lines.Count == 1 ? lines[0].Trim() : "")).TrimEnd(), terminal.Width));
            foreach (var line in lines.Count == 1 ? [] : lines.Take(MostLines))
                terminal.Print(Clip($"{indent}  {line}", terminal.Width));
            if (lines.Count > MostLines || script.Cut)
                terminal.Print($"{indent}  … {(lines.Count > MostLines ? $"{RunText.Count(lines.Count - MostLines, "line")} more; --format json has them" : "cut here")}");
        }
    }

    private static IEnumerable<string> Missing(ResultsView results)
    {
        if (results is { NotMeasuredHosts: not "0" })
            yield return $"not measured: {results.NotMeasuredHosts} of the targets ({Printable.Line(string.Join(", ", results.NotMeasured.Take(5)))}{(results.NotMeasured.Count > 5 ? ", …" : "")}): the run was cut before it had told of them";
        else if (!results.Complete)
            yield return "the tool did not say that it has told all: what is missing was not measured";
        if (results.NotMeasuredSince is { } since)
            yield return $"what got no answer since {When.Exact(since)} was not measured: the run's packets were held back or dropped";
        if (results.Trouble is { } trouble && results.Complete)
            yield return $"the results cannot be read to their end: {Printable.Line(trouble)}";
        if (results.UnlistedHosts + results.UnlistedPorts > 0)
            yield return $"cut by a limit: {RunText.Count(results.UnlistedHosts, "more host")}, {RunText.Count(results.UnlistedPorts, "more port")}; --format xml has them";
        if (results.CutTexts > 0)
            yield return $"cut by a limit: {RunText.Count(results.CutTexts, "text")}; --format xml has them whole";
    }

    private static string Port(FoundPortView port) => string.Create(CultureInfo.InvariantCulture, $"{port.Port}/{port.Protocol}");

    // A port that was not measured is never called what the tool called it.
    private static string State(string state, string? said) => state == "not-measured" ? "not measured" : said is null ? Printable.Line(state) : "not measured";

    private static Tone Colour(string state) => state switch { "open" => Tone.Good, "not-measured" => Tone.Notice, _ => Tone.Plain };

    private static string Clip(string line, int width) =>
        line.Length <= width ? line : width < 2 ? "" : line[..(char.IsHighSurrogate(line[width - 2]) ? width - 2 : width - 1)] + "…";
}
