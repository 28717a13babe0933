using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using Writ.Proof.Errors;
using Writ.Proof.Identity;

namespace Writ.Server.Passkeys;

/// <summary>A new credential as its authenticator gives it (Web Authentication, attested credential data).</summary>
internal sealed record AttestedKey(byte[] CredentialId, byte[] Cose, PasskeyKey Key, uint SignCount, bool IsBackupEligible, bool IsBackedUp)
{
    private const int Head = 37, Model = 16;
    private const byte MayBackUp = 0x08, BackedUp = 0x10, Attested = 0x40, Extended = 0x80;

    // Authenticators write keys in the canonical form of CTAP2: each kind of key has one spelling (RFC 9053, RFC 8230).
    private static readonly byte[] Elliptic = Convert.FromHexString("A5010203262001215820"), EllipticY = Convert.FromHexString("225820");
    private static readonly byte[] Rsa = Convert.FromHexString("A401030339010020590100"), RsaExponent = Convert.FromHexString("2143010001");

    /// <summary>Reads what a browser got for this challenge.</summary>
    public static Result<AttestedKey> Read(ReadOnlySpan<byte> clientData, ReadOnlySpan<byte> authenticatorData, PasskeyParty party, ReadOnlySpan<byte> challenge)
    {
        if (PasskeyCheck.WrongClientData(clientData, "webauthn.create", party, challenge) is { } client)
            return Bad(client);
        if (authenticatorData.Length < Head + Model + 2)
            return Bad("its authenticator's data is too short");
        if (PasskeyCheck.WrongFlags(authenticatorData, party) is { } flags)
            return Bad(flags);
        var said = authenticatorData[32];
        var length = BinaryPrimitives.ReadUInt16BigEndian(authenticatorData[(Head + Model)..]);
        var rest = authenticatorData[(Head + Model + 2)..];
        if ((said & Attested) == 0 || length is 0 or > 1_023 || rest.Length < length)
            return Bad("it holds no credential");
        if (!TryReadCose(rest[length..], out var key, out var bytes))
            return Bad("its key is neither ES256 nor RS256 of 2048 bits");
        // What follows the key are extensions, where it says so.
        if ((said & Extended) == 0 && rest.Length != length + bytes)
            return Bad("its authenticator's data is longer than it says");
        return new AttestedKey(rest[..length].ToArray(), rest.Slice(length, bytes).ToArray(), key,
            BinaryPrimitives.ReadUInt32BigEndian(authenticatorData[33..]), (said & MayBackUp) != 0, (said & BackedUp) != 0);
    }

    /// <summary>Reads a COSE_Key at the beginning of the bytes, and how long it is.</summary>
    public static bool TryReadCose(ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out PasskeyKey? key, out int length)
    {
        (key, length) = (null, 0);
        if (bytes.StartsWith(Elliptic))
        {
            length = Elliptic.Length + 32 + EllipticY.Length + 32;
            return bytes.Length >= length && bytes[(Elliptic.Length + 32)..].StartsWith(EllipticY)
                && PasskeyKey.TryRead(bytes.Slice(Elliptic.Length, 32), bytes.Slice(length - 32, 32), out key);
        }

        if (!bytes.StartsWith(Rsa))
            return false;
        length = Rsa.Length + 256 + RsaExponent.Length;
        if (bytes.Length < length || !bytes[(Rsa.Length + 256)..].StartsWith(RsaExponent))
            return false;
        using var rsa = RSA.Create(new RSAParameters { Modulus = bytes.Slice(Rsa.Length, 256).ToArray(), Exponent = RsaExponent[2..] });
        return PasskeyKey.TryRead(rsa.ExportSubjectPublicKeyInfo(), out key);
    }

    private static Refusal Bad(string why) => new(ErrorCode.InvalidInput, $"the new passkey does not hold: {why}");
}
