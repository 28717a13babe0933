using Writ.Runner.Kernel;

namespace Writ.Runner.Sandboxes;

/// <summary>
/// The scripts of a run: those that its statement names, with a <c>script.db</c> that lists only them. It lies over the tool's own
/// folder of scripts, so that no other one is there, whatever the command line says.
/// </summary>
internal static class ScriptFolder
{
    private const string Ending = ".nse", Database = "script.db", FileName = "filename = \"";
    private const UnixFileMode ForAll = UnixFileMode.UserRead | UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    /// <summary>Copies them.</summary>
    /// <param name="from">The tool's own folder.</param>
    /// <param name="to">An empty folder.</param>
    /// <param name="names">Without their ending; plain names, as the order was checked for.</param>
    /// <param name="digests">What each copy must have, in the order of the names; null where nobody knows.</param>
    /// <exception cref="RunnerException">One of them is not there, or is another than was planned with.</exception>
    public static void Fill(string from, string to, IReadOnlyList<string> names, IReadOnlyList<string>? digests)
    {
        for (var i = 0; i < names.Count; i++)
        {
            var (name, script) = (names[i], PathOf(from, names[i]));
            if (!File.Exists(script))
                throw new RunnerException($"there is no script {script}");
            var copy = Path.Combine(to, name + Ending);
            File.Copy(script, copy);
            File.SetUnixFileMode(copy, ForAll);
            if (digests is not null && ProgramFile.Digest(copy) != digests[i])
                throw new RunnerException($"{script} is not the script of the inventory");
        }

        var database = Path.Combine(from, Database);
        if (!File.Exists(database))
            return;
        var kept = names.ToHashSet(StringComparer.Ordinal);
        var list = Path.Combine(to, Database);
        File.WriteAllLines(list, File.ReadLines(database).Where(line => NameOf(line) is { } name && kept.Contains(name)));
        File.SetUnixFileMode(list, ForAll);
    }

    /// <summary>Where the script of this name lies.</summary>
    public static string PathOf(string folder, string name) => Path.Combine(folder, name + Ending);

    // Entry { filename = "banner.nse", categories = { "discovery", "safe", } }
    private static string? NameOf(string line)
    {
        var begin = line.IndexOf(FileName, StringComparison.Ordinal);
        if (begin < 0)
            return null;
        var end = line.IndexOf($"{Ending}\"", begin, StringComparison.Ordinal);
        return end < 0 ? null : line[(begin + FileName.Length)..end];
    }
}
