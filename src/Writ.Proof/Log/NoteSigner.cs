using System.Buffers.Binary;
using System.Text;
using Writ.Proof.Errors;
using Writ.Proof.Orders;

namespace Writ.Proof.Log;

/// <summary>
/// The private key of a note's signer, written <c>PRIVATE+KEY+name+0123abcd+base64</c> of kind and 32-byte seed. Its text
/// is a secret.
/// </summary>
public sealed class NoteSigner
{
    private const string Prefix = "PRIVATE+KEY+";
    private readonly byte[] _seed;

    private NoteSigner(NoteKey key, byte[] seed) => (Key, _seed) = (key, seed);

    /// <summary>The public half.</summary>
    public NoteKey Key { get; }

    /// <summary>A new key of this name.</summary>
    public static NoteSigner New(string name, NoteKeyKind kind)
    {
        var seed = SigningKeys.NewSeed();
        return new(NoteKey.Of(name, kind, SigningKeys.PublicKey(seed)), seed);
    }

    /// <summary>Reads a private key; what is wrong with it never shows any of it.</summary>
    public static Result<NoteSigner> Parse(string text)
    {
        var parts = text.Trim().Split('+', 5);
        if (parts.Length != 5 || !text.StartsWith(Prefix, StringComparison.Ordinal) || !NoteKey.IsName(parts[2])
            || StrictBase64.Read(parts[4]) is not { Length: 33 } encoded || (NoteKeyKind)encoded[0] is not (NoteKeyKind.Ed25519 or NoteKeyKind.Cosignature))
            return new Refusal(ErrorCode.InvalidInput, "this is no private key of a log or a witness");
        var seed = encoded[1..];
        var key = NoteKey.Of(parts[2], (NoteKeyKind)encoded[0], SigningKeys.PublicKey(seed));
        return parts[3] == key.Id.ToString("x8", System.Globalization.CultureInfo.InvariantCulture)
            ? new NoteSigner(key, seed)
            : new Refusal(ErrorCode.InvalidInput, $"the private key of {parts[2]} is damaged");
    }

    /// <summary>The signature line over a note's text, as this kind of key signs it.</summary>
    /// <param name="text">The text, which ends with a line feed.</param>
    /// <param name="now">The time of a cosignature.</param>
    public NoteSignature Sign(string text, DateTimeOffset now)
    {
        if (Key.Kind == NoteKeyKind.Ed25519)
            return new(Key.Name, Key.Id, SigningKeys.Sign(_seed, Encoding.UTF8.GetBytes(text)).Signature);
        var seconds = now.ToUnixTimeSeconds();
        var signature = SigningKeys.Sign(_seed, Cosignature.Message(seconds, text)).Signature;
        var blob = new byte[8 + signature.Length];
        BinaryPrimitives.WriteInt64BigEndian(blob, seconds);
        signature.CopyTo(blob, 8);
        return new(Key.Name, Key.Id, blob);
    }

    /// <summary>The private key's text, to be kept where only its owner reads.</summary>
    public string Secret() => $"{Prefix}{Key.Name}+{Key.Id:x8}+{Convert.ToBase64String([(byte)Key.Kind, .. _seed])}";
}
