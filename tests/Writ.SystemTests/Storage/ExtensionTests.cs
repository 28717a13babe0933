using Microsoft.EntityFrameworkCore;
using Writ.Contracts.Requests;
using Writ.Contracts.Runners;
using Writ.Core;
using Writ.Core.Audit;
using Writ.Core.Identity;
using Writ.Proof;
using Writ.Proof.Errors;
using Writ.Proof.Identity;
using Writ.Proof.Orders;
using Writ.Proof.Statements;
using Writ.Server.Decisions;
using Writ.Server.Extensions;
using Writ.Server.Grants;
using Writ.Server.Identity;
using Writ.Server.Requests;
using Writ.Server.Runs;
using Writ.Server.Storage;
using Writ.SystemTests.Databases;

namespace Writ.SystemTests.Storage;

/// <summary>More time for a run: who decides, what is ordered, when it holds, and what comes first of two things at once.</summary>
public abstract class ExtensionTests(StorageEngine engine) : StorageTest(engine)
{
    private static readonly TimeSpan More = TimeSpan.FromMinutes(15);

    [Fact]
    public async Task More_time_that_policy_allows_holds_by_the_runners_word_and_is_that_runs_alone()
    {
        var world = await Create();
        var olga = await world.Operator();
        var grant = await world.Granted(olga, uses: 3);
        var run = await world.Running(olga, grant);

        var asked = (await world.Extend(olga, run, More, "once")).ShouldBeOk();
        (asked.State, asked.Extends!.State).ShouldBe(("approved", "ordered"));
        (asked.Extends.From, asked.Extends.Until).ShouldBe((run.Deadline, run.Deadline + More));
        (await world.Extend(olga, run, More, "once")).ShouldBeOk().Id.ShouldBe(asked.Id, "the same call again");
        var order = await Ordered(world, 1);
        var (first, read) = (RunOrder.Read(run.OrderBytes).Value, RunOrder.Read(order.Bytes.Span).Value);
        var statement = Statement.Read(read.Statement).Value;
        read.IsSameButForTime(first).ShouldBeTrue();
        statement.IsSameButForTime(Statement.Read(first.Statement).Value).ShouldBeTrue();
        (statement.Extends, UnixMicroseconds.ToInstant(read.Deadline)).ShouldBe((run.Id.ToString(), run.Deadline + More));
        (await world.Now(run)).Deadline.ShouldBe(run.Deadline, "the runner has not answered");

        world.Runner.Answer(order);
        await InForce(world, asked);
        (await world.Now(run)).Deadline.ShouldBe(run.Deadline + More);
        (await world.Now(grant)).NotAfter.ShouldBe(run.Deadline + More);
        world.Runner.Answer(order, ErrorCode.Replayed);

        // What is left of the grant ends where it was decided that it ends, and the run goes on.
        world.Clock.SetUtcNow(grant.NotAfter);
        await world.Sweep();
        (await world.Start(olga, grant)).ShouldBeRefused(ErrorCode.Expired);
        (await world.Get<StartRun>().Start(olga, new(World.Command.Split(' '), null, Detach: true), null)).ShouldBeRefused(ErrorCode.NoGrant);
        (await world.Now(run)).ShouldSatisfyAllConditions(row => row.State.ShouldBe(RunState.Running), row => row.KillCause.ShouldBeNull());
        (await world.Get<RevokeGrant>().Revoke(olga, grant.Id.ToString(), null)).ShouldBeOk().Outcome.ShouldBe("confirmed", "it can be revoked as long as its run lives");
        await Gone(world, run);
        (await world.Extend(olga, run, More)).ShouldBeRefused(ErrorCode.WrongState);
        await world.ShouldBalance();
    }

    [Fact]
    public async Task Longest_duration_of_a_rule_counts_from_the_beginning_of_the_right()
    {
        var world = await Create();
        var olga = await world.Operator();
        var run = await world.Running(olga, await world.Granted(olga));

        var refusal = (await world.Extend(olga, run, TimeSpan.FromHours(7) + TimeSpan.FromSeconds(1))).ShouldBeRefused(ErrorCode.DurationTooLong);
        refusal.Hint!.ShouldContain("at most 7h more");
        var all = (await world.Extend(olga, run, null)).ShouldBeOk();
        all.Extends!.Until.ShouldBe(run.Deadline.AddHours(7), "as much as the rule allows");
        world.Runner.Answer(await Ordered(world, 1));
        await InForce(world, all);
        (await world.Extend(olga, run, TimeSpan.FromSeconds(1))).ShouldBeRefused(ErrorCode.DurationTooLong).Hint!.ShouldContain("start a new run");
        (await world.Extend(await world.Operator("otto"), run, More)).ShouldBeRefused(ErrorCode.NotFound);
        (await world.Extend(await world.Admin(), run, More)).ShouldBeRefused(ErrorCode.Forbidden);
        await world.ShouldBalance();
    }

    [Fact]
    public async Task Reviewers_decide_on_more_time_as_on_any_request_and_what_else_is_asked_follows()
    {
        var world = await Create();
        var (dana, grant) = await world.Approved();
        var (rae, ron) = (await world.Reviewer(), await world.Reviewer("ron"));
        var run = await world.Running(dana, grant);
        var first = (await world.Extend(dana, run, More)).ShouldBeOk();
        var second = (await world.Extend(dana, run, More)).ShouldBeOk();
        (first.State, second.State, second.Extends!.State).ShouldBe(("pending", "pending", "asked"));
        (await Decide(world, dana, first)).ShouldBeRefused(ErrorCode.OwnRequest);

        (await Decide(world, rae, first)).ShouldBeOk().Extends!.State.ShouldBe("ordered");
        // The other one is about a deadline that the run has no more.
        (await Decide(world, ron, second)).ShouldBeRefused(ErrorCode.StaleRevision);
        var follows = await View(world, second);
        (follows.Revision, follows.Extends!.From, follows.Extends.Until).ShouldBe((2, run.Deadline + More, run.Deadline + More + More));
        (await Decide(world, ron, follows)).ShouldBeOk();

        // One after the other: each goes on from the deadline that the runner holds.
        var order = await Ordered(world, 1);
        world.Runner.Extensions.Count().ShouldBe(1);
        world.Runner.Answer(order);
        await InForce(world, first);
        await world.Get<ExtensionOrders>().SendNew(world.Runner.Row.Id);
        world.Runner.Answer(await Ordered(world, 2));
        await InForce(world, second);
        (await world.Now(run)).Deadline.ShouldBe(run.Deadline + More + More);
        await world.ShouldBalance();
    }

    [Fact]
    public async Task More_time_is_approved_for_less_than_was_asked_and_never_for_more()
    {
        var world = await Create();
        var (dana, grant) = await world.Approved();
        var (rae, ron) = (await world.Reviewer(), await world.Reviewer("ron"));
        var run = await world.Running(dana, grant);
        var asked = (await world.Extend(dana, run, More)).ShouldBeOk();
        foreach (var (code, ask) in ((string, Func<string, NarrowAsk>)[])
                 [
                     (ErrorCode.DurationTooLong, digest => new(digest, DurationSeconds: More.TotalSeconds + 1)),
                     (ErrorCode.DurationTooLong, digest => new(digest, DurationSeconds: double.MaxValue)),
                     (ErrorCode.DurationTooLong, digest => new(digest, DurationSeconds: double.PositiveInfinity)),
                     (ErrorCode.DurationTooLong, digest => new(digest, DurationSeconds: double.NaN)),
                     (ErrorCode.DurationTooLong, digest => new(digest, DurationSeconds: 0)),
                     (ErrorCode.DurationTooLong, digest => new(digest, DurationSeconds: -600)),
                     (ErrorCode.DurationTooLong, digest => new(digest, DurationSeconds: 0.999)),
                     (ErrorCode.InvalidInput, digest => new(digest, DurationSeconds: More.TotalSeconds)),
                     (ErrorCode.InvalidInput, digest => new(digest)),
                     (ErrorCode.InvalidInput, digest => new(digest, ["10.20.0.5"], DurationSeconds: 60)),
                     (ErrorCode.InvalidInput, digest => new(digest, Ports: "22", DurationSeconds: 60)),
                     (ErrorCode.InvalidInput, digest => new(digest, DurationSeconds: 60, Uses: 2)),
                     (ErrorCode.StaleRevision, digest => new(new('0', 64), DurationSeconds: 60)),
                 ])
            (await Narrow(world, rae, asked, ask(asked.StatementDigest!))).ShouldBeRefused(code);
        var less = new NarrowAsk(asked.StatementDigest!, DurationSeconds: 600, Comment: "until lunch");
        (await Narrow(world, dana, asked, less)).ShouldBeRefused(ErrorCode.OwnRequest);
        (await Narrow(world, await world.Admin(), asked, less)).ShouldBeRefused(ErrorCode.Forbidden);
        (await Narrow(world, await world.Person("mallory"), asked, less)).ShouldBeRefused(ErrorCode.NotFound);
        (await View(world, asked)).Revision.ShouldBe(1);

        // What it would be is shown first; then it is another revision, which nobody has said yes to, and of this run alone.
        var seen = (await world.Get<NarrowRequest>().Preview(rae, asked.Id, less, world.Clock.GetUtcNow())).ShouldBeOk();
        (seen.DurationSeconds, (await View(world, asked)).Revision).ShouldBe((600, 1));
        var narrowed = (await Narrow(world, rae, asked, less)).ShouldBeOk();
        (narrowed.State, narrowed.Revision, narrowed.DurationSeconds, narrowed.Extends!.Until).ShouldBe(("pending", 2, 600, run.Deadline.AddMinutes(10)));
        (await Decide(world, rae, asked)).ShouldBeRefused(ErrorCode.StaleRevision);
        (await Narrow(world, ron, narrowed, new(narrowed.StatementDigest!, DurationSeconds: 601))).ShouldBeRefused(ErrorCode.DurationTooLong);
        (await Decide(world, rae, narrowed)).ShouldBeOk();
        var order = await Ordered(world, 1);
        var statement = Statement.Read(RunOrder.Read(order.Bytes.Span).Value.Statement).Value;
        (statement.Revision, statement.Duration, statement.Extends).ShouldBe((2, UnixMicroseconds.From(TimeSpan.FromMinutes(10)), run.Id.ToString()));
        statement.IsSameButForTime(Statement.Read(RunOrder.Read(run.OrderBytes).Value.Statement).Value).ShouldBeTrue();
        world.Runner.Answer(order);
        await InForce(world, asked);
        (await world.Now(run)).Deadline.ShouldBe(run.Deadline.AddMinutes(10));
        (await world.Now(grant)).NotAfter.ShouldBe(run.Deadline.AddMinutes(10));
        var told = (await world.Entries(AuditType.RequestRevised)).ShouldHaveSingleItem();
        (told["request"], told["duration_seconds"], told["comment"]).ShouldBe((asked.Id, "600", "until lunch"));

        // What is decided, and what is of a run that is over, is not made smaller any more.
        (await Narrow(world, ron, narrowed, new(narrowed.StatementDigest!, DurationSeconds: 60))).ShouldBeRefused(ErrorCode.WrongState);
        var late = (await world.Extend(dana, run, More)).ShouldBeOk();
        world.Clock.SetUtcNow(run.Deadline.AddMinutes(10));
        (await Narrow(world, rae, late, new(late.StatementDigest!, DurationSeconds: 60))).ShouldBeRefused(ErrorCode.Expired);
        await world.ShouldBalance();
    }

    [Fact]
    public async Task Yes_to_more_time_does_not_count_for_less_of_it_and_what_policy_allows_of_it_is_given_at_once()
    {
        var world = await Create();
        const string Production = "nmap -sT -Pn -n -p 22,80 10.30.0.5";
        var (dana, rae, ron) = (await world.Developer(), await world.Reviewer(), await world.Reviewer("ron"));
        var request = await world.Request(dana, Production);
        (await world.Approve(rae, request)).ShouldBeOk();
        (await world.Approve(ron, await world.Now(request))).ShouldBeOk();
        var run = (await world.Start(dana, await world.GrantOf(request), Production)).ShouldBeOk();
        world.Runner.SayStarted(run.Id.ToString());
        await World.Eventually(async () => (await world.Now(run)).State == RunState.Running, "the run does not begin");
        var asked = (await world.Extend(dana, run, More)).ShouldBeOk();
        (await Decide(world, rae, asked)).ShouldBeOk().State.ShouldBe("pending");
        var narrowed = (await Narrow(world, ron, asked, new(asked.StatementDigest!, DurationSeconds: 60))).ShouldBeOk();
        (await Decide(world, ron, narrowed)).ShouldBeOk().State.ShouldBe("pending", "rae said yes to more than this");
        (await Decide(world, rae, narrowed)).ShouldBeOk().State.ShouldBe("approved");

        // Up to eight hours policy needs nobody, beyond them it asks: what was asked for beyond and is made less, it allows.
        (await world.Get<Writ.Server.Policy.ApplyPolicy>().Apply(await world.Admin(), new(World.Policy + """
              - id: operate-longer
                roles: [operator]
                zones: [staging]
                tools: { nmap: any }
                max-duration: 12h
                approval: { from: [reviewer], count: 1 }

            """), Cancel)).ShouldBeOk();
        var olga = await world.Operator();
        var alone = await world.Running(olga, await world.Granted(olga));
        var beyond = (await world.Extend(olga, alone, TimeSpan.FromHours(8))).ShouldBeOk();
        var beside = (await world.Extend(olga, alone, TimeSpan.FromHours(9))).ShouldBeOk();
        (beyond.State, beside.State).ShouldBe(("pending", "pending"));
        var given = (await Narrow(world, rae, beyond, new(beyond.StatementDigest!, DurationSeconds: 3_600))).ShouldBeOk();
        (given.State, given.Extends!.Until, given.Extends.State).ShouldBe(("approved", alone.Deadline.AddHours(1), "ordered"));
        // What else was asked for the run follows the new deadline.
        (await View(world, beside)).ShouldSatisfyAllConditions(view => view.Revision.ShouldBe(2), view => view.Extends!.From.ShouldBe(alone.Deadline.AddHours(1)));
        await world.ShouldBalance();
    }

    [Fact]
    public async Task Less_time_and_a_yes_or_a_revoke_at_the_same_moment_have_one_outcome()
    {
        var world = await Create();
        var other = await Beside(world);
        var (rae, ron) = (await world.Reviewer(), await world.Reviewer("ron"));
        for (var round = 0; round < TestScale.Times(6); round++)
        {
            var (dana, grant) = await world.Approved();
            var run = await world.Running(dana, grant);
            var asked = (await world.Extend(dana, run, More)).ShouldBeOk();
            var codes = await Outcomes.AtOnce(2, async number => number == 0
                ? (await Narrow(world, rae, asked, new(asked.StatementDigest!, DurationSeconds: 60))).Code()
                : round % 2 == 0 ? (await Decide(other, ron, asked)).Code() : (await other.Get<RevokeGrant>().Revoke(dana, grant.Id.ToString(), null)).Code());
            var after = await View(world, asked);
            if (round % 2 == 0)
            {
                codes.Count(code => code is null).ShouldBe(1, string.Join(" ", codes));
                (after.State, after.Extends!.Until - run.Deadline).ShouldBe(codes[0] is null ? ("pending", TimeSpan.FromMinutes(1)) : ("approved", More));
            }
            else
            {
                codes[1].ShouldBeNull("what takes a right away always happens");
                await Gone(world, run);
                (await View(world, asked)).State.ShouldBe("expired");
            }
        }

        await world.ShouldBalance();
    }

    [Fact]
    public async Task Two_extensions_decided_at_once_follow_one_another()
    {
        var world = await Create();
        var other = await Beside(world);
        var (rae, ron) = (await world.Reviewer(), await world.Reviewer("ron"));
        for (var round = 0; round < TestScale.Times(6); round++)
        {
            var (dana, grant) = await world.Approved();
            var run = await world.Running(dana, grant);
            var asked = await Outcomes.AtOnce(2, number => (number == 0 ? world : other).Extend(dana, run, More));
            var said = await Outcomes.AtOnce(2, number => number == 0 ? Decide(world, rae, asked[0].ShouldBeOk()) : Decide(other, ron, asked[1].ShouldBeOk()));

            said.Count(result => result.IsOk).ShouldBe(1);
            said.Single(result => !result.IsOk).ShouldBeRefused(ErrorCode.StaleRevision);
            (await world.Read(db => db.Extensions.CountAsync(row => row.RunId == run.Id))).ShouldBe(1);
            (await world.Now(grant)).NotAfter.ShouldBe(run.Deadline + More);
            var late = await View(world, asked[said[0].IsOk ? 1 : 0].Value);
            (await Decide(world, rae, late)).ShouldBeOk();
            (await world.Now(grant)).NotAfter.ShouldBe(run.Deadline + More + More);
        }

        await world.ShouldBalance();
    }

    [Fact]
    public async Task Decision_and_revoke_at_the_same_moment_leave_no_extended_run()
    {
        var world = await Create();
        var other = await Beside(world);
        var rae = await world.Reviewer();
        for (var round = 0; round < TestScale.Times(6); round++)
        {
            var (dana, grant) = await world.Approved();
            var run = await world.Running(dana, grant);
            var asked = (await world.Extend(dana, run, More)).ShouldBeOk();
            var codes = await Outcomes.AtOnce(2, async number => number == 0
                ? (await Decide(world, rae, asked)).Code()
                : (await other.Get<RevokeGrant>().Revoke(dana, grant.Id.ToString(), null)).Code());

            codes[1].ShouldBeNull("what takes a right away always happens");
            await Gone(world, run);
            (await world.Now(grant)).State.ShouldBe(GrantState.Revoked);
            var after = await View(world, asked);
            after.State.ShouldBe(codes[0] is null ? "approved" : "expired", codes[0]);
            if (codes[0] is not null)
                after.EndReason!.ShouldBeOneOf("the grant was revoked", "the run ended before anybody decided");
            await World.Eventually(async () => (await View(world, asked)).Extends!.State is "asked" or "void", "more time of a run that is over");
            await world.Get<ExtensionOrders>().Unanswered(world.Runner.Row.Id, []);
            (await world.Now(run)).Deadline.ShouldBe(run.Deadline);
        }

        await world.ShouldBalance();
    }

    [Fact]
    public async Task Decision_at_the_deadline_or_after_it_revives_nothing()
    {
        var world = await Create();
        var rae = await world.Reviewer();
        var (dana, grant) = await world.Approved();
        var run = await world.Running(dana, grant);
        var early = (await world.Extend(dana, run, More)).ShouldBeOk();
        early.ExpiresAt.ShouldBe(run.Deadline);
        var late = (await world.Extend(dana, run, More)).ShouldBeOk();
        world.Clock.SetUtcNow(run.Deadline.AddMicroseconds(-1));
        (await Decide(world, rae, early)).ShouldBeOk();

        world.Clock.SetUtcNow(run.Deadline);
        (await world.Extend(dana, run, More)).ShouldBeRefused(ErrorCode.Expired);
        (await Decide(world, rae, await View(world, late))).ShouldBeRefused(ErrorCode.Expired);
        // The one that was decided in time was ordered in time, and the runner held the run by the old deadline: its order came too late.
        world.Runner.Say(new() { Ended = Ended(world, run, EndCause.Deadline, run.Deadline) });
        await Gone(world, run);
        (await View(world, early)).Extends.ShouldNotBeNull().ShouldSatisfyAllConditions(more => more.State.ShouldBe("void"), more => more.Message!.ShouldBe("the run has ended"));
        (await View(world, late)).ShouldSatisfyAllConditions(view => view.State.ShouldBe("expired"), view => view.EndReason!.ShouldBe("the run ended before anybody decided"));
        (await world.Now(run)).ShouldSatisfyAllConditions(row => row.EndReason.ShouldBe("deadline"), row => row.Deadline.ShouldBe(run.Deadline));
        await world.ShouldBalance();
    }

    [Fact]
    public async Task Nobody_decides_and_the_run_ends_at_its_deadline_with_a_clear_word()
    {
        var world = await Create();
        var (dana, grant) = await world.Approved();
        var run = await world.Running(dana, grant);
        var asked = (await world.Extend(dana, run, More)).ShouldBeOk();
        world.Clock.SetUtcNow(run.Deadline);
        await world.Sweep();
        (await View(world, asked)).ShouldSatisfyAllConditions(view => view.State.ShouldBe("expired"), view => view.EndReason!.ShouldBe("nobody decided before the run's deadline"));
        await world.ShouldBalance();
    }

    [Fact]
    public async Task Runner_out_of_reach_gets_the_order_when_it_is_back_and_the_run_keeps_its_deadline_until_then()
    {
        var world = await Create();
        var olga = await world.Operator();
        var run = await world.Running(olga, await world.Granted(olga));
        var hub = world.Get<Writ.Server.Runners.RunnerHub>();
        world.Runner.Leave();
        var asked = (await world.Extend(olga, run, More)).ShouldBeOk();
        (asked.State, asked.Extends!.State).ShouldBe(("approved", "granted"));
        (await world.Now(run)).Deadline.ShouldBe(run.Deadline);

        // Back, twice: an order that is not answered is sent again over each link, and the same one.
        var orders = world.Get<ExtensionOrders>();
        var sent = new HashSet<RequestId>();
        var order = (await orders.Unanswered(run.RunnerId, sent)).ShouldHaveSingleItem().Extend;
        (await orders.Unanswered(run.RunnerId, sent)).ShouldBeEmpty();
        (await orders.Unanswered(run.RunnerId, [])).ShouldHaveSingleItem().Extend.ShouldBe(order);
        (await View(world, asked)).Extends!.State.ShouldBe("ordered");

        // Its word was lost, but not that of the end: that deadline held.
        var transitions = world.Get<Writ.Server.Runners.RunTransitions>();
        var runner = await world.Read(db => db.Runners.AsNoTracking().SingleAsync());
        world.Clock.SetUtcNow(run.Deadline.AddSeconds(5));
        await world.Sweep();
        (await world.Now(run)).ShouldSatisfyAllConditions(row => row.State.ShouldBe(RunState.Running), row => row.KillCause.ShouldBeNull("the order may be in force"));
        world.Clock.SetUtcNow(run.Deadline + More);
        await transitions.Ended(runner, Ended(world, run, EndCause.Deadline, run.Deadline + More), Cancel);
        (await View(world, asked)).Extends!.State.ShouldBe("in-force");
        (await world.Now(run)).ShouldSatisfyAllConditions(row => row.EndReason.ShouldBe("deadline"), row => row.Deadline.ShouldBe(run.Deadline + More));
        hub.IsHere(run.RunnerId).ShouldBeFalse();
        await world.ShouldBalance();
    }

    [Fact]
    public async Task Extension_that_the_runner_refuses_is_void_and_another_can_be_asked()
    {
        var world = await Create();
        var olga = await world.Operator();
        var run = await world.Running(olga, await world.Granted(olga));
        var asked = (await world.Extend(olga, run, More)).ShouldBeOk();
        world.Runner.Answer(await Ordered(world, 1), ErrorCode.WrongState);
        await World.Eventually(async () => (await View(world, asked)).Extends!.State == "void", "the runner's word is not heard");
        (await View(world, asked)).Extends!.Message.ShouldBe("the run is at its end");
        (await world.Now(run)).Deadline.ShouldBe(run.Deadline);

        var again = (await world.Extend(olga, run, More)).ShouldBeOk();
        again.Extends!.From.ShouldBe(run.Deadline);
        world.Runner.Answer(await Ordered(world, 2));
        await InForce(world, again);
        await world.ShouldBalance();
    }

    [Fact]
    public async Task Denial_since_the_decision_binds_before_the_order_is_signed()
    {
        var world = await Create();
        var (dana, grant) = await world.Approved();
        var run = await world.Running(dana, grant);
        var asked = (await world.Extend(dana, run, More)).ShouldBeOk();
        world.Runner.Leave();
        (await Decide(world, await world.Reviewer(), asked)).ShouldBeOk().Extends!.State.ShouldBe("granted");
        await world.Writes.Append(db => db.Actors.Where(row => row.Name == "rae").ExecuteUpdateAsync(set => set.SetProperty(row => row.DisabledAt, world.Clock.GetUtcNow())));

        (await world.Get<ExtensionOrders>().Unanswered(run.RunnerId, [])).ShouldBeEmpty();
        (await View(world, asked)).Extends.ShouldNotBeNull().ShouldSatisfyAllConditions(more => more.State.ShouldBe("void"), more => more.Message!.ShouldContain("more approvals"));
        (await world.Now(run)).Deadline.ShouldBe(run.Deadline);
        await world.ShouldBalance();
    }

    private static async Task<Order> Ordered(World world, int number)
    {
        await World.Eventually(() => Task.FromResult(world.Runner.Extensions.Count() >= number), "no order of more time");
        return world.Runner.Extensions.ElementAt(number - 1);
    }

    private static Task InForce(World world, RequestView asked) =>
        World.Eventually(async () => (await View(world, asked)).Extends!.State == "in-force", "more time does not come into force");

    private static Task Gone(World world, RunRow run) =>
        World.Eventually(async () => AccessLifecycle.Runs.IsFinal((await world.Now(run)).State), "the run does not end");

    private static Ended Ended(World world, RunRow run, EndCause cause, DateTimeOffset deadline)
    {
        var ended = world.Runner.End(run.Id.ToString(), cause);
        ended.Deadline = UnixMicroseconds.From(deadline);
        return ended;
    }

    private static Task<Result<RequestView>> Decide(World world, Caller caller, RequestView request) =>
        world.Get<DecisionTurn>().Decide(caller, request.Id, new(request.StatementDigest!), approve: true, default);

    private static Task<Result<RequestView>> Narrow(World world, Caller caller, RequestView request, NarrowAsk ask) =>
        world.Get<NarrowRequest>().Narrow(caller, request.Id, ask, Cancel);

    private static async Task<RequestView> View(World world, RequestView request)
    {
        await using var db = world.Open();
        var id = RequestId.Parse(request.Id);
        return (await Writ.Server.Requests.RequestViews.Load(db, null, [await db.Requests.AsNoTracking().SingleAsync(row => row.Id == id)], default))[0];
    }

    [Collection(SqliteCollection.Name)]
    public sealed class OnSqlite(SqliteEngine engine) : ExtensionTests(engine);

    [Collection(PostgresCollection.Name)]
    public sealed class OnPostgres(PostgresEngine engine) : ExtensionTests(engine);
}
