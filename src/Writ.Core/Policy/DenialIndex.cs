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

    private const int Few = 16;

    private static readonly string[] Blocks = [.. Enumerable.Range(0, 65_536 / Block).Select(block => block.ToString(CultureInfo.InvariantCulture))];

    private readonly ScopeIndex<Denial> _denials = new();

    /// <summary>An index of these denials.</summary>
    public DenialIndex(IEnumerable<Denial> denials)
    {
        foreach (var denial in denials)
            _denials.Add(denial.Roles, denial.Zones, [.. denial.Tools is null ? [PolicyTopic.Every] : denial.Tools.SelectMany(tool => Topics(tool.Key, tool.Value))], denial);
    }

    /// <summary>The denials, in file order, that bind one of the roles in one of the zones and may forbid something of the plan.</summary>
    public IReadOnlyList<Denial> Find(IReadOnlySet<string> roles, IReadOnlyList<string> zones, Plan plan)
    {
        HashSet<string>? bound = null;
        HashSet<PolicyTopic>? topics = null;
        var found = new List<Denial>();
        for (var at = 0; at <= zones.Count; at++)
        {
            var zone = at < zones.Count ? zones[at] : ScopeIndex<Denial>.Every;
            if (_denials.Count(zone) is var entries && entries == 0)
                continue;
            // Looking at a few denials takes less time than listing what they could be about.
            if (entries <= Few)
                _denials.FindAll(roles, zone, found);
            else
                _denials.Find(bound ??= new(roles, StringComparer.Ordinal) { ScopeIndex<Denial>.Every }, zone, topics ??= Topics(plan), found);
        }

        return found.Count < 2 ? found : [.. found.Distinct().OrderBy(denial => denial.Order)];
    }

    private static HashSet<PolicyTopic> Topics(string tool, Facets facets)
    {
        var topics = new HashSet<PolicyTopic>();
        foreach (var (facet, term) in facets.Terms)
        {
            switch (term)
            {
                case NamedTerm { Any: false, Patterns.Count: 0 } named:
                    topics.UnionWith(named.Named.Select(word => new PolicyTopic(tool, facet, word)));
                    break;
                // Very wide ports are met by nearly every plan.
                case PortsTerm { Ports: var ports } when BlocksOf(ports).Take(17).Count() <= 16:
                    topics.UnionWith(BlocksOf(ports).Select(block => new PolicyTopic(tool, facet, block)));
                    break;
                default:
                    return [new(tool, "", "")];
            }
        }

        return facets.Any || topics.Count == 0 ? [new(tool, "", "")] : topics;
    }

    private static HashSet<PolicyTopic> Topics(Plan plan)
    {
        HashSet<PolicyTopic> topics = [PolicyTopic.Every, new(plan.Tool, "", "")];
        foreach (var value in plan.Facets)
        {
            switch (value)
            {
                case FacetWords words:
                    foreach (var word in words.Words)
                        topics.Add(new(plan.Tool, value.Facet, word));
                    break;
                case FacetItems items:
                    foreach (var item in items.Items)
                    {
                        topics.Add(new(plan.Tool, value.Facet, item.Name));
                        foreach (var label in item.Labels)
                            topics.Add(new(plan.Tool, value.Facet, label));
                    }

                    break;
                case FacetPorts ports:
                    foreach (var block in BlocksOf(ports.Ports))
                        topics.Add(new(plan.Tool, value.Facet, block));
                    break;
                case FacetNumber:
                    break;
            }
        }

        return topics;
    }

    private static IEnumerable<string> BlocksOf(PortSet ports)
    {
        var next = 0;
        foreach (var (first, last) in ports.Ranges)
        {
            for (var block = Math.Max(next, first / Block); block <= last / Block; block++)
                yield return Blocks[block];
            next = last / Block + 1;
        }
    }
}
