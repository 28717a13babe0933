using CsCheck;
using Writ.Core.Traces;
using Writ.Proof.Addresses;

namespace Writ.Tests.Core.Traces;

/// <summary>What the index of traces may show too much of, and must never show too little of.</summary>
public class TraceKeyTests
{
    private static readonly Gen<AddressRange> AnyRange = Gen.Select(Gen.Bool, Gen.ULong, Gen.ULong, Gen.Int[0, 127], Gen.ULong).Select((isV4, high, low, size, more) =>
    {
        var bits = isV4 ? (UInt128)(uint)low : new UInt128(high | 1UL << 62, low);
        var first = isV4 ? Address.V4((uint)bits) : new Address(bits);
        var room = (isV4 ? uint.MaxValue : UInt128.MaxValue) - (isV4 ? (UInt128)(uint)low : bits);
        var count = UInt128.Min(room, (new UInt128(more, more) >> (127 - (isV4 ? size / 4 : size))));
        return new AddressRange(first, new(first.Bits + count));
    });

    private static readonly Gen<AddressSet> AnySet = AnyRange.Array[1, 40].Select(ranges => AddressSet.Of(ranges));

    [Fact]
    public void Every_address_of_a_scope_is_found_and_a_scope_costs_few_lines() => Gen.Select(AnySet, Gen.Int, Gen.ULong).Sample(
        (set, pick, within) =>
        {
            var keys = TraceKey.Covering(TraceKind.Scope, set);
            keys.Length.ShouldBeInRange(1, TraceKey.MostNetworks);
            var range = set.Ranges[(int)((uint)pick % (uint)set.Ranges.Count)];
            foreach (var address in new[] { range.First, range.Last, new Address(range.First.Bits + (range.Count == 0 ? within : within % range.Count)) })
                TraceKey.Around(TraceKind.Scope, address).Intersect(keys).ShouldNotBeEmpty($"{address} of {set}");
        }, iter: PropertyScale.Cases(2_000));

    [Fact]
    public void Scope_of_few_networks_is_found_by_its_own_addresses_alone() => Gen.Select(AnyRange.Array[1, 3], Gen.UInt, Gen.ULong, Gen.ULong).Sample(
        (ranges, v4, high, low) =>
        {
            // A range of any size is cut to one network here, so that a few of them stay below the limit.
            var set = AddressSet.Of(ranges.Select(range => AddressRange.Network(range.First, range.First.Width - 3)));
            var keys = TraceKey.Covering(TraceKind.Scope, set);
            foreach (var address in new[] { Address.V4(v4), new Address(new(high | 1UL << 62, low)), new Address(set.Ranges[0].Last.Bits + 1), new Address(set.Ranges[0].First.Bits - 1) })
                TraceKey.Around(TraceKind.Scope, address).Intersect(keys).Any().ShouldBe(set.Contains(address), $"{address} of {set}");
        }, iter: PropertyScale.Cases(2_000));

    [Theory]
    [InlineData("0.0.0.0/0", 1)]
    [InlineData("10.0.0.0/8", 1)]
    [InlineData("10.0.0.1-10.0.0.254", 14)]
    [InlineData("2001:db8::/32", 1)]
    [InlineData("::fffe:0:0-::fffe:ffff:ffff", 1)]
    public void Scope_stands_as_the_networks_that_it_is(string range, int networks)
    {
        AddressRange.TryParse(range, out var read).ShouldBeTrue();
        TraceKey.Covering(TraceKind.Scope, AddressSet.Of(read)).Length.ShouldBe(networks);
    }

    [Fact]
    public void Thousands_of_scattered_addresses_stand_as_few_wider_networks()
    {
        var set = AddressSet.Of(Enumerable.Range(0, 5_000).Select(host => new AddressRange(Address.V4((uint)(host * 7_919)), Address.V4((uint)(host * 7_919)))));
        TraceKey.Covering(TraceKind.Scope, set).Length.ShouldBeLessThanOrEqualTo(TraceKey.MostNetworks);
    }

    [Fact]
    public void Kinds_do_not_meet()
    {
        var address = Address.V4(0x0a14_0005);
        new[] { TraceKind.Scope, TraceKind.Source, TraceKind.Refused, TraceKind.Gap }.Select(kind => TraceKey.Of(kind, address)).Distinct().Count().ShouldBe(4);
        (TraceKey.Around(TraceKind.Scope, address).Length, TraceKey.Around(TraceKind.Scope, new(1)).Length).ShouldBe((33, 129));
    }

    [Fact]
    public void Whatever_is_open_at_a_moment_began_when_its_class_says() => Gen.Select(Gen.Long[0, 400_000_000_000_000], Gen.Long[0, 2_000_000_000_000_000], Gen.Double[0, 1]).Sample(
        (length, from, part) =>
        {
            var (begin, span) = (DateTimeOffset.UnixEpoch.AddMicroseconds(from), TimeSpan.FromMicroseconds(length));
            var open = begin + (span * part);
            TraceSpan.EarliestBegin(TraceSpan.Of(span), open).ShouldBeLessThanOrEqualTo(begin);
            TraceSpan.Of(span).ShouldBeInRange(0, TraceSpan.Longest);
        }, iter: PropertyScale.Cases(5_000));

    [Theory]
    [InlineData("10.20.4.17", true)]
    [InlineData("10.20.4.0-10.20.4.3", true)]
    [InlineData("10.0.0.0/8", true)]
    [InlineData("10.20.3.200-10.20.4.0", true)]
    [InlineData("10.20.4.128", false)]
    [InlineData("10.20.3.0/24", false)]
    public void Overlapping_a_network_finds_the_scopes_that_share_an_address(string scope, bool found)
    {
        AddressSet.TryParse([scope], out var set, out _).ShouldBeTrue();
        AddressRange.TryParse("10.20.4.0/25", out var network).ShouldBeTrue();
        TraceKey.Overlapping(TraceKind.Scope, network).Intersect(TraceKey.Covering(TraceKind.Scope, set)).Any().ShouldBe(found);
        TraceKey.Overlapping(TraceKind.Scope, new(network.First, network.First)).Order().ShouldBe(TraceKey.Around(TraceKind.Scope, network.First).Order());
    }
}
