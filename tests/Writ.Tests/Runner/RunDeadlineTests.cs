using System.Runtime.InteropServices;
using Writ.Runner.Kernel;
using Writ.Runner.Runs;

namespace Writ.Tests.Runner;

/// <summary>The deadline of a run while somebody sets the machine's clock; here the clock is set at the border to the kernel alone.</summary>
public sealed class RunDeadlineTests
{
    private const long Hour = 3_600_000_000, Left = 300_000;

    [Theory]
    [InlineData(-2 * Hour)]
    [InlineData(-1)]
    [InlineData(Left / 3)]
    public void Clock_that_is_stepped_back_or_a_little_on_moves_no_end(long step)
    {
        var boot = Clock.Boot() + Left;
        using var wall = new SteppedClock();
        using var deadline = new RunDeadline(wall.Now() + Left + Hour, boot, wall);
        deadline.Arm();
        for (var steps = 0; !Wait(deadline); steps++)
        {
            if (steps < 3)
                wall.Step(step);
        }

        Clock.Boot().ShouldBeGreaterThanOrEqualTo(boot);
        deadline.IsOver.ShouldBeTrue();
    }

    [Fact]
    public void Clock_that_is_stepped_past_the_instant_ends_the_run_at_once_and_back_again_does_not_begin_it_anew()
    {
        var begin = Clock.Boot();
        using var wall = new SteppedClock();
        using var deadline = new RunDeadline(wall.Now() + Hour, begin + Hour, wall);
        deadline.Arm();
        deadline.IsOver.ShouldBeFalse();
        wall.Step(2 * Hour);
        Wait(deadline).ShouldBeTrue();
        (Clock.Boot() - begin).ShouldBeLessThan(Hour);
    }

    [Fact]
    public void Clock_that_is_stepped_back_before_an_extension_counts_from_the_order_alone()
    {
        using var wall = new SteppedClock();
        var boot = Clock.Boot() + Left;
        using var deadline = new RunDeadline(wall.Now() + Left, boot - (Left / 2), wall);
        deadline.Arm();
        wall.Step(-2 * Hour);
        deadline.Move(deadline.Wall + Hour, boot);
        while (!Wait(deadline))
        {
            // The time may come between the wait and the look; what was over before it came is wrong.
            var over = deadline.IsOver;
            (over && Clock.Boot() < boot).ShouldBeFalse();
        }

        Clock.Boot().ShouldBeGreaterThanOrEqualTo(boot);
    }

    // As a supervisor waits: true when the time is over.
    private static bool Wait(RunDeadline deadline)
    {
        Libc.PollFd[] polls = [new() { Fd = deadline.BootFd, Events = Libc.PollIn }, new() { Fd = deadline.WallFd, Events = Libc.PollIn }];
        Poll(polls, 2, 20).ShouldBeGreaterThanOrEqualTo(0);
        return polls[0].Ready != 0 || (polls[1].Ready != 0 && deadline.HasCome());
    }

    [DllImport("libc", EntryPoint = "poll")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Poll([In, Out] Libc.PollFd[] polls, nuint count, int milliseconds);

    /// <summary>A wall clock as the kernel's timers see it: an armed instant is looked at anew when the clock is set, and that wakes who waits.</summary>
    private sealed class SteppedClock : IWallClock
    {
        private readonly KernelTimer _timer = new(Libc.ClockBoottime);
        private long _offset = Clock.Wall() - Clock.Boot();

        public int Fd => _timer.Fd;

        public long Now() => Clock.Boot() + _offset;

        public void Arm(long at) => _timer.Arm(at - _offset);

        public void Acknowledge() => _timer.Acknowledge();

        public void Step(long by)
        {
            _offset += by;
            _timer.Arm(1);
        }

        public void Dispose() => _timer.Dispose();
    }
}
