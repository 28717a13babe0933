using System.Text;
using System.Text.Json.Nodes;
using Writ.SystemTests.Runner.Fences;
using static Writ.SystemTests.Runner.SupervisedRun;

namespace Writ.SystemTests.Runner;

/// <summary>A supervised run dies when it must, to the tenth of a second. These measure, and run alone.</summary>
[Collection(AloneCollection.Name)]
public sealed class SupervisorDeadlineTests
{
    private static void ShouldDieOnTime(SupervisedRun run, string cause, long at)
    {
        var end = run.End();
        CauseOf(end).ShouldBe(cause);
        LeftOf(end).ShouldBe(0);
        run.Processes().ShouldBe(0);
        var late = end.GetProperty("at").GetInt64() - at;
        late.ShouldBeInRange(-1_000, 100_000, "microseconds after the deadline");
    }

    [Fact]
    public void Detached_child_deaf_to_signals_dies_at_the_deadline()
    {
        using var run = new SupervisedRun(DeafAndDetached, TimeSpan.FromSeconds(1.5)).Start().UntilStarted();
        Until(() => run.Processes() >= 5, "the children never came up");
        ShouldDieOnTime(run, "Deadline", run.Deadline);
    }

    // Writes what it has when it is asked to, and then ends.
    private static readonly string[] WritesWhenAsked = ["/usr/bin/sh", "-c", "trap 'echo results; exit 3' INT; echo begun; while :; do sleep 0.05; done"];

    [Fact]
    public void Tool_that_is_asked_before_its_deadline_writes_its_results()
    {
        using (var hard = new SupervisedRun(WritesWhenAsked, TimeSpan.FromSeconds(1)).Start())
        {
            ShouldDieOnTime(hard, "Deadline", hard.Deadline);
            hard.Output.ShouldBe("begun\n");
        }

        using var run = new SupervisedRun(WritesWhenAsked, TimeSpan.FromSeconds(5), spec => spec["soft_stop"] = 10_000_000).Start();
        var end = run.End();
        CauseOf(end).ShouldBe("Deadline");
        end.GetProperty("detail").GetString()!.ShouldMatch("^asked to end 0\\.[345] s before, it did$");
        // A tenth of what it had, and not the ten seconds that were wished for.
        (end.GetProperty("at").GetInt64() - run.Deadline).ShouldBeInRange(-600_000, 0);
        run.Output.ShouldBe("begun\nresults\n");
    }

    [Fact]
    public void Tool_that_is_deaf_to_being_asked_dies_at_the_deadline()
    {
        using var run = new SupervisedRun(DeafAndDetached, TimeSpan.FromSeconds(2), spec => spec["soft_stop"] = 1_000_000).Start();
        ShouldDieOnTime(run, "Deadline", run.Deadline);
    }

    [Fact]
    public void Wall_clock_alone_ends_the_run()
    {
        using var run = new SupervisedRun(["/usr/bin/sleep", "100"], TimeSpan.FromSeconds(1), spec => spec["deadline_boot"] = Boot() + 100_000_000).Start().UntilStarted();
        ShouldDieOnTime(run, "Deadline", run.Deadline);
    }

    [Fact]
    public void Boot_clock_alone_ends_the_run_whatever_the_wall_clock_says()
    {
        var at = 0L;
        using var run = new SupervisedRun(["/usr/bin/sleep", "100"], Long, spec =>
        {
            spec["deadline_boot"] = Boot() + 1_000_000;
            at = Wall() + 1_000_000;
        }).Start().UntilStarted();
        ShouldDieOnTime(run, "Deadline", at);
    }

    [Fact]
    public void Stopped_launcher_delays_nothing()
    {
        using var run = new SupervisedRun(DeafAndDetached, TimeSpan.FromSeconds(1.5));
        using var launcher = Launch("/usr/bin/sh", "-c", $"{Binary} supervise {run.Folder} & wait");
        run.UntilStarted();
        Signal(launcher.Id, "STOP");
        ShouldDieOnTime(run, "Deadline", run.Deadline);
        launcher.Kill();
    }

    [Fact]
    public void Killed_launcher_leaves_a_run_that_dies_at_its_deadline()
    {
        using var run = new SupervisedRun(DeafAndDetached, TimeSpan.FromSeconds(1.5));
        using var launcher = Launch("/usr/bin/sh", "-c", $"{Binary} supervise {run.Folder} & wait");
        run.UntilStarted();
        launcher.Kill();
        ShouldDieOnTime(run, "Deadline", run.Deadline);
    }

    [Fact]
    public void Lost_contact_ends_the_run_and_contact_keeps_it()
    {
        const int Limit = 1_500_000;
        using var run = new SupervisedRun(DeafAndDetached, Long, spec => spec["max_disconnected"] = Limit).Start().UntilStarted();
        using var control = run.Control();
        Throughout(TimeSpan.FromMicroseconds(2 * Limit), () =>
        {
            control.Send("contact"u8);
            return run.Processes() > 0;
        }, "it was in contact all the time", everyMilliseconds: 50);
        var before = Wall();
        control.Send("contact"u8);
        Ask(control, $"extend {run.Deadline - 1} {Boot()}").ShouldBe("refused", "and the contact before it was heard");
        var after = Wall();
        var end = run.End();
        (CauseOf(end), LeftOf(end), run.Processes()).ShouldBe(("Disconnected", 0, 0));
        end.GetProperty("at").GetInt64().ShouldBeInRange(before + Limit - 1_000, after + Limit + 100_000);
    }

    [Fact]
    public void Extension_moves_the_deadline_later_and_never_earlier()
    {
        using var run = new SupervisedRun(["/usr/bin/sleep", "100"], TimeSpan.FromSeconds(1.5)).Start().UntilStarted();
        using var control = run.Control();
        Ask(control, $"extend {run.Deadline - 1} {Boot()}").ShouldBe("refused");
        var later = run.Deadline + 1_000_000;
        Ask(control, $"extend {later} {Boot() + 30_000_000}").ShouldBe("ok");
        ShouldDieOnTime(run, "Deadline", later);
        run.End().GetProperty("deadline").GetInt64().ShouldBe(later);
    }

    [Fact]
    public void Held_back_tool_still_dies_at_the_deadline()
    {
        using var run = new SupervisedRun(["/usr/bin/head", "-c", "80000000", "/dev/zero"], TimeSpan.FromSeconds(1.5), spec => spec["unacknowledged_limit_bytes"] = 1_000_000).Start().UntilStarted();
        ShouldDieOnTime(run, "Deadline", run.Deadline);
    }
}
