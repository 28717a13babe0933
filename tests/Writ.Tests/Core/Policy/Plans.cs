using Writ.Core.Policy;
using Writ.Core.Tools;
using Writ.Proof.Addresses;

namespace Writ.Tests.Core.Policy;

/// <summary>Plans made by hand, that answer every facet of their tool with the least and then what a test sets.</summary>
internal static class Plans
{
    public static Plan Of(string targets, params string[] techniques)
    {
        AddressSet.TryParse(targets.Split(','), out var set, out var wrong).ShouldBeTrue(wrong);
        return new Plan
        {
            Tool = "nmap", Argv = ["nmap"], Targets = set, Scope = NetworkScope.Nothing with { Addresses = set }, Techniques = techniques,
            Facets =
            [
                .. ToolCatalogue.Box.Find("nmap")!.Facets.Select<FacetDefinition, FacetValue>(facet => facet.Kind switch
                {
                    FacetKind.Words => new FacetWords(facet.Name, facet.Name == "techniques" ? techniques : []),
                    FacetKind.Ports => new FacetPorts(facet.Name, PortSet.Empty),
                    FacetKind.Labelled => new FacetItems(facet.Name, []),
                    FacetKind.AtMost => new FacetNumber(facet.Name, facet.LeastNumber),
                }),
            ],
        };
    }

    public static Plan With(this Plan plan, FacetValue value) =>
        plan with { Facets = [.. plan.Facets.Where(known => known.Facet != value.Facet), value] };

    public static Plan Ports(this Plan plan, string ports) =>
        plan.With(new FacetPorts("ports", PortSet.TryParse(ports, out var set) ? set : throw new ArgumentException(ports)));

    public static Plan Items(this Plan plan, string facet, params FacetItem[] items) => plan.With(new FacetItems(facet, items));

    public static Plan Number(this Plan plan, string facet, decimal number) => plan.With(new FacetNumber(facet, number));
}
