using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Writ.Proof.Addresses;

namespace Writ.SystemTests.Tools;

/// <summary>A kind of packet: where it went, by which IP protocol, and to which port or with which ICMP type.</summary>
internal sealed record Sent(Address To, byte Protocol, ushort Port);

/// <summary>
/// Counts the IP packets that arrive on a link of another network namespace, until it is disposed of. Neighbour discovery
/// and multicast listener reports are the kernel's own and are left out; so are errors that it answers with.
/// </summary>
internal sealed class PacketCapture : IDisposable
{
    private const int AfPacket = 17, SockRaw = 3, SolSocket = 1, SolPacket = 263, PacketStatistics = 6, ReceiveBufferForce = 33, CloneNewNet = 0x40000000;
    private readonly Thread _thread;
    // Whoever waits goes on with a thread of their own: this one belongs to the other namespace.
    private readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Dictionary<Sent, int> _counts = [];
    private volatile bool _stop;
    private uint _dropped;

    private PacketCapture(string netns, string link)
    {
        // The thread enters the namespace for good, so it is one of its own that ends with the capture.
        _thread = new(() => Capture(netns, link)) { IsBackground = true };
        _thread.Start();
    }

    /// <summary>Starts to count; every packet that arrives after this counts.</summary>
    public static async Task<PacketCapture> Start(string netns, string link)
    {
        var capture = new PacketCapture(netns, link);
        await capture._ready.Task;
        return capture;
    }

    /// <summary>Ends the capture; the counts by kind.</summary>
    /// <exception cref="InvalidOperationException">The kernel dropped packets, so the counts are not whole.</exception>
    public IReadOnlyDictionary<Sent, int> Stop()
    {
        _stop = true;
        _thread.Join();
        if (_dropped > 0)
            throw new InvalidOperationException($"the capture lost {_dropped} packets");
        return _counts;
    }

    public void Dispose()
    {
        _stop = true;
        _thread.Join();
    }

    private void Capture(string netns, string link)
    {
        var socket = -1;
        try
        {
            using (var handle = File.OpenHandle($"/run/netns/{netns}"))
                Check(setns((int)handle.DangerousGetHandle(), CloneNewNet), "setns");
            socket = Check(NewSocket(AfPacket, SockRaw, 0x0300), "socket");
            var size = 128 << 20;
            Check(setsockopt(socket, SolSocket, ReceiveBufferForce, ref size, sizeof(int)), "setsockopt");
            var timeout = new Timeval { Microseconds = 20_000 };
            Check(setsockopt(socket, SolSocket, 20, ref timeout, Marshal.SizeOf<Timeval>()), "setsockopt");
            var address = new LinkAddress { Family = AfPacket, Protocol = 0x0300, Index = (int)if_nametoindex(link) };
            Check(bind(socket, ref address, Marshal.SizeOf<LinkAddress>()), "bind");
            _ready.SetResult();

            var buffer = new byte[256];
            while (true)
            {
                var from = new LinkAddress();
                var length = Marshal.SizeOf<LinkAddress>();
                var got = (int)recvfrom(socket, buffer, buffer.Length, 0, ref from, ref length);
                // Type 4 is what this namespace itself sends.
                if (got > 0 && from.Type != 4 && Read(buffer.AsSpan(0, got)) is { } sent)
                    _counts[sent] = _counts.GetValueOrDefault(sent) + 1;
                if (got <= 0 && _stop)
                    break;
            }

            var statistics = new Statistics();
            var width = Marshal.SizeOf<Statistics>();
            Check(getsockopt(socket, SolPacket, PacketStatistics, ref statistics, ref width), "getsockopt");
            _dropped = statistics.Drops;
        }
        catch (Exception e) when (!_ready.Task.IsCompleted)
        {
            _ready.SetException(e);
        }
        finally
        {
            if (socket >= 0)
                _ = close(socket);
        }
    }

    private static Sent? Read(ReadOnlySpan<byte> frame)
    {
        if (frame.Length < 34)
            return null;
        var body = frame[14..];
        switch (BinaryPrimitives.ReadUInt16BigEndian(frame[12..]))
        {
            case 0x0800:
                var to = Address.V4(BinaryPrimitives.ReadUInt32BigEndian(body[16..]));
                // Only the first fragment has a port; the others count by protocol alone.
                return (BinaryPrimitives.ReadUInt16BigEndian(body[6..]) & 0x1fff) == 0 ? Upper(to, body[9], body[((body[0] & 15) * 4)..], 3) : new(to, body[9], 0);
            case 0x86dd when body.Length >= 40:
                var (next, at) = (body[6], 40);
                while (next is 0 or 43 or 44 or 60 && body.Length > at + 8)
                    (next, at) = (body[at], at + (next == 44 ? 8 : (body[at + 1] + 1) * 8));
                return at > body.Length ? null : Upper(new(BinaryPrimitives.ReadUInt128BigEndian(body[24..])), next, body[at..], 1);
            default:
                return null;
        }
    }

    private static Sent? Upper(Address to, byte protocol, ReadOnlySpan<byte> body, byte unreachable)
    {
        if (protocol is 1 or 58)
            return body.Length == 0 || body[0] == unreachable || (protocol == 58 && body[0] is (>= 130 and <= 136) or 143) ? null : new(to, protocol, body[0]);
        return new(to, protocol, protocol is 6 or 17 or 132 && body.Length >= 4 ? BinaryPrimitives.ReadUInt16BigEndian(body[2..]) : (ushort)0);
    }

    private static int Check(int result, string call) =>
        result < 0 ? throw new InvalidOperationException($"{call}: error {Marshal.GetLastPInvokeError()}") : result;

    [StructLayout(LayoutKind.Sequential)]
    private struct LinkAddress
    {
        public ushort Family, Protocol;
        public int Index;
        public ushort Hardware;
        public byte Type, Length;
        public ulong Address;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct Timeval
    {
        public long Seconds, Microseconds;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct Statistics
    {
        public uint Packets, Drops;
    }

    [DllImport("libc", SetLastError = true)]
    private static extern int setns(int handle, int kind);
    [DllImport("libc", EntryPoint = "socket", SetLastError = true)]
    private static extern int NewSocket(int family, int kind, int protocol);
    [DllImport("libc", SetLastError = true)]
    private static extern int bind(int socket, ref LinkAddress address, int length);
    [DllImport("libc", SetLastError = true)]
    private static extern nint recvfrom(int socket, byte[] buffer, nint length, int flags, ref LinkAddress from, ref int fromLength);
    [DllImport("libc", SetLastError = true)]
    private static extern int setsockopt(int socket, int level, int option, ref int value, int length);
    [DllImport("libc", SetLastError = true)]
    private static extern int setsockopt(int socket, int level, int option, ref Timeval value, int length);
    [DllImport("libc", SetLastError = true)]
    private static extern int getsockopt(int socket, int level, int option, ref Statistics value, ref int length);
    [DllImport("libc")]
    private static extern int close(int socket);
    [DllImport("libc")]
    private static extern uint if_nametoindex([MarshalAs(UnmanagedType.LPUTF8Str)] string name);
}
