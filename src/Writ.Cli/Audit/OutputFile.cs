using System.CommandLine;

namespace Writ.Cli.Audit;

/// <summary>Where a proof or a receipt is written: a new file, or standard output.</summary>
internal static class OutputFile
{
    public static Option<string?> Option(string what) =>
        new("--output", "-o") { Description = $"where {what} is written; standard output without it", HelpName = "FILE" };

    /// <exception cref="Stop">There is such a file already.</exception>
    public static void Write(CliContext context, string? path, ReadOnlySpan<byte> bytes)
    {
        if (path is null)
        {
            context.Terminal.Output.Write(bytes);
            return;
        }

        try
        {
            using var file = new FileStream(path, FileMode.CreateNew, FileAccess.Write);
            file.Write(bytes);
        }
        catch (IOException) when (File.Exists(path))
        {
            throw new Stop(ExitCode.Failed, $"{path} exists already; nothing was written");
        }
    }
}
