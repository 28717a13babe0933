using System.Globalization;
using System.Text.RegularExpressions;
using Writ.Proof.Addresses;
using Writ.Proof.Errors;

namespace Writ.Core.Tools.Nmap;

/// <summary>
/// What packets look like, and where they seem to come from (https://nmap.org/book/man-bypass-firewalls-ids.html). The
/// values are checked as far as a wrong one could mean another host, a file or another option.
/// </summary>
internal sealed partial record NmapCommand
{
    private const int MaxDecoys = 126;
    private const int MaxPayload = 65_435;

    public Address? SpoofSource { get; private set; }
    /// <summary>As typed: addresses, <c>ME</c>, <c>RND</c> and <c>RND:n</c>.</summary>
    public string? Decoys { get; private set; }
    /// <summary>How many others each packet is sent as.</summary>
    public int DecoyCount { get; private set; }
    public string? Interface { get; private set; }
    public int? SourcePort { get; private set; }
    public string? SpoofMac { get; private set; }
    /// <summary>As typed: <c>http://address:port</c> or <c>socks4://address:port</c>, separated by commas.</summary>
    public string? Proxies { get; private set; }
    /// <summary>Bytes of a fragment after the IP header, a multiple of 8; null sends whole packets.</summary>
    public int? Fragment { get; private set; }
    public bool BadSum { get; private set; }
    public bool Adler32 { get; private set; }
    public int? Ttl { get; private set; }
    /// <summary>TCP flags as a number, 0 to 255.</summary>
    public int? ScanFlags { get; private set; }
    public string? IpOptions { get; private set; }
    /// <summary>A payload for every packet, as an option with its value.</summary>
    public string? Payload { get; private set; }
    public bool SendEth { get; private set; }
    public bool SendIp { get; private set; }

    /// <summary>The zombie of an idle scan, with the port by which it is probed.</summary>
    public NmapRelay? Idle { get; private set; }

    /// <summary>The FTP server of a bounce scan.</summary>
    public NmapRelay? Bounce { get; private set; }

    /// <summary>Hosts beside the targets that packets are sent to.</summary>
    public List<NmapRelay> Relays { get; } = [];

    private static IEnumerable<(string Option, Func<NmapCommand, string, Refusal?> Read)> PacketReaders() =>
    [
        Once("-S", command => command.SpoofSource?.ToString(), (command, value) => command.TakeSource(value)),
        Once("-D", command => command.Decoys, (command, value) =>
        {
            command.Decoys = value;
            return null;
        }),
        Once("-e", command => command.Interface, (command, value) =>
        {
            command.Interface = value;
            return InterfaceName().IsMatch(value) ? null : Wrong($"-e: '{NmapArguments.Show(value)}' is no name of an interface", null);
        }),
        Number("-g", 1, 65_535, (command, number) => command.SourcePort = number),
        Number("--source-port", 1, 65_535, (command, number) => command.SourcePort = number),
        Once("--spoof-mac", command => command.SpoofMac, (command, value) =>
        {
            command.SpoofMac = value;
            return MacOrVendor().IsMatch(value) ? null : Wrong($"--spoof-mac: '{NmapArguments.Show(value)}' is no address, prefix or vendor", "write 0 for a random one");
        }),
        Once("--proxies", command => command.Proxies, (command, value) => command.TakeProxies(value)),
        Once("--proxy", command => command.Proxies, (command, value) => command.TakeProxies(value)),
        Flag("-f", command => command.Fragment = (command.Fragment ?? 0) + 8),
        Flag("--ff", command => command.Fragment = (command.Fragment ?? 0) + 16),
        ("--mtu", (command, value) => command.TakeMtu(value)),
        Flag("--badsum", command => command.BadSum = true),
        Flag("--adler32", command => command.Adler32 = true),
        Number("--ttl", 0, 255, (command, number) => command.Ttl = number),
        ("--scanflags", (command, value) => command.TakeScanFlags(value)),
        Once("--ip-options", command => command.IpOptions, (command, value) => command.TakeIpOptions(value)),
        Once("--data", command => command.Payload, (command, value) => command.TakeData(value)),
        Once("--data-string", command => command.Payload, (command, value) =>
        {
            command.Payload = $"--data-string={value}";
            return value.Length is > 0 and <= MaxPayload ? null : Wrong("--data-string: the text is empty or too long", null);
        }),
        Once("--data-length", command => command.Payload, (command, value) =>
        {
            command.Payload = $"--data-length={value}";
            return int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var length) && length <= MaxPayload ? null
                : Wrong($"--data-length: '{NmapArguments.Show(value)}' is no number from 0 to {MaxPayload}", null);
        }),
        Flag("--send-eth", command => (command.SendEth, command.SendIp) = (true, false)),
        Flag("--send-ip", command => (command.SendEth, command.SendIp) = (false, true)),
    ];

    private Refusal? TakeSource(string value)
    {
        if (!Address.TryParse(value, out var source))
            return Wrong($"-S: '{NmapArguments.Show(value)}' is no address", "write an address in full");
        SpoofSource = source;
        return null;
    }

    private Refusal? TakeProxies(string value)
    {
        foreach (var url in value.Split(','))
        {
            ushort port = url.StartsWith("http://", StringComparison.OrdinalIgnoreCase) ? (ushort)8080 : url.StartsWith("socks4://", StringComparison.OrdinalIgnoreCase) ? (ushort)1080 : (ushort)0;
            if (port == 0 || NmapRelay.Read(url[(url.IndexOf("//", StringComparison.Ordinal) + 2)..], port) is not { } relay)
                return Wrong($"--proxies: '{NmapArguments.Show(url)}' is no proxy", "write http://address:port or socks4://address:port, separated by commas");
            Relays.Add(relay);
        }

        Proxies = value;
        return null;
    }

    private Refusal? TakeIdle(string value)
    {
        // The probe port of a zombie is 80 unless said otherwise.
        if (NmapRelay.Read(value, 80) is not { } zombie)
            return Wrong($"-sI: '{NmapArguments.Show(value)}' is no zombie", "write its address, or address:port");
        Idle = zombie;
        Relays.Add(zombie);
        return null;
    }

    private Refusal? TakeBounce(string value)
    {
        if (value.Contains('@', StringComparison.Ordinal))
            return Wrong("-b: a user or password in a command would be shown to everybody", "write the server alone: the login is anonymous");
        if (NmapRelay.Read(value, 21) is not { Address.IsV4: true } server)
            return Wrong($"-b: '{NmapArguments.Show(value)}' is no FTP server", "write its IPv4 address, or address:port");
        Bounce = server;
        Relays.Add(server);
        return null;
    }

    private Refusal? TakeMtu(string value)
    {
        if (!int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var size) || size is <= 0 or > 65_528 || size % 8 != 0)
            return Wrong($"--mtu: '{NmapArguments.Show(value)}' is no multiple of 8", "write 8, 16, 24, ...");
        Fragment = size;
        return null;
    }

    private Refusal? TakeScanFlags(string value)
    {
        // Nmap looks for the names anywhere in the word, so that only words made of names alone are clear.
        (string Name, int Flag)[] names = [("FIN", 1), ("SYN", 2), ("RST", 4), ("PSH", 8), ("ACK", 16), ("URG", 32), ("ECE", 64), ("CWR", 128)];
        int? flags = value.Length > 0 && char.IsAsciiDigit(value[0])
            ? byte.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && (value.Length == 1 || value[0] != '0') ? number : null
            : value.Length > 0 && value.Length % 3 == 0 ? 0 : null;
        for (var at = 0; flags is not null && !char.IsAsciiDigit(value[0]) && at < value.Length; at += 3)
        {
            var found = names.FirstOrDefault(row => value.AsSpan(at, 3).Equals(row.Name, StringComparison.OrdinalIgnoreCase)).Flag;
            flags = found == 0 ? null : flags | found;
        }

        ScanFlags = flags;
        return flags is not null ? null : Wrong($"--scanflags: '{NmapArguments.Show(value)}' is no set of flags", "write names in a row, such as SYNFIN, or a number from 0 to 255");
    }

    private Refusal? TakeIpOptions(string value)
    {
        if (!IpOption().IsMatch(value))
            return Wrong($"--ip-options: '{NmapArguments.Show(value)}' is not understood", "write R, T, U, S or L with addresses, or bytes as \\x01\\x02");
        if (value[0] == '\\' && IpOptionByte().Matches(value).Sum(match => match.Groups[1].Success ? int.Parse(match.Groups[1].ValueSpan, CultureInfo.InvariantCulture) : 1) is var length && (length % 4 != 0 || length > 40))
            return Wrong($"--ip-options: '{NmapArguments.Show(value)}' is {length} bytes", "options are a multiple of 4 bytes, at most 40: fill up with \\x00");
        foreach (var hop in value[0] is 'S' or 'L' ? value[1..].Split([' ', ','], StringSplitOptions.RemoveEmptyEntries) : [])
        {
            if (!Address.TryParse(hop, out var address))
                return Wrong($"--ip-options: '{NmapArguments.Show(hop)}' is no address", null);
            Relays.Add(new(address));
        }

        IpOptions = value;
        return null;
    }

    private Refusal? TakeData(string value)
    {
        var hex = value.StartsWith("0x", StringComparison.Ordinal) ? value[2..]
            : value.StartsWith("\\x", StringComparison.Ordinal) ? value.Replace("\\x", "", StringComparison.Ordinal) : value;
        if (hex.Length is 0 or > 2 * 1400 || hex.Length % 2 != 0 || !hex.All(char.IsAsciiHexDigit))
            return Wrong($"--data: '{NmapArguments.Show(value)}' is no list of bytes", "write an even number of hexadecimal digits, such as 0xdeadbeef");
        Payload = $"--data=0x{hex.ToLowerInvariant()}";
        return null;
    }

    private Refusal? SettlePackets()
    {
        if (V6 && (Bounce is not null || Fragment is not null))
            return Wrong(Bounce is not null ? "the bounce scan is not for IPv6" : "fragments are not for IPv6", null);
        if (SpoofSource is { } source && source.IsV4 == V6)
            return Wrong($"-S: {source} is not of the targets' family", null);
        if (Idle is { } zombie && zombie.Address.IsV4 == V6)
            return Wrong($"-sI: {zombie.Address} is not of the targets' family", null);
        if (Decoys is { } decoys && SettleDecoys(decoys) is { } wrong)
            return wrong;
        if (Unprivileged && (Decoys is not null || Fragment is not null))
            return Wrong($"--unprivileged does not go with {(Decoys is null ? "fragments" : "decoys")}", "leave --unprivileged out");
        if (Fragment is { } size && !Fragments(size))
            return Wrong("fragments go only with TCP scans other than -sT, or TCP, timestamp or netmask pings", "leave -f or --mtu out");
        foreach (var server in DnsServers)
            Relays.Add(new(server, 53, 53));
        return null;
    }

    /// <summary>Nmap counts decoys when it has read the whole command.</summary>
    private Refusal? SettleDecoys(string decoys)
    {
        var (count, me) = (0, 0);
        foreach (var word in decoys.Split(','))
        {
            var random = word.Equals("rnd", StringComparison.OrdinalIgnoreCase) ? 1
                : word.StartsWith("rnd:", StringComparison.OrdinalIgnoreCase) && int.TryParse(word.AsSpan(4), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0;
            if (word.Equals("me", StringComparison.OrdinalIgnoreCase))
                me++;
            else if (random == 0 && !Address.TryParse(word, out _))
                return Wrong($"-D: '{NmapArguments.Show(word)}' is no decoy", "write addresses, ME, RND or RND:5, separated by commas");
            else if (V6 ? random > 0 || word.Contains('.', StringComparison.Ordinal) : word.Contains("::", StringComparison.Ordinal))
                return Wrong("-D: a decoy is not of the targets' family", V6 ? "RND is for IPv4 only" : null);
            count += Math.Max(1, random);
            if (count > MaxDecoys || me > 1)
                return Wrong(me > 1 ? "-D: ME stands twice" : $"-D: more than {MaxDecoys} decoys", null);
        }

        DecoyCount = count - me;
        return null;
    }

    /// <summary>Nmap refuses fragments where nothing that it sends could be one.</summary>
    private bool Fragments(int size) =>
        Scans.Overlaps("AFMNSWX")
        || (!NoPing && !ListOnly && (Probes.Count == 0 || Probes.Keys.Any(letter => letter is 'P' or 'S' or 'A') || (size == 8 && Probes.ContainsKey('M'))))
        || PayloadLength + 8 > size;

    private int PayloadLength => Payload switch
    {
        null => 0,
        _ when Payload.StartsWith("--data-length=", StringComparison.Ordinal) => int.Parse(Payload.AsSpan(14), CultureInfo.InvariantCulture),
        _ when Payload.StartsWith("--data-string=", StringComparison.Ordinal) => Payload.Length - 14,
        _ => (Payload.Length - "--data=0x".Length) / 2,
    };

    [GeneratedRegex(@"^[A-Za-z][A-Za-z0-9._:-]{0,14}\z")]
    private static partial Regex InterfaceName();

    [GeneratedRegex(@"^(0|([0-9A-Fa-f]{2}:?){1,6}|[A-Za-z][A-Za-z0-9 .&-]{0,40})\z")]
    private static partial Regex MacOrVendor();

    [GeneratedRegex(@"^([RTU]|[SL][0-9., ]{0,160}|(\\x[0-9A-Fa-f]{1,2}(\*([2-9]|[1-3][0-9]|40))?){1,40})\z")]
    private static partial Regex IpOption();

    [GeneratedRegex(@"\\x[0-9A-Fa-f]{1,2}(?:\*([0-9]+))?")]
    private static partial Regex IpOptionByte();
}
