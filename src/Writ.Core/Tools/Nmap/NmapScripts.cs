using System.Collections.Frozen;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.RegularExpressions;
using Writ.Proof.Errors;
using Writ.Proof.Runners;

namespace Writ.Core.Tools.Nmap;

/// <summary>The scripts of a runner, as its <c>script.db</c> lists them.</summary>
internal sealed partial class NmapScripts
{
    private static readonly ConditionalWeakTable<ToolFile, NmapScripts> Known = [];
    private readonly FrozenDictionary<string, PlannedScript> _byName;

    private NmapScripts(ToolFile file) =>
        _byName = Entry().Matches(Encoding.Latin1.GetString(file.Content.Span))
            .Select(entry => new PlannedScript(
                entry.Groups["name"].Value,
                [.. Quoted().Matches(entry.Groups["categories"].Value).Select(word => word.Groups[1].Value).Distinct().Order(StringComparer.Ordinal)]))
            .DistinctBy(script => script.Name)
            .ToFrozenDictionary(script => script.Name, StringComparer.Ordinal);

    /// <summary>The scripts of the runner's file, or null where the runner has published none.</summary>
    public static NmapScripts? Of(ToolInventory inventory) =>
        inventory.FindFile("script.db") is { } file ? Known.GetValue(file, found => new(found)) : null;

    /// <summary>The word of a script selection without the ending that Nmap lets pass, or why it is refused.</summary>
    public static Result<string> Term(string word)
    {
        var term = word.EndsWith(".nse", StringComparison.Ordinal) ? word[..^4] : word;
        if (word.AsSpan().ContainsAny("/\\~"))
            return Wrong(word, "is a path: only the runner's own scripts can run", null);
        if (word.AsSpan().ContainsAny("*()+ ") || term is "all" or "true" or "false" or "and" or "or" or "not" or "")
            return Wrong(word, "is an expression, which is not supported yet", "name scripts and categories, separated by commas");
        return term.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.')
            ? term : Wrong(word, "is no name of a script or category", null);
    }

    /// <summary>The scripts that these terms select, in bytewise order; a term that selects none is refused.</summary>
    public Result<IReadOnlyList<PlannedScript>> Select(IEnumerable<string> terms)
    {
        var selected = new SortedDictionary<string, PlannedScript>(StringComparer.Ordinal);
        foreach (var term in terms)
        {
            PlannedScript[] found = [.. _byName.Values.Where(script => script.Name == term || script.Categories.Contains(term))];
            if (found.Length == 0)
            {
                var near = Spelling.Nearest(term, NmapFacets.Scripts.Known.Order(StringComparer.Ordinal).Concat(_byName.Keys.Order(StringComparer.Ordinal)));
                return Wrong(term, "is no script or category of the runner's", near is null ? null : $"did you mean '{near}'?");
            }

            foreach (var script in found)
                selected[script.Name] = script;
        }

        return (PlannedScript[])[.. selected.Values];
    }

    private static Refusal Wrong(string word, string why, string? hint) =>
        new(ErrorCode.InvalidCommand, $"--script: '{NmapArguments.Show(word)}' {why}", hint);

    [GeneratedRegex("""^Entry \{ filename = "(?<name>[A-Za-z0-9._-]+)\.nse", categories = \{(?<categories>[^}]*)\} \}\s*$""", RegexOptions.Multiline)]
    private static partial Regex Entry();

    [GeneratedRegex("\"([a-z]+)\"")]
    private static partial Regex Quoted();
}
