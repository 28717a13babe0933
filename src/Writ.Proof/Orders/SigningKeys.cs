using System.Security.Cryptography;
using NSec.Cryptography;

namespace Writ.Proof.Orders;

/// <summary>Ed25519 (RFC 8032) over domain-separated bytes.</summary>
public static class SigningKeys
{
    private static readonly SignatureAlgorithm Algorithm = SignatureAlgorithm.Ed25519;

    /// <summary>A new private key as its 32-byte seed.</summary>
    public static byte[] NewSeed() => RandomNumberGenerator.GetBytes(32);

    /// <summary>The 32-byte public key of a seed.</summary>
    public static byte[] PublicKey(ReadOnlySpan<byte> seed)
    {
        using var key = Key.Import(Algorithm, seed, KeyBlobFormat.RawPrivateKey);
        return key.PublicKey.Export(KeyBlobFormat.RawPublicKey);
    }

    /// <summary>The name of a public key: the first 8 bytes of its SHA-256 in lower-case hexadecimal.</summary>
    public static string KeyId(ReadOnlySpan<byte> publicKey) => Convert.ToHexStringLower(SHA256.HashData(publicKey).AsSpan(0, 8));

    /// <summary>Signs the bytes.</summary>
    public static SignedBytes Sign(ReadOnlySpan<byte> seed, byte[] bytes)
    {
        using var key = Key.Import(Algorithm, seed, KeyBlobFormat.RawPrivateKey);
        var publicKey = key.PublicKey.Export(KeyBlobFormat.RawPublicKey);
        return new(bytes, Algorithm.Sign(key, bytes), KeyId(publicKey));
    }

    /// <summary>True when the signature is this public key's over exactly these bytes.</summary>
    public static bool Verify(ReadOnlySpan<byte> publicKey, SignedBytes envelope) =>
        publicKey.Length == 32 && envelope.Signature.Length == 64
        && NSec.Cryptography.PublicKey.TryImport(Algorithm, publicKey, KeyBlobFormat.RawPublicKey, out var key)
        && Algorithm.Verify(key!, envelope.Bytes, envelope.Signature);
}
