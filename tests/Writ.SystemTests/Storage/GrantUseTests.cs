using Microsoft.EntityFrameworkCore;
using Writ.Contracts.Grants;
using Writ.Core;
using Writ.Core.Audit;
using Writ.Proof.Errors;
using Writ.Server.Grants;
using Writ.Server.Runs;
using Writ.SystemTests.Databases;

namespace Writ.SystemTests.Storage;

/// <summary>Step 5 of the lifecycle: uses, and the races for them.</summary>
public abstract class GrantUseTests(StorageEngine engine) : StorageTest(engine)
{
    [Theory]
    [InlineData(64)] // The control: as many uses as takers let every one of them through.
    [InlineData(7)]
    [InlineData(1)]
    public async Task Sixty_four_parallel_uses_give_exactly_as_many_runs_as_there_are_uses(int uses)
    {
        var world = await Create();
        var (holder, grant) = await world.Approved(uses);

        var taken = await Outcomes.AtOnce(64, _ => world.Start(holder, grant));

        taken.Count(result => result.IsOk).ShouldBe(uses);
        taken.Where(result => !result.IsOk).ShouldAllBe(result => result.Refusal.Code == ErrorCode.GrantExhausted);
        (await world.Read(db => db.Runs.CountAsync())).ShouldBe(uses);
        await World.Eventually(() => Task.FromResult(world.Runner.Orders.Count() >= uses), "orders");
        world.Runner.Orders.Select(order => order.Bytes).Distinct().Count().ShouldBe(uses);
        var after = await world.Now(grant);
        (after.State, after.UsesLeft).ShouldBe((GrantState.Exhausted, 0));
        await world.ShouldBalance();
    }

    [Fact]
    public async Task A_single_use_grant_taken_through_two_servers_at_once_gives_one_run()
    {
        var world = await Create();
        var other = await Beside(world);
        var (holder, grant) = await world.Approved();

        var taken = await Outcomes.AtOnce(16, number => (number % 2 == 0 ? world : other).Start(holder, grant));

        taken.Count(result => result.IsOk).ShouldBe(1);
        await world.ShouldBalance();
    }

    [Fact]
    public async Task Uses_count_within_the_half_open_interval_and_not_a_microsecond_outside()
    {
        var world = await Create();
        var opens = world.Clock.GetUtcNow().AddMinutes(10);
        var (holder, grant) = await world.Approved(uses: 9, duration: TimeSpan.FromMinutes(5), start: opens);
        (grant.NotBefore, grant.NotAfter).ShouldBe((opens, opens.AddMinutes(5)));

        world.Clock.SetUtcNow(opens.AddMicroseconds(-1));
        (await world.Start(holder, grant)).ShouldBeRefused(ErrorCode.NotYet);
        world.Clock.SetUtcNow(opens);
        (await world.Start(holder, grant)).ShouldBeOk();
        world.Clock.SetUtcNow(grant.NotAfter.AddTicks(-1));
        var last = (await world.Start(holder, grant)).ShouldBeOk();
        last.Deadline.ShouldBe(grant.NotAfter);
        await world.Sweep();
        (await world.Now(grant)).State.ShouldBe(GrantState.Active);

        world.Clock.SetUtcNow(grant.NotAfter);
        (await world.Start(holder, grant)).ShouldBeRefused(ErrorCode.Expired);
        await world.Sweep();
        var after = await world.Now(grant);
        (after.State, after.UsesLeft).ShouldBe((GrantState.Expired, 7));
        (await world.Start(holder, grant)).ShouldBeRefused(ErrorCode.Expired);
        await world.ShouldBalance();
    }

    [Fact]
    public async Task Expiry_and_uses_at_the_same_moment_agree_on_who_came_first()
    {
        var world = await Create();
        var (holder, grant) = await world.Approved(uses: 40, duration: TimeSpan.FromMinutes(5));
        world.Clock.SetUtcNow(grant.NotAfter.AddTicks(-1));

        var all = await Outcomes.AtOnce(33, async number =>
        {
            if (number == 16)
                world.Clock.SetUtcNow(grant.NotAfter);
            if (number > 16 && number % 4 == 0)
                await world.Sweep();
            return await world.Start(holder, grant);
        });

        all.Where(result => !result.IsOk).ShouldAllBe(result => result.Refusal.Code == ErrorCode.Expired);
        await world.Sweep();
        var after = await world.Now(grant);
        (after.State, after.UsesLeft).ShouldBe((GrantState.Expired, 40 - all.Count(result => result.IsOk)));
        (await world.Read(db => db.Runs.AsNoTracking().ToListAsync())).ShouldAllBe(run => run.CreatedAt < grant.NotAfter && run.Deadline == grant.NotAfter);
        await world.ShouldBalance();
    }

    [Fact]
    public async Task A_use_that_races_with_a_revoke_is_refused_or_its_run_is_ended_by_that_revoke()
    {
        var world = await Create();
        var holder = await world.Operator();
        for (var round = 0; round < TestScale.Times(6); round++)
        {
            var grant = await world.Granted(holder, uses: 100);
            // The control: before the revoke it can be used.
            var early = (await world.Start(holder, grant)).ShouldBeOk();
            EndView? revoked = null;
            var uses = await Outcomes.AtOnce(9, async number =>
            {
                if (number != 4)
                    return await world.Start(holder, grant);
                revoked = (await world.Get<RevokeGrant>().Revoke(holder, grant.Id.ToString(), "enough")).ShouldBeOk();
                return new Refusal("", "");
            });

            var began = uses.Where(use => use.IsOk).Select(use => use.Value.Id.ToString()).Append(early.Id.ToString()).ToArray();
            revoked.ShouldNotBeNull().Runs.Select(run => run.Run).ShouldBe(began, ignoreOrder: true);
            (revoked.Outcome, revoked.Journalled).ShouldBe(("confirmed", true));
            uses.Where(use => !use.IsOk && use.Refusal.Code != "").ShouldAllBe(use => use.Refusal.Code == ErrorCode.Revoked);
            (await world.Start(holder, grant)).ShouldBeRefused(ErrorCode.Revoked);
            await World.Eventually(() => world.Read(db => db.Runs.Where(run => run.GrantId == grant.Id).AllAsync(run => run.State == RunState.Killed)), "the runs end");
        }

        await world.ShouldBalance();
    }

    [Fact]
    public async Task Refused_uses_are_audited_one_by_one_and_then_by_their_count()
    {
        var world = await Create();
        var (holder, grant) = await world.Approved();
        (await world.Start(holder, grant)).ShouldBeOk();

        (await Outcomes.AtOnce(25, _ => world.Start(holder, grant))).ShouldAllBe(result => !result.IsOk);
        world.Clock.Advance(TimeSpan.FromMinutes(1));
        await world.Sweep();

        (await world.Entries(AuditType.AttemptRefused)).Count.ShouldBe(10);
        (await world.Entries(AuditType.AttemptsCounted)).ShouldHaveSingleItem()["count"].ShouldBe("15");
    }

    [Fact]
    public async Task A_refused_use_changes_nothing_but_the_log()
    {
        var world = await Create();
        var holder = await world.Operator();
        var grant = await world.Granted(holder, uses: 2);
        // Its runner has another nmap now. The control follows: with the old one back the same use is given.
        await world.Writes.Append(db => db.Runners.ExecuteUpdateAsync(set => set.SetProperty(row => row.InventoryDigest, "another")));
        (await world.Start(holder, grant)).ShouldBeRefused(ErrorCode.InventoryMismatch);
        (await world.Now(grant)).UsesLeft.ShouldBe(2);
        (await world.Read(db => db.Runs.AnyAsync())).ShouldBeFalse();
        world.Runner.Orders.ShouldBeEmpty();

        var digest = (await world.Read(db => db.Inventories.AsNoTracking().SingleAsync())).Digest;
        await world.Writes.Append(db => db.Runners.ExecuteUpdateAsync(set => set.SetProperty(row => row.InventoryDigest, digest)));
        (await world.Start(holder, grant)).ShouldBeOk();
        await world.ShouldBalance();
    }

    [Fact]
    public async Task Nobody_uses_a_grant_of_somebody_else_or_for_another_command()
    {
        var world = await Create();
        var (holder, grant) = await world.Approved(uses: 3);

        (await world.Start(await world.Developer("dora"), grant)).ShouldBeRefused(ErrorCode.NotFound);
        (await world.Start(await world.Admin("ada", "engineering", "secops"), grant)).ShouldBeRefused(ErrorCode.NotFound);
        (await world.Start(holder, grant, "nmap -sT -Pn -n -p 22,81 10.20.0.5")).ShouldBeRefused(ErrorCode.NoGrant);
        // The same command in other words is the same command.
        (await world.Start(holder, grant, "nmap -n -Pn -sT -p80,22 10.20.0.5")).ShouldBeOk();
        await world.ShouldBalance();
    }

    [Collection(SqliteCollection.Name)]
    public sealed class OnSqlite(SqliteEngine engine) : GrantUseTests(engine);

    [Collection(PostgresCollection.Name)]
    public sealed class OnPostgres(PostgresEngine engine) : GrantUseTests(engine);
}
