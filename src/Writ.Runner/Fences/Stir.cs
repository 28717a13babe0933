using System.Buffers.Binary;
using Writ.Runner.Kernel;

namespace Writ.Runner.Fences;

/// <summary>
/// A frame on a run's own link, towards the run: of the kind for local experiments (EtherType 0x88B5 of IEEE 802), which nobody
/// answers. A program that captures with libpcap may look at the clock only when a frame has come (masscan does), and nothing else
/// ever comes on this link unasked. To be opened in the uplink's namespace; used anywhere after that.
/// </summary>
internal sealed unsafe class Stir : IDisposable
{
    private const int Packet = 17 /* AF_PACKET */, Raw = 3 /* SOCK_RAW */, CloseOnExec = 0x80000, DoNotWait = 0x40 /* MSG_DONTWAIT */;
    private static readonly byte[] Frame = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0, 1, 0x88, 0xb5, .. new byte[46]];
    private readonly int _fd;

    /// <param name="device">The index of the link's outer end.</param>
    /// <exception cref="IOException">The kernel has no such sockets, or no such device.</exception>
    public Stir(int device)
    {
        // Protocol 0: it receives nothing.
        if ((_fd = Libc.socket(Packet, Raw | CloseOnExec, 0)) < 0)
            throw new IOException("the run's link cannot be sent to");
        var address = stackalloc byte[20]; // sockaddr_ll
        new Span<byte>(address, 20).Clear();
        BinaryPrimitives.WriteUInt16LittleEndian(new(address, 2), Packet);
        BinaryPrimitives.WriteInt32LittleEndian(new(address + 4, 4), device);
        if (Libc.bind(_fd, address, 20) == 0)
            return;
        _ = Libc.close(_fd);
        throw new IOException("the run's link cannot be sent to");
    }

    /// <summary>Sends one; where the link takes none, nothing.</summary>
    public void Once()
    {
        fixed (byte* frame = Frame)
            _ = Libc.send(_fd, frame, (nuint)Frame.Length, DoNotWait);
    }

    public void Dispose() => _ = Libc.close(_fd);
}
