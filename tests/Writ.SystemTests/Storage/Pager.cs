using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Writ.SystemTests.Storage;

/// <summary>A service of others on loopback that says who is on call, or whatever a test has it answer; with a certificate of an authority of its own.</summary>
internal sealed class Pager : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly string _folder;
    private int _asked;

    private Pager(WebApplication app, string folder) => (_app, _folder) = (app, folder);

    public string Url { get; private set; } = "";

    /// <summary>Its authority, in PEM.</summary>
    public string CaFile => Path.Combine(_folder, "ca.pem");

    /// <summary>The token that it is asked with.</summary>
    public string TokenFile => Path.Combine(_folder, "token");

    /// <summary>How often it was asked.</summary>
    public int Asked => _asked;

    /// <summary>What it was asked with last.</summary>
    public string? Authorization { get; private set; }

    /// <summary>What it answers.</summary>
    public Func<HttpContext, Task> Answer { get; set; } = context => context.Response.WriteAsync("""{"on_call":[]}""");

    public static async Task<Pager> Start()
    {
        var folder = Directory.CreateTempSubdirectory("writ-pager-").FullName;
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("localhost");
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        var certificate = request.CreateSelfSigned(new(2020, 1, 1, 0, 0, 0, TimeSpan.Zero), new(2060, 1, 1, 0, 0, 0, TimeSpan.Zero));
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseHttps(certificate)));
        var pager = new Pager(builder.Build(), folder);
        await File.WriteAllTextAsync(pager.CaFile, certificate.ExportCertificatePem());
        await File.WriteAllTextAsync(pager.TokenFile, "s3cret-token\n");
        pager._app.Run(context =>
        {
            Interlocked.Increment(ref pager._asked);
            pager.Authorization = context.Request.Headers.Authorization;
            return pager.Answer(context);
        });
        await pager._app.StartAsync();
        var port = new Uri(pager._app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single()).Port;
        pager.Url = $"https://localhost:{port}/now";
        return pager;
    }

    public void Says(params string[] people) => Answer = context => context.Response.WriteAsJsonAsync(new Dictionary<string, string[]> { ["on_call"] = people });

    public void Says(int status) => Answer = context =>
    {
        context.Response.StatusCode = status;
        return Task.CompletedTask;
    };

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }
}
