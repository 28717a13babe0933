using System.Buffers.Binary;

namespace Writ.Proof.Log;

/// <summary>Entries as they are served: each with its length before it, two bytes, big-endian (c2sp.org/tlog-tiles).</summary>
public static class EntryBundle
{
    /// <summary>Appends one entry.</summary>
    /// <exception cref="ArgumentException">It is longer than 65,535 bytes.</exception>
    public static void Append(Stream bundle, ReadOnlySpan<byte> entry)
    {
        if (entry.Length > ushort.MaxValue)
            throw new ArgumentException("an entry is longer than 65,535 bytes", nameof(entry));
        Span<byte> length = stackalloc byte[2];
        BinaryPrimitives.WriteUInt16BigEndian(length, (ushort)entry.Length);
        bundle.Write(length);
        bundle.Write(entry);
    }

    /// <summary>The entries of a bundle, or null where it is cut or holds another number of them.</summary>
    public static IReadOnlyList<byte[]>? Read(ReadOnlySpan<byte> bundle, int count)
    {
        var entries = new List<byte[]>(count);
        while (bundle.Length >= 2)
        {
            var length = BinaryPrimitives.ReadUInt16BigEndian(bundle);
            if (bundle.Length < 2 + length)
                return null;
            entries.Add(bundle.Slice(2, length).ToArray());
            bundle = bundle[(2 + length)..];
        }

        return bundle.IsEmpty && entries.Count == count ? entries : null;
    }
}
