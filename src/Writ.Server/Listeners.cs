using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Writ.Server.Runners;

namespace Writ.Server;

/// <summary>
/// Two doors that never mix: <c>/v1</c> for people and processes, and the runner listener with mutual TLS of Writ's own
/// authority. A call that comes in by the wrong one finds nothing.
/// </summary>
internal static class Listeners
{
    private static readonly object RunnerDoor = new();

    public static void Configure(KestrelServerOptions kestrel, ServerSettings settings, RunnerCertificates certificates)
    {
        kestrel.AddServerHeader = false;
        kestrel.Limits.MaxRequestBodySize = 1 << 20;
        // Bulk output of many runs shares a connection (measured: larger windows are three times as fast).
        kestrel.Limits.Http2.InitialStreamWindowSize = 2 << 20;
        kestrel.Limits.Http2.InitialConnectionWindowSize = 4 << 20;
        foreach (var url in settings.Urls)
            Listen(kestrel, settings, certificates, url);
        if (settings.RunnerListen is { } runners)
        {
            var uri = new Uri(runners);
            var certificate = certificates.IssueToServer([uri.Host.Trim('[', ']'), "localhost", System.Net.Dns.GetHostName()]);
            kestrel.Listen(ServerSettings.Bind(uri), uri.Port, listen =>
            {
                listen.Protocols = HttpProtocols.Http2;
                listen.Use(next => connection =>
                {
                    connection.Items[RunnerDoor] = true;
                    return next(connection);
                });
                listen.UseHttps(new HttpsConnectionAdapterOptions
                {
                    ServerCertificate = certificate,
                    ServerCertificateChain = [certificates.Authority],
                    // Enrolment comes without one; every other call checks it against our own authority.
                    ClientCertificateMode = ClientCertificateMode.AllowCertificate,
                    ClientCertificateValidation = (presented, _, _) => certificates.RunnerOf(presented) is not null,
                });
            });
        }
    }

    /// <summary>True for a call that came in by the runner listener.</summary>
    public static bool CameByRunnerDoor(this HttpContext context) =>
        context.Features.Get<Microsoft.AspNetCore.Connections.Features.IConnectionItemsFeature>()?.Items.ContainsKey(RunnerDoor) == true;

    private static void Listen(KestrelServerOptions kestrel, ServerSettings settings, RunnerCertificates certificates, string url)
    {
        if (url.StartsWith("unix://", StringComparison.Ordinal))
        {
            var path = url["unix://".Length..];
            File.Delete(path);
            kestrel.ListenUnixSocket(path);
            return;
        }

        var uri = new Uri(url);
        kestrel.Listen(ServerSettings.Bind(uri), uri.Port, listen =>
        {
            if (uri.Scheme == "https")
            {
                listen.UseHttps(settings.Certificate is null
                    ? certificates.IssueToServer([uri.Host.Trim('[', ']'), "localhost", System.Net.Dns.GetHostName()])
                    : X509Certificate2.CreateFromPemFile(settings.Certificate, settings.CertificateKey));
            }
        });
    }
}
