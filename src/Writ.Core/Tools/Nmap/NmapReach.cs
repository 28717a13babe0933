using Writ.Proof.Addresses;
using Writ.Proof.Errors;

namespace Writ.Core.Tools.Nmap;

/// <summary>Which ports a command scans and which probes find its hosts; <see cref="NmapTraffic"/> derives the rest.</summary>
internal sealed record NmapReach
{
    /// <summary>What is scanned.</summary>
    public required NmapPorts Scanned { get; init; }

    /// <summary>What discovery sends.</summary>
    public required NmapDiscovery Discovery { get; init; }

    /// <summary>The scanned TCP ports.</summary>
    public PortSet Tcp => Scanned.Tcp;

    /// <summary>The scanned UDP ports.</summary>
    public PortSet Udp => Scanned.Udp;

    /// <summary>The probes that discovery sends to each host.</summary>
    public int Probes => Discovery.Count;

    /// <summary>The command's reach; the services file decides where ports are left to Nmap.</summary>
    public static Result<NmapReach> Of(NmapCommand command, NmapServices? services)
    {
        var ports = NmapPorts.Scanned(command, services);
        if (!ports.IsOk)
            return ports.Refusal;
        var discovery = NmapDiscovery.Of(command, services);
        return discovery.IsOk ? new NmapReach { Scanned = ports.Value, Discovery = discovery.Value } : discovery.Refusal;
    }
}
