using Microsoft.EntityFrameworkCore;
using Writ.Core;
using Writ.Core.Audit;
using Writ.Core.Identity;
using Writ.Core.Notices;
using Writ.Proof.Errors;
using Writ.Server.Audit;
using Writ.Server.Grants;
using Writ.Server.Notices;
using Writ.Server.Policy;
using Writ.Server.Requests;
using Writ.Server.Runs;
using Writ.Server.Series;
using Writ.Server.Storage;
using Writ.Server.Users;
using Writ.SystemTests.Databases;

namespace Writ.SystemTests.Storage;

/// <summary>People are told by mail: the right ones, once, at the right time; and nothing waits for the mail server.</summary>
public abstract class NoticeTests(StorageEngine engine) : StorageTest(engine)
{
    private static readonly string Escalating = World.Policy.Replace("staging: { addresses: [10.20.0.0/24] }", "staging: { addresses: [10.20.0.0/24], owners: [reviewer] }", StringComparison.Ordinal)
        .Replace("approval: { from: [reviewer], count: 1 }", "approval: { from: [reviewer, operator], escalate-after: 15m }", StringComparison.Ordinal)
        + "  - { id: on-call, roles: [developer], zones: [staging], tools: { nmap: any }, break-glass: true }\n";

    private MailServer Mail { get; set; } = null!;

    [Fact]
    public async Task Those_who_may_decide_are_told_once_and_the_requester_of_what_became_of_it()
    {
        var world = await Told(World.Policy, "rae", "ron", "dana", "mallory");
        var (rae, _) = (await world.Reviewer(), await world.Reviewer("ron"));
        await world.Person("mallory");
        var dana = await world.Developer();
        await Round(world);
        Mail.Subjects.ShouldBeEmpty("of what was before, and of what waits for nobody, nothing is told");

        var request = await world.Request(dana, reason: "to look\r\nBcc: mallory@example.com");
        await Round(world);
        await Round(world);
        Mail.Subjects.Order().ShouldBe(["rae: dana asks for nmap in staging", "ron: dana asks for nmap in staging"]);
        foreach (var mail in Mail.Taken)
        {
            mail.TextBody!.ShouldContain($"{World.PublicUrl}/inbox/{request.Id}");
            mail.TextBody!.ShouldContain("> to look Bcc: mallory@example.com");
            mail.TextBody!.ShouldNotContain("10.20.0.5");
            mail.TextBody!.ShouldNotContain("-sT");
            mail.Bcc.ShouldBeEmpty();
            mail.References.ShouldBe([$"{request.Id}@example.com"]);
        }

        Mail.Clear();
        (await world.Approve(rae, request, "go on")).ShouldBeOk();
        await Round(world);
        await Round(world);
        Mail.Subjects.ShouldBe(["dana: approved: nmap in staging"]);
        Mail.Taken[0].TextBody!.ShouldContain("rae approved your request");
        Mail.Taken[0].TextBody!.ShouldContain("> go on");

        // Somebody else ends the run, then takes the grant; what one does oneself one knows.
        Mail.Clear();
        var run = await world.Running(dana, await world.GrantOf(request));
        var ada = await world.Admin();
        _ = world.Get<KillRun>().Kill(ada, run.Id.ToString(), "too loud", Cancel);
        await World.Eventually(async () => (await world.Now(run)).KillCause is not null, "nobody asked for its end");
        var second = await world.Request(dana);
        (await world.Approve(rae, second)).ShouldBeOk();
        (await world.Get<RevokeGrant>().Revoke(ada, (await world.GrantOf(second)).Id.ToString(), "not today")).ShouldBeOk();
        var third = await world.Request(dana);
        (await world.Deny(rae, third, "no")).ShouldBeOk();
        await world.Request(dana);
        await Round(world);
        Mail.Clear();
        world.Clock.Advance(TimeSpan.FromDays(2));
        await world.Sweep();
        await Round(world);
        Mail.Subjects.ShouldBe(["dana: expired: nmap in staging"]);
        (await Notices(world, "dana")).Select(row => row.Kind).ShouldBe([NoticeKind.Approved, NoticeKind.RunKilled, NoticeKind.Approved, NoticeKind.GrantRevoked, NoticeKind.Denied, NoticeKind.Expired], ignoreOrder: true);
        await world.ShouldBalance();
    }

    [Fact]
    public async Task Whoever_is_on_call_is_told_and_whoever_comes_after_them_of_what_still_waits()
    {
        var world = await Told(World.Policy.Replace("roles:\n", "rotas:\n  desk: { from: 2026-03-02T07:00, turn: 4h, people: [rae, ron] }\nroles:\n  desk: { on-call: desk }\n", StringComparison.Ordinal)
            .Replace("from: [reviewer], count: 1", "from: [desk], count: 1", StringComparison.Ordinal), "rae", "ron");
        (_, _) = (await world.Person("rae"), await world.Person("ron"));
        await world.Request(await world.Developer());
        await Round(world);
        await Round(world);
        Mail.Subjects.ShouldBe(["rae: dana asks for nmap in staging"]);
        Mail.Clear();
        world.Clock.SetUtcNow(new(2026, 3, 2, 11, 0, 0, TimeSpan.Zero));
        await Round(world);
        await Round(world);
        Mail.Subjects.ShouldBe(["ron: dana asks for nmap in staging"]);
    }

    [Fact]
    public async Task Whoever_has_a_series_is_told_when_a_change_suspends_it()
    {
        const string Sweep = "version: 1\ntemplate: sweep\ndescription: looks at a host\ncommand: [nmap, -sT, -Pn, -p, \"22,80\", \"{host}\"]\nparameters:\n  host: { value: host, zones: [staging] }\n";
        const string Nightly = "  - { id: by-night, roles: [developer], zones: [staging], templates: [sweep], recurring: true, approval: { from: [reviewer], count: 1 } }\n";
        var world = await Told(World.Policy, "rae", "dana");
        var (rae, dana) = (await world.Reviewer(), await world.Developer());
        await Apply(World.Policy + Nightly);
        await Round(world);
        var (request, denial) = (await world.Get<Ask>().Create(dana, new(Reason: "every night", Template: new("sweep", new Dictionary<string, string> { ["host"] = "10.20.0.5" }),
            Series: new("0 2 * * *", "Europe/Berlin", new(2026, 12, 31, 0, 0, 0, TimeSpan.Zero))), null, Cancel)).ShouldBeOk();
        denial.ShouldBeNull();
        await Round(world);
        (await world.Approve(rae, request)).ShouldBeOk();
        await Round(world);
        Mail.Subjects.ShouldBe(["rae: dana asks for a series of nmap in staging", "dana: approved: a series of nmap in staging"]);

        Mail.Clear();
        await Apply(World.Policy + Nightly + World.NoMoreStaging[World.Policy.Length..]);
        world.Clock.SetUtcNow(new(2026, 3, 3, 1, 0, 0, TimeSpan.Zero));
        await world.Get<SeriesClock>().Once(Cancel);
        await Round(world);
        await Round(world);
        Mail.Subjects.ShouldBe(["dana: suspended: a series of nmap in staging"]);
        Mail.Taken[0].TextBody!.ShouldContain("> policy denies it now");

        async Task Apply(string rules) =>
            (await world.Get<ApplyPolicy>().Apply(await world.Admin(), new(Files: [new("rules.yaml", rules), new("sweep.yaml", Sweep)]), Cancel)).ShouldBeOk();
    }

    [Fact]
    public async Task Server_that_dies_between_sending_and_writing_it_down_sends_the_same_mail_again()
    {
        var world = await Told(World.Policy, "rae");
        await world.Reviewer();
        await world.Request(await world.Developer());
        await Make(world);
        // The mail is taken, and that cannot be written down.
        await Execute(world, Engine is PostgresEngine
            ? ["CREATE FUNCTION unmarked() RETURNS trigger AS $$ BEGIN RAISE EXCEPTION 'the disk is full'; END $$ LANGUAGE plpgsql", """CREATE TRIGGER unmarked BEFORE UPDATE ON notices FOR EACH ROW WHEN (NEW."State" = 'Sent') EXECUTE FUNCTION unmarked()"""]
            : ["""CREATE TRIGGER unmarked BEFORE UPDATE ON notices WHEN NEW."State" = 'Sent' BEGIN SELECT RAISE(ABORT, 'the disk is full'); END"""]);
        (await Should.ThrowAsync<System.Data.Common.DbException>(() => world.Get<SendMail>().Once(Cancel))).Message.ShouldContain("the disk is full");
        await Execute(world, [Engine is PostgresEngine ? "DROP TRIGGER unmarked ON notices" : "DROP TRIGGER unmarked"]);
        (await Notices(world)).ShouldHaveSingleItem().State.ShouldBe(NoticeState.Waiting);
        await Round(world);
        Mail.Taken.Count.ShouldBe(1, "it is claimed");
        world.Clock.Advance(Outbox.Claim);
        await Round(world);
        Mail.Taken.Count.ShouldBe(2);
        Mail.Taken[1].MessageId.ShouldBe(Mail.Taken[0].MessageId);
        (await Notices(world)).ShouldHaveSingleItem().State.ShouldBe(NoticeState.Sent);
        world.Clock.Advance(TimeSpan.FromMinutes(10));
        await Round(world);
        Mail.Taken.Count.ShouldBe(2);
    }

    [Fact]
    public async Task Mail_server_that_takes_and_does_not_say_so_gets_the_same_mail_again_and_no_other_waits()
    {
        var world = await Told(World.Policy, "rae");
        await world.Reviewer();
        await world.Request(await world.Developer());
        Mail.Taking = () => Task.FromResult(false);
        await Round(world);
        (await Notices(world)).ShouldHaveSingleItem().ShouldSatisfyAllConditions(row => row.State.ShouldBe(NoticeState.Waiting), row => row.Failures.ShouldBe(1));
        Mail.Taking = () => Task.FromResult(true);
        world.Clock.Advance(NoticeTimes.Pause(1));
        await Round(world);
        Mail.Taken.Select(mail => mail.MessageId).Distinct().Count().ShouldBe(1);
        Mail.Taken.Count.ShouldBe(2);
    }

    [Fact]
    public async Task Senders_that_race_send_each_mail_once()
    {
        string[] people = [.. Enumerable.Range(0, 12).Select(number => $"r{number}")];
        var world = await Told(World.Policy, people);
        foreach (var person in people)
            await world.Reviewer(person);
        // Two servers on SQLite are none that Writ supports: there it is the same one twice.
        var other = Engine is PostgresEngine ? await Beside(world) : world;
        await world.Request(await world.Developer());
        await Outcomes.AtOnce(2, async number =>
        {
            await (number == 0 ? world : other).Get<Noticing>().Make(Cancel);
            return true;
        });
        (await Notices(world)).Count.ShouldBe(people.Length);
        await Outcomes.AtOnce(4, async number =>
        {
            await (number % 2 == 0 ? world : other).Get<SendMail>().Once(Cancel);
            return true;
        });
        Mail.Taken.Select(mail => mail.To.ToString()).Order().ShouldBe(people.Select(person => $"{person}@example.com").Order());
    }

    [Fact]
    public async Task Nothing_is_sent_of_what_is_over_or_to_whom_it_is_no_affair_any_more()
    {
        var world = await Told(World.Policy, "rae", "ron", "roy", "rex");
        await world.Reviewer();
        var decides = await world.Reviewer("zoe");
        foreach (var name in (string[])["ron", "roy", "rex"])
            await world.Reviewer(name);
        var request = await world.Request(await world.Developer());
        await Make(world);
        (await Notices(world)).Count.ShouldBe(4);
        (await world.Get<DisableUser>().Disable(await world.Admin(), (await world.Reviewer("ron")).Id.ToString(), "gone")).ShouldBeOk();
        await world.Person("roy", "engineering");
        await Change(world, "rex", row => row.IsMailOff = true);
        await world.Get<SendMail>().Once(Cancel);
        Mail.Subjects.ShouldBe(["rae: dana asks for nmap in staging"]);

        Mail.Clear();
        var second = await world.Request(await world.Developer());
        await Make(world);
        (await world.Deny(decides, second)).ShouldBeOk();
        await world.Get<SendMail>().Once(Cancel);
        Mail.Subjects.ShouldBeEmpty();
        (await Notices(world)).Where(row => row.Subject == second.Id.ToString()).ShouldAllBe(row => row.State == NoticeState.Void && row.Trouble == "the request is denied");
        (await Notices(world)).Single(row => row.State == NoticeState.Sent).Subject.ShouldBe(request.Id.ToString());
    }

    [Fact]
    public async Task Quiet_hours_hold_what_can_wait_and_never_broken_glass_or_what_would_be_over()
    {
        // It is 09:00 UTC, ten o'clock in Berlin.
        var world = await Told(Escalating, "rae");
        var rae = await world.Reviewer();
        (await world.Get<NoticeSettings>().Change(rae, new(Quiet: "09:30-11:00", Zone: "Europe/Berlin"), Cancel)).ShouldBeOk().Quiet.ShouldBe("09:30-11:00");
        await world.Request(await world.Developer());
        await Round(world);
        Mail.Subjects.ShouldBeEmpty();
        (await Notices(world)).ShouldHaveSingleItem().DueAt.ShouldBe(world.Clock.GetUtcNow().AddHours(1));

        (await world.Get<Ask>().Create(await world.Developer("dora"), new(World.Command.Split(' '), "pumps are down", BreakGlass: true), null, Cancel)).ShouldBeOk();
        await Round(world);
        Mail.Subjects.ShouldBe(["rae: dora broke the glass: nmap in staging"]);

        // What closes at its end is not held until then.
        var soon = await world.Request(await world.Developer("dina"));
        var closes = world.Clock.GetUtcNow().AddMinutes(60);
        await world.Writes.Append(db => db.Requests.Where(row => row.Id == soon.Id).ExecuteUpdateAsync(set => set.SetProperty(row => row.ExpiresAt, closes)));
        await Round(world);
        Mail.Subjects.Last().ShouldBe("rae: dina asks for nmap in staging");

        Mail.Clear();
        world.Clock.Advance(TimeSpan.FromHours(1));
        await Round(world);
        Mail.Subjects.ShouldBe(["rae: dana asks for nmap in staging"]);
        Mail.Taken[0].TextBody!.ShouldContain("(Europe/Berlin)");
        (await world.Get<NoticeSettings>().Change(rae, new(Quiet: "09:30-11:00", Zone: "Mars/Olympus"), Cancel)).ShouldBeRefused(ErrorCode.InvalidInput);

        // What was held until it was time to remind is told once.
        Mail.Clear();
        (await world.Get<NoticeSettings>().Change(rae, new(Quiet: "10:30-10:00"), Cancel)).ShouldBeOk();
        world.Clock.Advance(TimeSpan.FromHours(1));
        var held = await world.Request(await world.Developer("doris"));
        await Round(world);
        world.Clock.Advance(NoticeTimes.ReminderAt(held.CreatedAt, held.ExpiresAt)!.Value - world.Clock.GetUtcNow());
        await Round(world);
        (await Notices(world)).Count(row => row.Subject == held.Id.ToString() && row.State == NoticeState.Waiting).ShouldBe(2);
        world.Clock.Advance(TimeSpan.FromHours(5));
        await Round(world);
        (await Notices(world)).Where(row => row.Subject == held.Id.ToString() && row.State == NoticeState.Sent).Select(row => row.Kind).ShouldBe([NoticeKind.Reminder]);
    }

    [Fact]
    public async Task Roles_are_told_in_their_order_a_stand_in_at_the_others_turn_and_all_are_reminded()
    {
        var world = await Told(Escalating, "rae", "olga", "oscar");
        var (rae, _, _) = (await world.Reviewer(), await world.Operator(), await world.Operator("oscar"));
        var request = await world.Request(await world.Developer());
        await Round(world);
        Mail.Subjects.ShouldBe(["rae: dana asks for nmap in staging"]);
        world.Clock.Advance(TimeSpan.FromMinutes(14));
        await Round(world);
        Mail.Subjects.Length.ShouldBe(1);
        world.Clock.Advance(TimeSpan.FromMinutes(1));
        await Round(world);
        Mail.Subjects[1..].Order().ShouldBe(["olga: dana asks for nmap in staging", "oscar: dana asks for nmap in staging"]);

        Mail.Clear();
        world.Clock.Advance(NoticeTimes.ReminderAt(request.CreatedAt, request.ExpiresAt)!.Value - world.Clock.GetUtcNow());
        await Round(world);
        await Round(world);
        Mail.Subjects.Order().ShouldBe([.. new[] { "olga", "oscar", "rae" }.Select(name => $"{name}: still undecided: dana asks for nmap in staging")]);

        // Who stands in is told at the turn of whom they stand in for; nobody does who could not decide.
        Mail.Clear();
        var until = world.Clock.GetUtcNow().AddDays(7);
        (await world.Get<NoticeSettings>().Change(rae, new(StandIn: "olga", StandInUntil: until, Mail: false), Cancel)).ShouldBeOk().StandIn.ShouldBe("olga");
        foreach (var unfit in (string[])["dana", "rae", "nobody-here"])
            (await world.Get<NoticeSettings>().Change(rae, new(StandIn: unfit, StandInUntil: until), Cancel)).ShouldBeRefused(ErrorCode.InvalidInput).Message.ShouldBe($"nobody named '{unfit}' could decide in your place");
        (await world.Get<NoticeSettings>().Change(rae, new(StandIn: "olga"), Cancel)).ShouldBeRefused(ErrorCode.InvalidInput);
        (await world.Get<NoticeSettings>().Change(await world.Developer(), new(StandIn: "olga", StandInUntil: until), Cancel)).ShouldBeRefused(ErrorCode.WrongState);
        await world.Request(await world.Developer("dora"));
        await Round(world);
        Mail.Subjects.ShouldBe(["olga: dora asks for nmap in staging"]);
        Mail.Taken[0].TextBody!.ShouldContain("You are told since you stand in for rae.");
        // Then rae is away for nobody any more, and nobody of the first role can be told: the second is.
        Mail.Clear();
        world.Clock.Advance(TimeSpan.FromDays(8));
        await world.Request(await world.Developer("dina"));
        await Round(world);
        Mail.Subjects.Order().ShouldBe(["olga: dina asks for nmap in staging", "oscar: dina asks for nmap in staging"]);
    }

    [Fact]
    public async Task Dead_mail_server_delays_no_decision_is_seen_and_gets_everything_later()
    {
        var world = await Told(World.Policy, "rae", "dana");
        var rae = await world.Reviewer();
        Mail.IsDown = true;
        var request = await world.Request(await world.Developer());
        await Round(world);
        (await world.Approve(rae, request)).ShouldBeOk();
        await world.Request(await world.Developer());
        await Round(world);
        world.Clock.Advance(TimeSpan.FromSeconds(30));
        await Round(world);
        var (failing, oldest) = await world.Read(db => Noticing.Health(db, world.Clock.GetUtcNow(), Cancel));
        (failing, oldest).ShouldBe((2, 30));
        (await world.Read(db => db.NoticeProgress.SingleAsync(Cancel))).Trouble.ShouldNotBeNull().ShouldContain("mail server");

        Mail.IsDown = false;
        world.Clock.Advance(TimeSpan.FromMinutes(2));
        await Round(world);
        Mail.Subjects.Order().ShouldBe(["dana: approved: nmap in staging", "rae: dana asks for nmap in staging"]);
        (await world.Read(db => Noticing.Health(db, world.Clock.GetUtcNow(), Cancel))).ShouldBe((0, null));

        // What is never taken is given up, and that is on the record.
        Mail.IsDown = true;
        var denied = await world.Request(await world.Developer());
        (await world.Deny(rae, denied)).ShouldBeOk();
        await Round(world);
        world.Clock.Advance(NoticeTimes.Patience);
        await Round(world);
        (await Notices(world, "dana")).Single(row => row.Kind == NoticeKind.Denied).State.ShouldBe(NoticeState.GivenUp);
        (await world.Entries(AuditType.NoticeGivenUp)).ShouldContain(entry => entry["for"] == "dana" && entry["kind"] == "denied");
        await world.ShouldBalance();
    }

    [Fact]
    public async Task Address_that_is_refused_for_good_is_given_up_and_holds_up_nobody()
    {
        var world = await Told(World.Policy, "rae", "ron", "roy");
        foreach (var name in (string[])["rae", "ron", "roy"])
            await world.Reviewer(name);
        Mail.Recipient = to => to.StartsWith("rae", StringComparison.Ordinal) ? "550 5.1.1 no such mailbox" : to.StartsWith("ron", StringComparison.Ordinal) ? "451 4.7.1 later" : null;
        await world.Request(await world.Developer());
        await Round(world);
        Mail.Subjects.ShouldBe(["roy: dana asks for nmap in staging"]);
        (await world.Entries(AuditType.NoticeGivenUp)).ShouldHaveSingleItem()["why"].ShouldBe("the mail server answered 550: 5.1.1 no such mailbox");
        (await Notices(world, "ron")).ShouldHaveSingleItem().ShouldSatisfyAllConditions(row => row.State.ShouldBe(NoticeState.Waiting), row => row.Failures.ShouldBe(1));

        Mail.Recipient = _ => null;
        world.Clock.Advance(NoticeTimes.Pause(1));
        await Round(world);
        Mail.Subjects.Length.ShouldBe(2);
        Mail.Subjects[1].ShouldStartWith("ron: ");
    }

    [Fact]
    public async Task Address_that_nobody_vouched_for_gets_a_code_and_nothing_else()
    {
        var world = await Told(World.Policy);
        var (rae, verb) = (await world.Reviewer(), world.Get<NoticeAddress>());
        (await verb.Confirm(rae, "AAAA-AAAA", Cancel)).ShouldBeRefused(ErrorCode.WrongState);
        (await verb.Ask(rae, "rae@example.com\r\nRCPT TO:<mallory@example.com>", Cancel)).ShouldBeRefused(ErrorCode.InvalidInput);
        (await verb.Ask(rae, "rae@example.com", Cancel)).ShouldBeOk().ShouldSatisfyAllConditions(view => view.Address.ShouldBeNull(), view => view.Unconfirmed.ShouldBe("rae@example.com"));
        await world.Request(await world.Developer());
        await Round(world);
        Mail.Subjects.ShouldBe(["rae: your address"]);

        // A few guesses, also at once; then another code.
        var code = Code();
        var guesses = await Outcomes.AtOnce(20, _ => verb.Confirm(rae, "2222-2222", Cancel));
        guesses.Count(guess => guess.Code() == ErrorCode.InvalidInput).ShouldBe(5);
        (await verb.Confirm(rae, code, Cancel)).ShouldBeRefused(ErrorCode.WrongState);
        Mail.Clear();
        (await verb.Ask(rae, "rae@example.com", Cancel)).ShouldBeOk();
        world.Clock.Advance(TimeSpan.FromHours(1));
        (await verb.Confirm(rae, Code(), Cancel)).ShouldBeRefused(ErrorCode.InvalidInput);
        Mail.Clear();
        (await verb.Ask(rae, "rae@example.com", Cancel)).ShouldBeOk();
        // Nobody else's code.
        var ron = await world.Reviewer("ron");
        (await verb.Confirm(ron, Code(), Cancel)).ShouldBeRefused(ErrorCode.WrongState);
        (await verb.Confirm(rae, Code().ToLowerInvariant(), Cancel)).ShouldBeOk().ShouldSatisfyAllConditions(view => view.Address.ShouldBe("rae@example.com"), view => view.AddressFrom.ShouldBe("person"), view => view.Unconfirmed.ShouldBeNull());
        await Round(world);
        Mail.Subjects.Last().ShouldBe("rae: dana asks for nmap in staging");
        (await world.Entries(AuditType.NoticesChanged)).ShouldAllBe(entry => entry["address"] == "r…@example.com");

        // What the company says holds, and its people do not change it here.
        (await world.Writes.Commit<bool>(async scope =>
        {
            await NoticeAddress.Vouch(scope, await scope.Db.Actors.SingleAsync(row => row.Id == rae.Id), "rae@corp.example.com", AddressSource.Provider, AuditActor.System);
            return true;
        })).ShouldBeOk();
        (await verb.Ask(rae, "rae@home.example.com", Cancel)).ShouldBeRefused(ErrorCode.WrongState).Message.ShouldBe("your address comes from your company's provider");
        // A person gets so many codes a day, and no more.
        for (var number = 0; number < 5; number++)
            (await verb.Ask(ron, "ron@example.com", Cancel)).ShouldBeOk();
        (await verb.Ask(ron, "ron@example.com", Cancel)).ShouldBeRefused(ErrorCode.TooManyAttempts);

        string Code() => Mail.Taken.Last(mail => mail.Subject == "your address").TextBody!.Split("writ notices confirm ")[1][..9];
    }

    [Fact]
    public async Task Workload_is_told_nothing_and_whoever_answers_for_it_is()
    {
        var world = await Told(World.Policy, "rae", "dana");
        var (rae, dana) = (await world.Reviewer(), await world.Developer());
        var (ci, _) = await world.SignIn(new("ci-nightly", true, "dana", [], false, false, TimeSpan.FromHours(1)));
        (await world.Get<NoticeSettings>().Show(ci, Cancel)).ShouldBeRefused(ErrorCode.Forbidden);
        var request = await world.Request(ci);
        await Round(world);
        Mail.Subjects.ShouldBe(["rae: ci-nightly asks for nmap in staging"]);
        (await world.Deny(rae, request, "not now")).ShouldBeOk();
        await Round(world);
        Mail.Subjects.Last().ShouldBe("dana: denied: nmap in staging");
        Mail.Taken[^1].TextBody!.ShouldContain("ci-nightly's request");
        dana.Name.ShouldBe("dana");
    }

    /// <summary>A server that tells these people by mail.</summary>
    private async Task<World> Told(string policy, params string[] people)
    {
        Mail = Keep(new MailServer());
        var world = await Create(policy, with: settings => settings with { Mail = Mail.Settings });
        foreach (var name in people)
        {
            await world.Person(name);
            await Change(world, name, _ => { });
        }

        // The first look is at what comes after it.
        await Round(world);
        return world;
    }

    private static Task Change(World world, string name, Action<NoticeSettingsRow> change) => world.Writes.Append(async db =>
    {
        var id = await db.Actors.Where(row => row.Kind == ActorKind.User && row.Name == name).Select(row => row.Id).SingleAsync();
        var row = await db.NoticeSettings.SingleOrDefaultAsync(row => row.ActorId == id)
            ?? db.NoticeSettings.Add(new() { ActorId = id, Address = $"{name}@example.com", AddressFrom = AddressSource.Operator, AddressAt = world.Clock.GetUtcNow() }).Entity;
        change(row);
    });

    private static async Task Execute(World world, string[] lines)
    {
        await using var db = world.Open();
        foreach (var line in lines)
            await db.Database.ExecuteSqlRawAsync(line);
    }

    private static async Task Make(World world)
    {
        await world.Get<Sequencer>().Integrate(Cancel);
        await world.Get<Noticing>().Make(Cancel);
    }

    private static async Task Round(World world)
    {
        await Make(world);
        await world.Get<SendMail>().Once(Cancel);
    }

    private static Task<List<NoticeRow>> Notices(World world, string? of = null) => world.Read(async db => await (
        from row in db.Notices.AsNoTracking()
        join person in db.Actors.AsNoTracking() on row.PersonId equals person.Id
        where of == null || person.Name == of
        select row).ToListAsync());

    [Collection(SqliteCollection.Name)]
    public sealed class OnSqlite(SqliteEngine engine) : NoticeTests(engine);

    [Collection(PostgresCollection.Name)]
    public sealed class OnPostgres(PostgresEngine engine) : NoticeTests(engine);
}
