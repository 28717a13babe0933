using Writ.Proof.Errors;

namespace Writ.Core.Tools.Nmap;

/// <summary>Files of the requester's that a command reads, and what it excludes.</summary>
internal sealed partial record NmapCommand
{
    /// <summary>The requester's standard input, as Nmap names it; only a list of targets may be that.</summary>
    public const string StandardInput = "-";
    /// <summary>A list of targets (<c>-iL</c>).</summary>
    public string? TargetList { get; private set; }
    /// <summary>A list of exclusions.</summary>
    public string? ExcludeFile { get; private set; }
    /// <summary>Exclusions as typed.</summary>
    public string? Exclude { get; private set; }
    /// <summary>A services file in place of Nmap's; implies <c>-F</c>.</summary>
    public string? ServiceDb { get; private set; }
    /// <summary>Version probes in place of Nmap's.</summary>
    public string? VersionDb { get; private set; }

    private static IEnumerable<(string Option, Func<NmapCommand, string, Refusal?> Read)> FileReaders() =>
    [
        Once("--iL", command => command.TargetList, (command, value) => command.TakeTargetList("-iL", value)),
        Once("-i", command => command.TargetList, (command, value) => command.TakeTargetList("-i", value)),
        Once("--excludefile", command => command.ExcludeFile, (command, value) => FilePath("--excludefile", command.ExcludeFile = value)),
        Once("--exclude", command => command.Exclude, (command, value) =>
        {
            command.Exclude = value;
            return null;
        }),
        Once("--servicedb", command => command.ServiceDb, (command, value) => FilePath("--servicedb", command.ServiceDb = value)),
        Once("--versiondb", command => command.VersionDb, (command, value) => FilePath("--versiondb", command.VersionDb = value)),
    ];

    private Refusal? TakeTargetList(string option, string value)
    {
        // getopt reads "-iL/x" as -i with the file L/x; nobody means that.
        if (option == "-i" && value is ['L' or 'R', ..])
            return Wrong($"'-i{NmapArguments.Show(value)}' reads a file '{NmapArguments.Show(value)}'", $"write -i{value[0]} and a space");
        TargetList = value;
        // What the requester's standard input says is sent like any list, and seen by all who see the request.
        return value == StandardInput ? null : FilePath(option, value);
    }

    /// <summary>The files to read with what they are for, in a fixed order.</summary>
    public IEnumerable<(string Path, string Purpose)> Inputs()
    {
        if (TargetList is not null)
            yield return (TargetList, "targets");
        if (ExcludeFile is not null)
            yield return (ExcludeFile, "exclusions");
        if (ServiceDb is not null)
            yield return (ServiceDb, "services");
        if (VersionDb is not null)
            yield return (VersionDb, "service-probes");
        if (ScriptArgsFile is not null)
            yield return (ScriptArgsFile, "script-arguments");
        foreach (var rule in Scripts.Rules.Where(rule => rule.File is not null))
            yield return (rule.Text, "script");
    }
}
