using System.Runtime.InteropServices;
using Writ.Runner.Kernel;
using Writ.Runner.Runners;

namespace Writ.Runner.Host;

/// <summary>
/// <c>writ-runner guard</c>: keeps an <see cref="ExecutionWatch"/> running, and ends it when it is silent, since while it
/// lives and does not answer, nobody can execute a guarded tool. A tripwire, no wall: a copy of the program passes it.
/// </summary>
internal static class GuardTools
{
    /// <summary>So long may the watch be silent, in milliseconds: the longest that an execution hangs.</summary>
    private const int MostSilent = 500;

    private const int Pause = 1_000;

    /// <summary>Runs until SIGTERM or SIGINT. Exit code 0.</summary>
    /// <exception cref="RunnerException">The watch cannot begin.</exception>
    public static int Run(DataFolder data, bool refuse, TextWriter output)
    {
        var tools = GuardedTool.Of(RunnerConfig.Read(data.Config).Tools);
        if (tools.Count == 0)
            throw new RunnerException($"no tool of {data.Config} is there, so there is nothing to guard");
        var stop = Libc.Must(Libc.eventfd(0, 0x80000 /* EFD_CLOEXEC */), "eventfd");
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        var began = false;
        while (true)
        {
            using var watch = Watch.Start(data, refuse);
            var ending = watch.Follow(stop, MostSilent, () =>
            {
                if (!began)
                    output.WriteLine($"guarding {string.Join(", ", tools.Select(tool => tool.Path))}: whoever executes it past the runner is {(refuse ? "refused and told" : "told")}");
                output.Flush();
                began = true;
            });
            if (ending == Ending.Stopped)
                return 0;
            if (!began)
                throw new RunnerException("executions cannot be watched", "run as root, on a kernel with fanotify permission events");
            output.WriteLine(ending == Ending.Silent ? "the watch did not answer and was ended; it begins anew" : "the watch ended; it begins anew");
            output.Flush();
            if (Wait(stop, Pause))
                return 0;
        }

        unsafe void Stop(PosixSignalContext context)
        {
            context.Cancel = true;
            var one = 1UL;
            _ = Libc.write(stop, (byte*)&one, sizeof(ulong));
        }
    }

    private static unsafe bool Wait(int fd, int milliseconds)
    {
        var poll = new Libc.PollFd { Fd = fd, Events = Libc.PollIn };
        return Libc.poll(&poll, 1, milliseconds) > 0;
    }

    private enum Ending
    {
        Stopped,
        Gone,
        Silent,
    }

    /// <summary>The process that watches, and the pipe by which it says that it does.</summary>
    private sealed class Watch(ChildProcess process, int pipe) : IDisposable
    {
        public static unsafe Watch Start(DataFolder data, bool refuse)
        {
            var ends = stackalloc int[2];
            Libc.Must(Libc.pipe2(ends, Libc.OCloexec | Libc.ONonblock), "pipe2");
            var nothing = Libc.Must(Libc.open("/dev/null", Libc.ORdWr | Libc.OCloexec, 0), "/dev/null");
            try
            {
                return new(ChildProcess.Start("/proc/self/exe", ["writ-runner", "watch-executions", data.Path, refuse ? "refuse" : "tell"], [], [nothing, nothing, 2, ends[1]], session: true), ends[0]);
            }
            finally
            {
                _ = Libc.close(nothing);
                _ = Libc.close(ends[1]);
            }
        }

        public unsafe Ending Follow(int stop, int mostSilent, Action alive)
        {
            var polls = stackalloc Libc.PollFd[3];
            var buffer = stackalloc byte[256];
            while (true)
            {
                polls[0] = new() { Fd = stop, Events = Libc.PollIn };
                polls[1] = new() { Fd = process.Fd, Events = Libc.PollIn };
                polls[2] = new() { Fd = pipe, Events = Libc.PollIn };
                var ready = Libc.poll(polls, 3, mostSilent);
                if (ready < 0)
                    continue;
                if (polls[0].Ready != 0)
                    return Ending.Stopped;
                if (ready == 0)
                    return Ending.Silent;
                if (polls[1].Ready != 0)
                    return Ending.Gone;
                if (Libc.read(pipe, buffer, 256) > 0)
                    alive();
            }
        }

        public void Dispose()
        {
            // Closing its descriptor, the kernel lets every execution go on that waits for it.
            process.Kill();
            process.WaitGone(1_000);
            process.TryReap();
            process.Dispose();
            _ = Libc.close(pipe);
        }
    }
}
