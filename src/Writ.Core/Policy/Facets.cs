using System.Globalization;
using Writ.Core.Tools;
using Writ.Proof.Addresses;

namespace Writ.Core.Policy;

/// <summary>
/// How far a rule opens a tool, or what of it a denial forbids. In a rule an absent facet means the least of it; in a
/// denial it means nothing.
/// </summary>
public sealed record Facets
{
    /// <summary>The tool's name.</summary>
    public required string Tool { get; init; }

    /// <summary><c>any</c>: everything that the tool's grammar accepts.</summary>
    public bool Any { get; init; }

    /// <summary>Techniques; null when absent: then a rule opens the tool's least ones.</summary>
    public IReadOnlySet<string>? Techniques { get; init; }

    /// <summary>Ports of every protocol; null when absent: then a rule opens none.</summary>
    public PortSet? Ports { get; init; }

    /// <summary>Names or categories of scripts, or the one word <c>any</c>; null when absent: then a rule opens none.</summary>
    public IReadOnlySet<string>? Scripts { get; init; }

    /// <summary>The highest timing template, 0 to 5; null when absent: then a rule opens up to 3.</summary>
    public int? MaxTiming { get; init; }

    /// <summary>The most target addresses of one command; null when absent: then a rule opens 1.</summary>
    public UInt128? MaxHosts { get; init; }

    /// <summary>What of the plan a rule with these facets does not open, each with a hint where there is a way on.</summary>
    public IEnumerable<(string Reason, string? Hint)> NotOpened(Plan plan, IReadOnlySet<string> leastTechniques)
    {
        if (Any)
            yield break;

        var techniques = Techniques ?? leastTechniques;
        string[] closed = [.. plan.Techniques.Where(technique => technique != "list" && !techniques.Contains(technique))];
        if (closed.Length > 0)
            yield return ($"technique {string.Join(", ", closed)} is not opened", $"opened are: {Sorted(techniques)}");

        var ports = Ports ?? PortSet.Empty;
        var over = PortsOf(plan).Except(ports);
        if (!over.IsEmpty)
        {
            yield return ports.IsEmpty
                ? ("no port is opened", null)
                : ($"port {Short(over)} is not among {Short(ports)}", $"use -p with ports among {Short(ports)}");
        }

        string[] scripts = [.. plan.Scripts.Where(script => !script.Implied && !(Scripts is { } opened && Matches(opened, script)))
            .Select(script => script.Name)];
        if (scripts.Length > 0)
        {
            yield return ($"script {Some(scripts)} is not opened",
                Scripts is { Count: > 0 } some ? $"opened are: {Sorted(some)}" : "leave scripts out");
        }

        if (plan.Timing > (MaxTiming ?? 3))
            yield return (Number($"timing {plan.Timing} is over {MaxTiming ?? 3}"), Number($"use -T{MaxTiming ?? 3}"));

        if (plan.Targets.Count > (MaxHosts ?? 1))
            yield return (Number($"{plan.Targets.Count} hosts are more than {MaxHosts ?? 1}"), Number($"ask for at most {MaxHosts ?? 1} addresses in one command"));
    }

    /// <summary>
    /// What of the plan a denial with these facets forbids; any one facet is enough, so that a denial written too broadly
    /// is noticed and none has a gap.
    /// </summary>
    public IEnumerable<string> Forbidden(Plan plan)
    {
        if (Any)
        {
            yield return $"{plan.Tool} is forbidden";
            yield break;
        }

        string[] techniques = [.. plan.Techniques.Where(technique => Techniques?.Contains(technique) == true)];
        if (techniques.Length > 0)
            yield return $"technique {string.Join(", ", techniques)} is forbidden";

        if (Ports is { } ports && PortsOf(plan).Intersect(ports) is { IsEmpty: false } hit)
            yield return $"port {Short(hit)} is forbidden";

        string[] scripts = [.. plan.Scripts.Where(script => Scripts is { } named && Matches(named, script)).Select(script => script.Name)];
        if (scripts.Length > 0)
            yield return $"script {Some(scripts)} is forbidden";

        if (plan.Timing > MaxTiming)
            yield return Number($"timing over {MaxTiming} is forbidden");

        if (plan.Targets.Count > MaxHosts)
            yield return Number($"more than {MaxHosts} hosts are forbidden");
    }

    private static PortSet PortsOf(Plan plan) => plan.Tcp.Union(plan.Udp).Union(plan.Sctp).Union(plan.DiscoveryPorts);

    private static bool Matches(IReadOnlySet<string> named, PlannedScript script) =>
        named.Contains("any") || named.Contains(script.Name) || script.Categories.Any(named.Contains);

    private static string Sorted(IEnumerable<string> names) => string.Join(", ", names.Order(StringComparer.Ordinal));

    private static string Some(string[] names) =>
        names.Length <= 5 ? string.Join(", ", names) : Number($"{string.Join(", ", names.Take(5))} and {names.Length - 5} more");

    private static string Short(PortSet ports) =>
        ports.Ranges.Count <= 8 ? ports.ToString() : Number($"{PortSet.Of(ports.Ranges.Take(8))} and {ports.Ranges.Count - 8} more");

    private static string Number(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
