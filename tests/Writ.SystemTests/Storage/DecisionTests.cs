using Microsoft.EntityFrameworkCore;
using Writ.Core;
using Writ.Core.Audit;
using Writ.Proof.Errors;
using Writ.Server.Decisions;
using Writ.Server.Requests;
using Writ.Server.Storage;
using Writ.SystemTests.Databases;

namespace Writ.SystemTests.Storage;

/// <summary>Steps 3 and 4 of the lifecycle: who decides, how often, and what races give.</summary>
public abstract class DecisionTests(StorageEngine engine) : StorageTest(engine)
{
    private const string Production = "nmap -sT -Pn -n -p 22 10.30.0.5";

    [Fact]
    public async Task An_approve_and_a_deny_at_the_same_moment_give_one_outcome()
    {
        var world = await Create();
        var other = await Beside(world);
        var dana = await world.Developer();
        var (rae, ron) = (await world.Reviewer(), await world.Reviewer("ron"));
        for (var round = 0; round < TestScale.Times(8); round++)
        {
            var request = await world.Request(dana);
            var said = await Outcomes.AtOnce(2, number => number == 0 ? world.Approve(rae, request) : other.Deny(ron, request));

            said.Count(result => result.IsOk).ShouldBe(1);
            said.Single(result => !result.IsOk).ShouldBeRefused(ErrorCode.WrongState);
            var after = await world.Now(request);
            var grants = await world.Read(db => db.Grants.CountAsync(row => row.RequestId == request.Id));
            (after.State, grants).ShouldBe(said[0].IsOk ? (RequestState.Approved, 1) : (RequestState.Denied, 0));
            (await world.Read(db => db.Decisions.CountAsync(row => row.RequestId == request.Id))).ShouldBe(1);
        }

        await world.ShouldBalance();
    }

    [Fact]
    public async Task Two_parallel_last_approvals_mint_one_grant()
    {
        var world = await Create();
        var other = await Beside(world);
        var dana = await world.Developer();
        var (rae, ron) = (await world.Reviewer(), await world.Reviewer("ron"));
        for (var round = 0; round < TestScale.Times(8); round++)
        {
            var request = await world.Request(dana);
            var said = await Outcomes.AtOnce(2, number => number == 0 ? world.Approve(rae, request) : other.Approve(ron, request));

            said.Count(result => result.IsOk).ShouldBe(1);
            (await world.Read(db => db.Grants.CountAsync(row => row.RequestId == request.Id))).ShouldBe(1);
        }

        await world.ShouldBalance();
    }

    [Fact]
    public async Task Two_approvals_at_once_that_only_together_are_enough_mint_the_grant()
    {
        var world = await Create();
        var other = await Beside(world);
        var dana = await world.Developer();
        var (rae, ron) = (await world.Reviewer(), await world.Reviewer("ron"));
        for (var round = 0; round < TestScale.Times(8); round++)
        {
            var request = await world.Request(dana, Production);
            var said = await Outcomes.AtOnce(2, number => number == 0 ? world.Approve(rae, request) : other.Approve(ron, request));

            // Neither may have counted without seeing the other: then both would wait for ever.
            said.ShouldAllBe(result => result.IsOk);
            (await world.Now(request)).State.ShouldBe(RequestState.Approved);
            (await world.Read(db => db.Grants.CountAsync(row => row.RequestId == request.Id))).ShouldBe(1);
        }

        await world.ShouldBalance();
    }

    [Fact]
    public async Task Two_approvals_are_two_people()
    {
        var world = await Create();
        var rae = await world.Reviewer();
        var request = await world.Request(await world.Developer(), Production);

        var said = await Outcomes.AtOnce(8, _ => world.Approve(rae, request));
        said.Count(result => result.IsOk).ShouldBe(1);
        said.Where(result => !result.IsOk).ShouldAllBe(result => result.Refusal.Code == ErrorCode.AlreadyDecided);
        // Nor with another token of theirs.
        (await world.Approve(await world.Reviewer(), request)).ShouldBeRefused(ErrorCode.AlreadyDecided);
        (await world.Now(request)).State.ShouldBe(RequestState.Pending);
        (await world.Read(db => db.Grants.AnyAsync())).ShouldBeFalse();

        (await world.Approve(await world.Reviewer("ron"), request)).ShouldBeOk();
        (await world.Now(request)).State.ShouldBe(RequestState.Approved);
        await world.ShouldBalance();
    }

    [Fact]
    public async Task An_admin_who_reviews_does_not_decide_on_their_own_request()
    {
        var world = await Create();
        var ada = await world.Admin("ada", "engineering", "secops");
        var own = await world.Request(ada);

        (await world.Approve(ada, own)).ShouldBeRefused(ErrorCode.OwnRequest);
        (await world.Deny(ada, own)).ShouldBeRefused(ErrorCode.OwnRequest);
        (await world.Now(own)).State.ShouldBe(RequestState.Pending);
        (await world.Read(db => db.Decisions.AnyAsync())).ShouldBeFalse();
        (await world.Entries(AuditType.AttemptRefused)).Select(entry => (entry["attempt"], entry["code"], entry["correlation"]))
            .ShouldBe([("approve", ErrorCode.OwnRequest, own.Id.ToString()), ("deny", ErrorCode.OwnRequest, own.Id.ToString())]);

        // The control: somebody else's request they do decide on.
        var request = await world.Request(await world.Developer());
        (await world.Approve(ada, request)).ShouldBeOk();
        (await world.Now(request)).State.ShouldBe(RequestState.Approved);
        await world.ShouldBalance();
    }

    [Fact]
    public async Task Workloads_never_decide_and_their_owner_not_on_what_they_ask()
    {
        var world = await Create();
        var owner = await world.Person("oscar", "secops");
        var (nightly, _) = await world.SignIn(new("ci-nightly", true, "oscar", [], false, false, TimeSpan.FromHours(1)));
        var request = await world.Request(nightly);

        (await world.Approve(owner, request)).ShouldBeRefused(ErrorCode.OwnRequest);
        (await world.Approve(nightly, request)).IsOk.ShouldBeFalse();
        // Nor does a workload that bears a reviewer's groups, on somebody's request that it may see.
        var (forged, _) = await world.SignIn(new("robot", true, null, ["secops"], false, false, TimeSpan.FromHours(1)));
        (await world.Approve(forged, request)).ShouldBeRefused(ErrorCode.Forbidden);
        (await world.Approve(forged with { IsAuditor = true }, request)).ShouldBeRefused(ErrorCode.Forbidden);
        (await world.Read(db => db.Decisions.AnyAsync())).ShouldBeFalse();

        (await world.Approve(await world.Reviewer(), request)).ShouldBeOk();
        await world.ShouldBalance();
    }

    [Fact]
    public async Task A_decision_about_another_statement_does_not_count()
    {
        var world = await Create();
        var request = await world.Request(await world.Developer());
        var other = await world.Request(await world.Developer(), uses: 2);
        var turn = world.Get<DecisionTurn>();

        (await turn.Decide(await world.Reviewer(), request.Id.ToString(), new(other.StatementDigest), approve: true, Cancel)).ShouldBeRefused(ErrorCode.StaleRevision);
        (await world.Now(request)).ShouldSatisfyAllConditions(row => row.State.ShouldBe(RequestState.Pending), row => row.Turn.ShouldBe(0));

        (await turn.Decide(await world.Reviewer(), request.Id.ToString(), new(request.StatementDigest), approve: true, Cancel)).ShouldBeOk();
        await world.ShouldBalance();
    }

    [Fact]
    public async Task A_request_is_decided_before_it_expires_and_not_from_that_moment_on()
    {
        var world = await Create();
        var (dana, rae) = (await world.Developer(), await world.Reviewer());
        var (first, second) = (await world.Request(dana), await world.Request(dana));

        world.Clock.SetUtcNow(first.ExpiresAt.AddMicroseconds(-1));
        rae = await world.Reviewer();
        (await world.Approve(rae, first)).ShouldBeOk();
        world.Clock.SetUtcNow(second.ExpiresAt);
        (await world.Approve(rae, second)).ShouldBeRefused(ErrorCode.Expired);
        await world.Sweep();
        (await world.Now(second)).State.ShouldBe(RequestState.Expired);
        (await world.Approve(rae, second)).ShouldBeRefused(ErrorCode.WrongState);
        await world.ShouldBalance();
    }

    [Fact]
    public async Task A_cancel_a_decision_and_an_expiry_at_the_same_moment_give_one_outcome()
    {
        var world = await Create();
        var (dana, rae) = (await world.Developer(), await world.Reviewer());
        for (var round = 0; round < TestScale.Times(6); round++)
        {
            var request = await world.Request(dana);
            var ok = await Outcomes.AtOnce(3, async number => number switch
            {
                0 => (await world.Approve(rae, request)).IsOk,
                1 => (await world.Get<CancelRequest>().Cancel(dana, request.Id.ToString(), new(), Cancel)).IsOk,
                _ => (await world.Writes.Commit<bool>(async scope => await RequestEnding.End(scope, request, RequestEvent.Expire, AuditActor.System, "in time's name")
                    ? true
                    : new Refusal(ErrorCode.WrongState, "it had ended"))).IsOk,
            });

            ok.Count(happened => happened).ShouldBe(1);
            (await world.Now(request)).State.ShouldBe(ok[0] ? RequestState.Approved : ok[1] ? RequestState.Cancelled : RequestState.Expired);
        }

        await world.ShouldBalance();
    }

    [Fact]
    public async Task The_clock_of_a_grant_starts_with_its_last_approval()
    {
        var world = await Create();
        var request = await world.Request(await world.Developer(), Production, duration: TimeSpan.FromMinutes(30));
        world.Clock.Advance(TimeSpan.FromHours(2));
        (await world.Approve(await world.Reviewer(), request)).ShouldBeOk();
        world.Clock.Advance(TimeSpan.FromHours(3));
        (await world.Approve(await world.Reviewer("ron"), request)).ShouldBeOk();

        var grant = await world.GrantOf(request);
        (grant.NotBefore, grant.NotAfter).ShouldBe((world.Clock.GetUtcNow(), world.Clock.GetUtcNow().AddMinutes(30)));
    }

    [Collection(SqliteCollection.Name)]
    public sealed class OnSqlite(SqliteEngine engine) : DecisionTests(engine);

    [Collection(PostgresCollection.Name)]
    public sealed class OnPostgres(PostgresEngine engine) : DecisionTests(engine);
}
