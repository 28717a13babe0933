using Microsoft.EntityFrameworkCore;
using Writ.Proof.Errors;
using Writ.SystemTests.Databases;

namespace Writ.SystemTests.Storage;

/// <summary>A client that tries again with its key gets what the first try made.</summary>
public abstract class IdempotencyTests(StorageEngine engine) : StorageTest(engine)
{
    private const string Other = "nmap -sT -Pn -n -p 443 10.20.0.6";

    [Fact]
    public async Task A_key_gives_the_same_run_again_and_takes_no_second_use()
    {
        var world = await Create();
        var (holder, grant) = await world.Approved(uses: 3);

        var first = (await world.Start(holder, grant, key: "k")).ShouldBeOk();
        (await world.Start(holder, grant, key: "k")).ShouldBeOk().Id.ShouldBe(first.Id);
        (await world.Start(holder, grant, Other, key: "k")).ShouldBeRefused(ErrorCode.IdempotencyConflict);
        (await world.Now(grant)).UsesLeft.ShouldBe(2);
        // The control: another key, and no key, take a use each.
        (await world.Start(holder, grant, key: "K")).ShouldBeOk().Id.ShouldNotBe(first.Id);
        (await world.Start(holder, grant)).ShouldBeOk();
        // A key is its actor's own, and gives the same run also when nothing is left to take.
        (await world.Start(await world.Developer("dora"), grant, key: "k")).ShouldBeRefused(ErrorCode.NotFound);
        (await world.Start(holder, grant, key: "k")).ShouldBeOk().Id.ShouldBe(first.Id);
        await world.ShouldBalance();
    }

    [Theory]
    [InlineData(1)]
    [InlineData(20)]
    public async Task Parallel_duplicates_of_a_run_are_one_run(int uses)
    {
        var world = await Create();
        var other = await Beside(world);
        var (holder, grant) = await world.Approved(uses);

        var started = await Outcomes.AtOnce(16, number => (number % 2 == 0 ? world : other).Start(holder, grant, key: "k"));

        started.Select(result => result.ShouldBeOk().Id).Distinct().ShouldHaveSingleItem();
        (await world.Now(grant)).UsesLeft.ShouldBe(uses - 1);
        await World.Eventually(() => Task.FromResult(world.Runner.Orders.Concat(other.Runner.Orders).Any()), "an order");
        world.Runner.Orders.Concat(other.Runner.Orders).ShouldHaveSingleItem();
        await world.ShouldBalance();
    }

    [Fact]
    public async Task A_key_gives_the_same_request_again()
    {
        var world = await Create();
        var dana = await world.Developer();

        var first = (await world.Ask(dana, key: "k")).ShouldBeOk().Request;
        (await world.Ask(dana, key: "k")).ShouldBeOk().Request.Id.ShouldBe(first.Id);
        (await world.Ask(dana, Other, key: "k")).ShouldBeRefused(ErrorCode.IdempotencyConflict);
        (await world.Ask(dana, key: "other")).ShouldBeOk().Request.Id.ShouldNotBe(first.Id);
        (await world.Ask(await world.Developer("dora"), key: "k")).ShouldBeOk().Request.Id.ShouldNotBe(first.Id);
        await world.ShouldBalance();
    }

    [Fact]
    public async Task Parallel_duplicates_of_a_request_are_one_request()
    {
        var world = await Create();
        var other = await Beside(world);
        var (dana, olga) = (await world.Developer(), await world.Operator());

        var asked = await Outcomes.AtOnce(16, number => (number % 2 == 0 ? world : other).Ask(dana, key: "k"));
        asked.Select(result => result.ShouldBeOk().Request.Id).Distinct().ShouldHaveSingleItem();
        // Where policy allows at once: one grant.
        var granted = await Outcomes.AtOnce(16, number => (number % 2 == 0 ? world : other).Ask(olga, key: "k"));
        granted.Select(result => result.ShouldBeOk().Request.Id).Distinct().ShouldHaveSingleItem();
        (await world.Read(db => db.Grants.CountAsync())).ShouldBe(1);
        // Where the same key comes with two commands, one of them wins and the other hears of it.
        var mixed = await Outcomes.AtOnce(2, number => world.Ask(dana, number == 0 ? World.Command : Other, key: "m"));
        mixed.Count(result => result.IsOk).ShouldBe(1);
        mixed.Single(result => !result.IsOk).ShouldBeRefused(ErrorCode.IdempotencyConflict);
        await world.ShouldBalance();
    }

    [Collection(SqliteCollection.Name)]
    public sealed class OnSqlite(SqliteEngine engine) : IdempotencyTests(engine);

    [Collection(PostgresCollection.Name)]
    public sealed class OnPostgres(PostgresEngine engine) : IdempotencyTests(engine);
}
