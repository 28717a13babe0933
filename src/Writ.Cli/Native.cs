using System.Runtime.InteropServices;
using System.Text;

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
    // More than struct termios of any libc.
    private const int ModesBytes = 256;
    private const int GetDescriptorFlags = 1;
    private const int CloseOnExec = 1;
    private const int ReadWrite = 2;
    private const short OwnSession = 0x80;

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

    /// <summary>Columns and rows of the terminal, or null where there is none.</summary>
    public static (int Columns, int Rows)? SizeOf(int descriptor) =>
        WindowSize(descriptor, WindowSizeRequest, out var size) == 0 && size is { Columns: > 0, Rows: > 0 } ? (size.Columns, size.Rows) : null;

    /// <summary>The modes of the terminal on standard input, as <see cref="SetTerminalModes"/> takes them; null where there is none.</summary>
    public static unsafe byte[]? TerminalModes()
    {
        var modes = new byte[ModesBytes];
        fixed (byte* start = modes)
            return GetModes(0, start) == 0 ? modes : null;
    }

    /// <summary>The same modes, but raw.</summary>
    public static unsafe byte[] RawOf(byte[] modes)
    {
        var raw = modes.ToArray();
        fixed (byte* start = raw)
            MakeRaw(start);
        return raw;
    }

    /// <summary>Sets the modes of the terminal on standard input, at once.</summary>
    public static unsafe void SetTerminalModes(byte[] modes)
    {
        fixed (byte* start = modes)
            _ = SetModes(0, 0, start);
    }

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

    /// <summary>
    /// Starts a program in a session of its own, with nothing on its standard streams and an environment that is only the one
    /// given, and does not wait for it.
    /// </summary>
    /// <returns>False where it cannot be started.</returns>
    public static unsafe bool Start(string path, IReadOnlyList<string> argv, IReadOnlyList<string> environment)
    {
        var actions = stackalloc byte[256];
        var attributes = stackalloc byte[512];
        if (SpawnActionsInit(actions) != 0 || SpawnAttributesInit(attributes) != 0)
            return false;
        byte** argvBlock = null, environmentBlock = null;
        try
        {
            argvBlock = Block(argv);
            environmentBlock = Block(environment);
            for (var descriptor = 0; descriptor < 3; descriptor++)
            {
                if (SpawnActionsOpen(actions, descriptor, "/dev/null", ReadWrite, 0) != 0)
                    return false;
            }

            return SpawnActionsCloseFrom(actions, 3) == 0 && SpawnAttributesFlags(attributes, OwnSession) == 0
                && Spawn(out _, path, actions, attributes, argvBlock, environmentBlock) == 0;
        }
        finally
        {
            NativeMemory.Free(argvBlock);
            NativeMemory.Free(environmentBlock);
            _ = SpawnActionsDestroy(actions);
            _ = SpawnAttributesDestroy(attributes);
        }
    }

    // A NULL-terminated vector of C strings in one allocation.
    private static unsafe byte** Block(IReadOnlyList<string> texts)
    {
        var size = ((texts.Count + 1) * sizeof(byte*)) + texts.Sum(text => Encoding.UTF8.GetByteCount(text) + 1);
        var block = (byte**)NativeMemory.AllocZeroed((nuint)size);
        var next = (byte*)(block + texts.Count + 1);
        for (var at = 0; at < texts.Count; at++)
        {
            block[at] = next;
            next += Encoding.UTF8.GetBytes(texts[at], new Span<byte>(next, size)) + 1;
        }

        return block;
    }

    [LibraryImport("libc", EntryPoint = "posix_spawn", StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int Spawn(out int process, string path, byte* actions, byte* attributes, byte** argv, byte** environment);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_init")]
    private static unsafe partial int SpawnActionsInit(byte* actions);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_destroy")]
    private static unsafe partial int SpawnActionsDestroy(byte* actions);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_addopen", StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int SpawnActionsOpen(byte* actions, int descriptor, string path, int flags, uint mode);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_addclosefrom_np")]
    private static unsafe partial int SpawnActionsCloseFrom(byte* actions, int first);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_init")]
    private static unsafe partial int SpawnAttributesInit(byte* attributes);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_destroy")]
    private static unsafe partial int SpawnAttributesDestroy(byte* attributes);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_setflags")]
    private static unsafe partial int SpawnAttributesFlags(byte* attributes, short flags);

    [LibraryImport("libc", EntryPoint = "statx", StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int Status(int folder, string path, int flags, uint mask, byte* result);

    [LibraryImport("libc", EntryPoint = "tcgetattr")]
    private static unsafe partial int GetModes(int descriptor, byte* modes);

    [LibraryImport("libc", EntryPoint = "tcsetattr")]
    private static unsafe partial int SetModes(int descriptor, int when, byte* modes);

    [LibraryImport("libc", EntryPoint = "cfmakeraw")]
    private static unsafe partial void MakeRaw(byte* modes);

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
