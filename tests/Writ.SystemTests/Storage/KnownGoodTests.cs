using Microsoft.EntityFrameworkCore;
using Writ.Contracts.Runners;
using Writ.Contracts.Templates;
using Writ.Core;
using Writ.Core.Audit;
using Writ.Core.Identity;
using Writ.Proof.Errors;
using Writ.Server.Decisions;
using Writ.Server.Grants;
using Writ.Server.Policy;
using Writ.Server.Requests;
using Writ.Server.Runners;
using Writ.Server.Runs;
using Writ.Server.Storage;
using Writ.Server.Users;
using Writ.SystemTests.Databases;

namespace Writ.SystemTests.Storage;

/// <summary>Known-good plans and templates: what stands for people's word, for how long, and what takes it away.</summary>
public abstract class KnownGoodTests(StorageEngine engine) : StorageTest(engine)
{
    private const string Sweep = """
        version: 1
        template: sweep
        description: looks at a host
        command: [nmap, -sT, -Pn, -n, -p, "22,80", "{host}"]
        parameters:
          host: { value: host, zones: [staging] }

        """;

    private static string Rules { get; } = World.Policy.Replace(
        "approval: { from: [reviewer], count: 1 }", "approval: { from: [reviewer], count: 1 }\n    known-good: { same: plan, within: 30d }", StringComparison.Ordinal);

    private static string ByTemplate { get; } = World.Policy + """
          - id: sweeps
            roles: [developer]
            zones: [staging]
            templates: [sweep]
            approval: { from: [reviewer], count: 1 }
            known-good: { same: template, within: 14d }

        """;

    /// <summary>Dana's plan, which rae approved.</summary>
    private async Task<(World World, Caller Dana, Caller Rae, RequestRow First)> Approved(string? rules = null)
    {
        var world = await Create(rules ?? Rules);
        var (dana, rae) = (await world.Developer(), await world.Reviewer());
        var first = await world.Request(dana);
        first.State.ShouldBe(RequestState.Pending);
        (await world.Approve(rae, first)).ShouldBeOk();
        return (world, dana, rae, first);
    }

    private static async Task ShouldAsk(World world, Caller caller, string why, string command = World.Command, int uses = 1, TimeSpan? duration = null, DateTimeOffset? start = null)
    {
        var request = await world.Request(caller, command, uses, duration, start);
        request.State.ShouldBe(RequestState.Pending);
        RequestViews.Evaluation(request).KnownGood.ShouldNotBeNull().Why.ShouldNotBeNull().ShouldContain(why);
        (await world.Get<CancelRequest>().Cancel(caller, request.Id.ToString(), new(), Cancel)).ShouldBeOk();
    }

    [Fact]
    public async Task The_same_plan_is_granted_at_once_and_the_record_names_the_rule_and_what_it_rests_on()
    {
        var (world, dana, rae, first) = await Approved();
        world.Clock.Advance(TimeSpan.FromDays(29));

        var second = await world.Request(await world.Developer());
        (second.State, second.KnownGoodBy).ShouldBe((RequestState.Approved, first.Id));
        var run = (await world.Start(dana, await world.GrantOf(second))).ShouldBeOk();
        run.State.ShouldBe(RunState.Queued);

        await using var db = world.Open();
        var view = (await RequestViews.Load(db, (await world.Get<PolicyInForce>().Get(db)).ShouldBeOk(), [second], Cancel))[0];
        view.Evaluation.Verdict.ShouldBe("allow");
        view.Evaluation.KnownGood.ShouldNotBeNull().ShouldSatisfyAllConditions(
            known => known.Request.ShouldBe(first.Id.ToString()), known => known.Rules.ShouldBe(["scan-staging"]), known => known.ApprovedBy.ShouldBe(["rae"]));
        view.Decisions.ShouldHaveSingleItem().ShouldSatisfyAllConditions(said => said.By.ShouldBeNull(), said => said.Rules.ShouldBe(["scan-staging"]));
        var entry = (await world.Entries(AuditType.DecisionMade)).Last();
        (entry["by"], entry["rules"]).ShouldBe(("policy", "[\"scan-staging\"]"));
        var rests = entry.Body.GetProperty("known_good");
        (rests.GetProperty("request").GetString(), rests.GetProperty("statement").GetString()).ShouldBe((first.Id.ToString(), first.StatementDigest));
        rests.GetProperty("approved_by").EnumerateArray().Select(name => name.GetString()).ShouldBe(["rae"]);

        // Those who could have decided know of it.
        (await world.Get<RequestAccess>().Find(db, await world.Reviewer("ron"), second.Id.ToString())).ShouldBeOk();
        await world.ShouldBalance();
    }

    [Fact]
    public async Task What_policy_approved_by_itself_never_stands_for_anything_and_the_days_count_from_people()
    {
        var (world, dana, _, _) = await Approved();
        world.Clock.Advance(TimeSpan.FromDays(20));
        (await world.Request(await world.Developer())).State.ShouldBe(RequestState.Approved);
        // One moment before it is over it holds, and an asked start counts as the moment.
        world.Clock.Advance(TimeSpan.FromDays(10) - TimeSpan.FromSeconds(1));
        dana = await world.Developer();
        await ShouldAsk(world, dana, "it was last approved 30 days ago", start: world.Clock.GetUtcNow() + TimeSpan.FromSeconds(1));
        (await world.Request(dana)).State.ShouldBe(RequestState.Approved);
        world.Clock.Advance(TimeSpan.FromSeconds(1));
        await ShouldAsk(world, dana, "it was last approved 30 days ago");
    }

    [Fact]
    public async Task Another_plan_another_person_more_time_and_more_uses_are_not_the_same()
    {
        var (world, dana, rae, _) = await Approved();
        await ShouldAsk(world, dana, "people have approved no such plan", "nmap -sT -Pn -n -p 22 10.20.0.5");
        await ShouldAsk(world, dana, "people have approved no such plan", "nmap -sT -Pn -n -p 22,80 10.20.0.6");
        await ShouldAsk(world, await world.Developer("erin"), "people have approved no such plan");
        await ShouldAsk(world, dana, "was approved for 1h and 1 use, and this asks for more", duration: TimeSpan.FromHours(2));
        await ShouldAsk(world, dana, "asks for more", uses: 2);
        // Neither is it for whoever runs another version of the tool.
        var tool = World.Nmap();
        tool.Version = "7.99";
        var digest = (await world.Get<Inventories>().Keep(world.Writes, [tool])).Digest();
        await world.Writes.Append(db => db.Runners.ExecuteUpdateAsync(set => set.SetProperty(row => row.InventoryDigest, digest)));
        await ShouldAsk(world, dana, "people have approved no such plan");
    }

    [Fact]
    public async Task A_denial_of_the_same_takes_it_away_from_grants_that_nobody_used_too()
    {
        var (world, dana, rae, _) = await Approved();
        var granted = await world.GrantOf(await world.Request(dana));
        var erin = await world.Developer("erin");
        (await world.Deny(rae, await world.Request(erin), "not now")).ShouldBeOk();

        var refused = (await world.Start(dana, granted)).ShouldBeRefused(ErrorCode.Denied);
        refused.Reasons.ShouldNotBeNull()[0].ShouldContain("somebody denied the same");
        await ShouldAsk(world, dana, "somebody denied the same");

        // People decide anew, and it stands again.
        world.Clock.Advance(TimeSpan.FromMinutes(1));
        (await world.Approve(rae, await world.Request(dana))).ShouldBeOk();
        (await world.Request(dana)).State.ShouldBe(RequestState.Approved);
    }

    [Fact]
    public async Task A_denial_at_the_same_moment_leaves_no_use_behind_it()
    {
        var (world, dana, rae, _) = await Approved();
        var other = await Beside(world);
        for (var round = 0; round < TestScale.Times(6); round++)
        {
            world.Clock.Advance(TimeSpan.FromMinutes(1));
            // A longer time than was approved waits for people, and is the same plan.
            var waits = await world.Request(dana, duration: TimeSpan.FromHours(2));
            RequestRow? asked = null;
            await Outcomes.AtOnce(2, async number =>
            {
                if (number == 0)
                    asked = await world.Request(dana);
                else
                    (await other.Deny(rae, waits)).ShouldBeOk();
                return true;
            });
            if ((await world.Now(asked!)).State == RequestState.Approved)
                (await world.Start(dana, await world.GrantOf(asked!))).ShouldBeRefused(ErrorCode.Denied);
            else
                (await world.Get<CancelRequest>().Cancel(dana, asked!.Id.ToString(), new(), Cancel)).ShouldBeOk();
            world.Clock.Advance(TimeSpan.FromMinutes(1));
            (await world.Approve(rae, await world.Request(dana))).ShouldBeOk();
        }

        await world.ShouldBalance();
    }

    [Fact]
    public async Task A_grant_revoked_and_a_run_killed_or_ended_for_its_packets_take_it_away()
    {
        var (world, dana, rae, first) = await Approved();
        (await world.Get<RevokeGrant>().Revoke(rae, (await world.GrantOf(first)).Id.ToString(), "it hurt")).ShouldBeOk();
        await ShouldAsk(world, dana, "a grant of the same was revoked");

        world.Clock.Advance(TimeSpan.FromMinutes(1));
        var again = await world.Request(dana);
        (await world.Approve(rae, again)).ShouldBeOk();
        var run = await world.Running(dana, await world.GrantOf(again));
        (await world.Request(dana)).State.ShouldBe(RequestState.Approved);
        (await world.Get<KillRun>().Kill(rae, run.Id.ToString(), "too loud", Cancel)).ShouldBeOk();
        await ShouldAsk(world, dana, "a run of the same was killed");

        world.Clock.Advance(TimeSpan.FromMinutes(1));
        again = await world.Request(dana);
        (await world.Approve(rae, again)).ShouldBeOk();
        run = await world.Running(dana, await world.GrantOf(again));
        world.Runner.Say(new() { Ended = world.Runner.End(run.Id.ToString(), EndCause.Violations) });
        await World.Eventually(async () => AccessLifecycle.Runs.IsFinal((await world.Now(run)).State), "the run does not end");
        await ShouldAsk(world, dana, "a run of the same was killed");

        // A run that ended by itself speaks against nothing.
        world.Clock.Advance(TimeSpan.FromMinutes(1));
        again = await world.Request(dana);
        (await world.Approve(rae, again)).ShouldBeOk();
        run = await world.Running(dana, await world.GrantOf(again));
        world.Runner.Say(new() { Ended = world.Runner.End(run.Id.ToString(), EndCause.Exited) });
        await World.Eventually(async () => AccessLifecycle.Runs.IsFinal((await world.Now(run)).State), "the run does not end");
        (await world.Request(dana)).State.ShouldBe(RequestState.Approved);
    }

    [Fact]
    public async Task More_that_a_policy_asks_for_is_not_given_by_what_was_approved_before()
    {
        var (world, dana, rae, first) = await Approved();
        var unused = await world.GrantOf(await world.Request(dana));
        await Apply(world, Rules.Replace("from: [reviewer], count: 1", "from: [reviewer], count: 2", StringComparison.Ordinal));
        (await world.Now(unused)).State.ShouldBe(GrantState.Revoked);
        world.Clock.Advance(TimeSpan.FromMinutes(1));
        // The grant that policy gave was taken away, which speaks against it; so would the count.
        await ShouldAsk(world, dana, "since");
    }

    [Fact]
    public async Task Whoever_left_the_role_no_longer_vouches_and_a_rule_without_the_mark_asks_again()
    {
        var (world, dana, rae, _) = await Approved();
        var unused = await world.GrantOf(await world.Request(dana));
        await world.Person("rae", "elsewhere");
        (await world.Start(dana, unused)).ShouldBeRefused(ErrorCode.Denied).Reasons.ShouldNotBeNull()[0].ShouldContain("with less than is asked for now");
        await ShouldAsk(world, dana, "with less than is asked for now: missing is 1 more of reviewer");
        await world.Reviewer();
        (await world.Request(dana)).State.ShouldBe(RequestState.Approved);

        await Apply(world, World.Policy);
        (await world.Now(unused)).State.ShouldBe(GrantState.Revoked);
        var asked = await world.Request(dana);
        (asked.State, RequestViews.Evaluation(asked).KnownGood).ShouldBe((RequestState.Pending, null));
    }

    [Fact]
    public async Task A_denial_of_the_policy_beats_what_is_known_good()
    {
        var (world, dana, _, _) = await Approved();
        var unused = await world.GrantOf(await world.Request(dana));
        await Apply(world, Rules + "denials: [{ id: freeze, zones: any, tools: any }]\n");
        (await world.Now(unused)).State.ShouldBe(GrantState.Revoked);
        (await world.Ask(dana)).ShouldBeOk().Denial.ShouldNotBeNull();
    }

    [Fact]
    public async Task The_same_template_is_granted_with_other_values_and_only_in_its_version()
    {
        var world = await Create();
        await Apply(world, ByTemplate, Sweep);
        var (dana, rae) = (await world.Developer(), await world.Reviewer());
        var first = await Use(world, dana, "10.20.0.5");
        first.State.ShouldBe(RequestState.Pending);
        (await world.Approve(rae, first)).ShouldBeOk();

        var second = await Use(world, dana, "10.20.0.9");
        (second.State, second.KnownGoodBy).ShouldBe((RequestState.Approved, first.Id));
        (await world.Start(dana, await world.GrantOf(second), "nmap -sT -Pn -n -p 22,80 10.20.0.9")).ShouldBeOk();
        (await world.Request(dana, "nmap -sT -Pn -n -p 22,80 10.20.0.5")).State.ShouldBe(RequestState.Pending, "the command by itself is no use of the template");

        var explained = (await world.Get<Explain>().Of(dana, new(Template: new("sweep", new Dictionary<string, string> { ["host"] = "10.20.0.7" }), Reason: "to look"), Cancel)).ShouldBeOk();
        (explained.Evaluation.Verdict, explained.Evaluation.KnownGood?.Request).ShouldBe(("allow", first.Id.ToString()));

        await Apply(world, ByTemplate, Sweep.Replace("22,80", "22,443", StringComparison.Ordinal));
        var other = await Use(world, dana, "10.20.0.5");
        other.State.ShouldBe(RequestState.Pending);
        RequestViews.Evaluation(other).KnownGood.ShouldNotBeNull().Why.ShouldBe("people have approved no such template for its requester");
    }

    [Fact]
    public async Task What_was_approved_and_what_speaks_against_it_are_found_by_indexes()
    {
        var (world, _, _, first) = await Approved();
        using var plans = new QueryPlans(world);
        await using var db = world.Open();
        var policy = (await world.Get<PolicyInForce>().Get(db)).ShouldBeOk();
        var row = await world.Now(first);
        var found = await world.Get<Reevaluation>().OfRequest(db, policy, row, world.Clock.GetUtcNow());
        string[] tables = ["requests", "decisions", "grants", "runs"];
        await plans.Slow(world, tables, Cancel);
        (await KnownGoods.Find(db, policy, KnownGoodAsk.Of(row, found), found)).ShouldNotBeNull().By.ShouldNotBeNull().Id.ShouldBe(first.Id);
        var (statements, slow) = await plans.Slow(world, tables, Cancel);
        statements.ShouldBeGreaterThan(4);
        slow.ShouldBeEmpty();
    }

    private static async Task<RequestRow> Use(World world, Caller caller, string host) =>
        (await world.Get<Ask>().Create(caller, new(Reason: "to look", Template: new("sweep", new Dictionary<string, string> { ["host"] = host })), null, Cancel)).ShouldBeOk().Request;

    private static async Task Apply(World world, string rules, string? template = null)
    {
        var files = new List<Writ.Contracts.Policy.PolicyFileText> { new("rules.yaml", rules) };
        if (template is not null)
            files.Add(new("sweep.yaml", template));
        (await world.Get<ApplyPolicy>().Apply(await world.Admin(), new(Files: files), Cancel)).ShouldBeOk();
    }

    [Collection(SqliteCollection.Name)]
    public sealed class OnSqlite(SqliteEngine engine) : KnownGoodTests(engine);

    [Collection(PostgresCollection.Name)]
    public sealed class OnPostgres(PostgresEngine engine) : KnownGoodTests(engine);
}
