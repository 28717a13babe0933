using System.Text.Json;
using Writ.Contracts;
using Writ.Contracts.Audit;
using Writ.Contracts.Errors;
using Writ.Contracts.Grants;
using Writ.Contracts.Identity;
using Writ.Contracts.Policy;
using Writ.Contracts.Requests;
using Writ.Contracts.Runners;
using Writ.Contracts.Runs;
using Writ.Proof.Errors;

namespace Writ.Tests.Cli;

/// <summary>Every verb but <c>run</c> and <c>watch</c>: what it asks of the server, what it prints, how it exits.</summary>
public class VerbTests
{
    [Fact]
    public async Task Approve_shows_the_plan_and_decides_on_the_digest_that_was_shown()
    {
        await using var server = await FakeServer.StartAsync();
        server.Json($"GET /v1/requests/{Samples.RequestId}", Samples.Request("pending"), WritJson.Default.RequestView);
        server.Json($"POST /v1/requests/{Samples.RequestId}/approve", Samples.Request("approved"), WritJson.Default.RequestView);
        using var typed = new Typed(server.Address);

        (await typed.RunAsync("approve", Samples.RequestId, "--comment", "fine")).ShouldBe(0);

        foreach (var part in (string[])["dana (user)", "nmap -p 22,80 10.20.0.5", "1 address: 10.20.0.5", "2 tcp: 22, 80", "about 12 packets, 2s", "30m from approval, 1 use"])
            typed.Error.ShouldContain(part);
        typed.Output.ShouldBe($"approved: dana has grant {Samples.GrantId} for 30m, 1 use\n");
        var decide = JsonSerializer.Deserialize(server.Calls.Last().Body, WritJson.Default.Decide)!;
        decide.ShouldBe(new Decide(new string('a', 64), "fine"));
    }

    [Fact]
    public async Task Approve_for_less_makes_it_that_much_and_decides_on_that_revision()
    {
        await using var server = await FakeServer.StartAsync();
        var pending = Samples.Request("pending");
        var narrowed = pending with { Revision = 2, DurationSeconds = 600, StatementDigest = new string('b', 64) };
        server.Json($"GET /v1/requests/{Samples.RequestId}", pending, WritJson.Default.RequestView);
        server.Json($"POST /v1/requests/{Samples.RequestId}/narrow", narrowed, WritJson.Default.RequestView);
        server.Json($"POST /v1/requests/{Samples.RequestId}/approve", Samples.Request("approved") with { DurationSeconds = 600 }, WritJson.Default.RequestView);
        using var typed = new Typed(server.Address, input: "y\n", terminal: true);

        (await typed.RunAsync("approve", Samples.RequestId, "--for", "10m", "--comment", "until lunch")).ShouldBe(0);

        typed.Error.ShouldContain("approve this for 10m? [y/N]");
        typed.Output.ShouldBe($"approved: dana has grant {Samples.GrantId} for 10m, 1 use\n");
        server.Calls.Select(call => call.Path.Split('/')[^1]).ShouldBe([Samples.RequestId, "narrow", "approve"]);
        JsonSerializer.Deserialize(server.Calls.ElementAt(1).Body, WritJson.Default.NarrowAsk)!.ShouldBe(new NarrowAsk(new string('a', 64), DurationSeconds: 600, Comment: "until lunch"));
        JsonSerializer.Deserialize(server.Calls.ElementAt(2).Body, WritJson.Default.Decide)!.ShouldBe(new Decide(new string('b', 64), "until lunch"));
    }

    [Fact]
    public async Task Approve_for_less_approves_nothing_but_what_was_shown_in_less_time()
    {
        var pending = Samples.Request("pending");
        foreach (var other in (RequestView[])
                 [
                     pending with { Revision = 3, DurationSeconds = 600 },
                     pending with { Revision = 2, DurationSeconds = 601 },
                     pending with { Revision = 2, DurationSeconds = 600, Command = ["nmap", "10.20.0.6"] },
                     pending with { Revision = 2, DurationSeconds = 600, Runner = "elsewhere" },
                     pending with { Revision = 2, DurationSeconds = 600, Plan = pending.Plan with { Scope = pending.Plan.Scope with { Addresses = ["10.0.0.0/8"] } } },
                 ])
        {
            await using var server = await FakeServer.StartAsync();
            server.Json($"GET /v1/requests/{Samples.RequestId}", pending, WritJson.Default.RequestView);
            server.Json($"POST /v1/requests/{Samples.RequestId}/narrow", other, WritJson.Default.RequestView);
            using var typed = new Typed(server.Address);
            (await typed.RunAsync("approve", Samples.RequestId, "--yes", "--for", "10m")).ShouldBe(1);
            typed.Error.ShouldContain("nothing of it was approved here");
        }

        // More than is asked for is no approval; as much is the approval as it was shown, and what policy allows of less needs none.
        await using var plain = await FakeServer.StartAsync();
        plain.Json($"GET /v1/requests/{Samples.RequestId}", pending, WritJson.Default.RequestView);
        plain.Json($"POST /v1/requests/{Samples.RequestId}/approve", Samples.Request("approved"), WritJson.Default.RequestView);
        plain.Json($"POST /v1/requests/{Samples.RequestId}/narrow", Samples.Request("approved") with { Revision = 2, DurationSeconds = 60 }, WritJson.Default.RequestView);
        using var more = new Typed(plain.Address);
        (await more.RunAsync("approve", Samples.RequestId, "--yes", "--for", "31m")).ShouldBe(2);
        more.Error.ShouldContain("--for 31m is more than is asked for");
        (await more.RunAsync("approve", Samples.RequestId, "--yes", "--for", "0m")).ShouldBe(2);
        (await more.RunAsync("approve", Samples.RequestId, "--yes", "--for", "30m")).ShouldBe(0);
        plain.Calls.Select(call => call.Path.Split('/')[^1]).ShouldNotContain("narrow");
        (await more.RunAsync("approve", Samples.RequestId, "--yes", "--for", "1m")).ShouldBe(0);
        plain.Calls.Last().Path.ShouldEndWith("narrow");
    }

    [Theory]
    [InlineData("y\n", 0)]
    [InlineData("n\n", 1)]
    [InlineData("\n", 1)]
    [InlineData("", 1)]
    public async Task Approve_on_a_terminal_asks_first(string typedIn, int code)
    {
        await using var server = await FakeServer.StartAsync();
        server.Json($"GET /v1/requests/{Samples.RequestId}", Samples.Request("pending"), WritJson.Default.RequestView);
        server.Json($"POST /v1/requests/{Samples.RequestId}/approve", Samples.Request("approved"), WritJson.Default.RequestView);
        using var typed = new Typed(server.Address, input: typedIn, terminal: true);

        (await typed.RunAsync("approve", Samples.RequestId)).ShouldBe(code);
        server.Calls.Count.ShouldBe(code == 0 ? 2 : 1);
    }

    [Fact]
    public async Task Approve_where_a_passkey_is_asked_for_shows_the_page_and_waits_for_the_own_decision()
    {
        await using var server = await FakeServer.StartAsync();
        var pending = Samples.Request("pending");
        var asked = 0;
        server.On($"GET /v1/requests/{Samples.RequestId}", context => FakeServer.Write(context, asked++ switch
        {
            0 or 1 => pending,
            // Somebody else's yes is not the one that is waited for.
            2 => Samples.Request("pending", new DecisionView("dec_1", Samples.Dana, true, null, Samples.Now, 1)),
            _ => Samples.Request("approved", new DecisionView("dec_2", Samples.Bob, true, null, Samples.Now, 1, "pk_1")),
        }, WritJson.Default.RequestView));
        server.Json("GET /v1/whoami", new WhoAmI(Samples.Bob.Id, "bob", "user", [], [], false, false, Samples.Now), WritJson.Default.WhoAmI);
        server.Problem($"POST /v1/requests/{Samples.RequestId}/approve", new(ErrorCode.PasskeyNeeded, "a rule asks for this approval by a passkey", 403, Needs: ["https://writ.example.com/approve/req_1"]));
        using var typed = new Typed(server.Address, terminal: true);

        (await typed.RunAsync("approve", Samples.RequestId, "--yes")).ShouldBe(0);
        typed.Output.ShouldStartWith("approved: dana has grant");
        typed.Error.ShouldContain("https://writ.example.com/approve/req_1");
        typed.Error.ShouldContain("█");
        typed.Error.ShouldContain($"its statement is {new string('a', 16)}");
        asked.ShouldBe(4);

        using var piped = new Typed(server.Address);
        asked = 0;
        (await piped.RunAsync("approve", Samples.RequestId)).ShouldBe(0);
        piped.Error.ShouldNotContain("█");
    }

    [Fact]
    public async Task Approve_by_passkey_ends_when_the_request_has_become_another()
    {
        await using var server = await FakeServer.StartAsync();
        var asked = 0;
        server.On($"GET /v1/requests/{Samples.RequestId}", context => FakeServer.Write(
            context, asked++ == 0 ? Samples.Request("pending") : Samples.Request("pending") with { Revision = 2, StatementDigest = new('b', 64) }, WritJson.Default.RequestView));
        server.Json("GET /v1/whoami", new WhoAmI(Samples.Bob.Id, "bob", "user", [], [], false, false, Samples.Now), WritJson.Default.WhoAmI);
        server.Problem($"POST /v1/requests/{Samples.RequestId}/approve", new(ErrorCode.PasskeyNeeded, "a rule asks for this approval by a passkey", 403, Needs: ["javascript:alert(1)"]));
        using var odd = new Typed(server.Address);
        (await odd.RunAsync("approve", Samples.RequestId)).ShouldBe(1);
        odd.Error.ShouldContain("names no page");
        server.Problem($"POST /v1/requests/{Samples.RequestId}/approve", new(ErrorCode.PasskeyNeeded, "a rule asks for this approval by a passkey", 403, Needs: ["https://writ.example.com/approve/req_1"]));
        asked = 0;
        using var typed = new Typed(server.Address);
        (await typed.RunAsync("approve", Samples.RequestId)).ShouldBe(1);
        typed.Error.ShouldContain("has become another");
    }

    [Fact]
    public async Task Passkeys_are_listed_confirmed_by_fingerprint_and_removed()
    {
        await using var server = await FakeServer.StartAsync();
        var passkey = new PasskeyView("pk_1", Samples.Bob, "laptop", "MFkw", "3f0c9a1d5b7e2468", Samples.Now, null, null, null);
        server.Json("GET /v1/passkeys", new Page<PasskeyView>([passkey, passkey with { Id = "pk_2", ConfirmedAt = Samples.Now, ConfirmedBy = Samples.Dana }], null), WritJson.Default.PagePasskeyView);
        server.Json("POST /v1/passkeys/pk_1/confirm", passkey with { ConfirmedAt = Samples.Now }, WritJson.Default.PasskeyView);
        server.Json("POST /v1/passkeys/pk_1/remove", passkey with { RemovedAt = Samples.Now }, WritJson.Default.PasskeyView);
        using var list = new Typed(server.Address);
        (await list.RunAsync("passkey", "list")).ShouldBe(0);
        foreach (var part in (string[])["pk_1", "not confirmed", "3f0c9a1d5b7e2468", "approves, confirmed by dana"])
            list.Output.ShouldContain(part);
        using var confirm = new Typed(server.Address);
        (await confirm.RunAsync("passkey", "confirm", "pk_1", "3f0c9a1d5b7e2468")).ShouldBe(0);
        confirm.Output.ShouldBe("pk_1 of bob approves from now on\n");
        server.Calls.Last().Body.ShouldBe("""{"fingerprint":"3f0c9a1d5b7e2468"}""");
        using var remove = new Typed(server.Address);
        (await remove.RunAsync("passkey", "remove", "pk_1")).ShouldBe(0);
        remove.Output.ShouldBe("pk_1 of bob is removed\n");
        (await remove.RunAsync("passkey", "remove", "../x")).ShouldBe(2);
    }

    [Fact]
    public async Task Approve_of_what_is_over_decides_nothing()
    {
        await using var server = await FakeServer.StartAsync();
        server.Json($"GET /v1/requests/{Samples.RequestId}", Samples.Request("cancelled"), WritJson.Default.RequestView);
        using var typed = new Typed(server.Address);
        (await typed.RunAsync("approve", Samples.RequestId)).ShouldBe(1);
        server.Calls.Count.ShouldBe(1);
    }

    [Fact]
    public async Task Deny_and_cancel_tell_the_new_state()
    {
        await using var server = await FakeServer.StartAsync();
        server.Json($"GET /v1/requests/{Samples.RequestId}", Samples.Request("pending"), WritJson.Default.RequestView);
        server.Json($"POST /v1/requests/{Samples.RequestId}/deny", Samples.Request("denied"), WritJson.Default.RequestView);
        server.Json($"POST /v1/requests/{Samples.RequestId}/cancel", Samples.Request("cancelled"), WritJson.Default.RequestView);
        using var denied = new Typed(server.Address);
        (await denied.RunAsync("deny", Samples.RequestId)).ShouldBe(0);
        denied.Output.ShouldBe($"denied: {Samples.RequestId} of dana\n");
        using var cancelled = new Typed(server.Address);
        (await cancelled.RunAsync("cancel", Samples.RequestId)).ShouldBe(0);
        cancelled.Output.ShouldBe($"cancelled: {Samples.RequestId}\n");
    }

    [Fact]
    public async Task Request_prints_the_id_alone_on_standard_output()
    {
        await using var server = await FakeServer.StartAsync();
        server.Json("POST /v1/requests", Samples.Request("pending"), WritJson.Default.RequestView, 201);
        using var typed = new Typed(server.Address);
        (await typed.RunAsync("request", "--start", "2026-07-01T15:00:00Z", "--ticket", "T-1", "--", "nmap", "10.20.0.5")).ShouldBe(0);
        typed.Output.ShouldBe($"{Samples.RequestId}\n");
        JsonSerializer.Deserialize(server.Calls.Single().Body, WritJson.Default.AskForAccess)!.Start.ShouldBe(Samples.Now.AddHours(1));
    }

    [Fact]
    public async Task Lists_follow_pages_and_filters()
    {
        await using var server = await FakeServer.StartAsync();
        server.On("GET /v1/requests", context => FakeServer.Write(
            context,
            context.Request.Query["cursor"].ToString() switch
            {
                "" => new Page<RequestView>([Samples.Request("pending")], "a"),
                "a" => new Page<RequestView>([], "b"),
                _ => new Page<RequestView>([Samples.Request("denied")], null),
            },
            WritJson.Default.PageRequestView));
        using var typed = new Typed(server.Address);
        (await typed.RunAsync("requests", "--mine", "--status", "pending", "--since", "2h")).ShouldBe(0);
        typed.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length.ShouldBe(3);
        typed.Output.ShouldContain("nmap -p 22,80 10.20.0.5");
        server.Calls.First().Query.ShouldStartWith("?limit=50&mine=true&state=pending&since=");

        using var json = new Typed(server.Address);
        (await json.RunAsync("requests", "--format", "json")).ShouldBe(0);
        using var document = JsonDocument.Parse(json.Output);
        document.RootElement.GetProperty("items").GetArrayLength().ShouldBe(2);
        json.Output.ShouldContain("\"created_at\"");
    }

    [Fact]
    public async Task Show_follows_the_prefix()
    {
        await using var server = await FakeServer.StartAsync();
        server.Json($"GET /v1/requests/{Samples.RequestId}", Samples.Request("pending"), WritJson.Default.RequestView);
        server.Json($"GET /v1/grants/{Samples.GrantId}", Samples.Grant(), WritJson.Default.GrantView);
        server.Json($"GET /v1/runs/{Samples.RunId}", Samples.Exited(3), WritJson.Default.RunView);
        server.Json("GET /v1/runners", new Page<RunnerView>([Runner("rnr_1", "a"), Runner("rnr_2", "berlin-2")], null), WritJson.Default.PageRunnerView);
        foreach (var (id, part) in ((string, string)[])[(Samples.RequestId, "pending"), (Samples.GrantId, "2 of 3"), (Samples.RunId, "exit 3"), ("rnr_2", "berlin-2")])
        {
            using var typed = new Typed(server.Address);
            (await typed.RunAsync("show", id)).ShouldBe(0);
            typed.Output.ShouldContain(part);
            using var json = new Typed(server.Address);
            (await json.RunAsync("show", id, "--format", "json")).ShouldBe(0);
            using var document = JsonDocument.Parse(json.Output);
            document.RootElement.GetProperty("id").GetString().ShouldBe(id);
        }
    }

    [Theory]
    [InlineData("foo")]
    [InlineData("req_../../whoami")]
    [InlineData("run_a?b")]
    [InlineData("xyz_1")]
    public async Task Show_of_no_id_is_usage_and_asks_nothing(string id)
    {
        await using var server = await FakeServer.StartAsync();
        using var typed = new Typed(server.Address);
        (await typed.RunAsync("show", id)).ShouldBe(2);
        server.Calls.ShouldBeEmpty();
    }

    [Fact]
    public async Task Revoke_and_kill_confirmed_say_so()
    {
        await using var server = await FakeServer.StartAsync();
        server.Json($"POST /v1/grants/{Samples.GrantId}/revoke", new EndView("confirmed", true, 3.4, []), WritJson.Default.EndView);
        server.Json($"POST /v1/runs/{Samples.RunId}/kill",
            new EndView("confirmed", true, 12.3, [new RunEndView(Samples.RunId, "confirmed", "killed", Samples.Now, 2, 0)]), WritJson.Default.EndView);
        using var revoke = new Typed(server.Address);
        (await revoke.RunAsync("revoke", Samples.GrantId)).ShouldBe(0);
        revoke.Output.ShouldBe("confirmed: revoked after 3 ms, no run was live\n");
        using var kill = new Typed(server.Address);
        (await kill.RunAsync("kill", Samples.RunId, "--reason", "too loud")).ShouldBe(0);
        kill.Output.ShouldBe("confirmed: dead after 12 ms, 0 processes left\n");
        server.Calls.Last().Body.ShouldContain("too loud");
    }

    [Fact]
    public async Task Revoke_unconfirmed_is_no_success()
    {
        await using var server = await FakeServer.StartAsync();
        server.Json($"POST /v1/grants/{Samples.GrantId}/revoke",
            new EndView("unconfirmed", false, 5000, [new RunEndView(Samples.RunId, "unconfirmed", null, null, null, null)]), WritJson.Default.EndView);
        using var typed = new Typed(server.Address);
        (await typed.RunAsync("revoke", Samples.GrantId)).ShouldBe(1);
        typed.Output.ShouldStartWith("unconfirmed: 1 of 1 run not confirmed dead after 5000 ms\n");
    }

    [Fact]
    public async Task Policy_apply_withdraws_by_an_express_word_and_says_what()
    {
        var file = Path.GetTempFileName();
        await File.WriteAllTextAsync(file, "version: 1\n", TestContext.Current.CancellationToken);
        await using var server = await FakeServer.StartAsync();
        server.Problem("PUT /v1/policy", new(ErrorCode.WouldWithdraw, "the policy has no template web-check", 409, null, "or say that they go: --withdraw", ["template web-check"]));
        using var refused = new Typed(server.Address);
        (await refused.RunAsync("policy", "apply", file)).ShouldBe(1);
        refused.Error.ShouldContain("  - template web-check\n");
        refused.Error.ShouldContain("hint: or say that they go: --withdraw");
        JsonSerializer.Deserialize(server.Calls.Last().Body, WritJson.Default.PolicyText)!.Withdraw.ShouldBeFalse();
        server.Json("PUT /v1/policy", new PolicyView("h", "version: 1\n", Samples.Now, "ada", ["template web-check", "definition of tool lookup"]), WritJson.Default.PolicyView);
        using var applied = new Typed(server.Address);
        (await applied.RunAsync("policy", "apply", "--withdraw", file)).ShouldBe(0);
        JsonSerializer.Deserialize(server.Calls.Last().Body, WritJson.Default.PolicyText)!.Withdraw.ShouldBeTrue();
        applied.Output.ShouldBe("in force: h, by ada\n");
        applied.Error.ShouldBe("writ: out of force: template web-check\nwrit: out of force: definition of tool lookup\n");
        File.Delete(file);
    }

    [Fact]
    public async Task Policy_check_tells_file_line_and_hint()
    {
        var file = Path.GetTempFileName();
        await File.WriteAllTextAsync(file, "version: 1\n", TestContext.Current.CancellationToken);
        await using var server = await FakeServer.StartAsync();
        server.Json("POST /v1/policy/check", new PolicyCheckView(false, "h", 0, [new("p.yaml", 3, "unknown key 'rulez'", "did you mean rules?")]), WritJson.Default.PolicyCheckView);
        server.Problem("PUT /v1/policy", new(ErrorCode.InvalidPolicy, "the policy has problems; the one in force stays", 422, null, null, ["p.yaml:3: unknown key 'rulez'"]));
        using var check = new Typed(server.Address);
        (await check.RunAsync("policy", "check", file)).ShouldBe(1);
        check.Output.ShouldBe("p.yaml:3: unknown key 'rulez'\n  hint: did you mean rules?\n");
        using var apply = new Typed(server.Address);
        (await apply.RunAsync("policy", "apply", file)).ShouldBe(1);
        apply.Error.ShouldContain("  - p.yaml:3: unknown key 'rulez'\n");
        using var missing = new Typed(server.Address);
        (await missing.RunAsync("policy", "check", "/nonexistent/p.yaml")).ShouldBe(1);
        missing.Error.ShouldBe("writ: no such file: /nonexistent/p.yaml\n");
        File.Delete(file);
    }

    [Fact]
    public async Task Policy_show_gives_the_very_text()
    {
        await using var server = await FakeServer.StartAsync();
        server.Json("GET /v1/policy", new PolicyView("h", "version: 1\n# ü\n", Samples.Now, "ann"), WritJson.Default.PolicyView);
        using var typed = new Typed(server.Address);
        (await typed.RunAsync("policy", "show")).ShouldBe(0);
        typed.Output.ShouldBe("version: 1\n# ü\n");
    }

    [Fact]
    public async Task Audit_list_prints_an_entry_a_line_and_follows_positions()
    {
        await using var server = await FakeServer.StartAsync();
        server.On("GET /v1/audit", context =>
        {
            var after = context.Request.Query["after"].ToString();
            var position = after == "" ? 0 : 1;
            using var entry = JsonDocument.Parse($$"""{"time":"2026-07-01T14:00:00.000000Z","type":"grant.issued","actor":{"id":"act_1","name":"dana"},"grant":"gr_{{position}}"}""");
            return FakeServer.Write(context, new Page<AuditEntryView>([new(position, entry.RootElement.Clone())], after == "" ? "0" : null), WritJson.Default.PageAuditEntryView);
        });
        using var typed = new Typed(server.Address);
        (await typed.RunAsync("audit", "list", "--type", "grant.issued")).ShouldBe(0);
        typed.Output.ShouldContain("grant.issued");
        typed.Output.ShouldContain("grant=gr_1");
        typed.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length.ShouldBe(2);
        server.Calls.Last().Query.ShouldBe("?limit=500&type=grant.issued&after=0");
    }

    [Fact]
    public async Task Enroll_prints_the_token_alone_on_standard_output()
    {
        await using var server = await FakeServer.StartAsync();
        server.Json("POST /v1/runners/enrolments", new EnrolmentView("berlin-1", "enr_abc", Samples.Now, "https://writ:7443"), WritJson.Default.EnrolmentView, 201);
        using var typed = new Typed(server.Address);
        (await typed.RunAsync("runner", "enroll", "berlin-1")).ShouldBe(0);
        typed.Output.ShouldBe("enr_abc\n");
        typed.Error.ShouldContain("  writ-runner enroll --server https://writ:7443 --data /var/lib/writ-runner\n");
    }

    [Theory]
    [InlineData("s3cret\n", null)]
    [InlineData("", "s3cret")]
    public async Task Setup_spends_the_secret_without_a_token(string input, string? variable)
    {
        await using var server = await FakeServer.StartAsync();
        server.Json("POST /v1/setup", new NewToken("tok_1", "writ_t", "alice", Samples.Now), WritJson.Default.NewToken);
        using var typed = new Typed(server.Address, input: input, token: null);
        if (variable is not null)
            typed.With("WRIT_SETUP_SECRET", variable);
        (await typed.RunAsync("setup", "alice")).ShouldBe(0);
        typed.Output.ShouldBe("writ_t\n");
        server.Calls.Single().Token.ShouldBeNull();
        JsonSerializer.Deserialize(server.Calls.Single().Body, WritJson.Default.SetUp).ShouldBe(new SetUp("s3cret", "alice"));
    }

    [Fact]
    public async Task Whoami_tells_name_and_roles()
    {
        await using var server = await FakeServer.StartAsync();
        server.Json("GET /v1/whoami", new WhoAmI("act_1", "dana", "user", ["engineering"], ["developer"], true, false, Samples.Now), WritJson.Default.WhoAmI);
        using var typed = new Typed(server.Address);
        (await typed.RunAsync("whoami")).ShouldBe(0);
        typed.Output.ShouldContain("dana (user, admin)");
        typed.Output.ShouldNotContain("t0ken");
    }

    [Theory]
    [InlineData(2, "requests", "--nope")]
    [InlineData(2, "polcy")]
    [InlineData(2, "run")]
    [InlineData(2, "run", "--for", "3x", "--", "nmap")]
    [InlineData(2, "run", "--uses", "0", "--", "nmap")]
    [InlineData(2, "requests", "--status", "open")]
    [InlineData(2, "requests", "--format", "xml")]
    [InlineData(2, "approve", "run_1")]
    public async Task Misuse_is_one_line_and_a_hint(int code, params string[] args)
    {
        using var typed = new Typed("http://127.0.0.1:1");
        (await typed.RunAsync(args)).ShouldBe(code);
        typed.Error.ShouldMatch(@"^writ: [^\n]*[^.\n]\nhint: [^\n]+\n$");
        typed.Output.ShouldBe("");
    }

    [Fact]
    public async Task Unreachable_server_is_one_line_and_a_hint()
    {
        using var typed = new Typed("http://127.0.0.1:1");
        (await typed.RunAsync("whoami")).ShouldBe(1);
        typed.Error.ShouldStartWith("writ: cannot reach http://127.0.0.1:1: connection refused\nhint: ");
    }

    [Fact]
    public async Task Missing_environment_is_told_apart()
    {
        using var noServer = new Typed("");
        (await noServer.RunAsync("whoami")).ShouldBe(2);
        using var noToken = new Typed("http://127.0.0.1:1", token: null);
        (await noToken.RunAsync("whoami")).ShouldBe(4);
    }

    [Fact]
    public async Task Answer_of_a_stranger_is_no_stack_trace()
    {
        await using var server = await FakeServer.StartAsync();
        server.On("GET /v1/whoami", context => Microsoft.AspNetCore.Http.HttpResponseWritingExtensions.WriteAsync(context.Response, "<html>"));
        using var typed = new Typed(server.Address);
        (await typed.RunAsync("whoami")).ShouldBe(1);
        typed.Error.ShouldStartWith("writ: the server's answer cannot be read\nhint: ");
    }

    [Theory]
    [InlineData("run", "Examples:")]
    [InlineData("policy check", "Examples:")]
    public async Task Help_shows_examples(string verb, string part)
    {
        using var typed = new Typed("");
        (await typed.RunAsync([.. verb.Split(' '), "--help"])).ShouldBe(0);
        typed.Output.ShouldContain(part);
    }

    private static RunnerView Runner(string id, string name) => new(id, name, true, Samples.Now, Samples.Now, null, "0.1.0", [new("nmap", "7.93", "ab", ["fence-v4", "seccomp"])]);
}
