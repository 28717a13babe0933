using System.Collections.Frozen;

namespace Writ.Core.Tools.Nmap;

/// <summary>
/// Every option of Nmap 7.93, accepted or not: which abbreviations are unique depends on all of them. Held against the
/// real program: all 2,306 prefixes of the long names and all pairs of letters resolve alike.
/// </summary>
internal static class NmapOptionTable
{
    private const string Reads = "reads a file of the runner's host";
    private const string Writes = "writes a file";
    private const string Output = "saves output to a file, which is not supported yet";
    private const string Code = "runs code that was not reviewed";
    private const string Spoof = "hides or forges where packets come from";
    private const string Evade = "shapes packets to pass filters unseen";
    private const string Load = "sets how hard targets are hit, which the timing template decides";
    private const string Unbounded = "reaches targets that the command does not name";
    private const string Resolve = "asks name servers, which are no targets";
    private const string Privilege = "says how the runner runs Nmap, which is the runner's to say";
    private const string Nothing = "runs no scan";
    private const string Unsupported = "is not supported yet";

    private const string TakeOutput = "leave it out: the run's output is kept, see 'writ replay' and 'writ results'";
    private const string TakeTargets = "name the targets on the command line";
    private const string TakeTiming = "use -T0 to -T5, or --max-rate";

    /// <summary>
    /// The short options, from getopt's own string (<c>46Ab:D:d::e:Ffg:hIi:M:m:nO::o:P::p:qRrS:s::T:Vv::</c>).
    /// </summary>
    public static FrozenDictionary<char, NmapOption> Short { get; } = new Dictionary<char, NmapOption>
    {
        ['4'] = Yes("-4"),
        ['6'] = Yes("-6"),
        ['A'] = Yes("-A"),
        ['b'] = No("-b", Takes.Value, Spoof),
        ['D'] = No("-D", Takes.Value, Spoof),
        ['d'] = No("-d", Takes.GluedValue, Unsupported, "use -v for more output"),
        ['e'] = No("-e", Takes.Value, "names an interface, which is the runner's to choose"),
        ['F'] = Yes("-F"),
        ['f'] = No("-f", Takes.Nothing, Evade),
        ['g'] = No("-g", Takes.Value, Spoof),
        ['h'] = No("-h", Takes.Nothing, Nothing),
        ['I'] = No("-I", Takes.Nothing, "is no longer in Nmap"),
        ['i'] = No("-i", Takes.Value, Reads, TakeTargets),
        ['M'] = No("-M", Takes.Value, Load, TakeTiming),
        ['m'] = No("-m", Takes.Value, Writes, TakeOutput),
        ['n'] = Yes("-n"),
        ['O'] = Yes("-O", Takes.GluedValue),
        ['o'] = No("-o", Takes.Value, Writes, TakeOutput),
        ['P'] = Yes("-P", Takes.GluedValue),
        ['p'] = Yes("-p", Takes.Value),
        ['q'] = No("-q", Takes.Nothing, "is no longer in Nmap"),
        ['R'] = No("-R", Takes.Nothing, Resolve, "leave it out: runs never resolve names"),
        ['r'] = Yes("-r"),
        ['S'] = No("-S", Takes.Value, Spoof),
        ['s'] = Yes("-s", Takes.GluedValue),
        ['T'] = Yes("-T", Takes.Value),
        ['V'] = No("-V", Takes.Nothing, Nothing),
        ['v'] = Yes("-v", Takes.GluedValue),
    }.ToFrozenDictionary();

    /// <summary>The long options by name without dashes, in Nmap's order.</summary>
    public static IReadOnlyList<(string Name, NmapOption Option)> Long { get; } =
    [
        .. new[]
        {
            No("--version", Takes.Nothing, Nothing), Yes("--verbose"),
            No("--datadir", Takes.Value, Code), No("--servicedb", Takes.Value, Reads), No("--versiondb", Takes.Value, Reads),
            No("--debug", Takes.GluedValue, Unsupported, "use -v for more output"),
            No("--help", Takes.Nothing, Nothing), No("--iflist", Takes.Nothing, "shows the runner's interfaces"),
            No("--release-memory", Takes.Nothing, Unsupported), No("--nogcc", Takes.Nothing, Unsupported),
            No("--max-os-tries", Takes.Value, Unsupported),
            No("--max-parallelism", Takes.Value, Load, TakeTiming), No("--min-parallelism", Takes.Value, Load, TakeTiming),
            Yes("--timing", Takes.Value),
            No("--max-rtt-timeout", Takes.Value, Load, TakeTiming), No("--min-rtt-timeout", Takes.Value, Load, TakeTiming),
            No("--initial-rtt-timeout", Takes.Value, Load, TakeTiming),
            No("--excludefile", Takes.Value, Reads, "use --exclude with the addresses"), Yes("--exclude", Takes.Value),
            No("--max-hostgroup", Takes.Value, Load, TakeTiming), No("--min-hostgroup", Takes.Value, Load, TakeTiming),
            Yes("--open"), No("--scanflags", Takes.Value, Evade),
            No("--defeat-rst-ratelimit", Takes.Nothing, Load, TakeTiming), No("--defeat-icmp-ratelimit", Takes.Nothing, Load, TakeTiming),
            Yes("--host-timeout", Takes.Value),
            No("--scan-delay", Takes.Value, Load, TakeTiming), No("--max-scan-delay", Takes.Value, Load, TakeTiming),
            Yes("--max-retries", Takes.Value),
            No("--oA", Takes.Value, Output, TakeOutput), No("--oN", Takes.Value, Output, TakeOutput), No("--oM", Takes.Value, Output, TakeOutput),
            No("--oG", Takes.Value, Output, TakeOutput), No("--oS", Takes.Value, Output, TakeOutput), No("--oH", Takes.Value, Output, TakeOutput),
            No("--oX", Takes.Value, Output, TakeOutput),
            No("--iL", Takes.Value, Reads, TakeTargets), No("--iR", Takes.Value, Unbounded, TakeTargets), No("--sI", Takes.Value, Spoof),
            No("--source-port", Takes.Value, Spoof), No("--randomize-hosts", Takes.Nothing, Unsupported),
            No("--nsock-engine", Takes.Value, Unsupported), No("--proxies", Takes.Value, Spoof), No("--proxy", Takes.Value, Spoof),
            No("--discovery-ignore-rst", Takes.Nothing, Unsupported),
            No("--osscan-limit", Takes.Nothing, Unsupported), No("--osscan-guess", Takes.Nothing, Unsupported), No("--fuzzy", Takes.Nothing, Unsupported),
            No("--packet-trace", Takes.Nothing, Unsupported), No("--version-trace", Takes.Nothing, Unsupported),
            No("--data", Takes.Value, Evade), No("--data-string", Takes.Value, Evade), No("--data-length", Takes.Value, Evade),
            No("--send-eth", Takes.Nothing, "passes the network stack by"), No("--send-ip", Takes.Nothing, Privilege),
            No("--stylesheet", Takes.Value, Output, TakeOutput), No("--no-stylesheet", Takes.Nothing, Output, TakeOutput),
            No("--webxml", Takes.Nothing, Output, TakeOutput),
            No("--rH", Takes.Nothing, Unsupported), Yes("--vv"), No("--ff", Takes.Nothing, Evade),
            No("--privileged", Takes.Nothing, Privilege), No("--unprivileged", Takes.Nothing, Privilege),
            No("--mtu", Takes.Value, Evade), No("--append-output", Takes.Nothing, Writes, TakeOutput), Yes("--noninteractive"),
            No("--spoof-mac", Takes.Value, Spoof), No("--thc", Takes.Nothing, Unsupported), No("--badsum", Takes.Nothing, Evade),
            No("--ttl", Takes.Value, Evade), Yes("--traceroute"), Yes("--reason"),
            No("--allports", Takes.Nothing, Unsupported),
            Yes("--version-intensity", Takes.Value), Yes("--version-light"), Yes("--version-all"),
            No("--system-dns", Takes.Nothing, Resolve, "leave it out: runs never resolve names"),
            No("--resolve-all", Takes.Nothing, Unbounded, TakeTargets), No("--unique", Takes.Nothing, "has no effect: targets are unique anyway", "leave it out"),
            No("--log-errors", Takes.Nothing, Output, TakeOutput), No("--deprecated-xml-osclass", Takes.Nothing, Unsupported),
            No("--yoloscan", Takes.Nothing, "is a hidden way to write -A", "write -A"),
            No("--dns-servers", Takes.Value, Resolve, "leave it out: runs never resolve names"),
            No("--port-ratio", Takes.Value, Unsupported, "use --top-ports"), No("--exclude-ports", Takes.Value, Unsupported, "use -p with the ports that remain"),
            Yes("--top-ports", Takes.Value), Yes("--script", Takes.Value),
            No("--script-trace", Takes.Nothing, Unsupported), No("--script-updatedb", Takes.Nothing, Writes),
            No("--script-args", Takes.Value, "lets scripts open files and add targets"), No("--script-args-file", Takes.Value, Reads),
            No("--script-help", Takes.Value, Code), No("--script-timeout", Takes.Value, Unsupported),
            No("--ip-options", Takes.Value, Spoof),
            No("--min-rate", Takes.Value, Load, TakeTiming), Yes("--max-rate", Takes.Value),
            No("--adler32", Takes.Nothing, Evade), No("--stats-every", Takes.Value, Unsupported), No("--disable-arp-ping", Takes.Nothing, Unsupported),
            No("--route-dst", Takes.Value, Nothing), No("--resume", Takes.Value, "reads its command from a file"),
        }.Select(option => (option.Name[2..], option)),
    ];

    private static NmapOption Yes(string name, Takes takes = Takes.Nothing) => new(name, takes);

    private static NmapOption No(string name, Takes takes, string refusal, string? hint = null) => new(name, takes, refusal, hint);
}
