using Writ.Proof.Addresses;
using Writ.Proof.Errors;

namespace Writ.Core.Tools.Nmap;

/// <summary>
/// Which ports a command reaches, by purpose: scanned, host discovery, operating system detection, traceroute. The fence
/// is built from it, so it holds at least what Nmap may send; too little would cut a permitted scan.
/// </summary>
internal sealed record NmapReach
{
    // nmap 7.93 osscan2.cc: without a known closed port it takes one at random, 30000 + random % 14781.
    private static readonly PortSet OsPorts = PortSet.Of([(30000, 44780)]);

    /// <summary>The scanned TCP ports.</summary>
    public required PortSet Tcp { get; init; }

    /// <summary>The scanned UDP ports.</summary>
    public required PortSet Udp { get; init; }

    /// <summary>TCP ports of host discovery.</summary>
    public required PortSet DiscoveryTcp { get; init; }

    /// <summary>UDP ports of host discovery.</summary>
    public required PortSet DiscoveryUdp { get; init; }

    /// <summary>The discovery ports that the command itself names.</summary>
    public required PortSet Named { get; init; }

    /// <summary>The probes that discovery sends to each host.</summary>
    public required int Probes { get; init; }

    /// <summary>True when discovery sends ICMP.</summary>
    public required bool Icmp { get; init; }

    /// <summary>The command's reach; the services file decides where ports are left to Nmap.</summary>
    public static Result<NmapReach> Of(NmapCommand command, NmapServices? services)
    {
        var ports = command.ScansPorts ? Scanned(command, services) : new NmapPorts(PortSet.Empty, PortSet.Empty);
        if (!ports.IsOk)
            return ports.Refusal;
        var probes = new Dictionary<char, PortSet>();
        foreach (var (letter, text) in command.Probes)
        {
            var read = NmapPorts.ReadPlain(text);
            if (!read.IsOk)
                return read.Refusal;
            probes[letter] = read.Value;
        }

        var reach = new NmapReach
        {
            Tcp = ports.Value.Tcp, Udp = ports.Value.Udp,
            DiscoveryTcp = PortSet.Empty, DiscoveryUdp = PortSet.Empty, Named = PortSet.Empty, Probes = 0, Icmp = false,
        };
        if (command.ListOnly || command.NoPing)
            return reach;

        // A privileged Nmap's own choice: ICMP echo, SYN to 443, ACK to 80, and for IPv4 ICMP timestamp.
        if (probes.Count == 0)
            return reach with { DiscoveryTcp = PortSet.OfPorts(80, 443), Probes = command.V6 ? 3 : 4, Icmp = true };
        PortSet PortsOf(char letter, ushort own) =>
            !probes.TryGetValue(letter, out var named) ? PortSet.Empty : named.IsEmpty ? PortSet.OfPorts(own) : named;
        var (syn, ack, udp) = (PortsOf('S', 80), PortsOf('A', 80), PortsOf('U', 40125));
        var icmp = (probes.ContainsKey('E') ? 1 : 0) + (probes.ContainsKey('P') ? 1 : 0);
        return reach with
        {
            DiscoveryTcp = syn.Union(ack),
            DiscoveryUdp = udp,
            Named = probes.Values.Aggregate(PortSet.Empty, (all, named) => all.Union(named)),
            Probes = syn.Count + ack.Count + udp.Count + icmp,
            Icmp = icmp > 0,
        };
    }

    private static Result<NmapPorts> Scanned(NmapCommand command, NmapServices? services)
    {
        NmapPorts ports;
        if (command.Ports is { } text)
        {
            var read = NmapPorts.Read(text);
            if (!read.IsOk)
                return read;
            ports = read.Value;
        }
        else if (services is null)
        {
            return new Refusal(ErrorCode.InvalidPorts, "the runner has published no nmap-services file, which says what the default ports are", "name the ports with -p");
        }
        else
        {
            var count = command.TopPorts ?? (command.Fast ? 100 : 1000);
            ports = new(services.Top(count, "tcp"), services.Top(count, "udp"));
        }

        ports = new(command.ScansSyn || command.Connect ? ports.Tcp : PortSet.Empty, command.Udp ? ports.Udp : PortSet.Empty);
        return ports.Tcp.IsEmpty && ports.Udp.IsEmpty
            ? new Refusal(ErrorCode.InvalidPorts, "no port would be scanned", command.Udp ? "name UDP ports with U:, or leave the prefix out" : "add -sU to scan UDP ports, or leave the prefix out")
            : ports;
    }

    /// <summary>All that the run may reach at these targets.</summary>
    public NetworkScope Scope(NmapCommand command, AddressSet targets)
    {
        if (command.ListOnly)
            return new(targets, PortSet.Empty, PortSet.Empty, PortSet.Empty, false);
        var os = command.Os ? OsPorts : PortSet.Empty;
        // Traceroute follows a probe that was answered; where none was, it takes ICMP or TCP 80.
        var trace = command.Traceroute ? PortSet.OfPorts(80) : PortSet.Empty;
        return new(targets, Tcp.Union(DiscoveryTcp).Union(os).Union(trace), Udp.Union(DiscoveryUdp).Union(os), PortSet.Empty,
            Icmp || command.Os || command.Traceroute);
    }
}
