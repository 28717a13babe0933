using System.Text.Json;

namespace Writ.Proof.Log;

/// <summary>A file that came of a run, by its end in the log.</summary>
/// <param name="What">What it is, in words.</param>
/// <param name="Sha256">Its digest, in lower-case hexadecimal.</param>
public sealed record ReceiptFile(string What, string Sha256);

/// <summary>Which files came of a receipt's run: its recording, the tool's results, and what it wrote for its requester.</summary>
public static class ReceiptFiles
{
    /// <summary>All of them. To be asked of a receipt that holds.</summary>
    public static IReadOnlyList<ReceiptFile> Of(Receipt receipt) => [.. receipt.Entries.Select(entry => ReceiptCheck.Parse(entry.Entry)).OfType<JsonElement>()
        .Where(entry => ReceiptCheck.Text(entry, "type") == "run.ended")
        .SelectMany(ended => new[] { ("the run's recording", ReceiptCheck.Text(ended, "recording_sha256")) }
            .Concat(In(ended, "results", "the run's results, as its tool wrote them to"))
            .Concat(In(ended, "outputs", "what the run wrote to")))
        .Where(file => file.Item2 is { Length: 64 }).Select(file => new ReceiptFile(file.Item1, file.Item2!)).Distinct()];

    // One file, or a list of them.
    private static IEnumerable<(string, string?)> In(JsonElement ended, string name, string what)
    {
        if (!ended.TryGetProperty(name, out var files))
            return [];
        IEnumerable<JsonElement> all = files.ValueKind == JsonValueKind.Array ? files.EnumerateArray() : [files];
        return all.Where(file => file.ValueKind == JsonValueKind.Object).Select(file => ($"{what} {ReceiptCheck.Text(file, "path")}", ReceiptCheck.Text(file, "sha256")));
    }
}
