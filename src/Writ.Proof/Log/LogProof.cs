using System.Globalization;
using System.Text;
using Writ.Proof.Errors;

namespace Writ.Proof.Log;

/// <summary>
/// A proof file, <c>.tlog-proof</c> (c2sp.org/tlog-proof): that an entry stands at an index of a log, with the checkpoint
/// that says so. It holds for whoever has the entry and the log's key, without any server.
/// </summary>
/// <param name="Index">Where the entry stands, from 0.</param>
/// <param name="Hashes">The inclusion proof.</param>
/// <param name="Note">The signed checkpoint, verbatim.</param>
/// <param name="Extra">Bytes that say nothing about the proof, or null.</param>
public sealed record LogProof(long Index, IReadOnlyList<LogHash> Hashes, string Note, byte[]? Extra = null)
{
    private const string Magic = "c2sp.org/tlog-proof@v1";

    /// <summary>The file.</summary>
    public override string ToString()
    {
        var file = new StringBuilder(Magic).Append('\n');
        if (Extra is not null)
            file.Append("extra ").Append(Convert.ToBase64String(Extra)).Append('\n');
        file.Append(CultureInfo.InvariantCulture, $"index {Index}\n");
        foreach (var hash in Hashes)
            file.Append(hash).Append('\n');
        return file.Append('\n').Append(Note).ToString();
    }

    /// <summary>Reads a file; nothing is checked by it but its form.</summary>
    public static Result<LogProof> Parse(string file)
    {
        var end = file.IndexOf("\n\n", StringComparison.Ordinal);
        if (!file.StartsWith(Magic + "\n", StringComparison.Ordinal) || end < 0)
            return new Refusal(ErrorCode.InvalidInput, "this is no proof file", $"one begins with the line {Magic}");
        var lines = file[..end].Split('\n');
        var next = 1;
        byte[]? extra = null;
        if (next < lines.Length && lines[next].StartsWith("extra ", StringComparison.Ordinal))
        {
            extra = StrictBase64.Read(lines[next]["extra ".Length..]);
            if (extra is null)
                return Bad(next);
            next++;
        }

        if (next >= lines.Length || !lines[next].StartsWith("index ", StringComparison.Ordinal)
            || !long.TryParse(lines[next].AsSpan("index ".Length), NumberStyles.None, CultureInfo.InvariantCulture, out var index)
            || index.ToString(CultureInfo.InvariantCulture) != lines[next]["index ".Length..])
            return Bad(next);
        var hashes = new List<LogHash>();
        for (next++; next < lines.Length; next++)
        {
            if (hashes.Count == 63 || !LogHash.TryParse(lines[next], out var hash))
                return Bad(next);
            hashes.Add(hash);
        }

        return new LogProof(index, hashes, file[(end + 2)..], extra);

        static Refusal Bad(int line) => new(ErrorCode.InvalidInput, $"the proof file is damaged at line {line + 1}");
    }

    /// <summary>Holds the proof of an entry against the log's keys.</summary>
    public Result<SignedCheckpoint> Verify(ReadOnlySpan<byte> entry, IEnumerable<NoteKey> logKeys)
    {
        var checkpoint = Checkpoint.Open(Note, logKeys);
        if (!checkpoint.IsOk)
            return checkpoint;
        var head = checkpoint.Value.Head;
        return MerkleProof.IsIncluded(Index, head.Size, LogHash.OfLeaf(entry), Hashes, head.Root)
            ? checkpoint
            : new Refusal(ErrorCode.BadSignature, $"the entry is not the one at position {Index} of {head.Origin}: one of them was changed");
    }
}
