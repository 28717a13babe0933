using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;

namespace Writ.Runner.Kernel;

/// <summary>
/// A netlink socket. It speaks for the network namespace in which it was opened, wherever its thread goes later.
/// </summary>
internal sealed unsafe class Netlink : IDisposable
{
    public const int Route = 0, Netfilter = 12;
    public const ushort Request = 1, Ack = 4, Dump = 0x300, Create = 0x400, Exclusive = 0x200, Replace = 0x100, Append = 0x800;
    private const int Family = 16, Raw = 3, ErrorType = 2, DoneType = 3, DontWait = 0x40;
    private readonly byte[] _received = new byte[1 << 16];
    private uint _sequence;

    /// <param name="protocol">The part of the kernel that is spoken to.</param>
    /// <param name="groups">The notifications that are wanted.</param>
    public Netlink(int protocol, uint groups = 0)
    {
        Fd = Libc.Must(Libc.socket(Family, Raw | Libc.OCloexec, protocol), "netlink");
        var address = stackalloc byte[12];
        new Span<byte>(address, 12).Clear();
        *(ushort*)address = Family;
        *(uint*)(address + 8) = groups;
        Libc.Must(Libc.bind(Fd, address, 12), "netlink");
        // A whole scope goes in one transaction, and each message of it is acknowledged.
        var size = 16 << 20;
        foreach (var option in (int[])[32 /* SO_SNDBUFFORCE */, 33 /* SO_RCVBUFFORCE */])
            _ = Libc.setsockopt(Fd, 1, option, (byte*)&size, 4);
        var yes = 1;
        _ = Libc.setsockopt(Fd, 270 /* SOL_NETLINK */, 10 /* NETLINK_CAP_ACK */, (byte*)&yes, 4);
        var seconds = stackalloc long[2] { 5, 0 };
        _ = Libc.setsockopt(Fd, 1, 20 /* SO_RCVTIMEO */, (byte*)seconds, 16);
    }

    /// <summary>Readable when there is a notification.</summary>
    public int Fd { get; }

    /// <summary>Sends messages and waits until each that asked for it is acknowledged.</summary>
    /// <param name="messages">The messages.</param>
    /// <param name="what">What an exception names.</param>
    /// <param name="ignored">An error that is none here.</param>
    /// <exception cref="IOException">The kernel refused one; its error number is the exception's code.</exception>
    public void Send(NetlinkMessages messages, string what, int ignored = 0)
    {
        var first = _sequence + 1;
        var waiting = messages.Number(ref _sequence);
        SendBytes(messages.Bytes, what);
        int failed = 0;
        while (waiting > 0)
        {
            foreach (var reply in Receive(what))
            {
                if (reply.Type != ErrorType || reply.Sequence < first)
                    continue;
                waiting--;
                var error = -BinaryPrimitives.ReadInt32LittleEndian(reply.Body.Span);
                // A transaction that failed is answered once, and nothing of it came to be.
                if (error != 0 && error != ignored)
                    (failed, waiting) = (failed == 0 ? error : failed, messages.IsTransaction ? 0 : waiting);
            }
        }

        if (failed != 0)
        {
            Drain();
            throw Libc.Failure(what, failed);
        }
    }

    /// <summary>Asks for a list and gives each entry.</summary>
    public List<NetlinkReply> Ask(NetlinkMessages question, string what)
    {
        question.Number(ref _sequence);
        SendBytes(question.Bytes, what);
        var replies = new List<NetlinkReply>();
        while (true)
        {
            foreach (var reply in Receive(what))
            {
                if (reply.Sequence != _sequence)
                    continue;
                if (reply.Type is DoneType or ErrorType)
                {
                    var error = reply.Body.Length >= 4 ? -BinaryPrimitives.ReadInt32LittleEndian(reply.Body.Span) : 0;
                    return error == 0 ? replies : throw Libc.Failure(what, error);
                }

                replies.Add(reply with { Body = reply.Body.ToArray() });
            }
        }
    }

    /// <summary>Throws notifications away; true when there was one.</summary>
    public bool Drain()
    {
        var any = false;
        fixed (byte* buffer = _received)
        {
            // ENOBUFS tells of notifications that were lost, which is a notification too.
            for (nint length; (length = Libc.recv(Fd, buffer, (nuint)_received.Length, DontWait)) > 0 || (length < 0 && Marshal.GetLastPInvokeError() == 105);)
                any = true;
        }

        return any;
    }

    private void SendBytes(ReadOnlySpan<byte> bytes, string what)
    {
        fixed (byte* start = bytes)
        {
            if (Libc.send(Fd, start, (nuint)bytes.Length, 0) != bytes.Length)
                throw Libc.Failure(what);
        }
    }

    private List<NetlinkReply> Receive(string what)
    {
        nint length;
        fixed (byte* buffer = _received)
            length = Libc.recv(Fd, buffer, (nuint)_received.Length, 0);
        if (length < 0)
        {
            var error = Marshal.GetLastPInvokeError();
            return error == Libc.Eintr ? [] : throw Libc.Failure(what, error);
        }

        var replies = new List<NetlinkReply>();
        for (var at = 0; at + 16 <= length;)
        {
            var head = _received.AsSpan(at);
            var size = BinaryPrimitives.ReadInt32LittleEndian(head);
            if (size < 16 || at + size > length)
                break;
            replies.Add(new(BinaryPrimitives.ReadUInt16LittleEndian(head[4..]), BinaryPrimitives.ReadUInt32LittleEndian(head[8..]), _received.AsMemory(at + 16, size - 16)));
            at += (size + 3) & ~3;
        }

        return replies;
    }

    public void Dispose() => _ = Libc.close(Fd);
}

/// <summary>One message from the kernel, without its header.</summary>
internal readonly record struct NetlinkReply(ushort Type, uint Sequence, ReadOnlyMemory<byte> Body)
{
    /// <summary>The attributes after a fixed part of this length.</summary>
    public Dictionary<int, ReadOnlyMemory<byte>> Attributes(int fixedLength) => Read(Body[Math.Min(fixedLength, Body.Length)..]);

    /// <summary>The attributes in a piece of memory, by their type; of a type that is there twice, the last.</summary>
    public static Dictionary<int, ReadOnlyMemory<byte>> Read(ReadOnlyMemory<byte> memory)
    {
        var found = new Dictionary<int, ReadOnlyMemory<byte>>();
        foreach (var (type, value) in List(memory))
            found[type] = value;
        return found;
    }

    /// <summary>The attributes in a piece of memory, in their order.</summary>
    public static IEnumerable<(int Type, ReadOnlyMemory<byte> Value)> List(ReadOnlyMemory<byte> memory)
    {
        while (memory.Length >= 4)
        {
            int length = BinaryPrimitives.ReadUInt16LittleEndian(memory.Span);
            if (length < 4 || length > memory.Length)
                yield break;
            yield return (BinaryPrimitives.ReadUInt16LittleEndian(memory.Span[2..]) & 0x3fff, memory[4..length]);
            memory = memory[Math.Min((length + 3) & ~3, memory.Length)..];
        }
    }
}

/// <summary>Messages to the kernel, one after the other in one piece of memory.</summary>
internal sealed class NetlinkMessages
{
    private byte[] _buffer = new byte[4096];
    private int _length;
    private readonly List<int> _starts = [];

    /// <summary>All of them take effect, or none.</summary>
    public bool IsTransaction { get; init; }

    public ReadOnlySpan<byte> Bytes => _buffer.AsSpan(0, _length);

    /// <summary>Begins a message; the one before it is complete.</summary>
    public NetlinkMessages Begin(int type, int flags, ReadOnlySpan<byte> fixedPart)
    {
        _starts.Add(_length);
        var head = Grow(16);
        BinaryPrimitives.WriteUInt16LittleEndian(head[4..], (ushort)type);
        BinaryPrimitives.WriteUInt16LittleEndian(head[6..], (ushort)(flags | Netlink.Request));
        fixedPart.CopyTo(Grow(fixedPart.Length));
        Finish();
        return this;
    }

    public NetlinkMessages Put(int type, ReadOnlySpan<byte> value)
    {
        var attribute = Grow(4 + ((value.Length + 3) & ~3));
        BinaryPrimitives.WriteUInt16LittleEndian(attribute, (ushort)(4 + value.Length));
        BinaryPrimitives.WriteUInt16LittleEndian(attribute[2..], (ushort)type);
        value.CopyTo(attribute[4..]);
        Finish();
        return this;
    }

    public NetlinkMessages Put(int type, string text) => Put(type, Encoding.UTF8.GetBytes(text + '\0'));

    /// <summary>A number in network order.</summary>
    public NetlinkMessages PutBig(int type, uint value)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, value);
        return Put(type, bytes);
    }

    /// <inheritdoc cref="PutBig(int, uint)"/>
    public NetlinkMessages PutBig(int type, ulong value)
    {
        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64BigEndian(bytes, value);
        return Put(type, bytes);
    }

    /// <summary>An attribute that is made of attributes.</summary>
    public NetlinkMessages Nest(int type, Action<NetlinkMessages> content)
    {
        var start = _length;
        Put(type | 0x8000, []);
        content(this);
        BinaryPrimitives.WriteUInt16LittleEndian(_buffer.AsSpan(start), checked((ushort)(_length - start)));
        return this;
    }

    private void Finish() => BinaryPrimitives.WriteInt32LittleEndian(_buffer.AsSpan(_starts[^1]), _length - _starts[^1]);

    private Span<byte> Grow(int by)
    {
        if (_length + by > _buffer.Length)
            Array.Resize(ref _buffer, Math.Max(_buffer.Length * 2, _length + by));
        _length += by;
        return _buffer.AsSpan(_length - by, by);
    }

    /// <summary>Numbers the messages; tells how many acknowledgements will come.</summary>
    internal int Number(ref uint sequence)
    {
        var acknowledged = 0;
        foreach (var start in _starts)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(_buffer.AsSpan(start + 8), ++sequence);
            if ((BinaryPrimitives.ReadUInt16LittleEndian(_buffer.AsSpan(start + 6)) & Netlink.Ack) != 0)
                acknowledged++;
        }

        return acknowledged;
    }
}
