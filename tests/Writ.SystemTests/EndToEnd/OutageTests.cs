using Writ.Contracts;

namespace Writ.SystemTests.EndToEnd;

/// <summary>A part of the house is gone, and the promises hold: deadlines, silence, and taking a right away.</summary>
public abstract class OutageTests(Houses houses) : EndToEndTest(houses)
{
    [Fact]
    public async Task Link_cut_during_a_run_kills_it_when_max_disconnected_is_over()
    {
        // The other one's rule says 60 seconds: the cut alone ends nothing.
        var (brittle, patient) = (await House.Launch(House.BrittleTarget()), await House.Launch(House.Target()));
        House.Runner.Signal(HouseProcess.Stop);
        try
        {
            (await brittle.Gone(withinSeconds: 4)).TotalSeconds.ShouldBeInRange(0.7, 2.5);
            patient.ShouldLive();
        }
        finally
        {
            House.Runner.Signal(HouseProcess.Continue);
        }

        await ShouldBeDisconnected(brittle);
        await End(patient);
    }

    [Fact]
    public async Task Server_killed_during_a_run_ends_it_when_max_disconnected_is_over()
    {
        var (brittle, patient) = (await House.Launch(House.BrittleTarget()), await House.Launch(House.Target()));
        House.KillServer(); // It may not even have heard yet that they run.
        (await brittle.Gone(withinSeconds: 4)).TotalSeconds.ShouldBeInRange(0.7, 2.5);
        patient.ShouldLive();

        await House.BeWhole();
        await ShouldBeDisconnected(brittle);
        await End(patient);
    }

    [Fact]
    public async Task Server_killed_during_a_run_leaves_one_that_dies_at_its_deadline_and_is_accounted_for()
    {
        var live = await House.Launch(House.Target(), "--for", "3s");
        var deadline = (await House.As("sam").Run(live.Id)).Deadline;
        House.KillServer();
        live.ShouldLive();
        await live.Gone(withinSeconds: 5);
        DateTimeOffset.UtcNow.ShouldBeInRange(deadline - TimeSpan.FromMilliseconds(150), deadline + TimeSpan.FromMilliseconds(150));

        await House.BeWhole();
        var (run, entry) = await House.Ended(live.Id);
        (run.State, run.EndReason, run.End!.Outcome).ShouldBe(("killed", "deadline", "confirmed"));
        EndingTests.ShouldBeKilledOnTime(entry);
        var recorded = await House.As("sam").Recording(live.Id);
        recorded.Sha256.ShouldBe(run.RecordingSha256);
        (await House.Type("sam", "watch", live.Id)).ShouldBe(124).Output.ShouldBe(recorded.Output);
    }

    [Fact]
    public async Task Server_killed_before_it_hears_that_its_order_was_taken_learns_of_the_run_and_can_end_it()
    {
        // The order waits at the stopped runner, the server dies, and only then is the order read and obeyed.
        House.Runner.Signal(HouseProcess.Stop);
        string run;
        try
        {
            run = (await House.Type("sam", ["run", "--detach", "--", .. House.LongScan(House.Target())])).ShouldBeOk().Text;
            House.KillServer();
        }
        finally
        {
            House.Runner.Signal(HouseProcess.Continue);
        }

        await House.BeWhole();
        var live = await House.OnHost(run);
        await House.Until(async () => (await House.As("sam").Run(run)).State == "running", "the server does not know that it runs");
        (await House.As("ada").Audit((await House.As("sam").Run(run)).Request)).Select(Entries.Type).ShouldNotContain("order.refused");
        live.ShouldLive();
        await End(live);
        live.Processes().ShouldBeEmpty();
    }

    [Fact]
    public async Task Runner_killed_during_a_run_comes_back_to_it()
    {
        var live = await House.Launch(House.Target(), "--for", "4s");
        House.Runner.Kill();
        live.ShouldLive();
        await House.BeWhole();
        live.ShouldLive();
        await live.Gone(withinSeconds: 6);
        var (run, entry) = await House.Ended(live.Id);
        (run.State, run.EndReason).ShouldBe(("killed", "deadline"));
        EndingTests.ShouldBeKilledOnTime(entry);
        (await House.As("sam").Recording(live.Id)).Sha256.ShouldBe(run.RecordingSha256);
    }

    [Fact]
    public async Task Attached_client_goes_on_without_a_gap_when_the_server_comes_back()
    {
        var target = House.Target();
        string[] command = ["nmap", "-n", "-Pn", "-vv", "-sT", "--max-rate", "12", "-p", "1-100", target];
        using var typing = House.StartTyping("sam", ["run", "--", .. command]);
        var live = await House.Running(target);
        House.KillServer();
        await House.BeWhole();
        live.ShouldLive();
        var ran = (await typing.End()).ShouldBeOk();
        ran.Text.ShouldContain("Nmap done: 1 IP address (1 host up)");
        (await House.As("sam").Recording(live.Id)).Output.ShouldBe(ran.Output);
    }

    [Fact]
    public async Task Client_and_runner_that_come_back_right_before_the_deadline_change_nothing_about_it()
    {
        var target = House.Target();
        using var typing = House.StartTyping("sam", ["run", "--for", "5s", "--", .. House.LongScan(target)]);
        var live = await House.Running(target);
        var deadline = (await House.As("sam").Run(live.Id)).Deadline;
        House.KillServer();
        // A server is back after a second or so; both find it by themselves.
        await House.Until(() => Task.FromResult(DateTimeOffset.UtcNow > deadline - TimeSpan.FromSeconds(2)), "time does not pass");
        var back = House.BeWhole();
        await live.Gone(withinSeconds: 5);
        DateTimeOffset.UtcNow.ShouldBeInRange(deadline - TimeSpan.FromMilliseconds(150), deadline + TimeSpan.FromMilliseconds(150));

        await back;
        (await typing.End()).ShouldBe(124).Error.ShouldContain("writ: killed at the deadline");
        var (run, entry) = await House.Ended(live.Id);
        (run.State, run.EndReason, run.Results!.Complete).ShouldBe(("killed", "deadline", false));
        EndingTests.ShouldBeKilledOnTime(entry);
        entry.Text("cut").ShouldNotBeNull().ShouldStartWith("Connect Scan, ");
    }

    [Fact]
    public async Task Run_is_killed_on_its_own_host_while_the_database_is_down()
    {
        var live = await House.Launch(House.Target());
        await House.Database.TakeDown(House);
        try
        {
            live.ShouldLive();
            var killed = (await House.OnRunnerHost("kill", [live.Id, "--reason", "nobody else can"])).ShouldBeOk();
            killed.Text.ShouldMatch($@"^killed {live.Id}: 0 processes left, \d+ ms$");
            live.Processes().ShouldBeEmpty();
        }
        finally
        {
            await House.Database.BringUp(House);
        }

        var (run, entry) = await House.Ended(live.Id, withinSeconds: 15);
        (run.State, run.EndReason).ShouldBe(("killed", "killed"));
        entry.Text("recording_whole").ShouldBe("true");
    }

    [Fact]
    public async Task Revoke_and_kill_work_while_the_disk_is_full_and_are_on_the_record_afterwards()
    {
        var house = await HouseWithSmallDisk();
        var (first, second) = (await house.Launch(house.Target(), "--uses", "2"), await house.Launch(house.Target()));
        var grant = (await house.As("sam").Run(first.Id)).Grant;
        await house.Database.FillDisk(house);

        var asked = await house.As("sam").Post("/v1/requests", new(House.ShortScan(house.Target())), WritJson.Default.AskForAccess, WritJson.Default.RequestView);
        asked.Problem?.Type.ShouldBe("unavailable", "what gives a right does not happen without its audit entry");
        var revoked = (await house.As("sam").Post($"/v1/grants/{grant}/revoke", new("full"), WritJson.Default.EndAsk, WritJson.Default.EndView)).Ok;
        (revoked.Outcome, revoked.Journalled).ShouldBe(("confirmed", false));
        first.Processes().ShouldBeEmpty();
        var killed = (await house.Type("sam", "kill", second.Id)).ShouldBeOk();
        killed.Text.ShouldMatch(@"^confirmed: dead after \d+ ms, 0 processes left$");
        killed.Error.ShouldBe("hint: the database cannot be written; the record follows as soon as it can\n");
        second.Processes().ShouldBeEmpty();

        await house.Database.FreeDisk(house);
        await House.Until(async () => (await house.As("ada").Get($"/v1/grants/{grant}", WritJson.Default.GrantView)).Value?.State == "revoked", "the revocation was never written");
        var (one, _) = await house.Ended(first.Id);
        (one.State, one.EndReason).ShouldBe(("killed", "revoked"));
        var (two, _) = await house.Ended(second.Id);
        (two.State, two.EndReason).ShouldBe(("killed", "killed"));
        var story = await house.As("ada").Audit(one.Request);
        story.Single(entry => entry.Type() == "grant.ended" && entry.Text("state") == "revoked").Actor().ShouldBe("sam");
        story.ShouldContain(entry => entry.Type() == "run.kill-asked");
    }

    [Fact]
    public async Task Runner_that_is_away_is_told_and_takes_no_use()
    {
        var target = House.Target();
        var grant = await Granted(House.ShortScan(target));
        await House.StopRunner();
        await House.Until(async () => !(await House.As("ada").Get("/v1/runners", WritJson.Default.PageRunnerView)).Ok.Items.Any(runner => runner.Connected), "the runner counts as connected", seconds: 2);
        (await House.Type("dana", ["run", "--", .. House.ShortScan(target)])).ShouldBeAnError(127, "the runner of this grant is not connected");
        (await House.Type("sam", ["run", "--", .. House.ShortScan(House.Target())])).ShouldBeAnError(127, "runner");
        (await House.As("dana").Grant(grant)).UsesLeft.ShouldBe(1);
        await House.BeWhole();
        (await House.Type("dana", ["run", "--", .. House.ShortScan(target)])).ShouldBeOk();
    }

    private async Task ShouldBeDisconnected(RunOnHost run)
    {
        var (ended, entry) = await House.Ended(run.Id);
        (ended.State, ended.EndReason, ended.End!.Outcome).ShouldBe(("killed", "disconnected", "confirmed"));
        entry.Text("processes_left").ShouldBe("0");
        entry.Text("recording_whole").ShouldBe("true");
        (await House.Type("sam", "watch", run.Id)).ShouldBe(125);
    }

    private async Task End(RunOnHost run) => (await House.Type("sam", "kill", run.Id)).ShouldBeOk();

    [Collection(AloneOnSqliteCollection.Name)]
    public sealed class OnSqlite(LonelySqliteStreet houses) : OutageTests(houses);

    [Collection(AloneOnPostgresCollection.Name)]
    public sealed class OnPostgres(LonelyPostgresStreet houses) : OutageTests(houses);
}
