using Microsoft.AspNetCore.Http;
using Microsoft.EntityFrameworkCore;
using Writ.Core;
using Writ.Core.Audit;
using Writ.Proof.Errors;
using Writ.Server.Policy;
using Writ.Server.Requests;
using Writ.Server.Rotas;
using Writ.Server.Storage;
using Writ.Server.Users;
using Writ.Server.WebConsole;
using Writ.SystemTests.Databases;

namespace Writ.SystemTests.Storage;

/// <summary>Roles of whoever is on call, by the turns of a policy and by a source outside: who may, from when to when, and what an outage or a hostile answer gives.</summary>
public abstract class OnCallTests(StorageEngine engine) : StorageTest(engine)
{
    /// <summary>It is rae's turn until eleven o'clock, two hours after a world begins, and ron's then.</summary>
    private static string ByTurns { get; } = World.Policy
        .Replace("roles:\n", "rotas:\n  desk: { from: 2026-03-02T07:00, turn: 4h, people: [rae, ron] }\nroles:\n  desk: { on-call: desk }\n", StringComparison.Ordinal)
        .Replace("from: [reviewer], count: 1", "from: [desk], count: 1", StringComparison.Ordinal)
        .Replace("from: [reviewer], count: 2", "from: [desk], count: 2", StringComparison.Ordinal)
        .Replace("roles: [operator]", "roles: [desk]", StringComparison.Ordinal);

    private static string BySource { get; } = ByTurns.Replace("from: 2026-03-02T07:00, turn: 4h, people: [rae, ron]", "source: pager", StringComparison.Ordinal);

    private const string Production = "nmap -sT -Pn -n -p 22 10.30.0.5";

    private static Source Of(Pager pager, bool isPrivate = true) => new("pager", pager.Url, pager.TokenFile, CaFile: pager.CaFile, EverySeconds: 60, HoldsSeconds: 300, Private: isPrivate);

    [Fact]
    public async Task Whoever_is_on_call_decides_until_their_turn_ends_and_what_they_said_stands()
    {
        var world = await Create(ByTurns);
        var (dana, rae, ron) = (await world.Developer(), await world.Person("rae"), await world.Person("ron"));
        var (early, late, two) = (await world.Request(dana), await world.Request(dana), await world.Request(dana, Production));
        (await world.Approve(ron, early)).ShouldBeRefused(ErrorCode.NotFound);
        (await world.Approve(rae, early)).ShouldBeOk();
        (await world.Approve(rae, two)).ShouldBeOk().State.ShouldBe("pending");
        (await world.Entries(AuditType.DecisionMade))[0]["on_call"].ShouldBe("[\"desk\"]");

        // The very instant at which it ends.
        world.Clock.SetUtcNow(new(2026, 3, 2, 11, 0, 0, TimeSpan.Zero));
        (await world.Approve(rae, late)).ShouldBeRefused(ErrorCode.NotFound);
        (await world.Deny(rae, late)).ShouldBeRefused(ErrorCode.NotFound);
        // With a yes of each turn there are two; and the grant of the turn before holds.
        (await world.Approve(ron, two)).ShouldBeOk().State.ShouldBe("approved");
        (await world.Start(dana, await world.GrantOf(two), Production)).ShouldBeOk();
        (await world.Approve(ron, late)).ShouldBeOk().State.ShouldBe("approved");
        (await world.Now(early)).State.ShouldBe(RequestState.Approved);
        await world.ShouldBalance();
    }

    [Fact]
    public async Task The_inbox_is_that_of_whoever_is_on_call()
    {
        var world = await Create(ByTurns);
        var request = await world.Request(await world.Developer());
        (await WaitsFor(world, "rae"), await WaitsFor(world, "ron")).ShouldBe((true, false));
        world.Clock.Advance(TimeSpan.FromHours(2));
        (await WaitsFor(world, "rae"), await WaitsFor(world, "ron")).ShouldBe((false, true));

        async Task<bool> WaitsFor(World world, string name)
        {
            var caller = await world.Person(name);
            await using var db = world.Open();
            var policy = (await world.Get<PolicyInForce>().Get(db)).ShouldBeOk();
            var waiting = (await Board.Read(db, [request.Id], Cancel)).ShouldHaveSingleItem();
            return waiting.WaitsFor(caller.Name, Outlook.DeciderOf(caller, policy), policy);
        }
    }

    [Fact]
    public async Task A_right_of_ones_turn_starts_nothing_after_it()
    {
        var world = await Create(ByTurns);
        var rae = await world.Person("rae");
        var grant = await world.GrantOf(await world.Request(rae, uses: 2, duration: TimeSpan.FromHours(8)));
        (await world.Start(rae, grant)).ShouldBeOk();
        world.Clock.Advance(TimeSpan.FromHours(2));
        (await world.Start(rae, grant)).ShouldBeRefused(ErrorCode.Denied);
        (await world.Ask(rae)).ShouldBeOk().Denial.ShouldNotBeNull();
    }

    [Fact]
    public async Task A_source_says_who_is_on_call_and_when_it_falls_silent_nobody_is()
    {
        await using var pager = await Pager.Start();
        var world = await Create(BySource);
        var (source, ask) = (Of(pager), world.Get<AskSources>());
        var rae = await world.Person("rae");
        (await world.Ask(rae)).ShouldBeOk().Denial.ShouldNotBeNull().Reasons.ShouldNotBeNull().ShouldContain("rota desk is not known: no server asks source pager");

        pager.Says("rae");
        await ask.Once(source, Cancel);
        pager.Authorization.ShouldBe("Bearer s3cret-token");
        var grant = await world.GrantOf(await world.Request(rae, duration: TimeSpan.FromHours(8)));
        // It is asked once a minute, however often a server looks, and by one server.
        var other = await Beside(world);
        await ask.Once(source, Cancel);
        world.Clock.Advance(TimeSpan.FromMinutes(1));
        await Task.WhenAll(ask.Once(source, Cancel), other.Get<AskSources>().Once(source, Cancel));
        pager.Asked.ShouldBe(2);

        // What it said holds for five minutes from then on, also on the other server, and no longer.
        pager.Says(500);
        world.Clock.Advance(TimeSpan.FromMinutes(5) - TimeSpan.FromSeconds(1));
        await ask.Once(source, Cancel);
        (await other.Request(rae)).State.ShouldBe(RequestState.Approved);
        world.Clock.Advance(TimeSpan.FromSeconds(1));
        var denied = (await other.Ask(rae)).ShouldBeOk().Denial.ShouldNotBeNull();
        denied.Reasons.ShouldNotBeNull().ShouldContain("rota desk is not known since 2026-03-02 09:06 UTC: source pager gave no newer answer, it answered 500");
        (await world.Start(rae, grant)).ShouldBeRefused(ErrorCode.Denied);
        await ask.Once(source, Cancel);
        await other.Get<AskSources>().Once(source, Cancel);

        // It comes back with somebody else.
        pager.Says("ron");
        world.Clock.Advance(TimeSpan.FromMinutes(1));
        await ask.Once(source, Cancel);
        (await world.Request(await world.Person("ron"))).State.ShouldBe(RequestState.Approved);
        (await world.Ask(rae)).ShouldBeOk().Denial.ShouldNotBeNull();

        (await world.Entries(AuditType.OnCallLost)).ShouldHaveSingleItem().ShouldSatisfyAllConditions(lost => lost["before"].ShouldBe("[\"rae\"]"), lost => lost["why"].ShouldBe("it answered 500"));
        (await world.Entries(AuditType.OnCallChanged)).Select(changed => (changed["people"], changed["before"])).ShouldBe([("[\"rae\"]", null), ("[\"ron\"]", null)]);
        await world.ShouldBalance();
    }

    [Fact]
    public async Task Whoever_has_no_account_or_a_disabled_one_is_not_there_and_the_others_are()
    {
        await using var pager = await Pager.Start();
        var world = await Create(BySource);
        var rae = await world.Person("rae");
        pager.Says("nobody-known", "RAE", "rae@example.com", "rae");
        await world.Get<AskSources>().Once(Of(pager), Cancel);
        (await world.Request(rae)).State.ShouldBe(RequestState.Approved);
        var grant = await world.GrantOf(await world.Request(rae));
        (await world.Get<DisableUser>().Disable(await world.Admin(), rae.Id.ToString(), "gone")).ShouldBeOk();
        (await world.Now(grant)).State.ShouldBe(GrantState.Revoked);
        (await world.Ask(rae)).IsOk.ShouldBeFalse();
        // A process with the name of somebody who is on call is somebody else.
        pager.Says("ci-nightly");
        world.Clock.Advance(TimeSpan.FromMinutes(1));
        await world.Get<AskSources>().Once(Of(pager), Cancel);
        var (ci, _) = await world.SignIn(new("ci-nightly", true, null, [], false, false, TimeSpan.FromHours(1)));
        (await world.Request(ci)).State.ShouldBe(RequestState.Pending, "it asks as every process does");
    }

    [Fact]
    public async Task A_hostile_answer_changes_nobody()
    {
        await using var pager = await Pager.Start();
        var world = await Create(BySource);
        var (source, ask) = (Of(pager), world.Get<AskSources>());
        pager.Says("rae");
        await ask.Once(source, Cancel);
        var elsewhere = 0;
        (Func<HttpContext, Task> Answer, string Why)[] hostile =
        [
            (context => { if (context.Request.Path == "/other") Interlocked.Increment(ref elsewhere); context.Response.Redirect("/other"); return Task.CompletedTask; }, "it answered 302, and no redirect is followed"),
            (context => context.Response.WriteAsync($$"""{"on_call":["eve"],"x":"{{new string('x', 300_000)}}"}"""), "its answer is longer than 256 kB"),
            (context => context.Response.WriteAsync("<html>sign in</html>"), "its answer is no JSON that counts"),
            (context => context.Response.WriteAsync("""{"on_call":["eve"],"on_call":["mallory"]}"""), "its answer is no JSON that counts"),
            (context => context.Response.WriteAsync("""{"on_call":["eve","""), "its answer is no JSON that counts"),
            (context => context.Response.WriteAsync("""{"error":"quota"}"""), "its answer has no /on_call"),
            (context => context.Response.WriteAsync("""{"on_call":["eve",null]}"""), "what its answer has at /on_call/* is no name"),
            (context => context.Response.WriteAsync("""{"on_call":["\ud800"]}"""), "its answer is no JSON that counts"),
            (context => context.Response.WriteAsync(new string('[', 5_000)), "its answer is no JSON that counts"),
            (context => { context.Abort(); return Task.CompletedTask; }, ""),
            (context => { context.Response.StatusCode = 503; return context.Response.WriteAsync("""{"on_call":["eve"]}"""); }, "it answered 503"),
        ];
        foreach (var (answer, why) in hostile)
        {
            pager.Answer = answer;
            world.Clock.Advance(TimeSpan.FromSeconds(61));
            await ask.Once(source, Cancel);
            var row = await world.Read(db => db.OnCall.AsNoTracking().SingleAsync());
            (row.People.ShouldHaveSingleItem(), row.Trouble.ShouldNotBeNull()).Item1.ShouldBe("rae");
            row.Trouble.ShouldContain(why);
        }

        elsewhere.ShouldBe(0);
        (await world.Ask(await world.Person("rae"))).ShouldBeOk().Denial.ShouldNotBeNull("so long nothing that counts was said");
        (await world.Entries(AuditType.OnCallChanged)).Count.ShouldBe(1);
    }

    [Fact]
    public async Task A_slow_answer_a_foreign_certificate_and_a_private_address_are_none()
    {
        await using var pager = await Pager.Start();
        pager.Says("rae");
        using (var plain = new SourceCall(Of(pager)))
            (await plain.Ask(Cancel)).ShouldBe(["rae"]);
        using (var stranger = new SourceCall(Of(pager) with { CaFile = null }))
            (await Should.ThrowAsync<IOException>(stranger.Ask(Cancel))).Message.ShouldBe("its certificate is not to be trusted");
        var asked = pager.Asked;
        using (var inside = new SourceCall(Of(pager, isPrivate: false)))
            (await Should.ThrowAsync<IOException>(inside.Ask(Cancel))).Message.ShouldContain("no public address");
        pager.Asked.ShouldBe(asked);
        // A first byte is no answer: the whole of it has to come.
        pager.Answer = async context =>
        {
            await context.Response.WriteAsync("{\"on_call\":[");
            await context.Response.Body.FlushAsync();
            await Task.Delay(Timeout.Infinite, context.RequestAborted);
        };
        using var slow = new SourceCall(Of(pager), TimeSpan.FromMilliseconds(300));
        (await Should.ThrowAsync<IOException>(slow.Ask(Cancel))).Message.ShouldBe("it does not answer");
        await File.WriteAllTextAsync(pager.TokenFile, "s3cret\u0001\n", Cancel);
        (await Should.ThrowAsync<IOException>(slow.Ask(Cancel))).Message.ShouldNotContain("s3cret");
    }

    [Collection(SqliteCollection.Name)]
    public sealed class OnSqlite(SqliteEngine engine) : OnCallTests(engine);

    [Collection(PostgresCollection.Name)]
    public sealed class OnPostgres(PostgresEngine engine) : OnCallTests(engine);
}
