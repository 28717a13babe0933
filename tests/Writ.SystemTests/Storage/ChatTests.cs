using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.EntityFrameworkCore;
using Writ.Core;
using Writ.Core.Audit;
using Writ.Core.Identity;
using Writ.Proof.Errors;
using Writ.Server.Chat;
using Writ.Server.Policy;
using Writ.Server.Requests;
using Writ.Server.Storage;
using Writ.Server.Streams;
using Writ.Server.Users;
using Writ.SystemTests.Databases;
using Writ.Tests.Server.Streams;

namespace Writ.SystemTests.Storage;

/// <summary>Decisions by a button in Slack: calls that are signed as Slack signs them, and answers that come to where Slack takes them.</summary>
public abstract class ChatTests(StorageEngine engine) : StorageTest(engine)
{
    private const string Secret = "8f742231b10e8888abcd99yyyzzz85a5", Workspace = "T0HOME", Rae = "U0RAE", Dana = "U0DANA";

    private static readonly string Chatting = World.Policy.Replace("approval: { from: [reviewer], count: 1 }", "approval: { from: [reviewer], count: 1, chat: true }", StringComparison.Ordinal);

    /// <summary>A server with an app in Slack, and what Slack was answered.</summary>
    private sealed class House(Served api, TestAuthority authority, Receiver slack, ConcurrentQueue<JsonNode> answers) : IAsyncDisposable
    {
        private int _calls;

        public Served Api => api;

        public World World => api.World;

        public ConcurrentQueue<JsonNode> Answers => answers;

        public TestAuthority Authority => authority;

        public int Port => slack.Port;

        public Task<(HttpStatusCode Status, JsonNode? Body)> Command(string account, string text, string workspace = Workspace) =>
            Call("commands", $"team_id={workspace}&user_id={account}&command=%2Fwrit&text={Uri.EscapeDataString(text)}&trigger_id={++_calls}");

        public Task<(HttpStatusCode Status, JsonNode? Body)> Press(string account, RequestRow request, bool approve = true, string workspace = Workspace, string? replyTo = null, string? statement = null) =>
            Call("actions", Pressing(account, request, approve, workspace, replyTo, statement));

        public string Pressing(string account, RequestRow request, bool approve = true, string workspace = Workspace, string? replyTo = null, string? statement = null) =>
            $"payload={Uri.EscapeDataString(new JsonObject
            {
                ["type"] = "block_actions", ["user"] = new JsonObject { ["id"] = account, ["team_id"] = workspace, ["username"] = "rae" }, ["team"] = new JsonObject { ["id"] = Workspace }, ["trigger_id"] = $"{++_calls}",
                ["response_url"] = replyTo ?? $"https://127.0.0.1:{slack.Port}/actions/1",
                ["actions"] = new JsonArray(new JsonObject { ["action_id"] = approve ? Pressed.Yes : Pressed.No, ["value"] = Pressed.ValueOf(request.Id.ToString(), statement ?? request.StatementDigest) }),
            }.ToJsonString())}";

        public async Task<(HttpStatusCode Status, JsonNode? Body)> Call(string door, string body, string secret = Secret, TimeSpan late = default, string? signature = null)
        {
            var timestamp = (World.Clock.GetUtcNow() - late).ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
            var (status, text, _) = await api.Send(HttpMethod.Post, $"/v1/chat/slack/{door}", null, body, "application/x-www-form-urlencoded", call =>
            {
                call.Headers.Add(SlackSignature.Timestamp, timestamp);
                call.Headers.Add(SlackSignature.Header, signature ?? SlackSignature.Of(secret, timestamp, Encoding.UTF8.GetBytes(body)));
            });
            return (status, text.Length == 0 ? null : JsonNode.Parse(text));
        }

        public async Task Link(Caller person, string account)
        {
            var code = (await World.Get<ChatAccounts>().GiveCode(person)).ShouldBeOk();
            code.Type.ShouldStartWith("/writ link ");
            var (_, said) = await Command(account, code.Type["/writ ".Length..]);
            said!.ToJsonString().ShouldContain($"This account speaks for {person.Name} now");
        }

        /// <summary>The one answer that came, and then none is left.</summary>
        public async Task<JsonNode> Answer()
        {
            await World.Eventually(() => Task.FromResult(!answers.IsEmpty), "Slack is told nothing");
            answers.TryDequeue(out var answer).ShouldBeTrue();
            answers.ShouldBeEmpty();
            return answer!;
        }

        public async ValueTask DisposeAsync()
        {
            await slack.DisposeAsync();
            authority.Dispose();
        }
    }

    [Fact]
    public async Task Button_of_a_linked_account_decides_as_its_person_and_the_record_says_so()
    {
        var house = await Set();
        var world = house.World;
        var rae = await world.Reviewer();
        await house.Link(rae, Rae);
        var request = await world.Request(await world.Developer());

        (await house.Press(Rae, request)).Status.ShouldBe(HttpStatusCode.OK);

        (await world.Now(request)).State.ShouldBe(RequestState.Approved);
        (await world.GrantOf(request)).State.ShouldBe(GrantState.Active);
        var decision = await world.Read(db => db.Decisions.AsNoTracking().SingleAsync(row => row.RequestId == request.Id));
        (decision.ActorId, decision.Chat, decision.Approved).ShouldBe((rae.Id, $"{Workspace}/{Rae}", true));
        var entry = (await world.Entries(AuditType.DecisionMade)).ShouldHaveSingleItem();
        entry["actor"]!.ShouldContain("rae");
        entry["chat"]!.ShouldContain($"{Workspace}/{Rae}");
        var answer = await house.Answer();
        ((bool)answer["replace_original"]!).ShouldBeTrue();
        answer.ToJsonString().ShouldSatisfyAllConditions(text => text.ShouldContain("rae approved: approved"), text => text.ShouldNotContain(Pressed.Yes));

        // Pressed again it does nothing, and a no after the yes does nothing either.
        (await house.Press(Rae, request)).Status.ShouldBe(HttpStatusCode.OK);
        ((string)(await house.Answer())["text"]!).ShouldContain("is approved, not pending");
        (await house.Press(Rae, request, approve: false)).Status.ShouldBe(HttpStatusCode.OK);
        ((string)(await house.Answer())["text"]!).ShouldContain("is approved, not pending");

        var second = await world.Request(await world.Developer());
        await house.Press(Rae, second, approve: false);
        (await world.Now(second)).State.ShouldBe(RequestState.Denied);
        await world.ShouldBalance();
    }

    [Fact]
    public async Task Nobody_is_who_the_chat_says_they_are_until_they_said_so_from_both_sides()
    {
        var house = await Set();
        var world = house.World;
        var rae = await world.Reviewer();
        var dana = await world.Developer();
        var request = await world.Request(dana);

        // An account that happens to be called like a reviewer is nobody.
        await house.Press(Rae, request);
        ((string)(await house.Answer())["text"]!).ShouldStartWith("This account speaks for nobody here yet.");
        foreach (var guess in new[] { "", "link", "link AAAA-AAAA", "link ' OR 1=1 --", "link " + new string('A', 4_000), "drop" })
            (await house.Command(Rae, guess)).Status.ShouldBe(HttpStatusCode.OK);
        await house.Press(Rae, request);
        await house.Answer();

        // One's own request is not decided by oneself, here neither.
        await house.Link(dana, Dana);
        await house.Press(Dana, request);
        ((string)(await house.Answer())["text"]!).ShouldContain("nobody decides on their own request");
        (await world.Now(request)).State.ShouldBe(RequestState.Pending);

        // A code counts once, for ten minutes, and the newest alone; an account speaks for one person.
        var first = (await world.Get<ChatAccounts>().GiveCode(rae)).ShouldBeOk();
        var code = (await world.Get<ChatAccounts>().GiveCode(rae)).ShouldBeOk();
        var late = code.Type["/writ ".Length..];
        ((string)(await house.Command(Rae, first.Type["/writ ".Length..])).Body!["text"]!).ShouldStartWith("This is no code that holds");
        ((string)(await house.Command(Dana, late)).Body!["text"]!).ShouldStartWith("This account speaks for somebody else");
        world.Clock.Advance(TimeSpan.FromMinutes(11));
        ((string)(await house.Command(Rae, late)).Body!["text"]!).ShouldStartWith("This is no code that holds");
        var good = (await world.Get<ChatAccounts>().GiveCode(rae)).ShouldBeOk().Type["/writ ".Length..];
        var raced = await Outcomes.AtOnce(6, number => house.Command($"U0RAE{number}", good));
        raced.Count(answer => ((string)answer.Body!["text"]!).StartsWith("This account speaks for rae", StringComparison.Ordinal)).ShouldBe(1);
        (await world.Entries(AuditType.ChatChanged)).Count(entry => entry["what"] == "linked").ShouldBe(2);
        var linked = (await world.Get<ChatAccounts>().Show(rae, Cancel)).ShouldBeOk();

        // Whoever is in another workspace of a shared channel is somebody else, whatever their id.
        await house.Press(linked.Account!, request, workspace: "T0OTHER");
        ((string)(await house.Answer())["text"]!).ShouldBe(PressButton.Foreign);
        ((string)(await house.Command(linked.Account!, "who", "T0OTHER")).Body!["text"]!).ShouldBe(PressButton.Foreign);
        ((string)(await house.Command(linked.Account!, "who")).Body!["text"]!).ShouldBe("This account speaks for rae.");
        (await world.Now(request)).State.ShouldBe(RequestState.Pending);

        // What one takes back is over, and so is what stood for too long, or before one was signed out everywhere.
        (await world.Get<ChatAccounts>().Unlink(rae, Cancel)).ShouldBeOk().Account.ShouldBeNull();
        await house.Press(linked.Account!, request);
        ((string)(await house.Answer())["text"]!).ShouldStartWith("This account speaks for nobody");
        await house.Link(rae, Rae);
        world.Clock.Advance(TimeSpan.FromSeconds(1));
        await world.Get<SignOutUser>().SignOut(rae.Id, AuditActor.System, "lost a phone", null);
        await house.Press(Rae, request);
        ((string)(await house.Answer())["text"]!).ShouldStartWith("This account speaks for nobody");
        world.Clock.Advance(TimeSpan.FromSeconds(1));
        await house.Link(await world.Reviewer(), Rae);
        world.Clock.Advance(ChatAccounts.Life);
        var later = await world.Request(await world.Developer());
        await house.Press(Rae, later);
        ((string)(await house.Answer())["text"]!).ShouldStartWith("This account speaks for nobody");
        (await world.Now(later)).State.ShouldBe(RequestState.Pending);
    }

    [Fact]
    public async Task Forged_and_replayed_calls_are_refused_and_recorded_and_the_door_stays_open()
    {
        var house = await Set();
        var world = house.World;
        await house.Link(await world.Reviewer(), Rae);
        var request = await world.Request(await world.Developer());
        var press = house.Pressing(Rae, request);

        (await house.Call("actions", press, secret: "another-secret-of-thirty-two-chars!!")).Status.ShouldBe(HttpStatusCode.Unauthorized);
        (await house.Call("actions", press, late: TimeSpan.FromMinutes(6))).Status.ShouldBe(HttpStatusCode.Unauthorized);
        (await house.Call("actions", press, late: TimeSpan.FromMinutes(-6))).Status.ShouldBe(HttpStatusCode.Unauthorized);
        (await house.Call("actions", press, signature: "v0=")).Status.ShouldBe(HttpStatusCode.Unauthorized);
        (await house.Api.Send(HttpMethod.Post, "/v1/chat/slack/actions", null, press, "application/x-www-form-urlencoded")).Status.ShouldBe(HttpStatusCode.Unauthorized);
        // Told before it is sent, or the answer could be lost to whoever still writes.
        (await house.Api.Send(HttpMethod.Post, "/v1/chat/slack/actions", null, new string('a', 300 << 10), "application/x-www-form-urlencoded", call => call.Headers.ExpectContinue = true)).Status.ShouldBe(HttpStatusCode.RequestEntityTooLarge);
        (await world.Now(request)).State.ShouldBe(RequestState.Pending);
        (await world.Entries(AuditType.AttemptRefused)).Count(entry => entry["attempt"] == "call as slack").ShouldBe(5);

        // The very same call, many times at once: one of them is taken.
        var calls = await Outcomes.AtOnce(6, _ => house.Call("actions", press));
        calls.Count(call => call.Status == HttpStatusCode.OK).ShouldBe(1);
        calls.Count(call => call.Status == HttpStatusCode.Unauthorized).ShouldBe(5);
        (await world.Now(request)).State.ShouldBe(RequestState.Approved);
        await house.Answer();

        // Two accounts of two people for one place: one grant.
        foreach (var text in new[] { "payload=%7B", "payload=", "", "payload=1&payload=2", "payload=%7B%22type%22%3A%22block_actions%22%7D" })
            (await house.Call("actions", text + $"&n={text.Length}")).Status.ShouldBe(HttpStatusCode.BadRequest, text);
        await world.ShouldBalance();
    }

    [Fact]
    public async Task Yes_counts_only_where_a_rule_takes_it_from_a_chat_and_for_what_was_shown()
    {
        var house = await Set();
        var world = house.World;
        await house.Link(await world.Reviewer(), Rae);
        var dana = await world.Developer();

        // Production asks for two people at their pages.
        var production = await world.Request(dana, "nmap -sT -Pn -n -p 22 10.30.0.5");
        await house.Press(Rae, production);
        ((string)(await house.Answer())["text"]!).ShouldSatisfyAllConditions(text => text.ShouldContain("no rule takes this from a chat"), text => text.ShouldContain($"{World.PublicUrl}/inbox/{production.Id}"));
        await house.Press(Rae, production, approve: false);
        await house.Answer();
        (await world.Now(production)).State.ShouldBe(RequestState.Pending);

        // Of a request that touches both, a yes that would count for a half of it is none.
        var both = await world.Request(dana, "nmap -sT -Pn -n -p 22 10.20.0.5 10.30.0.5");
        await house.Press(Rae, both);
        ((string)(await house.Answer())["text"]!).ShouldContain("no rule takes this from a chat");

        // What cannot be shown whole is looked at on its page; and what was narrowed since is another statement.
        var longest = await world.Request(dana, $"nmap -sT -Pn -n -p {string.Join(',', Enumerable.Range(1_000, 200).Select(port => port.ToString(CultureInfo.InvariantCulture)))} 10.20.0.5");
        await house.Press(Rae, longest);
        ((string)(await house.Answer())["text"]!).ShouldContain("no rule takes this from a chat");
        var request = await world.Request(dana);
        await house.Press(Rae, request, statement: "sha256:" + new string('0', 64));
        ((string)(await house.Answer())["text"]!).ShouldContain("another statement");

        // One of two places is filled from there; under a rule that takes nothing from a chat it is asked anew.
        (await world.Get<ApplyPolicy>().Apply(await world.Admin(), new(Chatting.Replace("count: 1, chat: true", "count: 2, chat: true", StringComparison.Ordinal)), Cancel)).ShouldBeOk();
        request = await world.Request(dana);
        await house.Press(Rae, request);
        (await house.Answer()).ToJsonString().ShouldSatisfyAllConditions(text => text.ShouldContain("rae approved: still missing: 1 more of reviewer for zone staging"), text => text.ShouldContain(Pressed.Yes));
        (await world.Get<ApplyPolicy>().Apply(await world.Admin(), new(World.Policy), Cancel)).ShouldBeOk();
        var anew = await world.Now(request);
        (anew.Revision, anew.State).ShouldBe((2, RequestState.Pending));
        await house.Press(Rae, anew);
        ((string)(await house.Answer())["text"]!).ShouldContain("no rule takes this from a chat");
        (await world.Approve(await world.Reviewer("ron"), anew)).ShouldBeOk().State.ShouldBe("approved");
        await world.ShouldBalance();
    }

    [Fact]
    public async Task Account_that_floods_is_refused_for_a_while_and_others_go_on()
    {
        var house = await Set();
        var world = house.World;
        await house.Link(await world.Reviewer(), Rae);
        var request = await world.Request(await world.Developer());
        for (var press = 0; press < 20; press++)
            (await house.Press("U0MALLORY", request)).Status.ShouldBe(HttpStatusCode.OK);
        (await house.Press("U0MALLORY", request)).Status.ShouldBe(HttpStatusCode.TooManyRequests);
        (await world.Now(request)).State.ShouldBe(RequestState.Pending);

        (await house.Press(Rae, request)).Status.ShouldBe(HttpStatusCode.OK);
        (await world.Now(request)).State.ShouldBe(RequestState.Approved);
        world.Clock.Advance(TimeSpan.FromMinutes(1));
        (await house.Press("U0MALLORY", request)).Status.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task Answers_go_to_the_one_host_of_the_operator_and_a_dead_one_delays_no_decision()
    {
        var house = await Set();
        var world = house.World;
        await house.Link(await world.Reviewer(), Rae);
        foreach (var elsewhere in new[] { "https://127.0.0.1:1/x", "http://127.0.0.1/x", "https://169.254.169.254/latest", "file:///etc/passwd", "nonsense", $"https://x@127.0.0.1:{house.Port}/" })
        {
            var request = await world.Request(await world.Developer());
            (await house.Press(Rae, request, replyTo: elsewhere)).Status.ShouldBe(HttpStatusCode.OK);
            (await world.Now(request)).State.ShouldBe(RequestState.Approved);
        }

        var last = await world.Request(await world.Developer());
        await house.Press(Rae, last);
        await house.Answer();
    }

    [Fact]
    public async Task Message_in_the_channel_has_buttons_and_what_they_are_about_where_a_rule_takes_a_yes_from_there()
    {
        var house = await Set();
        var world = house.World;
        var file = Path.Combine(world.Folder, "channel.url");
        await File.WriteAllTextAsync(file, $"https://127.0.0.1:{house.Port}/services/T0/secret\n", Cancel);
        await Round(world);
        var position = await world.Read(db => db.AuditEntries.MaxAsync(row => row.Position)) ?? -1;
        await world.Writes.Append(db =>
        {
            db.Streams.Add(new() { Name = "channel", To = StreamTarget.Secret(file).Shown, AddressFile = file, Form = StreamForm.Slack, CaFile = house.Authority.File, ReachesPrivate = true, Cursor = position, AddedAt = world.Clock.GetUtcNow() });
            return Task.CompletedTask;
        });
        var dana = await world.Developer();
        var request = await world.Request(dana, reason: "<!channel> look");
        await world.Request(dana, "nmap -sT -Pn -n -p 22 10.30.0.5");
        await Round(world);

        await World.Eventually(() => Task.FromResult(house.Answers.Count == 2), "the channel hears nothing");
        var (staging, production) = (house.Answers.First(), house.Answers.Last());
        production.ToJsonString().ShouldNotContain("10.30.0.5");
        production.ToJsonString().ShouldNotContain(Pressed.Yes);
        var blocks = staging["blocks"]!.AsArray();
        ((string)blocks[2]!["text"]!["type"]!).ShouldBe("plain_text");
        ((string)blocks[2]!["text"]!["text"]!).ShouldBe($"{World.Command}\none address");
        blocks[3]!["elements"]!.AsArray().Select(button => (string)button!["action_id"]!).ShouldBe([Pressed.Yes, Pressed.No]);
        blocks[3]!["elements"]!.AsArray().ShouldAllBe(button => (string)button!["value"]! == $"{request.Id} {request.StatementDigest}");
        house.Answers.Clear();

        // It is what a press sends back.
        await house.Link(await world.Reviewer(), Rae);
        await house.Press(Rae, request);
        (await world.Now(request)).State.ShouldBe(RequestState.Approved);

        static async Task Round(World world)
        {
            await world.Get<Writ.Server.Audit.Sequencer>().Integrate(Cancel);
            await await world.Get<Streaming>().Once(Cancel);
        }
    }

    private async Task<House> Set()
    {
        var authority = new TestAuthority();
        var answers = new ConcurrentQueue<JsonNode>();
        var slack = new Receiver(authority, Receiver.Http((_, body) =>
        {
            answers.Enqueue(JsonNode.Parse(body)!);
            return "200 OK";
        }));
        var secret = Path.Combine(Path.GetDirectoryName(authority.File)!, "slack.secret");
        await File.WriteAllTextAsync(secret, Secret + "\n", Cancel);
        var app = new SlackSettings([Workspace], secret, ReplyHost: $"127.0.0.1:{slack.Port}", CaFile: authority.File, AllowPrivate: true);
        return Keep(new House(Keep(await Served.Of(await Create(Chatting, with: settings => settings with { Slack = app }))), authority, slack, answers));
    }

    [Collection(SqliteCollection.Name)]
    public sealed class OnSqlite(SqliteEngine engine) : ChatTests(engine);

    [Collection(PostgresCollection.Name)]
    public sealed class OnPostgres(PostgresEngine engine) : ChatTests(engine);
}
