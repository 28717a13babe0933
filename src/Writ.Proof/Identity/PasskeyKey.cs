using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;

namespace Writ.Proof.Identity;

/// <summary>
/// The public key of a passkey, as SubjectPublicKeyInfo (RFC 5280), which every tool reads: a point of P-256 (ES256), or RSA of
/// 2,048 to 4,096 bits (RS256). No other key is one.
/// </summary>
public sealed class PasskeyKey
{
    /// <summary>The most bytes of a key that is read.</summary>
    public const int MostBytes = 1_024;

    // SubjectPublicKeyInfo of an uncompressed point of P-256 is always these bytes, and then x and y.
    private static readonly byte[] P256 = Convert.FromHexString("3059301306072a8648ce3d020106082a8648ce3d03010703420004");

    private readonly byte[] _info;

    private PasskeyKey(byte[] info) => _info = info;

    /// <summary>The key's bytes.</summary>
    public ReadOnlySpan<byte> Info => _info;

    /// <summary>Whether it signs as ES256; RS256 otherwise.</summary>
    public bool IsElliptic => Info.StartsWith(P256);

    /// <summary>A key of P-256 by its coordinates of 32 bytes each.</summary>
    public static bool TryRead(ReadOnlySpan<byte> x, ReadOnlySpan<byte> y, [NotNullWhen(true)] out PasskeyKey? key) => TryRead([.. P256, .. x, .. y], out key);

    /// <summary>Reads a key; false for any that no passkey of Writ's has.</summary>
    public static bool TryRead(ReadOnlySpan<byte> info, [NotNullWhen(true)] out PasskeyKey? key)
    {
        key = null;
        if (info.Length > MostBytes)
            return false;
        try
        {
            if (info.StartsWith(P256))
            {
                if (info.Length != P256.Length + 64)
                    return false;
                using var point = Point(info);
            }
            else
            {
                using var rsa = Modulus(info);
                // Written again it is the same: no byte of it is left unread.
                if (rsa.KeySize is < 2_048 or > 4_096 || !rsa.ExportSubjectPublicKeyInfo().AsSpan().SequenceEqual(info))
                    return false;
            }
        }
        catch (CryptographicException)
        {
            return false;
        }

        key = new(info.ToArray());
        return true;
    }

    /// <summary>True when the signature is this key's over exactly these bytes.</summary>
    public bool Verify(ReadOnlySpan<byte> bytes, ReadOnlySpan<byte> signature)
    {
        try
        {
            if (IsElliptic)
            {
                using var point = Point(_info);
                return point.VerifyData(bytes, signature, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence);
            }

            using var rsa = Modulus(_info);
            return rsa.VerifyData(bytes, signature, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        }
        catch (CryptographicException)
        {
            // A signature that cannot be read is none.
            return false;
        }
    }

    // The platform refuses a point that is not on the curve.
    private static ECDsa Point(ReadOnlySpan<byte> info) => ECDsa.Create(new ECParameters
    {
        Curve = ECCurve.NamedCurves.nistP256, Q = new() { X = info.Slice(P256.Length, 32).ToArray(), Y = info.Slice(P256.Length + 32, 32).ToArray() },
    });

    private static RSA Modulus(ReadOnlySpan<byte> info)
    {
        var rsa = RSA.Create();
        try
        {
            rsa.ImportSubjectPublicKeyInfo(info, out _);
            return rsa;
        }
        catch
        {
            rsa.Dispose();
            throw;
        }
    }
}
