using System.CommandLine;
using System.Text;
using Writ.Contracts.Policy;

namespace Writ.Cli.Policy;

/// <summary>The policy that a verb is given: a file, a folder of files, or standard input.</summary>
internal static class PolicyFile
{
    private const long Largest = 64 << 20;

    public static Argument<string> Argument() =>
        new("POLICY") { Description = "a file, a folder whose .yaml and .yml files make one policy, or - for standard input", HelpName = "POLICY" };

    /// <summary>Reads it; the text goes to the server as it is, and the server judges it.</summary>
    /// <exception cref="Stop">It cannot be read.</exception>
    public static async Task<PolicyText> ReadAsync(CliContext context, string path, CancellationToken cancel)
    {
        if (path == "-")
            return new(await context.Terminal.Input.ReadToEndAsync(cancel), "stdin");
        if (!Directory.Exists(path))
            return new(await Text(path, cancel), path);

        var files = new List<PolicyFileText>();
        var left = Largest;
        foreach (var file in Names(path))
        {
            var text = await Text(Path.Combine(path, file), cancel);
            if ((left -= text.Length) < 0)
                throw Stop.Usage($"{path} holds more than 64 MB");
            files.Add(new(file, text));
        }

        return files.Count > 0 ? new(Files: files) : throw Stop.Usage($"{path} holds no .yaml or .yml file");
    }

    /// <summary>The files below the folder, in bytewise order; what begins with a dot is left out.</summary>
    private static IEnumerable<string> Names(string folder)
    {
        try
        {
            return
            [
                .. Directory.EnumerateFiles(folder, "*", new EnumerationOptions { RecurseSubdirectories = true, MaxRecursionDepth = 16, AttributesToSkip = 0 })
                    .Select(file => Path.GetRelativePath(folder, file))
                    .Where(file => (file.EndsWith(".yaml", StringComparison.Ordinal) || file.EndsWith(".yml", StringComparison.Ordinal)) && !file.Split('/').Any(part => part.StartsWith('.')))
                    .Order(StringComparer.Ordinal),
            ];
        }
        catch (UnauthorizedAccessException)
        {
            throw new Stop(ExitCode.Failed, $"{folder} may not be read");
        }
    }

    private static async Task<string> Text(string path, CancellationToken cancel)
    {
        try
        {
            if (new FileInfo(path) is { Exists: true, Length: > Largest })
                throw Stop.Usage($"{path} is larger than 64 MB");
            return await File.ReadAllTextAsync(path, new UTF8Encoding(false, throwOnInvalidBytes: true), cancel);
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
