using System.Net;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Google.Protobuf;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.EntityFrameworkCore;
using Writ.Contracts.Runners;
using Writ.Core.Identity;
using Writ.Proof.Identity;
using Writ.Server.Identity;
using Writ.Server.Policy;
using Writ.Server.Proposals;
using Writ.Server.Requests;
using Writ.Server.Runs;
using Writ.Server.Storage;
using Writ.SystemTests.Databases;
using Writ.Tests.Proof.Identity;

namespace Writ.SystemTests.Storage;

/// <summary>
/// The table of <c>docs/access.md</c> is the truth about who may call what: every endpoint that there is stands in it, and each
/// is called as each kind of caller.
/// </summary>
public abstract class AccessTableTests(StorageEngine engine) : StorageTest(engine)
{
    private static readonly string[] Callers = ["nobody", "stranger", "workload", "requester", "reviewer", "auditor", "admin"];

    private sealed record House(Served Api, Dictionary<string, string?> Tokens, Dictionary<string, Func<Task<(string Path, string? Body)>>> Calls);

    [Fact]
    public async Task Every_endpoint_answers_every_kind_of_caller_as_the_table_says()
    {
        var house = await Set();
        var rows = new List<string>();
        foreach (var endpoint in Endpoints(house.Api.World))
            rows.Add(await Row(house, endpoint));
        rows.Sort(StringComparer.Ordinal);

        var page = await File.ReadAllLinesAsync(Path.Combine(Path.GetDirectoryName(ThisFile())!, "../../../docs/access.md"), Cancel);
        var written = page.Where(line => line.StartsWith("| `", StringComparison.Ordinal)).Order(StringComparer.Ordinal).ToList();
        string.Join('\n', rows.Except(written)).ShouldBeEmpty("docs/access.md lacks these rows, or says otherwise");
        string.Join('\n', written.Except(rows)).ShouldBeEmpty("docs/access.md has rows that are not so");
        rows.Count.ShouldBeGreaterThan(45);
    }

    [Fact]
    public async Task Endpoint_of_which_nobody_said_who_may_call_it_is_found_and_answers_nobody()
    {
        var world = await Create();
        var (_, admin) = await world.SignIn(new("ada", false, null, [], true, false, TimeSpan.FromHours(1)));
        var planted = new RouteEndpoint(_ => Task.CompletedTask, Microsoft.AspNetCore.Routing.Patterns.RoutePatternFactory.Parse("/v1/planted"), 0, EndpointMetadataCollection.Empty, "planted");
        AccessEndpoints.Undeclared(world.Get<EndpointDataSource>().Endpoints).ShouldBeEmpty();
        AccessEndpoints.Undeclared([planted]).ShouldBe(["planted"]);

        var context = new DefaultHttpContext { RequestServices = world.Get<IServiceProvider>(), Response = { Body = new MemoryStream() } };
        context.SetEndpoint(planted);
        context.Request.Headers.Authorization = $"Bearer {admin}";
        var reached = false;
        await AccessEndpoints.Check(context, _ =>
        {
            reached = true;
            return Task.CompletedTask;
        });
        (reached, context.Response.StatusCode).ShouldBe((false, StatusCodes.Status403Forbidden));
    }

    private static List<RouteEndpoint> Endpoints(World world) => [.. world.Get<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
        .DistinctBy(endpoint => $"{Method(endpoint)} {endpoint.RoutePattern.RawText}")];

    private static string Method(RouteEndpoint endpoint) => endpoint.Metadata.GetMetadata<HttpMethodMetadata>()?.HttpMethods is [var method, ..] ? method : "GET";

    private static async Task<string> Row(House house, RouteEndpoint endpoint)
    {
        var (method, route, access) = (Method(endpoint), "/" + endpoint.RoutePattern.RawText!.Trim('/'), AccessEndpoints.Of(endpoint));
        var cells = new List<string>();
        foreach (var caller in Callers)
            cells.Add(access == Access.Open ? "yes" : await Cell(house, method, route, caller));
        return $"| `{method} {route}` | {access} | {string.Join(" | ", cells)} |";
    }

    private static async Task<string> Cell(House house, string method, string route, string caller)
    {
        var (path, body) = house.Calls.TryGetValue($"{method} {route}", out var call) ? await call() : (route, method == "GET" ? null : "{}");
        HttpStatusCode status;
        if (path.Contains("/attach", StringComparison.Ordinal))
        {
            (status, var socket) = await house.Api.Open(path, house.Tokens[caller]);
            socket?.Dispose();
        }
        else
        {
            status = (await house.Api.Send(new HttpMethod(method), path, house.Tokens[caller], body)).Status;
        }

        return status switch
        {
            HttpStatusCode.Unauthorized => "sign in",
            HttpStatusCode.Forbidden => "no",
            HttpStatusCode.NotFound => "hidden",
            HttpStatusCode.InternalServerError => throw new ShouldAssertException($"{method} {path} as {caller} broke"),
            _ => "yes",
        };
    }

    private async Task<House> Set()
    {
        var api = Keep(await Served.Of(await Create()));
        var world = api.World;
        var tokens = new Dictionary<string, string?> { ["nobody"] = null };
        async Task<Caller> SignIn(string caller, string name, string[] groups, bool admin = false, bool auditor = false, bool workload = false)
        {
            var (who, token) = await world.SignIn(new(name, workload, null, groups, admin, auditor, TimeSpan.FromHours(24)));
            tokens[caller] = token;
            return who;
        }

        await SignIn("stranger", "mallory", []);
        await SignIn("workload", "ci-stranger", [], workload: true);
        var dana = await SignIn("requester", "dana", ["engineering"]);
        var rae = await SignIn("reviewer", "rae", ["secops"]);
        await SignIn("auditor", "audrey", [], auditor: true);
        await SignIn("admin", "ada", [], admin: true);

        // What dana asked for, had approved and ran; another one that waits; a third one that runs.
        string[] command = ["nmap", "-sT", "-Pn", "-n", "-p", "22,80", "-iL", "hosts.txt", "-oX", "scan.xml"];
        var (request, _) = (await world.Get<Ask>().Create(dana, new(command, "to look", null, 3600, 1, null, [new("hosts.txt", "10.20.0.5"u8.ToArray())]), null)).ShouldBeOk();
        (await world.Approve(rae, request)).ShouldBeOk();
        var grant = await world.GrantOf(request);
        var run = (await world.Get<StartRun>().Start(dana, new(command, grant.Id.ToString(), Detach: true, [new("hosts.txt", Digest("10.20.0.5"u8))]), null)).ShouldBeOk();
        await End(world, run);
        var waiting = await world.Request(dana);
        var series = await Series(world, dana, rae);

        async Task<(string, string?)> At(string path, string? body = null) => await Task.FromResult((path, body));
        async Task<(string, string?)> Templated()
        {
            (await world.Get<ApplyPolicy>().Apply(await world.Admin("operator"), new(Files: [new("a.yaml", World.Policy), new("b.yaml", "version: 1\ntemplate: scan\ndescription: d\ncommand: [nmap, 10.20.0.5]\n")]), Cancel)).ShouldBeOk();
            return ("/v1/templates/scan", null);
        }

        // Somebody else holds it up, where it is to go on.
        async Task<(string, string?)> OfSeries(string verb)
        {
            var held = verb == "resume";
            var by = (await world.Person("holder")).Id;
            await world.Writes.Append(db => db.Series.ExecuteUpdateAsync(set => set
                .SetProperty(row => row.State, held ? Writ.Core.SeriesState.Suspended : Writ.Core.SeriesState.Active).SetProperty(row => row.SuspendedBy, by)));
            return ($"/v1/series/{series}/{verb}", "{}");
        }

        async Task<string> NewGrant()
        {
            var another = await world.Request(dana);
            (await world.Approve(rae, another)).ShouldBeOk();
            return (await world.GrantOf(another)).Id.ToString();
        }

        var decide = JsonSerializer.Serialize(new { statement_digest = waiting.StatementDigest });
        var policy = JsonSerializer.Serialize(new { text = World.Policy });
        var ask = JsonSerializer.Serialize(new { command = World.Command.Split(' '), reason = "to look", duration_seconds = 60, uses = 1 });
        var vic = await world.Person("vic");
        var spare = await Spare(world);
        var proposal = await Proposal(world);
        await Passkey(world, rae, confirmed: true);
        var number = 0;
        var calls = new Dictionary<string, Func<Task<(string Path, string? Body)>>>
        {
            ["POST /v1/explain"] = () => At("/v1/explain", ask),
            ["POST /v1/requests"] = () => At("/v1/requests", ask),
            ["GET /v1/requests/{id}"] = () => At($"/v1/requests/{waiting.Id}"),
            ["GET /v1/requests/{id}/inputs/{number:int}"] = () => At($"/v1/requests/{request.Id}/inputs/0"),
            ["POST /v1/requests/{id}/approve"] = () => At($"/v1/requests/{waiting.Id}/approve", decide),
            ["POST /v1/requests/{id}/deny"] = () => At($"/v1/requests/{waiting.Id}/deny", decide),
            ["POST /v1/requests/{id}/narrow"] = () => At($"/v1/requests/{waiting.Id}/narrow", JsonSerializer.Serialize(new { statement_digest = waiting.StatementDigest, duration_seconds = 60 })),
            ["POST /v1/requests/{id}/cancel"] = () => At($"/v1/requests/{waiting.Id}/cancel", "{}"),
            ["GET /v1/grants/{id}"] = () => At($"/v1/grants/{grant.Id}"),
            ["POST /v1/grants/{id}/review"] = () => At($"/v1/grants/{grant.Id}/review", """{"justified":true,"comment":"looked at"}"""),
            ["POST /v1/grants/{id}/revoke"] = async () => ($"/v1/grants/{await NewGrant()}/revoke", "{}"),
            ["GET /v1/series/{id}"] = () => At($"/v1/series/{series}"),
            ["POST /v1/series/{id}/suspend"] = () => OfSeries("suspend"),
            ["POST /v1/series/{id}/resume"] = () => OfSeries("resume"),
            ["POST /v1/series/{id}/end"] = () => OfSeries("end"),
            ["POST /v1/runs"] = () => At("/v1/runs", JsonSerializer.Serialize(new { command = World.Command.Split(' '), grant = grant.Id.ToString() })),
            ["GET /v1/runs/{id}"] = () => At($"/v1/runs/{run.Id}"),
            ["GET /v1/runs/{id}/attach"] = () => At($"/v1/runs/{run.Id}/attach?mode=watch"),
            ["GET /v1/runs/{id}/recording"] = () => At($"/v1/runs/{run.Id}/recording"),
            ["GET /v1/runs/{id}/rest"] = () => At($"/v1/runs/{run.Id}/rest"),
            ["GET /v1/runs/{id}/results"] = () => At($"/v1/runs/{run.Id}/results"),
            ["GET /v1/runs/{id}/results/diff/{other}"] = () => At($"/v1/runs/{run.Id}/results/diff/{run.Id}"),
            ["GET /v1/runs/{id}/outputs/{number:int}"] = () => At($"/v1/runs/{run.Id}/outputs/0"),
            ["GET /v1/runs/{id}/receipt"] = () => At($"/v1/runs/{run.Id}/receipt"),
            ["POST /v1/runs/{id}/extend"] = () => At($"/v1/runs/{run.Id}/extend", """{"duration_seconds":60,"reason":"a test"}"""),
            ["POST /v1/runs/{id}/kill"] = () => At($"/v1/runs/{run.Id}/kill", "{}"),
            ["GET /v1/trace"] = () => At("/v1/trace?address=10.20.0.5"),
            ["POST /v1/policy/check"] = () => At("/v1/policy/check", policy),
            ["POST /v1/policy/diff"] = () => At("/v1/policy/diff", policy),
            ["GET /v1/policy/use/{rule}"] = () => At("/v1/policy/use/scan-staging"),
            ["PUT /v1/policy"] = () => At("/v1/policy", policy),
            ["GET /v1/tools/{name}"] = () => At("/v1/tools/dig"),
            ["GET /v1/templates/{name}"] = Templated,
            ["DELETE /v1/templates/{name}"] = Templated,
            ["POST /v1/templates/check"] = () => At("/v1/templates/check", """{"text":"template: x"}"""),
            ["PUT /v1/templates"] = () => At("/v1/templates", """{"text":"template: x"}"""),
            ["POST /v1/tools/check"] = () => At("/v1/tools/check", """{"text":"tool: x"}"""),
            ["GET /v1/audit/{position:long}/proof"] = () => At("/v1/audit/0/proof"),
            ["GET /v1/log/tile/{**path}"] = () => At("/v1/log/tile/entries/000.p/3"),
            ["GET /v1/log/consistency"] = () => At("/v1/log/consistency?from=1"),
            ["PUT /v1/retention/{kind}"] = () => At("/v1/retention/files", """{"keep_seconds":null}"""),
            ["POST /v1/requests/{id}/challenge"] = () => At($"/v1/requests/{waiting.Id}/challenge", "{}"),
            ["POST /v1/passkeys/{id}/remove"] = async () => ($"/v1/passkeys/{await Passkey(world, dana, confirmed: false)}/remove", "{}"),
            ["POST /v1/runners/enrolments"] = () => At("/v1/runners/enrolments", JsonSerializer.Serialize(new { name = $"spare-{number++}" })),
            ["POST /v1/runners/{id}/disable"] = () => At($"/v1/runners/{spare}/disable", "{}"),
            ["POST /v1/runners/{id}/enable"] = () => At($"/v1/runners/{spare}/enable", "{}"),
            ["POST /v1/tokens/{id}/revoke"] = () => At($"/v1/tokens/{vic.Token}/revoke", "{}"),
            ["PUT /v1/me/notices"] = () => At("/v1/me/notices", """{"mail":true}"""),
            ["POST /v1/me/notices/address"] = () => At("/v1/me/notices/address", """{"address":"a@example.com"}"""),
            ["POST /v1/me/push"] = () => At("/v1/me/push", """{"endpoint":"https://push.example.com/1","p256dh":"AA","auth":"AA"}"""),
            ["POST /v1/me/chat/code"] = () => At("/v1/me/chat/code"),
            ["DELETE /v1/me/chat"] = () => At("/v1/me/chat"),
            ["POST /v1/me/notices/address/confirm"] = () => At("/v1/me/notices/address/confirm", """{"code":"AAAA-AAAA"}"""),
            ["GET /v1/users/{id}"] = () => At($"/v1/users/{vic.Id}"),
            ["POST /v1/users/{id}/disable"] = () => At($"/v1/users/{vic.Id}/disable", "{}"),
            ["POST /v1/users/{id}/enable"] = () => At($"/v1/users/{vic.Id}/enable", "{}"),
            ["POST /v1/users/{id}/sign-out"] = () => At($"/v1/users/{vic.Id}/sign-out", "{}"),
            ["PUT /v1/users/{id}/roles"] = () => At($"/v1/users/{vic.Id}/roles", """{"groups":["nobody"]}"""),
            ["GET /v1/proposals/{id}"] = () => At($"/v1/proposals/{proposal}"),
            ["POST /v1/proposals/{id}/confirm"] = () => At($"/v1/proposals/{proposal}/confirm", "{}"),
            ["POST /v1/proposals/{id}/refuse"] = () => At($"/v1/proposals/{proposal}/refuse", "{}"),
        };
        return new(api, tokens, calls);
    }

    /// <summary>A series of the requester's that was decided on.</summary>
    private static async Task<string> Series(World world, Caller dana, Caller rae)
    {
        var admin = await world.Admin("operator");
        const string Rule = "  - { id: by-night, roles: [developer], zones: [staging], templates: [scan], recurring: true, approval: { from: [reviewer], count: 1 } }\n";
        (await world.Get<ApplyPolicy>().Apply(admin, new(Files: [new("a.yaml", World.Policy + Rule), new("b.yaml", "version: 1\ntemplate: scan\ndescription: d\ncommand: [nmap, -n, -Pn, -p, \"22\", 10.20.0.5]\n")]), Cancel)).ShouldBeOk();
        var (request, denial) = (await world.Get<Ask>().Create(dana, new(Template: new("scan"), Reason: "every night", Series: new("0 2 * * *", "UTC", world.Clock.GetUtcNow().AddDays(30))), null)).ShouldBeOk();
        denial.ShouldBeNull();
        (await world.Approve(rae, request)).ShouldBeOk();
        (await world.Get<ApplyPolicy>().Apply(admin, new(World.Policy, Withdraw: true), Cancel)).ShouldBeOk();
        return request.Series.ToString()!;
    }

    /// <summary>The run said a line, found a host, and wrote its file.</summary>
    private static async Task End(World world, RunRow run)
    {
        var (id, output) = (run.Id.ToString(), "10.20.0.5 is up"u8.ToArray());
        var xml = "<nmaprun version=\"7.93\"><host><status state=\"up\"/><address addr=\"10.20.0.5\"/></host><runstats><finished exit=\"success\"/></runstats></nmaprun>"u8.ToArray();
        world.Runner.SayStarted(id);
        world.Runner.Say(new() { Output = new() { Run = id, Offset = 0, Bytes = ByteString.CopyFrom(output) } });
        var ended = world.Runner.End(id, EndCause.Exited);
        (ended.RecordingBytes, ended.RecordingSha256) = (output.Length, ByteString.CopyFrom(System.Security.Cryptography.SHA256.HashData(output)));
        var file = RunOutput.ReadResults(run).ShouldNotBeNull();
        ended.Outputs.Add(new OutputFile { Path = file.Path, Bytes = xml.Length, Sha256 = Digest(xml) });
        world.Runner.Say(new() { Ended = ended });
        await World.Eventually(() => Task.FromResult(world.Runner.EndAcks.Contains(id)), "the end is acknowledged");
        (await world.Get<RunFiles>().Take(run.RunnerId, id, file.Path, xml, Cancel)).ShouldBeTrue();
        await world.Get<Writ.Server.Audit.Sequencer>().Integrate(Cancel);
    }

    /// <summary>Somebody's passkey, that signs nothing here.</summary>
    private static async Task<PasskeyId> Passkey(World world, Caller person, bool confirmed)
    {
        var now = world.Clock.GetUtcNow();
        var id = PasskeyId.New(now);
        using var authenticator = new SoftAuthenticator();
        await world.Writes.Append(db =>
        {
            db.Passkeys.Add(new()
            {
                Id = id, ActorId = person.Id, Name = "a passkey", CredentialId = System.Security.Cryptography.RandomNumberGenerator.GetBytes(16), PublicKey = authenticator.Cose, CreatedAt = now, ConfirmedAt = confirmed ? now : null,
            });
            return Task.CompletedTask;
        });
        return id;
    }

    /// <summary>A runner that no test needs.</summary>
    private static async Task<RunnerId> Spare(World world)
    {
        var id = RunnerId.New(world.Clock.GetUtcNow());
        await world.Writes.Append(db =>
        {
            db.Runners.Add(new() { Id = id, Name = "no-test-needs-it", EnrolledAt = world.Clock.GetUtcNow() });
            return Task.CompletedTask;
        });
        return id;
    }

    /// <summary>Somebody's proposal.</summary>
    private static async Task<ProposalId> Proposal(World world)
    {
        var (bea, id) = (await world.Admin("bea"), ProposalId.New(world.Clock.GetUtcNow()));
        await world.Writes.Append(db =>
        {
            db.Proposals.Add(new()
            {
                Id = id, Kind = ProposalBook.Policy, By = bea.Id, Content = World.Policy, Of = "a policy", NewRights = ["something"], State = ProposalBook.Waiting,
                CreatedAt = world.Clock.GetUtcNow(), ExpiresAt = world.Clock.GetUtcNow() + ProposalBook.Life,
            });
            return Task.CompletedTask;
        });
        return id;
    }

    private static string Digest(ReadOnlySpan<byte> bytes) => Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(bytes));

    private static string ThisFile([CallerFilePath] string path = "") => path;

    [Collection(SqliteCollection.Name)]
    public sealed class OnSqlite(SqliteEngine engine) : AccessTableTests(engine);

    [Collection(PostgresCollection.Name)]
    public sealed class OnPostgres(PostgresEngine engine) : AccessTableTests(engine);
}
