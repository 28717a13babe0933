using Writ.Proof.Addresses;

namespace Writ.Core.Tools.Definitions;

/// <summary>What a command reaches and what it answers to the facets, as its definition says.</summary>
internal static class DefinedReach
{
    /// <summary>The facet of ports.</summary>
    public const string Ports = "ports";
    /// <summary>The facet of target addresses.</summary>
    public const string MaxHosts = "max-hosts";
    /// <summary>The facet of the names of secrets.</summary>
    public const string Secrets = "secrets";
    /// <summary>The facet of sub-commands.</summary>
    public const string SubCommands = "sub-commands";

    /// <summary>What is sent, by purpose, in the order of the definition.</summary>
    public static IReadOnlyList<PlannedTraffic> Of(DefinedArguments arguments, AddressSet targets)
    {
        var packets = arguments.Grammar.Captures ? 0 : Whole(arguments.Grammar.Estimate.Packets * Times(arguments) * Count(targets));
        return
        [
            .. from entry in arguments.Grammar.Network
               where (entry.When.Count == 0 || entry.When.Any(arguments.Has)) && !entry.Unless.Any(arguments.Has)
               select new PlannedTraffic(entry.Purpose, new(targets, PortsOf(arguments, entry.Tcp), PortsOf(arguments, entry.Udp), PortsOf(arguments, entry.Sctp), entry.Icmp), packets),
        ];
    }

    /// <summary>An estimate of the time that it takes.</summary>
    public static TimeSpan Time(DefinedArguments arguments, AddressSet targets) =>
        TimeSpan.FromSeconds((double)Math.Min((decimal)arguments.Grammar.Estimate.Seconds * Times(arguments) * Count(targets), 1e9m));

    /// <summary>What the command answers to each facet, in the order of the definitions.</summary>
    public static IReadOnlyList<FacetValue> Answers(ToolDefinition tool, DefinedArguments arguments, NetworkScope scope, AddressSet targets)
    {
        var values = arguments.Values().ToArray();
        IEnumerable<string> Words(string facet) => values.Where(value => value.Argument.Facet == facet).Select(value => value.Text)
            .Concat(arguments.Found.SelectMany(found => found.Argument.Says).Concat(arguments.Terminal?.Says ?? []).Where(said => said.Facet == facet).Select(said => said.Word))
            .Concat(facet == SubCommands ? [arguments.SubCommand] : []).Distinct().Order(StringComparer.Ordinal);
        return
        [
            .. tool.Facets.Select<FacetDefinition, FacetValue>(facet => facet.Kind switch
            {
                FacetKind.Ports => new FacetPorts(facet.Name, scope.Tcp.Union(scope.Udp).Union(scope.Sctp)),
                FacetKind.Words => new FacetWords(facet.Name, [.. Words(facet.Name)]),
                FacetKind.Labelled => new FacetItems(facet.Name, [.. Words(facet.Name).Select(word => new FacetItem(word, []))]),
                FacetKind.AtMost when facet.CountsTargets => new FacetNumber(facet.Name, Count(targets)),
                // Of several the highest; where the sub-command has no such argument there is nothing to bound.
                FacetKind.AtMost => new FacetNumber(facet.Name, values.Where(value => value.Argument.Facet == facet.Name).Select(value => value.Number ?? 0).DefaultIfEmpty(0).Max()),
            }),
        ];
    }

    private static PortSet PortsOf(DefinedArguments arguments, DefinedPorts ports) =>
        arguments.Values().Where(value => ports.Arguments.Contains(value.Argument.Name)).Aggregate(ports.Fixed, (all, value) => all.Union(value.Ports));

    private static decimal Times(DefinedArguments arguments) =>
        arguments.Values().FirstOrDefault(value => value.Argument.Name == arguments.Grammar.Estimate.Times)?.Number is { } number ? Math.Min(number, 1_000_000_000) : 1;

    private static decimal Count(AddressSet targets) => (decimal)UInt128.Min(targets.Count, (UInt128)1_000_000_000_000);

    private static long Whole(decimal packets) => (long)Math.Min(decimal.Ceiling(packets), long.MaxValue);
}
