using Writ.Contracts;

namespace Writ.SystemTests.EndToEnd;

/// <summary>A part of the house is gone, and the promises hold: deadlines, silence, and taking a right away.</summary>
public abstract class OutageTests(Houses houses) : EndToEndTest(houses)
{
    [Fact]
    public async Task Runner_killed_during_a_run_comes_back_to_it()
    {
        var live = await House.Launch(House.Target(), "--for", "8s");
        House.Runner.Kill();
        live.ShouldLive();
        await House.BeWhole();
        live.ShouldLive();
        await live.Gone(withinSeconds: 10);
        var (run, entry) = await House.Ended(live.Id);
        (run.State, run.EndReason).ShouldBe(("killed", "deadline"));
        EndingTests.ShouldBeKilledOnTime(entry);
        (await House.As("sam").Recording(live.Id)).Sha256.ShouldBe(run.RecordingSha256);
    }

    [Fact]
    public async Task Attached_client_goes_on_without_a_gap_when_the_server_comes_back()
    {
        var target = House.Target();
        string[] command = ["nmap", "-n", "-Pn", "-vv", "-sT", "--max-rate", "12", "-p", "1-300", target];
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
        // All that has happened is in a head that was shown, so that none has to be kept on the full disk.
        foreach (var run in (RunOnHost[])[first, second])
            await House.Until(async () => (await house.As("sam").Run(run.Id)).State == "running", "the server does not know that it runs");
        (await house.Type("sam", "whoami")).ShouldBeOk();
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

    private async Task End(RunOnHost run) => (await House.Type("sam", "kill", run.Id)).ShouldBeOk();

    [Collection(ApartOnSqliteCollection.Name)]
    public sealed class OnSqlite(ApartSqliteStreet houses) : OutageTests(houses);

    [Collection(ApartOnPostgresCollection.Name)]
    public sealed class OnPostgres(ApartPostgresStreet houses) : OutageTests(houses);
}
