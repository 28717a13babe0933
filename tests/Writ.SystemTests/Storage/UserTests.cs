using Microsoft.EntityFrameworkCore;
using Writ.Core;
using Writ.Core.Audit;
using Writ.Core.Identity;
using Writ.Proof.Errors;
using Writ.Proof.Identity;
using Writ.Server.Identity;
using Writ.Server.Requests;
using Writ.Server.Runners;
using Writ.Server.Runs;
using Writ.Server.Storage;
using Writ.Server.Users;
using Writ.SystemTests.Databases;

namespace Writ.SystemTests.Storage;

/// <summary>Whoever leaves, is signed out or loses a role has nothing left of what they held.</summary>
public abstract class UserTests(StorageEngine engine) : StorageTest(engine)
{
    [Theory]
    [InlineData("disable")]
    [InlineData("sign out")]
    public async Task Who_is_disabled_or_signed_out_has_no_grant_no_run_no_request_and_no_sign_in(string how)
    {
        var world = await Create();
        var ada = await world.Admin();
        var (dana, token) = await world.SignIn(new("dana", false, null, ["engineering"], false, false, TimeSpan.FromHours(24)));
        var (_, grant) = await world.Approved(uses: 5);
        var (_, used) = await world.Approved();
        var others = await world.Granted(await world.Operator());
        var waiting = await world.Request(dana);
        var (run, last) = ((await world.Start(dana, grant)).ShouldBeOk(), (await world.Start(dana, used)).ShouldBeOk());
        var kept = (await world.Start(await world.Operator(), others)).ShouldBeOk();
        // The control: with the token they are known, and nothing was taken.
        (await Known(world, token)).ShouldNotBeNull();
        world.Runner.Kills.ShouldBeEmpty();
        world.Clock.Advance(TimeSpan.FromSeconds(1));

        var ended = (how == "disable"
            ? await world.Get<DisableUser>().Disable(ada, dana.Id.ToString(), "left the company")
            : await world.Get<SignOutUser>().SignOut(ada, dana.Id.ToString(), "left the company")).ShouldBeOk();

        (ended.End.Outcome, ended.End.Journalled).ShouldBe(("confirmed", true));
        ended.Grants.ShouldBe([grant.Id.ToString(), used.Id.ToString()], ignoreOrder: true);
        ended.Requests.ShouldBe([waiting.Id.ToString()]);
        world.Runner.Kills.ShouldBe([run.Id.ToString(), last.Id.ToString()], ignoreOrder: true);
        await World.Eventually(async () => (await world.Now(run)).State == RunState.Killed && (await world.Now(last)).State == RunState.Killed, "the runs end");
        (await world.Now(run)).EndReason.ShouldBe(RunEndCause.Revoked);
        (await world.Now(grant)).State.ShouldBe(GrantState.Revoked);
        (await world.Now(waiting)).State.ShouldBe(RequestState.Cancelled);
        (await Known(world, token)).ShouldBeNull();
        (await world.Now(kept)).KillCause.ShouldBeNull("it is somebody else's");
        (await world.Now(others)).State.ShouldNotBe(GrantState.Revoked);

        var again = await new CreateToken(world.Writes).Create(new("dana", false, null, ["engineering"], false, false, TimeSpan.FromHours(1)));
        if (how == "disable")
            again.ShouldBeRefused(ErrorCode.Forbidden);
        else
            again.ShouldBeOk();
        var entry = (await world.Entries(how == "disable" ? AuditType.ActorDisabled : AuditType.ActorSignedOut)).ShouldHaveSingleItem();
        (entry["of"], entry["reason"]).ShouldBe((dana.Id.ToString(), "left the company"));
        await world.ShouldBalance();
    }

    [Fact]
    public async Task What_is_under_way_when_somebody_is_signed_out_gives_them_nothing()
    {
        var world = await Create();
        var (olga, rae) = (await world.Operator(), await world.Reviewer());
        var request = await world.Request(await world.Developer());
        // The control: olga's call mints a grant by policy alone.
        await world.Granted(olga);
        await world.Get<SignOutUser>().SignOut(olga.Id, AuditActor.System, null, null);
        await world.Get<DisableUser>().Disable(rae.Id, AuditActor.System, null, null);

        // Their calls were authenticated before, and come to the database after.
        (await world.Ask(olga)).ShouldBeRefused(ErrorCode.NotSignedIn);
        (await world.Approve(rae, request)).ShouldBeRefused(ErrorCode.NotSignedIn);
        (await world.Get<RequestAccess>().Find(world.Open(), rae, request.Id.ToString())).ShouldBeRefused(ErrorCode.NotSignedIn);
        (await world.Now(request)).State.ShouldBe(RequestState.Pending);
        (await world.Read(db => db.Grants.CountAsync(row => row.State == GrantState.Active))).ShouldBe(0);
    }

    [Fact]
    public async Task Disabling_races_with_every_way_to_a_grant_and_nothing_is_left()
    {
        for (var round = 0; round < TestScale.Times(3); round++)
        {
            var world = await Create();
            var (olga, ada) = (await world.Operator(), await world.Admin());
            var grant = await world.Granted(olga, uses: 50);
            world.Clock.Advance(TimeSpan.FromSeconds(1));
            await Outcomes.AtOnce(9, async number =>
            {
                if (number == 4)
                    (await world.Get<DisableUser>().Disable(ada, olga.Id.ToString(), null)).ShouldBeOk();
                else if (number % 2 == 0)
                    await world.Ask(olga);
                else
                    await world.Start(olga, grant);
                return 0;
            });

            (await world.Read(db => db.Grants.CountAsync(row => row.ActorId == olga.Id && row.State == GrantState.Active))).ShouldBe(0);
            await World.Eventually(() => world.Read(async db => !await db.Runs.AnyAsync(row => row.ActorId == olga.Id && RunStates.Live.Contains(row.State))), "a run of theirs lives");
            await world.ShouldBalance();
        }
    }

    [Fact]
    public async Task Lost_role_revokes_what_it_gave_and_ends_its_runs_and_a_new_one_ends_nothing()
    {
        var world = await Create();
        var ada = await world.Admin();
        var (dana, grant) = await world.Approved(uses: 5);
        var run = (await world.Start(dana, grant)).ShouldBeOk();
        var waiting = await world.Request(dana);
        var roles = world.Get<ChangeRoles>();
        // The control: another group beside it takes nothing.
        (await roles.Change(ada, dana.Id.ToString(), new(Groups: ["engineering", "book-club"]))).ShouldBeOk().Grants.ShouldBeEmpty();
        world.Runner.Kills.ShouldBeEmpty();

        var changed = (await roles.Change(ada, dana.Id.ToString(), new(Groups: ["book-club"]))).ShouldBeOk();

        changed.Grants.ShouldBe([grant.Id.ToString()]);
        changed.Requests.ShouldBe([waiting.Id.ToString()]);
        world.Runner.Kills.ShouldBe([run.Id.ToString()]);
        (await world.Now(grant)).State.ShouldBe(GrantState.Revoked);
        (await world.Now(waiting)).State.ShouldBe(RequestState.Denied);
        await World.Eventually(async () => (await world.Now(run)).State == RunState.Killed, "the run ends");
        var entries = await world.Entries(AuditType.ActorChanged);
        entries.Count(entry => entry["changed"] == dana.Id.ToString() && entry["old_groups"] is not null).ShouldBe(2);
        (await roles.Change(ada, dana.Id.ToString(), new(Groups: ["book-club"]))).ShouldBeOk();
        (await world.Entries(AuditType.ActorChanged)).Count.ShouldBe(entries.Count);
        await world.ShouldBalance();
    }

    [Fact]
    public async Task Only_a_fresh_admin_by_a_way_that_governs_manages_users_and_runners()
    {
        var world = await Create();
        var (ada, vic) = (await world.Admin(), (await world.Person("vic")).Id.ToString());
        var now = world.Clock.GetUtcNow();
        var runner = world.Runner.Row.Id.ToString();
        var callers = new (Caller Caller, string Code)[]
        {
            (await world.Developer(), ErrorCode.Forbidden),
            ((await world.SignIn(new("audrey", false, null, [], false, true, TimeSpan.FromHours(1)))).Caller, ErrorCode.Forbidden),
            (ada with { SignIn = new(SignInWay.Device, now, []) }, ErrorCode.Forbidden),
            (ada with { SignIn = new(SignInWay.Browser, now - SignIn.FreshFor, ["pwd"]) }, ErrorCode.StaleSignIn),
            (ada with { SignIn = new(SignInWay.None, now, []) }, ErrorCode.NotSignedIn),
        };
        foreach (var (caller, code) in callers)
        {
            (await world.Get<DisableUser>().Disable(caller, vic, null)).ShouldBeRefused(code);
            (await world.Get<DisableUser>().Enable(caller, vic)).ShouldBeRefused(code);
            (await world.Get<SignOutUser>().SignOut(caller, vic, null)).ShouldBeRefused(code);
            (await world.Get<ChangeRoles>().Change(caller, vic, new(Admin: true))).ShouldBeRefused(code);
            (await world.Get<DisableRunner>().Disable(caller, runner, null)).ShouldBeRefused(code);
            (await world.Get<CreateEnrolment>().Create(caller, "spare")).ShouldBeRefused(code);
        }

        // The control, and one's own sign-out, which everybody has.
        var fresh = ada with { SignIn = new(SignInWay.Browser, now, ["pwd"]) };
        (await world.Get<ChangeRoles>().Change(fresh, vic, new(Auditor: true))).ShouldBeOk().User.Auditor.ShouldBeTrue();
        var dana = callers[0].Caller;
        (await world.Get<SignOutUser>().SignOut(dana, dana.Id.ToString(), null)).ShouldBeOk();
    }

    [Fact]
    public async Task Disabled_runner_loses_its_runs_and_its_link_at_once_and_gets_no_order()
    {
        var world = await Create();
        var (olga, ada) = (await world.Operator(), await world.Admin());
        var grant = await world.Granted(olga, uses: 5);
        var run = (await world.Start(olga, grant)).ShouldBeOk();
        var verb = world.Get<DisableRunner>();

        var ended = (await verb.Disable(ada, run.RunnerId.ToString(), "stolen")).ShouldBeOk();

        ended.End.Runs.ShouldHaveSingleItem().Outcome.ShouldBe("confirmed");
        world.Runner.Kills.ShouldBe([run.Id.ToString()]);
        world.Get<RunnerHub>().Send(run.RunnerId, new()).ShouldBeFalse("its link is cut");
        (await world.Start(olga, grant)).ShouldBeRefused(ErrorCode.NoRunner);
        (await verb.Disable(ada, run.RunnerId.ToString(), null)).ShouldBeRefused(ErrorCode.WrongState);
        (await world.Entries(AuditType.RunnerDisabled)).ShouldHaveSingleItem()["reason"].ShouldBe("stolen");

        (await verb.Enable(ada, run.RunnerId.ToString())).ShouldBeOk();
        (await world.Read(db => db.Runners.AsNoTracking().SingleAsync(row => row.Id == run.RunnerId))).DisabledAt.ShouldBeNull();
    }

    private static Task<Caller?> Known(World world, string token) => world.Read(db => Tokens.Find(db, token, world.Clock.GetUtcNow(), null, Cancel));

    [Collection(SqliteCollection.Name)]
    public sealed class OnSqlite(SqliteEngine engine) : UserTests(engine);

    [Collection(PostgresCollection.Name)]
    public sealed class OnPostgres(PostgresEngine engine) : UserTests(engine);
}
