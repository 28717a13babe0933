using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Writ.Proof.Orders;
using Writ.Server.Audit;
using Writ.Server.Identity.OpenId;

namespace Writ.Server.Identity;

/// <summary>
/// The server's own keys, in <c>keys/</c> of the data folder, readable by its user alone: the Ed25519 key that signs
/// orders, the certificate authority of runners, the keys of the audit log and those of sign-ins. They are made by <c>init</c> and never leave the server.
/// </summary>
internal sealed class ServerKeys
{
    private const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private readonly byte[] _orderSeed;

    private ServerKeys(byte[] orderSeed, X509Certificate2 authority, LogKeys log, TokenKeys tokens)
    {
        (Log, Tokens) = (log, tokens);
        _orderSeed = orderSeed;
        Authority = authority;
        OrderPublicKey = SigningKeys.PublicKey(orderSeed);
    }

    /// <summary>The authority's certificate with its key.</summary>
    public X509Certificate2 Authority { get; }

    /// <summary>The keys that sign the audit log.</summary>
    public LogKeys Log { get; }

    /// <summary>The keys of sign-ins.</summary>
    public TokenKeys Tokens { get; }

    /// <summary>32 bytes.</summary>
    public byte[] OrderPublicKey { get; }

    /// <summary>Lower-case hexadecimal SHA-256 of the authority's certificate: what an enrolment token pins.</summary>
    public string AuthorityFingerprint => Convert.ToHexStringLower(SHA256.HashData(Authority.RawData));

    public SignedBytes SignOrder(byte[] bytes) => SigningKeys.Sign(_orderSeed, bytes);

    public static string FolderOf(string data) => Path.Combine(data, "keys");

    /// <summary>Makes the keys of a new server.</summary>
    /// <exception cref="IOException">There are keys already, or the folder cannot be written.</exception>
    public static void Create(string data, DateTimeOffset now, string? logOrigin = null)
    {
        var folder = FolderOf(data);
        Directory.CreateDirectory(folder, Private | UnixFileMode.UserExecute);
        LogKeys.Create(folder, logOrigin);
        WriteNew(Path.Combine(folder, "order.seed"), Convert.ToBase64String(SigningKeys.NewSeed()) + "\n");

        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=Writ authority", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, true, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        using var authority = request.CreateSelfSigned(now.AddMinutes(-5), now.AddYears(10));
        WriteNew(Path.Combine(folder, "authority.key"), key.ExportPkcs8PrivateKeyPem() + "\n");
        WriteNew(Path.Combine(folder, "authority.pem"), authority.ExportCertificatePem() + "\n");
        TokenKeys.LoadOrCreate(folder);
    }

    /// <exception cref="IOException">The keys cannot be read.</exception>
    /// <exception cref="CryptographicException">The keys are damaged.</exception>
    /// <exception cref="FormatException">The keys are damaged.</exception>
    public static ServerKeys Load(string data)
    {
        var folder = FolderOf(data);
        var seed = Convert.FromBase64String(File.ReadAllText(Path.Combine(folder, "order.seed")).Trim());
        var authority = X509Certificate2.CreateFromPemFile(Path.Combine(folder, "authority.pem"), Path.Combine(folder, "authority.key"));
        return new(seed, authority, LogKeys.Load(folder), TokenKeys.LoadOrCreate(folder));
    }

    internal static void WriteNew(string path, string content)
    {
        using var file = new FileStream(path, new FileStreamOptions
        {
            Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = Private,
        });
        using var writer = new StreamWriter(file);
        writer.Write(content);
        writer.Flush();
        file.Flush(flushToDisk: true);
    }
}
