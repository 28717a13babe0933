using System.Security.Cryptography;
using Writ.Cli.Server;
using Writ.Contracts.Requests;
using Writ.Contracts.Runs;
using Writ.Proof.Errors;

namespace Writ.Cli.Files;

/// <summary>The files of this command line that its command reads, each read once, when the server asks for it; <c>-</c> is standard input.</summary>
internal sealed class SentInputs(IReadOnlyList<string> command, Stream standardInput)
{
    private const string Standard = "-";
    private const int Largest = 8 << 20;
    private readonly List<InputFile> _files = [];

    /// <summary>The command, as typed.</summary>
    public IReadOnlyList<string> Command => command;

    /// <summary>What was read so far; null for nothing.</summary>
    public IReadOnlyList<InputFile>? Files => _files.Count == 0 ? null : _files;

    /// <summary>Their digests; null for nothing.</summary>
    public IReadOnlyList<InputDigest>? Digests => _files.Count == 0 ? null
        : [.. _files.Select(file => new InputDigest(file.Argument, Convert.ToHexStringLower(SHA256.HashData(file.Content))))];

    /// <summary>True where the command reads this file: it is never written to.</summary>
    public bool Has(string path) => path != Standard && WasSent(path);

    private bool WasSent(string path) => _files.Exists(file => file.Argument == path);

    /// <summary>Those of what is asked for: of a template, the values that were typed are all that names files.</summary>
    public static SentInputs Of(AskForAccess asked, Stream standardInput) => new(asked.Template is { } template ? [template.Name, .. template.Parameters?.Values ?? []] : asked.Command, standardInput);

    /// <summary>Sends a call; where the server answers that it needs files of this command line, reads them and sends it again.</summary>
    /// <exception cref="Stop">A file cannot be read, or is none of this command line.</exception>
    public async Task<Answer<T>> SendAsync<T>(Func<Task<Answer<T>>> call)
        where T : class
    {
        while (true)
        {
            var answer = await call();
            if (answer.Problem is not { Type: ErrorCode.InputNeeded, Needs: { Count: > 0 } needs })
                return answer;
            foreach (var path in needs)
                _files.Add(Read(path));
        }
    }

    private InputFile Read(string path)
    {
        if (!OwnPath.IsIn(command, path))
            throw new Stop(ExitCode.Failed, $"the server asks for '{path}', which does not stand in this command; nothing was read", "do not trust this server");
        if (WasSent(path))
            throw new Stop(ExitCode.Failed, $"the server asks for '{path}' again, though it was sent");
        try
        {
            if (path != Standard && Directory.Exists(path))
                throw Stop.Usage($"'{path}' is a folder; name a file");
            using var file = path == Standard ? standardInput : File.OpenRead(path);
            using var content = new MemoryStream();
            var buffer = new byte[64 << 10];
            for (int length; (length = file.Read(buffer)) > 0;)
            {
                content.Write(buffer, 0, length);
                if (content.Length > Largest)
                    throw Stop.Usage($"{(path == Standard ? "standard input" : $"'{path}'")} is larger than 8 MiB", "split it, or write networks and ranges");
            }

            return new(path, content.ToArray());
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            throw Stop.Usage($"no such file: '{path}'");
        }
        catch (UnauthorizedAccessException)
        {
            throw Stop.Usage($"'{path}' may not be read");
        }
    }
}
