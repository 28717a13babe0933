using Writ.Proof.Errors;

namespace Writ.Proof.Log;

/// <summary>
/// What somebody knows of a log and holds it to: the keys that are believed, and the newest checkpoint that was seen. A
/// client, a runner and whoever else remembers follow the same rule.
/// </summary>
/// <param name="Keys">The keys that are believed.</param>
/// <param name="Head">The newest checkpoint that was seen, or null.</param>
public sealed record KnownHead(IReadOnlyList<NoteKey> Keys, SignedCheckpoint? Head)
{
    /// <summary>How many entries were seen.</summary>
    public long Size => Head?.Head.Size ?? 0;

    /// <summary>
    /// Follows the log to a checkpoint that it shows now. The checkpoint must be signed by a key that is believed, and begin
    /// with everything that was seen. A key that is told and not known is believed where its signature stands on that
    /// checkpoint beside a known one's.
    /// </summary>
    /// <param name="note">The checkpoint.</param>
    /// <param name="proof">The consistency proof from <see cref="Size"/>, base64.</param>
    /// <param name="told">The keys that the log tells.</param>
    /// <returns>What is known now; a refusal where the log contradicts what was seen.</returns>
    public Result<KnownHead> Follow(string note, IReadOnlyList<string> proof, IReadOnlyList<NoteKey> told)
    {
        var opened = Checkpoint.Open(note, Keys);
        if (!opened.IsOk)
            return new Refusal(ErrorCode.BadSignature, $"the log is not the one that is known here: {opened.Refusal.Message}");
        var now = opened.Value.Head;
        if (Head is { Head: var seen })
        {
            if (now.Origin != seen.Origin)
                return new Refusal(ErrorCode.BadSignature, $"the log is {now.Origin}, and {seen.Origin} is known here");
            if (now.Size < seen.Size)
                return new Refusal(ErrorCode.BadSignature, $"the log contradicts itself: it showed {seen.Size} entries before, and has {now.Size} now: its tail was cut off (log {seen.Origin})");
            if (seen.Size > 0 && !(Hashes(proof) is { } hashes && MerkleProof.IsConsistent(seen.Size, now.Size, seen.Root, now.Root, hashes)))
                return new Refusal(ErrorCode.BadSignature, $"the log contradicts itself: its first {seen.Size} entries are not those that it showed before (log {seen.Origin})");
        }

        var beside = told.Where(key => key.Name == now.Origin && opened.Value.Note.Signers([key]) is { IsOk: true, Value.Count: 1 });
        return new KnownHead([.. Keys.Union(beside)], opened.Value);
    }

    private static List<LogHash>? Hashes(IReadOnlyList<string> proof)
    {
        var hashes = new List<LogHash>();
        foreach (var text in proof)
        {
            if (!LogHash.TryParse(text, out var hash))
                return null;
            hashes.Add(hash);
        }

        return hashes;
    }
}
