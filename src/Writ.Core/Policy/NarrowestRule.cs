using System.Globalization;
using System.Text;
using System.Text.Json;
using Writ.Core.Tools;
using Writ.Core.Zones;
using Writ.Proof.Addresses;

namespace Writ.Core.Policy;

/// <summary>What somebody really did with a right that a rule gave.</summary>
/// <param name="Plan">What ran.</param>
/// <param name="Duration">For how long the right was asked.</param>
/// <param name="Uses">For how many runs.</param>
/// <param name="Template">The template by which it was asked for; null for a command of one's own.</param>
public sealed record UsedRight(Plan Plan, TimeSpan Duration, int Uses, string? Template = null);

/// <summary>
/// The least of a rule that still gives all that was used of it: its zones, tools, facets, duration and uses. What a rule says beside
/// these (roles, hours, approvals) is about who and when, and is left alone.
/// </summary>
public static class NarrowestRule
{
    /// <summary>The rule, cut down to what was used; null where nothing was, since then nothing of it is needed.</summary>
    /// <param name="policy">The policy that the rule is of.</param>
    /// <param name="rule">The rule.</param>
    /// <param name="used">What ran under it.</param>
    public static Rule? Of(PolicyDocument policy, Rule rule, IReadOnlyList<UsedRight> used)
    {
        Held[] held = [.. used.Select(right => new Held(right, FacetValues.Of(right.Plan, policy.Tools), policy.ZoneMap.Cover(right.Plan.Targets.Union(right.Plan.Scope.Addresses)).Touched))];
        string[] zones = [.. rule.Zones.Where(zone => held.Any(each => each.In(zone) is not null))];
        if (zones.Length == 0)
            return null;
        var tools = held.GroupBy(each => each.Right.Plan.Tool, StringComparer.Ordinal).Where(group => rule.Tools.ContainsKey(group.Key))
            .OrderBy(group => group.Key, StringComparer.Ordinal)
            .ToDictionary(group => group.Key, group => rule.Templates is null ? Least(policy.Tools.Find(group.Key)?.Facets ?? [], zones, [.. group]) : rule.Tools[group.Key], StringComparer.Ordinal);
        return rule with
        {
            Zones = zones, Tools = tools,
            Templates = rule.Templates is { } templates ? [.. templates.Where(template => used.Any(right => right.Template == template))] : null,
            MaxDuration = Min(rule.MaxDuration, used.Max(right => right.Duration)), MaxUses = Math.Min(rule.MaxUses, Math.Max(1, used.Max(right => right.Uses))),
        };
    }

    /// <summary>A right with what policy knows of its plan.</summary>
    private sealed record Held(UsedRight Right, FacetValues Values, IReadOnlyList<TouchedZone> Zones)
    {
        /// <summary>What of the plan lies in the zone, or null where nothing does.</summary>
        public AddressSet? In(string zone) => Zones.FirstOrDefault(touched => touched.Zone.Name == zone)?.Addresses;
    }

    /// <summary>The keys of a rule that were cut down, as they are written in a policy.</summary>
    public static string Text(Rule rule)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"zones: [{string.Join(", ", rule.Zones.Select(Word))}]\n");
        if (rule.Templates is { } templates)
            text.Append(CultureInfo.InvariantCulture, $"templates: [{string.Join(", ", templates.Select(Word))}]\n");
        else
        {
            text.Append("tools:\n");
            foreach (var (tool, facets) in rule.Tools)
            {
                text.Append(CultureInfo.InvariantCulture, $"  {Word(tool)}:{(facets.Terms.Count == 0 ? " {}" : "")}\n");
                foreach (var (facet, term) in facets.Terms)
                    text.Append(CultureInfo.InvariantCulture, $"    {facet}: {Value(term)}\n");
            }
        }

        return text.Append(CultureInfo.InvariantCulture, $"max-duration: {Duration.Format(rule.MaxDuration)}\n{(rule.Recurring ? "" : $"max-uses: {rule.MaxUses}\n")}").ToString();
    }

    private static Facets Least(IReadOnlyList<FacetDefinition> definitions, string[] zones, Held[] held)
    {
        var terms = new Dictionary<string, FacetTerm>(StringComparer.Ordinal);
        for (var at = 0; at < definitions.Count; at++)
        {
            var facet = definitions[at];
            // Targets are counted in each zone by itself, as the answer to a request counts them.
            FacetValue[] values = [.. held.SelectMany(each => facet.CountsTargets
                ? zones.Select(each.In).OfType<AddressSet>().Select(part => each.Values.ForTargets(each.Right.Plan.Targets.Intersect(part).Count)[at])
                : [each.Values[at]]).OfType<FacetValue>()];
            var silent = FacetTerm.LeastOf(facet);
            if (values.Any(value => silent.NotOpened(facet, value) is not null))
                terms.Add(facet.Name, Covering(facet, values));
        }

        return new Facets(definitions, any: false, terms);
    }

    private static FacetTerm Covering(FacetDefinition facet, FacetValue[] values) => facet.Kind switch
    {
        FacetKind.Ports => new PortsTerm(values.OfType<FacetPorts>().Aggregate(PortSet.Empty, (all, value) => all.Union(value.Ports))),
        FacetKind.AtMost => new NumberTerm(values.OfType<FacetNumber>().Max(value => value.Number)),
        FacetKind.Words => Named(values.OfType<FacetWords>().SelectMany(value => value.Words).Where(word => !facet.Free.Contains(word))),
        // What something else brings along is opened by that.
        FacetKind.Labelled => Named(values.OfType<FacetItems>().SelectMany(value => value.Items).Where(item => !item.Implied).Select(item => item.Name)),
    };

    private static NamedTerm Named(IEnumerable<string> names) => new(false, names.ToHashSet(StringComparer.Ordinal), []);

    private static string Value(FacetTerm term) => term switch
    {
        NamedTerm named => $"[{string.Join(", ", named.Named.Order(StringComparer.Ordinal).Select(Word))}]",
        PortsTerm ports => $"\"{ports.Exactly}\"",
        _ => term.Exactly,
    };

    /// <summary>Plain where YAML reads it as nothing but text.</summary>
    private static string Word(string word) =>
        word.Length > 0 && char.IsAsciiLetter(word[0]) && word.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '-' or '_' or '.') && word is not ("null" or "true" or "false" or "any")
            ? word : $"\"{JsonEncodedText.Encode(word)}\"";

    private static TimeSpan Min(TimeSpan one, TimeSpan other) => one < other ? one : other;
}
