using Writ.Core.Tools;

namespace Writ.Core.Policy;

/// <summary>
/// How far a rule opens a tool, or what of it a denial forbids, facet by facet. It knows no tool: what facets there are
/// and what a rule opens that does not mention one is in the tool's definitions.
/// </summary>
public sealed record Facets
{
    /// <summary>The tool's name.</summary>
    public required string Tool { get; init; }

    /// <summary>
    /// In a rule: what is not mentioned is opened as <c>any</c> instead of the least. In a denial: the whole tool is forbidden.
    /// </summary>
    public bool Any { get; init; }

    /// <summary>What is mentioned, by the facet's name.</summary>
    public IReadOnlyDictionary<string, FacetTerm> Terms { get; init; } = new Dictionary<string, FacetTerm>();

    /// <summary>What a rule with these facets opens of this one.</summary>
    public FacetTerm Opened(FacetDefinition facet) =>
        Terms.GetValueOrDefault(facet.Name) ?? (Any ? FacetTerm.AnyOf(facet) : FacetTerm.LeastOf(facet));

    /// <summary>What of the values a rule with these facets does not open, in the order of the definitions.</summary>
    public IEnumerable<(FacetDefinition Facet, FacetGap Gap)> NotOpened(IReadOnlyList<FacetDefinition> facets, FacetValues values)
    {
        foreach (var facet in facets)
        {
            if (Opened(facet).NotOpened(facet, values.Of(facet)) is { } gap)
                yield return (facet, gap);
        }
    }

    /// <summary>
    /// What of the values a denial with these facets forbids; any one facet is enough, so that a denial written too broadly
    /// is noticed and none has a gap.
    /// </summary>
    public IEnumerable<(FacetDefinition Facet, FacetGap Gap)> Forbidden(IReadOnlyList<FacetDefinition> facets, FacetValues values)
    {
        foreach (var facet in facets)
        {
            if (Terms.TryGetValue(facet.Name, out var term) && term.Forbidden(facet, values.Of(facet)) is { } gap)
                yield return (facet, gap);
        }
    }
}

/// <summary>A plan's answers by facet, for a part of its targets.</summary>
public readonly struct FacetValues
{
    private readonly IReadOnlyList<FacetValue> _values;
    private readonly decimal _targets;

    private FacetValues(IReadOnlyList<FacetValue> values, UInt128 targets) =>
        (_values, _targets) = (values, (decimal)UInt128.Min(targets, (UInt128)decimal.MaxValue));

    /// <summary>The answers of a plan as a whole.</summary>
    public static FacetValues Of(Plan plan) => new(plan.Facets, plan.Targets.Count);

    /// <summary>The answers of the same plan for so many of its targets.</summary>
    public FacetValues ForTargets(UInt128 targets) => new(_values, targets);

    /// <summary>The answer to one facet, or null where the plan gave none, or more than one.</summary>
    public FacetValue? Of(FacetDefinition facet)
    {
        if (facet.CountsTargets)
            return new FacetNumber(facet.Name, _targets);
        FacetValue? found = null;
        foreach (var value in _values)
        {
            if (value.Facet != facet.Name)
                continue;
            if (found is not null)
                return null;
            found = value;
        }

        return found;
    }
}
