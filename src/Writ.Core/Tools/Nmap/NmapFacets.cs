using System.Collections.Frozen;

namespace Writ.Core.Tools.Nmap;

/// <summary>The words by which policy speaks about Nmap. A word, once published, keeps its meaning.</summary>
public static class NmapFacets
{
    /// <summary>Targets are only listed (<c>-sL</c>): no packet leaves, so no rule needs to open it; a denial can name it.</summary>
    public const string List = "list";
    /// <summary>Host discovery: ICMP and TCP or UDP probes that find out who is up.</summary>
    public const string Ping = "ping";
    /// <summary>TCP connections, made and closed (<c>-sT</c>).</summary>
    public const string Connect = "connect";
    /// <summary>Half-open TCP (<c>-sS</c>).</summary>
    public const string Syn = "syn";
    /// <summary>UDP probes (<c>-sU</c>).</summary>
    public const string Udp = "udp";
    /// <summary>Version detection (<c>-sV</c>) with the scripts of category <c>version</c>, which come with it.</summary>
    public const string Version = "version";
    /// <summary>Operating system detection (<c>-O</c>): odd packets, and ports 30000–44780 beside the scanned ones.</summary>
    public const string Os = "os";
    /// <summary>Traceroute: probes with small TTL; routers on the way answer.</summary>
    public const string Traceroute = "traceroute";

    /// <summary>All techniques. A rule that names none opens being seen to be up, and plain connections.</summary>
    public static FacetDefinition Techniques { get; } = new("techniques", FacetKind.Words)
    {
        Noun = "technique",
        Known = FrozenSet.Create(StringComparer.Ordinal, List, Ping, Connect, Syn, Udp, Version, Os, Traceroute),
        Least = FrozenSet.Create(StringComparer.Ordinal, List, Ping, Connect),
        Free = FrozenSet.Create(StringComparer.Ordinal, List),
    };

    /// <summary>Ports that are scanned, of every protocol, and those that the command names for host discovery.</summary>
    public static FacetDefinition Ports { get; } = new("ports", FacetKind.Ports) { Noun = "port" };

    /// <summary>Scripts by name and category (https://nmap.org/book/nse-usage.html#nse-categories).</summary>
    public static FacetDefinition Scripts { get; } = new("scripts", FacetKind.Labelled)
    {
        Noun = "script",
        Known = FrozenSet.Create(StringComparer.Ordinal,
            "auth", "broadcast", "brute", "default", "discovery", "dos", "exploit", "external", "fuzzer", "intrusive", "malware", "safe", "version", "vuln"),
    };

    /// <summary>The timing template.</summary>
    public static FacetDefinition MaxTiming { get; } = new("max-timing", FacetKind.AtMost) { Noun = "timing", LeastNumber = 3, Bounds = (0, 5) };

    /// <summary>Target addresses.</summary>
    public static FacetDefinition MaxHosts { get; } = new("max-hosts", FacetKind.AtMost) { Noun = "host", LeastNumber = 1, Bounds = (1, int.MaxValue), CountsTargets = true };

    /// <summary>All facets.</summary>
    public static IReadOnlyList<FacetDefinition> All { get; } = [Techniques, Ports, Scripts, MaxTiming, MaxHosts];
}
