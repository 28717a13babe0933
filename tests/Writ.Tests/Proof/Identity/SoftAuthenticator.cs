using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Writ.Proof.Identity;

namespace Writ.Tests.Proof.Identity;

/// <summary>An authenticator in memory, with the browser before it: it signs what it is asked to, also what no honest one would.</summary>
internal sealed class SoftAuthenticator : IDisposable
{
    /// <summary>What every honest assertion has: the user was there and was verified.</summary>
    public const byte Honest = 0x05;

    private readonly AsymmetricAlgorithm _key;
    private uint _count;

    public SoftAuthenticator(bool rsa = false) => _key = rsa ? RSA.Create(2_048) : ECDsa.Create(ECCurve.NamedCurves.nistP256);

    public static PasskeyParty Party { get; } = new("writ.example.com", "https://writ.example.com");

    public byte[] Credential { get; } = RandomNumberGenerator.GetBytes(32);

    public PasskeyKey Key => PasskeyKey.TryRead(_key.ExportSubjectPublicKeyInfo(), out var key) ? key : throw new InvalidOperationException();

    /// <summary>The key as an authenticator gives it (RFC 9053, in CTAP2's canonical form).</summary>
    public byte[] Cose
    {
        get
        {
            if (_key is RSA rsa)
            {
                var modulus = rsa.ExportParameters(false);
                return [.. Convert.FromHexString("A401030339010020590100"), .. modulus.Modulus!, .. Convert.FromHexString("2143"), .. modulus.Exponent!];
            }

            var point = ((ECDsa)_key).ExportParameters(false).Q;
            return [.. Convert.FromHexString("A5010203262001215820"), .. point.X!, .. Convert.FromHexString("225820"), .. point.Y!];
        }
    }

    /// <summary>A yes to a statement.</summary>
    public PasskeyAssertion Approve(string statement, long at, PasskeyParty? party = null, byte flags = Honest, string? clientData = null, byte[]? nonce = null)
    {
        party ??= Party;
        nonce ??= RandomNumberGenerator.GetBytes(32);
        var client = Encoding.UTF8.GetBytes(clientData ?? ClientData("webauthn.get", PasskeyAssertion.Challenge(statement, nonce, at), party.Origin));
        var data = Data(party.Id, flags, ++_count);
        return new(Credential, data, client, Sign([.. data, .. SHA256.HashData(client)]), nonce, at);
    }

    /// <summary>The same assertion with parts replaced and signed anew: what a dishonest authenticator could make.</summary>
    public PasskeyAssertion Resigned(PasskeyAssertion assertion) =>
        assertion with { Signature = Sign([.. assertion.AuthenticatorData, .. SHA256.HashData(assertion.ClientData)]) };

    /// <summary>What registering gives: the browser's data, and the authenticator's with credential and key in it.</summary>
    public (byte[] ClientData, byte[] AuthenticatorData) Register(byte[] challenge, PasskeyParty? party = null, byte flags = Honest | 0x40, byte[]? cose = null)
    {
        party ??= Party;
        var length = new byte[2];
        BinaryPrimitives.WriteUInt16BigEndian(length, (ushort)Credential.Length);
        return (Encoding.UTF8.GetBytes(ClientData("webauthn.create", challenge, party.Origin)),
            [.. Data(party.Id, flags, ++_count), .. new byte[16], .. length, .. Credential, .. cose ?? Cose]);
    }

    public static string ClientData(string type, byte[] challenge, string origin) =>
        $$"""{"type":"{{type}}","challenge":"{{Base64Url.EncodeToString(challenge)}}","origin":"{{origin}}","crossOrigin":false}""";

    public static byte[] Data(string party, byte flags, uint count)
    {
        var data = new byte[37];
        SHA256.HashData(Encoding.UTF8.GetBytes(party), data);
        data[32] = flags;
        BinaryPrimitives.WriteUInt32BigEndian(data.AsSpan(33), count);
        return data;
    }

    public byte[] Sign(byte[] bytes) => _key is RSA rsa
        ? rsa.SignData(bytes, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)
        : ((ECDsa)_key).SignData(bytes, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence);

    public void Dispose() => _key.Dispose();
}
