using Writ.Contracts;

namespace Writ.SystemTests.EndToEnd;

/// <summary>A link or a server is gone, and a run ends when it must, to the fraction of a second. These measure, and run alone.</summary>
public abstract class LostContactTests(Houses houses) : EndToEndTest(houses)
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
        MachineClock.Now.ShouldBeInRange(deadline - TimeSpan.FromMilliseconds(150), deadline + TimeSpan.FromMilliseconds(150));

        await House.BeWhole();
        var (run, entry) = await House.Ended(live.Id);
        (run.State, run.EndReason, run.End!.Outcome).ShouldBe(("killed", "deadline", "confirmed"));
        EndingTests.ShouldBeKilledOnTime(entry);
        var recorded = await House.As("sam").Recording(live.Id);
        recorded.Sha256.ShouldBe(run.RecordingSha256);
        (await House.Type("sam", "watch", live.Id)).ShouldBe(124).Output.ShouldBe(recorded.Output);
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
        await MachineClock.Until(deadline - TimeSpan.FromSeconds(2), Cancel);
        var back = House.BeWhole();
        await live.Gone(withinSeconds: 5);
        MachineClock.Now.ShouldBeInRange(deadline - TimeSpan.FromMilliseconds(150), deadline + TimeSpan.FromMilliseconds(150));

        await back;
        (await typing.End()).ShouldBe(124).Error.ShouldContain("writ: killed at the deadline");
        var (run, entry) = await House.Ended(live.Id);
        (run.State, run.EndReason, run.Results!.Complete).ShouldBe(("killed", "deadline", false));
        EndingTests.ShouldBeKilledOnTime(entry);
        entry.Text("cut").ShouldNotBeNull().ShouldStartWith("Connect Scan, ");
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
    public sealed class OnSqlite(LonelySqliteStreet houses) : LostContactTests(houses);

    [Collection(AloneOnPostgresCollection.Name)]
    public sealed class OnPostgres(LonelyPostgresStreet houses) : LostContactTests(houses);
}
