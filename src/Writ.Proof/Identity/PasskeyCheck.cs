using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Writ.Proof.Errors;

namespace Writ.Proof.Identity;

/// <summary>Where passkeys are used: they sign for one party and one origin, and browsers hold them to it.</summary>
/// <param name="Id">The relying party's id: a host name, <c>writ.example.com</c>.</param>
/// <param name="Origin">Scheme, host, and port where it is not the scheme's own: <c>https://writ.example.com</c>.</param>
public sealed record PasskeyParty(string Id, string Origin)
{
    /// <summary>The party of a server that is reached at this address.</summary>
    public static PasskeyParty Of(Uri address) => new(address.IdnHost, address.GetLeftPart(UriPartial.Authority));

    /// <summary>The party of an origin as browsers write it; null where passkeys cannot be used there.</summary>
    public static PasskeyParty? Read(string? origin) => Uri.TryCreate(origin, UriKind.Absolute, out var address) && Of(address) is var party && party.Origin == origin && party.IsValid() ? party : null;

    /// <summary>True where the origin is one of this party: <c>https</c>, or <c>http</c> on the machine itself, and a host of that name.</summary>
    public bool IsValid() =>
        Uri.TryCreate(Origin, UriKind.Absolute, out var address) && Of(address) == this && address.HostNameType == UriHostNameType.Dns && address.UserInfo.Length == 0
        && (address.Scheme == Uri.UriSchemeHttps || (address.Scheme == Uri.UriSchemeHttp && Id == "localhost"));
}

/// <summary>What the authenticator says beside its signature, where the assertion holds.</summary>
/// <param name="SignCount">How often it has signed; 0 for passkeys that are on several devices.</param>
/// <param name="IsBackedUp">Whether the passkey is on other devices too.</param>
public readonly record struct PasskeyHeld(uint SignCount, bool IsBackedUp);

/// <summary>
/// Whether an assertion is a passkey's yes to exactly one statement (W3C Web Authentication level 3, section 7.2). Pure: who gave the
/// nonce out once, compares the count, and knows whose key it is, is the caller. Numbered as it is done:
/// <list type="number">
/// <item>the client's data says that an assertion was asked for, with the challenge of this statement, nonce and instant, at exactly
/// this origin and in no frame of another;</item>
/// <item>the authenticator's data is of this party, of a user who was there and was verified, and holds nothing else;</item>
/// <item>the signature is the key's over both.</item>
/// </list>
/// </summary>
public static class PasskeyCheck
{
    private const int MostClientData = 8_192, MostCredential = 1_023, MostSignature = 1_024, DataBytes = 37, NonceBytes = 32;
    private const byte UserPresent = 0x01, UserVerified = 0x04, MayBackUp = 0x08, BackedUp = 0x10, Attested = 0x40, Extended = 0x80;

    /// <summary>What was signed beside the challenge, or why the assertion does not hold.</summary>
    public static Result<PasskeyHeld> Verify(PasskeyAssertion assertion, PasskeyKey key, PasskeyParty party, string statementDigest)
    {
        if (assertion.Nonce.Length != NonceBytes || assertion.Credential.Length is 0 or > MostCredential
            || assertion.ClientData.Length > MostClientData || assertion.Signature.Length > MostSignature
            || statementDigest.Length != 2 * SHA256.HashSizeInBytes || !statementDigest.All(char.IsAsciiHexDigitLower))
            return Bad("a part of it has the wrong size");
        return Verify(assertion.AuthenticatorData, assertion.ClientData, assertion.Signature, key, party,
            PasskeyAssertion.Challenge(statementDigest, assertion.Nonce, assertion.At));
    }

    /// <summary>The same with a challenge that is no statement's.</summary>
    public static Result<PasskeyHeld> Verify(
        ReadOnlySpan<byte> authenticatorData, ReadOnlySpan<byte> clientData, ReadOnlySpan<byte> signature, PasskeyKey key, PasskeyParty party, ReadOnlySpan<byte> challenge)
    {
        // 1.
        if (WrongClientData(clientData, "webauthn.get", party, challenge) is { } client)
            return Bad(client);

        // 2.
        if (authenticatorData.Length != DataBytes)
            return Bad("its authenticator's data is not of 37 bytes");
        if (WrongFlags(authenticatorData, party) is { } flags)
            return Bad(flags);
        var said = authenticatorData[32];
        if ((said & (Attested | Extended)) != 0)
            return Bad("its authenticator's data claims to hold more than it does");

        // 3.
        byte[] signed = [.. authenticatorData, .. SHA256.HashData(clientData)];
        if (!key.Verify(signed, signature))
            return Bad("its signature is not of the approver's key");
        return new PasskeyHeld(BinaryPrimitives.ReadUInt32BigEndian(authenticatorData[33..]), (said & BackedUp) != 0);
    }

    /// <summary>Why the client's data is not what was asked for; null where it is.</summary>
    /// <param name="clientData">JSON, as the browser gave it.</param>
    /// <param name="type"><c>webauthn.get</c>, or for a new passkey <c>webauthn.create</c>.</param>
    /// <param name="party">Where it must have been.</param>
    /// <param name="challenge">What must have been signed.</param>
    public static string? WrongClientData(ReadOnlySpan<byte> clientData, string type, PasskeyParty party, ReadOnlySpan<byte> challenge)
    {
        if (clientData.Length > MostClientData)
            return "its client's data is too long";
        try
        {
            using var document = JsonDocument.Parse(clientData.ToArray(), new() { AllowDuplicateProperties = false, MaxDepth = 8 });
            var said = document.RootElement;
            if (said.ValueKind != JsonValueKind.Object)
                return "its client's data is no object";
            if (Text(said, "type") != type)
                return $"its client's data is not of the kind {type}";
            if (Text(said, "challenge") != Base64Url.EncodeToString(challenge))
                return "it was signed for another challenge";
            if (Text(said, "origin") != party.Origin)
                return $"it was not signed at {party.Origin}";
            return (said.TryGetProperty("crossOrigin", out var cross) && cross.ValueKind != JsonValueKind.False) || said.TryGetProperty("topOrigin", out _)
                ? "it was signed in a page of another origin" : null;
        }
        // Text that is no Unicode is found when it is read out.
        catch (Exception wrong) when (wrong is JsonException or InvalidOperationException)
        {
            return "its client's data is no JSON";
        }
    }

    /// <summary>Why the authenticator's data is not of this party and a verified user; null where it is. It must have 37 bytes at least.</summary>
    public static string? WrongFlags(ReadOnlySpan<byte> authenticatorData, PasskeyParty party)
    {
        if (!authenticatorData[..32].SequenceEqual(SHA256.HashData(Encoding.UTF8.GetBytes(party.Id))))
            return $"it was not signed for {party.Id}";
        var said = authenticatorData[32];
        if ((said & UserPresent) == 0)
            return "nobody was there when it was signed";
        if ((said & UserVerified) == 0)
            return "its user was not verified when it was signed";
        return (said & (MayBackUp | BackedUp)) == BackedUp ? "its authenticator's data contradicts itself" : null;
    }

    private static string? Text(JsonElement said, string name) =>
        said.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static Refusal Bad(string why) => new(ErrorCode.BadSignature, $"the passkey's assertion does not hold: {why}");
}
