using System.Text.Json;
using Writ.Contracts;
using Writ.Contracts.Requests;
using Writ.Contracts.Templates;

namespace Writ.Tests.Cli;

/// <summary><c>--same-as</c>: what was asked for before is asked for again, from one place.</summary>
public class SameAsTests
{
    private static async Task<AskForAccess> Asked(RequestView before, params string[] words)
    {
        await using var server = await FakeServer.StartAsync();
        server.Json($"GET /v1/runs/{Samples.RunId}", Samples.Exited(0), WritJson.Default.RunView);
        server.Json($"GET /v1/requests/{Samples.RequestId}", before, WritJson.Default.RequestView);
        server.Json("POST /v1/requests", Samples.Request("pending"), WritJson.Default.RequestView);
        using var typed = new Typed(server.Address);
        (await typed.RunAsync(["request", .. words])).ShouldBe(0, typed.Error);
        return JsonSerializer.Deserialize(server.Calls.Last().Body, WritJson.Default.AskForAccess)!;
    }

    [Theory]
    [InlineData(Samples.RunId)]
    [InlineData(Samples.RequestId)]
    public async Task Request_same_as_an_earlier_one_asks_for_its_command_and_terms(string id)
    {
        var asked = await Asked(Samples.Request("approved") with { Ticket = "OPS-7", Uses = 3 }, "--same-as", id);
        asked.Command.ShouldBe(Samples.Argv);
        (asked.Reason, asked.Ticket, asked.DurationSeconds, asked.Uses, asked.Start, asked.Template).ShouldBe(("debug", "OPS-7", 1800, 3, null, null));
    }

    [Fact]
    public async Task Request_same_as_an_earlier_one_with_other_terms_takes_those()
    {
        var asked = await Asked(Samples.Request("approved"), "--same-as", Samples.RunId, "--for", "5m", "--reason", "again", "--uses", "2", "--ticket", "OPS-8");
        (asked.Reason, asked.Ticket, asked.DurationSeconds, asked.Uses).ShouldBe(("again", "OPS-8", 300, 2));
    }

    [Fact]
    public async Task Request_same_as_one_that_was_denied_leaves_its_terms_to_the_rule()
    {
        var asked = await Asked(Samples.Request("denied") with { DurationSeconds = 0, Uses = 0 }, "--same-as", Samples.RequestId);
        (asked.DurationSeconds, asked.Uses).ShouldBe((null, null));
    }

    [Fact]
    public async Task Request_same_as_a_use_of_a_template_uses_it_again()
    {
        var asked = await Asked(Samples.Request("approved") with { Template = new("web-check", 4, "abc", new Dictionary<string, string> { ["host"] = "web1" }) }, "--same-as", Samples.RequestId);
        asked.Command.ShouldBeEmpty();
        asked.Template.ShouldNotBeNull().Name.ShouldBe("web-check");
        asked.Template.Parameters.ShouldNotBeNull()["host"].ShouldBe("web1");
    }

    [Fact]
    public async Task Request_continues_a_run_with_its_terms_on_what_is_left()
    {
        await using var server = await FakeServer.StartAsync();
        string[] left = ["nmap", "-p", "22,80", "10.20.0.6-7"];
        server.Json($"GET /v1/runs/{Samples.RunId}", Samples.Exited(0), WritJson.Default.RunView);
        server.Json($"GET /v1/runs/{Samples.RunId}/rest", new(Samples.RunId, "2", left), WritJson.Default.RestView);
        server.Json($"GET /v1/requests/{Samples.RequestId}", Samples.Request("approved"), WritJson.Default.RequestView);
        server.Json("POST /v1/requests", Samples.Request("pending"), WritJson.Default.RequestView);
        using var typed = new Typed(server.Address);
        (await typed.RunAsync("request", "--continue", Samples.RunId)).ShouldBe(0, typed.Error);
        var asked = JsonSerializer.Deserialize(server.Calls.Last().Body, WritJson.Default.AskForAccess)!;
        (string.Join(' ', asked.Command), asked.Reason, asked.DurationSeconds).ShouldBe(("nmap -p 22,80 10.20.0.6-7", "debug", 1800));

        server.Json($"GET /v1/runs/{Samples.RunId}/rest", new(Samples.RunId, "0", []), WritJson.Default.RestView);
        using var again = new Typed(server.Address);
        (await again.RunAsync("request", "--continue", Samples.RunId)).ShouldBe(1);
        again.Error.ShouldContain("nothing is left");
    }

    [Theory]
    [InlineData("--continue stands in the place of a command", "request", "--continue", Samples.RunId, "--", "nmap", "10.20.0.5")]
    [InlineData("--same-as stands in the place of a command, and so does --continue", "request", "--continue", Samples.RunId, "--same-as", Samples.RunId)]
    [InlineData("--same-as stands in the place of a command", "request", "--same-as", Samples.RunId, "--", "nmap", "10.20.0.5")]
    [InlineData("a command is missing", "request", "--reason", "x")]
    [InlineData("a command is missing", "run")]
    [InlineData("a command is missing", "explain")]
    [InlineData("'gr_1' is no id of a run or request", "request", "--same-as", "gr_1")]
    [InlineData("'run_../../x' is no id of a run", "request", "--same-as", "run_../../x")]
    public async Task Request_same_as_nothing_that_can_be_is_refused_before_anything_is_asked(string saying, params string[] words)
    {
        await using var server = await FakeServer.StartAsync();
        using var typed = new Typed(server.Address);
        (await typed.RunAsync(words)).ShouldBe(2);
        typed.Error.ShouldContain(saying);
        server.Calls.ShouldBeEmpty();
    }

    [Fact]
    public async Task Request_same_as_more_time_names_the_run()
    {
        await using var server = await FakeServer.StartAsync();
        server.Json($"GET /v1/requests/{Samples.RequestId}", Samples.Request("approved") with { Extends = new(Samples.RequestId, Samples.RunId, Samples.GrantId, Samples.Now, Samples.Now, "in-force", null) }, WritJson.Default.RequestView);
        using var typed = new Typed(server.Address);
        (await typed.RunAsync("request", "--same-as", Samples.RequestId)).ShouldBe(2);
        typed.Error.ShouldContain($"hint: say --same-as {Samples.RunId}");
        server.Calls.Count.ShouldBe(1);
    }
}
