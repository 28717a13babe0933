using Writ.Proof.Addresses;
using Writ.Proof.Errors;

namespace Writ.Core.Tools.Nmap;

/// <summary>Host discovery and names (https://nmap.org/book/man-host-discovery.html).</summary>
internal sealed partial record NmapCommand
{
    private bool _seen4;
    private bool _noNames;

    public bool NoPing { get; private set; }

    /// <summary>
    /// Discovery options by their letter (S, A, U, Y, O with their ports or protocols as typed, empty for Nmap's own; E, P, M);
    /// empty means Nmap's own choice. With <see cref="NoPing"/> and <see cref="ListOnly"/> none is sent.
    /// </summary>
    public SortedDictionary<char, string> Probes { get; } = [];

    /// <summary>Without privileges connections stand in for ICMP, and then Nmap drops every other probe that needs raw packets.</summary>
    internal bool PingsByIcmp => Probes.Keys.Any(letter => letter is 'E' or 'P' or 'M');

    public bool NoArpPing { get; private set; }
    public bool IgnoreResets { get; private set; }
    /// <summary>Addresses are resolved to names (<c>-R</c>); runs that do not ask for it resolve none.</summary>
    public bool ReverseDns { get; private set; }
    public bool SystemDns { get; private set; }
    /// <summary>Name servers to ask.</summary>
    public IReadOnlyList<Address> DnsServers { get; private set; } = [];
    /// <summary>Every address of a name is a target, not only the first.</summary>
    public bool ResolveAll { get; private set; }
    public bool Unique { get; private set; }
    public bool RandomizeHosts { get; private set; }

    private static IEnumerable<(string Option, Func<NmapCommand, string, Refusal?> Read)> DiscoveryReaders() =>
    [
        Flag("-4", command => command._seen4 = true),
        Flag("-6", command => command.V6 = true),
        ("-P", (command, value) => command.Probe(value)),
        Flag("--disable-arp-ping", command => command.NoArpPing = true),
        Flag("--discovery-ignore-rst", command => command.IgnoreResets = true),
        Flag("-n", command => command._noNames = true),
        Flag("-R", command => command.ReverseDns = true),
        Flag("--system-dns", command => command.SystemDns = true),
        ("--dns-servers", (command, value) => command.TakeDnsServers(value)),
        Flag("--resolve-all", command => command.ResolveAll = true),
        Flag("--unique", command => command.Unique = true),
        Flag("--randomize-hosts", command => command.RandomizeHosts = true),
        Flag("--rH", command => command.RandomizeHosts = true),
    ];

    private Refusal? Probe(string text)
    {
        // Old names: -P and -PI for -PE, -PT for -PA, -P0, -PN and -PD for -Pn. -PR has had no effect for long.
        text = text switch { "" or "I" => "E", "0" or "N" or "D" => "n", ['T', .. var ports] => "A" + ports, _ => text };
        switch (text)
        {
            case "n": NoPing = true; return null;
            case "R": return null;
            case "E" or "P" or "M": Probes[text[0]] = ""; return null;
            case ['B', ..]: return Wrong("-PB is an old way to write three options", "write -PE -PP -PA");
            case ['S' or 'A' or 'U' or 'Y' or 'O', ..] when !Probes.TryAdd(text[0], text[1..]):
                return Wrong($"-P{text[0]} stands twice", "write one list of ports");
            case ['S' or 'A' or 'U' or 'Y' or 'O', ..]: return null;
            default: return Wrong($"nmap has no discovery '-P{NmapArguments.Show(text)}'", "-Pn, -PS, -PA, -PU, -PY, -PO, -PE, -PP and -PM are");
        }
    }

    private Refusal? TakeDnsServers(string value)
    {
        var servers = new List<Address>();
        foreach (var text in value.Split(','))
        {
            if (!Address.TryParse(text, out var server))
                return Wrong($"--dns-servers: '{NmapArguments.Show(text)}' is no address", "write addresses separated by commas");
            servers.Add(server);
        }

        DnsServers = servers;
        return null;
    }

    private Refusal? SettleDiscovery()
    {
        if (_seen4 && V6)
            return Wrong("-4 and -6 contradict each other", "choose one");
        if (V6 && (Probes.ContainsKey('P') || Probes.ContainsKey('M')))
            return Wrong("-PP and -PM are not for IPv6", "use -PE");
        // -n wins over -R, as Nmap has it.
        ReverseDns &= !_noNames;
        // -Pn and -sL win over all probes, which must be well-formed all the same.
        if (Unprivileged && !NoPing && !ListOnly && !PingsByIcmp && Probes.Keys.FirstOrDefault(letter => letter is 'U' or 'Y' or 'O') is var raw && raw != '\0')
            return Wrong($"--unprivileged does not go with -P{raw}", "leave --unprivileged out");
        return null;
    }
}
