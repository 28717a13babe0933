using Writ.Proof.Addresses;

namespace Writ.Core.Zones;

/// <summary>
/// Which zones a set of addresses touches. Built once a policy; the ranges of all zones lie in one tree of intervals, so
/// that asking costs the logarithm of their number and what is touched, and nothing for the others.
/// </summary>
public sealed class ZoneMap
{
    private readonly Node[] _ranges;

    /// <summary>A map of these zones.</summary>
    public ZoneMap(IEnumerable<Zone> zones)
    {
        _ranges = [.. zones.SelectMany(zone => zone.Addresses.Ranges.Select(range => new Node { Range = range, Zone = zone })).OrderBy(node => node.Range.First)];
        Raise(0, _ranges.Length);
    }

    /// <summary>
    /// Every zone that holds at least one of the addresses, in bytewise order of the names, with the addresses that it
    /// holds; zones may overlap. What no zone holds is in <see cref="ZoneCover.Outside"/>.
    /// </summary>
    public ZoneCover Cover(AddressSet addresses)
    {
        var held = new List<(Zone Zone, AddressRange Range)>();
        var looked = 0;
        foreach (var range in addresses.Ranges)
            Find(range, 0, _ranges.Length, held, ref looked);
        // Most plans lie in one zone whole.
        if (held.Count == 1 && addresses.Ranges.Count == 1 && held[0].Range == addresses.Ranges[0])
            return new([new(held[0].Zone, addresses)], AddressSet.Empty, looked);
        return new(
            [
                .. held.GroupBy(hit => hit.Zone.Name, StringComparer.Ordinal).OrderBy(zone => zone.Key, StringComparer.Ordinal)
                    .Select(zone => new TouchedZone(zone.First().Zone, AddressSet.Of(zone.Select(hit => hit.Range)))),
            ],
            addresses.Except(AddressSet.Of(held.Select(hit => hit.Range))), looked);
    }

    private UInt128 Raise(int from, int to)
    {
        if (from >= to)
            return 0;
        var middle = (from + to) / 2;
        return _ranges[middle].Highest = UInt128.Max(_ranges[middle].Range.Last.Bits, UInt128.Max(Raise(from, middle), Raise(middle + 1, to)));
    }

    private void Find(AddressRange asked, int from, int to, List<(Zone Zone, AddressRange Range)> held, ref int looked)
    {
        if (from >= to)
            return;
        var middle = (from + to) / 2;
        looked++;
        ref readonly var node = ref _ranges[middle];
        if (node.Highest < asked.First.Bits)
            return;
        Find(asked, from, middle, held, ref looked);
        var (range, zone) = (node.Range, node.Zone);
        if (range.First > asked.Last)
            return;
        if (range.Last >= asked.First)
            held.Add((zone, new(range.First > asked.First ? range.First : asked.First, range.Last < asked.Last ? range.Last : asked.Last)));
        Find(asked, middle + 1, to, held, ref looked);
    }

    /// <summary>The middle of its part of the sorted ranges.</summary>
    private struct Node
    {
        public required AddressRange Range { get; init; }

        public required Zone Zone { get; init; }

        /// <summary>The highest address of it and of the nodes below.</summary>
        public UInt128 Highest { get; set; }
    }
}

/// <summary>How zones hold a set of addresses.</summary>
/// <param name="Touched">The zones that hold some of it.</param>
/// <param name="Outside">What no zone holds: out of scope for everybody.</param>
/// <param name="Looked">The nodes of the tree that were looked at.</param>
public sealed record ZoneCover(IReadOnlyList<TouchedZone> Touched, AddressSet Outside, int Looked);

/// <summary>A zone and those of the asked addresses that lie in it; never none.</summary>
public sealed record TouchedZone(Zone Zone, AddressSet Addresses);
