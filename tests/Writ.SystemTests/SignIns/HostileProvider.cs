using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using Writ.Server.Identity;

namespace Writ.SystemTests.SignIns;

/// <summary>
/// A provider of OpenID Connect that a test can make say anything. What a right one says is shown by the real one, in a
/// real browser; this one is for what a right one never says.
/// </summary>
internal sealed class HostileProvider : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly string _secretFile = Path.GetTempFileName();
    private string _nonce = "";

    private HostileProvider(WebApplication app) => _app = app;

    public string Issuer { get; private set; } = "";

    /// <summary>The claims of the next identity token; issuer, audience, nonce and times are there and right.</summary>
    public Dictionary<string, object> Claims { get; } = [];

    /// <summary>What becomes of the finished token.</summary>
    public Func<Dictionary<string, object>, string> Write { get; set; } = _ => "";

    /// <summary>The keys that it publishes.</summary>
    public List<ECDsaSecurityKey> Published { get; } = [];

    public ProviderSettings Settings => new("company", "Company account", Issuer, "writ", _secretFile);

    public static async Task<HostileProvider> Start()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        var provider = new HostileProvider(app);
        app.MapGet("/.well-known/openid-configuration", () => Results.Text(new JsonObject
        {
            ["issuer"] = provider.Issuer, ["authorization_endpoint"] = $"{provider.Issuer}/authorize", ["token_endpoint"] = $"{provider.Issuer}/token", ["jwks_uri"] = $"{provider.Issuer}/keys",
        }.ToJsonString(), "application/json"));
        app.MapGet("/keys", () => Results.Text(new JsonObject
        {
            ["keys"] = new JsonArray([.. provider.Published.Select(key =>
            {
                var point = key.ECDsa.ExportParameters(false).Q;
                return (JsonNode)new JsonObject { ["kty"] = "EC", ["crv"] = "P-256", ["use"] = "sig", ["kid"] = key.KeyId, ["x"] = Base64UrlEncoder.Encode(point.X), ["y"] = Base64UrlEncoder.Encode(point.Y) };
            })]),
        }.ToJsonString(), "application/json"));
        app.MapPost("/token", (HttpContext context) => Results.Text(new JsonObject
        {
            ["access_token"] = "opaque", ["token_type"] = "Bearer", ["expires_in"] = 300, ["id_token"] = provider.Write(provider.Claims),
        }.ToJsonString(), "application/json"));
        await app.StartAsync();
        provider.Issuer = app.Urls.Single().TrimEnd('/');
        await File.WriteAllTextAsync(provider._secretFile, "a secret of the client\n");
        provider.Published.Add(new(provider._key) { KeyId = "k1" });
        return provider;
    }

    /// <summary>Signs with the published key, as a right one would.</summary>
    public string Sign(Dictionary<string, object> claims) => Sign(claims, new SigningCredentials(Published[0], SecurityAlgorithms.EcdsaSha256));

    public static string Sign(Dictionary<string, object> claims, SigningCredentials key) =>
        new JsonWebTokenHandler { SetDefaultTimesOnTokenCreation = false }.CreateToken(new JsonObject([.. claims.Select(claim => KeyValuePair.Create(claim.Key, System.Text.Json.JsonSerializer.SerializeToNode(claim.Value)))]).ToJsonString(), key);

    /// <summary>A browser goes there and comes back; what the server makes of the answer.</summary>
    public async Task<Answer> SignIn(Visitor visitor, Action<Dictionary<string, object>>? twist = null, Func<Dictionary<string, object>, string>? write = null, string answer = "", string path = "/signin/with/company?return=%2Faccount")
    {
        var there = (await visitor.Get(path)).ShouldBe(System.Net.HttpStatusCode.Redirect).Location!;
        _nonce = Person.Query(there, "nonce");
        var now = MachineClock.Now.ToUnixTimeSeconds();
        Claims.Clear();
        foreach (var (name, value) in new (string, object)[]
                 {
                     ("iss", Issuer), ("aud", "writ"), ("sub", "248289761001"), ("nonce", _nonce), ("iat", now), ("exp", now + 300), ("preferred_username", "dana"), ("groups", new[] { "engineering" }),
                 })
            Claims[name] = value;
        twist?.Invoke(Claims);
        Write = write ?? Sign;
        return await visitor.Get($"/signin/from/company?code=c1&state={Uri.EscapeDataString(Person.Query(there, "state"))}{answer}");
    }

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        _key.Dispose();
        File.Delete(_secretFile);
    }
}
