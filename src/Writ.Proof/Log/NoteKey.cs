using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Writ.Proof.Errors;
using Writ.Proof.Orders;

namespace Writ.Proof.Log;

/// <summary>What a key of a signed note signs (the first byte of its encoding, c2sp.org/signed-note).</summary>
public enum NoteKeyKind : byte
{
    /// <summary>No kind; no key has it.</summary>
    None = 0,
    /// <summary>Ed25519 over the note's text: a log's own key.</summary>
    Ed25519 = 1,
    /// <summary>Ed25519 over a time and the note's text: a witness's key (c2sp.org/tlog-cosignature).</summary>
    Cosignature = 4,
}

/// <summary>
/// The public key of a note's signer, written <c>name+0123abcd+base64</c>. The number binds name, kind and key together.
/// </summary>
public sealed record NoteKey
{
    private NoteKey(string name, NoteKeyKind kind, byte[] publicKey) =>
        (Name, Kind, PublicKey, Id) = (name, kind, publicKey, IdOf(name, [(byte)kind, .. publicKey]));

    /// <summary>The signer's name: neither white space nor a plus.</summary>
    public string Name { get; }

    /// <summary>What it signs.</summary>
    public NoteKeyKind Kind { get; }

    /// <summary>32 bytes.</summary>
    public byte[] PublicKey { get; }

    /// <summary>The key's number.</summary>
    public uint Id { get; }

    /// <summary>A key from its parts.</summary>
    /// <exception cref="ArgumentException">The name cannot be one, or the key is not of 32 bytes.</exception>
    public static NoteKey Of(string name, NoteKeyKind kind, byte[] publicKey)
    {
        if (!IsName(name))
            throw new ArgumentException($"'{name}' cannot be the name of a key", nameof(name));
        if (publicKey.Length != 32)
            throw new ArgumentException("a public key has 32 bytes", nameof(publicKey));
        return new(name, kind, publicKey);
    }

    /// <summary>Reads a key's text.</summary>
    public static Result<NoteKey> Parse(string text)
    {
        var parts = text.Trim().Split('+', 3);
        if (parts.Length != 3 || !IsName(parts[0]) || parts[1].Length != 8
            || !uint.TryParse(parts[1], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var id))
            return new Refusal(ErrorCode.InvalidInput, "this is no key of a log or a witness", "it looks like name+0123abcd+base64");
        if (StrictBase64.Read(parts[2]) is not { Length: 33 } encoded || (NoteKeyKind)encoded[0] is not (NoteKeyKind.Ed25519 or NoteKeyKind.Cosignature))
            return new Refusal(ErrorCode.InvalidInput, $"the key {parts[0]} is of a kind that is not known here", "Ed25519 keys and Ed25519 cosignature keys are");
        var key = new NoteKey(parts[0], (NoteKeyKind)encoded[0], encoded[1..]);
        return key.Id == id ? key : new Refusal(ErrorCode.InvalidInput, $"the key {parts[0]} is damaged: its number is not {parts[1]}");
    }

    /// <summary>True when the signature is this key's over exactly these bytes.</summary>
    public bool Verifies(byte[] message, byte[] signature) => SigningKeys.Verify(PublicKey, new(message, signature, ""));

    /// <summary>The key's text.</summary>
    public override string ToString() => $"{Name}+{Id:x8}+{Convert.ToBase64String([(byte)Kind, .. PublicKey])}";

    /// <inheritdoc/>
    public bool Equals(NoteKey? other) => other is not null && ToString() == other.ToString();

    /// <inheritdoc/>
    public override int GetHashCode() => (int)(Id & int.MaxValue);

    /// <summary>True when a signer can have this name.</summary>
    public static bool IsName(string name) =>
        name.Length > 0 && !name.Any(c => char.IsWhiteSpace(c) || char.IsControl(c) || c is '+' or '\uFFFD' || char.IsSurrogate(c));

    private static uint IdOf(string name, ReadOnlySpan<byte> encoded) =>
        BinaryPrimitives.ReadUInt32BigEndian(SHA256.HashData([.. Encoding.UTF8.GetBytes(name), (byte)'\n', .. encoded]));
}
