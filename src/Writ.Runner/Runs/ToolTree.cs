using System.Text;
using System.Text.Json;
using Writ.Runner.Kernel;
using Writ.Runner.Sandboxes;

namespace Writ.Runner.Runs;

/// <summary>
/// The processes of a run in the hands of its supervisor: bubblewrap, the first process of the PID namespace that it makes, and
/// all that come up in there. One thread's alone.
/// </summary>
/// <param name="bwrap">Bubblewrap, just started.</param>
/// <param name="status">Where it reports; closed by this.</param>
internal sealed unsafe class ToolTree(ChildProcess bwrap, int status) : IDisposable
{
    private const long ReapPatience = 10_000_000, CountPatience = 5_000;
    private readonly StringBuilder _statusText = new();
    private int _namespace = -1;

    /// <summary>Readable once bubblewrap is gone.</summary>
    public int Fd => bwrap.Fd;

    /// <summary>Readable when <see cref="ReadStatus"/> has something to do; -1 once bubblewrap has nothing more to say.</summary>
    public int Status { get; private set; } = status;

    /// <summary>The PID namespace's first process; null before bubblewrap has told it.</summary>
    public ChildProcess? Init { get; private set; }

    /// <summary>The namespace's inode number; 0 before bubblewrap has told it.</summary>
    public long PidNamespace { get; private set; }

    /// <summary>The tool's exit code, once bubblewrap has told it.</summary>
    public int? ToolExit { get; private set; }

    /// <summary>True once the tool itself is or was executed, and not only what leads to it.</summary>
    public bool IsExecuted =>
        ToolExit is not null || (Init is { } init && ProcessTable.FirstChildName(init.Pid) is { } name && !Sandbox.IsOnTheWay(name));

    /// <summary>Takes in what bubblewrap has reported.</summary>
    public void ReadStatus()
    {
        var buffer = stackalloc byte[1024];
        var length = Status < 0 ? -1 : Libc.read(Status, buffer, 1024);
        if (length <= 0)
        {
            if (length == 0)
            {
                _ = Libc.close(Status);
                Status = -1;
            }

            return;
        }

        _statusText.Append(Encoding.UTF8.GetString(buffer, (int)length));
        var text = _statusText.ToString();
        for (int end; (end = text.IndexOf('\n', StringComparison.Ordinal)) >= 0; text = text[(end + 1)..])
        {
            if (JsonSerializer.Deserialize(text[..end], RunnerJson.Default.SandboxStatus) is not { } told)
                continue;
            ToolExit = told.ExitCode ?? ToolExit;
            if (told.ChildPid == 0)
                continue;
            PidNamespace = told.PidNamespace;
            // Held only if it is still bubblewrap's child: else it is gone and the number may be somebody else's.
            if (ChildProcess.Open(told.ChildPid) is { } init && ProcessTable.ParentOf(init.Pid) == bwrap.Pid)
            {
                Init = init;
                // Held until all are counted: the number of a namespace that is gone is the next one's, perhaps of another run.
                _namespace = Libc.open($"/proc/{init.Pid}/ns/pid", Libc.OReadOnly | Libc.OCloexec, 0);
            }
        }

        _statusText.Clear().Append(text);
    }

    /// <summary>Ends all of them: with the namespace's first process the kernel kills every other in it, and lets it go only when they are gone.</summary>
    public void Kill()
    {
        foreach (var process in (ChildProcess?[])[Init, bwrap])
        {
            // Neither number can come to mean another process: both are ours to reap, and that comes later.
            if (process?.Kill() == true)
                Priority.Hurry(process.Pid);
        }
    }

    /// <summary>How many processes there are in the sandbox now, its own first one among them; null where that is not known.</summary>
    public int? Count() => Init is { } init ? ProcessTable.CountTree(init.Pid, CountPatience) : null;

    /// <summary>Waits until no child is left, at most 10 seconds, killing what still comes up; tells bubblewrap's exit code.</summary>
    /// <param name="tree">What was started; null where nothing is known of it, so that whatever is there is killed.</param>
    public static int Reap(ToolTree? tree)
    {
        var exitCode = 0;
        var giveUp = Clock.Boot() + ReapPatience;
        while (true)
        {
            var pid = ChildProcess.ReapAny(out var code);
            if (tree is not null && pid == tree.BubblewrapPid)
                exitCode = code;
            if (pid > 0)
                continue;
            if (pid < 0 || Clock.Boot() >= giveUp)
                return exitCode;
            // Bubblewrap killed before it told its child's number leaves that child to us.
            foreach (var child in ProcessTable.ChildrenOf(Environment.ProcessId))
            {
                using var held = ChildProcess.Open(child);
                if (ProcessTable.ParentOf(child) == Environment.ProcessId)
                    held?.Kill();
            }

            var poll = new Libc.PollFd { Fd = tree?.Init?.Fd ?? tree?.Fd ?? -1, Events = Libc.PollIn };
            _ = Libc.poll(&poll, 1, 1);
        }
    }

    private int BubblewrapPid => bwrap.Pid;

    public void Dispose()
    {
        bwrap.Dispose();
        Init?.Dispose();
        foreach (var fd in (int[])[Status, _namespace])
        {
            if (fd >= 0)
                _ = Libc.close(fd);
        }
    }
}
