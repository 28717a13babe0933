using Snappier;

namespace Writ.Contracts.Runners;

/// <summary>
/// A part of a recording, packed as a Snappy block (github.com/google/snappy/blob/main/format_description.txt) where that makes it smaller: what tools print
/// repeats itself, and it is sent once and written twice before it lies in a database. The runner packs it and the server keeps it as it came. Digests are of the
/// bytes as they were recorded.
/// </summary>
public static class PackedBytes
{
    /// <summary>The most bytes of a part when unpacked.</summary>
    public const int MostUnpacked = 64 * 1024;

    // Below it, there is nothing to gain.
    private const int Least = 512;

    /// <summary>How much room packing so many bytes takes, at the worst.</summary>
    public static int Room(int bytes) => Snappy.GetMaxCompressedLength(bytes);

    /// <summary>Packs; false where it makes them less than an eighth smaller, and they are to be kept as they are.</summary>
    /// <param name="bytes">What was recorded, at most <see cref="MostUnpacked"/>.</param>
    /// <param name="target">Where it goes: <see cref="Room"/> bytes.</param>
    /// <param name="length">How many bytes it takes there.</param>
    public static bool TryPack(ReadOnlySpan<byte> bytes, Span<byte> target, out int length)
    {
        length = 0;
        return bytes.Length is >= Least and <= MostUnpacked && Snappy.TryCompress(bytes, target, out length) && length <= bytes.Length - (bytes.Length / 8);
    }

    /// <summary>Unpacks.</summary>
    /// <param name="packed">What <see cref="TryPack"/> made.</param>
    /// <param name="unpacked">How many bytes it is to be.</param>
    /// <exception cref="InvalidDataException">It is not so many bytes, or was never packed.</exception>
    public static byte[] Unpack(ReadOnlySpan<byte> packed, int unpacked)
    {
        // Its own word of its length is looked at before there is memory for it.
        if (unpacked is <= 0 or > MostUnpacked || Snappy.GetUncompressedLength(packed) != unpacked)
            throw new InvalidDataException("a packed part of a recording has another length than is told");
        var bytes = GC.AllocateUninitializedArray<byte>(unpacked);
        return Snappy.Decompress(packed, bytes) == unpacked ? bytes : throw new InvalidDataException("a packed part of a recording is damaged");
    }
}
