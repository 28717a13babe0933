using System.Globalization;
using Writ.Proof.Errors;

namespace Writ.Core.Tools.Nmap;

/// <summary>
/// What the options of a command say together, in Nmap's reading: the later of two values holds where Nmap lets it,
/// and what Nmap calls a contradiction is refused. Nothing here depends on the runner.
/// </summary>
internal sealed record NmapCommand
{
    private readonly List<string> _scriptValues = [];
    private bool _defaultScripts;

    public bool V6 { get; private set; }
    public bool ListOnly { get; private set; }
    public bool PingOnly { get; private set; }
    public bool Syn { get; private set; }
    public bool Connect { get; private set; }
    public bool Udp { get; private set; }
    public bool Version { get; private set; }
    public bool Os { get; private set; }
    public bool Traceroute { get; private set; }
    public bool Sequential { get; private set; }
    public bool OpenOnly { get; private set; }
    public bool ShowReason { get; private set; }
    public bool NoPing { get; private set; }
    /// <summary>Discovery options by their letter (S, A, U, E, P) with their ports as typed; empty means Nmap's own choice.</summary>
    public SortedDictionary<char, string> Probes { get; } = [];
    public string? Ports { get; private set; }
    public bool Fast { get; private set; }
    public int? TopPorts { get; private set; }
    /// <summary>The rules that select scripts.</summary>
    public NmapScriptRules Scripts { get; private set; } = NmapScriptRules.None;
    /// <summary>0 to 9; 7 is Nmap's own and null here.</summary>
    public int? VersionIntensity { get; private set; }
    public int Timing { get; private set; } = 3;
    public int Verbosity { get; private set; }
    public int? MaxRetries { get; private set; }
    public TimeSpan? HostTimeout { get; private set; }
    /// <summary>Packets a second.</summary>
    public decimal? MaxRate { get; private set; }
    public string? Exclude { get; private set; }

    /// <summary>True when ports are scanned.</summary>
    public bool ScansPorts => !ListOnly && !PingOnly;

    /// <summary>Folds the options of an argv.</summary>
    public static Result<NmapCommand> Of(NmapArguments arguments)
    {
        var command = new NmapCommand();
        var seen4 = false;
        foreach (var (option, value) in arguments.Options)
        {
            seen4 |= option.Name == "-4";
            if (command.Take(option.Name, value ?? "") is { } refusal)
                return refusal;
        }

        var scripts = NmapScriptRules.Read(command._scriptValues, command._defaultScripts);
        if (!scripts.IsOk)
            return scripts.Refusal;
        command.Scripts = scripts.Value;
        if (seen4 && command.V6)
            return Wrong("-4 and -6 contradict each other", "choose one");
        return command.Contradiction() is { } wrong ? wrong : command;
    }

    private Refusal? Take(string option, string value)
    {
        switch (option)
        {
            case "-4" or "-n" or "--noninteractive": return null;
            case "-6": V6 = true; return null;
            case "-A": Version = Os = Traceroute = true; _defaultScripts = true; return null;
            case "-F": Fast = true; return null;
            case "-O": Os = true; return value.Length == 0 ? null : Wrong($"-O takes no value, and '{NmapArguments.Show(value)}' is glued to it", "put a space between options");
            case "-P": return Probe(value);
            case "-p":
                if (Ports is not null)
                    return Wrong("-p stands twice", "write one list of ports");
                Ports = value;
                return null;
            case "-r": Sequential = true; return null;
            case "-s": return Scan(value);
            case "-T" or "--timing": return TakeTiming(value);
            case "-v": return Verbose(value);
            case "--verbose": return Verbose("");
            case "--vv": return Verbose("v");
            case "--open": OpenOnly = true; return null;
            case "--reason": ShowReason = true; return null;
            case "--traceroute": Traceroute = true; return null;
            case "--version-intensity": return Number(option, value, 0, 9, number => VersionIntensity = number);
            case "--version-light": VersionIntensity = 2; return null;
            case "--version-all": VersionIntensity = 9; return null;
            case "--top-ports": return Number(option, value, 1, 65536, number => TopPorts = number);
            case "--max-retries": return Number(option, value, 0, 50, number => MaxRetries = number);
            case "--host-timeout": return TakeHostTimeout(value);
            case "--max-rate": return TakeMaxRate(value);
            case "--script": _scriptValues.Add(value); return null;
            case "--exclude":
                if (Exclude is not null)
                    return Wrong("--exclude stands twice, and Nmap would heed only the last", "write one list");
                Exclude = value;
                return null;
            default: throw new InvalidOperationException($"the table accepts {option}, but nothing reads it");
        }
    }

    private Refusal? Scan(string letters)
    {
        if (letters.Length == 0)
            return Wrong("-s needs a letter glued to it", "such as -sS or -sT");
        foreach (var letter in letters)
        {
            switch (letter)
            {
                case 'S': Syn = true; break;
                case 'T': Connect = true; break;
                case 'U': Udp = true; break;
                case 'n': PingOnly = true; break;
                case 'L': ListOnly = true; break;
                case 'V': Version = true; break;
                case 'C': _defaultScripts = true; break;
                case 'P': return Wrong("-sP is an old way to write -sn", "write -sn");
                default:
                    return Wrong($"scan type '-s{letter}' is not accepted", "the scan types -sS, -sT, -sU, -sn, -sL, -sV and -sC are");
            }
        }

        return null;
    }

    private Refusal? Probe(string text)
    {
        if (text == "n")
        {
            NoPing = true;
            return null;
        }

        var letter = text.Length > 0 ? text[0] : ' ';
        if (letter is 'E' or 'P' ? text.Length > 1 : letter is not ('S' or 'A' or 'U'))
            return Wrong($"discovery '-P{NmapArguments.Show(text)}' is not accepted", "-Pn, -PS, -PA, -PU, -PE and -PP are");
        if (Probes.TryGetValue(letter, out var before) && (before.Length > 0 || text.Length > 1))
            return Wrong($"-P{letter} stands twice", "write one list of ports");
        Probes[letter] = text[1..];
        return null;
    }

    private Refusal? TakeTiming(string value)
    {
        string[] names = ["paranoid", "sneaky", "polite", "normal", "aggressive", "insane"];
        var level = value.Length == 1 && value[0] is >= '0' and <= '5' ? value[0] - '0' : Array.IndexOf(names, value.ToLowerInvariant());
        if (level < 0)
        {
            // Nmap reads the first digit and drops the rest, so that "-T4sL" scans.
            return Wrong($"timing '{NmapArguments.Show(value)}' is none of 0 to 5", "-T takes what follows as its value: write -T4 and a space");
        }

        Timing = level;
        return null;
    }

    private Refusal? Verbose(string value)
    {
        if (value.All(c => c == 'v'))
            Verbosity = Math.Min(10, Verbosity + 1 + value.Length);
        else if (value.Length <= 2 && int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var level) && level <= 10)
            Verbosity = level;
        else
            return Wrong($"verbosity '{NmapArguments.Show(value)}' is none of 0 to 10", "-v takes what is glued to it as its value: put a space between options");
        return null;
    }

    private static Refusal? Number(string option, string value, int least, int most, Action<int> set)
    {
        if (value.Length > 9 || !int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var number) || number < least || number > most)
            return Wrong(string.Create(CultureInfo.InvariantCulture, $"{option}: '{NmapArguments.Show(value)}' is no number from {least} to {most}"), null);
        set(number);
        return null;
    }

    private Refusal? TakeHostTimeout(string value)
    {
        var digits = value.TakeWhile(char.IsAsciiDigit).Count();
        long unit = value[digits..] switch { "ms" => 1, "" or "s" => 1000, "m" => 60_000, "h" => 3_600_000, _ => 0 };
        if (digits is 0 or > 9 || unit == 0 || long.Parse(value.AsSpan(0, digits), CultureInfo.InvariantCulture) * unit is not (> 0 and <= 86_400_000 and var time))
            return Wrong($"--host-timeout: '{NmapArguments.Show(value)}' is no time of up to a day", "write 500ms, 90s, 30m or 2h");
        HostTimeout = TimeSpan.FromMilliseconds(time);
        return null;
    }

    private Refusal? TakeMaxRate(string value)
    {
        if (value.Length > 12 || !decimal.TryParse(value, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var rate) || rate is < 0.001m or > 10_000_000m)
            return Wrong($"--max-rate: '{NmapArguments.Show(value)}' is no number of packets a second", "write a number such as 100");
        MaxRate = decimal.Round(rate, 3);
        return null;
    }

    private Refusal? Contradiction()
    {
        if (Syn && Connect)
            return Wrong("-sS and -sT contradict each other", "choose one");
        // -sLn lists, as Nmap has it.
        PingOnly &= !ListOnly;
        if (NoPing && Probes.Count > 0)
            return Wrong("-Pn and other discovery options contradict each other", "choose one");
        if (V6 && Probes.ContainsKey('P'))
            return Wrong("-PP is not for IPv6", "use -PE");
        if ((Fast ? 1 : 0) + (TopPorts is null ? 0 : 1) + (Ports is null ? 0 : 1) > 1)
            return Wrong("-p, -F and --top-ports contradict each other", "choose one");
        if (ScansPorts)
            return null;

        var mode = ListOnly ? "-sL" : "-sn";
        if (Syn || Connect || Udp)
            return Wrong($"{mode} and a port scan contradict each other", $"leave {mode} out to scan ports");
        if (Ports is not null || Fast || TopPorts is not null)
            return Wrong($"{mode} scans no ports, so none can be chosen", $"leave {mode} out to scan ports");
        if (Version || Os || Scripts.Rules.Count > 0)
            return Wrong($"{mode} does not go with -sV, -O, -A or scripts", $"leave {mode} out");
        if (ListOnly && Traceroute)
            return Wrong("-sL does not go with --traceroute", "use -sn");
        return PingOnly && NoPing ? Wrong("-sn with -Pn does nothing", "use -sL to list targets") : null;
    }

    /// <summary>Makes a default port scan explicit, as a privileged Nmap chooses it.</summary>
    public bool ScansSyn => ScansPorts && (Syn || (!Connect && !Udp));

    private static Refusal Wrong(string message, string? hint) => new(ErrorCode.InvalidCommand, message, hint);
}
