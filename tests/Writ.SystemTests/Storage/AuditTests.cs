using Microsoft.EntityFrameworkCore;
using Writ.Contracts.Runners;
using Writ.Core;
using Writ.Core.Audit;
using Writ.Proof.Errors;
using Writ.Proof.Identity;
using Writ.Server.Audit;
using Writ.Server.Requests;
using Writ.Server.Runners;
using Writ.Server.Runs;
using Writ.SystemTests.Databases;

namespace Writ.SystemTests.Storage;

/// <summary>A change and its audit entry are one transaction, and entries have their order.</summary>
public abstract class AuditTests(StorageEngine engine) : StorageTest(engine)
{
    [Fact]
    public async Task Every_change_of_state_in_the_whole_story_has_its_entry()
    {
        var world = await Create();
        var dana = await world.Developer();
        // Asked: denied by policy, cancelled, denied by a person, left to expire, approved.
        (await world.Ask(dana, "nmap -sT -Pn -n -p 22 10.99.0.1")).ShouldBeOk().Denial.ShouldNotBeNull();
        (await world.Get<CancelRequest>().Cancel(dana, (await world.Request(dana)).Id.ToString(), new("not now"), Cancel)).ShouldBeOk();
        (await world.Deny(await world.Reviewer(), await world.Request(dana), "no")).ShouldBeOk();
        await world.Request(dana);
        var (_, grant) = await world.Approved(uses: 9);
        var unused = await world.Granted(await world.Operator());

        // Used: exited, killed by a person, refused by the runner, could not start, lost, killed by a revoke.
        var runs = new List<string>();
        for (var i = 0; i < 6; i++)
            runs.Add((await world.Start(dana, grant)).ShouldBeOk().Id.ToString());
        foreach (var run in runs.Where((_, number) => number is not (2 or 3)))
            world.Runner.SayStarted(run);
        world.Runner.Say(new() { Ended = world.Runner.End(runs[0], EndCause.Exited) });
        world.Runner.Say(new() { Refused = new() { Run = runs[2], Code = ErrorCode.OutsideCeiling, Message = "outside" } });
        world.Runner.Say(new() { Ended = world.Runner.End(runs[3], EndCause.CouldNotStart, "no such file") });
        await World.Eventually(() => world.Read(db => db.Runs.CountAsync(run => run.State == RunState.Running).ContinueWith(count => count.Result == 3)), "runs start and end");
        (await world.Get<KillRun>().Kill(dana, runs[1], "enough", Cancel)).ShouldBeOk().Outcome.ShouldBe("confirmed");
        await world.Get<RunTransitions>().Lost(await world.Read(db => db.Runs.AsNoTracking().SingleAsync(run => run.Id == RunId.Parse(runs[4]))), "lost");
        (await world.Get<Writ.Server.Grants.RevokeGrant>().Revoke(dana, grant.Id.ToString(), null)).ShouldBeOk().Outcome.ShouldBe("confirmed");
        await World.Eventually(() => world.Read(db => db.Runs.AllAsync(run => !RunStates.Live.Contains(run.State))), "the runs end");
        world.Clock.Advance(TimeSpan.FromHours(25));
        await world.Sweep();
        (await world.Get<Writ.Server.Policy.ApplyPolicy>().Apply(await world.Admin(), new(World.NoMoreStaging), Cancel)).ShouldBeOk();

        (await world.Now(unused)).State.ShouldBe(GrantState.Expired);
        (await world.Read(db => db.Requests.Select(row => row.State).Distinct().CountAsync())).ShouldBe(4, "approved, denied, cancelled, expired");
        (await world.Read(db => db.Runs.Select(row => row.EndReason).ToListAsync())).ShouldBe(
            [RunEndCause.Exited, RunEndCause.Killed, RunEndCause.Refused, RunEndCause.CouldNotStart, RunEndCause.RunnerLost, RunEndCause.Revoked], ignoreOrder: true);
        await world.ShouldBalance();
    }

    [Fact]
    public async Task A_change_without_an_entry_is_a_defect_and_is_rolled_back()
    {
        var world = await Create();
        var request = await world.Request(await world.Developer());

        await Should.ThrowAsync<InvalidOperationException>(() => world.Writes.Commit<bool>(async scope =>
        {
            await scope.Db.Requests.ExecuteUpdateAsync(set => set.SetProperty(row => row.State, RequestState.Approved));
            return true;
        }));
        (await world.Now(request)).State.ShouldBe(RequestState.Pending);

        // The control: with its entry it stays.
        (await world.Writes.Commit<bool>(async scope => await RequestEnding.End(scope, request, RequestEvent.Deny, AuditActor.System, "no"))).ShouldBeOk();
        (await world.Now(request)).State.ShouldBe(RequestState.Denied);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_refusal_or_an_exception_rolls_back_all_that_was_done_and_said(bool refusal)
    {
        var world = await Create();
        var request = await world.Request(await world.Developer());
        var entries = await world.Read(db => db.AuditEntries.CountAsync());
        var failed = new InvalidOperationException("in the middle");

        async Task<Result<bool>> Half()
        {
            return await world.Writes.Commit<bool>(async scope =>
            {
                await RequestEnding.End(scope, request, RequestEvent.Deny, AuditActor.System, "no");
                await scope.Db.SaveChangesAsync();
                return refusal ? new Refusal(ErrorCode.WrongState, "after all") : throw failed;
            });
        }

        if (refusal)
            (await Half()).ShouldBeRefused(ErrorCode.WrongState);
        else
            (await Should.ThrowAsync<InvalidOperationException>(Half)).ShouldBe(failed);

        (await world.Now(request)).State.ShouldBe(RequestState.Pending);
        (await world.Read(db => db.AuditEntries.CountAsync())).ShouldBe(entries);
        await world.ShouldBalance();
    }

    [Fact]
    public async Task Positions_are_contiguous_and_in_the_order_of_commits_with_two_sequencers_at_work()
    {
        var world = await Create();
        var other = await Beside(world);
        var before = await world.Read(db => db.AuditEntries.CountAsync());
        using var over = new CancellationTokenSource();
        var sequencing = new[] { world, other, world, other }.Select(server => Task.Run(async () =>
        {
            while (!over.IsCancellationRequested)
                await server.Get<Sequencer>().Integrate(default);
        })).ToArray();

        var rounds = TestScale.Times(6);
        var spans = (await Outcomes.AtOnce(32, async writer =>
        {
            var dice = new Random(writer);
            var mine = new List<(string Name, long Began, long Committed)>();
            for (var round = 0; round < rounds; round++)
            {
                var (name, began) = ($"{writer}.{round}", TimeProvider.System.GetTimestamp());
                await (writer % 2 == 0 ? world : other).Writes.Commit<bool>(async scope =>
                {
                    scope.Record(new(AuditType.ActorChanged, AuditActor.System, null, new() { ["name"] = name }));
                    // An entry that has its number early and is committed late: numbers alone are not the order of commits.
                    await scope.Db.SaveChangesAsync();
                    for (var turns = dice.Next(20); turns > 0; turns--)
                        await Task.Yield();
                    return true;
                });
                mine.Add((name, began, TimeProvider.System.GetTimestamp()));
            }

            return mine;
        })).SelectMany(mine => mine).ToArray();
        await over.CancelAsync();
        await Task.WhenAll(sequencing);

        await world.ShouldBalance();
        (await world.Read(db => db.AuditEntries.CountAsync())).ShouldBe(before + (32 * rounds));
        var positions = (await world.Entries(AuditType.ActorChanged)).ToDictionary(entry => entry["name"]!, entry => entry.Position!.Value);
        foreach (var earlier in spans)
        {
            foreach (var later in spans.Where(later => later.Began > earlier.Committed))
                positions[earlier.Name].ShouldBeLessThan(positions[later.Name], $"{earlier.Name} was committed before {later.Name} began");
        }
    }

    [Collection(SqliteCollection.Name)]
    public sealed class OnSqlite(SqliteEngine engine) : AuditTests(engine);

    [Collection(PostgresCollection.Name)]
    public sealed class OnPostgres(PostgresEngine engine) : AuditTests(engine);
}
