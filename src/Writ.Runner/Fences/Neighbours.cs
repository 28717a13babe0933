using System.Buffers.Binary;
using Writ.Proof.Addresses;
using Writ.Runner.Kernel;

namespace Writ.Runner.Fences;

/// <summary>
/// Places among the neighbours of the network namespace in which it was opened that count towards no limit (rtnetlink). Linux
/// counts the neighbours of all namespaces together, and a scan of a large network would leave the host none for its own.
/// </summary>
internal sealed class Neighbours : IDisposable
{
    private const int New = 28, Delete = 29, Get = 30;
    private const int Destination = 1, Protocol = 12;
    private const byte ExternallyLearned = 0x10;
    private readonly Netlink _netlink = new(Netlink.Route);

    /// <summary>Makes the places; those that are there stay as they are.</summary>
    /// <param name="device">The device's index.</param>
    /// <param name="addresses">Of the device's own link.</param>
    /// <param name="mark">By which they are found again.</param>
    public void Add(int device, AddressSet addresses, byte mark)
    {
        foreach (var chunk in addresses.Ranges.SelectMany(Each).Chunk(1_000))
        {
            var messages = new NetlinkMessages();
            foreach (var address in chunk)
                About(messages, New, Netlink.Create | Netlink.Exclusive | Netlink.Ack, ExternallyLearned, device, address).Put(Protocol, [mark]);
            _netlink.Send(messages, "neighbours", ignored: 17 /* EEXIST */);
        }
    }

    /// <summary>Takes the places with this mark away, but those of the addresses to be kept.</summary>
    public void Remove(byte mark, AddressSet kept)
    {
        var gone = new List<(int Device, Address Address)>();
        foreach (var reply in _netlink.Ask(new NetlinkMessages().Begin(Get, Netlink.Dump, new byte[12]), "neighbours"))
        {
            var attributes = reply.Attributes(12);
            if (attributes.TryGetValue(Protocol, out var protocol) && protocol.Span[0] == mark && UplinkLinks.Read(attributes[Destination]) is var address && !kept.Contains(address))
                gone.Add((BinaryPrimitives.ReadInt32LittleEndian(reply.Body.Span[4..]), address));
        }

        foreach (var chunk in gone.Chunk(1_000))
        {
            var messages = new NetlinkMessages();
            foreach (var (device, address) in chunk)
                About(messages, Delete, Netlink.Ack, 0, device, address);
            _netlink.Send(messages, "neighbours", ignored: 2 /* ENOENT */);
        }
    }

    // struct ndmsg: family, device, state, flags.
    private static NetlinkMessages About(NetlinkMessages messages, int type, int flags, byte kind, int device, Address address)
    {
        var head = new byte[12];
        (head[0], head[10]) = (address.IsV4 ? UplinkLinks.V4 : UplinkLinks.V6, kind);
        BinaryPrimitives.WriteInt32LittleEndian(head.AsSpan(4), device);
        return messages.Begin(type, flags, head).Put(Destination, UplinkLinks.Bytes(address));
    }

    private static IEnumerable<Address> Each(AddressRange range)
    {
        for (var address = range.First; ; address = new(address.Bits + 1))
        {
            yield return address;
            if (address == range.Last)
                yield break;
        }
    }

    public void Dispose() => _netlink.Dispose();
}
