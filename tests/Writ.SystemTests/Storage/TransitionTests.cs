using CsCheck;
using Microsoft.EntityFrameworkCore;
using Writ.Contracts.Runners;
using Writ.Core;
using Writ.Core.Audit;
using Writ.Core.Grants;
using Writ.Proof.Errors;
using Writ.Proof.Identity;
using Writ.Server.Extensions;
using Writ.Server.Grants;
using Writ.Server.Requests;
using Writ.Server.Runners;
using Writ.Server.Storage;
using Writ.SystemTests.Databases;

namespace Writ.SystemTests.Storage;

/// <summary>The guarded updates against <see cref="AccessLifecycle"/>: its tables for every state and event, and its model of a grant for random histories.</summary>
public abstract class TransitionTests(StorageEngine engine) : StorageTest(engine)
{
    [Fact]
    public async Task Requests_go_exactly_where_the_table_says()
    {
        var world = await Create();
        var request = await world.Request(await world.Developer());
        foreach (var state in Enum.GetValues<RequestState>())
        {
            foreach (var happened in Enum.GetValues<RequestEvent>().Except([RequestEvent.None]))
            {
                await world.Writes.Append(async db =>
                {
                    await db.Grants.ExecuteDeleteAsync();
                    await db.Requests.ExecuteUpdateAsync(set => set.SetProperty(row => row.State, state));
                });
                var moved = await world.Writes.Commit<bool>(async scope =>
                {
                    var went = happened switch
                    {
                        RequestEvent.Approve => (await MintGrant.FromDecision(scope, request)).IsOk,
                        RequestEvent.Revise => await Revise(scope),
                        _ => await RequestEnding.End(scope, request, happened, AuditActor.System, "by the table"),
                    };
                    return went ? true : new Refusal(ErrorCode.WrongState, "no");
                });

                var next = AccessLifecycle.Requests.Next(state, happened);
                moved.IsOk.ShouldBe(next is not null, $"{state} {happened}");
                (await world.Now(request)).State.ShouldBe(next ?? state, $"{state} {happened}");
            }
        }

        async Task<bool> Revise(WriteScope scope)
        {
            var row = await scope.Db.Requests.AsNoTracking().SingleAsync();
            var policy = (await world.Get<Writ.Server.Policy.PolicyInForce>().Get(scope.Db)).ShouldBeOk();
            var found = await world.Get<Reevaluation>().OfRequest(scope.Db, policy, row, scope.Now);
            await world.Get<ReviseRequest>().IfAnsweredOtherwise(scope, row, policy, found with { Uses = found.Uses + 1 });
            return scope.Recorded > 0;
        }
    }

    [Fact]
    public async Task Grants_go_exactly_where_the_table_says()
    {
        var world = await Create();
        var (holder, grant) = await world.Approved(uses: 3);
        var run = await world.Running(holder, grant);
        var more = (await world.Extend(holder, run, TimeSpan.FromMinutes(5))).ShouldBeOk();
        foreach (var state in Enum.GetValues<GrantState>())
        {
            foreach (var happened in Enum.GetValues<GrantEvent>().Except([GrantEvent.None]))
            {
                await world.Writes.Append(async db =>
                {
                    await db.Extensions.ExecuteDeleteAsync();
                    await db.Traces.Where(row => row.From == grant.NotAfter).ExecuteDeleteAsync();
                    await db.Requests.Where(row => row.Extends != null).ExecuteUpdateAsync(set => set.SetProperty(row => row.State, RequestState.Pending));
                    await db.Grants.ExecuteUpdateAsync(set => set
                        .SetProperty(row => row.State, state).SetProperty(row => row.UsesLeft, happened == GrantEvent.ConsumeLast ? 1 : 2).SetProperty(row => row.NotAfter, grant.NotAfter));
                });
                var moved = await world.Writes.Commit<bool>(async scope =>
                {
                    var went = happened is GrantEvent.Consume or GrantEvent.ConsumeLast
                        ? (await ConsumeGrant.Take(scope, grant.Id, holder.Audit, holder.SourceAddress)).Outcome == ConsumeOutcome.Consumed
                        : happened == GrantEvent.Extend ? (await MintGrant.FromDecision(scope, await scope.Db.Requests.AsNoTracking().SingleAsync(row => row.Extends != null))).IsOk
                        : await GrantEnding.End(scope, grant, happened, AuditActor.System, "by the table");
                    return went ? true : new Refusal(ErrorCode.WrongState, "no");
                });

                var next = AccessLifecycle.Grants.Next(state, happened);
                moved.IsOk.ShouldBe(next is not null, $"{state} {happened}");
                (await world.Now(grant)).State.ShouldBe(next ?? state, $"{state} {happened}");
                (await world.Now(grant)).NotAfter.ShouldBe(moved.IsOk && happened == GrantEvent.Extend ? more.Extends!.Until : grant.NotAfter, $"{state} {happened}");
            }
        }
    }

    [Fact]
    public async Task Extensions_go_exactly_where_the_table_says()
    {
        var world = await Create();
        var holder = await world.Operator();
        var run = await world.Running(holder, await world.Granted(holder));
        var id = RequestId.Parse((await world.Extend(holder, run, TimeSpan.FromMinutes(5))).ShouldBeOk().Id);
        foreach (var state in Enum.GetValues<ExtensionState>())
        {
            foreach (var happened in Enum.GetValues<ExtensionEvent>().Except([ExtensionEvent.None]))
            {
                await world.Writes.Append(async db =>
                {
                    await db.Runs.ExecuteUpdateAsync(set => set.SetProperty(row => row.Deadline, run.Deadline));
                    await db.Extensions.ExecuteUpdateAsync(set => set.SetProperty(row => row.State, state));
                });
                var extension = await world.Read(db => db.Extensions.AsNoTracking().SingleAsync());
                if (happened == ExtensionEvent.Order)
                {
                    await world.Get<ExtensionOrders>().SendNew(world.Runner.Row.Id);
                }
                else
                {
                    await world.Writes.Commit<bool>(async scope => (happened == ExtensionEvent.Hold
                        ? await ExtensionEnding.Hold(scope, extension, AuditActor.System)
                        : await ExtensionEnding.End(scope, extension, run, AuditActor.System, "by the table")) ? true : new Refusal(ErrorCode.WrongState, "no"));
                }

                var next = AccessLifecycle.Extensions.Next(state, happened) ?? state;
                (await world.Read(db => db.Extensions.AsNoTracking().SingleAsync(row => row.RequestId == id))).State.ShouldBe(next, $"{state} {happened}");
                (await world.Now(run)).Deadline.ShouldBe(next == ExtensionState.InForce && next != state ? extension.Until : run.Deadline, $"{state} {happened}");
            }
        }
    }

    [Fact]
    public async Task Runs_go_exactly_where_the_table_says()
    {
        var world = await Create();
        var holder = await world.Operator();
        var run = (await world.Start(holder, await world.Granted(holder))).ShouldBeOk();
        var (id, runner) = (run.Id.ToString(), world.Runner);
        var transitions = world.Get<RunTransitions>();
        var paths = new (RunEvent Event, Func<Task> Path)[]
        {
            (RunEvent.Accept, () => transitions.Accepted(runner.Row, new() { Run = id })),
            (RunEvent.Start, () => transitions.Started(runner.Row, new() { Run = id })),
            (RunEvent.Exit, () => Ended(EndCause.Exited)),
            (RunEvent.Kill, () => Ended(EndCause.KillOrder)),
            (RunEvent.Kill, () => Ended(EndCause.Deadline)),
            (RunEvent.Kill, () => Ended(EndCause.Disconnected)),
            (RunEvent.Kill, () => Ended(EndCause.RecordingFailed)),
            (RunEvent.Kill, () => Ended(EndCause.LocalKill)),
            (RunEvent.Fail, () => Ended(EndCause.CouldNotStart)),
            (RunEvent.Fail, () => Ended(EndCause.SupervisorLost)),
            (RunEvent.Fail, () => Ended((EndCause)99)),
            (RunEvent.Refuse, () => transitions.Refused(runner.Row, new() { Run = id, Code = "x", Message = "x" })),
            (RunEvent.Fail, () => transitions.Lost(run, "lost")),
            (RunEvent.Extend, Extended),
        };
        paths.Select(path => path.Event).Distinct().Order().ToArray().ShouldBe([.. Enum.GetValues<RunEvent>().Except([RunEvent.None]).Order()], "an event without a path");
        foreach (var state in Enum.GetValues<RunState>())
        {
            foreach (var (happened, path) in paths)
            {
                await world.Writes.Append(db => db.Runs.ExecuteUpdateAsync(set => set.SetProperty(row => row.State, state).SetProperty(row => row.EndReason, (string?)null)));
                await path();
                (await world.Now(run)).State.ShouldBe(AccessLifecycle.Runs.Next(state, happened) ?? state, $"{state} {happened}");
            }
        }

        async Task Extended()
        {
            var state = (await world.Now(run)).State;
            var turn = await world.Writes.Commit<bool>(async scope =>
            {
                scope.Record(new(AuditType.RunDetached, AuditActor.System, null, new()));
                var taken = await LiveRuns.TakeTurn(scope, run.Id);
                return taken.IsOk ? true : taken.Refusal;
            });
            turn.IsOk.ShouldBe(AccessLifecycle.Runs.Next(state, RunEvent.Extend) is not null, $"{state} {RunEvent.Extend}");
        }

        Task Ended(EndCause cause) => transitions.Ended(runner.Row, runner.End(id, cause), Cancel);
    }

    [Fact]
    public async Task Reports_of_another_runner_or_of_the_past_change_nothing()
    {
        var world = await Create();
        var holder = await world.Operator();
        var run = (await world.Start(holder, await world.Granted(holder))).ShouldBeOk();
        var transitions = world.Get<RunTransitions>();
        var id = run.Id.ToString();
        var stranger = new RunnerRow { Id = RunnerId.New(world.Clock.GetUtcNow()), Name = "stranger", EnrolledAt = world.Clock.GetUtcNow() };

        await transitions.Accepted(stranger, new() { Run = id });
        await transitions.Ended(stranger, world.Runner.End(id, EndCause.Exited), Cancel);
        (await world.Now(run)).State.ShouldBe(RunState.Queued);

        await Outcomes.AtOnce(8, async _ =>
        {
            await transitions.Ended(world.Runner.Row, world.Runner.End(id, EndCause.Exited), Cancel);
            return 0;
        });
        await transitions.Started(world.Runner.Row, new() { Run = id });
        (await world.Now(run)).ShouldSatisfyAllConditions(row => row.State.ShouldBe(RunState.Exited), row => row.ExitCode.ShouldBe(0));
        await world.ShouldBalance();
    }

    /// <summary>
    /// Random histories in steps: each step moves the clock and then does several things at once. Whatever order the
    /// database found for them must be one that the model allows.
    /// </summary>
    [Fact]
    public async Task Grants_in_random_concurrent_histories_do_what_the_model_does()
    {
        var world = await Create();
        var holder = await world.Operator();
        // What a step does: seconds that pass, uses tried at once, and whether somebody revokes or the sweep comes by meanwhile.
        var steps = Gen.Select(Gen.Int[0, 400], Gen.Int[0, 5], Gen.Int[0, 9].Select(dice => dice == 0), Gen.Int[0, 3].Select(dice => dice == 0)).Array[1, 7];
        await Gen.Select(Gen.Int[1, 8], Gen.Int[60, 900], Gen.Int[0, 120], steps).SampleAsync(async history =>
        {
            var (uses, seconds, delay, taken) = history;
            var start = world.Clock.GetUtcNow().AddSeconds(delay);
            var row = await world.Granted(holder, uses, TimeSpan.FromSeconds(seconds), delay == 0 ? null : start);
            var model = Grant.Mint(new(DecisionId.New(start), row.NotBefore, row.NotAfter, uses));
            foreach (var (wait, tries, revoke, sweep) in taken)
            {
                world.Clock.Advance(TimeSpan.FromSeconds(wait));
                var now = world.Clock.GetUtcNow();
                var outcomes = await Outcomes.AtOnce(tries + 2, async number =>
                {
                    if (number < tries)
                        return (await world.Start(holder, row)).Code() ?? "";
                    if (number == tries && revoke)
                        await world.Get<RevokeGrant>().Revoke(holder, row.Id.ToString(), null);
                    else if (number > tries && sweep)
                        await world.Sweep();
                    return null;
                });

                var after = await world.Now(row);
                var found = (after.State, after.UsesLeft, Told(outcomes.OfType<string>(), revoke));
                var allowed = Orders(model, tries, revoke, sweep, now).DistinctBy(possible => possible.Seen).ToArray();
                allowed.Select(possible => possible.Seen).ShouldContain(found);
                model = allowed.First(possible => possible.Seen == found).Grant;
                after.UsesLeft.ShouldBeInRange(0, uses);
                (after.EndReason is null).ShouldBe(model.EndReason is null, "an end without a reason");
            }
        }, iter: TestScale.Times(12), threads: 1);
        await world.ShouldBalance();
    }

    /// <summary>What the model says of every order of these things: uses are alike, so only where revoke and sweep stand among them matters.</summary>
    private static IEnumerable<(Grant Grant, (GrantState State, int UsesLeft, string Outcomes) Seen)> Orders(Grant grant, int tries, bool revoke, bool sweep, DateTimeOffset now)
    {
        foreach (var revokeAt in revoke ? Enumerable.Range(0, tries + 1) : [-1])
        {
            foreach (var sweepAt in sweep ? Enumerable.Range(0, tries + 1) : [-1])
            {
                foreach (var sweepFirst in new[] { true, false })
                {
                    var (after, outcomes) = (grant, new List<string>());
                    for (var i = 0; i <= tries; i++)
                    {
                        if (i == sweepAt && sweepFirst)
                            after = after.Expire(now);
                        if (i == revokeAt)
                            after = after.Revoke("revoked");
                        if (i == sweepAt && !sweepFirst)
                            after = after.Expire(now);
                        if (i == tries)
                            break;
                        // The interval is the rule and the sweep is housekeeping: the model's grant that ends by a use is the sweep's to end.
                        var (used, outcome) = after.Consume(now);
                        after = outcome == ConsumeOutcome.Expired ? after : used;
                        outcomes.Add(outcome switch
                        {
                            ConsumeOutcome.Consumed => "",
                            ConsumeOutcome.Exhausted => ErrorCode.GrantExhausted,
                            ConsumeOutcome.Expired => after.State == GrantState.Exhausted ? ErrorCode.GrantExhausted : ErrorCode.Expired,
                            ConsumeOutcome.NotYet => ErrorCode.NotYet,
                            ConsumeOutcome.Revoked => ErrorCode.Revoked,
                            ConsumeOutcome.None => throw new InvalidOperationException("the model has no answer"),
                        });
                    }

                    yield return (after, (after.State, after.UsesLeft, Told(outcomes, revoke)));
                }
            }
        }
    }

    /// <summary>
    /// While a revoke is on its way, a use is refused as revoked before the database knows of it, also where the grant then
    /// turns out to have expired first: only that it is refused counts.
    /// </summary>
    private static string Told(IEnumerable<string> outcomes, bool revoking) =>
        string.Join(',', outcomes.Select(code => revoking && code != "" ? "refused" : code).Order(StringComparer.Ordinal));

    [Collection(SqliteCollection.Name)]
    public sealed class OnSqlite(SqliteEngine engine) : TransitionTests(engine);

    [Collection(PostgresCollection.Name)]
    public sealed class OnPostgres(PostgresEngine engine) : TransitionTests(engine);
}
