using CsCheck;
using Writ.Proof.Addresses;
using Writ.Proof.Errors;
using Writ.Proof.Orders;
using Writ.Tests.Core;

namespace Writ.Tests.Proof.Orders;

public sealed class ZoneCellsTests
{
    [Fact]
    public void Overlapping_zones_are_cut_where_they_overlap()
    {
        var cells = ZoneCells.Of([new("staging", ["10.20.0.0/24", "2001:db8::/64"]), new("web", ["10.20.0.128/25", "10.21.0.0/24"])]).Value;
        cells.Ranges.Select(range => $"{range.Range} {string.Join('+', cells.Cells[range.Cell])}").ShouldBe(
            ["2001:db8::/64 staging", "10.20.0.0/25 staging", "10.20.0.128/25 staging+web", "10.21.0.0/24 web"], ignoreOrder: true);
    }

    [Fact]
    public void Every_address_is_in_the_zones_that_hold_it()
    {
        var range = Gen.Select(Gen.UInt[0, 40], Gen.UInt[0, 12], Gen.Bool).Select((first, length, high) =>
            high ? new AddressRange(new(UInt128.MaxValue - first - length), new(UInt128.MaxValue - first))
                : new AddressRange(Address.V4(first), Address.V4(first + length)));
        range.Array[1, 4].Array[1, 5].Sample(sets =>
        {
            var zones = sets.Select((set, number) => new OrderZone($"z{number}", AddressSet.Of(set).ToTexts())).ToList();
            var cells = ZoneCells.Of(zones).Value;
            foreach (var address in Enumerable.Range(0, 60).SelectMany(at => new[] { Address.V4((uint)at), new Address(UInt128.MaxValue - (uint)at) }))
            {
                var held = zones.Where(zone => AddressSet.TryParse(zone.Addresses, out var set, out _) && set.Contains(address)).Select(zone => zone.Name);
                var hits = cells.Ranges.Where(part => part.Range.First <= address && address <= part.Range.Last).ToList();
                hits.Count.ShouldBeLessThanOrEqualTo(1);
                hits.SelectMany(hit => cells.Cells[hit.Cell]).ShouldBe(held);
            }
        }, iter: PropertyScale.Cases(200));
    }

    [Fact]
    public void More_than_a_fence_counts_is_refused()
    {
        ZoneCells.Of([.. Enumerable.Range(0, 65).Select(number => new OrderZone($"z{number}", ["10.0.0.1"]))]).Refusal.Code.ShouldBe(ErrorCode.TooLarge);
        ZoneCells.Of([new("z", [.. Enumerable.Range(0, 16_385).Select(number => Address.V4((uint)number * 2).ToString())])]).Refusal.Code.ShouldBe(ErrorCode.TooLarge);
        // Ten zones, each of which holds the addresses whose number has its bit: a thousand ways to overlap.
        ZoneCells.Of([.. Enumerable.Range(0, 10).Select(bit => new OrderZone($"z{bit}",
            [.. Enumerable.Range(1, 1_023).Where(number => (number >> bit & 1) != 0).Select(number => Address.V4((uint)number).ToString())]))])
            .Refusal.Code.ShouldBe(ErrorCode.TooLarge);
    }

    [Theory]
    [InlineData("", "10.0.0.0/8")]
    [InlineData("staging", "10.0.0.1/8")]
    [InlineData("staging", "staging")]
    public void Zone_without_a_name_or_of_no_addresses_is_refused(string name, string addresses) =>
        ZoneCells.Of([new(name, [addresses])]).Refusal.Code.ShouldBe(ErrorCode.InvalidInput);

    [Fact]
    public void Two_zones_of_one_name_are_refused() =>
        ZoneCells.Of([new("staging", ["10.0.0.1"]), new("staging", ["10.0.0.2"])]).Refusal.Code.ShouldBe(ErrorCode.InvalidInput);
}
