using System.Net;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Routing;
using Microsoft.EntityFrameworkCore;
using Writ.Contracts.Requests;
using Writ.Contracts.Runners;
using Writ.Core.Audit;
using Writ.Core.Identity;
using Writ.Server.Audit;
using Writ.Server.Requests;
using Writ.Server.Runs;
using Writ.Server.Storage;
using Writ.SystemTests.Databases;

namespace Writ.SystemTests.Storage;

/// <summary>Access to evidence is itself evidence: whoever looks is in the log before they see anything.</summary>
public abstract class EvidenceTests(StorageEngine engine) : StorageTest(engine)
{
    private const string Xml = "<nmaprun version=\"7.93\"><host><status state=\"up\"/><address addr=\"10.20.0.5\"/></host><runstats><finished exit=\"success\"/></runstats></nmaprun>";

    /// <summary>Endpoints that answer GET and show no evidence, each with the reason. A new endpoint is in one of the two lists.</summary>
    private static readonly Dictionary<string, string> ShowsNone = new()
    {
        ["/v1/openapi.json"] = "describes the API",
        ["/v1/whoami"] = "tells callers of themselves",
        ["/v1/requests"] = "requests are what is decided on",
        ["/v1/requests/{id}"] = "so is one of them",
        ["/v1/grants"] = "grants are rights",
        ["/v1/grants/{id}"] = "so is one of them",
        ["/v1/series"] = "series are what was decided on",
        ["/v1/series/{id}"] = "so is one of them, with what came of its runs, and nothing of what they found",
        ["/v1/runs"] = "tells that there are runs, and nothing of what came out",
        ["/v1/runners"] = "tells of the machines",
        ["/v1/retention"] = "is a setting",
        ["/v1/policy"] = "is the policy",
        ["/v1/on-call"] = "is whose turn it is by the policy",
        ["/v1/policy/use"] = "counts answers",
        ["/v1/policy/use/{rule}"] = "says of a rule what is enough",
        ["/v1/tools"] = "describes tools",
        ["/v1/tools/{name}"] = "so does one of them",
        ["/v1/templates"] = "describes templates",
        ["/v1/templates/{name}"] = "so does one of them",
        ["/v1/passkeys"] = "tells of keys",
        ["/v1/me/notices"] = "tells callers of themselves",
        ["/v1/me/push"] = "tells callers of themselves",
        ["/v1/me/chat"] = "tells callers of themselves",
        ["/v1/notices"] = "tells that people were told, and of what by its id",
        ["/v1/users"] = "tells who there is",
        ["/v1/users/{id}"] = "so does one of them",
        ["/v1/proposals"] = "is what is decided on",
        ["/v1/proposals/{id}"] = "so is one of them",
        ["/v1/log"] = "is a size and a root",
        ["/v1/log/checkpoint"] = "is a size and a root",
        ["/v1/log/consistency"] = "is hashes",
        ["/v1/log/heads"] = "is sizes and roots",
    };

    private sealed record Scene(World World, HttpClient Http, string Socket, Caller Olga, string OlgaToken, string AdaToken, Dictionary<string, (string Path, string Type)> Paths)
    {
        /// <summary>A run's own page shows what was found to its requester alone.</summary>
        public (string Name, string Token) LooksAt(string path) => path == Paths["/v1/runs/{id}"].Path ? ("olga", OlgaToken) : ("ada", AdaToken);
    }

    [Fact]
    public async Task Every_endpoint_that_shows_evidence_records_the_look_first()
    {
        var scene = await Set();
        var endpoints = scene.World.Get<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            .Where(endpoint => endpoint.RoutePattern.RawText!.TrimStart('/').StartsWith("v1", StringComparison.Ordinal)
                && endpoint.Metadata.GetMetadata<HttpMethodMetadata>()?.HttpMethods.Contains("GET") == true).ToList();
        endpoints.Count.ShouldBeGreaterThan(15);
        foreach (var endpoint in endpoints)
        {
            var route = "/" + endpoint.RoutePattern.RawText!.Trim('/');
            if (endpoint.Metadata.GetMetadata<ShowsEvidence>() is null)
            {
                ShowsNone.ShouldContainKey(route, $"{route} shows evidence and records no look, or nobody has said why it shows none");
                continue;
            }

            var (path, type) = scene.Paths.GetValueOrDefault(route);
            path.ShouldNotBeNull($"{route} shows evidence, and no look at it is tried here");
            // Two of them may show the same thing: each look is of a minute of its own.
            scene.World.Clock.Advance(TimeSpan.FromMinutes(1));
            var (name, token) = scene.LooksAt(path);
            var before = await Looks(scene.World, name, type);
            var (status, bytes) = await Get(scene, path, token);
            (status, bytes.Length > 0).ShouldBe((HttpStatusCode.OK, true), $"{path}: {Encoding.UTF8.GetString(bytes)}");
            (await Looks(scene.World, name, type)).ShouldBe(before + 1, path);
        }

        // Of one's own run as well, once it is over; a refused look shows nothing and is none.
        (await Get(scene, scene.Paths["/v1/runs/{id}/recording"].Path, scene.OlgaToken)).Status.ShouldBe(HttpStatusCode.OK);
        (await Looks(scene.World, "olga", AuditType.RecordingViewed)).ShouldBe(1);
        var (_, stranger) = await scene.World.SignIn(new("mallory", false, null, [], false, false, TimeSpan.FromHours(24)));
        foreach (var (path, _) in scene.Paths.Values)
            (await Get(scene, path, stranger)).Status.ShouldBeOneOf([HttpStatusCode.NotFound, HttpStatusCode.Forbidden, HttpStatusCode.OK]);
        (await scene.World.Read(Books.Entry.All)).Count(entry => entry.Type.EndsWith(".viewed", StringComparison.Ordinal) && entry.Body.GetProperty("actor").GetProperty("name").GetString() == "mallory").ShouldBe(0);
        await scene.World.ShouldBalance();
    }

    [Fact]
    public async Task No_entry_no_evidence()
    {
        var scene = await Set();
        await Execute(scene.World, postgres: scene.World.Database.Engine == DatabaseEngine.Postgres,
            ["CREATE TRIGGER full_log BEFORE INSERT ON audit_entries BEGIN SELECT RAISE(ABORT, 'the log is full'); END"],
            ["CREATE FUNCTION full_log() RETURNS trigger AS $$ BEGIN RAISE EXCEPTION 'the log is full'; END $$ LANGUAGE plpgsql",
                "CREATE TRIGGER full_log BEFORE INSERT ON audit_entries FOR EACH ROW EXECUTE FUNCTION full_log()"]);
        foreach (var (path, _) in scene.Paths.Values)
        {
            var (status, bytes) = await Get(scene, path, scene.LooksAt(path).Token);
            status.ShouldBe(HttpStatusCode.ServiceUnavailable, path);
            Encoding.UTF8.GetString(bytes).ShouldNotContain("10.20.0.5", Case.Sensitive, path);
        }

        await Execute(scene.World, postgres: scene.World.Database.Engine == DatabaseEngine.Postgres, ["DROP TRIGGER full_log"], ["DROP TRIGGER full_log ON audit_entries"]);
        foreach (var (path, _) in scene.Paths.Values)
            (await Get(scene, path, scene.LooksAt(path).Token)).Status.ShouldBe(HttpStatusCode.OK, path);
    }

    [Fact]
    public async Task Polling_is_one_entry_and_a_count()
    {
        var scene = await Set();
        var path = scene.Paths["/v1/runs/{id}/recording"].Path;
        (await Outcomes.AtOnce(8, async _ => (await Get(scene, path, scene.AdaToken)).Status)).ShouldAllBe(status => status == HttpStatusCode.OK);
        (await Looks(scene.World, "ada", AuditType.RecordingViewed)).ShouldBe(1);
        // Somebody else, and something else, are looks of their own.
        await Get(scene, path, scene.OlgaToken);
        await Get(scene, scene.Paths["/v1/runs/{id}/results"].Path, scene.AdaToken);
        (await Looks(scene.World, "olga", AuditType.RecordingViewed)).ShouldBe(1);
        (await Looks(scene.World, "ada", AuditType.ResultsViewed)).ShouldBe(1);

        // The server's own sweep may be first with the count.
        scene.World.Clock.Advance(TimeSpan.FromMinutes(1));
        await scene.World.Get<EvidenceViews>().CloseWindows();
        await World.Eventually(async () => await Further() is ["7"], "the further looks are counted");
        await scene.World.Get<EvidenceViews>().CloseWindows();
        (await Further()).ShouldBe(["7"]);
        await Get(scene, path, scene.AdaToken);
        (await Looks(scene.World, "ada", AuditType.RecordingViewed)).ShouldBe(2);

        async Task<string?[]> Further() =>
            [.. (await scene.World.Entries(AuditType.RecordingViewed)).Select(entry => entry["further"]).Where(further => further is not null)];
    }

    private async Task<Scene> Set()
    {
        var world = await Create();
        var (_, ada) = await world.SignIn(new("ada", false, null, [], true, false, TimeSpan.FromHours(24)));
        var (olga, token) = await world.SignIn(new("olga", false, null, ["ops"], false, false, TimeSpan.FromHours(24)));
        string[] command = ["nmap", "-sT", "-Pn", "-n", "-p", "22,80", "-iL", "hosts.txt", "-oX", "scan.xml"];
        var (request, _) = (await world.Get<Ask>().Create(olga, new(command, "to look", null, 3600, 1, null, [new("hosts.txt", "10.20.0.5"u8.ToArray())]), null)).ShouldBeOk();
        var grant = await world.GrantOf(request);
        var run = (await world.Get<StartRun>().Start(olga, new(command, grant.Id.ToString(), Detach: true, [new("hosts.txt", Digest("10.20.0.5"u8))]), null)).ShouldBeOk();

        var (id, output, xml) = (run.Id.ToString(), "10.20.0.5 is up"u8.ToArray(), Encoding.UTF8.GetBytes(Xml));
        world.Runner.SayStarted(id);
        world.Runner.Say(new() { Output = new() { Run = id, Offset = 0, Bytes = Google.Protobuf.ByteString.CopyFrom(output) } });
        var ended = world.Runner.End(id, EndCause.Exited);
        (ended.RecordingBytes, ended.RecordingSha256) = (output.Length, Google.Protobuf.ByteString.CopyFrom(SHA256.HashData(output)));
        var file = RunOutput.ReadResults(run).ShouldNotBeNull();
        ended.Outputs.Add(new OutputFile { Path = file.Path, Bytes = xml.Length, Sha256 = Digest(xml) });
        world.Runner.Say(new() { Results = new() { Run = id, At = 1, Complete = true, Hosts = { new HostFound { Address = "10.20.0.5" } } } });
        world.Runner.Say(new() { Ended = ended });
        await World.Eventually(() => Task.FromResult(world.Runner.EndAcks.Contains(id)), "the end is acknowledged");
        (await world.Get<RunFiles>().Take(run.RunnerId, id, file.Path, xml, Cancel)).ShouldBeTrue();

        var socket = Path.Combine(world.Folder, "api");
        var served = Keep(await world.Beside(socket));
        await served.Serve();
        var http = new HttpClient(new SocketsHttpHandler
        {
            ConnectCallback = async (_, cancel) =>
            {
                var connection = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                await connection.ConnectAsync(new UnixDomainSocketEndPoint(socket), cancel);
                return new NetworkStream(connection, ownsSocket: true);
            },
        }) { BaseAddress = new("http://writ") };
        await world.Get<Sequencer>().Integrate(Cancel);
        return new(served, http, socket, olga, token, ada, new()
        {
            ["/v1/runs/{id}"] = ($"/v1/runs/{id}", AuditType.ResultsViewed),
            ["/v1/runs/{id}/recording"] = ($"/v1/runs/{id}/recording", AuditType.RecordingViewed),
            ["/v1/runs/{id}/attach"] = ($"/v1/runs/{id}/attach", AuditType.RecordingViewed),
            ["/v1/runs/{id}/results"] = ($"/v1/runs/{id}/results", AuditType.ResultsViewed),
            ["/v1/runs/{id}/rest"] = ($"/v1/runs/{id}/rest", AuditType.ResultsViewed),
            ["/v1/runs/{id}/results/diff/{other}"] = ($"/v1/runs/{id}/results/diff/{id}", AuditType.ResultsViewed),
            ["/v1/runs/{id}/outputs/{number:int}"] = ($"/v1/runs/{id}/outputs/0", AuditType.FileViewed),
            ["/v1/requests/{id}/inputs/{number:int}"] = ($"/v1/requests/{request.Id}/inputs/0", AuditType.FileViewed),
            ["/v1/audit"] = ("/v1/audit", AuditType.AuditViewed),
            ["/v1/audit/export"] = ("/v1/audit/export", AuditType.AuditExported),
            ["/v1/audit/{position:long}/proof"] = ("/v1/audit/0/proof", AuditType.AuditViewed),
            ["/v1/log/entries"] = ("/v1/log/entries", AuditType.AuditViewed),
            ["/v1/log/tile/{**path}"] = ("/v1/log/tile/entries/000.p/3", AuditType.AuditViewed),
            ["/v1/trace"] = ("/v1/trace?address=10.20.0.5", AuditType.TraceAnswered),
            ["/v1/runs/{id}/receipt"] = ($"/v1/runs/{id}/receipt", AuditType.AuditViewed),
        });
    }

    private static async Task<(HttpStatusCode Status, byte[] Bytes)> Get(Scene scene, string path, string token)
    {
        if (path.EndsWith("/attach", StringComparison.Ordinal))
            return await Attach(scene, path, token);
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(path, UriKind.Relative));
        request.Headers.Authorization = new("Bearer", token);
        using var answer = await scene.Http.SendAsync(request, Cancel);
        return (answer.StatusCode, await answer.Content.ReadAsByteArrayAsync(Cancel));
    }

    private static async Task<(HttpStatusCode Status, byte[] Bytes)> Attach(Scene scene, string path, string token)
    {
        using var socket = new ClientWebSocket();
        socket.Options.CollectHttpResponseDetails = true;
        socket.Options.SetRequestHeader("Authorization", $"Bearer {token}");
        try
        {
            await socket.ConnectAsync(new Uri($"ws://writ{path}?mode=watch"), scene.Http, Cancel);
        }
        catch (WebSocketException)
        {
            return (socket.HttpStatusCode, []);
        }

        var buffer = new byte[4096];
        var received = await socket.ReceiveAsync(buffer, Cancel);
        return (HttpStatusCode.OK, buffer[..received.Count]);
    }

    private static async Task Execute(World world, bool postgres, string[] sqlite, string[] server)
    {
        await using var db = world.Open();
        foreach (var sql in postgres ? server : sqlite)
            await db.Database.ExecuteSqlRawAsync(sql, Cancel);
    }

    private static async Task<int> Looks(World world, string name, string type) =>
        (await world.Read(Books.Entry.All)).Count(entry =>
            entry.Type == type && entry["further"] is null && entry.Body.GetProperty("actor").GetProperty("name").GetString() == name);

    private static string Digest(ReadOnlySpan<byte> bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));

    [Collection(SqliteCollection.Name)]
    public sealed class OnSqlite(SqliteEngine engine) : EvidenceTests(engine);

    [Collection(PostgresCollection.Name)]
    public sealed class OnPostgres(PostgresEngine engine) : EvidenceTests(engine);
}
