using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace Writ.Proof.Log;

/// <summary>
/// What a witness signs: that at a time it had seen this checkpoint, consistent with every one of the same log that it
/// had seen before (c2sp.org/tlog-cosignature).
/// </summary>
public static class Cosignature
{
    /// <summary>The signed bytes.</summary>
    public static byte[] Message(long unixSeconds, string text) =>
        Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"cosignature/v1\ntime {unixSeconds}\n{text}"));

    /// <summary>When the witness saw it, or null where the signature is not this key's over this text.</summary>
    public static DateTimeOffset? TimeOf(NoteKey key, string text, byte[] blob)
    {
        if (key.Kind != NoteKeyKind.Cosignature || blob.Length != 8 + 64)
            return null;
        var seconds = BinaryPrimitives.ReadInt64BigEndian(blob);
        return seconds is > 0 and < 253_402_300_800 && key.Verifies(Message(seconds, text), blob[8..])
            ? DateTimeOffset.FromUnixTimeSeconds(seconds)
            : null;
    }
}
