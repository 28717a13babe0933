using Writ.Core.Tools;
using Writ.Proof.Addresses;

namespace Writ.Core.Policy;

/// <summary>What several rules open together, each for its zone, less what denials forbid.</summary>
/// <param name="targets">The targets that are kept.</param>
/// <param name="addresses">All that may be reached.</param>
/// <param name="opened">What each of the rules opens of the tool.</param>
/// <param name="forbidden">What each of the denials forbids of the tool.</param>
internal sealed class PolicyLimits(
    AddressSet targets, AddressSet addresses, IReadOnlyList<Facets> opened, IReadOnlyList<Facets> forbidden) : CommandLimits
{
    /// <inheritdoc/>
    public override AddressSet Targets => targets;

    /// <inheritdoc/>
    public override AddressSet Addresses => addresses;

    /// <inheritdoc/>
    public override bool Opens(FacetDefinition facet, string word) =>
        opened.All(rule => rule.Opened(facet) is NamedTerm term && term.Opens(facet, word))
        && !Forbidding<NamedTerm>(facet).Any(term => term.Forbids(word));

    /// <inheritdoc/>
    public override bool Opens(FacetDefinition facet, FacetItem item) =>
        opened.All(rule => rule.Opened(facet) is NamedTerm term && term.Opens(facet, item))
        && !Forbidding<NamedTerm>(facet).Any(term => term.Forbids(item));

    /// <inheritdoc/>
    public override PortSet Ports(FacetDefinition facet)
    {
        var ports = PortSet.All;
        foreach (var rule in opened)
            ports = ports.Intersect(rule.Opened(facet) is PortsTerm term ? term.Ports : PortSet.Empty);
        return Forbidding<PortsTerm>(facet).Aggregate(ports, (left, term) => left.Except(term.Ports));
    }

    /// <inheritdoc/>
    public override decimal AtMost(FacetDefinition facet)
    {
        var most = decimal.MaxValue;
        foreach (var rule in opened)
            most = Math.Min(most, rule.Opened(facet) is NumberTerm term ? term.AtMost : 0);
        return Forbidding<NumberTerm>(facet).Aggregate(most, (least, term) => Math.Min(least, term.AtMost));
    }

    private IEnumerable<T> Forbidding<T>(FacetDefinition facet) where T : FacetTerm =>
        forbidden.Select(denial => denial.Terms.GetValueOrDefault(facet.Name)).OfType<T>();
}
