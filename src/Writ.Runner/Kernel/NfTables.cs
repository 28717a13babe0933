using System.Buffers.Binary;
using System.Text;

namespace Writ.Runner.Kernel;

/// <summary>
/// One table of the netdev family, as the kernel's nf_tables interface speaks of it (uapi/linux/netfilter/nf_tables.h):
/// what changes or is read while a run lives. What stands still is loaded as text by <c>nft</c>.
/// </summary>
internal sealed class NfTables(Netlink netlink, string table)
{
    public const int Drop = 0, Jump = -3, Goto = -4;
    private const byte NetdevFamily = 5;
    private const int Subsystem = 10 << 8, GetTable = 1, NewChain = 3, GetChain = 4, NewRule = 6, GetRule = 7, DeleteRule = 8, NewElements = 12, GetElements = 13,
        DeleteElements = 14, NewObject = 18, GetObject = 19;
    private const int Register = 1, OtherRegister = 2;

    /// <summary>A set of changes that take effect together.</summary>
    public static NetlinkMessages Change() => new NetlinkMessages { IsTransaction = true }.Begin(0x10 /* NFNL_MSG_BATCH_BEGIN */, 0, [0, 0, 0, 10]);

    /// <summary>Makes the changes; none of them where the kernel refuses one.</summary>
    /// <exception cref="IOException">The kernel refused.</exception>
    public void Commit(NetlinkMessages changes) => netlink.Send(changes.Begin(0x11 /* NFNL_MSG_BATCH_END */, 0, [0, 0, 0, 10]), $"nftables table {table}");

    private static void Begin(NetlinkMessages changes, int type, int flags) => changes.Begin(Subsystem | type, flags | Netlink.Ack, [NetdevFamily, 0, 0, 0]);

    /// <summary>A chain; one that hangs at the ingress of a device, and lets everything pass that it does not take, where one is named.</summary>
    public void AddChain(NetlinkMessages changes, string chain, string? device = null)
    {
        Begin(changes, NewChain, Netlink.Create);
        changes.Put(1, table).Put(3, chain);
        if (device is not null)
            changes.Nest(4, hook => hook.PutBig(1, 0u).PutBig(2, unchecked((uint)-500)).Put(3, device)).PutBig(5, 1u).Put(7, "filter");
    }

    /// <summary>Takes every rule out of a chain.</summary>
    public void FlushChain(NetlinkMessages changes, string chain)
    {
        Begin(changes, DeleteRule, 0);
        changes.Put(1, table).Put(2, chain);
    }

    /// <summary>Appends a rule of these expressions.</summary>
    public void AddRule(NetlinkMessages changes, string chain, params (string Name, Action<NetlinkMessages> Data)[] expressions)
    {
        Begin(changes, NewRule, Netlink.Create | Netlink.Append);
        changes.Put(1, table).Put(2, chain).Nest(4, list =>
        {
            foreach (var (name, data) in expressions)
                list.Nest(1, expression => expression.Put(1, name).Nest(2, data));
        });
    }

    /// <summary>The first of the registers of four bytes; <see cref="Load"/> and <see cref="Lookup"/> else use one of sixteen, which begins where it does.</summary>
    public const uint FirstWord = 8;

    /// <summary>Loads so many bytes of the packet, from behind its IP header on.</summary>
    public static (string Name, Action<NetlinkMessages> Data) Load(uint offset, uint length, uint register = Register) =>
        ("payload", payload => payload.PutBig(1, register).PutBig(2, 2u /* NFT_PAYLOAD_TRANSPORT_HEADER */).PutBig(3, offset).PutBig(4, length));

    /// <summary>Goes on where what was loaded is in the set.</summary>
    public static (string Name, Action<NetlinkMessages> Data) Lookup(string set, uint register = Register) => ("lookup", lookup => lookup.Put(1, set).PutBig(2, register));

    /// <summary>Goes on where what was loaded is this.</summary>
    public static (string Name, Action<NetlinkMessages> Data) Equal(byte[] value) =>
        ("cmp", compare => compare.PutBig(1, (uint)Register).PutBig(2, 0u /* NFT_CMP_EQ */).Nest(3, data => data.Put(1, value)));

    /// <summary>Goes to another chain for good.</summary>
    public static (string Name, Action<NetlinkMessages> Data) Go(string chain) => ("immediate", Verdict(Goto, chain));

    /// <summary>Counts with a named counter.</summary>
    public static (string Name, Action<NetlinkMessages> Data) Count(string counter) => ("objref", reference => reference.PutBig(1, 1u /* NFT_OBJECT_COUNTER */).Put(2, counter));

    /// <summary>A counter, at zero.</summary>
    public void AddCounter(NetlinkMessages changes, string counter)
    {
        Begin(changes, NewObject, Netlink.Create);
        changes.Put(1, table).Put(2, counter).PutBig(3, 1u /* NFT_OBJECT_COUNTER */).Nest(4, data => data.PutBig(1, 0ul).PutBig(2, 0ul));
    }

    /// <summary>Drops everything from this instant on, in nanoseconds since 1970 by the wall clock: <c>meta time &gt;= AT drop</c>.</summary>
    public void AddClock(NetlinkMessages changes, string chain, ulong at, params (string Name, Action<NetlinkMessages> Data)[] before) =>
        AddFrom(changes, chain, at, [.. before, ("immediate", Verdict(Drop))]);

    /// <summary>Does this from an instant on, in nanoseconds since 1970 by the wall clock.</summary>
    public void AddFrom(NetlinkMessages changes, string chain, ulong at, params (string Name, Action<NetlinkMessages> Data)[] then)
    {
        var instant = new byte[8];
        BinaryPrimitives.WriteUInt64BigEndian(instant, at);
        AddRule(changes, chain,
            [
                ("meta", meta => meta.PutBig(1, Register).PutBig(2, 30u /* NFT_META_TIME_NS */)),
                ("byteorder", order => order.PutBig(1, Register).PutBig(2, Register).PutBig(3, 1u).PutBig(4, 8u).PutBig(5, 8u)),
                ("cmp", compare => compare.PutBig(1, Register).PutBig(2, 5u /* NFT_CMP_GTE */).Nest(3, data => data.Put(1, instant))),
                .. then,
            ]);
    }

    /// <summary>Goes to another chain and comes back where that decides nothing.</summary>
    public void AddJump(NetlinkMessages changes, string chain, string target) => AddRule(changes, chain, ("immediate", Verdict(Jump, target)));

    /// <summary>
    /// Hands the packet to a device, to the next hop's link address there; without a next hop, to that of the packet's own
    /// destination.
    /// </summary>
    public void AddForward(NetlinkMessages changes, string chain, int device, byte[]? nextHop, bool isV4)
    {
        var index = new byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(index, device);
        AddRule(changes, chain,
            ("immediate", immediate => immediate.PutBig(1, Register).Nest(2, data => data.Put(1, index))),
            nextHop is not null
                ? ("immediate", immediate => immediate.PutBig(1, OtherRegister).Nest(2, data => data.Put(1, nextHop)))
                : ("payload", payload => payload.PutBig(1, OtherRegister).PutBig(2, 1u).PutBig(3, isV4 ? 16u : 24u).PutBig(4, isV4 ? 4u : 16u)),
            ("fwd", forward => forward.PutBig(1, Register).PutBig(2, OtherRegister).PutBig(3, isV4 ? 2u : 10u)));
    }

    private static Action<NetlinkMessages> Verdict(int code, string? chain = null) => immediate =>
        immediate.PutBig(1, 0u).Nest(2, data => PutVerdict(data, code, chain));

    private static void PutVerdict(NetlinkMessages data, int code, string? chain) => data.Nest(2, verdict =>
    {
        verdict.PutBig(1, unchecked((uint)code));
        if (chain is not null)
            verdict.Put(2, chain);
    });

    /// <summary>Takes every element out of a set.</summary>
    public void FlushSet(NetlinkMessages changes, string set)
    {
        Begin(changes, DeleteElements, 0);
        changes.Put(1, table).Put(2, set);
    }

    /// <summary>Puts disjoint ranges, lowest first, into an interval set, or single values into another.</summary>
    /// <param name="changes">To these changes.</param>
    /// <param name="set">The set's name.</param>
    /// <param name="width">The length of a key in bytes.</param>
    /// <param name="ranges">First and last value, and what a map has for them: the chain to go to, or the counter.</param>
    /// <param name="interval">Whether the set is one of intervals.</param>
    /// <param name="milliseconds">How long the elements live; 0 for ever.</param>
    /// <param name="counters">Whether the set is a map to counters.</param>
    public void AddElements(NetlinkMessages changes, string set, int width, IEnumerable<(UInt128 First, UInt128 Last, string? Name)> ranges,
        bool interval = true, ulong milliseconds = 0, bool counters = false)
    {
        var beyond = UInt128.One << (8 * width);
        foreach (var chunk in ranges.Chunk(200))
        {
            Begin(changes, NewElements, Netlink.Create);
            changes.Put(1, table).Put(2, set).Nest(3, list =>
            {
                foreach (var (first, last, name) in chunk)
                {
                    list.Nest(1, element =>
                    {
                        PutKey(element, first, width);
                        if (name is not null && counters)
                            element.Put(9, name);
                        else if (name is not null)
                            element.Nest(2, data => PutVerdict(data, Goto, name));
                        if (milliseconds > 0)
                            element.PutBig(4, milliseconds);
                    });
                    // Width 16 wraps to 0 behind the last address.
                    if (interval && last + 1 != beyond && last + 1 != 0)
                        list.Nest(1, element => PutKey(element.PutBig(3, 1u /* NFT_SET_ELEM_INTERVAL_END */), last + 1, width));
                }
            });
        }
    }

    private static void PutKey(NetlinkMessages element, UInt128 value, int width)
    {
        var bytes = new byte[16];
        BinaryPrimitives.WriteUInt128BigEndian(bytes, value);
        element.Nest(1, data => data.Put(1, bytes.AsSpan(16 - width)));
    }

    /// <summary>An element as the kernel tells it: its key, packets where it counts them, and the milliseconds that it still lives.</summary>
    public readonly record struct Element(byte[] Key, long Packets, long ExpiresIn, bool IsEnd);

    /// <summary>The live elements of a set.</summary>
    public List<Element> Elements(string set)
    {
        var found = new List<Element>();
        foreach (var reply in Ask(GetElements, question => question.Put(1, table).Put(2, set)))
        {
            if (!reply.Attributes(4).TryGetValue(3, out var list))
                continue;
            foreach (var (_, value) in NetlinkReply.List(list))
            {
                var element = NetlinkReply.Read(value);
                if (!element.TryGetValue(1, out var key))
                    continue;
                var packets = element.TryGetValue(7, out var expression) && NetlinkReply.Read(expression).TryGetValue(2, out var counter) ? Counter(counter).Packets : 0;
                var expires = element.TryGetValue(5, out var left) ? (long)BinaryPrimitives.ReadUInt64BigEndian(left.Span) : 0;
                var isEnd = element.TryGetValue(3, out var flags) && (flags.Span[3] & 1) != 0;
                found.Add(new(NetlinkReply.Read(key)[1].ToArray(), packets, expires, isEnd));
            }
        }

        return found;
    }

    /// <summary>Every named counter of the table.</summary>
    public Dictionary<string, (long Packets, long Bytes)> Counters()
    {
        var found = new Dictionary<string, (long, long)>(StringComparer.Ordinal);
        foreach (var reply in Ask(GetObject, question => question.Put(1, table)))
        {
            var entry = reply.Attributes(4);
            if (entry.TryGetValue(1, out var owner) && Text(owner) == table && entry.TryGetValue(2, out var name) && entry.TryGetValue(4, out var data))
                found[Text(name)] = Counter(data);
        }

        return found;
    }

    private static (long Packets, long Bytes) Counter(ReadOnlyMemory<byte> data)
    {
        var counter = NetlinkReply.Read(data);
        return ((long)BinaryPrimitives.ReadUInt64BigEndian(counter[2].Span), (long)BinaryPrimitives.ReadUInt64BigEndian(counter[1].Span));
    }

    /// <summary>How many rules a chain holds.</summary>
    public int Rules(string chain) => Ask(GetRule, question => question.Put(1, table).Put(2, chain))
        .Count(reply => reply.Attributes(4) is var rule && rule.TryGetValue(1, out var owner) && Text(owner) == table
            && rule.TryGetValue(2, out var name) && Text(name) == chain);

    /// <summary>The chains that hang at a hook: their names, and whether they drop what no rule decides.</summary>
    public List<(string Name, bool Drops)> Hooks() => [.. Chains(question => question.Put(1, table)).Where(chain => Text(chain[1]) == table && chain.ContainsKey(4))
        .Select(chain => (Text(chain[3]), chain.TryGetValue(5, out var policy) && BinaryPrimitives.ReadInt32BigEndian(policy.Span) == 0))];

    /// <summary>How many chains of any netdev table hang at this device.</summary>
    public int HooksAt(string device) => Chains(_ => { }).Count(chain => chain.TryGetValue(4, out var hook) && NetlinkReply.Read(hook) is var told
        && ((told.TryGetValue(3, out var one) && Text(one) == device)
            || (told.TryGetValue(4, out var several) && NetlinkReply.List(several).Any(name => Text(name.Value) == device))));

    private IEnumerable<Dictionary<int, ReadOnlyMemory<byte>>> Chains(Action<NetlinkMessages> question) => Ask(GetChain, question).Select(reply => reply.Attributes(4));

    /// <summary>The netdev tables of the netlink socket's namespace.</summary>
    public static List<string> Tables(Netlink netlink) =>
        [.. netlink.Ask(new NetlinkMessages().Begin(Subsystem | GetTable, Netlink.Dump, [NetdevFamily, 0, 0, 0]), "nftables").Select(reply => Text(reply.Attributes(4)[1]))];

    private List<NetlinkReply> Ask(int type, Action<NetlinkMessages> question)
    {
        var message = new NetlinkMessages().Begin(Subsystem | type, Netlink.Dump, [NetdevFamily, 0, 0, 0]);
        question(message);
        return netlink.Ask(message, $"nftables table {table}");
    }

    private static string Text(ReadOnlyMemory<byte> value) => Encoding.UTF8.GetString(value.Span).TrimEnd('\0');
}
