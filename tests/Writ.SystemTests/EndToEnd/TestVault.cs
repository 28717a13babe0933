using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Writ.SystemTests.EndToEnd;

/// <summary>
/// The part of the HTTP API of HashiCorp Vault and OpenBao that a runner uses, over TLS, written from its public description: sign-in by AppRole, a
/// key-value engine of version 2, a database engine that makes a role in a real PostgreSQL, the renewal of a lease, and its end, which drops the role. No package that
/// tests may install has a real one.
/// </summary>
internal sealed class TestVault : IAsyncDisposable
{
    public const string Namespace = "team-a", RoleId = "runner-role";
    private readonly WebApplication _app;
    private readonly ConcurrentDictionary<string, bool> _tokens = new();
    private readonly Func<string, Task> _sql;

    private TestVault(WebApplication app, Func<string, Task> sql) => (_app, _sql) = (app, sql);

    public string SecretId { get; } = $"sid-{Guid.NewGuid():n}";

    /// <summary>What a token of a file is.</summary>
    public string Token { get; } = $"hvs.{Guid.NewGuid():n}";

    /// <summary>What stands at <c>kv/app/shop</c>; a change is a new version.</summary>
    public JsonObject Kv { get; set; } = [];

    /// <summary>Every password and role that it made.</summary>
    public ConcurrentQueue<(string User, string Password, string Lease)> Lent { get; } = new();

    /// <summary>How long it lends, and whether for longer when it is asked.</summary>
    public (int Seconds, bool Renewable) Lends { get; set; } = (3600, true);

    /// <summary>Every renewal, with the seconds that were asked for.</summary>
    public ConcurrentQueue<(string Lease, long Increment)> Renewed { get; } = new();

    /// <summary>Every lease that was ended.</summary>
    public ConcurrentQueue<string> Ended { get; } = new();

    /// <summary>True where it answers as a sealed one does.</summary>
    public bool IsSealed { get; set; }

    /// <summary>Sign-ins that are not over.</summary>
    public int SignedIn => _tokens.Count;

    public static async Task<TestVault> Start(int port, X509Certificate2 certificate, Func<string, Task> sql)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, port, listen => listen.UseHttps(certificate)));
        var app = builder.Build();
        var vault = new TestVault(app, sql);
        app.Run(vault.Answer);
        await app.StartAsync();
        return vault;
    }

    private async Task Answer(HttpContext context)
    {
        var request = context.Request;
        var body = request.ContentLength > 0 ? (await JsonNode.ParseAsync(request.Body))!.AsObject() : [];
        var (status, answer) = IsSealed ? (503, Errors("Vault is sealed"))
            : request.Headers["X-Vault-Namespace"] != Namespace || request.Headers["X-Vault-Request"] != "true" ? (403, Errors("permission denied"))
            : await Answer($"{request.Method} {request.Path}", request.Headers["X-Vault-Token"].ToString(), body);
        context.Response.StatusCode = status;
        if (answer is not null)
            await context.Response.WriteAsJsonAsync(answer);
    }

    private async Task<(int Status, JsonObject? Answer)> Answer(string what, string token, JsonObject body)
    {
        if (what == "POST /v1/auth/approle/login")
        {
            if ((string?)body["role_id"] != RoleId || (string?)body["secret_id"] != SecretId)
                return (400, Errors("invalid role or secret ID"));
            var made = $"hvs.{Guid.NewGuid():n}";
            _tokens[made] = true;
            return (200, new() { ["auth"] = new JsonObject { ["client_token"] = made, ["lease_duration"] = 3600, ["renewable"] = true } });
        }

        if (token != Token && !_tokens.ContainsKey(token))
            return (403, Errors("permission denied"));
        switch (what)
        {
            case "GET /v1/kv/data/app/shop":
                return (200, new() { ["lease_id"] = "", ["data"] = new JsonObject { ["data"] = Kv.DeepClone(), ["metadata"] = new JsonObject { ["version"] = 1 } } });
            case "GET /v1/database/creds/reader":
                var (user, password) = ($"v-{Guid.NewGuid():n}"[..20], $"A1a-{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(12))}");
                await _sql($"create role \"{user}\" login password '{password}' in role locked");
                var lease = $"database/creds/reader/{Guid.NewGuid():n}";
                Lent.Enqueue((user, password, lease));
                return (200, new() { ["lease_id"] = lease, ["lease_duration"] = Lends.Seconds, ["renewable"] = Lends.Renewable, ["data"] = new JsonObject { ["username"] = user, ["password"] = password } });
            case "PUT /v1/sys/leases/renew":
                var known = (string)body["lease_id"]!;
                if (Lent.All(each => each.Lease != known) || Ended.Contains(known))
                    return (400, Errors("lease not found"));
                Renewed.Enqueue((known, (long)body["increment"]!));
                return (200, new() { ["lease_id"] = known, ["lease_duration"] = Lends.Seconds, ["renewable"] = Lends.Renewable });
            case "PUT /v1/sys/leases/revoke":
                if (Lent.FirstOrDefault(each => each.Lease == (string?)body["lease_id"]) is not { User: { } gone })
                    return (400, Errors("invalid lease"));
                await _sql($"select pg_terminate_backend(pid) from pg_stat_activity where usename = '{gone}'; drop role if exists \"{gone}\"");
                Ended.Enqueue((string)body["lease_id"]!);
                return (204, null);
            case "POST /v1/auth/token/revoke-self":
                _tokens.TryRemove(token, out _);
                return (204, null);
            default:
                return (404, Errors());
        }
    }

    private static JsonObject Errors(params string[] errors) => new() { ["errors"] = new JsonArray([.. errors.Select(error => JsonValue.Create(error))]) };

    /// <summary>A port of this host's that nobody listens on now.</summary>
    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    /// <summary>A certificate for 127.0.0.1, which vouches for itself.</summary>
    public static X509Certificate2 Certificate()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=vault.test", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: false, 0, critical: true));
        var now = TimeProvider.System.GetUtcNow();
        using var made = request.CreateSelfSigned(now.AddHours(-1), now.AddDays(2));
        return X509CertificateLoader.LoadPkcs12(made.Export(X509ContentType.Pkcs12), null);
    }

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
    }
}
