using Writ.Runner.Kernel;
using Writ.Runner.Runners;

namespace Writ.Runner.Host;

/// <summary>The processes through which tools may be executed: the supervisors of runs, and this runner's own daemon.</summary>
internal sealed class Brokers(DataFolder data)
{
    private const int MostAbove = 64;

    private readonly string? _own = FileMark.Of("/proc/self/exe");

    /// <summary>True for a process that one of them started, at whatever distance.</summary>
    public bool Started(int pid)
    {
        for (var (at, depth) = (pid, 0); at > 1 && depth < MostAbove; at = ProcessTable.ParentOf(at), depth++)
        {
            if (IsBroker(at))
                return true;
        }

        return false;
    }

    private bool IsBroker(int pid)
    {
        // Root's own: whoever may start this program as root may do anything. The supervisors' marks hold after an upgrade too.
        if (_own is not null && FileMark.Of($"/proc/{pid}/exe") == _own && ProcessTable.UserOf(pid) == Libc.geteuid())
            return true;
        var start = ProcessTable.StartOf(pid);
        return data.AllRuns().Any(run => run.ReadMark() is { } mark && mark.Pid == pid && mark.Start == start && mark.BootId == ProcessTable.BootId());
    }
}
