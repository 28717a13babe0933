using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Writ.Server.Notices;

/// <summary>
/// The key by which push services know that a message comes from the server to which the browser gave its address (RFC 8292): a pair of P-256,
/// whose public half every browser gets when it is turned on.
/// </summary>
internal sealed class VapidKey : IDisposable
{
    /// <summary>How long a token holds. A push service keeps no message that comes with one of more than a day.</summary>
    private static readonly TimeSpan Life = TimeSpan.FromHours(1);

    private static readonly string Head = Base64Url.EncodeToString("""{"typ":"JWT","alg":"ES256"}"""u8);
    private readonly ECDsa _key;

    private VapidKey(ECDsa key)
    {
        var point = key.ExportParameters(false).Q;
        (_key, Public) = (key, Base64Url.EncodeToString([4, .. point.X!, .. point.Y!]));
    }

    /// <summary>The public half, as browsers take it: an uncompressed point in base64url, 87 characters.</summary>
    public string Public { get; }

    /// <summary>A new pair: the private half in PEM (PKCS #8), and the public one.</summary>
    public static (string Pem, string Public) Make()
    {
        using var made = new VapidKey(ECDsa.Create(ECCurve.NamedCurves.nistP256));
        return (made._key.ExportPkcs8PrivateKeyPem(), made.Public);
    }

    /// <exception cref="IOException">It cannot be read, or is no such key; the message holds nothing of it.</exception>
    public static VapidKey Read(string file)
    {
        var key = ECDsa.Create();
        try
        {
            key.ImportFromPem(File.ReadAllText(file));
            var curve = key.ExportParameters(true).Curve;
            if (curve.Oid.Value == ECCurve.NamedCurves.nistP256.Oid.Value)
                return new(key);
        }
        catch (Exception unfit) when (unfit is ArgumentException or CryptographicException)
        {
            // Said below, without what was in it.
        }
        catch (UnauthorizedAccessException)
        {
            key.Dispose();
            throw new IOException($"{file} may not be read");
        }

        key.Dispose();
        throw new IOException($"{file} holds no private key of P-256 in PEM; writ-server push key makes one");
    }

    /// <summary>What the Authorization header says to one push service (RFC 8292, 3).</summary>
    /// <param name="origin">The push service's, with its port where that is not the scheme's own.</param>
    /// <param name="contact">Whom it writes to.</param>
    /// <param name="now">The moment.</param>
    public string Token(string origin, string contact, DateTimeOffset now)
    {
        var claims = JsonSerializer.Serialize(new Claims(origin, (now + Life).ToUnixTimeSeconds(), contact), VapidJson.Default.Claims);
        var signed = $"{Head}.{Base64Url.EncodeToString(Encoding.UTF8.GetBytes(claims))}";
        return $"t={signed}.{Base64Url.EncodeToString(_key.SignData(Encoding.ASCII.GetBytes(signed), HashAlgorithmName.SHA256))}, k={Public}";
    }

    public void Dispose() => _key.Dispose();

    internal sealed record Claims(string Aud, long Exp, string Sub);
}

/// <summary>The token's shape.</summary>
[System.Text.Json.Serialization.JsonSourceGenerationOptions(PropertyNamingPolicy = System.Text.Json.Serialization.JsonKnownNamingPolicy.SnakeCaseLower)]
[System.Text.Json.Serialization.JsonSerializable(typeof(VapidKey.Claims))]
internal sealed partial class VapidJson : System.Text.Json.Serialization.JsonSerializerContext;
