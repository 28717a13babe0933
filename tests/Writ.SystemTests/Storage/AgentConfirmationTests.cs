using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.EntityFrameworkCore;
using ModelContextProtocol.Client;
using ModelContextProtocol.Protocol;
using Writ.SystemTests.Databases;

namespace Writ.SystemTests.Storage;

/// <summary>An agent's person sees what is about to be asked in their name, where their client can show it.</summary>
public abstract class AgentConfirmationTests(StorageEngine engine) : StorageTest(engine), IDisposable
{
    private readonly AgentSignIns _agents = new();
    private readonly List<string> _shown = [];

    private static Dictionary<string, object?> Wanted(string reason = "what changed over night") => new() { ["command"] = World.Command.Split(' '), ["reason"] = reason };

    /// <summary>An agent whose person answers so.</summary>
    private Task<McpClient> Connect(Served served, Func<ElicitResult> answer, string workload = "ci-nightly") => _agents.Connect(served, workload, new()
    {
        Capabilities = new() { Elicitation = new() { Form = new() } },
        Handlers = new()
        {
            ElicitationHandler = (asked, _) =>
            {
                _shown.Add(asked!.Message);
                return ValueTask.FromResult(answer());
            },
        },
    });

    private static ElicitResult Answer(string action, bool? confirm = null) => new()
    {
        Action = action, Content = confirm is { } yes ? new Dictionary<string, JsonElement> { ["confirm"] = JsonSerializer.SerializeToElement(yes) } : null,
    };

    private static async Task<JsonElement> Ask(McpClient agent, Dictionary<string, object?>? wanted = null) =>
        JsonDocument.Parse((await agent.CallToolAsync("request_access", wanted ?? Wanted(), cancellationToken: Cancel)).Content.ShouldHaveSingleItem().ShouldBeOfType<TextContentBlock>().Text).RootElement;

    private static Task<int> Count(World world) => world.Read(db => db.Requests.CountAsync(Cancel));

    [Fact]
    public async Task What_is_asked_in_somebodys_name_is_shown_to_them_first()
    {
        var world = await Create(_agents.Policy);
        await using var served = await Served.Of(world);
        var next = Answer("decline");
        await using var agent = await Connect(served, () => next);

        // Whatever is no plain yes asks for nothing.
        foreach (var no in new[] { Answer("decline"), Answer("cancel"), Answer("accept"), Answer("accept", false), Answer("decline", true) })
        {
            next = no;
            (await Ask(agent)).GetProperty("error").GetString().ShouldBe("not-confirmed");
        }

        (await Count(world)).ShouldBe(0);
        _shown[0].Split('\n').ShouldSatisfyAllConditions(
            lines => lines.ShouldContain($"command: {World.Command}"), lines => lines.ShouldContain("hosts: 1: 10.20.0.5"), lines => lines.ShouldContain("reason: \"what changed over night\""),
            lines => lines.ShouldContain("policy: a person decides on it elsewhere"), lines => lines.ShouldContain(line => line.StartsWith("for: ") && line.EndsWith("minutes, one run")));

        // Their yes asks, and is no decision.
        next = Answer("accept", true);
        var asked = await Ask(agent);
        asked.GetProperty("state").GetString().ShouldBe("pending");
        (await world.Read(db => db.Decisions.CountAsync(Cancel))).ShouldBe(0);
        (await agent.CallToolAsync("run", new Dictionary<string, object?> { ["request"] = asked.GetProperty("request").GetString() }, cancellationToken: Cancel)).IsError.ShouldBe(true);

        // A reason that looks like lines of ours is one line of text.
        await Ask(agent, Wanted("x\"\npolicy: allows it at once\u202e"));
        _shown[^1].Split('\n').Count(line => line.StartsWith("policy:")).ShouldBe(1);
        _shown[^1].ShouldAllBe(letter => letter == '\n' || (letter >= ' ' && letter < 127));
        await world.ShouldBalance();
    }

    [Fact]
    public async Task A_yes_is_for_what_was_shown_to_whom_it_was_shown_once_and_for_ten_minutes()
    {
        var world = await Create(_agents.Policy);
        await using var served = await Served.Of(world);
        await using var second = await Served.Of(world, name: "second");
        var (mine, others) = (await _agents.Token(served, "ci-nightly", AgentSignIns.Agents), await _agents.Token(served, "ops-bot", AgentSignIns.Agents));

        var note = Note(await Call(served, mine, "because", null));
        // Another reason, another caller, or a note that nobody sealed: the person is asked anew.
        Note(await Call(served, mine, "for another reason", note)).ShouldNotBe(note);
        Note(await Call(served, others, "because", note)).ShouldNotBe(note);
        Note(await Call(served, mine, "because", note + "x")).ShouldNotBe(note);
        Note(await Call(served, mine, "because", $"{world} 1 2 3")).ShouldNotBe(note);
        // What is no answer, or one of another kind, is no yes.
        foreach (var garbage in new JsonNode?[] { "accept", new JsonArray(), null, new JsonObject { ["action"] = "accept" }, new JsonObject { ["action"] = "accept", ["content"] = new JsonObject { ["confirm"] = "true" } } })
            (await Call(served, mine, "because", note, garbage)).ToJsonString().ShouldNotContain("req_");
        (await Count(world)).ShouldBe(0);

        // Another server takes it as well, and the same yes again is the same request, also at once.
        var answers = await Outcomes.AtOnce(8, at => Call(at % 2 == 0 ? served : second, mine, "because", note));
        answers.Select(answer => JsonNode.Parse(answer["content"]![0]!["text"]!.GetValue<string>())!["request"]!.GetValue<string>()).Distinct().ShouldHaveSingleItem();
        (await Count(world)).ShouldBe(1);

        var late = Note(await Call(served, mine, "because", null));
        world.Clock.Advance(TimeSpan.FromMinutes(10));
        Note(await Call(served, await _agents.Token(served, "ci-nightly", AgentSignIns.Agents), "because", late)).ShouldNotBe(late);
        (await Count(world)).ShouldBe(1);
        await world.ShouldBalance();
    }

    [Fact]
    public async Task A_client_that_cannot_ask_its_person_goes_on_without()
    {
        var world = await Create(_agents.Policy);
        await using var served = await Served.Of(world);
        await using var agent = await _agents.Connect(served);
        (await Ask(agent)).GetProperty("state").GetString().ShouldBe("pending");
        // One that speaks an older revision cannot be asked by a server that keeps nothing of it.
        await using var old = await _agents.Connect(served, options: new()
        {
            ProtocolVersion = "2025-11-25", Capabilities = new() { Elicitation = new() { Form = new() } },
            Handlers = new() { ElicitationHandler = (_, _) => throw new InvalidOperationException("it was asked") },
        });
        (await Ask(old)).GetProperty("state").GetString().ShouldBe("pending");
    }

    private static string Note(JsonNode answer)
    {
        answer["inputRequests"]!["confirm"]!["method"]!.GetValue<string>().ShouldBe("elicitation/create");
        return answer["requestState"]!.GetValue<string>();
    }

    /// <summary>A call as a client's program makes it; with a note, and its person's yes.</summary>
    private static async Task<JsonNode> Call(Served served, string token, string reason, string? note) =>
        await Call(served, token, reason, note, new JsonObject { ["action"] = "accept", ["content"] = new JsonObject { ["confirm"] = true } });

    private static async Task<JsonNode> Call(Served served, string token, string reason, string? note, JsonNode? answer)
    {
        var about = new JsonObject
        {
            ["io.modelcontextprotocol/protocolVersion"] = "2026-07-28",
            ["io.modelcontextprotocol/clientInfo"] = new JsonObject { ["name"] = "test", ["version"] = "1" },
            ["io.modelcontextprotocol/clientCapabilities"] = new JsonObject { ["elicitation"] = new JsonObject { ["form"] = new JsonObject() } },
        };
        var call = new JsonObject { ["name"] = "request_access", ["arguments"] = JsonSerializer.SerializeToNode(Wanted(reason)), ["_meta"] = about };
        if (note is not null)
        {
            call["requestState"] = note;
            call["inputResponses"] = new JsonObject { ["confirm"] = answer };
        }

        var (status, body, _) = await served.Send(HttpMethod.Post, "/mcp", token, new JsonObject { ["jsonrpc"] = "2.0", ["id"] = 1, ["method"] = "tools/call", ["params"] = call }.ToJsonString(), with: request =>
        {
            request.Headers.Accept.ParseAdd("application/json, text/event-stream");
            request.Headers.Add("MCP-Protocol-Version", "2026-07-28");
            request.Headers.Add("Mcp-Method", "tools/call");
            request.Headers.Add("Mcp-Name", "request_access");
        });
        status.ShouldBe(System.Net.HttpStatusCode.OK, body);
        var json = body.StartsWith('{') ? body : body.Split('\n').Single(line => line.StartsWith("data: ", StringComparison.Ordinal))["data: ".Length..];
        return JsonNode.Parse(json)!["result"] ?? JsonNode.Parse(json)!["error"].ShouldNotBeNull(body);
    }

    public void Dispose()
    {
        _agents.Dispose();
        GC.SuppressFinalize(this);
    }

    [Collection(SqliteCollection.Name)]
    public sealed class OnSqlite(SqliteEngine engine) : AgentConfirmationTests(engine);

    [Collection(PostgresCollection.Name)]
    public sealed class OnPostgres(PostgresEngine engine) : AgentConfirmationTests(engine);
}
