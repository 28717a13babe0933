using System.Net;
using Microsoft.EntityFrameworkCore;
using Writ.Core.Audit;
using Writ.SystemTests.Databases;
using Writ.SystemTests.Storage;

namespace Writ.SystemTests.SignIns;

/// <summary>Sign-ins of devices without a browser: a code that somebody types elsewhere.</summary>
public abstract class DeviceTests(StorageEngine engine) : StorageTest(engine)
{
    [Fact]
    public async Task Device_is_in_once_somebody_typed_its_code_and_neither_before_nor_twice()
    {
        var world = await Serving();
        using var dana = await Person.Arrive(world, "dana");
        var device = await Begin(dana);
        device.Code.ShouldMatch("^[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}$");
        (await Error(Poll(dana, device))).ShouldBe("authorization_pending");
        (await Error(Poll(dana, device))).ShouldBe("slow_down");

        var page = (await dana.Browser.Get($"/device?user_code={device.Code}")).ShouldBe(HttpStatusCode.OK);
        page.Body.ShouldContain(device.Code);
        page.Body.ShouldContain("Asks from");
        (await dana.Browser.Fill(page, "/device", ("decision", "allow"))).ShouldBe(HttpStatusCode.Redirect);
        world.Clock.Advance(TimeSpan.FromSeconds(6));
        var tokens = Person.Tokens((await Poll(dana, device)).ShouldBe(HttpStatusCode.OK));
        var who = (await dana.WhoAmI(tokens.Access)).ShouldBe(HttpStatusCode.OK).Json;
        who["name"]!.GetValue<string>().ShouldBe("dana");

        world.Clock.Advance(TimeSpan.FromSeconds(6));
        (await Error(Poll(dana, device))).ShouldBe("invalid_grant");
        (await dana.WhoAmI(tokens.Access)).ShouldBe(HttpStatusCode.Unauthorized, "somebody has the device's code twice");
        var entries = await world.Read(db => db.AuditEntries.Select(row => row.Type).ToListAsync());
        entries.ShouldContain(AuditType.DeviceCodeCreated);
        entries.ShouldContain(AuditType.ClientDecided);
    }

    [Fact]
    public async Task Device_that_is_refused_unknown_or_late_stays_out()
    {
        var world = await Serving();
        using var dana = await Person.Arrive(world, "dana");
        var refused = await Begin(dana);
        (await dana.Browser.Fill(await dana.Browser.Get($"/device?user_code={refused.Code}"), "/device", ("decision", "refuse"))).ShouldBe(HttpStatusCode.Redirect);
        (await Error(Poll(dana, refused))).ShouldBe("access_denied");

        var late = await Begin(dana);
        world.Clock.Advance(TimeSpan.FromMinutes(10.1));
        (await dana.Browser.Get($"/device?user_code={late.Code}")).ShouldBe(HttpStatusCode.BadRequest);
        (await Error(Poll(dana, late))).ShouldBe("expired_token");

        // Nobody guesses on: after a few wrong ones even the right one waits.
        var right = await Begin(dana);
        for (var wrong = 0; wrong < 6; wrong++)
            (await dana.Browser.Get("/device?user_code=BBBB-BBBB")).Status.ShouldBeOneOf(HttpStatusCode.BadRequest, HttpStatusCode.TooManyRequests);
        (await dana.Browser.Get($"/device?user_code={right.Code}")).ShouldBe(HttpStatusCode.TooManyRequests);
    }

    [Fact]
    public async Task Codes_are_not_given_out_without_end()
    {
        var world = await Serving();
        using var dana = await Person.Arrive(world, "dana");
        for (var code = 0; code < 10; code++)
            await Begin(dana);
        (await Error(dana.Client("/connect/device", ("client_id", "writ-cli"), ("scope", "openid offline_access writ")))).ShouldBe("slow_down");
        world.Clock.Advance(TimeSpan.FromMinutes(1));
        await Begin(dana);
    }

    private static async Task<Device> Begin(Person person)
    {
        var begun = (await person.Client("/connect/device", ("client_id", "writ-cli"), ("scope", "openid offline_access writ"))).ShouldBe(HttpStatusCode.OK).Json;
        begun["interval"]!.GetValue<int>().ShouldBe(5);
        begun["expires_in"]!.GetValue<int>().ShouldBeInRange(598, 600);
        begun["verification_uri"]!.GetValue<string>().ShouldBe($"{World.PublicUrl}/device");
        return new(begun["device_code"]!.GetValue<string>(), begun["user_code"]!.GetValue<string>());
    }

    private static Task<Answer> Poll(Person person, Device device) => person.Client(
        "/connect/token", ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"), ("device_code", device.Secret), ("client_id", "writ-cli"));

    private static async Task<string> Error(Task<Answer> answer) => (await answer).ShouldBe(HttpStatusCode.BadRequest).Json["error"]!.GetValue<string>();

    private sealed record Device(string Secret, string Code);

    [Collection(SqliteCollection.Name)]
    public sealed class OnSqlite(SqliteEngine engine) : DeviceTests(engine);

    [Collection(PostgresCollection.Name)]
    public sealed class OnPostgres(PostgresEngine engine) : DeviceTests(engine);
}
