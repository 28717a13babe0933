using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using NSec.Cryptography;

namespace Writ.Server.Streams;

/// <summary>
/// The keys of a webhook, and what they sign, by the Standard Webhooks specification (standardwebhooks.com). Each line of the file is
/// one: <c>whsec_…</c>, a secret that both sides have (HMAC with SHA-256), or <c>whsk_…</c>, a signing key of which the receiver has
/// the public half (Ed25519). All of them sign, so that a key is replaced by a second line before the first one goes.
/// </summary>
internal sealed class StandardWebhook
{
    /// <summary>What its headers are called.</summary>
    public const string IdHeader = "webhook-id", TimestampHeader = "webhook-timestamp", SignatureHeader = "webhook-signature";

    private const string Secret = "whsec_", SigningKey = "whsk_", PublicKey = "whpk_";
    private const int LeastSecret = 24, MostSecret = 64, Seed = 32, MostKeys = 8;
    private readonly List<Func<byte[], string>> _signers;

    private StandardWebhook(List<Func<byte[], string>> signers) => _signers = signers;

    /// <summary>A new secret of 32 random bytes.</summary>
    public static string NewSecret() => Secret + Convert.ToBase64String(RandomNumberGenerator.GetBytes(Seed));

    /// <summary>A new signing key, and the public key by which receivers check.</summary>
    public static (string SigningKey, string PublicKey) NewSigningKey()
    {
        using var key = Key.Create(SignatureAlgorithm.Ed25519, new() { ExportPolicy = KeyExportPolicies.AllowPlaintextExport });
        var half = key.PublicKey.Export(KeyBlobFormat.RawPublicKey);
        return (SigningKey + Convert.ToBase64String([.. key.Export(KeyBlobFormat.RawPrivateKey), .. half]), PublicKey + Convert.ToBase64String(half));
    }

    /// <summary>The keys of a file.</summary>
    /// <exception cref="IOException">It cannot be read, or a line of it is no key; the message holds nothing of it.</exception>
    public static StandardWebhook Read(string file)
    {
        string[] lines = [.. StreamTarget.Lines(file, MostKeys + 1).Where(line => line.Length > 0)];
        if (lines.Length is 0 or > MostKeys)
            throw new IOException(lines.Length == 0 ? $"{file} holds no key" : $"{file} has more than {MostKeys} lines");
        return new([.. lines.Select((line, at) => Signer(line) ?? throw new IOException($"line {at + 1} of {file} is no whsec_… and no whsk_… of the Standard Webhooks"))]);
    }

    /// <summary>The value of the signature's header: one signature for each key.</summary>
    public string Sign(string id, DateTimeOffset at, ReadOnlySpan<byte> body)
    {
        byte[] signed = [.. Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{id}.{at.ToUnixTimeSeconds()}.")), .. body];
        return string.Join(' ', _signers.Select(sign => sign(signed)));
    }

    private static Func<byte[], string>? Signer(string line)
    {
        if (line.StartsWith(Secret, StringComparison.Ordinal))
        {
            return Bytes(line[Secret.Length..]) is { Length: >= LeastSecret and <= MostSecret } secret ? signed => $"v1,{Convert.ToBase64String(HMACSHA256.HashData(secret, signed))}" : null;
        }

        // The seed, and behind it the public key that comes of it.
        if (!line.StartsWith(SigningKey, StringComparison.Ordinal) || Bytes(line[SigningKey.Length..]) is not { Length: Seed or 2 * Seed } bytes)
            return null;
        var key = Key.Import(SignatureAlgorithm.Ed25519, bytes.AsSpan(0, Seed), KeyBlobFormat.RawPrivateKey);
        return bytes.Length == Seed || key.PublicKey.Export(KeyBlobFormat.RawPublicKey).AsSpan().SequenceEqual(bytes.AsSpan(Seed))
            ? signed => $"v1a,{Convert.ToBase64String(SignatureAlgorithm.Ed25519.Sign(key, signed))}"
            : null;
    }

    private static byte[]? Bytes(string base64)
    {
        var bytes = new byte[base64.Length];
        return Convert.TryFromBase64String(base64, bytes, out var length) ? bytes[..length] : null;
    }
}
