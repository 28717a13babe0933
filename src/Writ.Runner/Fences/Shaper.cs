using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using Writ.Runner.Kernel;

namespace Writ.Runner.Fences;

/// <summary>
/// Holds a run's packets back to a rate, at its own end of the link, so that they wait instead of being lost: tc's token bucket
/// with a size table by which every packet counts alike. Who goes around it with raw frames meets the fence's own limit.
/// To be made in the run's namespace; used anywhere after that.
/// </summary>
internal sealed class Shaper : IDisposable
{
    // What each packet counts as: more than any packet of the link has.
    private const int PacketSize = 2_000;
    private const int MostWaiting = 10_000;
    private const int GetQueueing = 38;
    private readonly Netlink _netlink = new(Netlink.Route);

    /// <param name="packetsPerSecond">The rate.</param>
    /// <exception cref="IOException">The kernel's token bucket cannot be had.</exception>
    public Shaper(int packetsPerSecond)
    {
        try
        {
            KernelTool.Run(string.Create(CultureInfo.InvariantCulture,
                $"qdisc add dev {NetdevFenceBuilder.Inner} root stab mtu 2048 tsize 128 mpu {PacketSize} tbf rate {(long)packetsPerSecond * PacketSize}bps burst {Burst(packetsPerSecond) * PacketSize} limit {MostWaiting * PacketSize}\n"),
                "tc", "-batch", "-");
        }
        catch (RunnerException failed)
        {
            _netlink.Dispose();
            throw new IOException($"the budget's rate cannot be held: {failed.Message}");
        }
    }

    /// <summary>How many packets may go at once after a pause: those of 50 ms.</summary>
    public static int Burst(int packetsPerSecond) => Math.Max(1, packetsPerSecond / 20);

    /// <summary>How often it made a packet wait, and how many were lost since too many waited; null where it is not there any more.</summary>
    public (long HeldBack, long Lost)? Read()
    {
        foreach (var reply in _netlink.Ask(new NetlinkMessages().Begin(GetQueueing, Netlink.Dump, new byte[20]), "queueing"))
        {
            var attributes = reply.Attributes(20);
            if (Encoding.UTF8.GetString(attributes[1].Span).TrimEnd('\0') != "tbf" || !NetlinkReply.Read(attributes[7]).TryGetValue(3, out var queue))
                continue;
            // struct gnet_stats_queue: qlen, backlog, drops, requeues, overlimits.
            return (BinaryPrimitives.ReadUInt32LittleEndian(queue.Span[16..]), BinaryPrimitives.ReadUInt32LittleEndian(queue.Span[8..]));
        }

        return null;
    }

    public void Dispose() => _netlink.Dispose();
}
