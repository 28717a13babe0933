using System.Globalization;
using Writ.Proof.Addresses;

namespace Writ.Core.Tools.Nmap;

/// <summary>Writes some of a command's targets: what was typed where all of it stays, and else plain ranges and networks.</summary>
internal static class NmapNarrowTargets
{
    /// <summary>More separate texts than this nobody reads; the lowest are given, which stay within the limits all the same.</summary>
    private const int MostTexts = 64;

    /// <summary>More expressions than this are not looked at one by one.</summary>
    private const int MostExpressions = 64;

    /// <summary>Target expressions for these addresses.</summary>
    public static IReadOnlyList<string> Within(NmapTool tool, PlanContext context, NmapDraft draft, AddressSet targets)
    {
        var texts = new List<string>();
        var left = targets;
        string[] family = draft.Has("-6") ? ["-6"] : [];
        foreach (var expression in draft.Targets.Count <= MostExpressions ? draft.Targets : [])
        {
            string[] alone = ["nmap", "-sL", "-n", .. family, "--", expression];
            if (tool.Plan(alone, context) is not { IsOk: true, Value.Targets: var own } || !own.IsSubsetOf(targets) || own.Intersect(left).IsEmpty)
                continue;
            texts.Add(expression);
            left = left.Except(own);
        }

        return [.. texts.Concat(left.Ranges.SelectMany(Texts)).Take(MostTexts)];
    }

    private static IEnumerable<string> Texts(AddressRange range)
    {
        if (range.First.IsV4 && !UInt128.IsPow2(range.Count) && range.First.Bits >> 8 == range.Last.Bits >> 8)
            return [string.Create(CultureInfo.InvariantCulture, $"{range.First}-{(int)(range.Last.Bits & 255)}")];
        return NmapArgv.Networks(range);
    }
}
