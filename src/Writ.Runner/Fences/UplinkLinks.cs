using System.Buffers.Binary;
using System.Text;
using Writ.Proof.Addresses;
using Writ.Runner.Kernel;

namespace Writ.Runner.Fences;

/// <summary>A way to a network: through a device, and over a gateway unless the network is on that device's own link.</summary>
/// <param name="First">The network's lowest address.</param>
/// <param name="Last">Its highest.</param>
/// <param name="Prefix">Its prefix length.</param>
/// <param name="Metric">The lower, the better among equal networks.</param>
/// <param name="Device">The device's index; 0 where packets for this network are to go nowhere.</param>
/// <param name="Gateway">The next hop's address, or null.</param>
/// <param name="Table">The routing table that it stands in.</param>
/// <param name="IsThrow">The table decides nothing about this network.</param>
internal sealed record RouteEntry(
    Address First, Address Last, int Prefix, uint Metric, int Device, Address? Gateway, uint Table = 254, bool IsThrow = false);

/// <summary>
/// Devices, addresses, routing tables and rules of the network namespace in which it was opened (rtnetlink).
/// </summary>
internal sealed class UplinkLinks : IDisposable
{
    private const int NewAddress = 20, DeleteAddress = 21, GetAddress = 22, GetLink = 18, NewRoute = 24, GetRoute = 26, GetRule = 34, GetQueueing = 38;
    internal const byte V4 = 2, V6 = 10;
    private const byte MainTable = 254, Unicast = 1, Throw = 9;
    private const uint IngressParent = 0xfffffff1;
    private const uint NoDuplicateDetection = 2, NoPrefixRoute = 0x200;
    private readonly Netlink _netlink = new(Netlink.Route);
    // Links too: a device that goes down takes its IPv4 routes away without a word.
    private readonly Netlink _changes = new(Netlink.Route, groups: 0x1 | 0x40 | 0x80 | 0x400 | 0x40000);

    /// <summary>Readable when routes or devices have changed.</summary>
    public int Changed => _changes.Fd;

    /// <summary>Takes note of changes; true when there were some.</summary>
    public bool TakeChanges() => _changes.Drain();

    /// <summary>The devices: index, name, what their alias says, and whether they ask for link addresses.</summary>
    public List<(int Index, string Name, string Alias, bool HasNeighbours)> Devices() =>
    [
        .. _netlink.Ask(new NetlinkMessages().Begin(GetLink, Netlink.Dump, new byte[16]), "devices").Select(link =>
        {
            var attributes = link.Attributes(16);
            return (BinaryPrimitives.ReadInt32LittleEndian(link.Body.Span[4..]), Text(attributes[3]), attributes.TryGetValue(20, out var alias) ? Text(alias) : "",
                (BinaryPrimitives.ReadUInt32LittleEndian(link.Body.Span[8..]) & (0x8 | 0x80) /* IFF_LOOPBACK | IFF_NOARP */) == 0);
        }),
    ];

    /// <summary>Whether tc looks at packets that come in over a device, and so could hand them on.</summary>
    public bool HasIngress(string name)
    {
        var index = Devices().Find(device => device.Name == name).Index;
        return _netlink.Ask(new NetlinkMessages().Begin(GetQueueing, Netlink.Dump, new byte[20]), "queueing").Any(reply =>
            BinaryPrimitives.ReadInt32LittleEndian(reply.Body.Span[4..]) == index && BinaryPrimitives.ReadUInt32LittleEndian(reply.Body.Span[12..]) == IngressParent);
    }

    private static string Text(ReadOnlyMemory<byte> value) => Encoding.UTF8.GetString(value.Span).TrimEnd('\0');

    /// <summary>The rules of policy routing, IPv4 and IPv6, by priority.</summary>
    public IReadOnlyList<RoutingRule> Rules()
    {
        try
        {
            return [.. ((byte[])[V4, V6]).SelectMany(family => _netlink.Ask(new NetlinkMessages().Begin(GetRule, Netlink.Dump, [family, .. new byte[11]]), "routing rules")
                .Select(RoutingRule.Read)).OrderBy(rule => rule.Priority)];
        }
        catch (IOException none) when (none.HResult == 95 /* EOPNOTSUPP: a kernel without policy routing */)
        {
            return RoutingRule.Usual;
        }
    }

    /// <summary>Every routing table but that of the host's own addresses, IPv4 and IPv6.</summary>
    public List<RouteEntry> Routes()
    {
        var routes = new List<RouteEntry>();
        foreach (var family in (byte[])[V4, V6])
        {
            var question = new byte[12];
            question[0] = family;
            foreach (var reply in _netlink.Ask(new NetlinkMessages().Begin(GetRoute, Netlink.Dump, question), "routes"))
            {
                var head = reply.Body.Span;
                var attributes = reply.Attributes(12);
                var table = attributes.TryGetValue(15, out var wide) ? BinaryPrimitives.ReadUInt32LittleEndian(wide.Span) : head[4];
                // Cached answers are no routes, and a route of one source only is not one for a run.
                if (head[0] != family || table == RoutingRule.LocalTable || head[2] != 0 || (BinaryPrimitives.ReadUInt32LittleEndian(head[8..]) & 0x200) != 0)
                    continue;
                var network = attributes.TryGetValue(1, out var destination) ? Read(destination) : new Address(family == V4 ? Address.V4(0).Bits : 0);
                var hosts = (family == V4 ? 32 : 128) - head[1];
                var last = new Address(hosts == 128 ? UInt128.MaxValue : network.Bits | ((UInt128.One << hosts) - 1));
                var (device, gateway) = head[7] == Unicast ? NextHop(attributes, BinaryPrimitives.ReadUInt32LittleEndian(head[8..])) : (0, null);
                var metric = attributes.TryGetValue(6, out var priority) ? BinaryPrimitives.ReadUInt32LittleEndian(priority.Span) : 0;
                routes.Add(new(network, last, head[1], metric, device, gateway, table, head[7] == Throw));
            }
        }

        return routes;
    }

    // Of several equal next hops, the first that lives.
    private static (int Device, Address? Gateway) NextHop(Dictionary<int, ReadOnlyMemory<byte>> attributes, uint flags)
    {
        const uint dead = 1 | 0x10;
        if (!attributes.TryGetValue(9, out var hops))
            return (flags & dead) == 0 && attributes.TryGetValue(4, out var device) && !attributes.ContainsKey(18)
                ? (BinaryPrimitives.ReadInt32LittleEndian(device.Span), attributes.TryGetValue(5, out var gateway) ? Read(gateway) : null)
                : (0, null);
        while (hops.Length >= 8)
        {
            var length = BinaryPrimitives.ReadUInt16LittleEndian(hops.Span);
            if (length < 8 || length > hops.Length)
                break;
            var inner = NetlinkReply.Read(hops[8..length]);
            if ((hops.Span[2] & dead) == 0 && !inner.ContainsKey(18))
                return (BinaryPrimitives.ReadInt32LittleEndian(hops.Span[4..]), inner.TryGetValue(5, out var gateway) ? Read(gateway) : null);
            hops = hops[Math.Min((length + 3) & ~3, hops.Length)..];
        }

        return (0, null);
    }

    internal static Address Read(ReadOnlyMemory<byte> bytes) => bytes.Length == 4
        ? Address.V4(BinaryPrimitives.ReadUInt32BigEndian(bytes.Span))
        : new(BinaryPrimitives.ReadUInt128BigEndian(bytes.Span));

    /// <summary>
    /// Lets a device answer for an address, for so many seconds; the kernel takes it away by itself after that. It is never
    /// chosen as a source of the host's own.
    /// </summary>
    /// <param name="device">The device's index.</param>
    /// <param name="address">The address.</param>
    /// <param name="seconds">How long.</param>
    /// <param name="again">Whether it is there already and only its end moves.</param>
    /// <exception cref="IOException">The kernel refused; EEXIST where somebody else has the address.</exception>
    public void Claim(int device, Address address, uint seconds, bool again)
    {
        var lifetimes = new byte[16];
        BinaryPrimitives.WriteUInt32LittleEndian(lifetimes.AsSpan(4), seconds);
        var flags = new byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(flags, NoDuplicateDetection | NoPrefixRoute);
        var message = About(NewAddress, Netlink.Create | (again ? Netlink.Replace : Netlink.Exclusive) | Netlink.Ack, device, address);
        _netlink.Send(message.Put(6, lifetimes).Put(8, flags), $"address {address}");
    }

    /// <summary>The device no longer answers for the address; nothing happens where it did not.</summary>
    public void Release(int device, Address address)
    {
        try
        {
            _netlink.Send(About(DeleteAddress, Netlink.Ack, device, address), $"address {address}");
        }
        catch (IOException absent) when (absent.HResult == 99 /* EADDRNOTAVAIL */)
        {
            // Its time was over before.
        }
    }

    /// <summary>From now on nothing of a network can be reached, and whoever tries is told at once.</summary>
    public void AddUnreachable(Address network, int prefix)
    {
        var bytes = Bytes(network);
        byte[] head = [network.IsV4 ? V4 : V6, (byte)prefix, 0, 0, MainTable, 4 /* RTPROT_STATIC */, 0, 7 /* RTN_UNREACHABLE */, 0, 0, 0, 0];
        _netlink.Send(new NetlinkMessages().Begin(NewRoute, Netlink.Create | Netlink.Replace | Netlink.Ack, head).Put(1, bytes), $"route to {network}/{prefix}");
    }

    /// <summary>The address that the uplink's own packets to a destination come from; null where nothing leads there.</summary>
    public Address? SourceTo(Address destination)
    {
        var bytes = Bytes(destination);
        byte[] head = [destination.IsV4 ? V4 : V6, (byte)(bytes.Length * 8), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        try
        {
            return _netlink.Ask(new NetlinkMessages().Begin(GetRoute, Netlink.Ack, head).Put(1, bytes), "routes")
                .Select(reply => reply.Attributes(12).TryGetValue(7, out var source) ? Read(source) : (Address?)null).FirstOrDefault();
        }
        catch (IOException unreachable) when (unreachable.HResult is 101 or 113 or 13 or 22)
        {
            return null;
        }
    }

    /// <summary>The devices that answer for an address.</summary>
    public List<int> Holders(Address address)
    {
        var bytes = Bytes(address);
        return [.. _netlink.Ask(new NetlinkMessages().Begin(GetAddress, Netlink.Dump, new byte[8]), "addresses")
            .Where(reply => reply.Attributes(8) is var held && (held.TryGetValue(2, out var local) || held.TryGetValue(1, out local)) && local.Span.SequenceEqual(bytes))
            .Select(reply => BinaryPrimitives.ReadInt32LittleEndian(reply.Body.Span[4..]))];
    }

    private static NetlinkMessages About(int type, int flags, int device, Address address)
    {
        var bytes = Bytes(address);
        var head = new byte[8];
        (head[0], head[1]) = (address.IsV4 ? V4 : V6, (byte)(bytes.Length * 8));
        BinaryPrimitives.WriteInt32LittleEndian(head.AsSpan(4), device);
        return new NetlinkMessages().Begin(type, flags, head).Put(2, bytes).Put(1, bytes);
    }

    internal static byte[] Bytes(Address address) => address.IsV4 ? address.ToBytes()[12..] : address.ToBytes();

    public void Dispose()
    {
        _netlink.Dispose();
        _changes.Dispose();
    }
}
