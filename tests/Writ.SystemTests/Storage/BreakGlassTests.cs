using Microsoft.EntityFrameworkCore;
using Writ.Contracts.Grants;
using Writ.Contracts.Requests;
using Writ.Core;
using Writ.Core.Audit;
using Writ.Core.Identity;
using Writ.Proof.Errors;
using Writ.Proof.Identity;
using Writ.Proof.Orders;
using Writ.Proof.Statements;
using Writ.Server.Grants;
using Writ.Server.Policy;
using Writ.Server.Requests;
using Writ.Server.Storage;
using Writ.SystemTests.Databases;

namespace Writ.SystemTests.Storage;

/// <summary>Break-glass: who may, what it gives, that nothing further is given before the review, and who reviews.</summary>
public abstract class BreakGlassTests(StorageEngine engine) : StorageTest(engine)
{
    private const string Glass = """
          - id: on-call
            roles: [developer, operator]
            zones: [staging]
            tools: { nmap: any }
            break-glass: true

        """;

    /// <summary>Staging is owned by the reviewers, and its glass can be broken.</summary>
    private static string Policy { get; } = World.Policy.Replace("staging: { addresses: [10.20.0.0/24] }", "staging: { addresses: [10.20.0.0/24], owners: [reviewer] }", StringComparison.Ordinal) + Glass;

    [Fact]
    public async Task Break_glass_gives_a_grant_at_once_whose_statement_and_entry_say_so()
    {
        var world = await Create(Policy);
        var dana = await world.Developer();
        var (request, denial) = (await Break(world, dana)).ShouldBeOk();
        denial.ShouldBeNull();
        var grant = await world.GrantOf(request);

        (grant.NotAfter - grant.NotBefore).ShouldBe(TimeSpan.FromMinutes(15));
        var statement = Statement.Read(request.Statement).Value;
        statement.BreakGlass.ShouldBe(true);
        var run = (await world.Start(dana, grant)).ShouldBeOk();
        Statement.Read(RunOrder.Read(run.OrderBytes).Value.Statement).Value.BreakGlass.ShouldBe(true);
        var types = await world.Read(db => db.AuditEntries.Where(row => row.Correlation == request.Id).OrderBy(row => row.Id).Select(row => row.Type).ToListAsync());
        types.ShouldBe([AuditType.RequestCreated, AuditType.RequestEvaluated, AuditType.DecisionMade, AuditType.GrantIssued, AuditType.GlassBroken, AuditType.GrantConsumed, AuditType.GrantEnded, AuditType.RunOrdered]);
        await world.ShouldBalance();
    }

    [Fact]
    public async Task Rules_that_break_the_glass_answer_whoever_asks_for_it_and_no_others()
    {
        var world = await Create(Policy);
        var dana = await world.Developer();
        (await world.Request(dana)).State.ShouldBe(RequestState.Pending, "an ordinary request never falls into such a rule");
        (await Break(world, dana, "nmap -sT -Pn -n -p 22 10.30.0.5")).ShouldBeOk().Denial.ShouldNotBeNull().Reasons!.ShouldHaveSingleItem().ShouldContain("no break-glass rule opens");
        (await Break(world, dana, reason: " ")).ShouldBeOk().Denial!.Code.ShouldBe(ErrorCode.ReasonRequired);
        (await Break(world, dana, duration: TimeSpan.FromMinutes(16))).ShouldBeOk().Denial!.Code.ShouldBe(ErrorCode.DurationTooLong);
        (await world.Get<Ask>().Create(dana, new(World.Command.Split(' '), "down", Start: world.Clock.GetUtcNow().AddHours(1), BreakGlass: true), null, Cancel)).ShouldBeRefused(ErrorCode.InvalidInput);
        // A denial beats it, as it beats every rule.
        (await world.Get<ApplyPolicy>().Apply(await world.Admin(), new(Policy + World.NoMoreStaging[World.Policy.Length..]), Cancel)).ShouldBeOk();
        (await Break(world, dana)).ShouldBeOk().Denial!.Reasons!.ShouldContain(reason => reason.StartsWith("denial no-more-staging", StringComparison.Ordinal));
        (await world.Read(db => db.Glass.CountAsync())).ShouldBe(0);
        await world.ShouldBalance();
    }

    [Fact]
    public async Task Only_people_who_signed_in_a_moment_ago_at_this_machine_break_the_glass()
    {
        var world = await Create(Policy.Replace("roles: [developer, operator]\n    zones: [staging]\n    tools: { nmap: any }\n    break-glass", "roles: [developer, operator, nightly]\n    zones: [staging]\n    tools: { nmap: any }\n    break-glass", StringComparison.Ordinal));
        var dana = await world.Developer();
        var (ci, _) = await world.SignIn(new("ci-nightly", true, "dana", [], false, false, TimeSpan.FromHours(8)));
        (await Break(world, ci)).ShouldBeRefused(ErrorCode.Forbidden).Message.ShouldBe("a workload never breaks the glass");
        (await Break(world, dana with { SignIn = new(SignInWay.Device, world.Clock.GetUtcNow(), []) })).ShouldBeRefused(ErrorCode.Forbidden);
        (await Break(world, dana with { SignIn = new(SignInWay.Browser, world.Clock.GetUtcNow().AddMinutes(-16), []) })).ShouldBeRefused(ErrorCode.StaleSignIn);
        (await Break(world, dana with { SignIn = new(SignInWay.Browser, world.Clock.GetUtcNow().AddMinutes(-1), []) })).ShouldBeOk().Denial.ShouldBeNull();
        (await world.Read(db => db.AuditEntries.CountAsync(row => row.Type == AuditType.AttemptRefused))).ShouldBe(3);
        await world.ShouldBalance();
    }

    [Fact]
    public async Task Nothing_further_is_given_by_any_way_before_the_review_and_everything_after_it()
    {
        var world = await Create(Policy);
        var (olga, rae) = (await world.Person("olga", "ops", "engineering"), await world.Reviewer());
        var before = await world.Granted(olga, uses: 2);
        var live = await world.Running(olga, before);
        var extension = (await world.Extend(olga, live, TimeSpan.FromMinutes(1))).ShouldBeOk();
        extension.State.ShouldBe("approved");
        var dana = await world.Developer();
        var waits = await world.Request(dana);
        var grant = await world.GrantOf((await Break(world, dana)).ShouldBeOk().Request);
        (await Break(world, olga)).ShouldBeOk();

        // 1. Asked anew: allowed, to be approved, by break-glass, as more time.
        (await Break(world, dana)).ShouldBeRefused(ErrorCode.ReviewAwaited).Hint!.ShouldContain("reviewer for zone staging");
        (await world.Ask(dana)).ShouldBeRefused(ErrorCode.ReviewAwaited);
        (await world.Ask(olga)).ShouldBeRefused(ErrorCode.ReviewAwaited);
        (await world.Extend(olga, live, TimeSpan.FromMinutes(1))).ShouldBeRefused(ErrorCode.ReviewAwaited);
        (await Withheld(world, dana)).ShouldNotBeNull().ShouldStartWith($"dana broke the glass and is given nothing further until {grant.Id} is reviewed: ");
        (await Withheld(world, await world.Developer("dora"))).ShouldBeNull();
        // 2. Approved meanwhile.
        (await world.Approve(rae, waits)).ShouldBeRefused(ErrorCode.ReviewAwaited);
        (await world.Now(waits)).State.ShouldBe(RequestState.Pending);
        (await world.Read(db => db.Decisions.CountAsync(row => row.RequestId == waits.Id))).ShouldBe(0, "the yes is not on the record either");
        // 3. Allowed by a new policy.
        (await world.Get<ApplyPolicy>().Apply(await world.Admin(), new(Policy.Replace("max-uses: 1000\n    approval: { from: [reviewer], count: 1 }", "max-uses: 1000\n    approval: none", StringComparison.Ordinal)), Cancel)).ShouldBeOk();
        (await world.Now(waits)).ShouldSatisfyAllConditions(row => row.State.ShouldBe(RequestState.Pending), row => row.Revision.ShouldBe(1));
        // 4. What was given before is used.
        (await world.Start(olga, before)).ShouldBeOk();
        // What policy denies is denied all the same.
        (await world.Ask(dana, "nmap -sT -Pn -n -p 22 10.99.0.5")).ShouldBeOk().Denial.ShouldNotBeNull();

        (await Review(world, rae, grant)).ShouldBeOk().BreakGlass!.State.ShouldBe("reviewed");
        (await Withheld(world, dana)).ShouldBeNull();
        (await world.Approve(rae, waits)).ShouldBeOk().State.ShouldBe("approved");
        (await Break(world, dana)).ShouldBeOk().Denial.ShouldBeNull();
        await world.ShouldBalance();
    }

    [Fact]
    public async Task Twice_at_the_same_moment_on_two_servers_gives_one_grant()
    {
        var world = await Create(Policy);
        var other = await Beside(world);
        var rae = await world.Reviewer();
        for (var round = 0; round < TestScale.Times(6); round++)
        {
            var dana = await world.Developer($"dana{round}");
            var both = await Outcomes.AtOnce(2, number => Break(number == 0 ? world : other, dana));
            both.Count(result => result.IsOk).ShouldBe(1);
            both.Single(result => !result.IsOk).ShouldBeRefused(ErrorCode.ReviewAwaited);
            (await world.Read(db => db.Grants.CountAsync(row => row.ActorId == dana.Id))).ShouldBe(1);
            (await Review(world, rae, await world.GrantOf(both.Single(result => result.IsOk).Value.Request))).ShouldBeOk();
        }

        await world.ShouldBalance();
    }

    [Fact]
    public async Task Approved_and_broken_at_the_same_moment_gives_never_a_grant_after_the_glass()
    {
        var world = await Create(Policy);
        var other = await Beside(world);
        var rae = await world.Reviewer();
        for (var round = 0; round < TestScale.Times(8); round++)
        {
            var dana = await world.Developer($"dana{round}");
            var waits = await world.Request(dana);
            var codes = await Outcomes.AtOnce(2, async number => number == 0
                ? (await other.Approve(rae, waits) is { IsOk: false, Refusal: var no } ? no.Code : "ok")
                : (await Break(world, dana) is { IsOk: false, Refusal: var none } ? none.Code : "ok"));

            codes[1].ShouldBe("ok");
            var grants = await world.Read(db => db.Grants.Where(row => row.ActorId == dana.Id).OrderBy(row => row.Id).Select(row => row.RequestId).ToListAsync());
            var entries = await world.Read(db => db.AuditEntries.Where(row => row.Type == AuditType.GrantIssued && grants.Contains(row.Correlation!.Value)).OrderBy(row => row.Id).Select(row => row.Correlation!.Value).ToListAsync());
            if (codes[0] == "ok")
                entries.ShouldBe([waits.Id, grants.Single(id => id != waits.Id)], "the approval came first");
            else
                (codes[0], grants.Count).ShouldBe((ErrorCode.ReviewAwaited, 1));
        }

        await world.ShouldBalance();
    }

    [Fact]
    public async Task Two_reviews_at_the_same_moment_are_one()
    {
        var world = await Create(Policy);
        var other = await Beside(world);
        var (rae, ron) = (await world.Reviewer(), await world.Reviewer("ron"));
        for (var round = 0; round < TestScale.Times(4); round++)
        {
            var grant = await world.GrantOf((await Break(world, await world.Developer($"dana{round}"))).ShouldBeOk().Request);
            var said = await Outcomes.AtOnce(2, number => number == 0 ? Review(world, rae, grant) : Review(other, ron, grant, justified: false));
            said.Count(result => result.IsOk).ShouldBe(1);
            said.Single(result => !result.IsOk).ShouldBeRefused(ErrorCode.AlreadyDecided);
            var row = await world.Read(db => db.Glass.AsNoTracking().SingleAsync(row => row.GrantId == grant.Id));
            (row.ReviewedBy, row.Justified).ShouldBe(said[0].IsOk ? (rae.Id, true) : (ron.Id, false));
        }

        await world.ShouldBalance();
    }

    [Fact]
    public async Task Who_reviews_is_another_person_who_owns_a_zone_and_an_admin_where_nobody_else_does()
    {
        var world = await Create(Policy);
        // dana owns the zone herself, and nobody else does yet.
        var dana = await world.Person("dana", "engineering", "secops");
        var ada = await world.Admin("ada", "engineering");
        var grant = await world.GrantOf((await Break(world, dana)).ShouldBeOk().Request);
        (await Review(world, dana, grant)).ShouldBeRefused(ErrorCode.OwnRequest);
        (await Review(world, await world.Developer("dave"), grant)).ShouldBeRefused(ErrorCode.NotFound);
        (await Review(world, ada with { SignIn = new(SignInWay.Device, world.Clock.GetUtcNow(), []) }, grant)).ShouldBeRefused(ErrorCode.Forbidden);
        (await Review(world, ada with { SignIn = new(SignInWay.Browser, world.Clock.GetUtcNow().AddHours(-1), []) }, grant)).ShouldBeRefused(ErrorCode.StaleSignIn);
        (await Review(world, ada, grant, comment: " ")).ShouldBeRefused(ErrorCode.InvalidInput);
        (await Review(world, ada, grant)).ShouldBeOk();

        // With another owner, an admin who is none does not.
        var rae = await world.Reviewer();
        var second = await world.GrantOf((await Break(world, dana)).ShouldBeOk().Request);
        (await Review(world, ada, second)).ShouldBeRefused(ErrorCode.Forbidden).Hint!.ShouldContain("reviewer for zone staging");
        (await Review(world, rae, second)).ShouldBeOk();

        // An admin breaks it like anybody, and reviews nothing of their own.
        var own = await world.GrantOf((await Break(world, ada)).ShouldBeOk().Request);
        (await Review(world, ada, own)).ShouldBeRefused(ErrorCode.OwnRequest);
        (await Review(world, rae, await world.Granted(await world.Operator()))).ShouldBeRefused(ErrorCode.NotFound);
        (await Review(world, ada, await world.Granted(await world.Operator()))).ShouldBeRefused(ErrorCode.WrongState);
        await world.ShouldBalance();
    }

    [Fact]
    public async Task Broken_glass_gets_no_more_time_and_goes_exactly_where_the_table_says()
    {
        var world = await Create(Policy);
        var (dana, rae) = (await world.Developer(), await world.Reviewer());
        var grant = await world.GrantOf((await Break(world, dana)).ShouldBeOk().Request);
        var run = await world.Running(dana, grant);
        (await world.Extend(dana, run, TimeSpan.FromMinutes(1))).ShouldBeRefused(ErrorCode.WrongState);
        foreach (var state in Enum.GetValues<GlassState>())
        {
            await world.Writes.Append(db => db.Glass.ExecuteUpdateAsync(set => set.SetProperty(row => row.State, state)));
            await Review(world, rae, grant);
            (await world.Read(db => db.Glass.AsNoTracking().SingleAsync())).State.ShouldBe(AccessLifecycle.Glass.Next(state, GlassEvent.Review) ?? state, $"{state}");
        }

        (await world.Extend(dana, run, TimeSpan.FromMinutes(1))).ShouldBeRefused(ErrorCode.WrongState);
        // The rule gone, the right is gone.
        (await world.Get<ApplyPolicy>().Apply(await world.Admin(), new(Policy.Replace(Glass, "", StringComparison.Ordinal)), Cancel)).ShouldBeOk();
        await World.Eventually(async () => (await world.Now(grant)).State is GrantState.Revoked, "the grant stays");
    }

    private static async Task<string?> Withheld(World world, Caller who) => (await world.Get<Explain>().Of(who, new(World.Command.Split(' ')), CancellationToken.None)).ShouldBeOk().Withheld;

    private static Task<Result<(RequestRow Request, Refusal? Denial)>> Break(
        World world, Caller caller, string command = World.Command, string? reason = "it is down", TimeSpan? duration = null) =>
        world.Get<Ask>().Create(caller, new(command.Split(' '), reason, null, duration?.TotalSeconds, BreakGlass: true), null, Cancel);

    private static Task<Result<GrantView>> Review(World world, Caller caller, GrantRow grant, bool justified = true, string comment = "looked at") =>
        world.Get<ReviewGrant>().Review(caller, grant.Id.ToString(), new(justified, comment), Cancel);

    [Collection(SqliteCollection.Name)]
    public sealed class OnSqlite(SqliteEngine engine) : BreakGlassTests(engine);

    [Collection(PostgresCollection.Name)]
    public sealed class OnPostgres(PostgresEngine engine) : BreakGlassTests(engine);
}
