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
    private readonly PlannedScript[] _all;
    private readonly FrozenDictionary<string, PlannedScript> _byName;

    private NmapScripts(ToolFile file)
    {
        _all = [.. Entry().Matches(Encoding.Latin1.GetString(file.Content.Span))
            .Select(entry => new PlannedScript(
                entry.Groups["name"].Value,
                [.. Quoted().Matches(entry.Groups["categories"].Value).Select(word => word.Groups[1].Value).Distinct().Order(StringComparer.Ordinal)]))
            .DistinctBy(script => script.Name)
            .OrderBy(script => script.Name, StringComparer.Ordinal)];
        _byName = _all.ToFrozenDictionary(script => script.Name, StringComparer.Ordinal);
    }

    /// <summary>The scripts of the runner's file, or null where the runner has published none.</summary>
    public static NmapScripts? Of(ToolInventory inventory) =>
        inventory.FindFile("script.db") is { } file ? Known.GetValue(file, found => new(found)) : null;

    /// <summary>The script of this name, or null.</summary>
    public PlannedScript? Find(string name) => _byName.GetValueOrDefault(name);

    /// <summary>True when the rule selects at least one script; what selects none is a path to Nmap.</summary>
    public bool Knows(NmapScriptRule rule) => rule.Expression is { } expression && _all.Any(expression.Selects);

    /// <summary>
    /// The scripts that these rules select, in bytewise order; each is forced or not by the first rule that selects it. A
    /// rule that selects none is refused, as a spelling mistake must not pass for a selection.
    /// </summary>
    public Result<IReadOnlyList<PlannedScript>> Select(NmapScriptRules rules)
    {
        var first = new NmapScriptRule?[_all.Length];
        foreach (var rule in rules.Rules)
        {
            var found = false;
            for (var index = 0; index < _all.Length; index++)
            {
                if (rule.Expression?.Selects(_all[index]) != true)
                    continue;
                found = true;
                first[index] ??= rule;
            }

            if (!found)
                return Unknown(rule);
        }

        return (PlannedScript[])[.. _all.Zip(first).Where(pair => pair.Second is not null).Select(pair => pair.First with { Forced = pair.Second!.Forced })];
    }

    /// <summary>The scripts that version detection brings along.</summary>
    public IEnumerable<PlannedScript> OfVersionDetection => _all.Where(script => script.Categories.Contains("version"));

    private Refusal Unknown(NmapScriptRule rule)
    {
        if (rule.Text.AsSpan().ContainsAny("/\\~"))
            return Wrong(rule, "is a path: only the runner's own scripts can run", null);
        if (rule.Expression is null)
            return Wrong(rule, "is no expression", "such as 'default and not (brute or dos)'; 'and' and 'or' stand between two values");
        if (rule.Expression is not NmapScriptExpression.Word { Text: var word })
            return Wrong(rule, "selects no script of the runner's", null);
        var near = Spelling.Nearest(word, NmapFacets.Scripts.Known.Order(StringComparer.Ordinal).Concat(_all.Select(script => script.Name)));
        return Wrong(rule, "is no script or category of the runner's", near is null ? null : $"did you mean '{near}'?");
    }

    private static Refusal Wrong(NmapScriptRule rule, string why, string? hint) =>
        new(ErrorCode.InvalidCommand, $"--script: '{NmapArguments.Show(rule.Text)}' {why}", hint);

    [GeneratedRegex("""^Entry \{ filename = "(?<name>[A-Za-z0-9._-]+)\.nse", categories = \{(?<categories>[^}]*)\} \}\s*$""", RegexOptions.Multiline)]
    private static partial Regex Entry();

    [GeneratedRegex("\"([a-z]+)\"")]
    private static partial Regex Quoted();
}
