using Writ.Contracts.Requests;
using Writ.Core.Tools;
using Writ.Proof.Addresses;
using Writ.Proof.Errors;

namespace Writ.Server.Requests;

/// <summary>What a command may still do: all that it did, at some of its targets and ports.</summary>
internal sealed class SmallerLimits : CommandLimits
{
    private readonly Plan _before;
    private readonly PortSet? _ports;

    private SmallerLimits(Plan before, AddressSet targets, PortSet? ports) => (_before, Targets, _ports) = (before, targets, ports);

    public override AddressSet Targets { get; }

    public override AddressSet Addresses => _before.Scope.Addresses;

    /// <summary>The same on some of its targets.</summary>
    public static SmallerLimits On(Plan before, AddressSet targets) => new(before, targets, null);

    public static Result<SmallerLimits> Of(Plan before, NarrowAsk ask)
    {
        var targets = before.Targets;
        if (ask.Targets is { } texts)
        {
            if (!AddressSet.TryParse(texts, out var kept, out var wrong))
                return new Refusal(ErrorCode.InvalidTarget, $"'{RequestAccess.Shown(wrong)}' is no address, network or range", "for example 10.20.0.0/28 or 10.20.0.5-10.20.0.9");
            targets = targets.Intersect(kept);
            if (targets.IsEmpty)
                return new Refusal(ErrorCode.InvalidTarget, "none of these is a target of the request", "it has: " + RequestAccess.Shown(before.Targets.ToString()));
        }

        if (ask.Ports is null)
            return new SmallerLimits(before, targets, null);
        if (!PortSet.TryParse(ask.Ports, out var ports) || ports.IsEmpty)
            return new Refusal(ErrorCode.InvalidPorts, $"'{RequestAccess.Shown(ask.Ports)}' are no ports", "for example 22,80,8000-8100");
        return ports.Intersect(before.Tcp.Union(before.Udp).Union(before.Sctp)).IsEmpty
            ? new Refusal(ErrorCode.InvalidPorts, "none of these ports is asked for")
            : new SmallerLimits(before, targets, ports);
    }

    public override bool Opens(FacetDefinition facet, string word) => Before(facet) is FacetWords words && words.Words.Contains(word);

    public override bool Opens(FacetDefinition facet, FacetItem item) => Before(facet) is FacetItems items && items.Items.Any(each => each.Name == item.Name);

    public override PortSet Ports(FacetDefinition facet) => Before(facet) is FacetPorts asked ? _ports is null ? asked.Ports : asked.Ports.Intersect(_ports) : PortSet.Empty;

    public override decimal AtMost(FacetDefinition facet) => Before(facet) is FacetNumber number ? number.Number : -1;

    /// <summary>Whether a plan stays within this.</summary>
    public bool Holds(Plan plan, ITool tool) => plan.Targets.IsSubsetOf(Targets) && plan.Facets.All(value => _before.Facets.Any(each => each.Facet == value.Facet))
        && Excess(plan, tool.Facets) == 0;

    private FacetValue? Before(FacetDefinition facet) => _before.Facets.FirstOrDefault(value => value.Facet == facet.Name);
}
