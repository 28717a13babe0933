using System.Buffers.Text;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.EntityFrameworkCore;
using Writ.Core;
using Writ.Core.Audit;
using Writ.Core.Identity;
using Writ.Proof.Errors;
using Writ.Server.Identity;
using Writ.Server.SecurityEvents;
using Writ.SystemTests.Databases;

namespace Writ.SystemTests.Storage;

/// <summary>Events that a pinned issuer signs and pushes, made here by hand so that every part of them can be wrong.</summary>
public abstract class SecurityEventTests(StorageEngine engine) : StorageTest(engine)
{
    private const string Issuer = "https://id.example.com", Audience = "https://writ.example.com/v1/security-events";
    private const string Revoked = "https://schemas.openid.net/secevent/caep/event-type/session-revoked";

    private sealed record House(Served Api, ECDsa Key)
    {
        public string Event(Action<JsonObject>? body = null, Action<JsonObject>? head = null, ECDsa? key = null)
        {
            var header = new JsonObject { ["alg"] = "ES256", ["typ"] = "secevent+jwt", ["kid"] = "k1" };
            head?.Invoke(header);
            var payload = new JsonObject
            {
                ["iss"] = Issuer, ["aud"] = Audience, ["iat"] = Api.World.Clock.GetUtcNow().ToUnixTimeSeconds(), ["jti"] = Guid.CreateVersion7().ToString(),
                ["sub_id"] = new JsonObject { ["format"] = "iss_sub", ["iss"] = Issuer, ["sub"] = "sub-1" },
                ["events"] = new JsonObject { [Revoked] = new JsonObject { ["event_timestamp"] = Api.World.Clock.GetUtcNow().ToUnixTimeSeconds() } },
            };
            body?.Invoke(payload);
            var signed = $"{Part(header)}.{Part(payload)}";
            return $"{signed}.{Base64Url.EncodeToString((key ?? Key).SignData(Encoding.ASCII.GetBytes(signed), HashAlgorithmName.SHA256))}";
        }

        public async Task<(HttpStatusCode Status, string? Error)> Push(string token, string type = ReceiveEvent.Type)
        {
            var (status, body, _) = await Api.Send(HttpMethod.Post, "/v1/security-events", null, token, type);
            return (status, body.Length == 0 ? null : JsonDocument.Parse(body).RootElement.GetProperty("err").GetString());
        }

        private static string Part(JsonObject json) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(json.ToJsonString()));
    }

    [Fact]
    public async Task Revoked_session_ends_sign_ins_grants_and_runs_before_the_answer_and_once()
    {
        var house = await Set();
        var world = house.Api.World;
        var (dana, token) = await world.SignIn(new("dana", false, null, ["engineering"], false, false, TimeSpan.FromHours(1)));
        await Link(world, dana);
        var (_, grant) = await world.Approved(uses: 3);
        var run = (await world.Start(dana, grant)).ShouldBeOk();
        world.Clock.Advance(TimeSpan.FromSeconds(1));
        var happened = house.Event();

        (await house.Push(happened)).ShouldBe((HttpStatusCode.Accepted, null));

        world.Runner.Kills.ShouldBe([run.Id.ToString()]);
        (await world.Now(grant)).State.ShouldBe(GrantState.Revoked);
        (await Known(world, token)).ShouldBeNull();
        (await world.Entries(AuditType.EventReceived)).ShouldHaveSingleItem()["of"].ShouldBe(dana.Id.ToString());

        // Told again, or captured and sent again after they came back, it is acknowledged and does nothing.
        world.Clock.Advance(TimeSpan.FromMinutes(1));
        var (_, fresh) = await world.SignIn(new("dana", false, null, ["engineering"], false, false, TimeSpan.FromHours(1)));
        (await Outcomes.AtOnce(4, _ => house.Push(happened))).ShouldAllBe(answer => answer.Status == HttpStatusCode.Accepted);
        (await Known(world, fresh)).ShouldNotBeNull();
        (await world.Entries(AuditType.ActorSignedOut)).ShouldHaveSingleItem();
        await world.ShouldBalance();
    }

    [Fact]
    public async Task Event_that_is_not_exactly_what_was_pinned_is_refused_and_signs_out_nobody()
    {
        var house = await Set();
        var world = house.Api.World;
        var (dana, token) = await world.SignIn(new("dana", false, null, ["engineering"], false, false, TimeSpan.FromHours(1)));
        await Link(world, dana);
        using var strangers = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var good = house.Event();
        var now = world.Clock.GetUtcNow();
        var wrong = new Dictionary<string, (string Token, string Error)>
        {
            ["another key"] = (house.Event(key: strangers), "invalid_key"),
            ["alg none"] = (Unsigned(good), "invalid_key"),
            ["another algorithm"] = (house.Event(head: head => head["alg"] = "HS256"), "invalid_key"),
            ["an unknown kid"] = (house.Event(head: head => head["kid"] = "../../etc/passwd"), "invalid_key"),
            ["a key of its own"] = (house.Event(head: head => head["jwk"] = Jwk(strangers), key: strangers), "invalid_key"),
            ["another type of token"] = (house.Event(head: head => head["typ"] = "JWT"), "invalid_key"),
            ["no type"] = (house.Event(head: head => head.Remove("typ")), "invalid_key"),
            ["another audience"] = (house.Event(body => body["aud"] = "https://elsewhere.example.com"), "invalid_audience"),
            ["an audience with a slash more"] = (house.Event(body => body["aud"] = Audience + "/"), "invalid_audience"),
            ["no audience"] = (house.Event(body => body.Remove("aud")), "invalid_audience"),
            ["another issuer"] = (house.Event(body => body["iss"] = "https://evil.example.com"), "invalid_issuer"),
            ["no issuer"] = (house.Event(body => body.Remove("iss")), "invalid_issuer"),
            ["too old"] = (house.Event(body => body["iat"] = now.AddDays(-8).ToUnixTimeSeconds()), "invalid_request"),
            ["of the future"] = (house.Event(body => body["iat"] = now.AddMinutes(2).ToUnixTimeSeconds()), "invalid_request"),
            ["no moment"] = (house.Event(body => body.Remove("iat")), "invalid_request"),
            ["no id"] = (house.Event(body => body.Remove("jti")), "invalid_request"),
            ["changed after it was signed"] = (Changed(good), "invalid_key"),
            ["no token"] = ("nonsense", "invalid_request"),
            ["nothing"] = ("", "invalid_request"),
        };
        foreach (var (what, (text, error)) in wrong)
            (await house.Push(text)).ShouldBe((HttpStatusCode.BadRequest, error), what);
        (await house.Push(good, "application/json")).ShouldBe((HttpStatusCode.BadRequest, "invalid_request"));
        // Events that are none of ours to act on are acknowledged and do nothing.
        foreach (var other in new[]
        {
            house.Event(body => body["sub_id"] = new JsonObject { ["format"] = "iss_sub", ["iss"] = "https://other.example.com", ["sub"] = "sub-1" }),
            house.Event(body => body["sub_id"] = new JsonObject { ["format"] = "email", ["email"] = "dana@example.com" }),
            house.Event(body => body["sub_id"] = new JsonObject { ["format"] = "iss_sub", ["iss"] = Issuer, ["sub"] = "nobody" }),
            house.Event(body => body["events"] = new JsonObject { ["https://schemas.openid.net/secevent/caep/event-type/token-claims-change"] = new JsonObject() }),
        })
            (await house.Push(other)).ShouldBe((HttpStatusCode.Accepted, null));
        (await Known(world, token)).ShouldNotBeNull();
        (await world.Entries(AuditType.ActorSignedOut)).ShouldBeEmpty();

        // The control: the very same event, whole.
        world.Clock.Advance(TimeSpan.FromSeconds(1));
        (await house.Push(good)).ShouldBe((HttpStatusCode.Accepted, null));
        (await Known(world, token)).ShouldBeNull();
    }

    [Fact]
    public async Task Keys_are_pinned_exchanged_and_removed_on_the_box_and_are_public_ones()
    {
        var house = await Set();
        var world = house.Api.World;
        var book = new TransmitterBook(world.Writes);
        using var next = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        (await house.Push(house.Event())).Status.ShouldBe(HttpStatusCode.Accepted);
        (await book.Add("okta", Issuer, Audience, Keys(next))).ShouldBeOk();
        (await house.Push(house.Event())).ShouldBe((HttpStatusCode.BadRequest, "invalid_key"));
        (await house.Push(house.Event(key: next))).Status.ShouldBe(HttpStatusCode.Accepted);
        (await book.Remove("okta")).ShouldBeOk();
        (await house.Push(house.Event(key: next))).ShouldBe((HttpStatusCode.BadRequest, "invalid_issuer"));

        foreach (var keys in new[] { "", "{}", """{"keys":[]}""", """{"keys":[{"kty":"oct","k":"c2VjcmV0","kid":"k1"}]}""", Keys(next).Replace("\"kid\":\"k1\",", "", StringComparison.Ordinal), Keys(next, withPrivate: true) })
            (await book.Add("bad", "https://bad.example.com", Audience, keys)).ShouldBeRefused(ErrorCode.InvalidInput);
    }

    private async Task<House> Set()
    {
        var api = Keep(await Served.Of(await Create()));
        var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        (await new TransmitterBook(api.World.Writes).Add("okta", Issuer, Audience, Keys(key))).ShouldBeOk();
        return new(api, key);
    }

    private static Task Link(World world, Caller person) => world.Writes.Append(db =>
    {
        db.Identities.Add(new() { Issuer = Issuer, Subject = "sub-1", ActorId = person.Id, LinkedAt = world.Clock.GetUtcNow() });
        return Task.CompletedTask;
    });

    private static JsonObject Jwk(ECDsa key, bool withPrivate = false)
    {
        var parameters = key.ExportParameters(withPrivate);
        var jwk = new JsonObject { ["kty"] = "EC", ["crv"] = "P-256", ["kid"] = "k1", ["x"] = Base64Url.EncodeToString(parameters.Q.X), ["y"] = Base64Url.EncodeToString(parameters.Q.Y) };
        if (withPrivate)
            jwk["d"] = Base64Url.EncodeToString(parameters.D);
        return jwk;
    }

    private static string Keys(ECDsa key, bool withPrivate = false) => new JsonObject { ["keys"] = new JsonArray { Jwk(key, withPrivate) } }.ToJsonString();

    private static string Unsigned(string token) => $"{Base64Url.EncodeToString("""{"alg":"none","typ":"secevent+jwt","kid":"k1"}"""u8)}.{token.Split('.')[1]}.";

    private static string Changed(string token)
    {
        var parts = token.Split('.');
        var payload = Encoding.UTF8.GetString(Base64Url.DecodeFromChars(parts[1])).Replace("sub-1", "sub-2", StringComparison.Ordinal);
        return $"{parts[0]}.{Base64Url.EncodeToString(Encoding.UTF8.GetBytes(payload))}.{parts[2]}";
    }

    private static Task<Caller?> Known(World world, string token) => world.Read(db => Tokens.Find(db, token, world.Clock.GetUtcNow(), null, Cancel));

    [Collection(SqliteCollection.Name)]
    public sealed class OnSqlite(SqliteEngine engine) : SecurityEventTests(engine);

    [Collection(PostgresCollection.Name)]
    public sealed class OnPostgres(PostgresEngine engine) : SecurityEventTests(engine);
}
