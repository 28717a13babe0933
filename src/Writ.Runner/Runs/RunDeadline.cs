using Writ.Runner.Kernel;

namespace Writ.Runner.Runs;

/// <summary>
/// A run's deadline on both clocks, of which the earlier counts: whatever is done to the wall clock, the run ends when its time is over on
/// CLOCK_BOOTTIME, and one that sleeps through its instant ends by the wall clock. One thread's alone.
/// </summary>
/// <param name="wall">By the wall clock, in Unix microseconds.</param>
/// <param name="boot">On CLOCK_BOOTTIME, in microseconds.</param>
/// <param name="clock">The wall clock.</param>
internal sealed class RunDeadline(long wall, long boot, IWallClock clock) : IDisposable
{
    private readonly KernelTimer _boot = new(Libc.ClockBoottime);

    /// <summary>By the wall clock, in Unix microseconds.</summary>
    public long Wall { get; private set; } = wall;

    /// <summary>On CLOCK_BOOTTIME, in microseconds.</summary>
    public long Boot { get; private set; } = boot;

    /// <summary>Readable when the time is over on CLOCK_BOOTTIME.</summary>
    public int BootFd => _boot.Fd;

    /// <summary>Readable when <see cref="HasCome"/> has something to look at.</summary>
    public int WallFd => clock.Fd;

    /// <summary>Whether either clock has passed it.</summary>
    public bool IsOver => clock.Now() >= Wall || Clock.Boot() >= Boot;

    /// <summary>Begins to watch.</summary>
    public void Arm()
    {
        _boot.Arm(Boot);
        clock.Arm(Wall);
    }

    /// <summary>Moves it.</summary>
    public void Move(long wall, long boot)
    {
        (Wall, Boot) = (wall, boot);
        Arm();
    }

    /// <summary>The wall clock's timer has woken, at its instant or since somebody has set the clock: whether the instant has come.</summary>
    public bool HasCome()
    {
        clock.Acknowledge();
        if (clock.Now() >= Wall)
            return true;
        clock.Arm(Wall);
        return false;
    }

    public void Dispose()
    {
        _boot.Dispose();
        clock.Dispose();
    }
}

/// <summary>A wall clock with one timer, which also wakes when somebody sets the clock.</summary>
internal interface IWallClock : IDisposable
{
    /// <summary>Unix microseconds.</summary>
    long Now();

    /// <summary>Readable at the armed instant, and when the clock was set.</summary>
    int Fd { get; }

    /// <summary>Arms it; an instant that is over fires at once.</summary>
    void Arm(long at);

    /// <summary>Takes note of a wake-up.</summary>
    void Acknowledge();
}

/// <summary>This machine's.</summary>
internal sealed class WallClock : IWallClock
{
    private readonly KernelTimer _timer = new(Libc.ClockRealtime);

    public int Fd => _timer.Fd;

    public long Now() => Clock.Wall();

    public void Arm(long at) => _timer.Arm(at);

    public void Acknowledge() => _timer.Acknowledge();

    public void Dispose() => _timer.Dispose();
}
