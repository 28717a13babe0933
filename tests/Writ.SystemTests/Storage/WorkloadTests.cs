using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.EntityFrameworkCore;
using Writ.Cli;
using Writ.Cli.Identity;
using Writ.Cli.Output;
using Writ.Cli.Server;
using Writ.Core.Audit;
using Writ.Proof.Errors;
using Writ.Proof.Statements;
using Writ.Server.Identity;
using Writ.Server.Policy;
using Writ.SystemTests.Databases;

namespace Writ.SystemTests.Storage;

/// <summary>
/// Processes that sign in by what they have, over the wire: a CI system that publishes its keys, the server's own token
/// endpoint, and <c>writ</c> as its client.
/// </summary>
public abstract class WorkloadTests(StorageEngine engine) : StorageTest(engine)
{
    private const string Audience = "https://writ.example.com";
    private const string Subject = "project_path:infra/scans:ref_type:branch:ref:main";

    [Fact]
    public async Task A_jwt_of_a_ci_system_signs_its_workload_in_once()
    {
        var (world, issuer, wire) = await Start();
        var jwt = issuer.Sign(Claims(world, issuer));

        var (code, output) = await wire.Type(["whoami", "--format", "json"], ("WRIT_ID_TOKEN", jwt));

        code.ShouldBe(0, output);
        using var who = JsonDocument.Parse(output);
        who.RootElement.GetProperty("name").GetString().ShouldBe("ci-nightly");
        who.RootElement.GetProperty("kind").GetString().ShouldBe("workload");
        who.RootElement.GetProperty("sign_in").GetProperty("way").GetString().ShouldBe("workload");
        (await wire.Exchange(jwt)).ErrorDescription.ShouldBe("the token was used before");

        var next = issuer.Sign(Claims(world, issuer));
        var answers = await Outcomes.AtOnce(12, _ => wire.Exchange(next));
        answers.Count(answer => answer.AccessToken is not null).ShouldBe(1);
        // One without an id of its own is known by what was signed.
        var nameless = Claims(world, issuer);
        nameless.Remove("jti");
        var anonymous = issuer.Sign(nameless);
        (await wire.Exchange(anonymous)).AccessToken.ShouldNotBeNull();
        (await wire.Exchange(anonymous)).Error.ShouldBe("invalid_grant");

        var entries = await world.Read(db => db.AuditEntries.AsNoTracking().ToListAsync(Cancel));
        entries.Select(entry => Encoding.UTF8.GetString(entry.Bytes)).ShouldAllBe(entry => !entry.Contains(jwt) && !entry.Contains(jwt.Split('.')[2]));
        (await world.Entries(AuditType.TokensIssued)).Count.ShouldBe(3);
        (await world.Read(db => db.Actors.CountAsync(row => row.Name == "ci-nightly", Cancel))).ShouldBe(1);
        await world.ShouldBalance();
    }

    [Fact]
    public async Task A_jwt_that_is_forged_or_meant_otherwise_signs_nobody_in()
    {
        var (world, issuer, wire) = await Start();
        using var stranger = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var now = world.Clock.GetUtcNow();
        // The control: each of them is this one, but for what is named.
        (await wire.Exchange(issuer.Sign(Claims(world, issuer)))).AccessToken.ShouldNotBeNull();

        var publicKey = issuer.Key.Key.ExportSubjectPublicKeyInfo();
        var pem = Encoding.ASCII.GetBytes(issuer.Key.Key.ExportSubjectPublicKeyInfoPem());
        (string What, string Jwt)[] forged =
        [
            ("alg none", Issuer.Unsigned(Claims(world, issuer))),
            ("alg None", Issuer.Unsigned(Claims(world, issuer), "None")),
            ("the public key as a secret", Issuer.SignShared(Claims(world, issuer), publicKey)),
            ("the public key's text as a secret", Issuer.SignShared(Claims(world, issuer), pem)),
            ("another's key under the right kid", issuer.Sign(Claims(world, issuer), with: stranger)),
            ("another's key in the header", issuer.Sign(Claims(world, issuer), new() { ["alg"] = "ES256", ["jwk"] = Jwk(stranger) }, stranger)),
            ("another's keys at an address in the header", issuer.Sign(Claims(world, issuer), new() { ["alg"] = "ES256", ["jku"] = issuer.Url + "/jwks", ["kid"] = "../../dev/null" }, stranger)),
            ("another audience", issuer.Sign(Claims(world, issuer, ("aud", "https://other.example.com")))),
            ("a longer audience", issuer.Sign(Claims(world, issuer, ("aud", Audience + "/")))),
            ("this audience and another", issuer.Sign(Claims(world, issuer, ("aud", new JsonArray(Audience, "https://other.example.com"))))),
            ("no audience", issuer.Sign(Claims(world, issuer, ("aud", null)))),
            ("another issuer", issuer.Sign(Claims(world, issuer, ("iss", "https://gitlab.example.com")))),
            ("no issuer", issuer.Sign(Claims(world, issuer, ("iss", null)))),
            ("an end that is over", issuer.Sign(Claims(world, issuer, ("exp", now.AddSeconds(-31).ToUnixTimeSeconds())))),
            ("no end", issuer.Sign(Claims(world, issuer, ("exp", null)))),
            ("a far end", issuer.Sign(Claims(world, issuer, ("exp", now.AddHours(25).ToUnixTimeSeconds())))),
            ("a later beginning", issuer.Sign(Claims(world, issuer, ("nbf", now.AddSeconds(31).ToUnixTimeSeconds())))),
            ("another branch", issuer.Sign(Claims(world, issuer, ("sub", Subject + "2")))),
            ("no subject", issuer.Sign(Claims(world, issuer, ("sub", null)))),
            ("a subject that is a list", issuer.Sign(Claims(world, issuer, ("sub", new JsonArray(Subject))))),
            ("an unprotected branch", issuer.Sign(Claims(world, issuer, ("ref_protected", "false")))),
            ("another kind of token", issuer.Sign(Claims(world, issuer), new() { ["alg"] = "ES256", ["kid"] = issuer.Key.Id, ["typ"] = "logout+jwt" })),
            ("a claim that stands twice", Issuer.Sign(Claims(world, issuer).ToJsonString().Replace("{\"iss\"", "{\"sub\":\"x\",\"iss\"", StringComparison.Ordinal), $$"""{"alg":"ES256","kid":"{{issuer.Key.Id}}"}""", issuer.Key.Key)),
            ("no JWT", "a.b.c"),
            ("five parts", issuer.Sign(Claims(world, issuer)) + ".x.y"),
            ("nothing", "x"),
            ("very much", issuer.Sign(Claims(world, issuer, ("x", new string('x', 20_000))))),
        ];
        foreach (var (what, jwt) in forged)
        {
            var answer = await wire.Exchange(jwt);
            answer.AccessToken.ShouldBeNull(what);
            answer.ErrorDescription.ShouldNotBeNull(what).ShouldNotContain(jwt);
        }

        // A workload that is not its own cannot be named either.
        (await wire.Exchange(issuer.Sign(Claims(world, issuer)), "box")).AccessToken.ShouldBeNull();
        (await world.Entries(AuditType.SignInFailed)).ShouldNotBeEmpty();
    }

    [Fact]
    public async Task A_token_of_writ_is_not_exchanged_for_a_fresh_one()
    {
        var (world, issuer, wire) = await Start();
        var own = (await wire.Exchange(issuer.Sign(Claims(world, issuer)))).AccessToken.ShouldNotBeNull();
        foreach (var type in new[] { "access_token", "refresh_token", "id_token", "jwt" })
        {
            var answer = await wire.OAuth.TokenAsync(Cancel,
                ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"), ("client_id", "writ-cli"), ("scope", "writ"), ("subject_token", own),
                ("subject_token_type", $"urn:ietf:params:oauth:token-type:{type}"));
            answer.AccessToken.ShouldBeNull(type);
        }

        (await wire.OAuth.TokenAsync(Cancel,
            ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"), ("client_id", "writ-cli"), ("scope", "writ"),
            ("subject_token", issuer.Sign(Claims(world, issuer))), ("subject_token_type", "urn:ietf:params:oauth:token-type:jwt"),
            ("actor_token", own), ("actor_token_type", "urn:ietf:params:oauth:token-type:access_token"))).AccessToken.ShouldBeNull();
    }

    [Fact]
    public async Task A_new_key_of_the_issuer_is_found_and_wrong_ones_do_not_make_it_ask_again_and_again()
    {
        var (world, issuer, wire) = await Start();
        var before = issuer.Key;
        using var old = ECDsa.Create(before.Key.ExportParameters(true));
        (await wire.Exchange(issuer.Sign(Claims(world, issuer)))).AccessToken.ShouldNotBeNull();
        issuer.Fetches.ShouldBe(1);
        issuer.Rotate();
        world.Clock.Advance(TimeSpan.FromMinutes(1));

        (await wire.Exchange(issuer.Sign(Claims(world, issuer)))).AccessToken.ShouldNotBeNull();
        issuer.Fetches.ShouldBe(2);
        var kid = new JsonObject { ["alg"] = "ES256", ["kid"] = before.Id, ["typ"] = "JWT" };
        for (var attempt = 0; attempt < 10; attempt++)
            (await wire.Exchange(issuer.Sign(Claims(world, issuer), kid, old))).AccessToken.ShouldBeNull("the key that is published no more");
        issuer.Fetches.ShouldBe(2);
    }

    [Fact]
    public async Task An_assertion_of_a_workloads_own_key_signs_it_in_once()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var stranger = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var (world, _, wire) = await Start(Convert.ToBase64String(key.ExportSubjectPublicKeyInfo()));
        await world.Person("dana", "engineering");
        var issuer = await wire.OAuth.IssuerAsync(Cancel);
        var now = world.Clock.GetUtcNow();
        string Signed(ECDsa with, Uri? audience = null, DateTimeOffset? at = null, string client = "workload:box") =>
            ClientAssertion.Sign(client, audience ?? issuer, with.ExportPkcs8PrivateKeyPem(), at ?? now);

        var assertion = Signed(key);
        (await wire.Assert(assertion)).AccessToken.ShouldNotBeNull();
        (await wire.Assert(assertion)).AccessToken.ShouldBeNull("again");
        var next = Signed(key);
        (await Outcomes.AtOnce(12, _ => wire.Assert(next))).Count(answer => answer.AccessToken is not null).ShouldBe(1);
        (await wire.Assert(Signed(stranger))).AccessToken.ShouldBeNull("another's key");
        (await wire.Assert(Signed(key, new("https://other.example.com/")))).AccessToken.ShouldBeNull("for another server");
        (await wire.Assert(Signed(key, at: now.AddMinutes(-10)))).AccessToken.ShouldBeNull("over");
        (await wire.Assert(Signed(key, at: now.AddHours(1)))).AccessToken.ShouldBeNull("good for too long");
        (await wire.Assert(Signed(key, client: "workload:ci-nightly"))).AccessToken.ShouldBeNull("as another");
        (await wire.Assert(Signed(key), "workload:ci-nightly")).AccessToken.ShouldBeNull("for another");
        (await wire.Assert(Signed(key), "workload:nobody")).AccessToken.ShouldBeNull("as nobody");
        (await wire.OAuth.TokenAsync(Cancel, ("grant_type", "client_credentials"), ("client_id", "writ-cli"), ("scope", "writ"))).AccessToken.ShouldBeNull("a person's client");

        var owner = await world.Read(db => db.Actors.Where(row => row.Name == "box").Select(row => row.OwnerId).SingleAsync(Cancel));
        owner.ShouldBe(await world.Read(db => db.Actors.Where(row => row.Name == "dana").Select(row => (Proof.Identity.ActorId?)row.Id).SingleAsync(Cancel)));
        // Another key in the policy: the one before is nobody's.
        await Apply(world, Policy(wire.Issuer, Convert.ToBase64String(stranger.ExportSubjectPublicKeyInfo())));
        (await wire.Assert(Signed(key))).AccessToken.ShouldBeNull();
        (await wire.Assert(Signed(stranger))).AccessToken.ShouldNotBeNull();
    }

    [Fact]
    public async Task A_workload_that_leaves_the_policy_is_not_renewed()
    {
        var (world, issuer, wire) = await Start();
        var tokens = await wire.Exchange(issuer.Sign(Claims(world, issuer)));
        tokens = await wire.Refresh(tokens);
        tokens.AccessToken.ShouldNotBeNull();
        await Apply(world, World.Policy);
        (await wire.Refresh(tokens)).AccessToken.ShouldBeNull();
    }

    [Fact]
    public async Task A_workloads_sign_in_ends_when_the_policy_says_however_often_it_is_renewed()
    {
        var (world, issuer, wire) = await Start();
        var tokens = await wire.Exchange(issuer.Sign(Claims(world, issuer)));
        world.Clock.Advance(TimeSpan.FromMinutes(9));
        tokens = await wire.Refresh(tokens);
        tokens.ExpiresIn.ShouldNotBeNull().ShouldBeLessThanOrEqualTo(6 * 60, "15 minutes in all");
        world.Clock.Advance(TimeSpan.FromMinutes(6));
        (await wire.Refresh(tokens)).AccessToken.ShouldBeNull();
    }

    [Fact]
    public async Task A_person_on_whose_behalf_a_workload_acts_is_named_everywhere_and_decides_on_nothing_of_it()
    {
        var (world, issuer, wire) = await Start(person: true);
        var stranger = issuer.Sign(Claims(world, issuer, ("user_id", 7)));
        (await wire.Exchange(stranger)).ErrorDescription.ShouldBe("the person for whom it acts never signed in here");
        (await wire.Exchange(issuer.Sign(Claims(world, issuer)))).AccessToken.ShouldBeNull("it names nobody");
        var rae = await Known(world, issuer, "rae", 7, "secops");
        var rolf = await Known(world, issuer, "rolf", 8, "secops");

        var forRae = issuer.Sign(Claims(world, issuer, ("user_id", 7)));
        var (code, output) = await wire.Type(["request", "--reason", "nightly", "--", .. World.Command.Split(' ')], ("WRIT_ID_TOKEN", forRae));
        code.ShouldBe(0, output);
        var request = await world.Read(db => db.Requests.AsNoTracking().SingleAsync(Cancel));
        request.OnBehalfOf.ShouldBe(rae.Id);
        Statement.Read(request.Statement).Value.OnBehalfOf.ShouldBe(new StatementActor(rae.Id.ToString(), "rae"));
        (await world.Entries(AuditType.RequestCreated)).ShouldHaveSingleItem()["on_behalf_of"].ShouldNotBeNull().ShouldContain("rae");
        (await wire.Type(["show", request.Id.ToString()], ("WRIT_ID_TOKEN", forRae))).Output.ShouldContain("ci-nightly (workload), on behalf of rae");

        (await world.Approve(rae, request)).ShouldBeRefused(ErrorCode.OwnRequest);
        (await world.Approve(rolf, request)).ShouldBeOk();
        // What rolf approved for rae's sake is not there for a process of rolf's.
        var grant = await world.GrantOf(request);
        var ci = (await world.SignIn(new("ci-nightly", true, null, [], false, false, TimeSpan.FromHours(1)))).Caller;
        (await world.Start(ci with { OnBehalfOf = rolf.Audit }, grant)).ShouldBeRefused(ErrorCode.NotFound);
        (await world.Start(ci, grant)).ShouldBeRefused(ErrorCode.NotFound);
        (await world.Start(ci with { OnBehalfOf = rae.Audit }, grant)).ShouldBeOk();

        // Who is disabled has nobody act for them.
        await world.Writes.Append(db => db.Actors.Where(row => row.Id == rae.Id).ExecuteUpdateAsync(set => set.SetProperty(row => row.DisabledAt, world.Clock.GetUtcNow())));
        (await wire.Type(["whoami"], ("WRIT_ID_TOKEN", forRae))).Code.ShouldBe(4);
        await world.ShouldBalance();
    }

    private static JsonObject Claims(World world, Issuer issuer, params ReadOnlySpan<(string Name, JsonNode? Value)> other)
    {
        var now = world.Clock.GetUtcNow();
        var claims = new JsonObject
        {
            ["iss"] = issuer.Url, ["aud"] = Audience, ["sub"] = Subject, ["ref_protected"] = "true",
            ["jti"] = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8)),
            ["iat"] = now.ToUnixTimeSeconds(), ["nbf"] = now.ToUnixTimeSeconds(), ["exp"] = now.AddMinutes(5).ToUnixTimeSeconds(),
        };
        foreach (var (name, value) in other)
        {
            claims.Remove(name);
            if (value is not null)
                claims[name] = value;
        }

        return claims;
    }

    private static string Policy(Issuer issuer, string? key, bool person = false) => World.Policy + $$"""
        workloads:
          ci-nightly:
            issuer: {{issuer.Url}}
            audience: {{Audience}}
            subject: "{{Subject}}"
            claims: { ref_protected: "true" }
            max-sign-in: 15m
        {{(person ? "    on-behalf-of: { claim: user_id }" : "")}}
        {{(key is null ? "" : $"  box: {{ key: {key}, owner: dana }}")}}

        """;

    private static async Task Apply(World world, string policy) =>
        (await world.Get<ApplyPolicy>().Apply(await world.Admin(), new(policy), default)).ShouldBeOk();

    private static async Task<Core.Identity.Caller> Known(World world, Issuer issuer, string name, int subject, params string[] groups)
    {
        var caller = await world.Person(name, groups);
        (await world.Writes.Commit<bool>(async scope =>
        {
            var actor = await scope.Db.Actors.SingleAsync(row => row.Id == caller.Id);
            return await Identities.Link(scope, actor, issuer.Url, subject.ToString(System.Globalization.CultureInfo.InvariantCulture), AuditActor.System);
        })).ShouldBeOk().ShouldBeTrue();
        return caller;
    }

    private static JsonObject Jwk(ECDsa key)
    {
        var point = key.ExportParameters(false).Q;
        return new() { ["kty"] = "EC", ["crv"] = "P-256", ["x"] = System.Buffers.Text.Base64Url.EncodeToString(point.X), ["y"] = System.Buffers.Text.Base64Url.EncodeToString(point.Y) };
    }

    private async Task<(World World, Issuer Issuer, Wire Wire)> Start(string? key = null, bool person = false)
    {
        var issuer = Keep(await Issuer.Start());
        var world = await Create(Policy(issuer, key, person));
        var socket = Path.Combine(world.Folder, "api.sock");
        var served = Keep(await world.Beside(socket));
        await served.Serve();
        return (world, issuer, Keep(new Wire(world, issuer, socket)));
    }

    /// <summary>What goes over the socket: the token endpoint, and command lines.</summary>
    private sealed class Wire(World world, Issuer issuer, string socket) : IAsyncDisposable
    {
        private readonly string _home = Directory.CreateTempSubdirectory("writ-wire-").FullName;
        private readonly HttpMessageInvoker _http = Dialling.To(ServerAddress.Parse($"unix://{socket}"), null);

        public Issuer Issuer => issuer;

        public OAuth OAuth => new(ServerAddress.Parse($"unix://{socket}"), _http, TimeProvider.System);

        public Task<TokenAnswer> Exchange(string jwt, string? workload = null) => OAuth.TokenAsync(Cancel, [
            ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"), ("client_id", "writ-cli"), ("scope", "writ offline_access"),
            ("subject_token", jwt), ("subject_token_type", "urn:ietf:params:oauth:token-type:jwt"),
            .. workload is null ? [] : (ReadOnlySpan<(string, string)>)[("workload", workload)]]);

        public Task<TokenAnswer> Refresh(TokenAnswer tokens) => OAuth.TokenAsync(Cancel,
            ("grant_type", "refresh_token"), ("client_id", "writ-cli"), ("refresh_token", tokens.RefreshToken.ShouldNotBeNull()));

        public Task<TokenAnswer> Assert(string assertion, string client = "workload:box") => OAuth.TokenAsync(Cancel,
            ("grant_type", "client_credentials"), ("client_id", client), ("scope", "writ"),
            ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"), ("client_assertion", assertion));

        /// <summary>Types a command line, with the sign-ins that earlier ones kept.</summary>
        public Task<(int Code, string Output)> Type(string[] line, params ReadOnlySpan<(string Name, string Value)> variables)
        {
            var environment = new Dictionary<string, string> { ["WRIT_SERVER"] = $"unix://{socket}", ["XDG_STATE_HOME"] = _home };
            foreach (var (name, value) in variables)
                environment[name] = value;
            return Type(line, environment);
        }

        public ValueTask DisposeAsync()
        {
            _http.Dispose();
            Directory.Delete(_home, recursive: true);
            return ValueTask.CompletedTask;
        }

        private async Task<(int Code, string Output)> Type(string[] line, Dictionary<string, string> environment)
        {
            using var output = new MemoryStream();
            using var said = new MemoryStream();
            using var context = new CliContext(
                new Terminal(output, said, Stream.Null), environment.GetValueOrDefault, world.Clock, () => new Interruption(_ => { }));
            var code = await CommandTree.InvokeAsync(context, line);
            return (code, Encoding.UTF8.GetString(output.ToArray()) + (code == 0 ? "" : Encoding.UTF8.GetString(said.ToArray())));
        }
    }

    [Collection(SqliteCollection.Name)]
    public sealed class OnSqlite(SqliteEngine engine) : WorkloadTests(engine);

    [Collection(PostgresCollection.Name)]
    public sealed class OnPostgres(PostgresEngine engine) : WorkloadTests(engine);
}
