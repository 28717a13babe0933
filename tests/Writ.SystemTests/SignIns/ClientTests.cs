using System.Net;
using Microsoft.EntityFrameworkCore;
using Writ.Core.Audit;
using Writ.Server.Identity;
using Writ.SystemTests.Databases;
using Writ.SystemTests.Storage;

namespace Writ.SystemTests.SignIns;

/// <summary>What clients get by OpenID Connect, and how it ends.</summary>
public abstract class ClientTests(StorageEngine engine) : StorageTest(engine)
{
    [Fact]
    public async Task Login_gives_tokens_that_speak_for_the_person_and_refresh()
    {
        var world = await Serving();
        using var dana = await Person.Arrive(world, "dana");
        var tokens = await dana.Login();
        var who = (await dana.WhoAmI(tokens.Access)).ShouldBe(HttpStatusCode.OK).Json;
        who["name"]!.GetValue<string>().ShouldBe("dana");
        who["groups"]!.AsArray().Select(group => group!.GetValue<string>()).ShouldBe(["engineering"]);

        world.Clock.Advance(TimeSpan.FromMinutes(11));
        (await dana.WhoAmI(tokens.Access)).ShouldBe(HttpStatusCode.Unauthorized);
        var refreshed = Person.Tokens((await dana.Refresh(tokens.Refresh)).ShouldBe(HttpStatusCode.OK));
        (await dana.WhoAmI(refreshed.Access)).ShouldBe(HttpStatusCode.OK);

        // Nothing of it stands in the database or the log as it was given out.
        var stored = await world.Read(async db => string.Join('\n', await db.OpenIdTokens.Select(row => row.ReferenceId + row.Payload).ToListAsync())
            + string.Join('\n', (await db.AuditEntries.Select(row => row.Bytes).ToListAsync()).Select(bytes => System.Text.Encoding.UTF8.GetString(bytes))));
        foreach (var secret in new[] { tokens.Access, tokens.Refresh, refreshed.Access, refreshed.Refresh, Person.Password })
            stored.ShouldNotContain(secret);
        (await Types(world)).Count(type => type == AuditType.TokensIssued).ShouldBe(2);
    }

    [Fact]
    public async Task Refreshing_ends_with_the_sign_in_after_seven_days()
    {
        var world = await Serving();
        using var dana = await Person.Arrive(world, "dana");
        var tokens = await dana.Login();
        for (var half = 1; half < 14; half++)
        {
            world.Clock.Advance(TimeSpan.FromHours(11.9));
            tokens = Person.Tokens((await dana.Refresh(tokens.Refresh)).ShouldBe(HttpStatusCode.OK));
        }

        world.Clock.Advance(TimeSpan.FromHours(11.9));
        tokens = Person.Tokens((await dana.Refresh(tokens.Refresh)).ShouldBe(HttpStatusCode.OK));
        world.Clock.Advance(TimeSpan.FromHours(2));
        (await dana.Refresh(tokens.Refresh)).ShouldBe(HttpStatusCode.BadRequest).Json["error"]!.GetValue<string>().ShouldBe("invalid_grant");
    }

    [Fact]
    public async Task Spent_refresh_token_that_comes_again_ends_the_whole_sign_in()
    {
        var world = await Serving();
        using var dana = await Person.Arrive(world, "dana");
        var (stolen, other) = (await dana.Login(), await dana.Login());
        var owner = Person.Tokens((await dana.Refresh(stolen.Refresh)).ShouldBe(HttpStatusCode.OK));
        (await dana.WhoAmI(owner.Access)).ShouldBe(HttpStatusCode.OK);

        (await dana.Refresh(stolen.Refresh)).ShouldBe(HttpStatusCode.BadRequest).Json["error"]!.GetValue<string>().ShouldBe("invalid_grant");
        (await dana.WhoAmI(owner.Access)).ShouldBe(HttpStatusCode.Unauthorized);
        (await dana.Refresh(owner.Refresh)).ShouldBe(HttpStatusCode.BadRequest);
        (await dana.WhoAmI(other.Access)).ShouldBe(HttpStatusCode.OK, "another sign-in of the same person");
        (await Types(world)).ShouldContain(AuditType.TokenReused);
    }

    [Fact]
    public async Task Of_parallel_refreshes_with_one_token_one_wins_at_most_and_the_sign_in_is_over()
    {
        var world = await Serving();
        using var dana = await Person.Arrive(world, "dana");
        for (var round = 0; round < TestScale.Times(2); round++)
        {
            var tokens = await dana.Login();
            var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() => dana.Refresh(tokens.Refresh))));
            answers.Count(answer => answer.Status == HttpStatusCode.OK).ShouldBeLessThanOrEqualTo(1);
            answers.Where(answer => answer.Status != HttpStatusCode.OK).ShouldAllBe(answer => answer.Body.Contains("invalid_grant"));
            foreach (var won in answers.Where(answer => answer.Status == HttpStatusCode.OK).Select(Person.Tokens))
            {
                (await dana.WhoAmI(won.Access)).ShouldBe(HttpStatusCode.Unauthorized);
                (await dana.Refresh(won.Refresh)).ShouldBe(HttpStatusCode.BadRequest);
            }
        }
    }

    [Fact]
    public async Task Code_opens_once_for_the_client_that_asked_and_nobody_else()
    {
        var world = await Serving();
        using var dana = await Person.Arrive(world, "dana");
        var (code, verifier) = await dana.Allow();
        (await dana.Exchange(code, Person.Challenge("another verifier, of whoever saw the code"))).ShouldBe(HttpStatusCode.BadRequest);
        (code, verifier) = await dana.Allow();
        (await dana.Exchange(code, verifier, "http://127.0.0.1:50999/callback")).ShouldBe(HttpStatusCode.BadRequest);
        (code, verifier) = await dana.Allow();
        var tokens = Person.Tokens((await dana.Exchange(code, verifier)).ShouldBe(HttpStatusCode.OK));
        (await dana.WhoAmI(tokens.Access)).ShouldBe(HttpStatusCode.OK);
        (await dana.Exchange(code, verifier)).ShouldBe(HttpStatusCode.BadRequest).Json["error"]!.GetValue<string>().ShouldBe("invalid_grant");
        (await dana.WhoAmI(tokens.Access)).ShouldBe(HttpStatusCode.Unauthorized, "what came of a code that somebody has twice");

        (code, verifier) = await dana.Allow();
        world.Clock.Advance(TimeSpan.FromSeconds(61));
        (await dana.Exchange(code, verifier)).ShouldBe(HttpStatusCode.BadRequest);
    }

    [Fact]
    public async Task Request_that_is_not_the_command_lines_is_refused_and_leads_nowhere_else()
    {
        var world = await Serving();
        using var dana = await Person.Arrive(world, "dana");
        (await dana.Browser.Get(Person.AuthorizePath(Person.Challenge("v")))).ShouldBe(HttpStatusCode.OK);
        foreach (var (parameter, value) in new[]
                 {
                     ("redirect_uri", "https://evil.example/callback"), ("redirect_uri", "http://127.0.0.1.evil.example/callback"), ("redirect_uri", "http://127.0.0.1:9/callback/../elsewhere"),
                     ("client_id", "somebody-else"), ("code_challenge", ""), ("code_challenge_method", "plain"), ("response_type", "token"), ("scope", "openid everything"),
                 })
        {
            var refused = await dana.Browser.Get(Person.AuthorizePath(Person.Challenge("v"), (parameter, value)));
            if (refused.Location is { } to)
                to.ToString().ShouldStartWith("http://127.0.0.1:50123/callback?error=", Case.Sensitive, parameter);
            else
                refused.ShouldBe(HttpStatusCode.BadRequest);
        }

        var entries = await world.Entries(AuditType.SignInFailed);
        entries.Count.ShouldBe(8);
        entries.ShouldAllBe(entry => entry["path"] == "/connect/authorize" && entry["why"] != null && entry["error"] != null);
        entries.ShouldContain(entry => entry["client"] == "somebody-else");
    }

    [Fact]
    public async Task Page_of_another_site_can_let_no_client_in()
    {
        var world = await Serving();
        using var dana = await Person.Arrive(world, "dana");
        var fields = (await dana.Browser.Get(Person.AuthorizePath(Person.Challenge("v")))).Form("/connect/authorize");
        fields["decision"] = "allow";
        fields.Remove("antiforgery");
        var forged = (await dana.Browser.Post("/connect/authorize", fields)).ShouldBe(HttpStatusCode.BadRequest);
        forged.Location.ShouldBeNull();
        // Nor is anybody let in without a word.
        (await dana.Browser.Get(Person.AuthorizePath(Person.Challenge("v"), ("prompt", "none")))).Location!.ToString().ShouldContain("error=consent_required");
    }

    [Fact]
    public async Task Fresh_sign_in_that_a_client_asks_for_is_asked_of_the_person()
    {
        var world = await Serving();
        using var dana = await Person.Arrive(world, "dana");
        world.Clock.Advance(TimeSpan.FromMinutes(20));
        (await dana.Browser.Get(Person.AuthorizePath(Person.Challenge("v"), ("max_age", "3600")))).ShouldBe(HttpStatusCode.OK);
        foreach (var (name, value) in new[] { ("max_age", "900"), ("prompt", "login"), ("acr_values", "phr") })
        {
            var asked = (await dana.Browser.Get(Person.AuthorizePath(Person.Challenge("v"), (name, value)))).ShouldBe(HttpStatusCode.Redirect);
            asked.Location!.ToString().ShouldStartWith("/signin?return=%2Fconnect%2Fauthorize");
        }

        (await dana.SignIn()).ShouldBe(HttpStatusCode.Redirect);
        (await dana.Browser.Get(Person.AuthorizePath(Person.Challenge("v"), ("max_age", "900")))).ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task Sign_ins_that_are_ended_are_dead_at_the_next_call()
    {
        var world = await Serving();
        using var dana = await Person.Arrive(world, "dana");
        var (first, second) = (await dana.Login(), await dana.Login());
        (await dana.Client("/connect/revoke", ("token", first.Refresh), ("client_id", "writ-cli"))).ShouldBe(HttpStatusCode.OK);
        (await dana.WhoAmI(first.Access)).ShouldBe(HttpStatusCode.Unauthorized, "writ logout ends the access token too");
        (await dana.Refresh(first.Refresh)).ShouldBe(HttpStatusCode.BadRequest);
        (await world.Read(db => db.AuditEntries.Where(row => row.Type == AuditType.SignInFailed).Select(row => row.Bytes).ToListAsync()))
            .Select(System.Text.Encoding.UTF8.GetString).ShouldContain(entry => entry.Contains("/connect/token", StringComparison.Ordinal) && !entry.Contains(first.Refresh, StringComparison.Ordinal));
        (await dana.WhoAmI(second.Access)).ShouldBe(HttpStatusCode.OK);
        (await dana.Browser.Get("/account")).ShouldBe(HttpStatusCode.OK);

        (await world.Writes.Commit<int>(async scope =>
        {
            var ended = await EndSignIns.Of(scope, dana.Id);
            scope.Record(new(AuditType.SignInEnded, AuditActor.System, null));
            return ended;
        })).ShouldBeOk().ShouldBe(2);
        (await dana.WhoAmI(second.Access)).ShouldBe(HttpStatusCode.Unauthorized);
        (await dana.Refresh(second.Refresh)).ShouldBe(HttpStatusCode.BadRequest);
        (await dana.Browser.Get("/account")).ShouldBe(HttpStatusCode.Redirect);
    }

    [Fact]
    public async Task Disabled_person_is_out_at_the_next_call()
    {
        var world = await Serving();
        using var dana = await Person.Arrive(world, "dana");
        var tokens = await dana.Login();
        await world.Writes.Append(db => db.Actors.Where(row => row.Id == dana.Id).ExecuteUpdateAsync(set => set.SetProperty(row => row.DisabledAt, world.Clock.GetUtcNow())));
        (await dana.WhoAmI(tokens.Access)).ShouldBe(HttpStatusCode.Unauthorized);
        (await dana.Refresh(tokens.Refresh)).ShouldBe(HttpStatusCode.BadRequest);
        (await dana.Browser.Get("/account")).ShouldBe(HttpStatusCode.Redirect);
        (await dana.SignIn()).ShouldBe(HttpStatusCode.Unauthorized);
    }

    [Fact]
    public async Task Nothing_is_issued_that_cannot_be_recorded()
    {
        var world = await Serving(smallDisk: true);
        using var dana = await Person.Arrive(world, "dana");
        var (code, verifier) = await dana.Allow();
        await world.At.MakeUnwritable();
        (await dana.Exchange(code, verifier)).Status.ShouldBe(HttpStatusCode.ServiceUnavailable);
        await world.At.MakeWritable();
        (await dana.Exchange(code, verifier)).ShouldBe(HttpStatusCode.OK);
    }

    private static async Task<List<string>> Types(World world) => await world.Read(db => db.AuditEntries.Select(row => row.Type).ToListAsync());

    [Collection(SqliteCollection.Name)]
    public sealed class OnSqlite(SqliteEngine engine) : ClientTests(engine);

    [Collection(PostgresCollection.Name)]
    public sealed class OnPostgres(PostgresEngine engine) : ClientTests(engine);
}
