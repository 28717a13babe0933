using Writ.Core;
using Writ.Proof.Errors;
using Writ.Proof.Runners;
using Writ.Server.Requests;
using Writ.SystemTests.Databases;

namespace Writ.SystemTests.Storage;

/// <summary>Of several runners, one that holds runs as policy asks.</summary>
public abstract class RunnerChoiceTests(StorageEngine engine) : StorageTest(engine)
{
    private static readonly string Held = World.Policy.Replace("approval: none", "approval: none\n    protections: [seccomp, cgroup]", StringComparison.Ordinal);

    [Fact]
    public async Task Runner_that_holds_runs_as_the_rule_asks_is_chosen_and_where_none_does_each_is_told_of()
    {
        var world = await Create(Held);
        var olga = await world.Operator();
        await using var lesser = await world.Another("another", Protections.FenceV4, Protections.Sandbox);
        var denied = (await world.Ask(olga)).ShouldBeOk();
        denied.Request.State.ShouldBe(RequestState.Denied);
        var denial = denied.Denial.ShouldNotBeNull();
        (denial.Code, denial.Hint).ShouldBe((ErrorCode.Denied, "writ runners lists what each runner has"));
        denial.Reasons.ShouldBe(
            ["rule operate: its runs must be held by seccomp, cgroup, which the runner does not have", "runner another lacks cgroup, seccomp", "runner staging-1 lacks cgroup"]);
        (await world.Get<Explain>().Of(olga, new(World.Command.Split(' '), null, null, null, null, null), Cancel)).ShouldBeOk().Evaluation.Reasons.ShouldContain("runner staging-1 lacks cgroup");

        await using (var held = await world.Another("zulu", Protections.FenceV4, Protections.Sandbox, Protections.Seccomp, Protections.Cgroup))
        {
            var asked = (await world.Ask(olga)).ShouldBeOk();
            (asked.Request.State, asked.Request.RunnerId).ShouldBe((RequestState.Approved, held.Row.Id));
        }

        // What is denied for another reason is answered for the first runner, as it was.
        (await world.Ask(await world.Person("nobody"))).ShouldBeOk().Denial!.Reasons!.ShouldNotContain(reason => reason.Contains("lacks", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Runner_that_cannot_hold_the_run_at_all_is_passed_over()
    {
        var world = await Create();
        var olga = await world.Operator();
        const string raw = "nmap -sS -Pn -n -p 22 10.20.0.5";
        await using var lesser = await world.Another("another", Protections.FenceV4);
        (await world.Ask(olga, raw)).ShouldBeOk().Request.RunnerId.ShouldBe(world.Runner.Row.Id);
    }

    [Collection(SqliteCollection.Name)]
    public sealed class OnSqlite(SqliteEngine engine) : RunnerChoiceTests(engine);

    [Collection(PostgresCollection.Name)]
    public sealed class OnPostgres(PostgresEngine engine) : RunnerChoiceTests(engine);
}
