using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Writ.SystemTests.Storage;

/// <summary>A CI system on loopback that publishes its keys, and that signs whatever a test makes up.</summary>
internal sealed class Issuer : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly List<(string Id, ECDsa Key)> _keys = [];
    private int _fetches;

    private Issuer(WebApplication app) => _app = app;

    public string Url { get; private set; } = "";

    /// <summary>How often its keys were fetched.</summary>
    public int Fetches => _fetches;

    /// <summary>The key that it signs with now.</summary>
    public (string Id, ECDsa Key) Key => _keys[^1];

    public static async Task<Issuer> Start()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(System.Net.IPAddress.Loopback, 0));
        var app = builder.Build();
        var issuer = new Issuer(app);
        issuer.Rotate();
        app.MapGet("/.well-known/openid-configuration", () => Results.Text(
            new JsonObject { ["issuer"] = issuer.Url, ["jwks_uri"] = issuer.Url + "/jwks" }.ToJsonString(), "application/json"));
        app.MapGet("/jwks", () =>
        {
            Interlocked.Increment(ref issuer._fetches);
            return Results.Text(new JsonObject { ["keys"] = new JsonArray([.. issuer._keys.Select(key => Jwk(key.Id, key.Key))]) }.ToJsonString(), "application/json");
        });
        await app.StartAsync();
        issuer.Url = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();
        return issuer;
    }

    /// <summary>Another key from now on; the one before is published no more.</summary>
    public void Rotate()
    {
        _keys.Clear();
        _keys.Add((Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(4)), ECDsa.Create(ECCurve.NamedCurves.nistP256)));
    }

    /// <summary>Signs as ES256 with its present key, unless told otherwise.</summary>
    public string Sign(JsonObject claims, JsonObject? header = null, ECDsa? with = null) =>
        Sign(claims.ToJsonString(), (header ?? new JsonObject { ["alg"] = "ES256", ["kid"] = Key.Id, ["typ"] = "JWT" }).ToJsonString(), with ?? Key.Key);

    public static string Sign(string claims, string header, ECDsa with)
    {
        var signed = $"{Text(header)}.{Text(claims)}";
        return $"{signed}.{Base64Url.EncodeToString(with.SignData(Encoding.ASCII.GetBytes(signed), HashAlgorithmName.SHA256))}";
    }

    /// <summary>With a shared secret, as HS256.</summary>
    public static string SignShared(JsonObject claims, byte[] secret)
    {
        var signed = $"{Text("""{"alg":"HS256","typ":"JWT"}""")}.{Text(claims.ToJsonString())}";
        return $"{signed}.{Base64Url.EncodeToString(HMACSHA256.HashData(secret, Encoding.ASCII.GetBytes(signed)))}";
    }

    /// <summary>Signed by nobody.</summary>
    public static string Unsigned(JsonObject claims, string algorithm = "none") => $"{Text($$"""{"alg":"{{algorithm}}"}""")}.{Text(claims.ToJsonString())}.";

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        _keys.ForEach(key => key.Key.Dispose());
    }

    private static string Text(string part) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(part));

    private static JsonObject Jwk(string id, ECDsa key)
    {
        var point = key.ExportParameters(false).Q;
        return new() { ["kty"] = "EC", ["crv"] = "P-256", ["kid"] = id, ["use"] = "sig", ["x"] = Base64Url.EncodeToString(point.X), ["y"] = Base64Url.EncodeToString(point.Y) };
    }
}
