using Writ.Proof.Errors;

namespace Writ.Core.Tools.Nmap;

/// <summary>Scan types, version and OS detection (https://nmap.org/book/man-port-scanning-techniques.html).</summary>
internal sealed partial record NmapCommand
{
    /// <summary>TCP scan types of one letter, of which a command has at most one (with <c>-sI</c> and <c>-b</c>).</summary>
    private const string TcpLetters = "STAWMNFX";

    private bool _aggressive;

    /// <summary>Scan types by their letters (<c>S T A W M N F X U Y Z O</c>), in order; made explicit where the command names none.</summary>
    public SortedSet<char> Scans { get; } = [];

    /// <summary>Targets are only listed (<c>-sL</c>).</summary>
    public bool ListOnly { get; private set; }

    /// <summary>No port is scanned (<c>-sn</c>); false where targets are only listed.</summary>
    public bool PingOnly { get; private set; }

    public bool Version { get; private set; }
    /// <summary>0 to 9; 7 is Nmap's own and null here.</summary>
    public int? VersionIntensity { get; private set; }
    /// <summary>Version detection also talks to the ports that Nmap leaves alone, printers' ones.</summary>
    public bool AllPorts { get; private set; }
    public bool Os { get; private set; }
    public bool OsLimit { get; private set; }
    public bool OsGuess { get; private set; }
    /// <summary>1 to 50; null is Nmap's own choice.</summary>
    public int? MaxOsTries { get; private set; }
    public bool Traceroute { get; private set; }

    public bool Syn => Scans.Contains('S');
    public bool Connect => Scans.Contains('T');
    public bool Udp => Scans.Contains('U');
    public bool Sctp => Scans.Contains('Y') || Scans.Contains('Z');
    /// <summary>IP protocols are scanned instead of ports (<c>-sO</c>).</summary>
    public bool IpProtocol => Scans.Contains('O');
    /// <summary>TCP ports are scanned, in whatever way.</summary>
    public bool Tcp => Idle is not null || Bounce is not null || Scans.Overlaps(TcpLetters);

    /// <summary>True when ports or protocols are scanned.</summary>
    public bool ScansPorts => !ListOnly && !PingOnly;

    /// <summary>The same as <see cref="Syn"/>, the default included.</summary>
    public bool ScansSyn => Syn;

    private static IEnumerable<(string Option, Func<NmapCommand, string, Refusal?> Read)> ScanReaders() =>
    [
        ("-s", (command, value) => command.Scan(value)),
        Flag("-A", command => command._aggressive = true),
        ("-O", (command, value) => command.DetectOs(value)),
        Once("--sI", command => command.Idle?.ToString(), (command, value) => command.TakeIdle(value)),
        Once("-b", command => command.Bounce?.ToString(), (command, value) => command.TakeBounce(value)),
        Flag("--traceroute", command => command.Traceroute = true),
        Number("--version-intensity", 0, 9, (command, number) => command.VersionIntensity = number),
        Flag("--version-light", command => command.VersionIntensity = 2),
        Flag("--version-all", command => command.VersionIntensity = 9),
        Flag("--allports", command => command.AllPorts = true),
        Flag("--osscan-limit", command => command.OsLimit = true),
        Flag("--osscan-guess", command => command.OsGuess = true),
        Flag("--fuzzy", command => command.OsGuess = true),
        Number("--max-os-tries", 1, 50, (command, number) => command.MaxOsTries = number),
        Flag("--privileged", command => command.Unprivileged = false),
        Flag("--unprivileged", command => command.Unprivileged = true),
    ];

    private Refusal? Scan(string letters)
    {
        if (letters.Length == 0)
            return Wrong("-s needs a letter glued to it", "such as -sS or -sT");
        foreach (var letter in letters)
        {
            switch (letter)
            {
                // -sP is the old name of -sn, and -sR of -sV.
                case 'n' or 'P': PingOnly = true; break;
                case 'L': ListOnly = true; break;
                case 'V' or 'R': Version = true; break;
                case 'C': _defaultScripts = true; break;
                // Nmap counts this one, and takes two of it for two types.
                case 'X' when Scans.Contains('X'): return Wrong("-sX given twice contradicts itself", "give it once");
                case 'O' or 'U' or 'Y' or 'Z' or 'S' or 'T' or 'A' or 'W' or 'M' or 'N' or 'F' or 'X': Scans.Add(letter); break;
                case 'B': return Wrong("nmap has no scan type '-sB'", "the bounce scan is -b");
                default: return Wrong($"nmap has no scan type '-s{letter}'", null);
            }
        }

        return null;
    }

    private Refusal? DetectOs(string value)
    {
        Os = true;
        return value is "" or "2" ? null : Wrong($"-O takes no value, and '{NmapArguments.Show(value)}' is glued to it", "put a space between options");
    }

    private Refusal? SettleScans()
    {
        if (_aggressive)
        {
            Version = true;
            _defaultScripts = true;
            Os |= !Unprivileged;
            Traceroute |= !Unprivileged;
        }

        // -sLn lists, as Nmap has it.
        PingOnly &= !ListOnly;
        if (!ScansPorts && (Scans.Count > 0 || Idle is not null || Bounce is not null))
            return Wrong($"{Mode} and a port scan contradict each other", $"leave {Mode} out to scan ports");
        if (!ScansPorts && Os)
            return Wrong($"{Mode} scans no ports, which OS detection (-O, -A) needs", $"leave {Mode} out");
        if (IpProtocol && (Scans.Count > 1 || Idle is not null || Bounce is not null))
            return Wrong("-sO goes with no other scan type", "scan ports with a command of its own");
        var tcp = Scans.Count(letter => TcpLetters.Contains(letter)) + (Idle is null ? 0 : 1) + (Bounce is null ? 0 : 1);
        if (tcp > 1)
            return Wrong("the TCP scan types contradict each other", "choose one of -sS, -sT, -sA, -sW, -sM, -sN, -sF, -sX, -sI and -b");
        if (ScansPorts && Scans.Count == 0 && tcp == 0)
            Scans.Add(Unprivileged ? 'T' : 'S');
        if (Unprivileged && (Os || Traceroute || Idle is not null || Scans.Any(letter => letter != 'T')))
            return Wrong("--unprivileged leaves only connect and bounce scans, without -O and --traceroute", "leave --unprivileged out");
        if (Traceroute && Idle is not null)
            return Wrong("--traceroute does not go with an idle scan", "leave one of them out");

        // What Nmap leaves undone without a word.
        Version &= ScansPorts && !IpProtocol;
        Os &= !IpProtocol;
        Traceroute &= !ListOnly;
        return null;
    }

    private string Mode => ListOnly ? "-sL" : "-sn";
}
