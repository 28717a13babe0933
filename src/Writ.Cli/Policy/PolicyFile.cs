using System.CommandLine;
using System.Text;
using Writ.Contracts.Policy;

namespace Writ.Cli.Policy;

/// <summary>The policy file that a verb is given.</summary>
internal static class PolicyFile
{
    private const int Largest = 8 << 20;

    public static Argument<string> Argument() => new("FILE") { Description = "the policy, or - for standard input", HelpName = "FILE" };

    /// <summary>Reads it; the text goes to the server as it is, and the server judges it.</summary>
    /// <exception cref="Stop">It cannot be read.</exception>
    public static async Task<PolicyText> ReadAsync(CliContext context, string path, CancellationToken cancel)
    {
        try
        {
            if (path == "-")
                return new(await context.Terminal.Input.ReadToEndAsync(cancel), "stdin");
            if (Directory.Exists(path))
                throw Stop.Usage($"{path} is a folder; name a file");
            if (new FileInfo(path) is { Exists: true, Length: > Largest })
                throw Stop.Usage($"{path} is larger than 8 MB");
            var text = await File.ReadAllTextAsync(path, new UTF8Encoding(false, throwOnInvalidBytes: true), cancel);
            return new(text, path);
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new Stop(ExitCode.Failed, $"no such file: {path}");
        }
        catch (UnauthorizedAccessException)
        {
            throw new Stop(ExitCode.Failed, $"{path} may not be read");
        }
        catch (DecoderFallbackException)
        {
            throw new Stop(ExitCode.Failed, $"{path} is no UTF-8 text");
        }
    }
}
