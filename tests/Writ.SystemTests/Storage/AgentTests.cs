using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using ModelContextProtocol.Client;
using ModelContextProtocol.Protocol;
using Writ.Server.Agents;
using Writ.SystemTests.Databases;

namespace Writ.SystemTests.Storage;

/// <summary>Agents that come by the Model Context Protocol: they ask as any process does, and people decide elsewhere.</summary>
public abstract class AgentTests(StorageEngine engine) : StorageTest(engine), IDisposable
{
    private static readonly string[] Command = World.Command.Split(' ');

    private readonly AgentSignIns _agents = new();

    /// <summary>A world that is served, and its workloads.</summary>
    private async Task<(World World, Served Served)> Start()
    {
        var world = await Create(_agents.Policy);
        return (world, Keep(await Served.Of(world)));
    }

    private static async Task<(bool IsError, JsonElement Said)> Call(McpClient agent, string tool, params (string Name, object? Value)[] arguments)
    {
        var answer = await agent.CallToolAsync(tool, arguments.ToDictionary(argument => argument.Name, argument => argument.Value), cancellationToken: Cancel);
        var text = answer.Content.ShouldHaveSingleItem().ShouldBeOfType<TextContentBlock>().Text;
        return (answer.IsError == true, JsonDocument.Parse(text).RootElement);
    }

    [Fact]
    public async Task An_agent_asks_and_runs_what_a_person_approved_elsewhere()
    {
        var (world, served) = await Start();
        await using var agent = await _agents.Connect(served);

        var tools = await agent.ListToolsAsync(cancellationToken: Cancel);
        tools.Select(tool => tool.Name).Order(StringComparer.Ordinal).ShouldBe(["explain", "read_results", "request_access", "run", "show_request", "show_run"]);
        tools.Single(tool => tool.Name == "request_access").JsonSchema.GetProperty("properties").EnumerateObject().Select(property => property.Name)
            .ShouldBe(["reason", "command", "template", "parameters", "minutes", "uses", "ticket"], ignoreOrder: true);
        var (_, explained) = await Call(agent, "explain", ("command", Command));
        explained.GetProperty("verdict").GetString().ShouldBe("require-approval");
        explained.GetProperty("tcp").GetString().ShouldBe("22,80");

        var (_, asked) = await Call(agent, "request_access", ("command", Command), ("reason", "what changed over night"));
        var request = asked.GetProperty("request").GetString()!;
        (asked.GetProperty("state").GetString(), asked.GetProperty("people_decide_at").GetString()).ShouldBe(("pending", $"{World.PublicUrl}/inbox/{request}"));
        // Before a person said yes nothing runs, and asking the same again changes nothing of that.
        (await Call(agent, "run", ("request", request))).ShouldSatisfyAllConditions(answer => answer.IsError.ShouldBeTrue(), answer => answer.Said.GetProperty("error").GetString().ShouldBe("no-grant"));
        var waiting = Call(agent, "show_request", ("request", request), ("wait_seconds", 30));
        (await served.World.Approve(await world.Reviewer(), await world.Read(db => db.Requests.SingleAsync(row => row.State == Core.RequestState.Pending, Cancel)), "go on")).ShouldBeOk();
        var (_, decided) = await waiting.WaitAsync(TimeSpan.FromSeconds(20), Cancel);
        decided.GetProperty("state").GetString().ShouldBe("approved");
        decided.GetProperty("decided")[0].GetProperty("comment").GetString().ShouldBe("go on");

        var (_, run) = await Call(agent, "run", ("request", request));
        run.GetProperty("run").GetString().ShouldNotBeNull().ShouldStartWith("run_");
        (await Call(agent, "run", ("request", request))).IsError.ShouldBeTrue("its one use is taken");
        (await Call(agent, "show_run", ("run", run.GetProperty("run").GetString()))).Said.GetProperty("executed")[0].GetString().ShouldBe("nmap");
        (await Call(agent, "read_results", ("run", "run_nosuch"))).Said.GetProperty("error").GetString().ShouldBe("not-found");
        await world.ShouldBalance();
    }

    [Fact]
    public async Task An_agent_sees_nothing_of_others_and_takes_few_of_peoples_minutes()
    {
        var (world, served) = await Start();
        var others = await world.Request(await world.Developer("dora"));
        await using var agent = await _agents.Connect(served);

        (await Call(agent, "show_request", ("request", others.Id.ToString()))).Said.GetProperty("error").GetString().ShouldBe("not-found");
        (await Call(agent, "request_access", ("command", Command), ("reason", ""), ("minutes", -5))).IsError.ShouldBeTrue();
        for (var at = 0; at < AgentCaps.MostWaiting; at++)
            (await Call(agent, "request_access", ("command", Command), ("reason", "again"))).IsError.ShouldBeFalse();
        var (refused, why) = await Call(agent, "request_access", ("command", Command), ("reason", "again"));
        (refused, why.GetProperty("error").GetString()).ShouldBe((true, "too-many-attempts"));
        // Whoever calls in a loop is told to wait, and others are not.
        var told = false;
        for (var at = 0; at < AgentCaps.Calls.Burst && !told; at++)
            told = (await Call(agent, "show_request", ("request", "req_x"))).Said.GetProperty("error").GetString() == "too-many-attempts";
        told.ShouldBeTrue();
        await using var another = await _agents.Connect(served, "ops-bot");
        (await Call(another, "explain", ("command", Command))).Said.GetProperty("verdict").GetString().ShouldBe("allow");
    }

    public void Dispose()
    {
        _agents.Dispose();
        GC.SuppressFinalize(this);
    }

    [Collection(SqliteCollection.Name)]
    public sealed class OnSqlite(SqliteEngine engine) : AgentTests(engine);

    [Collection(PostgresCollection.Name)]
    public sealed class OnPostgres(PostgresEngine engine) : AgentTests(engine);
}
