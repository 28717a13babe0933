using Writ.Runner.Kernel;
using Writ.Runner.Runners;

namespace Writ.Runner.Host;

/// <summary>
/// Answers the kernel's questions whether a guarded tool may be executed (fanotify(7), FAN_OPEN_EXEC_PERM), and keeps a report of
/// each execution outside a run. Only the programs themselves are watched, so that nothing else of the host waits.
/// </summary>
internal static class ExecutionWatch
{
    private const uint ClassContent = 4, CloseOnExec = 1, NonBlock = 2, MarkAdd = 1;
    private const ulong OpenExecPermission = 0x40000;
    private const int Here = -100, EventSize = 24, Beat = 100, Heart = 3;
    private const uint Allow = 1, Deny = 2;

    /// <summary>Runs until it is killed, or whoever started it is gone.</summary>
    public static unsafe int Run(DataFolder data, bool refuse, TimeProvider time)
    {
        var tools = GuardedTool.Of(RunnerConfig.Read(data.Config).Tools);
        var fd = Libc.Must(Libc.fanotify_init(ClassContent | CloseOnExec | NonBlock, Libc.OReadOnly | Libc.OCloexec), "fanotify_init");
        foreach (var tool in tools)
            Libc.Must(Libc.fanotify_mark(fd, MarkAdd, OpenExecPermission, Here, tool.Path), $"fanotify_mark {tool.Path}");
        var brokers = new Brokers(data);
        var reports = new ExecutionReports(new ReportSpool(data, Console.Error.WriteLine), time, Console.Error.WriteLine);
        var events = stackalloc byte[64 * EventSize];
        while (true)
        {
            byte beat = 1;
            var poll = new Libc.PollFd { Fd = fd, Events = Libc.PollIn };
            _ = Libc.poll(&poll, 1, Beat);
            // A full pipe says that nobody reads just now; a broken one that nobody is left.
            if (Libc.write(Heart, &beat, 1) < 0 && System.Runtime.InteropServices.Marshal.GetLastPInvokeError() == 32 /* EPIPE */)
                return 0;
            var length = (int)Libc.read(fd, events, 64 * EventSize);
            for (var at = 0; at + EventSize <= length; at += *(int*)(events + at))
            {
                var (program, pid) = (*(int*)(events + at + 16), *(int*)(events + at + 20));
                // Read while it waits: afterwards it is another program, or gone.
                var execution = brokers.Started(pid) ? null : UnbrokeredExecutions.Read(program, pid, refuse);
                var answer = ((ulong)(execution is not null && refuse ? Deny : Allow) << 32) | (uint)program;
                _ = Libc.write(fd, (byte*)&answer, sizeof(ulong));
                _ = Libc.close(program);
                if (execution is not null)
                    reports.Add(execution);
            }

            reports.Settle();
        }
    }
}
