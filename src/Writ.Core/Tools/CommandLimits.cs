using Writ.Proof.Addresses;

namespace Writ.Core.Tools;

/// <summary>
/// How far a command may go. A tool that narrows a command asks it facet by facet; it is made from rules and denials, but
/// says nothing of them.
/// </summary>
public abstract class CommandLimits
{
    /// <summary>The targets that are kept: some of those that the command has, never none.</summary>
    public abstract AddressSet Targets { get; }

    /// <summary>All that may be reached, the targets among it.</summary>
    public abstract AddressSet Addresses { get; }

    /// <summary>True where the word may stay.</summary>
    public abstract bool Opens(FacetDefinition facet, string word);

    /// <summary>True where the thing may stay.</summary>
    public abstract bool Opens(FacetDefinition facet, FacetItem item);

    /// <summary>The ports that may stay.</summary>
    public abstract PortSet Ports(FacetDefinition facet);

    /// <summary>The highest number that may stay; the largest value where there is no bound.</summary>
    public abstract decimal AtMost(FacetDefinition facet);

    /// <summary>How many facets of the plan go further than this, addresses beyond the limits and other targets among them.</summary>
    public int Excess(Plan plan, IReadOnlyList<FacetDefinition> facets) =>
        facets.Count(facet => plan.Facets.FirstOrDefault(value => value.Facet == facet.Name) is { } value && IsOver(facet, value))
        + (plan.Scope.Addresses.IsSubsetOf(Addresses) ? 0 : 1)
        + (plan.Targets.IsSubsetOf(Targets) ? 0 : 1);

    /// <summary>True where something of the value may not stay.</summary>
    public bool IsOver(FacetDefinition facet, FacetValue value) => Weight(facet, value) > 0;

    /// <summary>How much of the value may not stay: 0 where all of it may.</summary>
    public decimal Weight(FacetDefinition facet, FacetValue value) => value switch
    {
        FacetWords words => words.Words.Count(word => !Opens(facet, word)),
        FacetItems items => items.Items.Count(item => !Opens(facet, item)),
        FacetPorts ports => ports.Ports.Except(Ports(facet)).Count,
        // Targets are kept or not by address, not by number.
        FacetNumber when facet.CountsTargets => 0,
        FacetNumber number => number.Number > AtMost(facet) ? 1 : 0,
        _ => 1,
    };
}
