using Microsoft.EntityFrameworkCore;
using Writ.Core.Audit;
using Writ.Core.Identity;
using Writ.Proof.Errors;
using Writ.Server.Policy;
using Writ.Server.Proposals;
using Writ.Server.Users;
using Writ.SystemTests.Databases;

namespace Writ.SystemTests.Storage;

/// <summary>An admin cannot widen their own rights unnoticed: what would is done by a second person's word.</summary>
public abstract class ProposalTests(StorageEngine engine) : StorageTest(engine)
{
    /// <summary>Operators may scan production too.</summary>
    private const string Wider = World.Policy + "  - { id: more, roles: [operator], zones: [production], tools: { nmap: any }, approval: none }\n";

    [Fact]
    public async Task Policy_that_gives_its_author_a_new_right_waits_for_a_second_person()
    {
        var world = await Create();
        var (ada, bea) = (await Browser(world, "ada", "ops"), await Browser(world, "bea"));
        var before = await Hash(world);
        // The control: somebody to whom it gives nothing applies it alone.
        (await world.Get<ApplyPolicy>().Apply(bea, new(Wider + "# by bea\n"), Cancel)).ShouldBeOk();
        (await world.Get<ApplyPolicy>().Apply(bea, new(World.Policy), Cancel)).ShouldBeOk();
        (await Hash(world)).ShouldBe(before);

        var waits = (await world.Get<ApplyPolicy>().Apply(ada, new(Wider), Cancel)).ShouldBeRefused(ErrorCode.SecondPersonNeeded);
        waits.Reasons.ShouldNotBeNull().ShouldContain(reason => reason.Contains("'more'", StringComparison.Ordinal));
        (await Hash(world)).ShouldBe(before);
        var id = IdIn(waits);

        var decide = world.Get<DecideProposal>();
        (await decide.Confirm(ada, id, Cancel)).ShouldBeRefused(ErrorCode.OwnRequest);
        (await decide.Confirm(await world.Developer(), id, Cancel)).ShouldBeRefused(ErrorCode.Forbidden);
        (await decide.Confirm(bea with { SignIn = bea.SignIn with { Way = SignInWay.Device } }, id, Cancel)).ShouldBeRefused(ErrorCode.Forbidden);
        (await decide.Confirm(bea with { SignIn = bea.SignIn with { At = bea.SignIn.At - SignIn.FreshFor } }, id, Cancel)).ShouldBeRefused(ErrorCode.StaleSignIn);
        (await Hash(world)).ShouldBe(before);

        // Of many at once, one is the second person.
        (await Outcomes.AtOnce(6, _ => decide.Confirm(bea, id, Cancel))).Count(result => result.IsOk).ShouldBe(1);
        (await world.Read(db => db.Policies.AsNoTracking().OrderByDescending(row => row.Number).FirstAsync())).ShouldSatisfyAllConditions(
            row => row.Text.ShouldBe(Wider), row => row.AppliedBy.ShouldBe("ada, confirmed by bea"));
        var entry = (await world.Entries(AuditType.PolicyApplied)).Last();
        (entry["proposal"], entry["proposed_by"]).ShouldBe((id, ada.Id.ToString()));
        (await world.Entries(AuditType.ProposalMade)).ShouldHaveSingleItem();
        (await world.Entries(AuditType.ProposalDecided)).ShouldHaveSingleItem()["state"].ShouldBe("confirmed");
        await world.ShouldBalance();
    }

    [Fact]
    public async Task Roles_that_give_an_admin_a_new_right_themselves_wait_and_those_of_others_do_not()
    {
        var world = await Create();
        var (ada, bea) = (await Browser(world, "ada"), await Browser(world, "bea"));
        var roles = world.Get<ChangeRoles>();
        var dana = await world.Person("dana");
        (await roles.Change(ada, dana.Id.ToString(), new(Groups: ["ops"]))).ShouldBeOk();
        (await roles.Change(ada, ada.Id.ToString(), new(Groups: ["nobody-knows-it"]))).ShouldBeOk();

        var waits = (await roles.Change(ada, ada.Id.ToString(), new(Groups: ["ops"]))).ShouldBeRefused(ErrorCode.SecondPersonNeeded);
        (await Groups()).ShouldBe(["nobody-knows-it"]);
        (await world.Get<DecideProposal>().Confirm(bea, IdIn(waits), Cancel)).ShouldBeOk().State.ShouldBe("confirmed");
        (await Groups()).ShouldBe(["ops"]);
        await world.ShouldBalance();

        Task<string[]> Groups() => world.Read(db => db.Actors.AsNoTracking().Where(row => row.Id == ada.Id).Select(row => row.Groups).SingleAsync());
    }

    [Fact]
    public async Task Proposal_ends_by_a_no_by_its_author_by_another_policy_and_by_its_time()
    {
        var world = await Create();
        var (ada, bea) = (await Browser(world, "ada", "ops"), await Browser(world, "bea"));
        var (apply, decide) = (world.Get<ApplyPolicy>(), world.Get<DecideProposal>());

        var refused = await Propose(1);
        (await decide.Refuse(bea, refused)).ShouldBeOk().State.ShouldBe("refused");
        (await decide.Confirm(bea, refused, Cancel)).ShouldBeRefused(ErrorCode.WrongState);

        var withdrawn = await Propose(2);
        (await decide.Refuse(ada, withdrawn)).ShouldBeOk().State.ShouldBe("withdrawn");
        (await decide.Confirm(bea, withdrawn, Cancel)).ShouldBeRefused(ErrorCode.WrongState);

        var overtaken = await Propose(3);
        (await apply.Apply(bea, new(World.Policy + "# another one\n"), Cancel)).ShouldBeOk();
        (await decide.Confirm(bea, overtaken, Cancel)).ShouldBeRefused(ErrorCode.StaleRevision);

        var late = await Propose(4);
        world.Clock.Advance(ProposalBook.Life);
        bea = await Browser(world, "bea");
        (await decide.Confirm(bea, late, Cancel)).ShouldBeRefused(ErrorCode.WrongState);

        // Five wait at most.
        ada = await Browser(world, "ada", "ops");
        for (var number = 5; number < 10; number++)
            await Propose(number);
        (await apply.Apply(ada, new(Wider + "# one too many\n"), Cancel)).ShouldBeRefused(ErrorCode.WrongState);
        (await Hash(world)).ShouldBe(Writ.Core.Policy.PolicyDocument.HashOf(World.Policy + "# another one\n"));
        await world.ShouldBalance();

        async Task<string> Propose(int number)
        {
            return IdIn((await apply.Apply(ada, new($"{Wider}# {number}\n"), Cancel)).ShouldBeRefused(ErrorCode.SecondPersonNeeded));
        }
    }

    [Fact]
    public async Task Operator_on_the_box_is_the_second_person_where_there_is_no_other_admin()
    {
        var world = await Create();
        var ada = await Browser(world, "ada", "ops");
        var waits = (await world.Get<ApplyPolicy>().Apply(ada, new(Wider), Cancel)).ShouldBeRefused(ErrorCode.SecondPersonNeeded);
        (await world.Get<DecideProposal>().ConfirmOnBox(IdIn(waits), Cancel)).ShouldBeOk().DecidedBy.ShouldBe("operator on the box");
        (await world.Read(db => db.Policies.AsNoTracking().OrderByDescending(row => row.Number).FirstAsync())).Text.ShouldBe(Wider);
        // What the operator applies with a token of the box is their own act from the first.
        (await world.Get<ApplyPolicy>().Apply(await world.Admin("ada", "ops"), new(Wider + "# wider still\n" + "  - { id: most, roles: [operator], zones: [production], tools: { nmap: any }, max-duration: 8h, approval: none }\n"), Cancel)).ShouldBeOk();
    }

    private static async Task<Caller> Browser(World world, string name, params string[] groups) =>
        await world.Admin(name, groups) with { SignIn = new(SignInWay.Browser, world.Clock.GetUtcNow(), ["pwd", "otp"]) };

    private static Task<string> Hash(World world) => world.Read(db => db.Policies.OrderByDescending(row => row.Number).Select(row => row.Hash).FirstAsync());

    private static string IdIn(Refusal waits) => waits.Message.Split(' ')[^1];

    [Collection(SqliteCollection.Name)]
    public sealed class OnSqlite(SqliteEngine engine) : ProposalTests(engine);

    [Collection(PostgresCollection.Name)]
    public sealed class OnPostgres(PostgresEngine engine) : ProposalTests(engine);
}
