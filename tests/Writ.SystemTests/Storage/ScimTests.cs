using System.Net;
using System.Text.Json.Nodes;
using Microsoft.EntityFrameworkCore;
using Writ.Core;
using Writ.Core.Audit;
using Writ.Core.Identity;
using Writ.Proof.Errors;
using Writ.Proof.Identity;
using Writ.Server.Directories;
using Writ.Server.Identity;
using Writ.Server.Storage;
using Writ.Server.Users;
using Writ.SystemTests.Databases;

namespace Writ.SystemTests.Storage;

/// <summary>A directory that says who is a user, as Okta's and Entra's clients do, over <c>/scim/v2</c>.</summary>
public abstract class ScimTests(StorageEngine engine) : StorageTest(engine)
{
    private const string Issuer = "https://id.example.com";

    private sealed record House(Served Api, string Token)
    {
        public async Task<(HttpStatusCode Status, JsonObject? Body)> Call(HttpMethod method, string path, object? body = null, string? token = null)
        {
            var text = body switch { null => null, string json => json, _ => System.Text.Json.JsonSerializer.Serialize(body) };
            var (status, answer, _) = await Api.Send(method, $"/scim/v2{path}", token ?? Token, text, "application/scim+json");
            return (status, answer.Length == 0 ? null : JsonNode.Parse(answer) as JsonObject);
        }

        public async Task<string> Make(string name, string? externalId = null) =>
            (await Call(HttpMethod.Post, "/Users", new { schemas = new[] { Scim.UserSchema }, userName = name, externalId, active = true })).Body!["id"]!.GetValue<string>();
    }

    [Fact]
    public async Task Deactivated_user_loses_everything_at_once_and_is_enabled_by_the_directory_alone_that_did_it()
    {
        var house = await Set();
        var world = house.Api.World;
        var id = await house.Make("dana", "sub-1");
        var group = await Group(house, "engineering", id);
        var (dana, token) = await world.SignIn(new("dana", false, null, ["engineering"], false, false, TimeSpan.FromHours(1)));
        dana.Id.ToString().ShouldBe(id);
        var request = await world.Request(dana);
        (await world.Approve(await world.Reviewer(), request)).ShouldBeOk();
        var run = (await world.Start(dana, await world.GrantOf(request))).ShouldBeOk();
        world.Clock.Advance(TimeSpan.FromSeconds(1));

        // As Entra writes it: truth as text, in a value without a path.
        var (status, body) = await house.Call(HttpMethod.Patch, $"/Users/{id}", new { schemas = new[] { "urn:ietf:params:scim:api:messages:2.0:PatchOp" }, Operations = new[] { new { op = "Replace", value = new { active = "False" } } } });

        (status, body!["active"]!.GetValue<bool>()).ShouldBe((HttpStatusCode.OK, false));
        world.Runner.Kills.ShouldBe([run.Id.ToString()]);
        (await world.Now(await world.GrantOf(request))).State.ShouldBe(GrantState.Revoked);
        (await world.Read(db => Tokens.Find(db, token, world.Clock.GetUtcNow(), null, Cancel))).ShouldBeNull();
        (await world.Entries(AuditType.ActorDisabled)).ShouldHaveSingleItem()["reason"].ShouldBe("deactivated by the directory");

        (await Active(house, id, true)).ShouldBeTrue();
        // Whom an admin disabled, the directory does not enable, whatever it says of them before or after.
        (await world.Get<DisableUser>().Disable(await world.Admin(), id, "under investigation")).ShouldBeOk();
        (await Active(house, id, false)).ShouldBeFalse();
        (await Active(house, id, true)).ShouldBeFalse();
        group.ShouldStartWith("grp_");
        await world.ShouldBalance();
    }

    [Fact]
    public async Task Groups_of_the_directory_are_those_of_policy_and_a_lost_one_takes_what_it_gave()
    {
        var house = await Set();
        var world = house.Api.World;
        var (dana, olga) = (await house.Make("dana"), await house.Make("olga"));
        var group = await Group(house, "engineering", dana, olga);
        (await Groups(world, dana)).ShouldBe(["engineering"]);
        var caller = (await world.SignIn(new("dana", false, null, ["engineering"], false, false, TimeSpan.FromHours(1)))).Caller;
        var request = await world.Request(caller);
        (await world.Approve(await world.Reviewer(), request)).ShouldBeOk();

        // Okta takes a member out by a path, Entra by a value.
        (await Patch(house, $"/Groups/{group}", new { op = "remove", path = $"members[value eq \"{dana}\"]" })).ShouldBe(HttpStatusCode.OK);
        (await Groups(world, dana)).ShouldBeEmpty();
        (await world.Now(await world.GrantOf(request))).State.ShouldBe(GrantState.Revoked);
        (await Patch(house, $"/Groups/{group}", new { op = "Remove", path = "members", value = new[] { new { value = olga } } })).ShouldBe(HttpStatusCode.OK);
        (await Patch(house, $"/Groups/{group}", new { op = "Add", path = "members", value = new[] { new { value = dana } } })).ShouldBe(HttpStatusCode.OK);
        ((await Groups(world, dana)).Single(), (await Groups(world, olga)).Length).ShouldBe(("engineering", 0));

        // Another name is another group for policy; without the group nobody is in it.
        (await Patch(house, $"/Groups/{group}", new { op = "replace", value = new { displayName = "builders" } })).ShouldBe(HttpStatusCode.OK);
        (await Groups(world, dana)).ShouldBe(["builders"]);
        (await house.Call(HttpMethod.Delete, $"/Groups/{group}")).Status.ShouldBe(HttpStatusCode.NoContent);
        (await Groups(world, dana)).ShouldBeEmpty();
        await world.ShouldBalance();
    }

    [Fact]
    public async Task Address_of_a_user_is_the_directorys_and_what_cannot_be_one_changes_nothing()
    {
        var house = await Set();
        var world = house.Api.World;
        var (status, body) = await house.Call(HttpMethod.Post, "/Users", new { schemas = new[] { Scim.UserSchema }, userName = "dana", active = true, emails = new object[] { new { value = "old@example.com" }, new { value = "dana@example.com", primary = true } } });
        status.ShouldBe(HttpStatusCode.Created);
        var id = body!["id"]!.GetValue<string>();
        (await Address()).ShouldBe("directory dana@example.com");
        // Okta replaces the list, Entra one value of it.
        (await Patch(house, $"/Users/{id}", new { op = "replace", path = "emails", value = new[] { new { value = "d@example.com", primary = true } } })).ShouldBe(HttpStatusCode.OK);
        (await Address()).ShouldBe("directory d@example.com");
        (await Patch(house, $"/Users/{id}", new { op = "Replace", path = "emails[type eq \"work\"].value", value = "w@example.com" })).ShouldBe(HttpStatusCode.OK);
        (await Patch(house, $"/Users/{id}", new { op = "Replace", path = "emails[type eq \"work\"].value", value = "w@example.com\r\nBcc: x@example.com" })).ShouldBe(HttpStatusCode.OK);
        (await Address()).ShouldBe("directory w@example.com");
        await world.ShouldBalance();

        async Task<string> Address() => await world.Read(db => db.NoticeSettings.Where(row => row.ActorId == ActorId.Parse(id)).Select(row => $"{row.AddressFrom} {row.Address}").SingleAsync());
    }

    [Fact]
    public async Task Directory_takes_nobody_over_by_a_name_and_touches_only_its_own()
    {
        var house = await Set();
        var world = house.Api.World;
        var ada = await world.Admin();
        // A local admin of the same name stays who they are.
        (await house.Call(HttpMethod.Post, "/Users", new { userName = "ada", active = true })).Status.ShouldBe(HttpStatusCode.Conflict);
        (await house.Call(HttpMethod.Get, $"/Users/{ada.Id}")).Status.ShouldBe(HttpStatusCode.NotFound);
        (await house.Call(HttpMethod.Delete, $"/Users/{ada.Id}")).Status.ShouldBe(HttpStatusCode.NotFound);
        (await house.Call(HttpMethod.Put, $"/Users/{ada.Id}", new { userName = "ada", active = false })).Status.ShouldBe(HttpStatusCode.NotFound);
        var group = await Group(house, "everybody", ada.Id.ToString());
        (await Groups(world, ada.Id.ToString())).ShouldBeEmpty("she is none of the directory's");
        (await world.Read(db => db.Actors.AsNoTracking().SingleAsync(row => row.Id == ada.Id))).DisabledAt.ShouldBeNull();

        // Nor the users of another directory.
        var other = (await new DirectoryBook(world.Writes).Add("other", null, TimeSpan.FromDays(1))).ShouldBeOk();
        var dana = await house.Make("dana", "sub-1");
        (await house.Call(HttpMethod.Get, $"/Users/{dana}", token: other)).Status.ShouldBe(HttpStatusCode.NotFound);
        (await house.Call(HttpMethod.Get, $"/Groups/{group}", token: other)).Status.ShouldBe(HttpStatusCode.NotFound);

        // Who signed in before by the directory's own subject is that user, whatever their name.
        var known = await Identity(world, "sub-2", "erin.e");
        (await house.Make("erin", "sub-2")).ShouldBe(known.ToString());
        // And who is made here is found when they sign in first.
        (await world.Read(db => db.Identities.AsNoTracking().SingleAsync(row => row.Issuer == Issuer && row.Subject == "sub-1"))).ActorId.ToString().ShouldBe(dana);
        (await house.Call(HttpMethod.Post, "/Users", new { userName = "dana2", externalId = "sub-1" })).Status.ShouldBe(HttpStatusCode.Conflict);
        (await Patch(house, $"/Users/{dana}", new { op = "replace", path = "externalId", value = "sub-2" })).ShouldBe(HttpStatusCode.BadRequest);
    }

    [Fact]
    public async Task Directorys_token_opens_its_own_door_alone_and_ends()
    {
        var house = await Set();
        var world = house.Api.World;
        (await house.Call(HttpMethod.Get, "/Users")).Status.ShouldBe(HttpStatusCode.OK);
        (await house.Api.Send(HttpMethod.Get, "/v1/users", house.Token)).Status.ShouldBe(HttpStatusCode.Unauthorized);
        var (_, admin) = await world.SignIn(new("ada", false, null, [], true, false, TimeSpan.FromHours(1)));
        foreach (var token in new[] { admin, house.Token[..^1], "wrd_", "", "nonsense", Secrets.New(Secrets.Directory) })
            (await house.Call(HttpMethod.Get, "/Users", token: token)).Status.ShouldBe(HttpStatusCode.Unauthorized);
        (await world.Entries(AuditType.SignInFailed)).ShouldNotBeEmpty();
        (await world.Read(db => db.AuditEntries.AsNoTracking().Select(row => row.Bytes).ToListAsync())).ShouldAllBe(entry => !System.Text.Encoding.UTF8.GetString(entry).Contains(house.Token));

        (await new DirectoryBook(world.Writes).Remove("okta")).ShouldBeOk();
        (await house.Call(HttpMethod.Get, "/Users")).Status.ShouldBe(HttpStatusCode.Unauthorized);
        var brief = (await new DirectoryBook(world.Writes).Add("brief", null, TimeSpan.FromHours(1))).ShouldBeOk();
        (await house.Call(HttpMethod.Get, "/Users", token: brief)).Status.ShouldBe(HttpStatusCode.OK);
        world.Clock.Advance(TimeSpan.FromHours(1));
        (await house.Call(HttpMethod.Get, "/Users", token: brief)).Status.ShouldBe(HttpStatusCode.Unauthorized);
        (await new DirectoryBook(world.Writes).Add("eternal", null, TimeSpan.FromDays(401))).ShouldBeRefused(ErrorCode.DurationTooLong);
    }

    [Fact]
    public async Task Lists_filter_by_one_name_and_bad_input_changes_nothing()
    {
        var house = await Set();
        foreach (var name in new[] { "ann", "ben", "cem" })
            await house.Make(name, $"sub-{name}");
        (await Total("/Users")).ShouldBe((3, 3));
        (await Total("/Users?filter=userName%20eq%20%22ben%22")).ShouldBe((1, 1));
        (await Total("/Users?filter=externalId%20eq%20%22sub-cem%22")).ShouldBe((1, 1));
        (await Total("/Users?filter=userName%20eq%20%22nobody%22")).ShouldBe((0, 0));
        (await Total("/Users?startIndex=3&count=2")).ShouldBe((3, 1));
        (await Total("/Users?count=0")).ShouldBe((3, 0));
        foreach (var (method, path, body) in new (HttpMethod, string, string?)[]
        {
            (HttpMethod.Get, "/Users?filter=password%20sw%20%22a%22", null), (HttpMethod.Post, "/Users", "{"), (HttpMethod.Post, "/Users", "[]"), (HttpMethod.Post, "/Users", "{}"),
            (HttpMethod.Post, "/Users", """{"userName":"a\r\nb"}"""), (HttpMethod.Post, "/Users", """{"userName":"x","userName":"y"}"""), (HttpMethod.Post, "/Groups", """{"displayName":""}"""),
            (HttpMethod.Post, "/Groups", """{"displayName":"g","members":[{"value":"act_nobody"}]}"""), (HttpMethod.Post, "/Groups", """{"displayName":"g","members":[1]}"""),
        })
            (await house.Call(method, path, body)).Status.ShouldBe(HttpStatusCode.BadRequest, $"{path} {body}");
        (await Total("/Users")).ShouldBe((3, 3));
        (await Total("/Groups")).ShouldBe((0, 0));
        foreach (var path in new[] { "/ServiceProviderConfig", "/ResourceTypes", "/Schemas" })
            (await house.Call(HttpMethod.Get, path)).Status.ShouldBe(HttpStatusCode.OK);

        async Task<(int Total, int Page)> Total(string path)
        {
            var (status, body) = await house.Call(HttpMethod.Get, path);
            status.ShouldBe(HttpStatusCode.OK, path);
            return (body!["totalResults"]!.GetValue<int>(), body["Resources"]!.AsArray().Count);
        }
    }

    private async Task<House> Set()
    {
        var api = Keep(await Served.Of(await Create()));
        return new(api, (await new DirectoryBook(api.World.Writes).Add("okta", Issuer, TimeSpan.FromDays(365))).ShouldBeOk());
    }

    private static async Task<string> Group(House house, string name, params string[] members)
    {
        var (status, body) = await house.Call(HttpMethod.Post, "/Groups", new { schemas = new[] { Scim.GroupSchema }, displayName = name, members = members.Select(member => new { value = member }) });
        status.ShouldBe(HttpStatusCode.Created);
        return body!["id"]!.GetValue<string>();
    }

    private static async Task<HttpStatusCode> Patch(House house, string path, object operation) =>
        (await house.Call(HttpMethod.Patch, path, new { schemas = new[] { "urn:ietf:params:scim:api:messages:2.0:PatchOp" }, Operations = new[] { operation } })).Status;

    private static async Task<bool> Active(House house, string id, bool active)
    {
        var (status, body) = await house.Call(HttpMethod.Put, $"/Users/{id}", new { userName = "dana", active });
        status.ShouldBe(HttpStatusCode.OK);
        return body!["active"]!.GetValue<bool>();
    }

    private static Task<string[]> Groups(World world, string id)
    {
        var actor = ActorId.Parse(id);
        return world.Read(db => db.Actors.AsNoTracking().Where(row => row.Id == actor).Select(row => row.Groups).SingleAsync());
    }

    private static async Task<ActorId> Identity(World world, string subject, string name)
    {
        var id = ActorId.New(world.Clock.GetUtcNow());
        await world.Writes.Append(db =>
        {
            db.Actors.Add(new() { Id = id, Kind = ActorKind.User, Name = name, Groups = [], CreatedAt = world.Clock.GetUtcNow() });
            db.Identities.Add(new() { Issuer = Issuer, Subject = subject, ActorId = id, LinkedAt = world.Clock.GetUtcNow() });
            return Task.CompletedTask;
        });
        return id;
    }

    [Collection(SqliteCollection.Name)]
    public sealed class OnSqlite(SqliteEngine engine) : ScimTests(engine);

    [Collection(PostgresCollection.Name)]
    public sealed class OnPostgres(PostgresEngine engine) : ScimTests(engine);
}
