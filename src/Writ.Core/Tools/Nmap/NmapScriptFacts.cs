using System.Collections.Frozen;
using System.Globalization;
using Writ.Proof.Addresses;

namespace Writ.Core.Tools.Nmap;

/// <summary>
/// What a script is known to send beside probes of the scanned ports, from <c>nmap-scripts.txt</c>: the scripts of Nmap 7.93,
/// read one by one. A script that is not in it could reach every port of a target.
/// </summary>
internal sealed record NmapScriptFacts
{
    // nselib/shortport.lua (7.93): where HTTP and TLS are expected.
    private static readonly PortSet Http = PortSet.OfPorts(80, 443, 591, 593, 631, 3872, 5800, 7080, 8000, 8008, 8080, 8088, 8180, 8443, 8888, 9080);
    private static readonly PortSet Ssl = PortSet.OfPorts(
        261, 271, 324, 443, 465, 563, 585, 636, 853, 989, 990, 992, 993, 994, 995, 2221, 2252, 2376, 3269, 3389, 4433, 4911, 5061, 5986, 6679, 6697, 8443, 8883, 9001);
    private static readonly PortSet OneUp = PortSet.Of([(1, 65535)]);
    private static readonly FrozenDictionary<string, NmapScriptFacts> Known = Lines().ToFrozenDictionary(StringComparer.Ordinal);

    private static readonly NmapScriptFacts Unknown = new() { Packets = 20, OnAny = true, OnHost = true, Tcp = OneUp, Udp = OneUp };

    /// <summary>Packets that it sends each time that it runs, roughly, the front page left out.</summary>
    public int Packets { get; private init; }
    /// <summary>It reads the front page of a web server, which is fetched once for all scripts.</summary>
    public bool Page { get; private init; }
    /// <summary>It runs on every open port.</summary>
    public bool OnAny { get; private init; }
    /// <summary>It runs for every host.</summary>
    public bool OnHost { get; private init; }
    /// <summary>It runs once, before the hosts.</summary>
    public bool Once { get; private init; }
    /// <summary>It looks at port numbers alone, never at the service that version detection found.</summary>
    public bool ByNumber { get; private init; }
    /// <summary>TCP ports that make it run.</summary>
    public PortSet OnTcp { get; private init; } = PortSet.Empty;
    /// <summary>UDP ports that make it run.</summary>
    public PortSet OnUdp { get; private init; } = PortSet.Empty;
    /// <summary>TCP ports of the target that it may talk to beside the scanned ones.</summary>
    public PortSet Tcp { get; private init; } = PortSet.Empty;
    /// <summary>UDP ports of the target that it may talk to beside the scanned ones.</summary>
    public PortSet Udp { get; private init; } = PortSet.Empty;
    /// <summary>ICMPv6 types that it sends beside echo.</summary>
    public PortSet Icmp6 { get; private init; } = PortSet.Empty;
    /// <summary>It talks to hosts that are no targets.</summary>
    public bool Others { get; private init; }

    /// <summary>The facts about a script; the widest for one that is not known.</summary>
    public static NmapScriptFacts Of(PlannedScript script) => Known.GetValueOrDefault(script.Name)
        ?? Unknown with { Others = script.Categories.Contains("broadcast") || script.Categories.Contains("external") };

    /// <summary>True for a script that was read.</summary>
    public static bool IsKnown(PlannedScript script) => Known.ContainsKey(script.Name);

    /// <summary>True where it may run in a scan of these ports.</summary>
    public bool MayRun(PortSet tcp, PortSet udp, bool version, bool forced)
    {
        var onPorts = OnAny || !OnTcp.IsEmpty || !OnUdp.IsEmpty;
        var scans = !tcp.IsEmpty || !udp.IsEmpty;
        return OnHost || Once
            || (onPorts && scans && (OnAny || forced || (version && !ByNumber)))
            || !OnTcp.Intersect(tcp).IsEmpty || !OnUdp.Intersect(udp).IsEmpty;
    }

    /// <summary>How often it runs on a host with just these ports open.</summary>
    public int Runs(PortSet tcp, PortSet udp) =>
        OnHost ? 1 : ByNumber ? Math.Min(1, OnTcp.Intersect(tcp).Count + OnUdp.Intersect(udp).Count)
        : OnAny ? tcp.Count + udp.Count : OnTcp.Intersect(tcp).Count + OnUdp.Intersect(udp).Count;

    private static IEnumerable<KeyValuePair<string, NmapScriptFacts>> Lines()
    {
        using var reader = new StreamReader(typeof(NmapScriptFacts).Assembly.GetManifestResourceStream("nmap-scripts.txt")!);
        while (reader.ReadLine() is { } line)
        {
            if (line.StartsWith('#'))
                continue;
            var fields = line.Split('|', StringSplitOptions.TrimEntries);
            var page = fields[1].StartsWith("page", StringComparison.Ordinal);
            var facts = new NmapScriptFacts { Page = page, Packets = fields[1] == "page" ? 0 : int.Parse(fields[1].AsSpan(page ? "page+".Length : 0), CultureInfo.InvariantCulture) };
            facts = fields[2].Split(' ').Aggregate(facts, When);
            yield return new(fields[0], fields[3].Split(' ', StringSplitOptions.RemoveEmptyEntries).Aggregate(facts, Reaches));
        }
    }

    private static NmapScriptFacts When(NmapScriptFacts facts, string word) => word switch
    {
        "never" => facts,
        "any" => facts with { OnAny = true },
        "host" => facts with { OnHost = true },
        "once" => facts with { Once = true },
        "http" => facts with { OnTcp = facts.OnTcp.Union(Http) },
        "ssl" => facts with { OnTcp = facts.OnTcp.Union(Ssl) },
        _ when word.StartsWith("tcp", StringComparison.Ordinal) => facts with { OnTcp = facts.OnTcp.Union(Ports(word)), ByNumber = word[3] == '!' },
        _ => facts with { OnUdp = facts.OnUdp.Union(Ports(word)), ByNumber = word[3] == '!' },
    };

    private static NmapScriptFacts Reaches(NmapScriptFacts facts, string word) => word[..3] switch
    {
        "tcp" => facts with { Tcp = Ports(word) },
        "udp" => facts with { Udp = Ports(word) },
        "icm" => facts with { Icmp6 = Ports(word) },
        _ => facts with { Others = true },
    };

    private static PortSet Ports(string word) =>
        PortSet.TryParse(word.AsSpan(word.IndexOfAny([':', '!']) + 1), out var ports) ? ports : throw new FormatException($"nmap-scripts.txt: '{word}'");
}
