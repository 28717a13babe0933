using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;

namespace Writ.Server.Identity.Accounts;

/// <summary>One-time codes by the clock (RFC 6238): SHA-1, 30 seconds, six digits, as every authenticator app makes them.</summary>
internal static class Totp
{
    /// <summary>How long a code may be taken: its own span and one to each side.</summary>
    public static readonly TimeSpan Span = TimeSpan.FromSeconds(90);

    private const int SecretBytes = 20;
    private const int Step = 30;
    private const string Alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

    public static byte[] NewSecret() => RandomNumberGenerator.GetBytes(SecretBytes);

    /// <summary>The number of the span whose code this is, in which it may be used once; null for a wrong code.</summary>
    public static long? Match(byte[] secret, string code, DateTimeOffset now)
    {
        var typed = code.Replace(" ", "", StringComparison.Ordinal);
        if (typed.Length != 6 || !typed.All(char.IsAsciiDigit))
            return null;
        var current = now.ToUnixTimeSeconds() / Step;
        long? found = null;
        // All three are tried in any case: how long it takes says nothing.
        for (var step = current - 1; step <= current + 1; step++)
        {
            if (CryptographicOperations.FixedTimeEquals(System.Text.Encoding.ASCII.GetBytes(Code(secret, step)), System.Text.Encoding.ASCII.GetBytes(typed)))
                found = step;
        }

        return found;
    }

    /// <summary>The code of a span.</summary>
    public static string Code(byte[] secret, long step)
    {
        Span<byte> counter = stackalloc byte[8];
        BinaryPrimitives.WriteInt64BigEndian(counter, step);
        Span<byte> hash = stackalloc byte[20];
#pragma warning disable CA5350 // RFC 6238 and every app that implements it: HMAC with SHA-1, which stays sound.
        HMACSHA1.HashData(secret, counter, hash);
#pragma warning restore CA5350
        var at = hash[^1] & 15;
        var number = BinaryPrimitives.ReadInt32BigEndian(hash[at..]) & int.MaxValue;
        return (number % 1_000_000).ToString("D6", CultureInfo.InvariantCulture);
    }

    /// <summary>The span of an instant.</summary>
    public static long StepOf(DateTimeOffset instant) => instant.ToUnixTimeSeconds() / Step;

    /// <summary>The secret as people type it: base 32 in groups of four.</summary>
    public static string Text(byte[] secret) => string.Join(' ', Base32(secret).Chunk(4).Select(group => new string(group)));

    /// <summary>What an app scans.</summary>
    public static string Link(byte[] secret, string issuer, string name) =>
        $"otpauth://totp/{Uri.EscapeDataString($"{issuer}:{name}")}?secret={Base32(secret)}&issuer={Uri.EscapeDataString(issuer)}";

    private static string Base32(byte[] bytes)
    {
        var text = new System.Text.StringBuilder();
        int bits = 0, held = 0;
        foreach (var value in bytes)
        {
            (held, bits) = ((held << 8) | value, bits + 8);
            for (; bits >= 5; bits -= 5)
                text.Append(Alphabet[(held >> (bits - 5)) & 31]);
            held &= (1 << bits) - 1;
        }

        if (bits > 0)
            text.Append(Alphabet[(held << (5 - bits)) & 31]);
        return text.ToString();
    }
}
