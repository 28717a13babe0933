using System.Buffers;

namespace Writ.Cli.Files;

/// <summary>
/// Whether a path that a server named stands in this process's own command line. <c>writ</c> knows no tool's grammar, so the
/// server tells which words are files; but no server, however hostile, makes it open a path that nobody typed here.
/// </summary>
internal static class OwnPath
{
    private static readonly SearchValues<char> Borders = SearchValues.Create("=,()+ \t\n'\"");

    /// <summary>
    /// True for an argument as it stands, for a part of one between borders (<c>--excludefile=FILE</c>,
    /// <c>--script default,./x.nse</c>), and for what is glued to a short option (<c>-mFILE</c>).
    /// </summary>
    public static bool IsIn(IReadOnlyList<string> command, string path) =>
        path.Length > 0 && !path.Contains('\0', StringComparison.Ordinal) && command.Skip(1).Any(argument => Holds(argument, path));

    private static bool Holds(string argument, string path)
    {
        if (argument == path)
            return true;
        for (var at = argument.IndexOf(path, StringComparison.Ordinal); at >= 0; at = argument.IndexOf(path, at + 1, StringComparison.Ordinal))
        {
            var end = at + path.Length;
            var begins = at == 0 || Borders.Contains(argument[at - 1]) || IsShortOption(argument.AsSpan(0, at));
            if (begins && (end == argument.Length || Borders.Contains(argument[end])))
                return true;
        }

        return false;
    }

    private static bool IsShortOption(ReadOnlySpan<char> before) =>
        before.Length is 2 or 3 && before[0] == '-' && char.IsAsciiLetter(before[1]) && char.IsAsciiLetter(before[^1]);
}
