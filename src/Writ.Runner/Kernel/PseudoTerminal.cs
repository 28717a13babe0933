using System.Runtime.InteropServices;

namespace Writ.Runner.Kernel;

/// <summary>
/// A pseudoterminal: the tool gets its one side, <see cref="Tool"/>, as its terminal; what is written to <see cref="Fd"/> is
/// typed there, and what the tool writes is read there. One thread's alone, but for <see cref="Resize"/>.
/// </summary>
internal sealed unsafe class PseudoTerminal : IDisposable
{
    // asm-generic/ioctls.h and asm-generic/termbits.h.
    private const nint UnlockTool = 0x40045431, OpenTool = 0x5441, SetSize = 0x5414, GetModes = 0x5401, SetModes = 0x5402;
    private const int NoControllingTerminal = 0x100;
    private const uint Utf8Input = 0x4000;
    private readonly Queue<byte[]> _typed = [];
    private int _at;

    /// <summary>Opens one of this size.</summary>
    /// <param name="columns">At least 1.</param>
    /// <param name="rows">At least 1.</param>
    /// <exception cref="IOException">The kernel gives none.</exception>
    public PseudoTerminal(int columns, int rows)
    {
        Fd = Libc.Must(Libc.open("/dev/ptmx", Libc.ORdWr | NoControllingTerminal | Libc.ONonblock | Libc.OCloexec, 0), "/dev/ptmx");
        try
        {
            int no = 0;
            Libc.Must(Libc.ioctl(Fd, UnlockTool, &no), "a terminal cannot be unlocked");
            Tool = Libc.Must(Libc.ioctl(Fd, OpenTool, (void*)(nint)(Libc.ORdWr | NoControllingTerminal | Libc.OCloexec)), "a terminal's other side cannot be opened");
            // As a terminal of UTF-8 has it: the erase key takes a character, not a byte.
            var modes = stackalloc byte[64];
            Libc.Must(Libc.ioctl(Tool, GetModes, modes), "the modes of a terminal cannot be read");
            *(uint*)modes |= Utf8Input;
            Libc.Must(Libc.ioctl(Tool, SetModes, modes), "the modes of a terminal cannot be set");
            Resize(columns, rows);
        }
        catch (IOException)
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Our side; never blocks. Reading fails once nobody holds the other one.</summary>
    public int Fd { get; private set; }

    /// <summary>The tool's side; -1 once it is closed here.</summary>
    public int Tool { get; private set; } = -1;

    /// <summary>True while something that was typed waits for the tool to read.</summary>
    public bool IsWaiting => _typed.Count > 0;

    /// <summary>Makes the terminal a user's own, as a login does.</summary>
    public void GiveTo(uint user)
    {
        Libc.Must(Libc.fchown(Tool, user, user), "a terminal cannot be given to its user");
        Libc.Must(Libc.fchmod(Tool, 0x180 /* 0600 */), "a terminal cannot be made its user's alone");
    }

    /// <summary>Closes the tool's side here; others may hold it still.</summary>
    public void CloseTool()
    {
        if (Tool >= 0)
            _ = Libc.close(Tool);
        Tool = -1;
    }

    /// <summary>Sets the size; the tool that is in the foreground hears of it by SIGWINCH.</summary>
    public void Resize(int columns, int rows)
    {
        var size = stackalloc ushort[4];
        (size[0], size[1], size[2], size[3]) = ((ushort)rows, (ushort)columns, 0, 0);
        Libc.Must(Libc.ioctl(Fd, SetSize, size), "a terminal's size cannot be set");
    }

    /// <summary>Types, as far as there is room now.</summary>
    public void Type(byte[] bytes)
    {
        _typed.Enqueue(bytes);
        GoOn();
    }

    /// <summary>Types what waits, as far as there is room now.</summary>
    public void GoOn()
    {
        while (_typed.TryPeek(out var bytes))
        {
            nint written;
            fixed (byte* start = bytes)
                written = Libc.write(Fd, start + _at, (nuint)(bytes.Length - _at));
            if (written < 0 && Marshal.GetLastPInvokeError() == Libc.Eintr)
                continue;
            if (written == 0 || (written < 0 && Marshal.GetLastPInvokeError() == Libc.Eagain))
                return;
            // Nobody holds the other side any more: nothing that is typed arrives.
            _at = written < 0 ? bytes.Length : _at + (int)written;
            if (_at < bytes.Length)
                continue;
            _typed.Dequeue();
            _at = 0;
        }
    }

    public void Dispose()
    {
        CloseTool();
        if (Fd >= 0)
            _ = Libc.close(Fd);
        Fd = -1;
    }
}
