using Writ.Runner.Kernel;

namespace Writ.Runner.Runs;

/// <summary>
/// Asks a tool to end some seconds before its deadline, with SIGINT as a person's Ctrl-C would, so that it can write what it has.
/// The deadline itself depends on none of this: whoever is still there then is killed.
/// </summary>
/// <param name="before">How long before the deadline, in microseconds; 0 never asks.</param>
internal sealed class SoftStop(long before) : IDisposable
{
    /// <summary>It takes no more than this part of what a run has.</summary>
    private const int Part = 10;
    private readonly KernelTimer _timer = new(Libc.ClockBoottime);

    /// <summary>Readable when it is time to ask.</summary>
    public int Fd => _timer.Fd;

    /// <summary>When the tool was asked, by the wall clock; 0 as long as it was not.</summary>
    public long AskedAt { get; private set; }

    /// <summary>Takes note of the deadline, on CLOCK_BOOTTIME; a later one counts as long as the tool was not asked.</summary>
    public void Arm(long deadlineBoot)
    {
        var now = Clock.Boot();
        if (before > 0 && AskedAt == 0 && deadlineBoot > now)
            _timer.Arm(deadlineBoot - Math.Min(before, (deadlineBoot - now) / Part));
    }

    /// <summary>Asks the first process beside the sandbox's own.</summary>
    /// <param name="init">The PID namespace's first process.</param>
    public void Ask(ChildProcess? init)
    {
        _timer.Acknowledge();
        if (AskedAt != 0 || init is null || ProcessTable.FirstChild(init.Pid) is not { } pid || ChildProcess.Open(pid) is not { } tool)
            return;
        // Held first, then looked at: a number that came to mean another process is not signalled.
        using (tool)
        {
            if (ProcessTable.ParentOf(pid) == init.Pid && tool.Signal(Libc.SigInt))
                AskedAt = Clock.Wall();
        }
    }

    public void Dispose() => _timer.Dispose();
}
