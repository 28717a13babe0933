using Microsoft.EntityFrameworkCore;
using Writ.Contracts.Policy;
using Writ.Core;
using Writ.Core.Audit;
using Writ.Core.Identity;
using Writ.Proof.Errors;
using Writ.Server.Policy;
using Writ.Server.Runs;
using Writ.SystemTests.Databases;

namespace Writ.SystemTests.Storage;

/// <summary>What a change of policy does to what was asked and given before.</summary>
public abstract class PolicyTests(StorageEngine engine) : StorageTest(engine)
{
    [Fact]
    public async Task A_denial_added_after_the_approval_stops_the_next_use()
    {
        var world = await Create();
        var other = await Beside(world);
        var (holder, grant) = await world.Approved(uses: 5);
        // The control: before it, the use is given.
        (await other.Start(holder, grant)).ShouldBeOk();

        // Straight into the table: the use itself must ask the policy anew, whoever else revokes the grant.
        await world.Writes.Commit<bool>(async scope =>
        {
            scope.Db.Policies.Add(new()
            {
                Number = await scope.Db.Policies.MaxAsync(row => row.Number) + 1, Hash = "new", Text = World.NoMoreStaging, AppliedAt = scope.Now, AppliedBy = "ada",
            });
            scope.Record(new(AuditType.PolicyApplied, AuditActor.System, null, new() { ["new"] = "new" }));
            return true;
        });

        (await world.Now(grant)).State.ShouldBe(GrantState.Active);
        (await other.Start(holder, grant)).ShouldBeRefused(ErrorCode.Denied).Reasons.ShouldNotBeNull().ShouldContain(reason => reason.Contains("no-more-staging"));
        (await world.Now(grant)).UsesLeft.ShouldBe(4);
        await world.ShouldBalance();
    }

    [Fact]
    public async Task A_tightened_policy_revokes_grants_ends_their_runs_and_denies_what_waits()
    {
        var world = await Create();
        var (holder, grant) = await world.Approved(uses: 5);
        var used = await world.Approved();
        var waiting = await world.Request(holder);
        var run = (await world.Start(holder, grant)).ShouldBeOk();
        var last = (await world.Start(holder, used.Grant)).ShouldBeOk();
        (await world.Now(used.Grant)).State.ShouldBe(GrantState.Exhausted);
        // The control: a policy that changes nothing of it takes nothing away.
        (await Apply(world, World.Policy + "# the same\n")).ShouldBeOk();
        (await world.Now(grant)).State.ShouldBe(GrantState.Active);
        world.Runner.Kills.ShouldBeEmpty();

        (await Apply(world, World.NoMoreStaging)).ShouldBeOk();

        (await world.Now(grant)).ShouldSatisfyAllConditions(
            row => row.State.ShouldBe(GrantState.Revoked), row => row.EndReason.ShouldNotBeNull().ShouldContain("no-more-staging"));
        (await world.Now(used.Grant)).State.ShouldBe(GrantState.Revoked, "its last run was live");
        (await world.Now(waiting)).State.ShouldBe(RequestState.Denied);
        world.Runner.Kills.ShouldBe([run.Id.ToString(), last.Id.ToString()], ignoreOrder: true);
        await World.Eventually(async () => (await world.Now(run)).State == RunState.Killed && (await world.Now(last)).State == RunState.Killed, "the runs end");
        (await world.Now(run)).EndReason.ShouldBe(RunEndCause.Revoked);
        await world.ShouldBalance();
    }

    [Fact]
    public async Task A_policy_that_asks_for_more_approvals_revokes_grants_that_lack_them()
    {
        var world = await Create();
        var (_, grant) = await world.Approved();

        (await Apply(world, World.Policy.Replace("approval: { from: [reviewer], count: 1 }", "approval: { from: [reviewer], count: 2 }"))).ShouldBeOk();

        (await world.Now(grant)).State.ShouldBe(GrantState.Revoked);
        await world.ShouldBalance();
    }

    [Fact]
    public async Task A_request_that_a_new_policy_answers_otherwise_gets_a_new_revision_and_earlier_approvals_are_void()
    {
        var world = await Create();
        var (rae, ron) = (await world.Reviewer(), await world.Reviewer("ron"));
        var request = await world.Request(await world.Developer(), "nmap -sT -Pn -n -p 22 10.30.0.5");
        (await world.Approve(rae, request)).ShouldBeOk();
        // The control: a policy that answers the same leaves it as it is.
        (await Apply(world, World.Policy + "# the same\n")).ShouldBeOk();
        (await world.Now(request)).Revision.ShouldBe(1);

        (await Apply(world, World.Policy.Replace("count: 2", "count: 3"))).ShouldBeOk();

        var revised = await world.Now(request);
        (revised.Revision, revised.State).ShouldBe((2, RequestState.Pending));
        (await world.Approve(ron, request)).ShouldBeRefused(ErrorCode.StaleRevision);
        (await world.Approve(ron, revised)).ShouldBeOk();
        (await world.Approve(await world.Reviewer("rita"), revised)).ShouldBeOk();
        (await world.Now(request)).State.ShouldBe(RequestState.Pending, "the approval of the first revision counted");
        (await world.Approve(rae, revised)).ShouldBeOk();
        (await world.Now(request)).State.ShouldBe(RequestState.Approved);
        await world.ShouldBalance();
    }

    [Fact]
    public async Task A_policy_that_allows_what_waits_grants_it_and_one_whose_time_is_over_holds_nothing_up()
    {
        var world = await Create();
        var dana = await world.Developer();
        var (open, over) = (await world.Request(dana, duration: TimeSpan.FromHours(2)),
            await world.Request(dana, duration: TimeSpan.FromMinutes(5), start: world.Clock.GetUtcNow()));
        world.Clock.Advance(TimeSpan.FromMinutes(10));

        (await Apply(world, World.Policy.Replace("approval: { from: [reviewer], count: 1 }", "approval: none"))).ShouldBeOk();

        (await world.Now(open)).State.ShouldBe(RequestState.Approved);
        (await world.Now(over)).State.ShouldBe(RequestState.Expired);
        (await world.Start(dana, await world.GrantOf(open))).ShouldBeOk();
        await world.ShouldBalance();
    }

    [Fact]
    public async Task What_was_granted_and_begun_while_a_tighter_policy_came_into_force_does_not_outlive_it()
    {
        var world = await Create();
        var other = await Beside(world);
        var third = await Beside(world);
        var (olga, ada) = (await world.Operator(), await world.Admin());
        // A third party holds an open grant's row, so that the new policy, which must revoke it, comes into force slowly.
        var (_, held) = await world.Approved();
        var (holds, letGo) = (new TaskCompletionSource(), new TaskCompletionSource());
        var holding = Task.Run(() => third.Writes.Commit<bool>(async scope =>
        {
            await scope.Db.Grants.Where(row => row.Id == held.Id).ExecuteUpdateAsync(set => set.SetProperty(row => row.EndReason, row => row.EndReason));
            scope.Record(new(AuditType.ActorChanged, AuditActor.System, null));
            holds.SetResult();
            await letGo.Task;
            return true;
        }), Cancel);
        await holds.Task;
        var applying = Task.Run(() => world.Get<ApplyPolicy>().Apply(ada, new(World.NoMoreStaging), Cancel), Cancel);
        await Task.Delay(200, Cancel);

        // In the middle of that somebody is given what the old policy still allows, and begins at once.
        var beginning = Task.Run(async () =>
        {
            if ((await other.Ask(olga)).ShouldBeOk() is { Denial: null } asked)
                await other.Start(olga, await other.GrantOf(asked.Request));
        }, Cancel);
        await Task.WhenAny(beginning, Task.Delay(300, Cancel));
        letGo.SetResult();
        (await holding).ShouldBeOk();
        await beginning;
        (await applying).ShouldBeOk();
        await World.Eventually(async () => await world.Read(db => db.Runs.AllAsync(run => !RunStates.Live.Contains(run.State))), "a run goes on that the policy denies");
        (await world.Read(db => db.Grants.AnyAsync(row => row.State == GrantState.Active || row.State == GrantState.Exhausted)))
            .ShouldBeFalse("a grant is open that the policy denies");
        await world.ShouldBalance();
    }

    [Fact]
    public async Task Policies_applied_at_once_come_into_force_one_after_the_other_or_not_at_all()
    {
        var world = await Create();
        var other = await Beside(world);
        var ada = await world.Admin();

        var applied = await Outcomes.AtOnce(6, async number =>
        {
            try
            {
                return (await (number % 2 == 0 ? world : other).Get<ApplyPolicy>().Apply(ada, new(World.Policy + $"# {number}\n"), Cancel)).ShouldBeOk().Hash;
            }
            catch (DbUpdateException)
            {
                return null;
            }
        });

        var inForce = applied.OfType<string>().ToArray();
        inForce.ShouldNotBeEmpty();
        (await world.Read(db => db.Policies.Where(row => row.Number > 1).Select(row => row.Hash).ToListAsync())).ShouldBe(inForce, ignoreOrder: true);
        await world.ShouldBalance();
    }

    [Fact]
    public async Task A_policy_with_a_mistake_changes_nothing()
    {
        var world = await Create();
        var (holder, grant) = await world.Approved(uses: 2);

        (await Apply(world, World.NoMoreStaging.Replace("no-more-staging\n    zones: [staging]", "no-more-staging\n    zones: [stagin]"))).ShouldBeRefused(ErrorCode.InvalidPolicy).Reasons.ShouldNotBeNull().ShouldNotBeEmpty();
        (await world.Get<ApplyPolicy>().Apply(holder, new(World.NoMoreStaging), Cancel)).ShouldBeRefused(ErrorCode.Forbidden);

        (await world.Read(db => db.Policies.CountAsync())).ShouldBe(1);
        (await world.Start(holder, grant)).ShouldBeOk();
        await world.ShouldBalance();
    }

    [Fact]
    public async Task A_denial_comes_with_the_nearest_command_that_would_not_be_denied()
    {
        var world = await Create();

        var asked = (await world.Ask(await world.Operator(), "nmap -sT -Pn -n -p 22 10.20.0.5 10.30.0.5")).ShouldBeOk();

        asked.Denial.ShouldNotBeNull().Hint.ShouldBe("this would be allowed: nmap -sT -Pn -n -p 22 10.20.0.5 (targets: 10.20.0.5)");
        (await world.Ask(await world.Operator(), "nmap -sT -Pn -n -p 22 10.20.0.5")).ShouldBeOk().Denial.ShouldBeNull("the suggestion is no empty promise");
        (await world.Ask(await world.Operator(), "nmap -sT -Pn -n -p 22 10.30.0.5")).ShouldBeOk().Denial.ShouldNotBeNull().Hint.ShouldBeNull("there is none");
        await world.ShouldBalance();
    }

    [Fact]
    public async Task What_a_policy_would_change_is_told_by_its_text_and_by_past_requests_and_changes_nothing()
    {
        var world = await Create();
        var (holder, _) = await world.Approved();
        var auditor = (await world.SignIn(new("otto", false, null, [], false, true, TimeSpan.FromHours(1)))).Caller;
        var other = await world.Developer("dora");
        var entries = await world.Read(db => db.AuditEntries.CountAsync());
        async Task<PolicyDiffView> Diff(Caller caller, string policy, string? last = null) => (await world.Get<DiffPolicy>().Diff(caller, new(policy), last, Cancel)).ShouldBeOk();

        var same = await Diff(auditor, World.Policy);
        (same.Ok, same.Lines.Count, same.Looked, same.Answers.Count).ShouldBe((true, 0, 1, 0));
        var denied = await Diff(auditor, World.NoMoreStaging);
        denied.Lines.ShouldContain(line => line.Change == "+" && line.Text.Contains("no-more-staging"));
        denied.Answers.ShouldHaveSingleItem().ShouldSatisfyAllConditions(
            answer => answer.Actor.ShouldBe(holder.Name), answer => answer.Before.ShouldBe("asks 1 reviewer"), answer => answer.After.ShouldBe("denied"), answer => string.Join(' ', answer.Command).ShouldBe(World.Command));
        (await Diff(auditor, World.Policy.Replace("count: 1 }", "count: 2 }"))).Answers.ShouldHaveSingleItem().After.ShouldBe("asks 2 reviewer");
        // Others' requests are nobody's business, and nothing is looked at that nobody wants looked at.
        (await Diff(other, World.NoMoreStaging)).Looked.ShouldBe(0);
        (await Diff(holder, World.NoMoreStaging)).Looked.ShouldBe(1);
        (await Diff(auditor, World.NoMoreStaging, "0")).Looked.ShouldBe(0);
        foreach (var last in new[] { "1001", "-1", "x", "", "99999999999" })
            (await world.Get<DiffPolicy>().Diff(auditor, new(World.Policy), last, Cancel)).ShouldBeRefused(ErrorCode.InvalidInput);
        var broken = await Diff(auditor, "version: 1\nrulez: []\n");
        (broken.Ok, broken.Problems.Count, broken.Looked).ShouldBe((false, 1, 0));

        (await world.Read(db => db.AuditEntries.CountAsync())).ShouldBe(entries);
        (await world.Read(db => db.Policies.CountAsync())).ShouldBe(1);
    }

    [Fact]
    public async Task Rules_tell_how_often_they_answered_and_what_of_them_was_enough()
    {
        var world = await Create();
        var (holder, grant) = await world.Approved();
        var verb = world.Get<ShowRuleUse>();
        (await verb.One("scan-staging", Cancel)).ShouldBeOk().ShouldSatisfyAllConditions(use => use.Asked.ShouldBe(1), use => use.Runs.ShouldBe(0), use => use.Enough.ShouldBeNull());
        (await world.Start(holder, grant)).ShouldBeOk();

        var one = (await verb.One("scan-staging", Cancel)).ShouldBeOk();
        one.Runs.ShouldBe(1);
        one.Enough.ShouldNotBeNull().ShouldStartWith("zones: [staging]\ntools:\n  nmap:\n    ports: \"22,80\"\n");
        (await verb.All(Cancel)).ShouldBeOk().ShouldContain(use => use.Id == "scan-staging" && use.Asked == 1);
        (await verb.One("nosuch", Cancel)).ShouldBeRefused(ErrorCode.NotFound);
        // What ran long ago is no reason to keep a rule as it is.
        world.Clock.Advance(TimeSpan.FromDays(91));
        (await verb.One("scan-staging", Cancel)).ShouldBeOk().ShouldSatisfyAllConditions(use => use.Asked.ShouldBe(0), use => use.Runs.ShouldBe(0), use => use.Enough.ShouldBeNull());
    }

    private static async Task<Result<PolicyView>> Apply(World world, string text) =>
        await world.Get<ApplyPolicy>().Apply(await world.Admin(), new(text), Cancel);

    [Collection(SqliteCollection.Name)]
    public sealed class OnSqlite(SqliteEngine engine) : PolicyTests(engine);

    [Collection(PostgresCollection.Name)]
    public sealed class OnPostgres(PostgresEngine engine) : PolicyTests(engine);
}
