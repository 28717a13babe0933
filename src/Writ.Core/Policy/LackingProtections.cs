using Writ.Core.Tools;

namespace Writ.Core.Policy;

/// <summary>Whether another runner would have been let do what this one is not.</summary>
public static class LackingProtections
{
    private const string Facet = "protections";

    /// <summary>
    /// What the plan's runner would have to hold runs by, as well, for the answer to be another; none where something else is in the way too. Of
    /// several rules of a zone, that which asks for least.
    /// </summary>
    public static IReadOnlyList<string> Of(Evaluation found, Plan plan)
    {
        if (found.Verdict != Verdict.Deny || found.Denials.Count > 0 || !found.Outside.IsEmpty)
            return [];
        var lacking = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var zone in found.Findings.Where(zone => zone.Verdict == Verdict.Deny))
        {
            var least = zone.Rules.Where(rule => rule.Failed.Count > 0 && rule.Failed.All(failed => failed.Facet == Facet))
                .Select(rule => rule.Failed.SelectMany(failed => failed.Allowed.Split(", ")).Except(plan.Protections, StringComparer.Ordinal).ToArray())
                .MinBy(words => words.Length);
            if (least is null)
                return [];
            lacking.UnionWith(least);
        }

        return [.. lacking];
    }
}
