using System.Net;
using System.Security.Cryptography;
using System.Text;
using Microsoft.EntityFrameworkCore;
using Microsoft.IdentityModel.Tokens;
using Writ.Core.Audit;
using Writ.Server.Identity;
using Writ.SystemTests.Databases;
using Writ.SystemTests.Storage;

namespace Writ.SystemTests.SignIns;

/// <summary>What another provider may say of people, and what it may not.</summary>
public abstract class ProviderTests(StorageEngine engine) : StorageTest(engine)
{
    [Fact]
    public async Task Person_of_a_provider_is_known_by_issuer_and_subject_and_by_nothing_else()
    {
        await using var provider = await HostileProvider.Start();
        var world = await Serving(new([provider.Settings]));
        var (local, _) = await world.SignIn(new("dana", false, null, ["secops"], true, false, TimeSpan.FromHours(1)));
        using var visitor = new Visitor(world);
        (await provider.SignIn(visitor, claims => claims["email"] = "dana@example.com")).ShouldBe(HttpStatusCode.Redirect).Location!.ToString().ShouldBe("/account");
        var who = (await visitor.Get("/v1/whoami")).ShouldBe(HttpStatusCode.OK).Json;
        who["id"]!.GetValue<string>().ShouldNotBe(local.Id.ToString(), "the same name is not the same person");
        who["name"]!.GetValue<string>().ShouldBe("dana@127.0.0.1");
        who["admin"]!.GetValue<bool>().ShouldBeFalse();
        who["groups"]!.AsArray().Select(group => group!.GetValue<string>()).ShouldBe(["engineering"]);

        // An address is where they are told once the provider has verified it, and never before.
        (await world.Read(db => db.NoticeSettings.CountAsync())).ShouldBe(0);
        (await provider.SignIn(visitor, claims => (claims["email"], claims["email_verified"]) = ("dana@example.com", false))).ShouldBe(HttpStatusCode.Redirect);
        (await world.Read(db => db.NoticeSettings.CountAsync())).ShouldBe(0);
        (await provider.SignIn(visitor, claims => (claims["email"], claims["email_verified"]) = ("dana@example.com", true))).ShouldBe(HttpStatusCode.Redirect);
        (await world.Read(db => db.NoticeSettings.SingleAsync())).ShouldSatisfyAllConditions(row => row.Address.ShouldBe("dana@example.com"), row => row.AddressFrom.ShouldBe("provider"), row => row.ActorId.ToString().ShouldBe(who["id"]!.GetValue<string>()));

        // Another name and other groups: the same person, with the groups of today.
        (await provider.SignIn(visitor, claims => (claims["preferred_username"], claims["groups"]) = ("dana-married", new[] { "plant" }))).ShouldBe(HttpStatusCode.Redirect);
        var later = (await visitor.Get("/v1/whoami")).ShouldBe(HttpStatusCode.OK).Json;
        later["id"]!.GetValue<string>().ShouldBe(who["id"]!.GetValue<string>());
        later["groups"]!.AsArray().Select(group => group!.GetValue<string>()).ShouldBe(["plant"]);
        (await provider.SignIn(visitor, claims => claims["sub"] = "another")).ShouldBe(HttpStatusCode.Redirect);
        (await visitor.Get("/v1/whoami")).Json["id"]!.GetValue<string>().ShouldNotBe(who["id"]!.GetValue<string>());
    }

    [Fact]
    public async Task Token_that_is_not_this_providers_for_this_server_now_lets_nobody_in()
    {
        await using var provider = await HostileProvider.Start();
        var world = await Serving(new([provider.Settings]));
        using var other = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var point = provider.Published[0].ECDsa.ExportSubjectPublicKeyInfo();
        var now = MachineClock.Now.ToUnixTimeSeconds();
        (string Attack, Action<Dictionary<string, object>> Twist, Func<Dictionary<string, object>, string>? Write, string Answer)[] attacks =
        [
            ("alg none", _ => { }, claims => Unsigned(provider.Sign(claims)), ""),
            ("a shared secret made of the public key", _ => { }, claims => HostileProvider.Sign(claims, new(new SymmetricSecurityKey(point) { KeyId = "k1" }, SecurityAlgorithms.HmacSha256)), ""),
            ("another key under the known name", _ => { }, claims => HostileProvider.Sign(claims, new(new ECDsaSecurityKey(other) { KeyId = "k1" }, SecurityAlgorithms.EcdsaSha256)), ""),
            ("a key that was never published", _ => { }, claims => HostileProvider.Sign(claims, new(new ECDsaSecurityKey(other) { KeyId = "../../k1" }, SecurityAlgorithms.EcdsaSha256)), ""),
            ("another issuer", claims => claims["iss"] = "https://login.example.com", null, ""),
            ("the answer of another issuer", _ => { }, null, "&iss=https%3A%2F%2Flogin.example.com"),
            ("another audience", claims => claims["aud"] = "somebody-else", null, ""),
            ("expired", claims => (claims["iat"], claims["exp"]) = (now - 7200, now - 3600), null, ""),
            ("not yet", claims => claims["nbf"] = now + 3600, null, ""),
            ("replayed into another sign-in", claims => claims["nonce"] = "of another sign-in", null, ""),
            ("no nonce", claims => claims.Remove("nonce"), null, ""),
            ("nobody", claims => claims.Remove("sub"), null, ""),
            ("line ends in the subject", claims => claims["sub"] = "dana\r\nadmin: true", null, ""),
            ("line ends in a group", claims => claims["groups"] = new[] { "engineering\r\nsecops" }, null, ""),
            ("10,000 groups", claims => claims["groups"] = Enumerable.Range(0, 10_000).Select(number => $"group-{number}").ToArray(), null, ""),
        ];
        foreach (var (attack, twist, write, answer) in attacks)
        {
            using var visitor = new Visitor(world);
            var refused = await provider.SignIn(visitor, twist, write, answer);
            ((int)refused.Status).ShouldBeInRange(400, 499, $"{attack}: {refused.Body}");
            refused.Body.ShouldContain("You are not signed in", Case.Sensitive, attack);
            visitor.Cookies.Keys.ShouldNotContain("__Host-writ", attack);
            world.Clock.Advance(TimeSpan.FromMinutes(2));
            await world.Sweep();
        }

        (await world.Read(db => db.Sessions.CountAsync())).ShouldBe(0);
        var entries = await world.Read(db => db.AuditEntries.Where(row => row.Type == AuditType.SignInFailed).Select(row => row.Bytes).ToListAsync());
        entries.Count.ShouldBeGreaterThanOrEqualTo(attacks.Length);
        foreach (var entry in entries.Select(Encoding.UTF8.GetString))
            entry.ShouldNotContain("a secret of the client");

        // The control: the same provider, saying what is right.
        using var dana = new Visitor(world);
        (await provider.SignIn(dana)).ShouldBe(HttpStatusCode.Redirect);
    }

    [Fact]
    public async Task Answer_of_a_sign_in_that_another_browser_began_lets_nobody_in()
    {
        await using var provider = await HostileProvider.Start();
        var world = await Serving(new([provider.Settings]));
        using var attacker = new Visitor(world);
        using var victim = new Visitor(world);
        var there = (await attacker.Get("/signin/with/company")).ShouldBe(HttpStatusCode.Redirect).Location!;
        var refused = await victim.Get($"/signin/from/company?code=c1&state={Uri.EscapeDataString(Person.Query(there, "state"))}");
        ((int)refused.Status).ShouldBeInRange(400, 499);
        victim.Cookies.Keys.ShouldNotContain("__Host-writ");
        Person.Query(there, "code_challenge_method").ShouldBe("S256");
        Person.Query(there, "redirect_uri").ShouldBe($"{World.PublicUrl}/signin/from/company");
    }

    [Fact]
    public async Task Key_that_the_provider_changed_is_taken_and_the_old_one_no_more()
    {
        await using var provider = await HostileProvider.Start();
        var world = await Serving(new([provider.Settings]));
        using var visitor = new Visitor(world);
        (await provider.SignIn(visitor)).ShouldBe(HttpStatusCode.Redirect);
        using var next = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var old = provider.Published[0];
        provider.Published[0] = new(next) { KeyId = "k2" };
        // The first token with an unknown key makes the server look for new ones.
        await World.Eventually(async () => (await provider.SignIn(visitor)).Status == HttpStatusCode.Redirect, "the new key is not taken");
        ((int)(await provider.SignIn(visitor, write: claims => HostileProvider.Sign(claims, new(old, SecurityAlgorithms.EcdsaSha256)))).Status).ShouldBeInRange(400, 499);
    }

    [Fact]
    public async Task Fresh_sign_in_is_fresh_only_where_the_provider_says_when()
    {
        await using var provider = await HostileProvider.Start();
        var world = await Serving(new([provider.Settings]));
        using var visitor = new Visitor(world);
        const string again = "/signin/with/company?return=%2Faccount&again=1";
        ((int)(await provider.SignIn(visitor, path: again)).Status).ShouldBe(401, "it does not say");
        var now = world.Clock.GetUtcNow().ToUnixTimeSeconds();
        ((int)(await provider.SignIn(visitor, claims => claims["auth_time"] = now - 3600, path: again)).Status).ShouldBe(401, "an hour ago");
        (await provider.SignIn(visitor, claims => claims["auth_time"] = now, path: again)).ShouldBe(HttpStatusCode.Redirect);
        (await world.Read(db => db.Sessions.SingleAsync())).SignedInAt.ShouldBe(world.Clock.GetUtcNow(), TimeSpan.FromSeconds(1));

        var there = (await visitor.Get(again)).Location!;
        (Person.Query(there, "prompt"), Person.Query(there, "max_age")).ShouldBe(("login", "0"));
        world.Clock.Advance(TimeSpan.FromMinutes(1));
        // Whoever was not asked to is let in, and counts as signed in long ago.
        (await provider.SignIn(visitor)).ShouldBe(HttpStatusCode.Redirect);
        (await world.Read(db => db.Sessions.OrderByDescending(row => row.Id).FirstAsync())).SignedInAt.ShouldBeLessThan(world.Clock.GetUtcNow() - TimeSpan.FromMinutes(15));
    }

    /// <summary>The same claims without a signature.</summary>
    private static string Unsigned(string token) => $"{Base64UrlEncoder.Encode("""{"alg":"none","typ":"JWT"}""")}.{token.Split('.')[1]}.";

    [Collection(SqliteCollection.Name)]
    public sealed class OnSqlite(SqliteEngine engine) : ProviderTests(engine);

    [Collection(PostgresCollection.Name)]
    public sealed class OnPostgres(PostgresEngine engine) : ProviderTests(engine);
}
