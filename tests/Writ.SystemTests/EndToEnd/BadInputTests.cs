using System.Text;
using System.Text.Json;
using Writ.Contracts;

namespace Writ.SystemTests.EndToEnd;

/// <summary>What cannot be meant is refused with one clear line and the right code; nothing changes, and an attempt at access is on the record.</summary>
[Collection(OnPostgresCollection.Name)]
public sealed class BadInputTests(PostgresStreet houses) : EndToEndTest(houses)
{
    [Theory]
    [InlineData(2, "nmap has no option '--evil'", "invalid-command", "nmap", "--evil", "10.20.0.5")]
    [InlineData(2, "standard input holds no target", "invalid-target", "nmap", "-iL", "-")]
    [InlineData(2, "'-' is the terminal, not a file", "invalid-command", "nmap", "--excludefile", "-", "10.20.0.5")]
    [InlineData(2, "10.20.0.999", "invalid-target", "nmap", "-p", "22", "10.20.0.999")]
    [InlineData(2, "0.0.0.0/0", "invalid-target", "nmap", "-p", "22", "0.0.0.0/0")]
    [InlineData(2, "70000", "invalid-ports", "nmap", "-p", "70000", "10.20.0.5")]
    [InlineData(127, "no tool is named 'nc'", "unknown-tool", "nc", "10.20.0.5", "22")]
    public async Task Command_that_cannot_be_understood_is_refused(int code, string saying, string error, params string[] command)
    {
        var before = await Snapshot();
        (await House.Type("bob", ["run", "--reason", "a test", "--", .. command])).ShouldBeAnError(code, saying);
        (await Snapshot()).ShouldBe(before);
        (await House.As("ada").Audit()).ShouldContain(entry => entry.Type() == "attempt.refused" && entry.Actor() == "bob" && entry.Text("code") == error
            && entry.GetProperty("command").EnumerateArray().Select(word => word.GetString()).SequenceEqual(command));
    }

    [Fact]
    public async Task Wrong_file_is_refused_by_its_line_and_nothing_of_it_is_repeated()
    {
        var file = House.Write("wrong.txt", "10.20.0.5\nhunter2:$ecret\n");
        var refused = (await House.Type("sue", ["run", "--", "nmap", "-iL", file])).ShouldBeAnError(2, $"the target on line 2 of '{NmapArgument(file)}' is no IPv4 target");
        refused.Error.ShouldNotContain("hunter2");
        var told = (await House.As("ada").Audit()).Where(entry => entry.Type() == "attempt.refused" && entry.Actor() == "sue" && entry.GetRawText().Contains("line 2 of", StringComparison.Ordinal)).ToList();
        told.ShouldNotBeEmpty();
        told.ShouldAllBe(entry => !entry.GetRawText().Contains("hunter2", StringComparison.Ordinal));

        // Messages show the first 60 characters of a word.
        static string NmapArgument(string word) => word.Length <= 60 ? word : word[..60] + "...";
    }

    [Theory]
    [InlineData("192.0.2.1", "is in no zone", "--reason", "a test")]
    [InlineData("10.20.0.5", "30m", "--reason", "a test", "--for", "31m")]
    [InlineData("10.20.0.5", "at most 100", "--reason", "a test", "--uses", "101")]
    [InlineData("10.20.0.5", "reason")]
    [InlineData("10.20.0.5", "reason", "--reason", "")]
    [InlineData("10.20.0.5", "reason", "--reason", "  ")]
    public async Task Request_that_policy_denies_says_why(string target, string because, params string[] options)
    {
        var before = await Snapshot();
        var refused = (await House.Type("dana", ["run", .. options, "--", "nmap", "-n", "-Pn", "-sT", "-p", "22", target])).ShouldBeAnError(121, "policy denies this nmap command");
        refused.Error.ShouldContain(because);
        (await Snapshot()).ShouldBe(before);
        var request = (await House.As("dana").Get("/v1/requests?mine=true&limit=1", WritJson.Default.PageRequestView)).Ok.Items[0];
        (request.State, request.Grant).ShouldBe(("denied", null));
        (await House.As("dana").Audit(request.Id)).Single(entry => entry.Type() == "request.evaluated").Text("verdict").ShouldBe("deny");
    }

    [Fact]
    public async Task Forged_or_missing_token_is_not_signed_in()
    {
        var before = await Snapshot();
        foreach (var token in new[] { "wrt_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "nonsense", "" })
        {
            using var typing = House.StartTypingWith(token, "run", "--reason", "a test", "--", "nmap", "10.20.0.5");
            (await typing.End()).ShouldBeAnError(4, token.Length == 0 ? "not signed in" : "the token is unknown, expired or revoked");
        }

        (await Snapshot()).ShouldBe(before);
        (await House.As("ada").Audit()).Count(entry => entry.Type() == "signin.failed" && entry.Text("path") == "/v1/runs").ShouldBeGreaterThanOrEqualTo(2);
    }

    [Fact]
    public async Task Token_is_worth_nothing_when_its_time_is_over()
    {
        var token = await House.OnBox("token", "create", "--actor", "guest", "--group", "engineering", "--for", "10s");
        var guest = (await House.With(token).Get("/v1/whoami", WritJson.Default.WhoAmI)).Ok;
        await MachineClock.Until(guest.TokenNotAfter, Cancel);
        using var typing = House.StartTypingWith(token, "whoami");
        (await typing.End()).ShouldBeAnError(4, "the token is unknown, expired or revoked");
    }

    [Theory]
    [InlineData(1, "there is no request", "show", "req_01m822scdrecm8gfemd1f3r385")]
    [InlineData(1, "there is no request", "approve", "req_01m822scdrecm8gfemd1f3r385")]
    [InlineData(1, "there is no grant", "revoke", "gr_01m822scdrecm8gfemd1f3r385")]
    [InlineData(1, "there is no run", "kill", "run_01m822scdrecm8gfemd1f3r385")]
    [InlineData(1, "there is no run", "watch", "run_01m822scdrecm8gfemd1f3r385")]
    [InlineData(2, "is no id", "show", "whatever")]
    [InlineData(2, "is no id of a run", "kill", "run_../../policy")]
    [InlineData(2, "frobnicate", "frobnicate")]
    [InlineData(2, "is no duration", "run", "--for", "soon", "--", "nmap", "10.20.0.5")]
    public async Task Unknown_id_or_word_is_told(int code, string saying, params string[] line)
    {
        var before = await Snapshot();
        (await House.Type("dana", line)).ShouldBeAnError(code, saying);
        (await Snapshot()).ShouldBe(before);
    }

    [Fact]
    public async Task Body_of_ten_megabytes_is_too_large()
    {
        var before = await Snapshot();
        var body = Encoding.UTF8.GetBytes($"{{\"command\": [\"nmap\", \"{new string('1', 10 << 20)}\"]}}");
        var reply = await House.As("dana").Send(HttpMethod.Post, "/v1/requests", body, WritJson.Default.RequestView);
        ((int)reply.Status, reply.Problem?.Type).ShouldBe((413, "too-large"));
        var reasons = Encoding.UTF8.GetBytes($"{{\"reason\": \"{new string('1', 2 << 20)}\"}}");
        var ended = await House.As("dana").Send(HttpMethod.Post, "/v1/runs/run_00000000000000000000000000/kill", reasons, WritJson.Default.EndView);
        ((int)ended.Status, ended.Problem?.Type).ShouldBe((413, "too-large"));
        (await House.Type("ada", "policy", "apply", House.Write("larger.yaml", new string('#', (64 << 20) + 1)))).ShouldBeAnError(2, "larger than 64 MB");
        (await Snapshot()).ShouldBe(before);
    }

    [Theory]
    [InlineData("{\"command\": [\"nmap\"")]
    [InlineData("{\"command\": [\"nmap\", \"10.20.0.5\"], \"uses\": 1, \"sudo\": true}")]
    [InlineData("{\"command\": [\"nmap\", \"10.20.0.5\"], \"command\": [\"nmap\", \"10.30.0.5\"]}")]
    [InlineData("{\"command\": null}")]
    [InlineData("[]")]
    [InlineData("")]
    public async Task Body_that_is_malformed_is_invalid_input(string body)
    {
        var before = await Snapshot();
        var reply = await House.As("dana").Send(HttpMethod.Post, "/v1/requests", Encoding.UTF8.GetBytes(body), WritJson.Default.RequestView);
        ((int)reply.Status, reply.Problem?.Type).ShouldBe((400, "invalid-input"));
        (await Snapshot()).ShouldBe(before);
    }

    [Fact]
    public async Task Policy_with_a_typo_is_refused_with_file_line_and_hint_and_the_one_in_force_stays()
    {
        var before = await Snapshot();
        var typo = House.Policy.Replace("max-duration: 30m", "max-duraton: 30m");
        var line = Array.FindIndex(typo.Split('\n'), text => text.Contains("max-duraton", StringComparison.Ordinal)) + 1;
        var file = House.Write("typo.yaml", typo);
        var refused = (await House.Type("ada", "policy", "apply", file)).ShouldBeAnError(1, "the policy has problems; the one in force stays");
        refused.Error.ShouldContain($"  - {file}:{line}: ");
        refused.Error.ShouldContain("hint: ");
        refused.Error.ShouldContain("max-duration");
        (await House.Type("ada", "policy", "check", file)).ShouldBe(1).Text.ShouldContain($"{file}:{line}: ");
        (await Snapshot()).ShouldBe(before);
    }

    [Fact]
    public async Task Policy_whose_own_tests_fail_is_refused()
    {
        var before = await Snapshot();
        var wrong = House.Policy.Replace("expect: require-approval", "expect: allow");
        var file = House.Write("wrong.yaml", wrong);
        var refused = (await House.Type("ada", "policy", "apply", file)).ShouldBeAnError(1, "the policy has problems; the one in force stays");
        refused.Error.ShouldMatch($@"  - {file}:\d+: .*allow");
        (await Snapshot()).ShouldBe(before);
    }

    [Fact]
    public async Task Policy_is_applied_by_admins_alone()
    {
        var before = await Snapshot();
        (await House.Type("sam", "policy", "apply", House.Write("mine.yaml", House.Policy + "\n"))).ShouldBeAnError(1, "only an admin does this");
        (await Snapshot()).ShouldBe(before);
        (await House.As("ada").Audit()).ShouldContain(entry => entry.Type() == "attempt.refused" && entry.Actor() == "sam" && entry.Text("attempt") == "apply policy");
    }

    /// <summary>All that could give access: grants, runs, requests that are not over, runners, and the policy.</summary>
    private async Task<string> Snapshot()
    {
        var ada = House.As("ada");
        var requests = (await ada.Get("/v1/requests?limit=200", WritJson.Default.PageRequestView)).Ok.Items.Where(request => request.State is not ("denied" or "cancelled" or "expired"));
        var grants = (await ada.Get("/v1/grants?limit=200", WritJson.Default.PageGrantView)).Ok.Items;
        var runs = (await ada.Get("/v1/runs?limit=200", WritJson.Default.PageRunView)).Ok.Items;
        var runners = (await ada.Get("/v1/runners?limit=200", WritJson.Default.PageRunnerView)).Ok.Items;
        var policy = (await ada.Get("/v1/policy", WritJson.Default.PolicyView)).Ok;
        return JsonSerializer.Serialize(new object[]
        {
            requests.Select(request => $"{request.Id} {request.State}"), grants.Select(grant => $"{grant.Id} {grant.State} {grant.UsesLeft}"),
            runs.Select(run => $"{run.Id} {run.State}"), runners.Select(runner => runner.Id), policy.Hash, policy.AppliedAt,
        });
    }
}
