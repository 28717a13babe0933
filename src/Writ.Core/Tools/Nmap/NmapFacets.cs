using System.Collections.Frozen;

namespace Writ.Core.Tools.Nmap;

/// <summary>The words by which policy speaks about Nmap. A word, once published, keeps its meaning.</summary>
public static class NmapFacets
{
    /// <summary>Targets are only listed (<c>-sL</c>), or said to be up (<c>-sn -Pn</c>): no packet leaves, so no rule needs to open it; a denial can name it.</summary>
    public const string List = "list";
    /// <summary>Host discovery: ICMP and TCP, UDP or SCTP probes that find out who is up.</summary>
    public const string Ping = "ping";
    /// <summary>TCP connections, made and closed (<c>-sT</c>).</summary>
    public const string Connect = "connect";
    /// <summary>Half-open TCP (<c>-sS</c>).</summary>
    public const string Syn = "syn";
    /// <summary>TCP ACK (<c>-sA</c>), which maps filters.</summary>
    public const string Ack = "ack";
    /// <summary>TCP window (<c>-sW</c>).</summary>
    public const string Window = "window";
    /// <summary>TCP FIN and ACK (<c>-sM</c>).</summary>
    public const string Maimon = "maimon";
    /// <summary>TCP without flags (<c>-sN</c>).</summary>
    public const string Null = "null";
    /// <summary>TCP FIN (<c>-sF</c>).</summary>
    public const string Fin = "fin";
    /// <summary>TCP FIN, PSH and URG (<c>-sX</c>).</summary>
    public const string Xmas = "xmas";
    /// <summary>UDP probes (<c>-sU</c>).</summary>
    public const string Udp = "udp";
    /// <summary>SCTP INIT (<c>-sY</c>).</summary>
    public const string SctpInit = "sctp-init";
    /// <summary>SCTP COOKIE ECHO (<c>-sZ</c>).</summary>
    public const string SctpCookie = "sctp-cookie";
    /// <summary>IP protocols instead of ports (<c>-sO</c>).</summary>
    public const string IpProtocol = "ip-protocol";
    /// <summary>A scan in the name of a zombie (<c>-sI</c>).</summary>
    public const string Idle = "idle";
    /// <summary>A scan through an FTP server (<c>-b</c>).</summary>
    public const string FtpBounce = "ftp-bounce";
    /// <summary>Version detection (<c>-sV</c>) with the scripts of category <c>version</c>, which come with it.</summary>
    public const string Version = "version";
    /// <summary>Operating system detection (<c>-O</c>): odd packets, and ports 30000–44780 beside the scanned ones.</summary>
    public const string Os = "os";
    /// <summary>Traceroute: probes with small TTL; routers on the way answer.</summary>
    public const string Traceroute = "traceroute";
    /// <summary>Scripts without a port scan (with <c>-sn</c> or <c>-sL</c>); the scripts themselves are held against <c>scripts</c>.</summary>
    public const string ScriptOnly = "script-only";

    /// <summary>All techniques. A rule that names none opens being seen to be up, and plain connections.</summary>
    public static FacetDefinition Techniques { get; } = new("techniques", FacetKind.Words)
    {
        Noun = "technique",
        Known = Set(List, Ping, Connect, Syn, Ack, Window, Maimon, Null, Fin, Xmas, Udp, SctpInit, SctpCookie, IpProtocol, Idle, FtpBounce, Version, Os, Traceroute, ScriptOnly),
        Least = Set(List, Ping, Connect, ScriptOnly),
        Free = Set(List, ScriptOnly),
        ByNameOnly = Set(Idle, FtpBounce),
    };

    /// <summary>Ports that are scanned, of every protocol, and those that the command names for host discovery.</summary>
    public static FacetDefinition Ports { get; } = new("ports", FacetKind.Ports) { Noun = "port" };

    /// <summary>Scripts by name and category (https://nmap.org/book/nse-usage.html#nse-categories).</summary>
    public static FacetDefinition Scripts { get; } = new("scripts", FacetKind.Labelled)
    {
        Noun = "script",
        Known = Set("auth", "broadcast", "brute", "default", "discovery", "dos", "exploit", "external", "fuzzer", "intrusive", "malware", "safe", "version", "vuln",
            NmapScripts.ReachesOthers, NmapScripts.OwnCategory),
        ByNameOnly = Set(NmapScripts.OwnCategory),
        EachNeeded = Set(NmapScripts.ReachesOthers),
    };

    /// <summary>What a command asks for beside its techniques, each a risk of its own; see <see cref="NmapFeatures"/>.</summary>
    public static FacetDefinition Features { get; } = new("features", FacetKind.Words)
    {
        Noun = "feature",
        Known = NmapFeatures.All.Select(feature => feature.Word).ToFrozenSet(StringComparer.Ordinal),
        Free = NmapFeatures.All.Where(feature => feature.Opening == FeatureOpening.Free).Select(feature => feature.Word).ToFrozenSet(StringComparer.Ordinal),
        Least = NmapFeatures.All.Where(feature => feature.Opening == FeatureOpening.Free).Select(feature => feature.Word).ToFrozenSet(StringComparer.Ordinal),
        ByNameOnly = NmapFeatures.All.Where(feature => feature.Opening == FeatureOpening.ByName).Select(feature => feature.Word).ToFrozenSet(StringComparer.Ordinal),
    };

    /// <summary>The timing template.</summary>
    public static FacetDefinition MaxTiming { get; } = new("max-timing", FacetKind.AtMost) { Noun = "timing", LeastNumber = 3, Bounds = (0, 5) };

    /// <summary>Packets a second (<c>--max-rate</c>); a command that sets no limit has the highest. A rule that is silent sets none.</summary>
    public static FacetDefinition MaxRate { get; } = new("max-rate", FacetKind.AtMost) { Noun = "rate", LeastNumber = 10_000_000, Bounds = (1, 10_000_000), Whole = false };

    /// <summary>Probes under way at once (<c>--max-parallelism</c>); a command that sets no limit has the highest. A rule that is silent sets none.</summary>
    public static FacetDefinition MaxParallelism { get; } = new("max-parallelism", FacetKind.AtMost) { Noun = "parallelism", LeastNumber = 65_535, Bounds = (1, 65_535) };

    /// <summary>Target addresses.</summary>
    public static FacetDefinition MaxHosts { get; } = new("max-hosts", FacetKind.AtMost) { Noun = "host", LeastNumber = 1, Bounds = (1, int.MaxValue), CountsTargets = true };

    /// <summary>All facets.</summary>
    public static IReadOnlyList<FacetDefinition> All { get; } = [Techniques, Ports, Scripts, Features, MaxTiming, MaxRate, MaxParallelism, MaxHosts];

    /// <summary>The techniques of a command, in bytewise order.</summary>
    internal static string[] TechniquesOf(NmapCommand command, NmapReach reach)
    {
        var words = new SortedSet<string>(StringComparer.Ordinal);
        void When(bool holds, string word)
        {
            if (holds)
                words.Add(word);
        }

        When(reach.Probes > 0, Ping);
        var tcp = !reach.Tcp.IsEmpty;
        foreach (var (letter, word) in new[] { ('T', Connect), ('S', Syn), ('A', Ack), ('W', Window), ('M', Maimon), ('N', Null), ('F', Fin), ('X', Xmas) })
            When(tcp && command.Scans.Contains(letter), word);
        When(tcp && command.Idle is not null, Idle);
        When(tcp && command.Bounce is not null, FtpBounce);
        When(!reach.Udp.IsEmpty, Udp);
        When(command.Scans.Contains('Y') && !reach.Scanned.Sctp.IsEmpty, SctpInit);
        When(command.Scans.Contains('Z') && !reach.Scanned.Sctp.IsEmpty, SctpCookie);
        When(command.IpProtocol, IpProtocol);
        When(command.Version, Version);
        When(command.Os, Os);
        When(command.Traceroute, Traceroute);
        When(!command.ScansPorts && command.Scripts.Rules.Count > 0, ScriptOnly);
        When(command.ListOnly || words.Count == 0, List);
        return [.. words];
    }

    /// <summary>What the command answers to each facet, in the order of <see cref="All"/>.</summary>
    internal static IReadOnlyList<FacetValue> Answers(NmapCommand command, NmapReach reach, string[] techniques, IEnumerable<PlannedScript> scripts, UInt128 hosts) =>
    [
        new FacetWords(Techniques.Name, techniques),
        new FacetPorts(Ports.Name, reach.Tcp.Union(reach.Udp).Union(reach.Scanned.Sctp).Union(reach.Discovery.Named)),
        new FacetItems(Scripts.Name, [.. scripts.Select(script => new FacetItem(script.Name, script.Categories, script.Implied))]),
        new FacetWords(Features.Name, [.. NmapFeatures.All.Where(feature => feature.Holds(command)).Select(feature => feature.Word).Order(StringComparer.Ordinal)]),
        new FacetNumber(MaxTiming.Name, command.Timing),
        new FacetNumber(MaxRate.Name, command.MaxRate ?? MaxRate.Bounds.Highest),
        new FacetNumber(MaxParallelism.Name, command.MaxParallelism ?? MaxParallelism.Bounds.Highest),
        new FacetNumber(MaxHosts.Name, (decimal)UInt128.Min(hosts, (UInt128)decimal.MaxValue)),
    ];

    private static FrozenSet<string> Set(params string[] words) => words.ToFrozenSet(StringComparer.Ordinal);
}
