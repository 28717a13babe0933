using System.Globalization;
using Writ.Proof.Errors;

namespace Writ.Core.Tools.Nmap;

/// <summary>What a run says, and the files that it writes (https://nmap.org/book/man-output.html).</summary>
internal sealed partial record NmapCommand
{
    public int Verbosity { get; private set; }
    public int Debugging { get; private set; }
    public bool PacketTrace { get; private set; }
    public bool VersionTrace { get; private set; }
    public bool OpenOnly { get; private set; }
    public bool ShowReason { get; private set; }
    public TimeSpan? StatsEvery { get; private set; }
    public bool OldOsXml { get; private set; }
    /// <summary>A path or URL that the XML output names; null is Nmap's own, empty is none.</summary>
    public string? Stylesheet { get; private set; }
    public bool Append { get; private set; }

    /// <summary>The files to write, in the order of the argv.</summary>
    public List<NmapOutput> Outputs { get; } = [];

    private static IEnumerable<(string Option, Func<NmapCommand, string, Refusal?> Read)> OutputReaders() =>
    [
        ("-v", (command, value) => command.TakeVerbosity(value)),
        ("--verbose", (command, _) => command.TakeVerbosity("")),
        ("--vv", (command, _) => command.TakeVerbosity("v")),
        ("-d", (command, value) => command.TakeDebugging(value)),
        ("--debug", (command, value) => command.TakeDebugging(value)),
        Flag("--packet-trace", command => command.PacketTrace = true),
        Flag("--version-trace", command => (command.VersionTrace, command.Debugging) = (true, command.Debugging + 1)),
        Flag("--open", command => command.OpenOnly = true),
        Flag("--reason", command => command.ShowReason = true),
        Time("--stats-every", 0, 86_401, (command, time) => command.StatsEvery = time),
        Flag("--noninteractive", _ => { }),
        Flag("--log-errors", _ => { }),
        Flag("--deprecated-xml-osclass", command => command.OldOsXml = true),
        Flag("--append-output", command => command.Append = true),
        Flag("--no-stylesheet", command => command.Stylesheet = ""),
        Flag("--webxml", command => command.Stylesheet = "https://svn.nmap.org/nmap/docs/nmap.xsl"),
        ("--stylesheet", (command, value) =>
        {
            command.Stylesheet = value;
            return value.Length is > 0 and <= 1024 ? null : Wrong("--stylesheet: the path or address is empty or too long", null);
        }),
        .. NmapOutput.Options.Select(option => (option, (Func<NmapCommand, string, Refusal?>)((command, value) => command.TakeOutput(option, value)))),
    ];

    private Refusal? TakeVerbosity(string value)
    {
        if (value.All(c => c == 'v'))
            Verbosity = Math.Min(10, Verbosity + 1 + value.Length);
        else if (Level(value) is not { } level)
            return Wrong($"verbosity '{NmapArguments.Show(value)}' is none of 1 to 10", "-v takes what is glued to it as its value: put a space between options");
        else if (level == 0)
            return Wrong("-v0 hides the output, which is recorded", "leave it out");
        else
            Verbosity = level;
        return null;
    }

    /// <summary>Debugging raises verbosity along with itself.</summary>
    private Refusal? TakeDebugging(string value)
    {
        if (value.All(c => c == 'd'))
            (Debugging, Verbosity, ShowReason) = (Math.Min(10, Debugging + 1 + value.Length), Math.Min(10, Verbosity + 1 + value.Length), true);
        else if (Level(value) is { } level)
            (Debugging, Verbosity, ShowReason) = (level, level, true);
        else
            return Wrong($"debugging '{NmapArguments.Show(value)}' is none of 0 to 10", "-d takes what is glued to it as its value: put a space between options");
        return null;
    }

    private static int? Level(string value) =>
        value.Length is 1 or 2 && int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var level) && level <= 10 && value is not ['0', _] ? level : null;

    private Refusal? TakeOutput(string option, string value)
    {
        var shown = Shown(option);
        // One of them may go where the tool's own words would; the client puts it there in their place.
        if ((value != NmapOutput.Standard || option is "--oA" or "--oS") && FilePath(shown, value) is { } refusal)
            return refusal;
        if (value.Contains('%', StringComparison.Ordinal))
            return Wrong($"{shown}: nmap would put the time into '{NmapArguments.Show(value)}' for the %", "write a name without %");
        if (option == "-o" && "NAXGS".Contains(value[0], StringComparison.Ordinal))
            return Wrong($"'-o{NmapArguments.Show(value)}' writes a file '{NmapArguments.Show(value)}'", $"write -o{value[0]} and a space");
        foreach (var output in NmapOutput.Of(option, value))
        {
            if (Outputs.Exists(other => other.Format == output.Format))
                return Wrong($"{shown}: the {output.Format} output is written already", "write it to one file");
            if (Outputs.Exists(other => other.Target == output.Target))
                return Wrong($"{shown}: '{NmapArguments.Show(output.Target)}' is written already", "give each output a file of its own");
            Outputs.Add(output);
        }

        return null;
    }

    /// <summary>A path of the requester's; what Nmap or a shell would take for something else is none.</summary>
    private static Refusal? FilePath(string option, string value) => value switch
    {
        "" => Wrong($"{option}: the path is empty", null),
        "-" => Wrong($"{option}: '-' is the terminal, not a file", "write a path"),
        ['-', ..] => Wrong($"{option}: '{NmapArguments.Show(value)}' looks like an option", $"write ./{value}"),
        [.., '/'] => Wrong($"{option}: '{NmapArguments.Show(value)}' is a folder", "write the path of a file"),
        { Length: > 4_000 } => Wrong($"{option}: the path is too long", null),
        _ => null,
    };

    private Refusal? SettleOutput()
    {
        Debugging = Math.Min(10, Debugging);
        ShowReason |= Verbosity > 1;
        return VersionTrace && Debugging == 0 ? Wrong("-d0 and --version-trace contradict each other", "leave -d0 out") : null;
    }
}
