using System.Net;
using Writ.Proof.Errors;

namespace Writ.Server;

/// <summary>How <c>serve</c> was asked to listen.</summary>
/// <param name="Data">The data folder.</param>
/// <param name="Urls">Where <c>/v1</c> is served: <c>http://127.0.0.1:8080</c>, <c>https://host:port</c> or <c>unix:///path</c>.</param>
/// <param name="RunnerListen">Where runners connect, or null for nowhere: <c>https://host:port</c>.</param>
/// <param name="Database">An Npgsql connection string, or null for SQLite in the data folder.</param>
/// <param name="Certificate">A PEM file with certificate and chain for https urls, or null for one of Writ's own authority.</param>
/// <param name="Witnesses">The witnesses of the audit log, or null for none.</param>
/// <param name="CertificateKey">The PEM file of its key.</param>
internal sealed record ServerSettings(
    string Data, IReadOnlyList<string> Urls, string? RunnerListen, string? Database, string? Certificate = null, string? CertificateKey = null, Audit.WitnessList? Witnesses = null)
{
    /// <summary>The SQLite file of a data folder.</summary>
    public string DatabaseFile => Path.Combine(Data, "writ.db");

    /// <summary>
    /// Refuses addresses under which tokens would cross a network in the clear, and what is no address at all.
    /// </summary>
    public Refusal? Check()
    {
        foreach (var url in Urls)
        {
            if (url.StartsWith("unix://", StringComparison.Ordinal) && url.Length > "unix://".Length)
                continue;
            if (!Uri.TryCreate(url, UriKind.Absolute, out var uri) || uri.Scheme is not ("http" or "https") || uri.PathAndQuery != "/")
                return new(ErrorCode.InvalidInput, $"--urls: '{url}' is no address to listen on", "for example http://127.0.0.1:8080 or https://writ.example.com:443");
            if (uri.Scheme == "http" && !uri.IsLoopback)
                return new(ErrorCode.InvalidInput, $"--urls: '{url}' would carry tokens in the clear", "use https, or http on loopback behind a proxy that speaks TLS");
        }

        if (RunnerListen is not null && (!Uri.TryCreate(RunnerListen, UriKind.Absolute, out var listen) || listen.Scheme != "https"))
            return new(ErrorCode.InvalidInput, $"--runner-listen: '{RunnerListen}' is no https address", "for example https://127.0.0.1:8443");
        if ((Certificate is null) != (CertificateKey is null))
            return new(ErrorCode.InvalidInput, "--certificate and --certificate-key go together");
        return null;
    }

    /// <summary>An address to bind: a literal one, loopback for localhost, else every address of the machine.</summary>
    public static IPAddress Bind(Uri uri) =>
        IPAddress.TryParse(uri.Host.Trim('[', ']'), out var address) ? address : uri.IsLoopback ? IPAddress.Loopback : IPAddress.IPv6Any;
}
