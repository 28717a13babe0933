using CsCheck;
using Writ.Proof.Addresses;
using Writ.Tests.Core;

namespace Writ.Tests.Proof.Addresses;

/// <summary>The algebra of address sets, held against plain sets of numbers in small universes of either family.</summary>
public class AddressSetTests
{
    // Universes at the edges where mistakes hide: the first and last IPv4 addresses, IPv6 beside them, and both its ends.
    private static readonly UInt128[] Bases =
    [
        Address.V4(0x0a140000).Bits, Address.V4(0).Bits, Address.V4(0xffffffff).Bits - 63, (UInt128)0x20010db8 << 96, 0,
        UInt128.MaxValue - 63, Address.V4(0).Bits - 64, Address.V4(0xffffffff).Bits + 1,
    ];

    private static readonly Gen<(UInt128 Base, int[] A, int[] B)> Pairs =
        Gen.Select(Gen.OneOf(Bases), Gen.Int[0, 63].Array[0, 40], Gen.Int[0, 63].Array[0, 40]);

    private static AddressSet Set(UInt128 start, IEnumerable<int> members) =>
        AddressSet.Of(members.Select(member => new AddressRange(new(start + (UInt128)member), new(start + (UInt128)member))));

    [Fact]
    public void Algebra_random_sets_equals_naive_sets() => Pairs.Sample(pair =>
    {
        var (start, a, b) = pair;
        var (left, right) = (Set(start, a), Set(start, b));
        left.Union(right).ShouldBe(Set(start, a.Union(b)));
        left.Intersect(right).ShouldBe(Set(start, a.Intersect(b)));
        left.Except(right).ShouldBe(Set(start, a.Except(b)));
        left.IsSubsetOf(right).ShouldBe(!a.Except(b).Any());
        left.Count.ShouldBe((UInt128)a.Distinct().Count());
        for (var member = 0; member < 64; member++)
            left.Contains(new(start + (UInt128)member)).ShouldBe(a.Contains(member));
    }, iter: PropertyScale.Cases(2_000));

    [Fact]
    public void Ranges_random_sets_are_sorted_disjoint_and_apart() => Pairs.Sample(pair =>
    {
        var ranges = Set(pair.Base, pair.A).Ranges;
        for (var index = 1; index < ranges.Count; index++)
            (ranges[index].First.Bits > ranges[index - 1].Last.Bits + 1).ShouldBeTrue();
    }, iter: PropertyScale.Cases(500));

    [Fact]
    public void TryParse_texts_of_a_set_gives_the_set() => Pairs.Sample(pair =>
    {
        var set = Set(pair.Base, pair.A);
        AddressSet.TryParse(set.ToTexts(), out var read, out _).ShouldBeTrue();
        read.ShouldBe(set);
    }, iter: PropertyScale.Cases(500));

    [Fact]
    public void TryParse_texts_of_random_ranges_gives_the_range() =>
        Gen.Select(Gen.ULong, Gen.ULong, Gen.ULong, Gen.ULong, Gen.Int[0, 127]).Sample(random =>
        {
            var a = new UInt128(random.Item1, random.Item2) >> random.Item5;
            var b = new UInt128(random.Item3, random.Item4) >> random.Item5;
            var (first, last) = (new Address(UInt128.Min(a, b)), new Address(UInt128.Max(a, b)));
            if (first.IsV4 || last.IsV4 || (first < Address.V4(0) && last > Address.V4(0)))
                return;
            var range = new AddressRange(first, last);
            AddressRange.TryParse(range.ToString(), out var read).ShouldBeTrue(range.ToString());
            read.ShouldBe(range);
        }, iter: PropertyScale.Cases(2_000));

    [Theory]
    [InlineData("::/0")]
    [InlineData("::/64")]
    [InlineData("::/80")]
    [InlineData("::-::1:0:0:0")]
    public void TryParse_ipv6_range_around_ipv4_is_refused(string text) => AddressRange.TryParse(text, out _).ShouldBeFalse();

    [Fact]
    public void Constructor_ipv6_range_around_ipv4_throws() =>
        Should.Throw<ArgumentException>(() => AddressRange.Network(new Address(1), 64));

    [Theory]
    [InlineData("010.0.0.1")]
    [InlineData("10.0.0")]
    [InlineData("10.0.0.1.2")]
    [InlineData("0x0a.0.0.1")]
    [InlineData("10.0.0.256")]
    [InlineData(" 10.0.0.1")]
    [InlineData("10.0.0.1 ")]
    [InlineData("::ffff:10.0.0.1")]
    [InlineData("::ffff:a00:1")]
    [InlineData("fe80::1%eth0")]
    [InlineData("[::1]")]
    [InlineData("::1]")]
    [InlineData(" ::1")]
    [InlineData("::1 ")]
    [InlineData("1::2::3")]
    [InlineData("")]
    public void TryParse_surprising_address_is_refused(string text) => Address.TryParse(text, out _).ShouldBeFalse();

    [Theory]
    [InlineData("10.0.0.1/24")]
    [InlineData("10.0.0.0/33")]
    [InlineData("10.0.0.0/08")]
    [InlineData("10.0.0.0/")]
    [InlineData("10.0.0.9-10.0.0.1")]
    [InlineData("10.0.0.1-2001:db8::1")]
    [InlineData("10.0.0.1-5")]
    public void TryParse_surprising_range_is_refused(string text) => AddressRange.TryParse(text, out _).ShouldBeFalse();

    [Fact]
    public void Of_neighbours_of_different_families_stay_apart() =>
        AddressSet.Of(new AddressRange(Address.V4(uint.MaxValue), Address.V4(uint.MaxValue)),
            new AddressRange(new(Address.V4(uint.MaxValue).Bits + 1), new(Address.V4(uint.MaxValue).Bits + 1))).Ranges.Count.ShouldBe(2);
}
