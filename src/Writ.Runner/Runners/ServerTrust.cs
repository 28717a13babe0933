using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Grpc.Net.Client;

namespace Writ.Runner.Runners;

/// <summary>
/// TLS to the runner listener. Only Writ's own CA is trusted, never the system's store: before the enrolment by its
/// fingerprint, which the enrolment token carries, afterwards by its certificate.
/// </summary>
internal static class ServerTrust
{
    /// <summary>True when the certificate was issued by this CA and is valid now.</summary>
    public static bool IsIssuedBy(X509Certificate2 authority, X509Certificate2 certificate)
    {
        using var chain = new X509Chain { ChainPolicy = Policy(authority) };
        return chain.Build(certificate);
    }

    private static X509ChainPolicy Policy(X509Certificate2 authority) => new()
    {
        TrustMode = X509ChainTrustMode.CustomRootTrust,
        CustomTrustStore = { authority },
        RevocationMode = X509RevocationMode.NoCheck,
        DisableCertificateDownloads = true,
    };

    /// <summary>A channel to whoever answers. Only for asking for what is then believed by its fingerprint; it carries no secret.</summary>
    public static GrpcChannel Untrusted(Uri server) => Channel(server, new()
    {
        EnabledSslProtocols = SslProtocols.Tls13 | SslProtocols.Tls12,
#pragma warning disable CA5359 // On purpose, here only: nothing secret is sent, and the one answer must match the token's SHA-256 pin.
        RemoteCertificateValidationCallback = (_, _, _, _) => true,
#pragma warning restore CA5359
    });

    /// <summary>A channel whose server's certificate ends at this CA and is for the name that was dialled.</summary>
    public static GrpcChannel Trusting(Uri server, X509Certificate2 authority) => Channel(server, new()
    {
        EnabledSslProtocols = SslProtocols.Tls13 | SslProtocols.Tls12,
        CertificateChainPolicy = Policy(authority),
    });

    /// <summary>A channel over mutual TLS.</summary>
    public static GrpcChannel Mutual(Uri server, X509Certificate2 certificate, X509Certificate2 authority) => Channel(server, new()
    {
        EnabledSslProtocols = SslProtocols.Tls13 | SslProtocols.Tls12,
        ClientCertificateContext = SslStreamCertificateContext.Create(certificate, null, offline: true),
        CertificateChainPolicy = Policy(authority),
    });

    private static GrpcChannel Channel(Uri server, SslClientAuthenticationOptions tls) => GrpcChannel.ForAddress(server, new GrpcChannelOptions
    {
        HttpHandler = new SocketsHttpHandler
        {
            UseProxy = false,
            UseCookies = false,
            ConnectTimeout = TimeSpan.FromSeconds(5),
            InitialHttp2StreamWindowSize = 1 << 20,
            SslOptions = tls,
        },
        DisposeHttpClient = true,
        // An order holds its statement and its fence: a hundred thousand separate targets are some 6 MB.
        MaxReceiveMessageSize = 64 << 20,
    });
}
