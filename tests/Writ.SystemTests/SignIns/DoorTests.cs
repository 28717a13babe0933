using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.EntityFrameworkCore;
using Writ.Cli;
using Writ.Cli.Output;
using Writ.Core.Audit;
using Writ.SystemTests.Databases;
using Writ.SystemTests.Storage;

namespace Writ.SystemTests.SignIns;

/// <summary>A token is for one door of the server: the API, or the one of agents (RFC 8707, RFC 9728).</summary>
public abstract class DoorTests(StorageEngine engine) : StorageTest(engine), IDisposable
{
    private const string Hello = """{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}""";
    private readonly AgentSignIns _agents = new();

    private async Task<(World World, Served Served)> Start()
    {
        var world = await Create(_agents.Policy);
        return (world, Keep(await Served.Of(world)));
    }

    private static async Task<(HttpStatusCode Status, string Challenge)> Knock(Served served, string? token)
    {
        var (status, _, headers) = await served.Send(HttpMethod.Post, "/mcp", token, Hello, with: request => request.Headers.Accept.ParseAdd("application/json, text/event-stream"));
        return (status, headers.WwwAuthenticate.ToString());
    }

    private static async Task<(HttpStatusCode Status, string Challenge)> WhoAmI(Served served, string? token)
    {
        var (status, _, headers) = await served.Send(HttpMethod.Get, "/v1/whoami", token);
        return (status, headers.WwwAuthenticate.ToString());
    }

    [Fact]
    public async Task A_token_of_one_door_does_not_open_the_other()
    {
        var (world, served) = await Start();
        var (agent, api, unsaid) = (await _agents.Token(served, "ci-nightly", AgentSignIns.Agents), await _agents.Token(served, "ci-nightly", AgentSignIns.Api), await _agents.Token(served, "ci-nightly"));

        (await Knock(served, agent)).Status.ShouldBe(HttpStatusCode.OK);
        (await WhoAmI(served, api)).Status.ShouldBe(HttpStatusCode.OK);
        (await WhoAmI(served, unsaid)).Status.ShouldBe(HttpStatusCode.OK);
        foreach (var wrong in new[] { api, unsaid })
        {
            var (status, challenge) = await Knock(served, wrong);
            status.ShouldBe(HttpStatusCode.Unauthorized);
            challenge.ShouldBe($"Bearer error=\"invalid_token\", resource_metadata=\"{World.PublicUrl}/.well-known/oauth-protected-resource/mcp\"");
        }

        (await WhoAmI(served, agent)).ShouldBe((HttpStatusCode.Unauthorized, "Bearer error=\"invalid_token\""));
        // Neither what was made on the box nor a browser's cookie opens this one; the API takes both.
        var (_, box) = await world.SignIn(new("dana", false, null, ["engineering"], false, false, TimeSpan.FromHours(1)));
        (await WhoAmI(served, box)).Status.ShouldBe(HttpStatusCode.OK);
        (await Knock(served, box)).Status.ShouldBe(HttpStatusCode.Unauthorized);
        (await world.Entries(AuditType.SignInFailed)).ShouldContain(entry => entry["why"]!.Contains("another door"));
        // Clients of older revisions try to listen, and to end a session: there is neither, and they go on.
        foreach (var method in new[] { HttpMethod.Get, HttpMethod.Delete })
        {
            (await served.Send(method, "/mcp", agent)).Status.ShouldBe(HttpStatusCode.MethodNotAllowed);
            (await served.Send(method, "/mcp", api)).Status.ShouldBe(HttpStatusCode.Unauthorized);
        }

        // When its time is over it is over here as well.
        world.Clock.Advance(TimeSpan.FromMinutes(11));
        (await Knock(served, agent)).Status.ShouldBe(HttpStatusCode.Unauthorized);
    }

    [Fact]
    public async Task A_client_gets_no_token_for_two_doors_or_for_somebody_elses()
    {
        var (_, served) = await Start();
        foreach (var resources in new string[][] { [AgentSignIns.Agents, AgentSignIns.Api], ["https://other.example/mcp"], [AgentSignIns.Agents + "/"], [AgentSignIns.Agents.ToUpperInvariant()], ["mcp"] })
        {
            var answer = await _agents.Ask(served, "ci-nightly", resources);
            answer["access_token"].ShouldBeNull(string.Join(' ', resources));
            answer["error"]!.GetValue<string>().ShouldBeOneOf("invalid_target", "invalid_request");
        }
    }

    [Fact]
    public async Task A_call_without_a_sign_in_is_told_where_to_sign_in()
    {
        var (_, served) = await Start();
        (await Knock(served, null)).ShouldBe((HttpStatusCode.Unauthorized, $"Bearer resource_metadata=\"{World.PublicUrl}/.well-known/oauth-protected-resource/mcp\""));
        (await Knock(served, "writ_nosuch")).Challenge.ShouldContain("resource_metadata");

        var (found, body, _) = await served.Send(HttpMethod.Get, "/.well-known/oauth-protected-resource/mcp", null);
        found.ShouldBe(HttpStatusCode.OK);
        var resource = JsonDocument.Parse(body).RootElement;
        resource.GetProperty("resource").GetString().ShouldBe(AgentSignIns.Agents);
        // Where a client goes on from there (RFC 8414): the issuer is the same to the letter.
        var issuer = resource.GetProperty("authorization_servers")[0].GetString()!;
        foreach (var path in new[] { "/.well-known/oauth-authorization-server", "/.well-known/openid-configuration" })
        {
            var metadata = JsonNode.Parse((await served.Send(HttpMethod.Get, path, null)).Body)!;
            metadata["issuer"]!.GetValue<string>().ShouldBe(issuer);
            metadata["authorization_endpoint"]!.GetValue<string>().ShouldBe($"{World.PublicUrl}/connect/authorize");
            metadata["code_challenge_methods_supported"]!.AsArray().Select(method => method!.GetValue<string>()).ShouldBe(["S256"]);
        }

        // Elsewhere nobody is sent there.
        (await WhoAmI(served, null)).Challenge.ShouldBe("Bearer");
    }

    [Fact]
    public async Task A_person_lets_an_agent_in_by_their_browser_and_it_cannot_decide()
    {
        var (_, served) = await Start();
        using var dana = await Person.Arrive(served.World, "dana");
        (string, string)[] asks = [("client_id", "writ-agent"), ("redirect_uri", "http://127.0.0.1:50123/callback"), ("resource", AgentSignIns.Agents), ("scope", "writ")];
        var page = (await dana.Browser.Get(Person.AuthorizePath(Person.Challenge("v"), asks))).ShouldBe(HttpStatusCode.OK).Body;
        page.ShouldContain("Let an agent act as dana?");
        page.ShouldContain("can neither decide nor administer");

        var (code, verifier) = await dana.Allow(asks);
        Task<Answer> Redeem(string resource) => dana.Client("/connect/token", ("grant_type", "authorization_code"), ("code", code), ("code_verifier", verifier),
            ("redirect_uri", "http://127.0.0.1:50123/callback"), ("client_id", "writ-agent"), ("resource", resource));
        var tokens = Person.Tokens((await Redeem(AgentSignIns.Agents)).ShouldBe(HttpStatusCode.OK));
        (await dana.WhoAmI(tokens.Access)).ShouldBe(HttpStatusCode.Unauthorized);
        (await Knock(served, tokens.Access)).Status.ShouldBe(HttpStatusCode.OK);

        // What it was let in for does not change by refreshing, whatever it asks for.
        Task<Answer> Again(string token, string client, string? resource) => dana.Client("/connect/token",
            [("grant_type", "refresh_token"), ("refresh_token", token), ("client_id", client), .. resource is null ? [] : ((string, string)[])[("resource", resource)]]);
        (await Again(tokens.Refresh, "writ-agent", AgentSignIns.Api)).ShouldBe(HttpStatusCode.BadRequest);
        var refreshed = Person.Tokens((await Again(tokens.Refresh, "writ-agent", null)).ShouldBe(HttpStatusCode.OK));
        (await dana.WhoAmI(refreshed.Access)).ShouldBe(HttpStatusCode.Unauthorized);
        (await Knock(served, refreshed.Access)).Status.ShouldBe(HttpStatusCode.OK);

        // Neither client gets the other's door, and no page elsewhere gets a code.
        (await dana.Browser.Get(Person.AuthorizePath(Person.Challenge("v"), ("resource", AgentSignIns.Agents)))).Status.ShouldNotBe(HttpStatusCode.OK);
        (await dana.Browser.Get(Person.AuthorizePath(Person.Challenge("v"), ("client_id", "writ-agent"), ("resource", AgentSignIns.Api)))).Status.ShouldNotBe(HttpStatusCode.OK);
        (await dana.Browser.Get(Person.AuthorizePath(Person.Challenge("v"), ("client_id", "writ-agent"), ("redirect_uri", "https://agents.example/callback")))).ShouldBe(HttpStatusCode.BadRequest);
        var login = await dana.Login();
        (await Knock(served, login.Access)).Status.ShouldBe(HttpStatusCode.Unauthorized);
        // A browser that is signed in opens nothing here by its cookie.
        (await served.Send(HttpMethod.Post, "/mcp", null, Hello, with: request => request.Headers.Add("Cookie", string.Join("; ", dana.Browser.Cookies.Select(cookie => $"{cookie.Key}={cookie.Value}"))))).Status
            .ShouldBe(HttpStatusCode.Unauthorized);
    }

    [Fact]
    public async Task Writ_gets_a_workloads_agent_its_token()
    {
        var (world, served) = await Start();
        var key = Path.Combine(world.Folder, "ci.key");
        await File.WriteAllTextAsync(key, _agents.Pem("ci-nightly"), Cancel);
        var environment = new Dictionary<string, string>
        {
            ["WRIT_SERVER"] = $"unix://{served.World.Socket}", ["XDG_STATE_HOME"] = world.Folder, ["WRIT_WORKLOAD"] = "ci-nightly", ["WRIT_WORKLOAD_KEY_FILE"] = key,
        };
        async Task<(int Code, string Output, string Said)> Type()
        {
            using var output = new MemoryStream();
            using var said = new MemoryStream();
            using var context = new CliContext(new Terminal(output, said, Stream.Null), environment.GetValueOrDefault, world.Clock, () => new Interruption(_ => { }));
            var code = await CommandTree.InvokeAsync(context, ["workload", "token"]);
            return (code, System.Text.Encoding.UTF8.GetString(output.ToArray()), System.Text.Encoding.UTF8.GetString(said.ToArray()));
        }

        var typed = await Type();
        typed.Code.ShouldBe(0, typed.Said);
        (await Knock(served, typed.Output.Trim())).Status.ShouldBe(HttpStatusCode.OK);
        (await WhoAmI(served, typed.Output.Trim())).Status.ShouldBe(HttpStatusCode.Unauthorized);
        environment.Remove("WRIT_WORKLOAD_KEY_FILE");
        (await Type()).ShouldSatisfyAllConditions(none => none.Code.ShouldBe(2), none => none.Said.ShouldContain("the environment names no workload"));
    }

    [Fact]
    public async Task Clients_of_before_are_brought_up_to_date_when_a_server_starts()
    {
        var world = await Create(_agents.Policy);
        await world.Writes.Append(async db =>
        {
            db.Add(new OpenIddict.EntityFrameworkCore.Models.OpenIddictEntityFrameworkCoreApplication { ClientId = "writ-cli", ClientType = "public", ApplicationType = "native", ConsentType = "explicit", Permissions = "[]", RedirectUris = "[]" });
            await db.SaveChangesAsync(Cancel);
        });
        await using var served = await Served.Of(world);
        var clients = await world.Read(db => db.Set<OpenIddict.EntityFrameworkCore.Models.OpenIddictEntityFrameworkCoreApplication>().ToListAsync(Cancel));
        clients.Select(client => client.ClientId).Order().ShouldBe(["writ-agent", "writ-cli"]);
        clients.ShouldAllBe(client => client.Permissions!.Contains("rsrc:"));
    }

    public void Dispose()
    {
        _agents.Dispose();
        GC.SuppressFinalize(this);
    }

    [Collection(SqliteCollection.Name)]
    public sealed class OnSqlite(SqliteEngine engine) : DoorTests(engine);

    [Collection(PostgresCollection.Name)]
    public sealed class OnPostgres(PostgresEngine engine) : DoorTests(engine);
}
