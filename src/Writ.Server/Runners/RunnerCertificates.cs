using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Writ.Proof.Identity;
using Writ.Server.Identity;

namespace Writ.Server.Runners;

/// <summary>Certificates of Writ's own authority: short-lived ones for runners, and the one that the server shows them.</summary>
internal sealed class RunnerCertificates(ServerKeys keys, TimeProvider time)
{
    /// <summary>A runner renews at two thirds of this.</summary>
    public static readonly TimeSpan RunnerLife = TimeSpan.FromHours(24);

    /// <summary>The authority's own certificate: runners pin it at enrolment.</summary>
    public X509Certificate2 Authority => keys.Authority;

    private static readonly TimeSpan ServerLife = TimeSpan.FromDays(365);
    private static readonly TimeSpan Backdated = TimeSpan.FromMinutes(1);
    private static readonly Oid ServerAuthentication = new("1.3.6.1.5.5.7.3.1");
    private static readonly Oid ClientAuthentication = new("1.3.6.1.5.5.7.3.2");

    /// <summary>Signs a runner's request (PKCS #10, DER): only its public key is taken from it, everything else is ours.</summary>
    /// <exception cref="CryptographicException">The request is malformed or does not prove its key.</exception>
    public X509Certificate2 IssueToRunner(ReadOnlySpan<byte> certificateRequest, RunnerId runner)
    {
        var asked = CertificateRequest.LoadSigningRequest(certificateRequest.ToArray(), HashAlgorithmName.SHA256);
        var request = new CertificateRequest(new X500DistinguishedName($"CN={runner}"), asked.PublicKey, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([ClientAuthentication], true));
        return Issue(request, RunnerLife);
    }

    /// <summary>The server's certificate for the runner listener, for these host names and addresses.</summary>
    public X509Certificate2 IssueToServer(IEnumerable<string> hosts)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=Writ server", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([ServerAuthentication], true));
        var names = new SubjectAlternativeNameBuilder();
        foreach (var host in hosts.Distinct(StringComparer.OrdinalIgnoreCase))
        {
            if (IPAddress.TryParse(host, out var address))
                names.AddIpAddress(address);
            else
                names.AddDnsName(host);
        }

        request.CertificateExtensions.Add(names.Build());
        using var certificate = Issue(request, ServerLife);
        return certificate.CopyWithPrivateKey(key);
    }

    /// <summary>The runner that a client certificate names; null for one that is not ours, is not valid now, or names none.</summary>
    public RunnerId? RunnerOf(X509Certificate2 certificate)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(keys.Authority);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        chain.ChainPolicy.ApplicationPolicy.Add(ClientAuthentication);
        chain.ChainPolicy.VerificationTime = time.GetUtcNow().UtcDateTime;
        chain.ChainPolicy.VerificationTimeIgnored = false;
        if (!chain.Build(certificate))
            return null;
        const string prefix = "CN=";
        return certificate.Subject.StartsWith(prefix, StringComparison.Ordinal) && RunnerId.TryParse(certificate.Subject[prefix.Length..], out var runner)
            ? runner
            : null;
    }

    private X509Certificate2 Issue(CertificateRequest request, TimeSpan life)
    {
        var now = time.GetUtcNow();
        return request.Create(keys.Authority, now - Backdated, now + life, RandomNumberGenerator.GetBytes(16));
    }
}
