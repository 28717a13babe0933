using Writ.Core.Tools;

namespace Writ.Core.Tools.Nmap;

/// <summary>One file that a command writes.</summary>
/// <param name="Letter">The option's letter after <c>-o</c>: N, X, G or S.</param>
/// <param name="Format">What it will hold.</param>
/// <param name="Argument">The path as typed.</param>
/// <param name="Ending">What Nmap adds to it (<c>-oA</c>), or empty.</param>
internal sealed record NmapOutput(char Letter, string Format, string Argument, string Ending)
{
    /// <summary>Standard output in place of a file, and of what Nmap says there otherwise.</summary>
    public const string Standard = "-";

    /// <summary>The options that write files; <c>-o</c>, <c>-m</c> and <c>-oM</c> are old names.</summary>
    public static IReadOnlyList<string> Options { get; } = ["--oN", "--oX", "--oG", "--oM", "--oS", "--oA", "-o", "-m"];

    /// <summary>The requester's file.</summary>
    public string Target => Argument + Ending;

    /// <summary>Inside the sandbox.</summary>
    public string Path => $"/out/{Format}";

    /// <summary>The files of one option.</summary>
    public static IEnumerable<NmapOutput> Of(string option, string path) => option switch
    {
        "--oN" or "-o" => [new('N', "normal", path, "")],
        "--oX" => [new('X', "xml", path, "")],
        "--oG" or "--oM" or "-m" => [new('G', "grepable", path, "")],
        "--oS" => [new('S', "skiddie", path, "")],
        _ => [new('N', "normal", path, ".nmap"), new('G', "grepable", path, ".gnmap"), new('X', "xml", path, ".xml")],
    };

    /// <summary>For the plan.</summary>
    public PlannedOutput Planned(bool append) => new(Argument, Path, Format, append) { Ending = Ending };
}
