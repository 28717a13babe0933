using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;

namespace Writ.Runner.Kernel;

/// <summary>
/// A SOCK_SEQPACKET Unix socket in a folder: each message arrives whole or not at all. It is reached through a descriptor
/// of the folder, so that a long path does not pass the 107 bytes of an address.
/// </summary>
internal sealed unsafe class LocalSocket : IDisposable
{
    private const int Unix = 1, SequencedPackets = 5, CloseOnExec = 0x80000, NonBlocking = 0x800, NoSignal = 0x4000, DontWait = 0x40;

    private LocalSocket(int fd) => Fd = fd;

    public int Fd { get; private set; }

    /// <summary>Listens in the folder under this name.</summary>
    public static LocalSocket Listen(string folder, string name)
    {
        var socket = new LocalSocket(Libc.Must(Libc.socket(Unix, SequencedPackets | CloseOnExec | NonBlocking, 0), "socket"));
        WithAddress(folder, name, (address, length) => Libc.Must(Libc.bind(socket.Fd, (byte*)address, length), $"{folder}/{name}"));
        Libc.Must(Libc.listen(socket.Fd, 16), "listen");
        return socket;
    }

    /// <summary>Connects, or null where nobody listens.</summary>
    public static LocalSocket? Connect(string folder, string name)
    {
        var fd = Libc.Must(Libc.socket(Unix, SequencedPackets | CloseOnExec, 0), "socket");
        var result = -1;
        try
        {
            WithAddress(folder, name, (address, length) => result = Libc.connect(fd, (byte*)address, length));
        }
        catch (IOException)
        {
            // The folder is gone: nobody listens there.
        }

        if (result == 0)
            return new(fd);
        _ = Libc.close(fd);
        return null;
    }

    private static void WithAddress(string folder, string name, Action<nint, uint> use)
    {
        var directory = Libc.Must(Libc.open(folder, Libc.OReadOnly | Libc.ODirectory | Libc.OCloexec, 0), folder);
        try
        {
            var path = Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"/proc/self/fd/{directory}/{name}"));
            var address = stackalloc byte[110];
            new Span<byte>(address, 110).Clear();
            *(ushort*)address = Unix;
            path.CopyTo(new Span<byte>(address + 2, 107));
            use((nint)address, (uint)(2 + path.Length + 1));
        }
        finally
        {
            _ = Libc.close(directory);
        }
    }

    /// <summary>The next caller, or null when nobody waits.</summary>
    public LocalSocket? Accept()
    {
        var fd = Libc.accept4(Fd, null, null, CloseOnExec | NonBlocking);
        return fd < 0 ? null : new(fd);
    }

    /// <summary>Sends one message without waiting; false when the other side is gone or does not read.</summary>
    public bool Send(string message)
    {
        var bytes = Encoding.UTF8.GetBytes(message);
        fixed (byte* start = bytes)
            return Libc.send(Fd, start, (nuint)bytes.Length, NoSignal | DontWait) == bytes.Length;
    }

    /// <summary>
    /// The next message: null when there is none now, empty when the other side is gone. Waits at most this long for it.
    /// </summary>
    public string? Receive(int milliseconds = 0)
    {
        var poll = new Libc.PollFd { Fd = Fd, Events = Libc.PollIn };
        if (milliseconds > 0)
            _ = Libc.poll(&poll, 1, milliseconds);
        var buffer = stackalloc byte[8192];
        var length = Libc.recv(Fd, buffer, 8192, DontWait);
        if (length > 0)
            return Encoding.UTF8.GetString(buffer, (int)length);
        return length < 0 && Marshal.GetLastPInvokeError() is Libc.Eagain or Libc.Eintr ? null : "";
    }

    public void Dispose()
    {
        if (Fd >= 0)
            _ = Libc.close(Fd);
        Fd = -1;
    }
}
