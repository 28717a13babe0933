using System.Security.Cryptography;

namespace Writ.Runner.Secrets;

/// <summary>Bytes that nobody else is to see: kept in one place that the collector does not move, and cleared at the end.</summary>
internal sealed class SecretBytes : IDisposable
{
    /// <summary>No secret is longer.</summary>
    public const int Most = 64 * 1024;

    private readonly byte[] _bytes;
    private readonly int _length;

    private SecretBytes(byte[] bytes, int length) => (_bytes, _length) = (bytes, length);

    /// <summary>A copy of these.</summary>
    public static SecretBytes Of(ReadOnlySpan<byte> bytes)
    {
        var copy = GC.AllocateUninitializedArray<byte>(bytes.Length, pinned: true);
        bytes.CopyTo(copy);
        return new(copy, bytes.Length);
    }

    /// <summary>What is written into a buffer of at most so many bytes.</summary>
    /// <param name="capacity">The most bytes.</param>
    /// <param name="fill">Writes them and tells how many they are.</param>
    public static SecretBytes Of(int capacity, Func<Memory<byte>, int> fill)
    {
        var buffer = GC.AllocateUninitializedArray<byte>(capacity, pinned: true);
        return new(buffer, fill(buffer));
    }

    /// <summary>All of them.</summary>
    public ReadOnlySpan<byte> Span => _bytes.AsSpan(0, _length);

    /// <summary>Them without the line end that editors and echo leave behind.</summary>
    public ReadOnlySpan<byte> Trimmed => Span switch
    {
        [.. var text, (byte)'\r', (byte)'\n'] => text,
        [.. var text, (byte)'\n'] => text,
        var all => all,
    };

    /// <summary>Never what they are.</summary>
    public override string ToString() => "a secret";

    public void Dispose() => CryptographicOperations.ZeroMemory(_bytes);
}
