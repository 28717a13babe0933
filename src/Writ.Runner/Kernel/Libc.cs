using System.Runtime.InteropServices;

namespace Writ.Runner.Kernel;

/// <summary>The system calls that the base library does not offer. Numbers and layouts are those of 64-bit Linux.</summary>
internal static unsafe partial class Libc
{
    internal const int ClockRealtime = 0, ClockBoottime = 7;
    internal const int TfdCloexec = 0x80000, TfdNonblock = 0x800, TfdAbsolute = 1, TfdCancelOnSet = 2;
    internal const short PollIn = 1, PollOut = 4, PollErr = 8, PollHup = 16;
    internal const int OReadOnly = 0, OWriteOnly = 1, ORdWr = 2, OCreate = 0x40, OExclusive = 0x80, OAppend = 0x400,
        ONonblock = 0x800, ODirectory = 0x10000, OCloexec = 0x80000;
    internal const int SigInt = 2, SigKill = 9, SetPipeSize = 1031;
    internal const int Eintr = 4, Eagain = 11, Enospc = 28, Ecanceled = 125;
    internal const int CloneNewNet = 0x40000000, CloneNewMounts = 0x20000;
    internal const int ONoFollow = 0x20000;

    [StructLayout(LayoutKind.Sequential)]
    internal struct PollFd
    {
        public int Fd;
        public short Events;
        public short Ready;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct IoVector
    {
        public void* Base;
        public nuint Length;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct TimeSpec
    {
        public long Seconds;
        public long Nanoseconds;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct TimerSpec
    {
        public TimeSpec Interval;
        public TimeSpec Value;
    }

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int poll(PollFd* fds, nuint count, int milliseconds);
    [LibraryImport("libc", SetLastError = true)]
    internal static partial nint read(int fd, byte* buffer, nuint count);
    [LibraryImport("libc", SetLastError = true)]
    internal static partial nint write(int fd, byte* buffer, nuint count);
    [LibraryImport("libc", SetLastError = true)]
    internal static partial nint writev(int fd, IoVector* parts, int count);
    [LibraryImport("libc", SetLastError = true)]
    internal static partial int close(int fd);
    [LibraryImport("libc", SetLastError = true)]
    internal static partial int fsync(int fd);
    [LibraryImport("libc", SetLastError = true)]
    internal static partial int pipe2(int* fds, int flags);
    [LibraryImport("libc", SetLastError = true)]
    internal static partial int fcntl(int fd, int command, nint argument);
    [LibraryImport("libc", SetLastError = true)]
    internal static partial int ioctl(int fd, nint request, void* argument);
    [LibraryImport("libc", SetLastError = true)]
    internal static partial int fchown(int fd, uint user, uint group);
    [LibraryImport("libc", SetLastError = true)]
    internal static partial int fchmod(int fd, uint mode);
    [LibraryImport("libc", SetLastError = true)]
    internal static partial int flock(int fd, int operation);
    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int open(string path, int flags, uint mode);
    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int memfd_create(string name, uint flags);
    [LibraryImport("libc", SetLastError = true)]
    internal static partial long lseek(int fd, long offset, int whence);
    [LibraryImport("libc", SetLastError = true)]
    internal static partial int setns(int fd, int kind);
    [LibraryImport("libc", SetLastError = true)]
    internal static partial int unshare(int kinds);
    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int mount(string source, string target, string? kind, nuint flags, string? data);
    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int getaddrinfo(string node, string? service, byte* hints, byte** result);
    [LibraryImport("libc")]
    internal static partial void freeaddrinfo(byte* result);
    [LibraryImport("libc", SetLastError = true)]
    internal static partial int prctl(int option, nuint a, nuint b, nuint c, nuint d);
    [LibraryImport("libc", SetLastError = true)]
    internal static partial int eventfd(uint initial, int flags);
    [LibraryImport("libc", SetLastError = true)]
    internal static partial int timerfd_create(int clock, int flags);
    [LibraryImport("libc", SetLastError = true)]
    internal static partial int timerfd_settime(int fd, int flags, TimerSpec* value, TimerSpec* old);
    [LibraryImport("libc", SetLastError = true)]
    internal static partial int clock_gettime(int clock, TimeSpec* time);
    [LibraryImport("libc", SetLastError = true)]
    internal static partial int waitid(int kind, uint id, byte* info, int options, nint usage);
    [LibraryImport("libc", SetLastError = true)]
    internal static partial long syscall(long number, nint a, nint b, nint c, nint d);
    [LibraryImport("libc", SetLastError = true)]
    internal static partial int statx(int directory, byte* path, int flags, uint mask, byte* result);
    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial nint getxattr(string path, string name, byte* value, nuint size);
    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int removexattr(string path, string name);
    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int chown(string path, uint user, uint group);
    [LibraryImport("libc", SetLastError = true)]
    internal static partial int fanotify_init(uint flags, uint eventFlags);
    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int fanotify_mark(int fd, uint flags, ulong mask, int directory, string path);
    [LibraryImport("libc", SetLastError = true)]
    internal static partial int socket(int family, int type, int protocol);
    [LibraryImport("libc", SetLastError = true)]
    internal static partial int setsockopt(int fd, int level, int option, byte* value, uint length);
    [LibraryImport("libc", SetLastError = true)]
    internal static partial int bind(int fd, byte* address, uint length);
    [LibraryImport("libc", SetLastError = true)]
    internal static partial int connect(int fd, byte* address, uint length);
    [LibraryImport("libc", SetLastError = true)]
    internal static partial int listen(int fd, int backlog);
    [LibraryImport("libc", SetLastError = true)]
    internal static partial int accept4(int fd, byte* address, uint* length, int flags);
    [LibraryImport("libc", SetLastError = true)]
    internal static partial nint send(int fd, byte* buffer, nuint count, int flags);
    [LibraryImport("libc", SetLastError = true)]
    internal static partial nint recv(int fd, byte* buffer, nuint count, int flags);
    [LibraryImport("libc", SetLastError = true)]
    internal static partial int inotify_init1(int flags);
    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int inotify_add_watch(int fd, string path, uint mask);
    [LibraryImport("libc", SetLastError = true)]
    internal static partial int inotify_rm_watch(int fd, int watch);
    [LibraryImport("libc")]
    internal static partial uint geteuid();
    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int setenv(string name, string value, int overwrite);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int mkfifo(string path, uint mode);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int setpriority(int which, uint who, int priority);
    [LibraryImport("libc", SetLastError = true)]
    internal static partial int sched_setscheduler(int thread, int policy, int* parameter);

    // These return the error's number and leave errno alone.
    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int posix_spawn(int* pid, string path, byte* actions, byte* attributes, byte** argv, byte** environment);
    [LibraryImport("libc")]
    internal static partial int posix_spawn_file_actions_init(byte* actions);
    [LibraryImport("libc")]
    internal static partial int posix_spawn_file_actions_destroy(byte* actions);
    [LibraryImport("libc")]
    internal static partial int posix_spawn_file_actions_adddup2(byte* actions, int from, int to);
    [LibraryImport("libc")]
    internal static partial int posix_spawn_file_actions_addclosefrom_np(byte* actions, int first);
    [LibraryImport("libc")]
    internal static partial int posix_spawnattr_init(byte* attributes);
    [LibraryImport("libc")]
    internal static partial int posix_spawnattr_destroy(byte* attributes);
    [LibraryImport("libc")]
    internal static partial int posix_spawnattr_setflags(byte* attributes, short flags);
    [LibraryImport("libc")]
    internal static partial int posix_spawnattr_setsigdefault(byte* attributes, byte* signals);
    [LibraryImport("libc")]
    internal static partial int posix_spawnattr_setsigmask(byte* attributes, byte* signals);
    [LibraryImport("libc")]
    internal static partial int sigfillset(byte* signals);

    /// <summary>The result, unless it is negative.</summary>
    /// <exception cref="IOException">The call failed; the text names it and the system's reason.</exception>
    internal static int Must(int result, string what)
    {
        if (result < 0)
            throw Failure(what);
        return result;
    }

    internal static IOException Failure(string what) => Failure(what, Marshal.GetLastPInvokeError());

    internal static IOException Failure(string what, int error) => new($"{what}: {Marshal.GetPInvokeErrorMessage(error)}", error);
}
