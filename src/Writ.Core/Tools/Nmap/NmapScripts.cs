using System.Runtime.CompilerServices;
using System.Text;
using System.Text.RegularExpressions;
using Writ.Proof.Errors;
using Writ.Proof.Runners;

namespace Writ.Core.Tools.Nmap;

/// <summary>The scripts of a runner, as its <c>script.db</c> lists them.</summary>
internal sealed partial class NmapScripts
{
    /// <summary>The category of a requester's own script; no name of the runner's can stand for one.</summary>
    public const string OwnCategory = "script-file";

    /// <summary>
    /// A category of Writ's own, for scripts that send packets to hosts that are no targets. It must be opened beside the others, so
    /// that <c>safe</c> alone does not open them.
    /// </summary>
    public const string ReachesOthers = "reaches-others";

    private static readonly ConditionalWeakTable<ToolFile, NmapScripts> Known = [];
    private readonly PlannedScript[] _all;

    private NmapScripts(ToolFile file)
    {
        _all = [.. Entry().Matches(Encoding.Latin1.GetString(file.Content.Span))
            .Select(entry => new PlannedScript(
                entry.Groups["name"].Value,
                [.. Quoted().Matches(entry.Groups["categories"].Value).Select(word => word.Groups[1].Value).Distinct().Order(StringComparer.Ordinal)]))
            .DistinctBy(script => script.Name)
            .OrderBy(script => script.Name, StringComparer.Ordinal)];
    }

    /// <summary>The scripts of the runner's file, or null where the runner has published none.</summary>
    public static NmapScripts? Of(ToolInventory inventory) =>
        inventory.FindFile("script.db") is { } file ? Known.GetValue(file, found => new(found)) : null;

    /// <summary>
    /// The scripts that these rules select, in bytewise order; each is forced or not by the first rule that selects it. A
    /// rule that selects none is refused, as a spelling mistake must not pass for a selection.
    /// </summary>
    public Result<IReadOnlyList<PlannedScript>> Select(NmapScriptRules rules)
    {
        var first = new NmapScriptRule?[_all.Length];
        var own = new List<PlannedScript>();
        foreach (var rule in rules.Rules)
        {
            if (rule.File is { } name)
            {
                own.Add(new($"file:{name}", [OwnCategory], Forced: rule.Forced));
                continue;
            }

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

        PlannedScript[] selected = [.. _all.Zip(first).Where(pair => pair.Second is not null).Select(pair => Shown(pair.First) with { Forced = pair.Second!.Forced })];
        var twice = own.Select(script => script.Name["file:".Length..]).Concat(selected.Select(script => script.Name)).GroupBy(name => name).FirstOrDefault(group => group.Count() > 1);
        return twice is not null && own.Count > 0
            ? new Refusal(ErrorCode.InvalidCommand, $"--script: two scripts are called '{twice.Key}'", "give the file a name of its own")
            : (PlannedScript[])[.. selected.Concat(own).OrderBy(script => script.Name, StringComparer.Ordinal)];
    }

    private static PlannedScript Shown(PlannedScript script) => NmapScriptFacts.Of(script).Others
        ? script with { Categories = [.. script.Categories.Append(ReachesOthers).Order(StringComparer.Ordinal)] } : script;

    /// <summary>The scripts that version detection brings along.</summary>
    public IEnumerable<PlannedScript> OfVersionDetection => _all.Where(script => script.Categories.Contains("version"));

    private Refusal Unknown(NmapScriptRule rule)
    {
        if (rule.Text.AsSpan().ContainsAny("/\\~"))
            return Wrong(rule, "is no path of a script", "name one file of yours, such as ./check.nse");
        if (rule.Expression is null)
            return Wrong(rule, "is no expression", "such as 'default and not (brute or dos)'; 'and' and 'or' stand between two values");
        if (rule.Expression is not NmapScriptExpression.Word { Text: var word })
            return Wrong(rule, "selects no script of the runner's", null);
        var near = Spelling.Nearest(word, NmapFacets.Scripts.Known.Order(StringComparer.Ordinal).Concat(_all.Select(script => script.Name)));
        return Wrong(rule, "is no script or category of the runner's",
            near is not null ? $"did you mean '{near}'?" : word.EndsWith(".nse", StringComparison.Ordinal) ? $"write ./{word} to send a file of yours along" : null);
    }

    private static Refusal Wrong(NmapScriptRule rule, string why, string? hint) =>
        new(ErrorCode.InvalidCommand, $"--script: '{NmapArguments.Show(rule.Text)}' {why}", hint);

    [GeneratedRegex("""^Entry \{ filename = "(?<name>[A-Za-z0-9._-]+)\.nse", categories = \{(?<categories>[^}]*)\} \}\s*$""", RegexOptions.Multiline)]
    private static partial Regex Entry();

    [GeneratedRegex("\"([a-z]+)\"")]
    private static partial Regex Quoted();
}
