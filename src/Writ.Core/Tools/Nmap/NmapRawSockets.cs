using System.Collections.Frozen;

namespace Writ.Core.Tools.Nmap;

/// <summary>
/// Whether a command needs packets that Nmap makes itself. Connections, version detection and nearly every script do with
/// ordinary sockets, and a run gets no more than its plan needs.
/// </summary>
internal static class NmapRawSockets
{
    /// <summary>Every technique but those that only connect or say nothing.</summary>
    private static readonly FrozenSet<string> Connecting =
        new[] { NmapFacets.List, NmapFacets.Connect, NmapFacets.FtpBounce, NmapFacets.Version, NmapFacets.ScriptOnly }.ToFrozenSet(StringComparer.Ordinal);

    /// <summary>The scripts of Nmap 7.93 that open raw or packet sockets, or listen on a device, themselves or through a library.</summary>
    private static readonly FrozenSet<string> Scripts = new[]
    {
        "broadcast-ataoe-discover", "broadcast-dhcp-discover", "broadcast-dhcp6-discover", "broadcast-eigrp-discovery", "broadcast-igmp-discovery", "broadcast-listener",
        "broadcast-ospf2-discover", "broadcast-pim-discovery", "broadcast-ping", "broadcast-pppoe-discover", "broadcast-sonicwall-discover", "broadcast-wpad-discover",
        "eap-info", "firewalk", "firewall-bypass", "ip-forwarding", "ipidseq", "ipv6-multicast-mld-list", "ipv6-node-info", "ipv6-ra-flood", "knx-gateway-discover",
        "llmnr-resolve", "lltd-discovery", "mrinfo", "mtrace", "path-mtu", "qscan", "rlogin-brute", "sniffer-detect", "snmp-brute", "targets-ipv6-multicast-echo",
        "targets-ipv6-multicast-invalid-dst", "targets-ipv6-multicast-mld", "targets-ipv6-multicast-slaac", "targets-sniffer", "tls-ticketbleed", "url-snarf",
    }.ToFrozenSet(StringComparer.Ordinal);

    /// <summary>True where the plan cannot do without.</summary>
    public static bool Needs(NmapCommand command, IEnumerable<string> techniques, IEnumerable<PlannedScript> scripts) =>
        !command.Unprivileged && (techniques.Any(technique => !Connecting.Contains(technique)) || ChangesPackets(command) || scripts.Any(Needs));

    private static bool ChangesPackets(NmapCommand command) =>
        command.SpoofSource is not null || command.Decoys is not null || command.SpoofMac is not null || command.IpOptions is not null
        || command.Fragment is not null || command.SendEth || command.BadSum || command.Adler32;

    // Nobody has read a script of the requester's, nor one of another version of Nmap.
    private static bool Needs(PlannedScript script) => Scripts.Contains(script.Name) || !NmapScriptFacts.IsKnown(script);
}
