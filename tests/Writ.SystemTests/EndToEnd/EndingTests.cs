using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Writ.Contracts;
using Writ.Contracts.Grants;

namespace Writ.SystemTests.EndToEnd;

/// <summary>Runs end on time and when they are told to, and nobody says so before it is seen. These tests measure: they run alone.</summary>
public abstract class EndingTests(Houses houses) : EndToEndTest(houses)
{
    private static readonly TimeSpan OnTime = TimeSpan.FromMilliseconds(150);

    [Fact]
    public async Task Run_begins_within_300_ms_of_its_approval()
    {
        // The first one of a server's life pays for what is compiled and prepared once.
        await FromApprovalToStart();
        (await FromApprovalToStart()).ShouldBeLessThan(TimeSpan.FromMilliseconds(300));
    }

    private async Task<TimeSpan> FromApprovalToStart()
    {
        var target = House.Target();
        using var asking = House.StartTyping("dana", ["run", "--reason", "a test", "--wait", "1m", "--", .. House.ShortScan(target)]);
        var request = await House.Pending(target);
        (await House.As("sam").Decide(await House.As("sam").Request(request.Id), approve: true)).Ok.State.ShouldBe("approved");
        (await asking.End()).ShouldBeOk();
        var story = await House.As("dana").Audit(request.Id);
        return story.Single(entry => entry.Type() == "run.started").Instant("at") - story.Single(entry => entry.Type() == "decision.made").Instant("time");
    }

    [Fact]
    public async Task Run_started_one_second_before_its_grants_end_dies_on_time()
    {
        var target = House.Target();
        // The first run of a server that has just started takes its time, and here there is a second of it.
        (await House.Type("sam", ["run", "--", .. House.ShortScan(House.Target())])).ShouldBeOk();
        var request = (await House.Type("sam", ["request", "--for", "4s", "--", .. House.LongScan(target)])).ShouldBeOk().Text;
        var grant = await House.As("sam").Grant((await House.As("sam").Request(request)).Grant!);
        await MachineClock.Until(grant.NotAfter - TimeSpan.FromSeconds(1), Cancel);
        using var typing = House.StartTyping("sam", ["run", "--", .. House.LongScan(target)]);
        var live = await House.Running(target);
        MachineClock.Now.ShouldBeLessThan(grant.NotAfter);
        await live.Gone(withinSeconds: 2);
        MachineClock.Now.ShouldBeLessThan(grant.NotAfter + OnTime);

        (await typing.End()).ShouldBe(124).Error.ShouldContain("writ: killed at the deadline");
        var (run, entry) = await House.Ended(live.Id);
        (run.State, run.EndReason, run.Deadline).ShouldBe(("killed", "deadline", grant.NotAfter));
        ShouldBeKilledOnTime(entry);
    }

    [Theory]
    [InlineData("revoke")]
    [InlineData("kill")]
    public async Task Revoke_and_kill_end_the_run_and_tell_what_the_runner_saw(string verb)
    {
        var target = House.Target();
        var grant = await Granted(House.LongScan(target), "--uses", "2");
        using var typing = House.StartTyping("dana", ["run", "--", .. House.LongScan(target)]);
        var live = await House.Running(target);
        live.ShouldLive();

        var ended = (await House.Type("sam", verb, verb == "revoke" ? grant : live.Id, "--reason", "wrong host", "--format", "json")).ShouldBeOk();
        live.Processes().ShouldBeEmpty("it was confirmed as dead");
        var view = JsonSerializer.Deserialize(ended.Output, WritJson.Default.EndView)!;
        (view.Outcome, view.Journalled).ShouldBe(("confirmed", true));
        view.LatencyMilliseconds.ShouldBeInRange(1, 1000);
        var seen = view.Runs.ShouldHaveSingleItem();
        (seen.Run, seen.Outcome, seen.ProcessesLeft).ShouldBe((live.Id, "confirmed", 0));
        seen.KillToDeadMilliseconds.ShouldNotBeNull().ShouldBeInRange(0, 500);

        var reason = verb == "revoke" ? "revoked" : "killed";
        (await typing.End()).ShouldBe(125).Error.ShouldContain($"{reason} by sam: wrong host");
        var (run, entry) = await House.Ended(live.Id);
        (run.State, run.EndReason, run.EndDetail).ShouldBe(("killed", reason, $"{reason} by sam: wrong host"));
        entry.Text("recording_whole").ShouldBe("true");
        (await House.As("dana").Audit(run.Request)).Single(each => each.Type() == "run.kill-asked").Actor().ShouldBe("sam");

        var again = await House.As("dana").Post("/v1/runs", new(House.LongScan(target), grant, Detach: true), WritJson.Default.StartRun, WritJson.Default.RunView);
        if (verb == "revoke")
            again.Problem!.Type.ShouldBe("revoked");
        else
            (await House.As("dana").Post($"/v1/runs/{again.Ok.Id}/kill", new(), WritJson.Default.EndAsk, WritJson.Default.EndView)).Ok.Outcome.ShouldBe("confirmed");
    }

    [Fact]
    public async Task Whoever_is_disabled_has_no_grant_no_live_run_and_no_sign_in_within_a_second()
    {
        var token = await House.OnBox("token", "create", "--actor", "lea", "--group", "secops");
        var target = House.Target();
        using var typing = House.StartTypingWith(token, ["run", "--", .. House.LongScan(target)]);
        var live = await House.Running(target);
        live.ShouldLive();
        var grant = (await House.As("ada").Run(live.Id)).Grant;

        var ended = (await House.Type("ada", "users", "disable", "lea", "--reason", "left at noon", "--format", "json")).ShouldBeOk();

        live.Processes().ShouldBeEmpty("it was confirmed as dead");
        var view = JsonSerializer.Deserialize(ended.Output, WritJson.Default.UserEndView)!;
        (view.End.Outcome, view.End.Journalled, view.User.DisabledAt is not null).ShouldBe(("confirmed", true, true));
        view.End.LatencyMilliseconds.ShouldBeInRange(1, 1000);
        view.Grants.ShouldBe([grant]);
        view.End.Runs.ShouldHaveSingleItem().ProcessesLeft.ShouldBe(0);
        var (run, _) = await House.Ended(live.Id);
        (run.State, run.EndReason, run.EndDetail).ShouldBe(("killed", "revoked", "disabled by ada: left at noon"));
        (await House.With(token).Get("/v1/whoami", WritJson.Default.WhoAmI)).Status.ShouldBe(System.Net.HttpStatusCode.Unauthorized);
        (await typing.End()).ShouldBe(4).Error.ShouldContain("the token is unknown, expired or revoked");
        (await House.Type("ada", "users", "enable", "lea")).ShouldBeOk().Text.ShouldBe("enabled: lea");
        (await House.With(token).Get("/v1/whoami", WritJson.Default.WhoAmI)).Status.ShouldBe(System.Net.HttpStatusCode.Unauthorized, "what had ended does not come back");
    }

    [Fact]
    public async Task Revoke_and_kill_are_unconfirmed_while_the_runner_cannot_answer_and_hold_as_soon_as_it_can()
    {
        var (first, second) = (await House.Launch(House.Target(), "--uses", "2"), await House.Launch(House.Target()));
        var grant = (await House.As("sam").Run(first.Id)).Grant;
        House.Runner.Signal(HouseProcess.Stop);
        try
        {
            var clock = Stopwatch.StartNew();
            var ended = await Task.WhenAll(House.Type("sam", "revoke", grant, "--reason", "stop"), House.Type("sam", "kill", second.Id));
            clock.Elapsed.TotalSeconds.ShouldBeInRange(5, 6.5);
            foreach (var each in ended)
                each.ShouldBe(1).Text.ShouldStartWith("unconfirmed: ");
            first.ShouldLive();
            second.ShouldLive();
            (await House.As("sam").Run(second.Id)).EndedAt.ShouldBeNull();
            (await House.As("sam").Grant(grant)).State.ShouldBe("revoked");
        }
        finally
        {
            House.Runner.Signal(HouseProcess.Continue);
        }

        await first.Gone(withinSeconds: 3);
        await second.Gone(withinSeconds: 3);
        (await House.Ended(first.Id)).Run.EndReason.ShouldBe("revoked");
        (await House.Ended(second.Id)).Run.EndReason.ShouldBe("killed");
    }

    [Theory]
    [InlineData("Ctrl-C", HouseProcess.Interrupt)]
    [InlineData("a closed terminal", HouseProcess.Hangup)]
    public async Task Signal_to_the_client_kills_the_run_and_confirms(string what, int signal)
    {
        var target = House.Target();
        using var typing = House.StartTyping("sam", ["run", "--", .. House.LongScan(target)]);
        var live = await House.Running(target);
        typing.Process.Signal(signal);
        (await live.Gone(withinSeconds: 2)).ShouldBeLessThan(TimeSpan.FromSeconds(1), what);
        var ended = (await typing.End()).ShouldBe(125);
        ended.Error.ShouldMatch(@"^writ: killed, confirmed after \d+ ms, 0 processes left\n$");
        (await House.Ended(live.Id)).Run.EndReason.ShouldBe("killed");
    }

    [Fact]
    public async Task Run_ends_within_a_second_of_its_clients_death()
    {
        var target = House.Target();
        using var typing = House.StartTyping("sam", ["run", "--", .. House.LongScan(target)]);
        var live = await House.Running(target);
        typing.Process.Kill();
        (await live.Gone(withinSeconds: 3)).ShouldBeLessThan(TimeSpan.FromSeconds(1));
        var (run, entry) = await House.Ended(live.Id);
        (run.State, run.EndReason).ShouldBe(("killed", "client-gone"));
        entry.Text("processes_left").ShouldBe("0");
    }

    /// <summary>By the runner's own report: the kill came at the deadline, at most 150 ms off, and left nothing.</summary>
    internal static void ShouldBeKilledOnTime(JsonElement entry)
    {
        var deadline = entry.Instant("deadline");
        (entry.Instant("kill_at") - deadline).Duration().ShouldBeLessThan(OnTime);
        entry.Instant("at").ShouldBeLessThan(deadline + OnTime);
        entry.Text("cause").ShouldBe("deadline");
        entry.Text("processes_left").ShouldBe("0");
        entry.Text("recording_whole").ShouldBe("true");
    }

    [Collection(AloneOnSqliteCollection.Name)]
    public sealed class OnSqlite(LonelySqliteStreet houses) : EndingTests(houses);

    [Collection(AloneOnPostgresCollection.Name)]
    public sealed class OnPostgres(LonelyPostgresStreet houses) : EndingTests(houses);
}
