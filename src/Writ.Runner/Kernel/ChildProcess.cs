using System.Runtime.InteropServices;
using System.Text;

namespace Writ.Runner.Kernel;

/// <summary>A process held by a pidfd, which can never come to mean another process.</summary>
internal sealed unsafe class ChildProcess : IDisposable
{
    private const short SetSignalDefaults = 4, SetSignalMask = 8, SetSession = 0x80;
    private const long PidfdSendSignal = 424, PidfdOpen = 434;
    private const int ByPidfd = 3, Exited = 4, NoHang = 1;

    private ChildProcess(int pid, int fd) => (Pid, Fd) = (pid, fd);

    public int Pid { get; }

    /// <summary>Readable once the process is gone.</summary>
    public int Fd { get; private set; }

    /// <summary>Holds a running process, or null where there is none of this number.</summary>
    public static ChildProcess? Open(int pid)
    {
        var fd = (int)Libc.syscall(PidfdOpen, pid, 0, 0, 0);
        return fd < 0 ? null : new(pid, fd);
    }

    /// <summary>
    /// Starts a program from the calling thread, with an environment and descriptors that are only those given: the n-th
    /// becomes descriptor n, everything above is closed. Signals are at their defaults and unblocked.
    /// </summary>
    /// <exception cref="IOException">It could not be started.</exception>
    public static ChildProcess Start(
        string path, IReadOnlyList<string> argv, IReadOnlyList<string> environment, ReadOnlySpan<int> descriptors, bool session)
    {
        // Sources are moved above the targets first, so that no dup2 overwrites a source of a later one.
        var moved = new int[descriptors.Length];
        for (var i = 0; i < moved.Length; i++)
            moved[i] = Libc.Must(Libc.fcntl(descriptors[i], 1030 /* F_DUPFD_CLOEXEC */, 64), "fcntl");
        var actions = stackalloc byte[256];
        var attributes = stackalloc byte[512];
        var signals = stackalloc byte[128];
        Must(Libc.posix_spawn_file_actions_init(actions));
        Must(Libc.posix_spawnattr_init(attributes));
        var argvBlock = Block(argv);
        var environmentBlock = Block(environment);
        try
        {
            for (var i = 0; i < moved.Length; i++)
                Must(Libc.posix_spawn_file_actions_adddup2(actions, moved[i], i));
            Must(Libc.posix_spawn_file_actions_addclosefrom_np(actions, moved.Length));
            Must(Libc.posix_spawnattr_setflags(attributes, (short)(SetSignalDefaults | SetSignalMask | (session ? SetSession : 0))));
            Must(Libc.posix_spawnattr_setsigmask(attributes, signals));
            Must(Libc.sigfillset(signals));
            Must(Libc.posix_spawnattr_setsigdefault(attributes, signals));
            int pid;
            Must(Libc.posix_spawn(&pid, path, actions, attributes, argvBlock, environmentBlock));
            return Open(pid) ?? throw Libc.Failure("pidfd_open");
        }
        finally
        {
            foreach (var fd in moved)
                _ = Libc.close(fd);
            NativeMemory.Free(argvBlock);
            NativeMemory.Free(environmentBlock);
            _ = Libc.posix_spawn_file_actions_destroy(actions);
            _ = Libc.posix_spawnattr_destroy(attributes);
        }

        void Must(int error)
        {
            if (error != 0)
                throw Libc.Failure($"cannot start {path}", error);
        }
    }

    /// <summary>A NULL-terminated vector of C strings in one allocation.</summary>
    private static byte** Block(IReadOnlyList<string> texts)
    {
        var size = (texts.Count + 1) * sizeof(byte*);
        foreach (var text in texts)
        {
            // A C string would end there, and what is executed would not be what was decided.
            if (text.Contains('\0', StringComparison.Ordinal))
                throw new IOException("an argument contains a NUL");
            size += Encoding.UTF8.GetByteCount(text) + 1;
        }

        var block = (byte**)NativeMemory.AllocZeroed((nuint)size);
        var next = (byte*)(block + texts.Count + 1);
        for (var i = 0; i < texts.Count; i++)
        {
            block[i] = next;
            next += Encoding.UTF8.GetBytes(texts[i], new Span<byte>(next, size)) + 1;
        }

        return block;
    }

    /// <summary>Sends SIGKILL; false when the process is gone already.</summary>
    public bool Kill() => Signal(Libc.SigKill);

    /// <summary>Sends a signal; false when the process is gone already.</summary>
    public bool Signal(int number) => Libc.syscall(PidfdSendSignal, Fd, number, 0, 0) == 0;

    /// <summary>Reaps this process if it is a child of ours and gone: its exit code, 128 + number for a signal.</summary>
    public int? TryReap()
    {
        var info = stackalloc byte[128];
        new Span<byte>(info, 128).Clear();
        return Libc.waitid(ByPidfd, (uint)Fd, info, Exited | NoHang, 0) == 0 && *(int*)(info + 16) != 0 ? ExitCode(info) : null;
    }

    /// <summary>Reaps any gone child of ours: its pid, 0 when all still run, -1 when there is none.</summary>
    public static int ReapAny(out int exitCode)
    {
        var info = stackalloc byte[128];
        new Span<byte>(info, 128).Clear();
        exitCode = 0;
        if (Libc.waitid(0, 0, info, Exited | NoHang, 0) != 0)
            return -1;
        exitCode = ExitCode(info);
        return *(int*)(info + 16);
    }

    private static int ExitCode(byte* info) => *(int*)(info + 8) == 1 ? *(int*)(info + 24) : 128 + *(int*)(info + 24);

    /// <summary>True once the process is gone; waits at most this long.</summary>
    public bool WaitGone(int milliseconds)
    {
        var giveUp = Clock.Boot() + (1_000L * milliseconds);
        while (true)
        {
            var poll = new Libc.PollFd { Fd = Fd, Events = Libc.PollIn };
            var left = Math.Clamp((giveUp - Clock.Boot() + 999) / 1_000, 0, int.MaxValue);
            var ready = Libc.poll(&poll, 1, (int)left);
            // A signal, as the runtime sends to its own threads, is no end of the time.
            if (ready >= 0 || Marshal.GetLastPInvokeError() != Libc.Eintr)
                return ready > 0;
        }
    }

    public void Dispose()
    {
        if (Fd >= 0)
            _ = Libc.close(Fd);
        Fd = -1;
    }
}
