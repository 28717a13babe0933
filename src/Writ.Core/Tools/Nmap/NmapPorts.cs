using Writ.Proof.Addresses;
using Writ.Proof.Errors;

namespace Writ.Core.Tools.Nmap;

/// <summary>Ports by protocol; <see cref="Ip"/> holds IP protocol numbers.</summary>
internal sealed record NmapPorts(PortSet Tcp, PortSet Udp, PortSet Sctp, PortSet Ip)
{
    private static readonly PortSet OneUp = PortSet.Of([(1, 65535)]);
    private static readonly NmapPorts All = new(PortSet.All, PortSet.All, PortSet.All, PortSet.Of([(0, 255)]));
    private static readonly NmapPorts FromOne = new(OneUp, OneUp, OneUp, PortSet.Empty);

    /// <summary>No port.</summary>
    public static NmapPorts None { get; } = new(PortSet.Empty, PortSet.Empty, PortSet.Empty, PortSet.Empty);

    /// <summary>True when there is none.</summary>
    public bool IsEmpty => Tcp.IsEmpty && Udp.IsEmpty && Sctp.IsEmpty && Ip.IsEmpty;

    /// <summary>
    /// The ports that a command scans: those of <c>-p</c>, or the most frequent ones (1,000; 100 with <c>-F</c>), or those of <c>-p</c> that
    /// are among the most frequent (<c>--top-ports</c>, <c>--port-ratio</c>), without the excluded ones.
    /// </summary>
    public static Result<NmapPorts> Scanned(NmapCommand command, NmapServices? services)
    {
        if (!command.ScansPorts)
            return None;
        var kinds = Kinds(command);
        NmapPorts? named = null;
        if (command.Ports is { } text)
        {
            var read = NmapPortReader.Read(text, kinds, services);
            if (!read.IsOk)
                return read;
            named = read.Value;
        }

        var excluded = Excluded(command, services);
        if (!excluded.IsOk)
            return excluded;
        var ports = command.IpProtocol ? Protocols(command, named)
            : named is not null && command.TopPorts is null && command.PortRatio is null ? named
            // Exclusions come before the choice, so that "--exclude-ports 22 --top-ports 10" still scans ten.
            : Frequent(command, services, (named ?? (command.ExcludePorts is null ? All : FromOne)).Except(excluded.Value));
        if (!ports.IsOk)
            return ports;
        var left = ports.Value.Except(excluded.Value).Only(kinds);
        return left.IsEmpty
            ? new Refusal(ErrorCode.InvalidPorts, "no port would be scanned", command.Ports?.Contains(':', StringComparison.Ordinal) == true
                ? "T:, U: and S: go with a TCP, UDP or SCTP scan (-sS, -sU, -sY)" : "name ports that are not excluded")
            : left;
    }

    /// <summary>The ports of <c>--exclude-ports</c>, by the protocols that are scanned; without a port scan, of all.</summary>
    public static Result<NmapPorts> Excluded(NmapCommand command, NmapServices? services) =>
        command.ExcludePorts is not { } text ? None
            : NmapPortReader.Read(text, command.ScansPorts ? Kinds(command) : PortKinds.Tcp | PortKinds.Udp | PortKinds.Sctp, services);

    private static PortKinds Kinds(NmapCommand command) =>
        (command.Tcp ? PortKinds.Tcp : 0) | (command.Udp ? PortKinds.Udp : 0) | (command.Sctp ? PortKinds.Sctp : 0) | (command.IpProtocol ? PortKinds.Ip : 0);

    private static Result<NmapPorts> Protocols(NmapCommand command, NmapPorts? named)
    {
        if (named is not null)
            return named;
        return command.Fast
            ? new Refusal(ErrorCode.InvalidPorts, "-F asks for the protocols that have a name, which the runner does not publish", "name the protocols with -p")
            : None with { Ip = All.Ip };
    }

    private static Result<NmapPorts> Frequent(NmapCommand command, NmapServices? services, NmapPorts among)
    {
        if (services is null)
            return new Refusal(ErrorCode.InvalidPorts, "the runner has published no nmap-services file, which says what the default ports are", "name the ports with -p");
        if (!services.HasFrequencies)
        {
            return command.TopPorts is not null || command.PortRatio is not null
                ? new Refusal(ErrorCode.InvalidPorts, "the services file says nothing about how often ports are open", "name the ports with -p")
                : WithoutFrequencies(command, services);
        }

        var count = command.TopPorts ?? (command.Fast || command.ServiceDb is not null ? 100 : 1000);
        PortSet Of(PortKinds kind) => command.PortRatio is { } ratio ? services.AtLeast(ratio, kind, among.Of(kind)) : services.Top(count, kind, among.Of(kind));
        return new NmapPorts(Of(PortKinds.Tcp), Of(PortKinds.Udp), Of(PortKinds.Sctp), PortSet.Empty);
    }

    private static NmapPorts WithoutFrequencies(NmapCommand command, NmapServices services)
    {
        var low = command.Fast || command.ServiceDb is not null ? PortSet.Empty : PortSet.Of([(1, 1024)]);
        PortSet Of(PortKinds kind) => low.Union(services.All(kind).Intersect(OneUp));
        return new(Of(PortKinds.Tcp), Of(PortKinds.Udp), Of(PortKinds.Sctp), PortSet.Empty);
    }

    /// <summary>The ports of one protocol.</summary>
    public PortSet Of(PortKinds kind) => kind switch { PortKinds.Tcp => Tcp, PortKinds.Udp => Udp, PortKinds.Sctp => Sctp, _ => Ip };

    /// <summary>Every port of this one that is not in the other.</summary>
    public NmapPorts Except(NmapPorts other) => new(Tcp.Except(other.Tcp), Udp.Except(other.Udp), Sctp.Except(other.Sctp), Ip.Except(other.Ip));

    private NmapPorts Only(PortKinds kinds)
    {
        PortSet Kept(PortKinds kind) => kinds.HasFlag(kind) ? Of(kind) : PortSet.Empty;
        return new(Kept(PortKinds.Tcp), Kept(PortKinds.Udp), Kept(PortKinds.Sctp), Kept(PortKinds.Ip));
    }
}
