using System.Globalization;
using Writ.Core.Tools;
using Writ.Proof.Addresses;

namespace Writ.Core.Policy;

/// <summary>
/// Finds the denials that could forbid something of a plan. A denial that names words, labels or ports of a tool is found
/// only by a plan that has one of them; the others of its role, zone and tool are always looked at.
/// </summary>
internal sealed class DenialIndex
{
    /// <summary>Ports are found by blocks of so many.</summary>
    private const int Block = 256;

    private readonly ScopeIndex<Denial> _denials = new();

    /// <summary>An index of these denials.</summary>
    public DenialIndex(IEnumerable<Denial> denials)
    {
        foreach (var denial in denials)
            _denials.Add(denial.Roles, denial.Zones, [.. denial.Tools is null ? [ScopeIndex<Denial>.Every] : denial.Tools.SelectMany(tool => Topics(tool.Key, tool.Value))], denial);
    }

    /// <summary>The denials, in file order, that bind one of the roles in one of the zones and may forbid something of the plan.</summary>
    public IReadOnlyList<Denial> Find(IReadOnlySet<string> roles, IEnumerable<string> zones, Plan plan)
    {
        HashSet<string> bound = new(roles, StringComparer.Ordinal) { ScopeIndex<Denial>.Every };
        HashSet<string>? topics = null;
        var found = new SortedDictionary<int, Denial>();
        foreach (var zone in zones.Append(ScopeIndex<Denial>.Every).Where(_denials.Knows))
        {
            foreach (var denial in _denials.Find(bound, zone, topics ??= Topics(plan)))
                found[denial.Order] = denial;
        }

        return [.. found.Values];
    }

    private static HashSet<string> Topics(string tool, Facets facets)
    {
        if (facets.Any || facets.Terms.Count == 0)
            return [tool];
        var topics = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (facet, term) in facets.Terms)
        {
            switch (term)
            {
                case NamedTerm { Any: false, Patterns.Count: 0 } named:
                    topics.UnionWith(named.Named.Select(word => $"{tool}/{facet}={word}"));
                    break;
                case PortsTerm { Ports: var ports } when Blocks(ports).Take(17).Count() <= 16:
                    topics.UnionWith(Blocks(ports).Select(block => PortTopic(tool, facet, block)));
                    break;
                default:
                    return [tool];
            }
        }

        return topics;
    }

    private static HashSet<string> Topics(Plan plan)
    {
        HashSet<string> topics = new(StringComparer.Ordinal) { ScopeIndex<Denial>.Every, plan.Tool };
        foreach (var value in plan.Facets)
        {
            switch (value)
            {
                case FacetWords words:
                    topics.UnionWith(words.Words.Select(word => $"{plan.Tool}/{value.Facet}={word}"));
                    break;
                case FacetItems items:
                    topics.UnionWith(items.Items.SelectMany(item => item.Labels.Append(item.Name)).Distinct().Select(word => $"{plan.Tool}/{value.Facet}={word}"));
                    break;
                case FacetPorts ports:
                    topics.UnionWith(Blocks(ports.Ports).Select(block => PortTopic(plan.Tool, value.Facet, block)));
                    break;
                case FacetNumber:
                    break;
            }
        }

        return topics;
    }

    private static IEnumerable<int> Blocks(PortSet ports) =>
        ports.Ranges.SelectMany(range => Enumerable.Range(range.First / Block, range.Last / Block - range.First / Block + 1)).Distinct();

    private static string PortTopic(string tool, string facet, int block) => string.Create(CultureInfo.InvariantCulture, $"{tool}/{facet}#{block}");
}
