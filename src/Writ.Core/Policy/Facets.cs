using Writ.Core.Tools;

namespace Writ.Core.Policy;

/// <summary>
/// How far a rule opens a tool, or what of it a denial forbids, facet by facet. It knows no tool: what facets there are
/// and what a rule opens that does not mention one is in the tool's definitions.
/// </summary>
public sealed class Facets
{
    private readonly IReadOnlyList<FacetDefinition> _facets;

    /// <summary>What a rule opens of each facet, in the order of the definitions: asked far more often than read.</summary>
    private readonly FacetTerm[] _opened;

    /// <summary>The places of the definitions that are mentioned.</summary>
    private readonly int[] _mentioned;

    /// <summary>What a rule or denial says of a tool.</summary>
    /// <param name="facets">The tool's definitions; none of a tool that is not known.</param>
    /// <param name="any">
    /// In a rule: what is not mentioned is opened as <c>any</c> instead of the least. In a denial: the whole tool is forbidden.
    /// </param>
    /// <param name="terms">What is mentioned, by the facet's name.</param>
    public Facets(IReadOnlyList<FacetDefinition> facets, bool any, IReadOnlyDictionary<string, FacetTerm> terms)
    {
        (_facets, Any, Terms) = (facets, any, terms);
        _opened = [.. facets.Select(facet => terms.GetValueOrDefault(facet.Name) ?? (any ? FacetTerm.AnyOf(facet) : FacetTerm.LeastOf(facet)))];
        _mentioned = [.. Enumerable.Range(0, facets.Count).Where(at => terms.ContainsKey(facets[at].Name))];
    }

    /// <summary>What is not mentioned is opened as <c>any</c>; in a denial: the whole tool is forbidden.</summary>
    public bool Any { get; }

    /// <summary>What is mentioned, by the facet's name.</summary>
    public IReadOnlyDictionary<string, FacetTerm> Terms { get; }

    /// <summary>What a rule with these facets opens of one of the tool's.</summary>
    public FacetTerm Opened(FacetDefinition facet)
    {
        for (var at = 0; at < _opened.Length; at++)
        {
            if (ReferenceEquals(_facets[at], facet) || _facets[at].Name == facet.Name)
                return _opened[at];
        }

        throw new ArgumentException($"the tool has no facet {facet.Name}", nameof(facet));
    }

    /// <summary>What of the values a rule with these facets does not open, in the order of the definitions.</summary>
    public IReadOnlyList<(FacetDefinition Facet, FacetGap Gap)> NotOpened(FacetValues values)
    {
        List<(FacetDefinition, FacetGap)>? gaps = null;
        for (var at = 0; at < _opened.Length; at++)
        {
            if (_opened[at].NotOpened(_facets[at], values[at]) is { } gap)
                (gaps ??= []).Add((_facets[at], gap));
        }

        return gaps ?? [];
    }

    /// <summary>
    /// What of the values a denial with these facets forbids; any one facet is enough, so that a denial written too broadly
    /// is noticed and none has a gap.
    /// </summary>
    public IEnumerable<(FacetDefinition Facet, FacetGap Gap)> Forbidden(FacetValues values)
    {
        foreach (var at in _mentioned)
        {
            if (_opened[at].Forbidden(_facets[at], values[at]) is { } gap)
                yield return (_facets[at], gap);
        }
    }
}

/// <summary>A plan's answers to its tool's facets, in the order of the definitions, for a part of its targets.</summary>
public readonly struct FacetValues
{
    private readonly IReadOnlyList<FacetDefinition> _facets;
    private readonly FacetValue?[] _values;
    private readonly decimal _targets;

    private FacetValues(IReadOnlyList<FacetDefinition> facets, FacetValue?[] values, UInt128 targets) =>
        (_facets, _values, _targets) = (facets, values, targets <= ulong.MaxValue ? (ulong)targets : (decimal)UInt128.Min(targets, (UInt128)decimal.MaxValue));

    /// <summary>The answers of a plan as a whole.</summary>
    public static FacetValues Of(Plan plan, ToolCatalogue tools)
    {
        var facets = tools.Find(plan.Tool)?.Facets ?? [];
        var (values, answered) = (new FacetValue?[facets.Count], new bool[facets.Count]);
        for (var given = 0; given < plan.Facets.Count; given++)
        {
            // Tools answer in the order of their definitions mostly.
            var at = given < facets.Count && facets[given].Name == plan.Facets[given].Facet ? given : IndexOf(facets, plan.Facets[given].Facet);
            if (at < 0)
                continue;
            if (answered[at])
                values[at] = null;
            else
                (answered[at], values[at]) = (true, plan.Facets[given]);
        }

        return new(facets, values, plan.Targets.Count);
    }

    /// <summary>The answers of the same plan for so many of its targets.</summary>
    public FacetValues ForTargets(UInt128 targets) => new(_facets, _values, targets);

    /// <summary>The answer to the facet at this place of the definitions, or null where the plan gave none, or more than one.</summary>
    public FacetValue? this[int at] => _facets[at].CountsTargets ? new FacetNumber(_facets[at].Name, _targets) : _values[at];

    private static int IndexOf(IReadOnlyList<FacetDefinition> facets, string name)
    {
        for (var at = 0; at < facets.Count; at++)
        {
            if (facets[at].Name == name)
                return at;
        }

        return -1;
    }
}
