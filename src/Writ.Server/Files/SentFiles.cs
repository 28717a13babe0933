using Writ.Contracts.Requests;
using Writ.Proof.Errors;

namespace Writ.Server.Files;

/// <summary>The files that a requester sent along with a command.</summary>
internal static class SentFiles
{
    /// <summary>The most bytes of one file.</summary>
    public const int MostBytes = 8 << 20;

    /// <summary>The most bytes of all together.</summary>
    public const int MostBytesTogether = 32 << 20;

    /// <summary>The most bytes of a body that carries them: base64 makes four of three.</summary>
    public const int MostBody = 48 << 20;

    private const int Most = 32;

    /// <summary>What is wrong with them, or null.</summary>
    public static Refusal? Wrong(IReadOnlyList<InputFile>? files)
    {
        if (files is null)
            return null;
        if (files.Any(file => file is null || file.Argument.Length == 0 || file.Argument.Contains('\0')))
            return new(ErrorCode.InvalidInput, "a file that is sent along names its path as it stands in the command");
        if (files.GroupBy(file => file.Argument, StringComparer.Ordinal).FirstOrDefault(group => group.Count() > 1) is { } twice)
            return new(ErrorCode.InvalidInput, $"'{twice.Key}' is sent along twice");
        if (files.Count > Most)
            return new(ErrorCode.TooLarge, $"more than {Most} files are sent along");
        if (files.FirstOrDefault(file => file.Content.Length > MostBytes) is { } large)
            return new(ErrorCode.TooLarge, $"'{large.Argument}' is larger than {MostBytes >> 20} MiB", "split it, or write networks and ranges");
        return files.Sum(file => (long)file.Content.Length) > MostBytesTogether
            ? new(ErrorCode.TooLarge, $"the files together are larger than {MostBytesTogether >> 20} MiB")
            : null;
    }

    /// <summary>Their contents by path.</summary>
    public static IReadOnlyDictionary<string, ReadOnlyMemory<byte>> Contents(IReadOnlyList<InputFile>? files) =>
        (files ?? []).ToDictionary(file => file.Argument, file => (ReadOnlyMemory<byte>)file.Content, StringComparer.Ordinal);
}
