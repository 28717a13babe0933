using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Writ.Proof.Errors;

namespace Writ.Proof.Identity;

/// <summary>
/// What a passkey signed when its owner said yes to one statement (Web Authentication, an assertion), with what its challenge was
/// made of. Whoever has the owner's public key can check it with <see cref="PasskeyCheck"/>, at any later time.
/// </summary>
/// <param name="Credential">The credential's id; at most 1,023 bytes.</param>
/// <param name="AuthenticatorData">37 bytes: digest of the relying party's id, flags, and the count of signatures.</param>
/// <param name="ClientData">What the browser says it asked for: JSON, as it was signed.</param>
/// <param name="Signature">Over the authenticator's data and the SHA-256 of the client's; ES256 in DER, or RS256.</param>
/// <param name="Nonce">32 bytes that a server gives out once.</param>
/// <param name="At">When the nonce was given out, in Unix microseconds.</param>
public sealed record PasskeyAssertion(byte[] Credential, byte[] AuthenticatorData, byte[] ClientData, byte[] Signature, byte[] Nonce, long At)
{
    /// <summary>How long after <see cref="At"/> the decision can be made: five minutes, in microseconds.</summary>
    public const long Life = 300_000_000;

    private static readonly byte[] Context = Encoding.ASCII.GetBytes("writ-approval/v1");

    /// <summary>
    /// What a passkey signs to approve: SHA-256 over context, the statement's digest, nonce and instant, each preceded by its
    /// length as four bytes, most significant first.
    /// </summary>
    /// <exception cref="FormatException">The digest is not 64 hexadecimal digits.</exception>
    public static byte[] Challenge(string statementDigest, ReadOnlySpan<byte> nonce, long at)
    {
        var digest = Convert.FromHexString(statementDigest);
        if (digest.Length != SHA256.HashSizeInBytes)
            throw new FormatException("the digest of a statement has 32 bytes");
        Span<byte> instant = stackalloc byte[8];
        BinaryPrimitives.WriteInt64BigEndian(instant, at);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Append(hash, Context);
        Append(hash, digest);
        Append(hash, nonce);
        Append(hash, instant);
        return hash.GetHashAndReset();
    }

    /// <summary>As JSON, as it is kept.</summary>
    public byte[] ToBytes() => JsonSerializer.SerializeToUtf8Bytes(this, PasskeyJson.Default.PasskeyAssertion);

    /// <summary>Reads what <see cref="ToBytes"/> wrote.</summary>
    /// <exception cref="JsonException">It did not.</exception>
    public static PasskeyAssertion Of(ReadOnlySpan<byte> bytes) =>
        JsonSerializer.Deserialize(bytes, PasskeyJson.Default.PasskeyAssertion) ?? throw new JsonException("the assertion is empty");

    /// <summary>Reads an assertion as an entry of the audit log has it; what is there beside it is passed over.</summary>
    public static Result<PasskeyAssertion> Read(JsonElement entry)
    {
        try
        {
            return entry.Deserialize(PasskeyJson.Default.PasskeyAssertion) is { } assertion
                ? assertion
                : new Refusal(ErrorCode.InvalidInput, "the passkey's assertion is empty");
        }
        // Text that is no Unicode is found when it is read out.
        catch (Exception wrong) when (wrong is JsonException or InvalidOperationException or FormatException)
        {
            return new Refusal(ErrorCode.InvalidInput, $"the passkey's assertion is malformed at {(wrong as JsonException)?.Path ?? "$"}");
        }
    }

    private static void Append(IncrementalHash hash, ReadOnlySpan<byte> part)
    {
        Span<byte> length = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(length, part.Length);
        hash.AppendData(length);
        hash.AppendData(part);
    }
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    AllowDuplicateProperties = false,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(PasskeyAssertion))]
internal sealed partial class PasskeyJson : JsonSerializerContext;
