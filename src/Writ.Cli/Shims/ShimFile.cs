using System.Text;

namespace Writ.Cli.Shims;

/// <summary>
/// A program of a tool's name that goes through <c>writ</c>: two lines for <c>sh</c>, so that anybody can read what it does.
/// </summary>
internal static class ShimFile
{
    /// <summary>What tells a shim from any other file.</summary>
    private const string Mark = "# a shim of writ: ";
    private const UnixFileMode Executable = (UnixFileMode)0b111_101_101;

    /// <summary>Where shims go unless told: the first folder of a person's own that is on most paths.</summary>
    public static string Folder(CliContext context, string? told) =>
        Path.GetFullPath(told ?? Path.Combine(context.Variable("HOME") ?? throw Stop.Usage("HOME is not set", "say where: --dir DIR"), ".local/bin"));

    /// <summary>True for a name that is nothing but a name.</summary>
    public static bool IsName(string tool) => tool.Length is > 0 and <= 64 && char.IsAsciiLetterOrDigit(tool[0]) && tool.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-');

    /// <summary>The tool whose shim a file is, or null.</summary>
    public static string? ToolOf(string path)
    {
        try
        {
            var second = File.ReadLines(path).Skip(1).FirstOrDefault();
            return second?.StartsWith(Mark, StringComparison.Ordinal) == true && IsName(second[Mark.Length..]) ? second[Mark.Length..] : null;
        }
        catch (Exception unread) when (unread is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Its text.</summary>
    public static string Text(string writ, string tool) => $"#!/bin/sh\n{Mark}{tool}\nexec {Quoted(writ)} shim exec -- {tool} \"$@\"\n";

    /// <summary>Writes it whole or not at all.</summary>
    /// <exception cref="Stop">Something else is there, or it cannot be written.</exception>
    public static void Write(string path, string writ, string tool)
    {
        if (Path.Exists(path) && ToolOf(path) is null)
            throw new Stop(ExitCode.Failed, $"{path} is there and is no shim of writ; it stays", "remove it, or take another folder: --dir DIR");
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            var making = $"{path}.new";
            File.WriteAllBytes(making, Encoding.UTF8.GetBytes(Text(writ, tool)));
            File.SetUnixFileMode(making, Executable);
            File.Move(making, path, overwrite: true);
        }
        catch (Exception failed) when (failed is IOException or UnauthorizedAccessException)
        {
            throw new Stop(ExitCode.Failed, $"{path} cannot be written: {failed.Message.TrimEnd('.')}", "take another folder: --dir DIR");
        }
    }

    /// <summary>What a shell runs for this word, looked for on the path in order; null for nothing.</summary>
    public static string? FirstOnPath(CliContext context, string tool) =>
        (context.Variable("PATH") ?? "").Split(':').Where(folder => folder.Length > 0).Select(folder => Path.Combine(folder, tool)).FirstOrDefault(File.Exists);

    private static string Quoted(string text) => $"'{text.Replace("'", "'\\''", StringComparison.Ordinal)}'";
}
