using System.Net;
using Microsoft.EntityFrameworkCore;
using Writ.Core.Audit;
using Writ.Server.Identity;
using Writ.Server.Identity.Accounts;
using Writ.Server.Passkeys;
using Writ.Server.Storage;
using Writ.SystemTests.Databases;
using Writ.SystemTests.Storage;
using Writ.Proof.Identity;
using Writ.Tests.Proof.Identity;

namespace Writ.SystemTests.SignIns;

/// <summary>Accounts of the server itself, and the browsers that are signed in with them.</summary>
public abstract class AccountTests(StorageEngine engine) : StorageTest(engine)
{
    [Fact]
    public async Task One_time_link_opens_once_and_the_way_back_in_ends_what_was_before()
    {
        var world = await Serving();
        using var dana = await Person.Arrive(world, "dana");
        (await dana.Browser.Get("/account")).ShouldBe(HttpStatusCode.OK).Body.ShouldContain("engineering");
        var first = await dana.Link();
        var second = await dana.Link();
        using var elsewhere = new Person(world, "dana");
        (await elsewhere.Browser.Fill(await elsewhere.Browser.Get("/setup"), "/setup", ("code", first))).ShouldBe(HttpStatusCode.Unauthorized);
        (await elsewhere.SetUp(second, "short")).ShouldBe(HttpStatusCode.BadRequest).Body.ShouldContain("at least 12 characters");
        (await elsewhere.SetUp(second, "another four words here")).ShouldBe(HttpStatusCode.Redirect);
        (await dana.Browser.Get("/account")).ShouldBe(HttpStatusCode.Redirect, "the session of before");
        (await elsewhere.Browser.Get("/account")).ShouldBe(HttpStatusCode.OK);
        (await elsewhere.Browser.Fill(await elsewhere.Browser.Get("/setup"), "/setup", ("code", second))).ShouldBe(HttpStatusCode.Unauthorized);

        var third = await dana.Link();
        world.Clock.Advance(SetUpLinks.Life);
        (await elsewhere.Browser.Fill(await elsewhere.Browser.Get("/setup"), "/setup", ("code", third))).ShouldBe(HttpStatusCode.Unauthorized);
    }

    [Fact]
    public async Task Set_up_secret_makes_the_first_admin_with_an_account_and_turns_tokens_of_the_box_off()
    {
        var world = await Serving();
        var (_, box) = await world.SignIn(new("olga", false, null, [], false, false, TimeSpan.FromHours(8)));
        var secret = (await world.Writes.Commit<string>(scope =>
        {
            scope.Record(new(AuditType.ServerInitialised, AuditActor.System, null));
            return Task.FromResult<Writ.Proof.Errors.Result<string>>(SetUpFirstAdmin.Create(scope));
        })).ShouldBeOk();
        using var ada = new Person(world, "ada");
        (await ada.WhoAmI(box)).ShouldBe(HttpStatusCode.OK, "as long as nobody can sign in");
        (await ada.SetUp(secret)).ShouldBe(HttpStatusCode.Redirect);
        (await ada.Browser.Get("/v1/whoami")).ShouldBe(HttpStatusCode.OK).Json["admin"]!.GetValue<bool>().ShouldBeTrue();
        (await ada.WhoAmI(box)).ShouldBe(HttpStatusCode.Unauthorized).Body.ShouldContain("--keep-box-tokens");
    }

    [Fact]
    public async Task Sign_in_asks_for_password_and_a_code_that_was_not_used()
    {
        var world = await Serving();
        using var dana = await Person.Arrive(world, "dana");
        (await dana.SignIn(password: "four words nobody knows")).ShouldBe(HttpStatusCode.Unauthorized);
        (await dana.SignIn(code: "000000")).ShouldBe(HttpStatusCode.Unauthorized);
        (await dana.SignIn(to: "//evil.example/")).ShouldBe(HttpStatusCode.Redirect).Location!.ToString().ShouldBe("/account");
        var seen = dana.Code();
        (await dana.Browser.Fill(await dana.Browser.Get("/signin?again=1"), "/signin", ("name", "dana"), ("password", Person.Password), ("code", seen)))
            .ShouldBe(HttpStatusCode.Unauthorized, "a code that was seen over a shoulder");
        (await dana.SignIn()).ShouldBe(HttpStatusCode.Redirect);
    }

    [Fact]
    public async Task Guessing_is_slowed_down_alike_whether_there_is_such_an_account_or_not()
    {
        var world = await Serving();
        using var dana = await Person.Arrive(world, "dana");
        var answers = new Dictionary<string, List<string>>();
        foreach (var name in new[] { "dana", "nobody" })
        {
            using var guesser = new Visitor(world);
            var page = await guesser.Get("/signin");
            answers[name] = [];
            for (var guess = 0; guess <= SignInThrottle.FreeByName; guess++)
            {
                var answer = await guesser.Fill(page, "/signin", ("name", name), ("password", $"guess number {guess}"), ("code", "123456"));
                answers[name].Add($"{(int)answer.Status} {System.Text.RegularExpressions.Regex.Match(answer.Body, "role=\"alert\">([^<]*)<").Groups[1].Value}");
            }
        }

        answers["dana"].ShouldBe(answers["nobody"]);
        answers["dana"][0].ShouldBe("401 name, password or code is wrong");
        answers["dana"][^1].ShouldStartWith("429");
        // The right one waits too, and is let in when the wait is over.
        (await dana.Browser.Fill(await dana.Browser.Get("/signin?again=1"), "/signin", ("name", "dana"), ("password", Person.Password), ("code", dana.Code())))
            .ShouldBe(HttpStatusCode.TooManyRequests);
        world.Clock.Advance(TimeSpan.FromMinutes(5));
        (await dana.SignIn()).ShouldBe(HttpStatusCode.Redirect);
    }

    [Fact]
    public async Task Guesses_at_the_same_moment_are_no_more_than_one_after_the_other()
    {
        var world = await Serving();
        var throttle = world.Get<SignInThrottle>();
        var entered = await Task.WhenAll(Enumerable.Range(0, 40).Select(number => Task.Run(() => throttle.Enter("name", "dana", $"192.0.2.{number}"))));
        entered.Count(let => let).ShouldBeInRange(1, SignInThrottle.FreeByName);
        (await throttle.Enter("name", "sam", "192.0.2.1")).ShouldBeTrue("somebody else");
    }

    [Fact]
    public async Task Cookie_is_kept_from_scripts_other_sites_and_the_clear_and_ends()
    {
        var world = await Serving();
        using var dana = await Person.Arrive(world, "dana");
        var given = (await dana.SignIn()).Message.Headers.GetValues("Set-Cookie").Single(cookie => cookie.StartsWith("__Host-writ=", StringComparison.Ordinal)).ToLowerInvariant();
        foreach (var mark in new[] { "; httponly", "; secure", "; samesite=lax", "; path=/" })
            given.ShouldContain(mark);
        given.ShouldNotContain("domain");

        for (var call = 0; call < 11; call++)
        {
            world.Clock.Advance(TimeSpan.FromMinutes(59));
            (await dana.Browser.Get("/v1/whoami")).ShouldBe(HttpStatusCode.OK);
        }

        world.Clock.Advance(Sessions.Life - TimeSpan.FromMinutes(11 * 59));
        (await dana.Browser.Get("/v1/whoami")).ShouldBe(HttpStatusCode.Unauthorized, "twelve hours are over");
        (await dana.SignIn()).ShouldBe(HttpStatusCode.Redirect);
        world.Clock.Advance(Sessions.Idle);
        (await dana.Browser.Get("/v1/whoami")).ShouldBe(HttpStatusCode.Unauthorized, "an hour without a call");
    }

    [Fact]
    public async Task Signing_in_and_out_leaves_no_session_of_before_behind()
    {
        var world = await Serving();
        using var dana = await Person.Arrive(world, "dana");
        var fixated = dana.Browser.Cookies["__Host-writ"];
        (await dana.SignIn()).ShouldBe(HttpStatusCode.Redirect);
        dana.Browser.Cookies["__Host-writ"].ShouldNotBe(fixated);
        var page = (await dana.Browser.Get("/account")).ShouldBe(HttpStatusCode.OK);
        using var thief = new Visitor(world);
        thief.Cookies["__Host-writ"] = fixated;
        (await thief.Get("/v1/whoami")).ShouldBe(HttpStatusCode.Unauthorized);

        thief.Cookies["__Host-writ"] = dana.Browser.Cookies["__Host-writ"];
        (await thief.Get("/v1/whoami")).ShouldBe(HttpStatusCode.OK);
        (await dana.Browser.Fill(page, "/signout", ("where", "here"))).ShouldBe(HttpStatusCode.Redirect);
        (await thief.Get("/v1/whoami")).ShouldBe(HttpStatusCode.Unauthorized, "a copy of the cookie");

        (await dana.SignIn()).ShouldBe(HttpStatusCode.Redirect);
        var tokens = await dana.Login();
        (await dana.Browser.Fill(await dana.Browser.Get("/account"), "/signout", ("where", "everywhere"))).ShouldBe(HttpStatusCode.Redirect);
        (await dana.WhoAmI(tokens.Access)).ShouldBe(HttpStatusCode.Unauthorized);
        // By the same verb as at the API, which ends grants and runs too.
        (await world.Entries(AuditType.ActorSignedOut)).ShouldHaveSingleItem()["of"].ShouldBe(dana.Id.ToString());
    }

    [Fact]
    public async Task Call_with_the_cookie_alone_changes_nothing()
    {
        var world = await Serving();
        using var ada = await Person.Arrive(world, "ada", admin: true);
        const string path = "/v1/runners/enrolments";
        (await ada.Browser.Send(Call(null, null))).ShouldBe(HttpStatusCode.Forbidden).Body.ShouldContain("X-Writ-Antiforgery");
        var header = (await ada.Browser.Get("/account")).Form("/signout")["antiforgery"];
        (await ada.Browser.Send(Call(header, "https://evil.example"))).ShouldBe(HttpStatusCode.Forbidden);
        (await ada.Browser.Send(Call(header[..^4] + "AAAA", World.PublicUrl))).ShouldBe(HttpStatusCode.Forbidden);
        (await ada.Browser.Send(Call(header, World.PublicUrl))).Status.ShouldNotBe(HttpStatusCode.Forbidden);
        // Nor does a form: the sign-out of another site's page.
        (await ada.Browser.Post("/signout", [])).ShouldBe(HttpStatusCode.BadRequest);
        (await ada.Browser.Get("/account")).ShouldBe(HttpStatusCode.OK);

        static HttpRequestMessage Call(string? antiforgery, string? origin)
        {
            var call = new HttpRequestMessage(HttpMethod.Post, path) { Content = new StringContent("{}", System.Text.Encoding.UTF8, "application/json") };
            if (antiforgery is not null)
                call.Headers.Add("X-Writ-Antiforgery", antiforgery);
            if (origin is not null)
                call.Headers.Add("Origin", origin);
            return call;
        }
    }

    [Fact]
    public async Task Page_that_is_left_may_say_so_from_here_and_nothing_else_without_the_header()
    {
        var world = await Serving();
        using var ada = await Person.Arrive(world, "ada", admin: true);
        (await ada.Browser.Send(Call("/_blazor/disconnect", World.PublicUrl))).Status.ShouldNotBe(HttpStatusCode.Forbidden);
        foreach (var origin in new[] { null, "null", "https://evil.example" })
            (await ada.Browser.Send(Call("/_blazor/disconnect", origin))).ShouldBe(HttpStatusCode.Forbidden);
        foreach (var path in new[] { "/_blazor", "/_blazor/negotiate", "/v1/runners/enrolments" })
            (await ada.Browser.Send(Call(path, World.PublicUrl))).ShouldBe(HttpStatusCode.Forbidden);

        static HttpRequestMessage Call(string path, string? origin)
        {
            var call = new HttpRequestMessage(HttpMethod.Post, path) { Content = new MultipartFormDataContent { { new StringContent("an id that nobody has"), "circuitId" } } };
            if (origin is not null)
                call.Headers.Add("Origin", origin);
            return call;
        }
    }

    [Fact]
    public async Task Pages_are_fenced_in_whatever_address_they_are_called_by()
    {
        var world = await Serving();
        using var visitor = new Visitor(world);
        foreach (var path in new[] { "/signin", "/setup", "/" })
        {
            var answer = await visitor.Get(path);
            var policy = answer.Message.Headers.GetValues("Content-Security-Policy").ShouldHaveSingleItem();
            policy.ShouldContain("default-src 'none'");
            policy.ShouldNotContain("unsafe");
            answer.Message.Headers.CacheControl!.NoStore.ShouldBeTrue();
            answer.Message.Headers.GetValues("X-Content-Type-Options").ShouldBe(["nosniff"]);
            answer.Body.ShouldNotContain(" style=");
            answer.Body.ShouldNotContain(" onclick=");
        }

        var forged = new HttpRequestMessage(HttpMethod.Get, "/.well-known/openid-configuration");
        forged.Headers.Host = "evil.example";
        var described = (await visitor.Send(forged)).ShouldBe(HttpStatusCode.OK).Json;
        described["issuer"]!.GetValue<string>().ShouldBe($"{World.PublicUrl}/");
        described["token_endpoint"]!.GetValue<string>().ShouldBe($"{World.PublicUrl}/connect/token");
        described["code_challenge_methods_supported"]!.AsArray().Select(method => method!.GetValue<string>()).ShouldBe(["S256"]);
    }

    [Fact]
    public async Task Passkey_signs_in_once_with_what_the_page_asked_and_a_copy_of_it_does_not()
    {
        var world = await Serving();
        using var dana = await Person.Arrive(world, "dana");
        using var passkey = new SoftAuthenticator();
        var party = PasskeyParty.Of(new(World.PublicUrl));
        var key = new AttestedKey(passkey.Credential, passkey.Cose, passkey.Key, 0, false, false);
        (await world.Writes.Commit<PasskeyRow>(scope => KnownPasskeys.Add(scope, new(dana.Id, "dana"), "laptop", key, [], null))).ShouldBeOk();

        using var browser = new Visitor(world);
        var page = (await browser.Get("/signin")).ShouldBe(HttpStatusCode.OK);
        var signed = Answer(page, 1);
        (await browser.Fill(page, "/signin/passkey", ("credential", Answer(await browser.Get("/signin"), 1)))).ShouldBe(HttpStatusCode.Unauthorized, "the answer to another challenge");
        (await browser.Fill(page, "/signin/passkey", ("credential", signed), ("state", "AAAA"))).ShouldBe(HttpStatusCode.Unauthorized);
        (await browser.Fill(page, "/signin/passkey", ("credential", "{}"))).ShouldBe(HttpStatusCode.Unauthorized);
        (await browser.Fill(page, "/signin/passkey", ("credential", signed))).ShouldBe(HttpStatusCode.Redirect);
        (await world.Read(db => db.Sessions.Select(row => row.Methods).ToListAsync())).SelectMany(methods => methods).ShouldContain("hwk");
        (await browser.Fill(page, "/signin/passkey", ("credential", signed))).ShouldBe(HttpStatusCode.Unauthorized, "the same answer again");
        var again = await browser.Get("/signin?again=1");
        (await browser.Fill(again, "/signin/passkey", ("credential", Answer(again, 1)))).ShouldBe(HttpStatusCode.Unauthorized, "a copy that has not counted on");
        again = await browser.Get("/signin?again=1");
        (await browser.Fill(again, "/signin/passkey", ("credential", Answer(again, 2)))).ShouldBe(HttpStatusCode.Redirect);

        string Answer(Answer offered, uint count)
        {
            var options = System.Text.Json.Nodes.JsonNode.Parse(WebUtility.HtmlDecode(System.Text.RegularExpressions.Regex.Match(offered.Body, "data-options=\"([^\"]*)\"").Groups[1].Value))!;
            options["rpId"]!.GetValue<string>().ShouldBe("writ.example");
            var data = SoftAuthenticator.Data(party.Id, SoftAuthenticator.Honest, count);
            var client = System.Text.Encoding.UTF8.GetBytes(SoftAuthenticator.ClientData("webauthn.get", System.Buffers.Text.Base64Url.DecodeFromChars(options["challenge"]!.GetValue<string>()), World.PublicUrl));
            byte[] bytes = [.. data, .. System.Security.Cryptography.SHA256.HashData(client)];
            string Text(byte[] part) => System.Buffers.Text.Base64Url.EncodeToString(part);
            return new System.Text.Json.Nodes.JsonObject
            {
                ["rawId"] = Text(passkey.Credential),
                ["response"] = new System.Text.Json.Nodes.JsonObject { ["authenticatorData"] = Text(data), ["clientDataJSON"] = Text(client), ["signature"] = Text(passkey.Sign(bytes)) },
            }.ToJsonString();
        }
    }

    [Fact]
    public async Task Spent_rows_and_ended_sessions_are_forgotten_and_live_ones_stay()
    {
        var world = await Serving();
        using var dana = await Person.Arrive(world, "dana");
        var tokens = await dana.Login();
        await world.Get<ForgetSignIns>().Once();
        (await dana.WhoAmI(tokens.Access)).ShouldBe(HttpStatusCode.OK);
        world.Clock.Advance(TimeSpan.FromDays(20));
        await world.Get<ForgetSignIns>().Once();
        (await world.Read(async db => new[] { await db.Sessions.CountAsync(), await db.Spent.CountAsync(), await db.SignInFailures.CountAsync(), await db.OpenIdTokens.CountAsync(), await db.OpenIdAuthorizations.CountAsync() }))
            .ShouldBe([0, 0, 0, 0, 0]);
    }

    [Collection(SqliteCollection.Name)]
    public sealed class OnSqlite(SqliteEngine engine) : AccountTests(engine);

    [Collection(PostgresCollection.Name)]
    public sealed class OnPostgres(PostgresEngine engine) : AccountTests(engine);
}
