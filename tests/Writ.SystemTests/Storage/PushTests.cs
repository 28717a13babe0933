using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Writ.Core.Audit;
using Writ.Core.Identity;
using Writ.Core.Notices;
using Writ.Proof.Errors;
using Writ.Server.Audit;
using Writ.Server.Notices;
using Writ.Server.Storage;
using Writ.SystemTests.Databases;
using Writ.Tests.Server.Notices;

namespace Writ.SystemTests.Storage;

/// <summary>People are told in their browsers: as well as by mail, by neither of both when the other one fails, and nowhere where a browser could lead the server.</summary>
public abstract class PushTests(StorageEngine engine) : StorageTest(engine)
{
    private static readonly string WithOwner = World.Policy.Replace("staging: { addresses: [10.20.0.0/24] }", "staging: { addresses: [10.20.0.0/24], owners: [reviewer] }", StringComparison.Ordinal)
        + "  - { id: on-call, roles: [developer], zones: [staging], tools: { nmap: any }, break-glass: true }\n";

    private PushService Push { get; set; } = null!;
    private MailServer Mail { get; set; } = null!;

    [Fact]
    public async Task Browser_is_told_what_the_subject_of_a_mail_says_sealed_for_it_and_signed_for_its_push_service()
    {
        var world = await Told();
        var (rae, dana) = (await world.Reviewer(), await world.Developer());
        (await On(world, rae, "desk")).ShouldSatisfyAllConditions(view => view.Key.ShouldBe(Push.Key), view => view.Browsers.ShouldHaveSingleItem().Host.ShouldBe("127.0.0.1"));
        await On(world, rae, "phone");
        var request = await world.Request(dana, reason: "look at 10.20.0.5");
        await Round(world);
        await Round(world);
        Push.Titles.Order().ShouldBe(["desk: dana asks for nmap in staging", "phone: dana asks for nmap in staging"]);
        var first = Push.All[0];
        first.Path.ShouldBe($"/inbox/{request.Id}");
        (first.Head["Content-Encoding"], first.Head["Urgency"], first.Head["Topic"], first.Head["TTL"]).ShouldBe(("aes128gcm", "normal", first.Tag, ((long)(request.ExpiresAt - world.Clock.GetUtcNow()).TotalSeconds).ToString(System.Globalization.CultureInfo.InvariantCulture)));
        var (audience, expires, contact) = VapidToken.Claims(first.Head["Authorization"]["vapid ".Length..], Push.Key);
        (audience, expires, contact).ShouldBe((Push.Origin, world.Clock.GetUtcNow().AddHours(1).ToUnixTimeSeconds(), "mailto:ops@example.com"));
        (await Rows(world)).ShouldHaveSingleItem().ShouldSatisfyAllConditions(row => row.Channel.ShouldBe(NoticeChannel.Push), row => row.State.ShouldBe(NoticeState.Sent));

        // Where a browser is reached is shown to nobody, and stands in no entry.
        JsonSerializer.Serialize((await world.Get<PushSubscriptions>().Show(rae, Cancel)).ShouldBeOk()).ShouldNotContain("/send/");
        (await world.Entries(AuditType.NoticesChanged)).ShouldAllBe(entry => entry["what"] == "push-added" && entry["host"] == "127.0.0.1" && !entry.Body.GetRawText().Contains("/send/", StringComparison.Ordinal));

        // Of what waits no longer nobody is told; what became of it, its requester is, under the same topic and in the same length.
        await On(world, dana, "laptop");
        (await world.Approve(rae, request)).ShouldBeOk();
        await Round(world);
        var approved = Push.All[^1];
        (approved.Browser, approved.Title, approved.Tag, approved.Head["length"], approved.Head["TTL"]).ShouldBe(("laptop", "approved: nmap in staging", first.Tag, first.Head["length"], "86400"));
        await world.ShouldBalance();
    }

    [Fact]
    public async Task One_way_that_fails_holds_up_nothing_of_the_other()
    {
        var world = await Told("rae");
        var rae = await world.Reviewer();
        await On(world, rae, "desk");
        // 1. The mail server is dead.
        Mail.IsDown = true;
        await world.Request(await world.Developer());
        await Round(world);
        Push.Titles.ShouldBe(["desk: dana asks for nmap in staging"]);
        Mail.Subjects.ShouldBeEmpty();

        // 2. The push service is.
        Mail.IsDown = false;
        Push.Clear();
        Push.Answer = _ => null;
        world.Clock.Advance(TimeSpan.FromMinutes(2));
        var request = await world.Request(await world.Developer("dora"));
        await Round(world);
        Mail.Subjects.Order().ShouldBe(["rae: dana asks for nmap in staging", "rae: dora asks for nmap in staging"]);
        Push.Titles.ShouldBeEmpty();
        // Nothing that is decided waits for it, and it is seen.
        (await world.Approve(rae, request)).ShouldBeOk();
        world.Clock.Advance(NoticeTimes.Pause(1) - TimeSpan.FromSeconds(1));
        (await world.Read(db => Noticing.Health(db, world.Clock.GetUtcNow(), Cancel))).Failing.ShouldBe(1);
        (await Rows(world, NoticeChannel.Push)).Single(row => row.State == NoticeState.Waiting).Trouble.ShouldNotBeNull().ShouldStartWith("127.0.0.1 cannot be reached");

        // 3. What it takes later is told then, and of what was decided meanwhile nothing.
        var third = await world.Request(await world.Developer("dina"));
        await Round(world);
        Push.Answer = _ => "429 Too Many Requests\r\nRetry-After: 120";
        world.Clock.Advance(NoticeTimes.Pause(1));
        await Round(world);
        Push.Answer = _ => "201 Created";
        world.Clock.Advance(TimeSpan.FromSeconds(119));
        await Round(world);
        Push.Titles.ShouldBeEmpty("it said when to come again");
        world.Clock.Advance(TimeSpan.FromSeconds(1));
        await Round(world);
        Push.All.ShouldHaveSingleItem().Path.ShouldBe($"/inbox/{third.Id}");
        (await Rows(world, NoticeChannel.Push)).Single(row => row.Subject == request.Id.ToString()).ShouldSatisfyAllConditions(row => row.State.ShouldBe(NoticeState.Void), row => row.Trouble.ShouldBe("the request is approved"));
        (await world.Read(db => Noticing.Health(db, world.Clock.GetUtcNow(), Cancel))).Failing.ShouldBe(0);

        // 4. What is never taken is given up, on the record.
        Push.Answer = _ => "500 Internal Server Error";
        await On(world, await world.Developer(), "laptop");
        (await world.Deny(rae, await world.Request(await world.Developer()))).ShouldBeOk();
        await Round(world);
        world.Clock.Advance(NoticeTimes.Patience);
        await Round(world);
        (await world.Entries(AuditType.NoticeGivenUp)).ShouldContain(entry => entry["for"] == "dana" && entry["kind"] == "denied" && entry["channel"] == "push" && entry["why"] == "127.0.0.1 answered 500");
        await world.ShouldBalance();
    }

    [Fact]
    public async Task Browser_that_is_gone_is_taken_away_and_one_that_took_it_is_not_told_again()
    {
        var world = await Told();
        var rae = await world.Reviewer();
        foreach (var name in (string[])["desk", "phone", "old"])
            await On(world, rae, name);
        Push.Answer = name => name switch { "old" => "410 Gone", "phone" => "503 Service Unavailable", _ => "201 Created" };
        await world.Request(await world.Developer());
        await Round(world);
        Push.Titles.ShouldBe(["desk: dana asks for nmap in staging"]);
        (await world.Get<PushSubscriptions>().Show(rae, Cancel)).ShouldBeOk().Browsers.Select(each => (each.Browser, each.Failures, each.TakenAt is not null)).Order().ShouldBe([("desk", 0, true), ("phone", 1, false)]);
        (await world.Entries(AuditType.NoticesChanged)).ShouldContain(entry => entry["what"] == "push-removed" && entry["browser"] == "old" && entry["why"] == "127.0.0.1 answered 410");
        world.Clock.Advance(TimeSpan.FromMinutes(10));
        await Round(world);
        Push.Calls.ShouldBe(3);

        // Where all of them are gone there is nobody to tell, and nobody is written down for it any more.
        Push.Answer = _ => "404 Not Found";
        await world.Request(await world.Developer("dora"));
        await Round(world);
        (await Rows(world)).Count(row => row.State == NoticeState.Void && row.Trouble == "no browser of the person's is on any more").ShouldBe(1);
        (await world.Get<NoticeSettings>().Show(rae, Cancel)).ShouldBeOk().Ways.ShouldBeEmpty();
        await world.Request(await world.Developer("dina"));
        await Round(world);
        (await Rows(world)).Count.ShouldBe(2);
        await world.ShouldBalance();
    }

    [Fact]
    public async Task Quiet_hours_hold_push_and_whoever_is_disabled_or_turned_it_off_gets_nothing()
    {
        var world = await Told();
        var (rae, ron) = (await world.Reviewer(), await world.Reviewer("ron"));
        await On(world, rae, "desk");
        await On(world, ron, "tower");
        (await world.Get<NoticeSettings>().Change(rae, new(Quiet: "08:00-10:00", Zone: "UTC"), Cancel)).ShouldBeOk().Ways.ShouldBe(["push"]);
        await world.Request(await world.Developer());
        await Round(world);
        Push.Titles.ShouldBe(["tower: dana asks for nmap in staging"]);
        world.Clock.Advance(TimeSpan.FromHours(1));
        await Round(world);
        Push.Titles.Last().ShouldBe("desk: dana asks for nmap in staging");

        // Between being written and being sent: rae turns it off, ron is disabled.
        Push.Clear();
        await world.Request(await world.Developer("dora"));
        await Make(world);
        var verb = world.Get<PushSubscriptions>();
        var own = (await verb.Show(rae, Cancel)).ShouldBeOk().Browsers.ShouldHaveSingleItem().Id;
        (await verb.Remove(ron, own, Cancel)).ShouldBeRefused(ErrorCode.NotFound);
        (await verb.Remove(rae, own, Cancel)).ShouldBeOk().Browsers.ShouldBeEmpty();
        (await world.Get<Writ.Server.Users.DisableUser>().Disable(await world.Admin(), ron.Id.ToString(), "left")).ShouldBeOk();
        await Round(world);
        Push.Titles.ShouldBeEmpty();
        (await Rows(world)).Where(row => row.State == NoticeState.Void).Select(row => row.Trouble).Order().ShouldBe(["the person is disabled", "the person is not told by push"]);
        await world.ShouldBalance();
    }

    [Fact]
    public async Task Senders_that_race_push_each_notice_once_and_one_that_died_is_followed_by_another()
    {
        string[] people = [.. Enumerable.Range(0, 12).Select(number => $"r{number}")];
        var world = await Told();
        foreach (var person in people)
            await On(world, await world.Reviewer(person), person);
        // Two servers on SQLite are none that Writ supports: there it is the same one twice.
        var other = Engine is PostgresEngine ? await Beside(world) : world;
        await world.Request(await world.Developer());
        await Make(world);
        // One of them is another server's, which has died since.
        var claimed = (await Rows(world))[0];
        (await world.Get<Outbox>().Take(claimed)).ShouldBeTrue();
        (await world.Get<Outbox>().Take(claimed)).ShouldBeFalse();
        await Outcomes.AtOnce(4, async number =>
        {
            await (number % 2 == 0 ? world : other).Get<SendPush>().Once(Cancel);
            return true;
        });
        Push.Titles.Length.ShouldBe(people.Length - 1);
        world.Clock.Advance(Outbox.Claim);
        await Round(world);
        await Round(world);
        Push.All.Select(each => each.Browser).Order().ShouldBe(people.Order());
    }

    [Fact]
    public async Task Lost_key_holds_up_push_alone_and_is_seen()
    {
        var world = await Told("rae");
        var rae = await world.Reviewer();
        await On(world, rae, "desk");
        var pem = await File.ReadAllTextAsync(Push.Settings.PrivateKeyFile!, Cancel);
        await File.WriteAllTextAsync(Push.Settings.PrivateKeyFile!, "", Cancel);
        await world.Request(await world.Developer());
        await Round(world);
        Mail.Subjects.Length.ShouldBe(1);
        (Push.Calls, (await Rows(world, NoticeChannel.Push)).ShouldHaveSingleItem().State).ShouldBe((0, NoticeState.Waiting));
        (await world.Get<PushSubscriptions>().Show(rae, Cancel)).ShouldBeRefused(ErrorCode.Unavailable);
        world.Clock.Advance(TimeSpan.FromMinutes(2));
        (await world.Read(db => Noticing.Health(db, world.Clock.GetUtcNow(), Cancel))).ShouldBe((1, 120));
        await File.WriteAllTextAsync(Push.Settings.PrivateKeyFile!, pem, Cancel);
        await Round(world);
        Push.Titles.Length.ShouldBe(1);
    }

    [Fact]
    public async Task What_a_browser_says_is_looked_at_before_it_is_believed()
    {
        var world = await Told(allowPrivate: false);
        var (rae, ron, verb) = (await world.Reviewer(), await world.Reviewer("ron"), world.Get<PushSubscriptions>());
        await world.Developer();
        var fit = Push.Browser("desk") with { Endpoint = "https://push.example.com/send/1" };
        foreach (var endpoint in (string[])["http://push.example.com/1", "https://127.0.0.1/1", "https://169.254.169.254/latest", "https://[::1]/1", "https://push.example.com:22/1", "https://a@push.example.com/", "", $"https://push.example.com/{new string('x', 1000)}"])
            (await verb.Add(rae, fit with { Endpoint = endpoint }, Cancel)).ShouldBeRefused(ErrorCode.InvalidInput);
        var beside = new TestBrowser();
        beside.Key[^1] ^= 1;
        foreach (var key in (string[])[beside.P256dh, fit.P256dh[..^4], fit.P256dh + "AAAA", "", new string('!', 87)])
            (await verb.Add(rae, fit with { P256dh = key }, Cancel)).ShouldBeRefused(ErrorCode.InvalidInput);
        foreach (var auth in (string[])[fit.Auth[..^3], fit.Auth + "AAAA", ""])
            (await verb.Add(rae, fit with { Auth = auth }, Cancel)).ShouldBeRefused(ErrorCode.InvalidInput);
        (await verb.Show(rae, Cancel)).ShouldBeOk().Browsers.ShouldBeEmpty();
        (await verb.Add(rae, fit with { Browser = "Chromium\r\n\u202Emoc" }, Cancel)).ShouldBeOk().Browsers.ShouldHaveSingleItem().Browser.ShouldBe("Chromium  \uFFFDmoc");

        // The same browser twice is one; on a screen that two people use it is the last one's.
        (await verb.Add(rae, fit, Cancel)).ShouldBeOk().Browsers.Count.ShouldBe(1);
        (await verb.Add(ron, fit, Cancel)).ShouldBeOk().Browsers.Count.ShouldBe(1);
        (await verb.Show(rae, Cancel)).ShouldBeOk().Browsers.ShouldBeEmpty();
        (await world.Entries(AuditType.NoticesChanged)).ShouldContain(entry => entry["for"] == "rae" && entry["what"] == "push-removed" && entry["why"] == "another person turned it on");
        for (var number = 1; number < 10; number++)
            (await verb.Add(ron, fit with { Endpoint = $"https://push.example.com/more/{number}" }, Cancel)).ShouldBeOk();
        (await verb.Add(ron, fit with { Endpoint = "https://push.example.com/more/10" }, Cancel)).ShouldBeRefused(ErrorCode.WrongState);

        var (ci, _) = await world.SignIn(new("ci-nightly", true, "dana", [], false, false, TimeSpan.FromHours(1)));
        (await verb.Show(ci, Cancel)).ShouldBeRefused(ErrorCode.Forbidden);
        await world.ShouldBalance();
    }

    [Fact]
    public async Task Name_that_leads_inside_is_not_called()
    {
        var world = await Told();
        await On(world, await world.Reviewer(), "desk");
        await world.Request(await world.Developer());
        await Round(world);
        Push.Calls.ShouldBe(1, "with the guard off it gets through");

        // With the guard on a name is looked up when it is called, and the address that comes of it decides.
        var guarded = await Told(allowPrivate: false);
        var rae = await guarded.Reviewer();
        (await guarded.Get<PushSubscriptions>().Add(rae, Push.Browser("desk") with { Endpoint = "https://localhost/send/desk" }, Cancel)).ShouldBeOk();
        await guarded.Request(await guarded.Developer());
        await Round(guarded);
        (await Rows(guarded)).ShouldHaveSingleItem().Trouble.ShouldNotBeNull().ShouldContain("no public address");
        // Nor is one that was taken while that was allowed.
        await guarded.Writes.Append(db => db.PushSubscriptions.ExecuteUpdateAsync(set => set.SetProperty(row => row.Endpoint, $"{Push.Origin}/send/desk")));
        guarded.Clock.Advance(NoticeTimes.Pause(1));
        await Round(guarded);
        (await Rows(guarded)).ShouldHaveSingleItem().Trouble.ShouldBe("127.0.0.1: the endpoint is at no port of a push service");
        Push.Calls.ShouldBe(0);
    }

    [Fact]
    public async Task Broken_glass_is_urgent_and_waits_for_no_quiet_hours()
    {
        var world = await Told(policy: WithOwner);
        var rae = await world.Reviewer();
        await On(world, rae, "desk");
        (await world.Get<NoticeSettings>().Change(rae, new(Quiet: "08:00-10:00", Zone: "UTC"), Cancel)).ShouldBeOk();
        var dana = await world.Developer();
        (await world.Get<Writ.Server.Requests.Ask>().Create(dana, new(World.Command.Split(' '), "pumps are down", BreakGlass: true), null, Cancel)).ShouldBeOk();
        await Round(world);
        Push.All.ShouldHaveSingleItem().ShouldSatisfyAllConditions(each => each.Title.ShouldBe("dana broke the glass: nmap in staging"), each => each.Head["Urgency"].ShouldBe("high"));
    }

    [Fact]
    public async Task Server_without_push_takes_no_browser()
    {
        var world = await Create();
        var rae = await world.Reviewer();
        Push = Keep(new PushService());
        var verb = world.Get<PushSubscriptions>();
        (await verb.Show(rae, Cancel)).ShouldBeOk().Key.ShouldBeNull();
        (await verb.Add(rae, Push.Browser("desk"), Cancel)).ShouldBeRefused(ErrorCode.WrongState);
        (await world.Read(db => db.PushSubscriptions.CountAsync(Cancel))).ShouldBe(0);
    }

    /// <summary>A server that tells people in their browsers, and these by mail as well.</summary>
    private Task<World> Told(params string[] mailed) => Told(World.Policy, true, mailed);

    private async Task<World> Told(string policy = World.Policy, bool allowPrivate = true, params string[] mailed)
    {
        (Push, Mail) = (Keep(new PushService()), Keep(new MailServer()));
        var world = await Create(policy, with: settings => settings with { Push = Push.Settings with { AllowPrivate = allowPrivate }, Mail = mailed.Length > 0 ? Mail.Settings : null });
        foreach (var name in mailed)
        {
            var person = await world.Person(name);
            await world.Writes.Append(db =>
            {
                db.NoticeSettings.Add(new() { ActorId = person.Id, Address = $"{name}@example.com", AddressFrom = AddressSource.Operator, AddressAt = world.Clock.GetUtcNow() });
                return Task.CompletedTask;
            });
        }

        // The first look is at what comes after it.
        await Round(world);
        return world;
    }

    private async Task<Writ.Contracts.Notices.PushView> On(World world, Caller person, string browser) => (await world.Get<PushSubscriptions>().Add(person, Push.Browser(browser), Cancel)).ShouldBeOk();

    private static async Task Make(World world)
    {
        await world.Get<Sequencer>().Integrate(Cancel);
        await world.Get<Noticing>().Make(Cancel);
    }

    private static async Task Round(World world)
    {
        await Make(world);
        await world.Get<SendMail>().Once(Cancel);
        await world.Get<SendPush>().Once(Cancel);
    }

    private static Task<List<NoticeRow>> Rows(World world, NoticeChannel? channel = null) =>
        world.Read(db => db.Notices.AsNoTracking().Where(row => channel == null || row.Channel == channel).ToListAsync(Cancel));

    [Collection(SqliteCollection.Name)]
    public sealed class OnSqlite(SqliteEngine engine) : PushTests(engine);

    [Collection(PostgresCollection.Name)]
    public sealed class OnPostgres(PostgresEngine engine) : PushTests(engine);
}
