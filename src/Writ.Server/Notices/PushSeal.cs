using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Writ.Server.Notices;

/// <summary>
/// Seals a message for one browser (RFC 8291): what carries it there reads nothing of it. All are of one length, so that this tells nothing either.
/// </summary>
internal static class PushSeal
{
    /// <summary>Of a point of P-256 that is not compressed, in bytes.</summary>
    public const int PointLength = 65;
    /// <summary>Of the secret that browser and server have in common, in bytes.</summary>
    public const int AuthLength = 16;
    /// <summary>What every message is filled up to, in bytes; with all around it less than the 4096 that each push service takes (RFC 8030, 7.2).</summary>
    public const int Room = 3072;

    private const int SaltLength = 16, KeyLength = 16, NonceLength = 12, TagLength = 16, SecretLength = 32, RecordSize = 4096;

    /// <summary>Whether these can be a browser's keys. A point that lies on another curve would tell of the key that it is multiplied with.</summary>
    public static bool IsFit(ReadOnlySpan<byte> point, ReadOnlySpan<byte> auth)
    {
        if (point.Length != PointLength || point[0] != 4 || auth.Length != AuthLength)
            return false;
        try
        {
            using var theirs = Of(point);
            return true;
        }
        catch (CryptographicException)
        {
            return false;
        }
    }

    /// <summary>The body of a message to the browser with these keys, with a key and a salt of its own.</summary>
    /// <exception cref="ArgumentException">The message is longer than <see cref="Room"/>.</exception>
    public static byte[] Seal(ReadOnlySpan<byte> message, byte[] point, byte[] auth)
    {
        if (message.Length > Room)
            throw new ArgumentException("a message that is too long", nameof(message));
        using var own = ECDiffieHellman.Create(ECCurve.NamedCurves.nistP256);
        return Seal(message, Room - message.Length, point, auth, own, RandomNumberGenerator.GetBytes(SaltLength));
    }

    /// <summary>The same with a key and a salt that are given: once, or what was sealed lies open.</summary>
    public static byte[] Seal(ReadOnlySpan<byte> message, int fill, byte[] point, byte[] auth, ECDiffieHellman own, byte[] salt)
    {
        var q = own.ExportParameters(false).Q;
        byte[] ours = [4, .. q.X!, .. q.Y!];
        using var theirs = Of(point);
        var shared = own.DeriveRawSecretAgreement(theirs.PublicKey);
        // RFC 8291, 3.4: first with what both know beside the keys, then, as RFC 8188 says, with the salt.
        var input = HKDF.DeriveKey(HashAlgorithmName.SHA256, shared, SecretLength, auth, [.. "WebPush: info\0"u8, .. point, .. ours]);
        var key = HKDF.DeriveKey(HashAlgorithmName.SHA256, input, KeyLength, salt, [.. "Content-Encoding: aes128gcm\0"u8]);
        var nonce = HKDF.DeriveKey(HashAlgorithmName.SHA256, input, NonceLength, salt, [.. "Content-Encoding: nonce\0"u8]);

        // RFC 8188, 2: salt, record size and our public key; then the one record: the message, 2 for the last record, and what fills it up.
        var head = SaltLength + sizeof(uint) + 1 + ours.Length;
        var body = new byte[head + message.Length + 1 + fill + TagLength];
        salt.CopyTo(body, 0);
        BinaryPrimitives.WriteUInt32BigEndian(body.AsSpan(SaltLength), RecordSize);
        body[SaltLength + sizeof(uint)] = (byte)ours.Length;
        ours.CopyTo(body, head - ours.Length);
        var record = new byte[message.Length + 1 + fill];
        message.CopyTo(record);
        record[message.Length] = 2;
        using var cipher = new AesGcm(key, TagLength);
        cipher.Encrypt(nonce, record, body.AsSpan(head, record.Length), body.AsSpan(head + record.Length));
        return body;
    }

    private static ECDiffieHellman Of(ReadOnlySpan<byte> point) => ECDiffieHellman.Create(new ECParameters
    {
        Curve = ECCurve.NamedCurves.nistP256, Q = new ECPoint { X = point[1..33].ToArray(), Y = point[33..].ToArray() },
    });
}
