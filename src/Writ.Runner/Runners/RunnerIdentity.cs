using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using Google.Protobuf;
using Writ.Contracts.Runners;
using Writ.Proof.Identity;
using Writ.Proof.Orders;
using Writ.Runner.Kernel;

namespace Writ.Runner.Runners;

/// <summary>Who this runner is and whose orders it obeys, as told at its enrolment and at each renewal.</summary>
internal sealed record RunnerIdentity(string Runner, string Name, IReadOnlyList<string> OrderKeys)
{
    /// <summary>The public keys by their ids.</summary>
    public Dictionary<string, byte[]> Keys() => OrderKeys.Select(Convert.FromHexString).ToDictionary(key => SigningKeys.KeyId(key));

    /// <summary>Reads it.</summary>
    /// <exception cref="RunnerException">This runner is not enrolled.</exception>
    public static RunnerIdentity Read(DataFolder data)
    {
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllBytes(data.Identity), RunnerJson.Default.RunnerIdentity)!;
        }
        catch (Exception absent) when (absent is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new RunnerException("this runner is not enrolled", "writ-runner enroll --server https://HOST:PORT --data DIR");
        }
    }

    /// <summary>The certificate with its key.</summary>
    public static X509Certificate2 ReadCertificate(DataFolder data) => X509Certificate2.CreateFromPemFile(data.Certificate, data.Certificate);

    /// <summary>Writ's own CA.</summary>
    public static X509Certificate2 ReadAuthority(DataFolder data) => X509Certificate2.CreateFromPem(File.ReadAllText(data.Authority));

    /// <summary>A request for a certificate over this key, which never leaves the runner.</summary>
    public static ByteString Request(ECDsa key) => ByteString.CopyFrom(
        new CertificateRequest("CN=writ-runner", key, HashAlgorithmName.SHA256).CreateSigningRequest());

    /// <summary>Stores what the server answered.</summary>
    /// <exception cref="RunnerException">The answer does not fit the key or the CA.</exception>
    public static RunnerIdentity Store(DataFolder data, EnrolReply reply, ECDsa key, X509Certificate2 authority)
    {
        using var certificate = X509CertificateLoader.LoadCertificate(reply.Certificate.Span);
        using var publicKey = certificate.GetECDsaPublicKey();
        if (!reply.Authority.Span.SequenceEqual(authority.RawData))
            throw new RunnerException("the server answered with another certificate authority than the pinned one");
        if (publicKey is null || !publicKey.ExportSubjectPublicKeyInfo().AsSpan().SequenceEqual(key.ExportSubjectPublicKeyInfo())
            || !ServerTrust.IsIssuedBy(authority, certificate))
            throw new RunnerException("the server answered with a certificate that is not over this runner's key");
        if (!RunnerId.TryParse(reply.Runner, out _) || reply.OrderKeys.Count == 0 || reply.OrderKeys.Any(order => order.Length != 32))
            throw new RunnerException("the server's answer names no runner or no order key");

        var identity = new RunnerIdentity(reply.Runner, reply.Name, [.. reply.OrderKeys.Select(order => Convert.ToHexStringLower(order.Span))]);
        Durable.Write(data.Authority, authority.ExportCertificatePem() + "\n");
        Durable.Write(data.Certificate, certificate.ExportCertificatePem() + "\n" + key.ExportPkcs8PrivateKeyPem() + "\n");
        Durable.Write(data.Identity, JsonSerializer.SerializeToUtf8Bytes(identity, RunnerJson.Default.RunnerIdentity));
        return identity;
    }
}
