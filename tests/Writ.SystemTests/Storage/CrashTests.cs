using System.Data.Common;
using Microsoft.EntityFrameworkCore;
using Writ.Core;
using Writ.Core.Audit;
using Writ.Core.Grants;
using Writ.Proof.Errors;
using Writ.Proof.Identity;
using Writ.Server.Grants;
using Writ.Server.Requests;
using Writ.SystemTests.Databases;

namespace Writ.SystemTests.Storage;

/// <summary>A server that dies, or loses its connection, in the middle of something leaves all of it or nothing.</summary>
public abstract class CrashTests(StorageEngine engine) : StorageTest(engine)
{
    [Fact]
    public async Task A_server_killed_in_mid_transition_leaves_nothing_half_done()
    {
        var world = await Create();
        var (caller, token) = await world.SignIn(new("olga", false, null, ["ops"], false, false, TimeSpan.FromHours(1)));
        var grant = await world.Granted(caller, uses: 2);
        var waiting = await world.Request(await world.Developer());
        var entries = await world.Read(db => db.AuditEntries.CountAsync());

        // Everything of the transition is done in the child's transaction, and it waits: it is killed there.
        await using (var child = SecondServer.Start(SecondServer.Work.In(world, SecondServer.Hold, token, grant, waiting)))
        {
            (await child.NextLine()).ShouldBe("held");
            await child.Kill();
        }

        (await world.Now(grant)).ShouldSatisfyAllConditions(row => row.State.ShouldBe(GrantState.Active), row => row.UsesLeft.ShouldBe(2));
        (await world.Now(waiting)).State.ShouldBe(RequestState.Pending);
        (await world.Read(db => db.AuditEntries.CountAsync())).ShouldBe(entries);
        // And it holds nothing up; the control of the same transition is that a living server commits it.
        (await world.Start(caller, grant)).ShouldBeOk();
        (await SecondServer.Transition(world, caller, grant.Id, waiting, () => Task.CompletedTask)).ShouldBeOk();
        (await world.Now(grant)).State.ShouldBe(GrantState.Exhausted);
        (await world.Now(waiting)).State.ShouldBe(RequestState.Denied);
    }

    [Fact]
    public async Task A_server_killed_while_it_works_keeps_every_run_that_it_answered_and_no_half_of_another()
    {
        var world = await Create();
        var (caller, token) = await world.SignIn(new("olga", false, null, ["ops"], false, false, TimeSpan.FromHours(1)));
        var dice = new Random(42);
        for (var round = 0; round < TestScale.Times(2); round++)
        {
            var grant = await world.Granted(caller, uses: 1_000);
            var answered = new List<string>();
            await using (var child = SecondServer.Start(SecondServer.Work.In(world, SecondServer.Use, token, grant)))
            {
                for (var left = 5 + dice.Next(40); left > 0; left--)
                    answered.Add(await child.NextLine());
                await Task.Delay(dice.Next(20), Cancel);
                await child.Kill();
                answered.AddRange(await child.Rest());
            }

            var kept = (await world.Read(db => db.Runs.Where(run => run.GrantId == grant.Id).Select(run => run.Id).ToListAsync())).Select(id => id.ToString()).ToArray();
            answered.Except(kept).ShouldBeEmpty("a run was answered and is not there");
            (kept.Length - answered.Count).ShouldBeInRange(0, SecondServer.Workers, "runs that nobody was told of");
            await world.ShouldBalance();
            await world.ShouldHaveSignedOneStory();
            (await world.Start(caller, grant)).ShouldBeOk();
        }
    }

    [Fact]
    public async Task A_connection_that_breaks_before_the_commit_takes_everything_with_it()
    {
        var world = await Create();
        var holder = await world.Operator();
        var grant = await world.Granted(holder, uses: 2);
        var waiting = await world.Request(await world.Developer());
        var entries = await world.Read(db => db.AuditEntries.CountAsync());

        await Should.ThrowAsync<Exception>(() => SecondServer.Transition(world, holder, grant.Id, waiting, async db => await world.At.Sever(db)));

        (await world.Now(grant)).UsesLeft.ShouldBe(2);
        (await world.Now(waiting)).State.ShouldBe(RequestState.Pending);
        (await world.Read(db => db.AuditEntries.CountAsync())).ShouldBe(entries);
        await world.ShouldBalance();
        (await world.Start(holder, grant)).ShouldBeOk();
    }

    [Collection(SqliteCollection.Name)]
    public sealed class OnSqlite(SqliteEngine engine) : CrashTests(engine);

    [Collection(PostgresCollection.Name)]
    public sealed class OnPostgres(PostgresEngine engine) : CrashTests(engine);
}
