using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using Writ.Proof.Addresses;
using Writ.Runner.Kernel;

namespace Writ.Runner.Fences;

/// <summary>
/// A rule of policy routing, as it counts for a packet that a run sends: forwarded, without a mark, from the run's address.
/// </summary>
/// <param name="IsV4">Its family.</param>
/// <param name="Priority">The lower, the earlier.</param>
/// <param name="From">The sources that it is about; null for all.</param>
/// <param name="To">The destinations; null for all.</param>
/// <param name="Input">The name of the device that packets must have come in by, or null.</param>
/// <param name="SelectsNone">It asks for a mark, or for a device by which packets leave: no packet of a run fits.</param>
/// <param name="Table">The routing table that decides, 0 where packets go nowhere.</param>
/// <param name="LeastPrefix">Routes to networks with shorter prefixes than this do not count.</param>
/// <param name="Inverted">It is about everything else.</param>
/// <param name="Unknown">What it looks at that cannot be followed, or null.</param>
internal sealed record RoutingRule(
    bool IsV4, uint Priority, AddressRange? From, AddressRange? To, string? Input, bool SelectsNone, uint Table, int LeastPrefix, bool Inverted, string? Unknown)
{
    /// <summary>The table that is asked first and holds the host's own addresses; none of them is on a run's way.</summary>
    public const uint LocalTable = 255;
    private const int ToTable = 1, Blackhole = 6, Prohibit = 8;
    private const int Invert = 2;

    /// <summary>What is there where nobody has changed anything.</summary>
    public static IReadOnlyList<RoutingRule> Usual { get; } =
        [.. ((bool[])[true, false]).SelectMany(isV4 => new[] { (32_766u, 254u), (32_767u, 253u) }, (isV4, rule) => new RoutingRule(isV4, rule.Item1, null, null, null, false, rule.Item2, 0, false, null))];

    /// <summary>Reads a rule as the kernel tells it (struct fib_rule_hdr and its attributes).</summary>
    public static RoutingRule Read(NetlinkReply reply)
    {
        var head = reply.Body.Span;
        var attributes = reply.Attributes(12);
        var isV4 = head[0] == 2;
        uint Number(int type, uint otherwise) => attributes.TryGetValue(type, out var value) ? BinaryPrimitives.ReadUInt32LittleEndian(value.Span) : otherwise;
        string? Name(int type) => attributes.TryGetValue(type, out var value) ? Encoding.UTF8.GetString(value.Span).TrimEnd('\0') : null;
        AddressRange? Network(int type, int prefix) => attributes.TryGetValue(type, out var value)
            ? AddressRange.Network(value.Length == 4 ? Address.V4(BinaryPrimitives.ReadUInt32BigEndian(value.Span)) : new(BinaryPrimitives.ReadUInt128BigEndian(value.Span)), prefix)
            : null;
        var action = head[7];
        var inverted = (BinaryPrimitives.ReadUInt32LittleEndian(head[8..]) & Invert) != 0;
        // A mark of 0 under its mask is what an unmarked packet has.
        var marked = (Number(10, 0) & Number(16, uint.MaxValue)) != 0;
        var device = Name(17) is not null || Number(19, 0) != 0;
        string?[] unknown =
        [
            head[3] != 0 ? "the type of service" : null,
            attributes.ContainsKey(20) ? "the user" : null,
            attributes.ContainsKey(22) || attributes.ContainsKey(23) || attributes.ContainsKey(24) ? "protocol or ports" : null,
            attributes.TryGetValue(12, out var tunnel) && tunnel.Span.ContainsAnyExcept((byte)0) ? "a tunnel" : null,
            Number(13, uint.MaxValue) != uint.MaxValue ? "groups of devices" : null,
            action is ToTable or (>= Blackhole and <= Prohibit) ? null : "other rules",
        ];
        return new(
            isV4, Number(6, 0), Network(2, head[2]), Network(1, head[1]), Name(3), marked || device, action == ToTable ? Number(15, head[4]) : 0,
            Number(14, uint.MaxValue) is var suppressed && suppressed == uint.MaxValue ? 0 : (int)suppressed + 1,
            inverted, unknown.FirstOrDefault(what => what is not null));
    }

    /// <summary>Those of these destinations that it is about, for packets from this source by this device.</summary>
    /// <exception cref="IOException">It is about some of them by something that a fence cannot follow.</exception>
    public AddressSet Concerns(AddressSet destinations, Address? source, string device)
    {
        var fits = !SelectsNone && (Input is null || Input == device) && (From is not { } from || (source is { } own && own >= from.First && own <= from.Last));
        var to = To is { } network ? destinations.Intersect(AddressSet.Of(network)) : destinations;
        var selected = fits ? to : AddressSet.Empty;
        var concerned = Inverted ? destinations.Except(selected) : selected;
        // Inverted, what is not known could be about any of them.
        if (Unknown is not null && !(Inverted ? destinations : selected).IsEmpty)
            throw new IOException(string.Create(CultureInfo.InvariantCulture, $"the uplink's routing rule {Priority} looks at {Unknown}, which a fence cannot follow"));
        return concerned;
    }
}
