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
    /// <exception cref="RunnerException">One of them is not there.</exception>
    public static void Fill(string from, string to, IReadOnlyList<string> names)
    {
        foreach (var name in names)
        {
            var script = Path.Combine(from, name + Ending);
            if (!File.Exists(script))
                throw new RunnerException($"there is no script {script}");
            var copy = Path.Combine(to, name + Ending);
            File.Copy(script, copy);
            File.SetUnixFileMode(copy, ForAll);
        }

        var database = Path.Combine(from, Database);
        if (!File.Exists(database))
            return;
        var kept = names.ToHashSet(StringComparer.Ordinal);
        var list = Path.Combine(to, Database);
        File.WriteAllLines(list, File.ReadLines(database).Where(line => NameOf(line) is { } name && kept.Contains(name)));
        File.SetUnixFileMode(list, ForAll);
    }

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
