namespace Writ.Runner.Kernel;

/// <summary>
/// The kernel's clocks in microseconds. CLOCK_BOOTTIME counts suspend and cannot be set, so a deadline on it holds
/// whatever somebody does to the wall clock.
/// </summary>
internal static unsafe class Clock
{
    /// <summary>Microseconds since the machine started, suspend included.</summary>
    public static long Boot() => Read(Libc.ClockBoottime);

    /// <summary>Unix microseconds by this machine's wall clock.</summary>
    public static long Wall() => Read(Libc.ClockRealtime);

    private static long Read(int clock)
    {
        Libc.TimeSpec time;
        Libc.Must(Libc.clock_gettime(clock, &time), "clock_gettime");
        return (time.Seconds * 1_000_000) + (time.Nanoseconds / 1_000);
    }
}

/// <summary>A timer that becomes readable at an absolute instant (microseconds of its clock).</summary>
internal sealed unsafe class KernelTimer(int clock) : IDisposable
{
    private readonly int _flags = Libc.TfdAbsolute | (clock == Libc.ClockRealtime ? Libc.TfdCancelOnSet : 0);

    public int Fd { get; } = Libc.Must(Libc.timerfd_create(clock, Libc.TfdCloexec | Libc.TfdNonblock), "timerfd_create");

    /// <summary>Arms it; an instant that is over fires at once.</summary>
    public void Arm(long at)
    {
        at = Math.Max(at, 1);
        var spec = new Libc.TimerSpec { Value = new() { Seconds = at / 1_000_000, Nanoseconds = at % 1_000_000 * 1_000 } };
        Libc.Must(Libc.timerfd_settime(Fd, _flags, &spec, null), "timerfd_settime");
    }

    /// <summary>Takes note of a wake-up: an expiry, or (wall clock only) a step of the clock.</summary>
    public void Acknowledge()
    {
        long count;
        _ = Libc.read(Fd, (byte*)&count, 8);
    }

    public void Dispose() => _ = Libc.close(Fd);
}
