using System.Text.Json;
using Writ.Contracts;
using Writ.Contracts.Errors;
using Writ.Contracts.Grants;
using Writ.Contracts.Identity;
using Writ.Contracts.Requests;
using Writ.Contracts.Runners;
using Writ.Contracts.Runs;
using Writ.Proof.Errors;

namespace Writ.Tests.Cli;

/// <summary>Verbs about people, proposals and runners: what they ask of the server, what they print, how they exit.</summary>
public class UserVerbTests
{
    private const string Id = "act_06bqz3w1x8000000000000000";
    private static readonly DateTimeOffset At = new(2026, 7, 1, 14, 0, 0, TimeSpan.Zero);

    private static UserView User(string kind = "user", string id = Id, DateTimeOffset? disabled = null) =>
        new(id, "dana", kind, ["engineering"], ["developer"], false, false, null, ["ci-nightly"], At, disabled, null);

    [Theory]
    [InlineData("disable", "disabled: dana, 1 grant revoked, 0 requests answered anew or ended, 1 run ended\nconfirmed: ended after 84 ms, 0 processes left\n")]
    [InlineData("sign-out", "signed out: dana, 1 grant revoked, 0 requests answered anew or ended, 1 run ended\nconfirmed: ended after 84 ms, 0 processes left\n")]
    public async Task Disable_and_sign_out_find_the_user_by_name_and_tell_what_ended(string verb, string told)
    {
        await using var server = await FakeServer.StartAsync();
        server.Json("GET /v1/users", new Page<UserView>([User()], null), WritJson.Default.PageUserView);
        server.Json($"POST /v1/users/{Id}/{verb}",
            new UserEndView(User(disabled: verb == "disable" ? At : null), [Samples.GrantId], [], new("confirmed", true, 84, [new(Samples.RunId, "confirmed", "revoked", At, 3, 0)])), WritJson.Default.UserEndView);
        using var typed = new Typed(server.Address);

        (await typed.RunAsync("users", verb, "dana", "--reason", "left")).ShouldBe(0);

        typed.Output.ShouldBe(told);
        server.Calls.First().Query.ShouldContain("name=dana");
        JsonSerializer.Deserialize(server.Calls.First(call => call.Method == "POST").Body, WritJson.Default.EndAsk)!.Reason.ShouldBe("left");
        if (verb == "disable")
            typed.Error.ShouldContain("hint: these workloads of theirs go on: ci-nightly");
    }

    [Fact]
    public async Task Disable_that_a_runner_did_not_confirm_is_told_and_fails()
    {
        await using var server = await FakeServer.StartAsync();
        server.Json($"POST /v1/users/{Id}/disable",
            new UserEndView(User(disabled: At), [], [], new("unconfirmed", true, 5000, [new(Samples.RunId, "unconfirmed", "revoked", null, null, null)])), WritJson.Default.UserEndView);
        using var typed = new Typed(server.Address);
        (await typed.RunAsync("users", "disable", Id)).ShouldBe(1);
        typed.Output.ShouldContain("unconfirmed: 1 of 1 run not confirmed dead");
    }

    [Fact]
    public async Task User_that_nobody_is_or_two_are_is_refused_and_nothing_is_sent()
    {
        await using var server = await FakeServer.StartAsync();
        server.Json("GET /v1/users", new Page<UserView>([], null), WritJson.Default.PageUserView);
        using var nobody = new Typed(server.Address);
        (await nobody.RunAsync("users", "disable", "dana")).ShouldBe(1);
        nobody.Error.ShouldBe("writ: there is no user 'dana'\nhint: writ users lists them\n");

        server.Json("GET /v1/users", new Page<UserView>([User(), User("workload", "act_06bqz3w1x8000000000000001")], null), WritJson.Default.PageUserView);
        using var two = new Typed(server.Address);
        (await two.RunAsync("users", "disable", "dana")).ShouldBe(1);
        two.Error.ShouldContain("'dana' is the name of a user and a workload");
        server.Calls.ShouldAllBe(call => call.Method == "GET");
    }

    [Fact]
    public async Task Roles_sends_what_shall_change_and_refuses_contradictions()
    {
        await using var server = await FakeServer.StartAsync();
        server.Json($"PUT /v1/users/{Id}/roles", new UserEndView(User(), [], [], new("confirmed", true, 1, [])), WritJson.Default.UserEndView);
        using var typed = new Typed(server.Address);
        (await typed.RunAsync("users", "roles", Id, "--group", "secops", "--group", "ops", "--no-admin")).ShouldBe(0);
        var ask = JsonSerializer.Deserialize(server.Calls.Last().Body, WritJson.Default.RolesAsk)!;
        (ask.Admin, ask.Auditor).ShouldBe((false, null));
        ask.Groups.ShouldBe(["secops", "ops"]);

        foreach (var wrong in new[] { "--admin --no-admin", "--group a --no-groups", "" })
        {
            using var refused = new Typed(server.Address);
            (await refused.RunAsync(["users", "roles", Id, .. wrong.Split(' ', StringSplitOptions.RemoveEmptyEntries)])).ShouldBe(2);
        }

        server.Calls.Count.ShouldBe(1);
    }

    [Fact]
    public async Task Policy_that_waits_for_a_second_person_is_told_with_what_is_new_and_fails()
    {
        await using var server = await FakeServer.StartAsync();
        server.Problem("PUT /v1/policy", new(ErrorCode.SecondPersonNeeded, "this would give you a new right, and waits for a second person as prp_06bq", 409,
            Hint: "another admin confirms it within a day", Reasons: ["rule 'more' would open more to ada in zone production"]));
        var file = Path.GetTempFileName();
        try
        {
            await File.WriteAllTextAsync(file, "version: 1\n", TestContext.Current.CancellationToken);
            using var typed = new Typed(server.Address);
            (await typed.RunAsync("policy", "apply", file)).ShouldBe(1);
            typed.Error.ShouldBe("writ: this would give you a new right, and waits for a second person as prp_06bq\n  - rule 'more' would open more to ada in zone production\nhint: another admin confirms it within a day\n");
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public async Task Proposals_are_shown_confirmed_and_refused()
    {
        await using var server = await FakeServer.StartAsync();
        var proposal = new ProposalView("prp_06bqz3w1x8", "policy", new string('a', 64), "ada", ["rule 'more' would open more"], "waiting", At, At.AddDays(1), null, null, "version: 1\n# a\u001b[2Jb\n");
        server.Json("GET /v1/proposals/prp_06bqz3w1x8", proposal, WritJson.Default.ProposalView);
        server.Json("POST /v1/proposals/prp_06bqz3w1x8/confirm", proposal with { State = "confirmed", DecidedBy = "bea" }, WritJson.Default.ProposalView);
        server.Json("POST /v1/proposals/prp_06bqz3w1x8/refuse", proposal with { State = "refused", DecidedBy = "bea" }, WritJson.Default.ProposalView);
        using var shown = new Typed(server.Address);
        (await shown.RunAsync("proposals", "show", "prp_06bqz3w1x8")).ShouldBe(0);
        shown.Output.ShouldContain("rule 'more' would open more");
        using var content = new Typed(server.Address);
        (await content.RunAsync("proposals", "show", "prp_06bqz3w1x8", "--content")).ShouldBe(0);
        content.Output.ShouldStartWith("version: 1\n");
        content.Output.ShouldNotContain("\u001b", Case.Sensitive, "it is somebody else's text");
        using var confirmed = new Typed(server.Address);
        (await confirmed.RunAsync("proposals", "confirm", "prp_06bqz3w1x8")).ShouldBe(0);
        confirmed.Output.ShouldBe("confirmed: policy aaaaaaaaaaaa, proposed by ada\n");
        using var refused = new Typed(server.Address);
        (await refused.RunAsync("proposals", "refuse", "prp_06bqz3w1x8")).ShouldBe(0);
        refused.Output.ShouldBe("refused: policy aaaaaaaaaaaa, proposed by ada\n");
    }

    [Fact]
    public async Task Runner_is_disabled_with_what_its_runs_came_to()
    {
        await using var server = await FakeServer.StartAsync();
        const string runner = "rnr_06bqz3w1x8";
        server.Json($"POST /v1/runners/{runner}/disable", new RunnerEndView(runner, "berlin-1", At, new("confirmed", true, 12, [new(Samples.RunId, "confirmed", "revoked", At, 3, 0)])), WritJson.Default.RunnerEndView);
        server.Json($"POST /v1/runners/{runner}/enable", new RunnerEndView(runner, "berlin-1", null, new("confirmed", true, 0, [])), WritJson.Default.RunnerEndView);
        using var disabled = new Typed(server.Address);
        (await disabled.RunAsync("runners", "disable", runner, "--reason", "stolen")).ShouldBe(0);
        disabled.Output.ShouldBe("disabled: berlin-1\nconfirmed: ended after 12 ms, 0 processes left\n");
        using var enabled = new Typed(server.Address);
        (await enabled.RunAsync("runners", "enable", runner)).ShouldBe(0);
        enabled.Output.ShouldBe("enabled: berlin-1\n");
    }
}
