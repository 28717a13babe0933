using System.Security.Cryptography;
using System.Text.Json.Nodes;
using ModelContextProtocol.Client;
using Writ.Cli.Identity;

namespace Writ.SystemTests.Storage;

/// <summary>Workloads with keys of their own, whose agents sign in at a served world and call it by the Model Context Protocol.</summary>
internal sealed class AgentSignIns : IDisposable
{
    public const string Agents = World.PublicUrl + "/mcp";
    public const string Api = World.PublicUrl + "/v1";
    private readonly Dictionary<string, ECDsa> _keys = new[] { "ci-nightly", "ops-bot" }.ToDictionary(name => name, _ => ECDsa.Create(ECCurve.NamedCurves.nistP256));

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    /// <summary>The world's policy, with a workload that needs a reviewer, and one that needs nobody.</summary>
    public string Policy => World.Policy.Replace("operator: { groups: [ops] }", "operator: { groups: [ops], workloads: [ops-bot] }", StringComparison.Ordinal)
        + "workloads:\n" + string.Concat(_keys.Select(key => $"  {key.Key}: {{ key: {Convert.ToBase64String(key.Value.ExportSubjectPublicKeyInfo())} }}\n"));

    /// <summary>The private key, as <c>writ workload key</c> writes it.</summary>
    public string Pem(string workload) => _keys[workload].ExportPkcs8PrivateKeyPem();

    /// <summary>Asks the token endpoint for a token for what <paramref name="resources"/> name.</summary>
    public async Task<JsonNode> Ask(Served served, string workload, params string[] resources)
    {
        var assertion = ClientAssertion.Sign($"workload:{workload}", new(World.PublicUrl), Pem(workload), served.World.Clock.GetUtcNow());
        using var form = new FormUrlEncodedContent([
            new("grant_type", "client_credentials"), new("scope", "writ"), new("client_id", $"workload:{workload}"), new("client_assertion", assertion),
            new("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"), .. resources.Select(resource => KeyValuePair.Create("resource", resource))]);
        using var answer = await served.Http.PostAsync(new Uri("/connect/token", UriKind.Relative), form, Cancel);
        return JsonNode.Parse(await answer.Content.ReadAsStringAsync(Cancel))!;
    }

    public async Task<string> Token(Served served, string workload, params string[] resources)
    {
        var answer = await Ask(served, workload, resources);
        return answer["access_token"].ShouldNotBeNull(answer.ToJsonString()).GetValue<string>();
    }

    /// <summary>An agent that is signed in.</summary>
    public async Task<McpClient> Connect(Served served, string workload = "ci-nightly", McpClientOptions? options = null)
    {
        var header = new Dictionary<string, string> { ["Authorization"] = $"Bearer {await Token(served, workload, Agents)}" };
        return await McpClient.CreateAsync(new HttpClientTransport(new() { Endpoint = new("http://writ/mcp"), AdditionalHeaders = header }, served.Http, ownsHttpClient: false), options, cancellationToken: Cancel);
    }

    public void Dispose()
    {
        foreach (var key in _keys.Values)
            key.Dispose();
    }
}
