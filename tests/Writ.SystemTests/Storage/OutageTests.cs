using System.Data.Common;
using Microsoft.EntityFrameworkCore;
using Writ.Contracts.Grants;
using Writ.Contracts.Runners;
using Writ.Core;
using Writ.Core.Audit;
using Writ.Proof.Errors;
using Writ.Server.Grants;
using Writ.Server.Runs;
using Writ.Server.Storage;
using Writ.SystemTests.Databases;

namespace Writ.SystemTests.Storage;

/// <summary>
/// A database that cannot be written (a full disk; a standby after a failover): nothing is given any more, what is taken
/// away is taken all the same, and the record follows.
/// </summary>
public abstract class OutageTests(StorageEngine engine) : StorageTest(engine)
{
    [Fact]
    public async Task Revoke_ends_runs_while_nothing_can_be_written_and_is_journalled_later()
    {
        var world = await Create(smallDisk: true);
        var (holder, grant) = await world.Approved(uses: 9);
        var spared = await world.Granted(await world.Operator(), uses: 3);
        var run = (await world.Start(holder, grant)).ShouldBeOk();
        world.Runner.SayStarted(run.Id.ToString());
        await World.Eventually(async () => (await world.Now(run)).State == RunState.Running, "the run runs");

        await world.At.MakeUnwritable();
        var revoked = (await world.Get<RevokeGrant>().Revoke(holder, grant.Id.ToString(), "disk or not")).ShouldBeOk();

        // The run is dead, as its runner saw, and nobody claims that it was written.
        (revoked.Outcome, revoked.Journalled).ShouldBe(("confirmed", false));
        world.Runner.Kills.ShouldContain(run.Id.ToString());
        (await world.Now(grant)).State.ShouldBe(GrantState.Active);
        // Nothing is given: neither of this grant nor of another.
        await ShouldNotBeGiven(() => world.Start(holder, grant));
        var olga = await Operator();
        await ShouldNotBeGiven(() => world.Start(olga, spared));
        world.Runner.Orders.Select(sent => sent.Bytes).ShouldHaveSingleItem();
        await world.Sweep();
        (await world.Now(grant)).State.ShouldBe(GrantState.Active, "nothing can be written yet");

        // It can be written again: the revoked grant is not used in the time until its revocation is, another one is.
        await world.At.MakeWritable();
        await Recovered(world, olga, spared);
        (await world.Start(holder, grant)).ShouldBeRefused(ErrorCode.Revoked);
        await world.Sweep();
        (await world.Now(grant)).ShouldSatisfyAllConditions(
            row => row.State.ShouldBe(GrantState.Revoked), row => row.EndReason.ShouldBe("revoked by dana: disk or not"));
        (await world.Start(holder, grant)).ShouldBeRefused(ErrorCode.Revoked);
        await World.Eventually(async () =>
        {
            // The runner's report was waiting to be written, too.
            world.Clock.Advance(TimeSpan.FromSeconds(1));
            return (await world.Now(run)).State == RunState.Killed;
        }, "the run's end is written");
        (await world.Now(run)).ShouldSatisfyAllConditions(row => row.EndReason.ShouldBe(RunEndCause.Revoked), row => row.KillCause.ShouldBe(RunEndCause.Revoked));
        (await world.Entries(AuditType.RunKillAsked)).ShouldHaveSingleItem();
        await world.ShouldBalance();

        Task<Writ.Core.Identity.Caller> Operator() => world.Read(async db =>
        {
            var olga = await db.Actors.AsNoTracking().SingleAsync(row => row.Name == "olga");
            return holder with { Id = olga.Id, Name = olga.Name, Groups = olga.Groups };
        });
    }

    [Fact]
    public async Task Kill_ends_a_run_while_nothing_can_be_written()
    {
        var world = await Create(smallDisk: true);
        var (holder, grant) = await world.Approved(uses: 2);
        var run = (await world.Start(holder, grant)).ShouldBeOk();

        await world.At.MakeUnwritable();
        var killed = (await world.Get<KillRun>().Kill(holder, run.Id.ToString(), null, Cancel)).ShouldBeOk();
        (killed.Outcome, killed.Journalled).ShouldBe(("confirmed", false));

        await world.At.MakeWritable();
        await World.Eventually(async () =>
        {
            await world.Sweep();
            world.Clock.Advance(TimeSpan.FromSeconds(1));
            return (await world.Now(run)).State == RunState.Killed && (await world.Entries(AuditType.RunKillAsked)).Count == 1;
        }, "the kill is journalled");
        await world.ShouldBalance();
    }

    [Fact]
    public async Task End_that_comes_before_the_record_of_who_asked_for_it_names_the_cause()
    {
        var world = await Create(smallDisk: true);
        var (holder, grant) = await world.Approved(uses: 2);
        var run = (await world.Start(holder, grant)).ShouldBeOk();

        await world.At.MakeUnwritable();
        (await world.Get<RevokeGrant>().Revoke(holder, grant.Id.ToString(), null)).ShouldBeOk().Journalled.ShouldBeFalse();

        // No sweep: the runner's report is the first that finds the database writable.
        await world.At.MakeWritable();
        await World.Eventually(async () =>
        {
            world.Clock.Advance(TimeSpan.FromSeconds(1));
            return (await world.Now(run)).State == RunState.Killed;
        }, "the run's end is written");
        (await world.Now(run)).EndReason.ShouldBe(RunEndCause.Revoked);
        (await world.Entries(AuditType.RunKillAsked)).ShouldHaveSingleItem();
        await world.ShouldBalance();
    }

    [Fact]
    public async Task A_runner_that_does_not_answer_leaves_the_revoke_unconfirmed_and_the_right_gone()
    {
        var world = await Create();
        var (holder, grant) = await world.Approved(uses: 2);
        var run = (await world.Start(holder, grant)).ShouldBeOk();
        world.Runner.ConfirmsKills = false;

        var revoking = Task.Run(() => world.Get<RevokeGrant>().Revoke(holder, grant.Id.ToString(), null));
        await World.Eventually(async () => (await world.Now(run)).KillCause == RunEndCause.Revoked, "the revoke is on the record");
        await World.Eventually(() =>
        {
            // In small steps: whoever waits for the record and not the confirmation gets its turn in between.
            world.Clock.Advance(TimeSpan.FromMilliseconds(50));
            return Task.FromResult(revoking.IsCompleted);
        }, "the wait for a confirmation ends");

        var revoked = (await revoking).ShouldBeOk();
        (revoked.Outcome, revoked.Journalled).ShouldBe(("unconfirmed", true));
        (await world.Now(grant)).State.ShouldBe(GrantState.Revoked);
        (await world.Now(run)).ShouldSatisfyAllConditions(row => row.State.ShouldBe(RunState.Queued), row => row.KillCause.ShouldBe(RunEndCause.Revoked));
        world.Runner.Say(new() { Ended = world.Runner.End(run.Id.ToString(), EndCause.KillOrder) });
        await world.ShouldBalance();
    }

    [Fact]
    public async Task Decisions_and_requests_that_cannot_be_written_do_not_happen()
    {
        var world = await Create(smallDisk: true);
        var (dana, rae) = (await world.Developer(), await world.Reviewer());
        var request = await world.Request(dana);

        await world.At.MakeUnwritable();
        await ShouldNotBeGiven(() => world.Approve(rae, request));
        await ShouldNotBeGiven(() => world.Ask(dana));
        await ShouldNotBeGiven(async () => await world.Get<Writ.Server.Policy.ApplyPolicy>().Apply(rae with { IsAdmin = true }, new(World.NoMoreStaging), Cancel));

        await world.At.MakeWritable();
        await World.Eventually(async () =>
        {
            try
            {
                return (await world.Approve(rae, request)).IsOk;
            }
            catch (DbException)
            {
                return false; // A connection of before; the pool finds out one by one.
            }
        }, "the database is back");
        (await world.Read(db => db.Requests.CountAsync())).ShouldBe(1);
        (await world.Read(db => db.Policies.CountAsync())).ShouldBe(1);
        await world.ShouldBalance();
    }

    [Fact]
    public async Task A_report_of_a_runner_waits_until_it_can_be_written_and_is_not_acknowledged_before()
    {
        var world = await Create(smallDisk: true);
        var holder = await world.Operator();
        var run = (await world.Start(holder, await world.Granted(holder))).ShouldBeOk();
        var id = run.Id.ToString();

        await world.At.MakeUnwritable();
        world.Runner.SayStarted(id);
        world.Runner.Say(new() { Output = new() { Run = id, Offset = 0, Bytes = Google.Protobuf.ByteString.CopyFromUtf8("kept") } });
        world.Runner.Say(new() { Ended = world.Runner.End(id, EndCause.Exited) });
        for (var i = 0; i < 5; i++)
        {
            world.Clock.Advance(TimeSpan.FromSeconds(1));
            await Task.Delay(20, Cancel);
        }

        world.Runner.Heard.ShouldAllBe(message => message.Ack == null && message.EndAck == null);
        (await world.Now(run)).State.ShouldBe(RunState.Queued);

        await world.At.MakeWritable();
        await World.Eventually(() =>
        {
            world.Clock.Advance(TimeSpan.FromSeconds(1));
            return Task.FromResult(world.Runner.EndAcks.Contains(id));
        }, "the end is acknowledged");
        (await world.Now(run)).ShouldSatisfyAllConditions(row => row.State.ShouldBe(RunState.Exited), row => row.RecordingBytes.ShouldBe(4));
        await world.ShouldBalance();
    }

    /// <summary>What gives a right and cannot be written fails as the database's failure, which the API answers with 503.</summary>
    private static async Task ShouldNotBeGiven<T>(Func<Task<Result<T>>> what)
    {
        try
        {
            (await what()).ShouldBeRefused(ErrorCode.Revoked);
        }
        catch (Exception failed) when (failed is DbException or DbUpdateException)
        {
            // As it should.
        }
    }

    private static Task Recovered(World world, Writ.Core.Identity.Caller holder, GrantRow grant) => World.Eventually(async () =>
    {
        try
        {
            return (await world.Start(holder, grant)).ShouldBeOk() is not null;
        }
        catch (Exception failed) when (failed is DbException or DbUpdateException)
        {
            return false; // A connection of before; the pool finds out one by one.
        }
    }, "the database is back");

    [Collection(SqliteCollection.Name)]
    public sealed class OnSqlite(SqliteEngine engine) : OutageTests(engine);

    [Collection(PostgresCollection.Name)]
    public sealed class OnPostgres(PostgresEngine engine) : OutageTests(engine);
}
