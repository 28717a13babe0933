using System.Buffers.Binary;
using System.Text;
using Writ.Proof.Errors;

namespace Writ.Proof.Log;

/// <summary>One signature of a note.</summary>
/// <param name="Name">Its signer's name.</param>
/// <param name="KeyId">The number of its signer's key.</param>
/// <param name="Blob">64 bytes of Ed25519; before them, of a witness, 8 bytes of time.</param>
public sealed record NoteSignature(string Name, uint KeyId, byte[] Blob)
{
    /// <summary>The line, with its line feed.</summary>
    public override string ToString()
    {
        Span<byte> id = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(id, KeyId);
        return $"\u2014 {Name} {Convert.ToBase64String([.. id, .. Blob])}\n";
    }
}

/// <summary>A text with signatures below it (c2sp.org/signed-note).</summary>
public sealed class SignedNote
{
    private const int MostBytes = 1_000_000;
    private const int MostSignatures = 100;
    private const string LineStart = "\u2014 ";

    /// <summary>A note of a text, which ends with a line feed, and signatures.</summary>
    public SignedNote(string text, IReadOnlyList<NoteSignature> signatures) => (Text, Signatures) = (text, signatures);

    /// <summary>What is signed; it ends with a line feed.</summary>
    public string Text { get; }

    /// <summary>In their order, checked or not.</summary>
    public IReadOnlyList<NoteSignature> Signatures { get; }

    /// <summary>Reads a note; no signature is checked by it.</summary>
    public static Result<SignedNote> Parse(string note)
    {
        if (note.Length > MostBytes || note.Any(c => (c < ' ' && c != '\n') || c is '\u007f' or '\uFFFD') || !IsWhole(note))
            return Bad("it is too long or no plain text");
        var end = note.LastIndexOf("\n\n", StringComparison.Ordinal);
        if (end < 0 || !note.EndsWith('\n'))
            return Bad("it has no signatures");
        var lines = note[(end + 2)..].Split('\n')[..^1];
        if (lines.Length is 0 or > MostSignatures)
            return Bad("it has no signatures, or more than a hundred");
        var signatures = new List<NoteSignature>();
        foreach (var line in lines)
        {
            if (Signature(line) is not { } signature)
                return Bad($"line {note[..(end + 2)].Count(c => c == '\n') + signatures.Count + 1} is no signature");
            signatures.Add(signature);
        }

        return new SignedNote(note[..(end + 1)], signatures);

        static Refusal Bad(string why) => new(ErrorCode.InvalidInput, $"this is no signed note: {why}");
    }

    /// <summary>Reads one signature line, without its line feed.</summary>
    public static NoteSignature? Signature(string line)
    {
        if (!line.StartsWith(LineStart, StringComparison.Ordinal))
            return null;
        var parts = line[LineStart.Length..].Split(' ');
        return parts.Length == 2 && NoteKey.IsName(parts[0]) && StrictBase64.Read(parts[1]) is { Length: > 4 } blob
            ? new(parts[0], BinaryPrimitives.ReadUInt32BigEndian(blob), blob[4..])
            : null;
    }

    /// <summary>
    /// Those of the keys that signed the text. Signatures of other keys say nothing; one that names a known key and is
    /// not its own spoils the note.
    /// </summary>
    public Result<IReadOnlyList<NoteKey>> Signers(IEnumerable<NoteKey> keys)
    {
        var known = keys.ToArray();
        var found = new List<NoteKey>();
        var text = Encoding.UTF8.GetBytes(Text);
        foreach (var signature in Signatures)
        {
            foreach (var key in known.Where(key => key.Name == signature.Name && key.Id == signature.KeyId && !found.Contains(key)))
            {
                var holds = key.Kind == NoteKeyKind.Ed25519
                    ? key.Verifies(text, signature.Blob)
                    : Cosignature.TimeOf(key, Text, signature.Blob) is not null;
                if (!holds)
                    return new Refusal(ErrorCode.BadSignature, $"the signature of {key.Name} does not hold");
                found.Add(key);
            }
        }

        return found;
    }

    /// <summary>The note with further signatures; one that it has already is not doubled.</summary>
    public SignedNote With(IEnumerable<NoteSignature> more) =>
        new(Text, [.. Signatures, .. more.Where(added => !Signatures.Any(had => had.Name == added.Name && had.KeyId == added.KeyId))]);

    /// <summary>The whole note.</summary>
    public override string ToString() => $"{Text}\n{string.Concat(Signatures)}";

    private static bool IsWhole(string text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            if (char.IsHighSurrogate(text[i]) && i + 1 < text.Length && char.IsLowSurrogate(text[i + 1]))
                i++;
            else if (char.IsSurrogate(text[i]))
                return false;
        }

        return true;
    }
}
