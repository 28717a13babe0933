using System.Runtime.InteropServices;

namespace Writ.Cli;

/// <summary>The few calls of libc that .NET does not offer as they are needed here.</summary>
internal static partial class Native
{
    public const int Interrupted = 4;
    public const int TryAgain = 11;
    public const int BadDescriptor = 9;
    public const int IoError = 5;
    public const int BrokenPipe = 32;

    private const nuint WindowSizeRequest = 0x5413;
    private const short PollOut = 4;
    private const int GetDescriptorFlags = 1;
    private const int CloseOnExec = 1;

    /// <summary>Sets a variable of the real environment; <see cref="Environment.SetEnvironmentVariable(string, string?)"/> changes a copy.</summary>
    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int SetEnv(string name, string value, int overwrite);

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    public static partial nint Write(int descriptor, ReadOnlySpan<byte> bytes, nint count);

    /// <summary>
    /// True when the descriptor was handed to this process. Where one of 0 to 2 was closed, the runtime's own files take
    /// its number (its signal pipe among them); they close on exec, which nothing inherited does.
    /// </summary>
    public static bool IsInherited(int descriptor) => FileControl(descriptor, GetDescriptorFlags) is >= 0 and var flags && (flags & CloseOnExec) == 0;

    /// <summary>True when the descriptor is a terminal.</summary>
    public static bool IsTerminal(int descriptor) => IsATty(descriptor) == 1;

    /// <summary>The columns of the terminal, or null where there is none.</summary>
    public static int? Columns(int descriptor) =>
        WindowSize(descriptor, WindowSizeRequest, out var size) == 0 && size.Columns > 0 ? size.Columns : null;

    /// <summary>Waits until a descriptor that somebody made non-blocking takes bytes again.</summary>
    public static void WaitWritable(int descriptor)
    {
        var poll = new PollFd { Descriptor = descriptor, Events = PollOut };
        _ = Poll(ref poll, 1, 1000);
    }

    /// <summary>True where there is something that is neither a regular file nor a folder: a device, a pipe, a socket.</summary>
    public static unsafe bool IsOther(string path)
    {
        // struct statx: the mode at 28, of which the highest four bits are the kind.
        var buffer = stackalloc byte[256];
        return Status(-100, path, 0, 1, buffer) == 0 && (*(ushort*)(buffer + 28) & 0xf000) is not (0x8000 or 0x4000);
    }

    [LibraryImport("libc", EntryPoint = "statx", StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int Status(int folder, string path, int flags, uint mask, byte* result);

    [LibraryImport("libc", EntryPoint = "fcntl")]
    private static partial int FileControl(int descriptor, int command);

    [LibraryImport("libc", EntryPoint = "isatty")]
    private static partial int IsATty(int descriptor);

    [LibraryImport("libc", EntryPoint = "ioctl")]
    private static partial int WindowSize(int descriptor, nuint request, out Size size);

    [LibraryImport("libc", EntryPoint = "poll")]
    private static partial int Poll(ref PollFd descriptors, nuint count, int milliseconds);

    private struct Size
    {
        public ushort Rows;
        public ushort Columns;
        public ushort PixelWidth;
        public ushort PixelHeight;
    }

    private struct PollFd
    {
        public int Descriptor;
        public short Events;
        public short Returned;
    }
}
