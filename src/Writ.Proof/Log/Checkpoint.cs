using System.Globalization;
using Writ.Proof.Errors;

namespace Writ.Proof.Log;

/// <summary>
/// A log's head: how many entries it has and the root over all of them (c2sp.org/tlog-checkpoint). Signed, it is a
/// promise that cannot be taken back.
/// </summary>
/// <param name="Origin">The log's name, which is also the name of its key.</param>
/// <param name="Size">How many entries.</param>
/// <param name="Root">The root of the tree over them.</param>
public sealed record Checkpoint(string Origin, long Size, LogHash Root)
{
    /// <summary>The text that is signed: three lines.</summary>
    public string Text => string.Create(CultureInfo.InvariantCulture, $"{Origin}\n{Size}\n{Root}\n");

    /// <summary>Reads a checkpoint's text. Lines after the third are extensions and carry nothing for us.</summary>
    public static Result<Checkpoint> Parse(string text)
    {
        var lines = text.Split('\n');
        if (lines.Length < 4 || lines[^1].Length > 0 || lines[..^1].Any(line => line.Length == 0))
            return new Refusal(ErrorCode.InvalidInput, "this is no checkpoint: it has not three lines");
        if (!long.TryParse(lines[1], NumberStyles.None, CultureInfo.InvariantCulture, out var size) || size.ToString(CultureInfo.InvariantCulture) != lines[1])
            return new Refusal(ErrorCode.InvalidInput, "this is no checkpoint: its second line is no size");
        if (!LogHash.TryParse(lines[2], out var root))
            return new Refusal(ErrorCode.InvalidInput, "this is no checkpoint: its third line is no root");
        return new Checkpoint(lines[0], size, root);
    }

    /// <summary>Reads a signed checkpoint and holds it against a log's keys; one of them must have signed it.</summary>
    public static Result<SignedCheckpoint> Open(string note, IEnumerable<NoteKey> logKeys)
    {
        var read = SignedNote.Parse(note);
        if (!read.IsOk)
            return read.Refusal;
        var checkpoint = Parse(read.Value.Text);
        if (!checkpoint.IsOk)
            return checkpoint.Refusal;
        var own = logKeys.Where(key => key.Kind == NoteKeyKind.Ed25519).ToArray();
        if (own.Length > 0 && own.All(key => key.Name != checkpoint.Value.Origin))
            return new Refusal(ErrorCode.BadSignature, $"the checkpoint is of the log {checkpoint.Value.Origin}, and the key of {own[0].Name}");
        var signers = read.Value.Signers(own.Where(key => key.Name == checkpoint.Value.Origin));
        if (!signers.IsOk)
            return signers.Refusal;
        return signers.Value.Count == 0
            ? new Refusal(ErrorCode.BadSignature, $"the checkpoint of {checkpoint.Value.Origin} is not signed by a known key of it")
            : new SignedCheckpoint(checkpoint.Value, read.Value);
    }
}

/// <summary>A checkpoint whose log has signed it.</summary>
public sealed record SignedCheckpoint(Checkpoint Head, SignedNote Note)
{
    /// <summary>
    /// The witnesses that cosigned it, with their times. A cosignature that names a known witness and is not its own
    /// spoils the checkpoint.
    /// </summary>
    public Result<IReadOnlyList<(NoteKey Witness, DateTimeOffset At)>> Cosigned(IEnumerable<NoteKey> witnesses)
    {
        var signers = Note.Signers(witnesses.Where(key => key.Kind == NoteKeyKind.Cosignature));
        if (!signers.IsOk)
            return signers.Refusal;
        return signers.Value.Select(key => (key, Note.Signatures
            .Where(line => line.Name == key.Name && line.KeyId == key.Id)
            .Select(line => Cosignature.TimeOf(key, Note.Text, line.Blob)).First(at => at is not null)!.Value)).ToList();
    }
}
