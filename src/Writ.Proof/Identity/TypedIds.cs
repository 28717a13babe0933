using System.Diagnostics.CodeAnalysis;

namespace Writ.Proof.Identity;

/// <summary>
/// The text form that all typed ids share: a prefix that names the kind, then 26 characters of Crockford base 32
/// (lower case) of a version 7 UUID, so that ids sort by the time they were made.
/// </summary>
public static class IdText
{
    private const string Alphabet = "0123456789abcdefghjkmnpqrstvwxyz";
    private const int Digits = 26;

    /// <summary>Writes an id, for example <c>run_06bq…</c>.</summary>
    public static string Format(string prefix, Guid value)
    {
        Span<byte> bytes = stackalloc byte[16];
        value.TryWriteBytes(bytes, bigEndian: true, out _);
        var bits = System.Buffers.Binary.BinaryPrimitives.ReadUInt128BigEndian(bytes);
        return string.Create(prefix.Length + Digits, (prefix, bits), static (span, state) =>
        {
            state.prefix.CopyTo(span);
            var rest = state.bits;
            for (var i = span.Length - 1; i >= state.prefix.Length; i--)
            {
                span[i] = Alphabet[(int)(rest & 31)];
                rest >>= 5;
            }
        });
    }

    /// <summary>
    /// What sorts before every id that is made from this instant on, and after those of before: a bound for lists by time. No id
    /// has it.
    /// </summary>
    public static Guid FirstOf(DateTimeOffset instant)
    {
        Span<byte> bytes = stackalloc byte[16];
        System.Buffers.Binary.BinaryPrimitives.WriteUInt128BigEndian(bytes, (UInt128)(ulong)Math.Max(0, instant.ToUnixTimeMilliseconds()) << 80);
        return new Guid(bytes, bigEndian: true);
    }

    /// <summary>Reads what <see cref="Format"/> wrote and nothing else: no upper case, no other prefix, no overflow.</summary>
    public static bool TryParse(string prefix, [NotNullWhen(true)] string? text, out Guid value)
    {
        value = default;
        if (text is null || text.Length != prefix.Length + Digits || !text.StartsWith(prefix, StringComparison.Ordinal))
            return false;

        UInt128 bits = 0;
        for (var i = prefix.Length; i < text.Length; i++)
        {
            var digit = Alphabet.IndexOf(text[i], StringComparison.Ordinal);
            if (digit < 0 || (i == prefix.Length && digit > 7))
                return false;
            bits = (bits << 5) | (uint)digit;
        }

        Span<byte> bytes = stackalloc byte[16];
        System.Buffers.Binary.BinaryPrimitives.WriteUInt128BigEndian(bytes, bits);
        value = new Guid(bytes, bigEndian: true);
        return true;
    }
}
