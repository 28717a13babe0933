using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Writ.Proof.Log;

/// <summary>
/// A hash of the log's tree: SHA-256, 32 bytes. Leaves and nodes are hashed apart, so that no entry can be taken for a
/// node (RFC 6962, section 2.1).
/// </summary>
[StructLayout(LayoutKind.Sequential, Size = Bytes, Pack = 1)]
public readonly record struct LogHash
{
    /// <summary>Its size.</summary>
    public const int Bytes = 32;

    private readonly UInt128 _first;
    private readonly UInt128 _second;

    /// <summary>The hash of these bytes.</summary>
    /// <exception cref="ArgumentException">They are not 32.</exception>
    public LogHash(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length != Bytes)
            throw new ArgumentException("a hash has 32 bytes", nameof(bytes));
        this = MemoryMarshal.Read<LogHash>(bytes);
    }

    /// <summary>The root of a log without entries.</summary>
    public static LogHash Empty { get; } = new(SHA256.HashData([]));

    /// <summary>The hash of an entry: SHA-256 of a zero byte and the entry.</summary>
    public static LogHash OfLeaf(ReadOnlySpan<byte> entry)
    {
        var leaf = entry.Length < 1024 ? stackalloc byte[1 + entry.Length] : new byte[1 + entry.Length];
        leaf[0] = 0;
        entry.CopyTo(leaf[1..]);
        Span<byte> digest = stackalloc byte[Bytes];
        SHA256.HashData(leaf, digest);
        return new(digest);
    }

    /// <summary>The hash of a node: SHA-256 of a one byte and its two children.</summary>
    public static LogHash OfNode(LogHash left, LogHash right)
    {
        Span<byte> node = stackalloc byte[1 + (2 * Bytes)];
        node[0] = 1;
        MemoryMarshal.Write(node[1..], left);
        MemoryMarshal.Write(node[(1 + Bytes)..], right);
        Span<byte> digest = stackalloc byte[Bytes];
        SHA256.HashData(node, digest);
        return new(digest);
    }

    /// <summary>The 32 bytes.</summary>
    public byte[] ToArray() => MemoryMarshal.AsBytes(new ReadOnlySpan<LogHash>(in this)).ToArray();

    /// <summary>Reads base64 as checkpoints and proofs have it: padded, without white space, 32 bytes.</summary>
    public static bool TryParse(string text, out LogHash hash)
    {
        hash = default;
        if (text.Length != 44 || StrictBase64.Read(text) is not { Length: Bytes } bytes)
            return false;
        hash = new(bytes);
        return true;
    }

    /// <summary>Base64.</summary>
    public override string ToString() => Convert.ToBase64String(ToArray());
}
