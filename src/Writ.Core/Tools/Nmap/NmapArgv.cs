using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Writ.Proof.Addresses;
using Writ.Proof.Errors;

namespace Writ.Core.Tools.Nmap;

/// <summary>
/// The canonical argv of a command: every choice that was left to Nmap made explicit, full names where there are any,
/// always in this order; paths only of the sandbox. Read again, it gives the same plan and the same argv.
/// </summary>
internal sealed class NmapArgv
{
    /// <summary>The list of targets, where they are many.</summary>
    public const string TargetList = "/in/targets";
    /// <summary>A services file of the requester's.</summary>
    public const string Services = "/in/services";
    /// <summary>Version probes of the requester's.</summary>
    public const string ServiceProbes = "/in/service-probes";

    /// <summary>Linux takes no argument over 128 KiB.</summary>
    private const int MaxArgument = 100_000;
    private const int MaxTargetsInArgv = 64;
    private const int MaxTargets = 1_000_000;

    private readonly List<string> _argv = ["nmap"];

    /// <summary>Writes the argv, and the list of targets where there is one.</summary>
    public static Result<(IReadOnlyList<string> Argv, PlannedFile? Targets)> Write(NmapCommand command, NmapReach reach, NmapResolved targets)
    {
        var argv = new NmapArgv();
        argv.Options(command, reach);
        var texts = targets.Names.Concat(targets.Plain.Ranges.SelectMany(Networks)).Take(MaxTargets + 1).ToArray();
        if (texts.Length > MaxTargets)
            return new Refusal(ErrorCode.InvalidTarget, Number($"the targets are more than {MaxTargets} separate networks"), "name networks or whole ranges, or split the command");
        PlannedFile? list = null;
        if (texts.Length > MaxTargetsInArgv)
        {
            var content = Encoding.ASCII.GetBytes(string.Join('\n', texts) + "\n");
            list = new(TargetList, content, Convert.ToHexStringLower(SHA256.HashData(content)));
            argv.Add("-iL", TargetList);
        }
        else
        {
            argv._argv.AddRange(texts);
        }

        return argv._argv.Exists(argument => argument.Length > MaxArgument)
            ? new Refusal(ErrorCode.InvalidPorts, "the ports have too many gaps", "name whole ranges")
            : (argv._argv, list);
    }

    private void Options(NmapCommand command, NmapReach reach)
    {
        // Without --noninteractive, with which Nmap up to 7.93 tells nothing of its progress either; where it runs there is no terminal.
        Add(command.ReverseDns ? "-R" : "-n");
        When(command.V6, "-6");
        When(command.Unprivileged, "--unprivileged");
        When(command.SystemDns, "--system-dns");
        When(command.DnsServers.Count > 0, $"--dns-servers={string.Join(',', command.DnsServers)}");
        When(command.ResolveAll, "--resolve-all");
        When(command.Unique, "--unique");
        When(command.RandomizeHosts, "--randomize-hosts");
        Techniques(command, reach);
        Discovery(command, reach.Discovery);
        Ports(command, reach);
        if (command.Scripts.Rules.Count > 0)
            Add($"--script={command.Scripts}");
        When(command.Arguments.Fields.Count > 0, $"--script-args={command.Arguments}");
        Time("--script-timeout", command.ScriptTimeout);
        Timing(command);
        Packets(command);
        Output(command);
    }

    private void Techniques(NmapCommand command, NmapReach reach)
    {
        When(command.ListOnly, "-sL");
        When(command.PingOnly, "-sn");
        // A scan type without a port is left out, as Nmap skips it.
        foreach (var letter in command.Scans.Where(letter => !(letter switch { 'U' => reach.Udp, 'Y' or 'Z' => reach.Scanned.Sctp, 'O' => reach.Scanned.Ip, _ => reach.Tcp }).IsEmpty))
            Add($"-s{letter}");
        if (command.Idle is { } zombie && !reach.Tcp.IsEmpty)
            Add("-sI", zombie.ToString());
        if (command.Bounce is { } server && !reach.Tcp.IsEmpty)
            Add("-b", server.ToString());
        When(command.Version, "-sV");
        if (command.Version && command.VersionIntensity is { } intensity)
            Add(Number($"--version-intensity={intensity}"));
        When(command.Version && command.AllPorts, "--allports");
        When(command.VersionDb is not null, $"--versiondb={ServiceProbes}");
        When(command.Os, "-O");
        When(command.Os && command.OsLimit, "--osscan-limit");
        When(command.Os && command.OsGuess, "--osscan-guess");
        if (command.Os && command.MaxOsTries is { } tries)
            Add(Number($"--max-os-tries={tries}"));
        When(command.Traceroute, "--traceroute");
    }

    private void Discovery(NmapCommand command, NmapDiscovery probes)
    {
        When(command.NoPing && !command.ListOnly, "-Pn");
        if (probes.IsExplicit)
        {
            When(!probes.Syn.IsEmpty, $"-PS{probes.Syn}");
            When(!probes.Ack.IsEmpty, $"-PA{probes.Ack}");
            When(!probes.Udp.IsEmpty, $"-PU{probes.Udp}");
            When(!probes.Sctp.IsEmpty, $"-PY{probes.Sctp}");
            When(!probes.Protocols.IsEmpty, $"-PO{probes.Protocols}");
            When(probes.Echo, "-PE");
            When(probes.Timestamp, "-PP");
            When(probes.Netmask, "-PM");
        }

        When(command.NoArpPing, "--disable-arp-ping");
        When(command.IgnoreResets, "--discovery-ignore-rst");
    }

    private void Ports(NmapCommand command, NmapReach reach)
    {
        if (!command.ScansPorts)
            return;
        if (command.ServiceDb is not null)
        {
            Add($"--servicedb={Services}");
            if (command.TopPorts is { } count)
                Add(Number($"--top-ports={count}"));
            if (command.PortRatio is { } ratio)
                Add(Number($"--port-ratio={ratio}"));
        }
        else
        {
            (string Prefix, PortSet Ports)[] parts = [("T:", reach.Tcp), ("U:", reach.Udp), ("S:", reach.Scanned.Sctp), ("", reach.Scanned.Ip)];
            Add("-p", string.Join(',', parts.Where(part => !part.Ports.IsEmpty).Select(part => part.Prefix + part.Ports)));
        }

        When(command.Sequential, "-r");
    }

    private void Timing(NmapCommand command)
    {
        Add(Number($"--timing={command.Timing}"));
        Value("--max-retries", command.MaxRetries);
        Time("--host-timeout", command.HostTimeout);
        Time("--scan-delay", command.ScanDelay);
        Time("--max-scan-delay", command.MaxScanDelay);
        Time("--min-rtt-timeout", command.MinRttTimeout);
        Time("--max-rtt-timeout", command.MaxRttTimeout);
        Time("--initial-rtt-timeout", command.InitialRttTimeout);
        Value("--min-rate", command.MinRate);
        Value("--max-rate", command.MaxRate);
        Value("--min-parallelism", command.MinParallelism);
        Value("--max-parallelism", command.MaxParallelism);
        Value("--min-hostgroup", command.MinHostgroup);
        Value("--max-hostgroup", command.MaxHostgroup);
        When(command.DefeatRstRatelimit, "--defeat-rst-ratelimit");
        When(command.DefeatIcmpRatelimit, "--defeat-icmp-ratelimit");
        When(command.NoGroupCongestion, "--nogcc");
        When(command.NsockEngine is not null, $"--nsock-engine={command.NsockEngine}");
    }

    private void Packets(NmapCommand command)
    {
        if (command.SpoofSource is { } source)
            Add("-S", source.ToString());
        if (command.Decoys is { } decoys)
            Add("-D", decoys);
        if (command.Interface is { } name)
            Add("-e", name);
        Value("--source-port", command.SourcePort);
        When(command.SpoofMac is not null, $"--spoof-mac={command.SpoofMac}");
        When(command.Proxies is not null, $"--proxies={command.Proxies}");
        Value("--mtu", command.Fragment);
        When(command.BadSum, "--badsum");
        When(command.Adler32, "--adler32");
        Value("--ttl", command.Ttl);
        Value("--scanflags", command.ScanFlags);
        When(command.IpOptions is not null, $"--ip-options={command.IpOptions}");
        if (command.Payload is { } payload)
            Add(payload);
        When(command.SendEth, "--send-eth");
        When(command.SendIp, "--send-ip");
    }

    private void Output(NmapCommand command)
    {
        When(command.OpenOnly, "--open");
        When(command.ShowReason, "--reason");
        When(command.PacketTrace, "--packet-trace");
        When(command.ScriptTrace, "--script-trace");
        // Version tracing raises debugging by one, debugging sets verbosity along with itself: the order matters.
        Add([.. Enumerable.Repeat("--version-trace", !command.VersionTrace ? 0 : command.Verbosity == 0 ? command.Debugging : 1)]);
        if (command.Verbosity > 0 && command.Debugging > (command.VersionTrace ? 1 : 0))
            Add(Number($"-d{command.Debugging}"), Number($"-v{command.Verbosity}"));
        else
            Add([.. Enumerable.Repeat("--verbose", command.Verbosity)]);
        Time("--stats-every", command.StatsEvery);
        When(command.OldOsXml, "--deprecated-xml-osclass");
        if (command.Stylesheet is { } sheet)
            Add(sheet.Length == 0 ? "--no-stylesheet" : $"--stylesheet={sheet}");
        foreach (var output in command.Outputs.OrderBy(output => output.Letter))
            Add($"-o{output.Letter}", output.Path);
    }

    private void Add(params string[] arguments) => _argv.AddRange(arguments);

    private void When(bool holds, string option)
    {
        if (holds)
            _argv.Add(option);
    }

    private void Value(string option, decimal? number)
    {
        if (number is { } value)
            _argv.Add(Number($"{option}={value:0.###}"));
    }

    private void Time(string option, TimeSpan? time)
    {
        if (time is { } value)
            _argv.Add(Number($"{option}={(long)value.TotalMilliseconds}ms"));
    }

    /// <summary>A range as the fewest networks, lowest first.</summary>
    internal static IEnumerable<string> Networks(AddressRange range)
    {
        var first = range.First.Bits;
        while (true)
        {
            var left = range.Last.Bits - first + 1;
            var bits = Math.Min((int)UInt128.Log2(left), first == 0 ? 127 : (int)UInt128.TrailingZeroCount(first));
            yield return new AddressRange(new(first), new(first + ((UInt128)1 << bits) - 1)).ToString();
            if (left == (UInt128)1 << bits)
                yield break;
            first += (UInt128)1 << bits;
        }
    }

    private static string Number(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
