using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Google.Protobuf;
using Json.Schema;
using Microsoft.EntityFrameworkCore;
using Writ.Contracts.Runners;
using Writ.Core;
using Writ.Core.Audit;
using Writ.Server.Audit;
using Writ.Server.Grants;
using Writ.Server.Requests;
using Writ.Server.Runs;
using Writ.Server.Storage;
using Writ.Server.Streams;
using Writ.SystemTests.Databases;
using Writ.Tests.Server.Streams;

namespace Writ.SystemTests.Storage;

/// <summary>Streams of the audit log to receivers that fail in every way: every entry arrives, and nothing waits for them.</summary>
public abstract class StreamTests(StorageEngine engine) : StorageTest(engine)
{
    [Fact]
    public async Task Every_entry_arrives_in_order_whatever_the_sink_answers_meanwhile()
    {
        using var authority = new TestAuthority();
        var world = await Create();
        var got = new Arrivals();
        string? answer = "500 Internal Server Error";
        await using var receiver = new Receiver(authority, Receiver.Http((_, body) =>
        {
            if (answer?.StartsWith("200", StringComparison.Ordinal) == true)
                got.Take(body);
            return answer;
        }));
        await Add(world, "siem", $"https://127.0.0.1:{receiver.Port}/events", authority.File);
        foreach (var (bad, why) in ((string?, string)[])[("500 Internal Server Error", "it answered 500"), ("302 Found\r\nLocation: /", "it answered 302, and no redirect is followed"), (null, "")])
        {
            answer = bad;
            world.Clock.Advance(TimeSpan.FromMinutes(2));
            await Round(world);
            // Decisions go on, and the cursor stands.
            await world.Approved();
            var stream = await Stream(world, "siem");
            stream.Cursor.ShouldBe(-1);
            stream.Trouble.ShouldNotBeNull().ShouldContain(why);
        }

        // In its pause it is left alone; after that everything comes, and then what is new alone.
        answer = "200 OK";
        await Round(world);
        got.Positions.ShouldBeEmpty();
        world.Clock.Advance(TimeSpan.FromMinutes(2));
        var newest = await Round(world);
        got.Positions.ShouldBe(Positions(0, newest));
        (await Stream(world, "siem")).ShouldSatisfyAllConditions(row => row.Cursor.ShouldBe(newest), row => row.Trouble.ShouldBeNull(), row => row.ConfirmedAt.ShouldBe(world.Clock.GetUtcNow()));
        got.Clear();
        await world.Approved();
        var later = await Round(world);
        got.Positions.ShouldBe(Positions(newest + 1, later));
        got.Events.ShouldAllBe(happened => happened.GetProperty("metadata").GetProperty("version").GetString() == "1.8.0");
    }

    [Fact]
    public async Task A_server_that_is_killed_in_the_middle_of_a_stream_leaves_no_gap_at_the_receiver()
    {
        using var authority = new TestAuthority();
        var world = await Create();
        var (caller, token) = await world.SignIn(new("olga", false, null, ["ops"], false, false, TimeSpan.FromHours(1)));
        var grant = await world.Granted(caller);
        await Record(world, 1_500);
        var got = new Arrivals();
        var some = new TaskCompletionSource();
        await using var receiver = new Receiver(authority, Receiver.Http((_, body) =>
        {
            got.Take(body);
            if (got.Positions.Count > 300)
                some.TrySetResult();
            return "200 OK";
        }));
        await Add(world, "siem", $"https://127.0.0.1:{receiver.Port}/events", authority.File);
        await world.Get<Sequencer>().Integrate(Cancel);
        await using (var child = SecondServer.Start(SecondServer.Work.In(world, SecondServer.Stream, token, grant)))
        {
            await some.Task.WaitAsync(TimeSpan.FromSeconds(60), Cancel);
            await child.Kill();
        }

        // Whatever was confirmed before it died had arrived; PostgreSQL gives its turn back when it sees the connection gone.
        var kept = (await Stream(world, "siem")).Cursor;
        Positions(0, kept).Except(got.Positions).ShouldBeEmpty();
        await World.Eventually(async () => await Round(world) == (await Stream(world, "siem")).Cursor, "the stream does not go on");
        var newest = (await Stream(world, "siem")).Cursor;
        got.Positions.Distinct().Order().ShouldBe(Positions(0, newest), "entries are missing at the receiver");
    }

    [Fact]
    public async Task Two_servers_on_one_database_send_nothing_twice()
    {
        using var authority = new TestAuthority();
        var world = await Create();
        var got = new Arrivals();
        await using var receiver = new Receiver(authority, Receiver.Http((_, body) =>
        {
            got.Take(body);
            return "200 OK";
        }));
        await Add(world, "siem", $"https://127.0.0.1:{receiver.Port}/events", authority.File);
        // Two servers on SQLite are none that Writ supports: there it is the same one twice.
        var other = Engine is PostgresEngine ? await Beside(world) : world;
        for (var round = 0; round < 5; round++)
        {
            await Record(world, 50);
            var here = Round(world);
            if (other == world)
                await here;
            await Task.WhenAll(here, Round(other));
        }

        var newest = await Round(world);
        await Round(other);
        got.Positions.ShouldBe(Positions(0, newest));
    }

    [Fact]
    public async Task Syslog_is_sent_again_from_what_had_settled_when_its_connection_breaks()
    {
        using var authority = new TestAuthority();
        var world = await Create();
        var got = new ConcurrentQueue<long>();
        var closes = true;
        await using var receiver = new Receiver(authority, Receiver.Syslog(message =>
        {
            got.Enqueue(JsonDocument.Parse(message[message.IndexOf('{', StringComparison.Ordinal)..]).RootElement.GetProperty("metadata").GetProperty("sequence").GetInt64());
            return !closes;
        }));
        await Add(world, "siem", $"syslog+tls://127.0.0.1:{receiver.Port}", authority.File);
        var newest = await Round(world);
        await World.Eventually(() => Task.FromResult(!got.IsEmpty), "nothing arrives");
        await World.Eventually(async () =>
        {
            await Round(world);
            return (await Stream(world, "siem")).Trouble is not null;
        }, "nobody notices that the receiver went away");
        closes = false;
        got.Clear();
        world.Clock.Advance(TimeSpan.FromMinutes(2));
        await Round(world);
        await World.Eventually(() => Task.FromResult(got.Distinct().LongCount() > newest), "not everything comes again");
        got.Distinct().ShouldBe(Positions(0, newest));
        (await Stream(world, "siem")).Cursor.ShouldBe(-1);
        world.Clock.Advance(TimeSpan.FromSeconds(30));
        await Round(world);
        (await Stream(world, "siem")).Cursor.ShouldBe(newest);
    }

    [Fact]
    public async Task Stream_that_is_removed_stops_and_one_from_now_on_begins_with_the_next_entry()
    {
        var world = await Create();
        var path = Path.Combine(world.Folder, "events.ndjson");
        var before = await Round(world);
        await Add(world, "file", $"file://{path}", null, before);
        (await Round(world)).ShouldBe(before);
        File.Exists(path).ShouldBeFalse();
        await Record(world, 3);
        await Round(world);
        (await File.ReadAllLinesAsync(path, Cancel)).Length.ShouldBe(3);
        await world.Writes.Append(db => db.Streams.ExecuteDeleteAsync());
        await Record(world, 3);
        await Round(world);
        (await File.ReadAllLinesAsync(path, Cancel)).Length.ShouldBe(3);
    }

    /// <summary>Places every entry and lets every stream have a pass; the newest position.</summary>
    [Fact]
    public async Task What_happens_to_runs_comes_to_a_webhook_and_keeps_to_the_published_schema()
    {
        var schema = JsonSchema.FromText(await File.ReadAllTextAsync(Path.Combine(Path.GetDirectoryName(Environment.GetEnvironmentVariable("WRIT_DIST")!)!, "docs/event.schema.json"), Cancel));
        using var authority = new TestAuthority();
        var world = await Create();
        var keys = Path.Combine(world.Folder, "hook.keys");
        await File.WriteAllTextAsync(keys, StandardWebhook.NewSecret(), Cancel);
        var got = new ConcurrentQueue<(string Head, byte[] Body)>();
        var failures = 1;
        await using var receiver = new Receiver(authority, Receiver.Http((head, body) =>
        {
            if (got.Count == 3 && failures-- > 0)
                return "500 Internal Server Error";
            got.Enqueue((head, body));
            return "200 OK";
        }));
        var to = $"https://127.0.0.1:{receiver.Port}/hook";
        await Add(world, new() { Name = "soc", To = to, Form = StreamForm.CloudEvents, Only = ["run.*", "request.evaluated"], CaFile = authority.File, KeyFile = keys, ReachesPrivate = true, Cursor = -1, AddedAt = world.Clock.GetUtcNow() });
        await Add(world, new() { Name = "shy", To = to, Form = StreamForm.CloudEvents, CaFile = authority.File, KeyFile = keys, Cursor = -1, AddedAt = world.Clock.GetUtcNow() });
        var everything = Path.Combine(world.Folder, "everything");
        await Add(world, new() { Name = "all", To = $"file://{everything}", Form = StreamForm.CloudEvents, Cursor = -1, AddedAt = world.Clock.GetUtcNow() });

        var holder = await world.Operator();
        var run = await world.Running(holder, await world.Granted(holder));
        world.Runner.Say(new() { Drops = new() { Run = run.Id.ToString(), At = 1, Drops_ = { new Drop { Address = ByteString.CopyFrom(IPAddress.Parse("::ffff:10.30.0.7").GetAddressBytes()), Protocol = 6, Port = 443, Count = 3 } } } });
        (await world.Get<KillRun>().Kill(holder, run.Id.ToString(), "enough", Cancel)).ShouldBeOk();
        await World.Eventually(async () => (await world.Now(run)).EndedAt is not null, "the run does not end");
        await Record(world, 3);
        await Round(world);

        // What arrived before the receiver failed has arrived: nothing comes twice for the sake of what did not.
        got.Count.ShouldBe(3);
        (await Stream(world, "soc")).Cursor.ShouldBe(long.Parse(JsonDocument.Parse(got.Last().Body).RootElement.GetProperty("id").GetString()!, CultureInfo.InvariantCulture));
        world.Clock.Advance(TimeSpan.FromMinutes(2));
        var newest = await Round(world);
        got.Select(one => JsonDocument.Parse(one.Body).RootElement.GetProperty("id").GetString()).ShouldBeUnique();

        // Of what was chosen everything, and the cursor is past what was not: nothing waits.
        var events = got.Select(one => JsonDocument.Parse(one.Body).RootElement).ToArray();
        events.Select(happened => happened.GetProperty("type").GetString()).ShouldBe(
            ["writ.request.evaluated", "writ.run.ordered", "writ.run.accepted", "writ.run.started", "writ.run.out-of-scope", "writ.run.kill-asked", "writ.run.ended"], ignoreOrder: true);
        (await Stream(world, "soc")).Cursor.ShouldBe(newest);
        await Round(world);
        got.Count.ShouldBe(events.Length);

        var ended = events.Single(happened => happened.GetProperty("type").GetString() == "writ.run.ended");
        ended.GetProperty("subject").GetString().ShouldBe(run.Id.ToString());
        var outline = ended.GetProperty("data").GetProperty("run");
        outline.GetProperty("requester").GetString().ShouldBe("olga");
        outline.GetProperty("targets").GetProperty("addresses").EnumerateArray().Select(address => address.GetString()).ShouldBe(["10.20.0.5"]);
        outline.GetProperty("targets").GetProperty("tcp").GetString().ShouldBe("22,80");
        ended.GetProperty("data").GetProperty("link").GetString().ShouldBe($"{World.PublicUrl}/runs/{run.Id}");
        events.Single(happened => happened.GetProperty("type").GetString() == "writ.request.evaluated").GetProperty("data").GetProperty("link").GetString().ShouldBe($"{World.PublicUrl}/inbox/{run.RequestId}");

        // Whose address is no public one is not called unless it may be.
        (await Stream(world, "shy")).ShouldSatisfyAllConditions(row => row.Cursor.ShouldBe(-1), row => row.Trouble.ShouldNotBeNull().ShouldContain("no public address"));

        // Every entry that there is keeps to the schema, and a changed event does not.
        var lines = (await File.ReadAllLinesAsync(everything, Cancel)).Select(line => JsonNode.Parse(line)!).ToArray();
        lines.Length.ShouldBe((int)newest + 1);
        lines.ShouldAllBe(line => schema.Evaluate(line, null).IsValid);
        var broken = lines.First(line => (string?)line["type"] == "writ.run.started");
        broken["data"]!["run"]!.AsObject().Remove("targets");
        schema.Evaluate(broken, null).IsValid.ShouldBeFalse();
    }

    [Theory]
    [InlineData("Slack")]
    [InlineData("Teams")]
    public async Task Channel_hears_of_who_waits_and_of_what_left_its_scope_and_of_nothing_else(string form)
    {
        using var authority = new TestAuthority();
        var world = await Create();
        var got = new ConcurrentQueue<string>();
        var answer = "200 OK";
        await using var receiver = new Receiver(authority, Receiver.Http((head, body) =>
        {
            head.ShouldStartWith("POST /services/T0/secret?sig=abc HTTP");
            if (answer.StartsWith("200", StringComparison.Ordinal))
                got.Enqueue(Encoding.UTF8.GetString(body));
            return answer;
        }));
        var address = Path.Combine(world.Folder, "channel.url");
        await File.WriteAllTextAsync(address, $"https://127.0.0.1:{receiver.Port}/services/T0/secret?sig=abc\n", Cancel);
        await Add(world, new()
        {
            Name = "channel", To = StreamTarget.Secret(address).Shown, AddressFile = address, Form = Enum.Parse<StreamForm>(form), CaFile = authority.File, ReachesPrivate = true, Cursor = await Round(world), AddedAt = world.Clock.GetUtcNow(),
        });
        (await Stream(world, "channel")).To.ShouldBe($"https://127.0.0.1:{receiver.Port}/…");

        // Nothing waits where policy alone gives; what a requester wrote is text.
        var holder = await world.Operator();
        var run = await world.Running(holder, await world.Granted(holder));
        for (var told = 0; told < 2; told++)
            world.Runner.Say(new() { Drops = new() { Run = run.Id.ToString(), At = 1, Drops_ = { new Drop { Address = ByteString.CopyFrom(IPAddress.Parse("::ffff:10.30.0.7").GetAddressBytes()), Protocol = 6, Port = 443, Count = 3 + told } } } });
        await World.Eventually(async () => await world.Read(db => db.AuditEntries.CountAsync(row => row.Type == AuditType.RunDrops)) == 2, "the drops do not come");
        var dana = await world.Developer();
        var waits = await world.Request(dana, reason: "<!channel> <https://evil.example|click> **now** \u202e & more");
        await Round(world);
        got.Count.ShouldBe(2, string.Join('\n', got));
        got.First().ShouldSatisfyAllConditions(text => text.ShouldContain("A run of olga's with nmap tried to leave its scope"), text => text.ShouldContain($"{World.PublicUrl}/runs/{run.Id}"));
        var message = JsonNode.Parse(got.Last())!;
        var shown = form == "Slack" ? (string)message["blocks"]![0]!["text"]!["text"]! : (string)message["attachments"]![0]!["content"]!["body"]![0]!["inlines"]![0]!["text"]!;
        shown.ShouldBe("dana asks for nmap in staging, 1 h: <!channel> <https://evil.example|click> **now** \\u202e & more");
        got.Last().ShouldContain($"{World.PublicUrl}/inbox/{waits.Id}");
        got.Last().ShouldNotContain("10.20.0.5");
        if (form == "Slack")
            ((string)message["text"]!).ShouldBe("dana asks for nmap in staging, 1 h: &lt;!channel&gt; &lt;https://evil.example|click&gt; **now** \\u202e &amp; more");

        // While it is away one request is decided and one goes on waiting: it hears of that one alone. Its trouble holds nothing of the address.
        answer = "503 Service Unavailable";
        var decided = await world.Request(dana, reason: "decided meanwhile");
        var open = await world.Request(dana, reason: "still open");
        await Round(world);
        (await Stream(world, "channel")).Trouble.ShouldBe("it answered 503");
        (await world.Approve(await world.Reviewer(), decided)).ShouldBeOk();
        answer = "200 OK";
        got.Clear();
        world.Clock.Advance(TimeSpan.FromMinutes(2));
        await Round(world);
        got.ShouldHaveSingleItem().ShouldContain(open.Id.ToString());

        // Nobody decides: that is told too.
        got.Clear();
        world.Clock.Advance(TimeSpan.FromDays(8));
        await world.Sweep();
        await Round(world);
        got.Count(text => text.Contains("Nobody decided in time: dana's request for nmap has expired.", StringComparison.Ordinal)).ShouldBe(2);
    }

    [Theory]
    [InlineData("Slack")]
    [InlineData("Teams")]
    public async Task Channel_hears_of_broken_glass_at_once_and_of_its_review(string form)
    {
        using var authority = new TestAuthority();
        var world = await Create(World.Policy.Replace("staging: { addresses: [10.20.0.0/24] }", "staging: { addresses: [10.20.0.0/24], owners: [reviewer] }", StringComparison.Ordinal)
            + "  - { id: on-call, roles: [developer], zones: [staging], tools: { nmap: any }, break-glass: true }\n");
        var got = new ConcurrentQueue<string>();
        await using var receiver = new Receiver(authority, Receiver.Http((_, body) =>
        {
            got.Enqueue(Encoding.UTF8.GetString(body));
            return "200 OK";
        }));
        var address = Path.Combine(world.Folder, "channel.url");
        await File.WriteAllTextAsync(address, $"https://127.0.0.1:{receiver.Port}/services/T0/secret\n", Cancel);
        await Add(world, new()
        {
            Name = "channel", To = StreamTarget.Secret(address).Shown, AddressFile = address, Form = Enum.Parse<StreamForm>(form), CaFile = authority.File, ReachesPrivate = true, Cursor = await Round(world), AddedAt = world.Clock.GetUtcNow(),
        });
        var (request, _) = (await world.Get<Ask>().Create(await world.Developer(), new(World.Command.Split(' '), "pumps are <down>", BreakGlass: true), null, Cancel)).ShouldBeOk();
        (await world.Get<ReviewGrant>().Review(await world.Reviewer(), (await world.GrantOf(request)).Id.ToString(), new(true, "they were"), Cancel)).ShouldBeOk();
        await Round(world);

        string[] shown = [.. got.Select(text => JsonNode.Parse(text)!).Select(message => form == "Slack" ? (string)message["blocks"]![0]!["text"]!["text"]! : (string)message["attachments"]![0]!["content"]!["body"]![0]!["inlines"]![0]!["text"]!)];
        shown.ShouldBe(
        [
            "dana broke the glass: nmap in staging, 15 min, and nobody was asked: pumps are <down>. It waits for a review; until then dana is given nothing further.",
            "rae reviewed that dana broke the glass for nmap: justified: they were",
        ]);
        foreach (var text in got)
            text.ShouldSatisfyAllConditions(() => text.ShouldContain($"{World.PublicUrl}/inbox/{request.Id}"), () => text.ShouldNotContain("10.20.0.5"));
    }

    private static async Task<long> Round(World world)
    {
        await world.Get<Sequencer>().Integrate(Cancel);
        await await world.Get<Streaming>().Once(Cancel);
        return await world.Read(db => db.AuditEntries.MaxAsync(row => row.Position)) ?? -1;
    }

    private static Task Add(World world, string name, string to, string? ca, long after = -1) => world.Writes.Append(db =>
    {
        db.Streams.Add(new() { Name = name, To = to, CaFile = ca, Cursor = after, AddedAt = world.Clock.GetUtcNow() });
        return Task.CompletedTask;
    });

    private static Task Add(World world, StreamRow stream) => world.Writes.Append(db =>
    {
        db.Streams.Add(stream);
        return Task.CompletedTask;
    });

    private static async Task Record(World world, int entries) => (await world.Writes.Commit<bool>(scope =>
    {
        for (var i = 0; i < entries; i++)
            scope.Record(new(AuditType.TokenRevoked, AuditActor.System, null, new() { ["number"] = i }));
        return Task.FromResult<Writ.Proof.Errors.Result<bool>>(true);
    })).ShouldBeOk();

    private static Task<StreamRow> Stream(World world, string name) => world.Read(db => db.Streams.AsNoTracking().SingleAsync(row => row.Name == name));

    private static IEnumerable<long> Positions(long first, long last) => Enumerable.Range(0, (int)(last - first + 1)).Select(number => first + number);

    /// <summary>What came to a receiver, in order; an entry that gave several events counts once.</summary>
    private sealed class Arrivals
    {
        private readonly List<JsonElement> _events = [];

        public IReadOnlyList<JsonElement> Events
        {
            get
            {
                lock (_events)
                    return [.. _events];
            }
        }

        public IReadOnlyList<long> Positions
        {
            get
            {
                var positions = Events.Select(happened => happened.GetProperty("metadata").GetProperty("sequence").GetInt64()).ToList();
                return [.. positions.Where((position, index) => index == 0 || positions[index - 1] != position)];
            }
        }

        public void Take(byte[] body)
        {
            foreach (var line in Encoding.UTF8.GetString(body).Split('\n', StringSplitOptions.RemoveEmptyEntries))
            {
                lock (_events)
                    _events.Add(JsonDocument.Parse(line).RootElement);
            }
        }

        public void Clear()
        {
            lock (_events)
                _events.Clear();
        }
    }

    [Collection(SqliteCollection.Name)]
    public sealed class OnSqlite(SqliteEngine engine) : StreamTests(engine);

    [Collection(PostgresCollection.Name)]
    public sealed class OnPostgres(PostgresEngine engine) : StreamTests(engine);
}
