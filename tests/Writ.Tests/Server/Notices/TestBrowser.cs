using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Writ.Tests.Server.Notices;

/// <summary>A browser's half of a subscription: its keys, and how it opens what comes (RFC 8188 and 8291, from the receiver's side).</summary>
internal sealed class TestBrowser : IDisposable
{
    private readonly ECDiffieHellman _key = ECDiffieHellman.Create(ECCurve.NamedCurves.nistP256);

    public TestBrowser()
    {
        var q = _key.ExportParameters(false).Q;
        Key = [4, .. q.X!, .. q.Y!];
    }

    public byte[] Key { get; }

    public byte[] Auth { get; } = RandomNumberGenerator.GetBytes(16);

    public string P256dh => Base64Url.EncodeToString(Key);

    public string AuthText => Base64Url.EncodeToString(Auth);

    /// <exception cref="CryptographicException">It is not for this browser, or was changed.</exception>
    public string Open(byte[] body)
    {
        var (salt, size, length) = (body[..16], BinaryPrimitives.ReadUInt32BigEndian(body.AsSpan(16)), body[20]);
        var sender = body[21..(21 + length)];
        var record = body[(21 + length)..];
        record.Length.ShouldBeLessThanOrEqualTo((int)size);
        using var theirs = ECDiffieHellman.Create(new ECParameters { Curve = ECCurve.NamedCurves.nistP256, Q = new ECPoint { X = sender[1..33], Y = sender[33..] } });
        // HKDF by its two steps, each one block long (RFC 5869).
        var extracted = HMACSHA256.HashData(Auth, (byte[])_key.DeriveRawSecretAgreement(theirs.PublicKey));
        var input = HMACSHA256.HashData(extracted, (byte[])[.. "WebPush: info\0"u8, .. Key, .. sender, 1]);
        var pseudo = HMACSHA256.HashData(salt, input);
        var key = HMACSHA256.HashData(pseudo, (byte[])[.. "Content-Encoding: aes128gcm\0"u8, 1])[..16];
        var nonce = HMACSHA256.HashData(pseudo, (byte[])[.. "Content-Encoding: nonce\0"u8, 1])[..12];
        using var cipher = new AesGcm(key, 16);
        var plain = new byte[record.Length - 16];
        cipher.Decrypt(nonce, record.AsSpan(0, plain.Length), record.AsSpan(plain.Length), plain);
        var end = Array.FindLastIndex(plain, each => each != 0);
        plain[end].ShouldBe((byte)2, "the last record ends so");
        return Encoding.UTF8.GetString(plain, 0, end);
    }

    public void Dispose() => _key.Dispose();
}

/// <summary>A push service's half of the server's key.</summary>
internal static class VapidToken
{
    /// <summary>What a token says, whose signature was looked at by the key that came with it.</summary>
    public static (string Audience, long Expires, string Contact) Claims(string header, string expected)
    {
        var parts = header.Split(", ").Select(part => part.Split('=', 2)).ToDictionary(part => part[0], part => part[1]);
        parts["k"].ShouldBe(expected);
        var point = Base64Url.DecodeFromChars(parts["k"]);
        using var half = ECDsa.Create(new ECParameters { Curve = ECCurve.NamedCurves.nistP256, Q = new ECPoint { X = point[1..33], Y = point[33..] } });
        var token = parts["t"].Split('.');
        half.VerifyData(Encoding.ASCII.GetBytes($"{token[0]}.{token[1]}"), Base64Url.DecodeFromChars(token[2]), HashAlgorithmName.SHA256).ShouldBeTrue("the signature does not hold");
        using var claims = JsonDocument.Parse(Base64Url.DecodeFromChars(token[1]));
        return (claims.RootElement.GetProperty("aud").GetString()!, claims.RootElement.GetProperty("exp").GetInt64(), claims.RootElement.GetProperty("sub").GetString()!);
    }
}
