namespace Writ.Runner.Kernel;

/// <summary>
/// Who gets a processor first where more want one than there are. A deadline on a busy machine would else wait for its turn twice: until
/// the supervisor may run, and until those that it killed may end. Where the right to it is missing nothing changes.
/// </summary>
internal static unsafe class Priority
{
    private const int OfProcess = 0, Normal = 0, ResetOnFork = 0x40000000;
    private const int First = -20, Early = -15;

    /// <summary>For the calling thread alone: whatever it starts has the usual priority.</summary>
    public static void RaiseThisThread()
    {
        var parameter = 0;
        if (Libc.sched_setscheduler(0, Normal | ResetOnFork, &parameter) == 0)
            _ = Libc.setpriority(OfProcess, 0, Early);
    }

    /// <summary>For a process that was killed, so that it ends soon.</summary>
    public static void Hurry(int pid) => _ = Libc.setpriority(OfProcess, (uint)pid, First);
}
