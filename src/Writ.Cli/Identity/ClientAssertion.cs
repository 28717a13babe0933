using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Writ.Cli.Identity;

/// <summary>A short statement of a workload's, signed with its own key: ES256, for one issuer, for a minute, once (RFC 7523, 3).</summary>
internal static class ClientAssertion
{
    private static readonly TimeSpan Life = TimeSpan.FromMinutes(1);

    /// <param name="client">Who it is, to the server.</param>
    /// <param name="issuer">For whom it is.</param>
    /// <param name="pem">The private key, of P-256.</param>
    /// <param name="now">The moment.</param>
    /// <exception cref="Stop">There is no such key.</exception>
    public static string Sign(string client, Uri issuer, string pem, DateTimeOffset now)
    {
        using var key = ECDsa.Create();
        try
        {
            key.ImportFromPem(pem);
        }
        catch (Exception wrong) when (wrong is CryptographicException or ArgumentException)
        {
            throw Stop.Usage("WRIT_WORKLOAD_KEY_FILE holds no private key in PEM form", "make one: writ workload key FILE");
        }

        if (key.KeySize != 256)
            throw Stop.Usage("WRIT_WORKLOAD_KEY_FILE holds no key of P-256", "make one: writ workload key FILE");
        var header = Part(writer =>
        {
            writer.WriteString("alg", "ES256");
            writer.WriteString("typ", "client-authentication+jwt");
        });
        var claims = Part(writer =>
        {
            writer.WriteString("iss", client);
            writer.WriteString("sub", client);
            writer.WriteString("aud", issuer.AbsoluteUri);
            writer.WriteString("jti", Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(16)));
            writer.WriteNumber("iat", now.ToUnixTimeSeconds());
            writer.WriteNumber("exp", (now + Life).ToUnixTimeSeconds());
        });
        var signed = $"{header}.{claims}";
        return $"{signed}.{Base64Url.EncodeToString(key.SignData(Encoding.ASCII.GetBytes(signed), HashAlgorithmName.SHA256))}";
    }

    private static string Part(Action<Utf8JsonWriter> write)
    {
        using var bytes = new MemoryStream();
        using (var writer = new Utf8JsonWriter(bytes))
        {
            writer.WriteStartObject();
            write(writer);
            writer.WriteEndObject();
        }

        return Base64Url.EncodeToString(bytes.ToArray());
    }
}
