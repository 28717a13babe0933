using System.Collections.Frozen;
using System.Globalization;

namespace Writ.Core.Tools.Nmap;

/// <summary>
/// Every option of Nmap 7.91 to 7.99, accepted or not: which abbreviations are unique depends on all of them. What is
/// refused here can never be right through a gateway; about all others policy decides, by the facets of the plan.
/// </summary>
internal sealed class NmapOptionTable
{
    private const string NoScan = "runs no scan";
    private const string Code = "runs code that nobody has reviewed";
    private const string Gone = "does nothing in any Nmap that this server knows";

    // --unique came with 7.92; nothing else has come or gone from 7.91 to 7.99.
    private static readonly NmapOptionTable Nmap791 = new(LongOptions().Where(option => option.Name != "--unique"));
    private static readonly NmapOptionTable Nmap792 = new(LongOptions());

    private NmapOptionTable(IEnumerable<NmapOption> options) => Long = [.. options.Select(option => (option.Name[2..], option))];

    /// <summary>
    /// The short options, from getopt's own string (<c>46Ab:D:d::e:Ffg:hIi:M:m:nO::o:P::p:qRrS:s::T:Vv::</c>), the same in all versions.
    /// </summary>
    public static FrozenDictionary<char, NmapOption> Short { get; } = ShortOptions().ToFrozenDictionary(option => option.Name[1]);

    /// <summary>The long options by name without dashes, in Nmap's order.</summary>
    public IReadOnlyList<(string Name, NmapOption Option)> Long { get; }

    /// <summary>
    /// The table of a version as the program tells it (<c>7.93</c>, <c>7.94SVN</c>, <c>7.991</c>), or null for one that is not known. An empty text
    /// stands for no runner yet, where commands are only read; the newest table reads them.
    /// </summary>
    public static NmapOptionTable? Of(string version)
    {
        if (version.Length == 0)
            return Nmap792;
        var digits = new string([.. version.TakeWhile(c => char.IsAsciiDigit(c) || c == '.')]);
        if (!decimal.TryParse(digits, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number) || number is < 7.91m or >= 8m)
            return null;
        return number < 7.92m ? Nmap791 : Nmap792;
    }

    private static IEnumerable<NmapOption> ShortOptions() =>
    [
        Yes("-4"), Yes("-6"), Yes("-A"), Yes("-b", Takes.Value), Yes("-D", Takes.Value), Yes("-d", Takes.GluedValue), Yes("-e", Takes.Value),
        Yes("-F"), Yes("-f"), Yes("-g", Takes.Value), No("-h", Takes.Nothing, NoScan), No("-I", Takes.Nothing, Gone, "leave it out"),
        Yes("-i", Takes.Value), Yes("-M", Takes.Value), Yes("-m", Takes.Value), Yes("-n"), Yes("-O", Takes.GluedValue), Yes("-o", Takes.Value),
        Yes("-P", Takes.GluedValue), Yes("-p", Takes.Value), No("-q", Takes.Nothing, Gone, "leave it out"), Yes("-R"), Yes("-r"),
        Yes("-S", Takes.Value), Yes("-s", Takes.GluedValue), Yes("-T", Takes.Value), No("-V", Takes.Nothing, NoScan), Yes("-v", Takes.GluedValue),
    ];

    private static IEnumerable<NmapOption> LongOptions() =>
    [
        No("--version", Takes.Nothing, NoScan), Yes("--verbose"),
        No("--datadir", Takes.Value, "replaces Nmap's own files, its script engine among them"),
        Yes("--servicedb", Takes.Value), Yes("--versiondb", Takes.Value), Yes("--debug", Takes.GluedValue),
        No("--help", Takes.Nothing, NoScan), No("--iflist", Takes.Nothing, "shows the runner's interfaces and runs no scan"),
        Yes("--release-memory"), Yes("--nogcc"), Yes("--max-os-tries", Takes.Value),
        Yes("--max-parallelism", Takes.Value), Yes("--min-parallelism", Takes.Value), Yes("--timing", Takes.Value),
        Yes("--max-rtt-timeout", Takes.Value), Yes("--min-rtt-timeout", Takes.Value), Yes("--initial-rtt-timeout", Takes.Value),
        Yes("--excludefile", Takes.Value), Yes("--exclude", Takes.Value),
        Yes("--max-hostgroup", Takes.Value), Yes("--min-hostgroup", Takes.Value), Yes("--open"), Yes("--scanflags", Takes.Value),
        Yes("--defeat-rst-ratelimit"), Yes("--defeat-icmp-ratelimit"), Yes("--host-timeout", Takes.Value),
        Yes("--scan-delay", Takes.Value), Yes("--max-scan-delay", Takes.Value), Yes("--max-retries", Takes.Value),
        Yes("--oA", Takes.Value), Yes("--oN", Takes.Value), Yes("--oM", Takes.Value), Yes("--oG", Takes.Value), Yes("--oS", Takes.Value),
        No("--oH", Takes.Value, "is no output that Nmap has", "use -oX"), Yes("--oX", Takes.Value),
        Yes("--iL", Takes.Value), No("--iR", Takes.Value, "scans random addresses, which nobody can approve", "name the targets"), Yes("--sI", Takes.Value),
        Yes("--source-port", Takes.Value), Yes("--randomize-hosts"), Yes("--nsock-engine", Takes.Value), Yes("--proxies", Takes.Value), Yes("--proxy", Takes.Value),
        Yes("--discovery-ignore-rst"), Yes("--osscan-limit"), Yes("--osscan-guess"), Yes("--fuzzy"), Yes("--packet-trace"), Yes("--version-trace"),
        Yes("--data", Takes.Value), Yes("--data-string", Takes.Value), Yes("--data-length", Takes.Value), Yes("--send-eth"), Yes("--send-ip"),
        Yes("--stylesheet", Takes.Value), Yes("--no-stylesheet"), Yes("--webxml"), Yes("--rH"), Yes("--vv"), Yes("--ff"),
        Yes("--privileged"), Yes("--unprivileged"), Yes("--mtu", Takes.Value), Yes("--append-output"), Yes("--noninteractive"),
        Yes("--spoof-mac", Takes.Value), No("--thc", Takes.Nothing, NoScan), Yes("--badsum"), Yes("--ttl", Takes.Value), Yes("--traceroute"), Yes("--reason"),
        Yes("--allports"), Yes("--version-intensity", Takes.Value), Yes("--version-light"), Yes("--version-all"),
        Yes("--system-dns"), Yes("--resolve-all"), Yes("--unique"), Yes("--log-errors"), Yes("--deprecated-xml-osclass"),
        No("--yoloscan", Takes.Nothing, "is a hidden way to write -A", "write -A"),
        Yes("--dns-servers", Takes.Value), Yes("--port-ratio", Takes.Value), Yes("--exclude-ports", Takes.Value), Yes("--top-ports", Takes.Value),
        Yes("--script", Takes.Value), Yes("--script-trace"),
        No("--script-updatedb", Takes.Nothing, "rewrites the runner's own list of scripts"),
        Yes("--script-args", Takes.Value), Yes("--script-args-file", Takes.Value),
        No("--script-help", Takes.Value, Code + ", and " + NoScan), Yes("--script-timeout", Takes.Value),
        Yes("--ip-options", Takes.Value), Yes("--min-rate", Takes.Value), Yes("--max-rate", Takes.Value), Yes("--adler32"),
        Yes("--stats-every", Takes.Value), Yes("--disable-arp-ping"), No("--route-dst", Takes.Value, NoScan),
        No("--resume", Takes.Value, "reads its command from a file", "run the command anew"),
    ];

    private static NmapOption Yes(string name, Takes takes = Takes.Nothing) => new(name, takes);

    private static NmapOption No(string name, Takes takes, string refusal, string? hint = null) => new(name, takes, refusal, hint);
}
