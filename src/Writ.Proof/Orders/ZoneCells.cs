using Writ.Proof.Addresses;
using Writ.Proof.Errors;

namespace Writ.Proof.Orders;

/// <summary>
/// The zones of an order cut into cells: each address is in one cell at most, and all addresses of a cell are in the same zones. So a
/// packet is counted once, wherever zones overlap, and a zone's packets are those of its cells.
/// </summary>
public sealed class ZoneCells
{
    /// <summary>The most zones of an order.</summary>
    public const int MostZones = 64;
    /// <summary>The most separate ranges of all zones of an order together.</summary>
    public const int MostRanges = 16_384;
    /// <summary>The most cells: ways in which zones overlap.</summary>
    public const int MostCells = 256;
    private const int LongestName = 200;

    private ZoneCells(IReadOnlyList<IReadOnlyList<string>> cells, IReadOnlyList<(AddressRange Range, int Cell)> ranges) => (Cells, Ranges) = (cells, ranges);

    /// <summary>No zone at all.</summary>
    public static ZoneCells None { get; } = new([], []);

    /// <summary>The names of the zones of each cell, in the order's order.</summary>
    public IReadOnlyList<IReadOnlyList<string>> Cells { get; }

    /// <summary>Which cell addresses are in: disjoint ranges, lowest first.</summary>
    public IReadOnlyList<(AddressRange Range, int Cell)> Ranges { get; }

    /// <summary>Cuts these zones.</summary>
    public static Result<ZoneCells> Of(IReadOnlyList<OrderZone> zones)
    {
        if (zones.Count > MostZones)
            return new Refusal(ErrorCode.TooLarge, $"packets are counted for at most {MostZones} zones", "split the command by zone");
        if (zones.Sum(zone => zone.Addresses.Count) > MostRanges)
            return new Refusal(ErrorCode.TooLarge, $"packets are counted for zones of at most {MostRanges} separate ranges of addresses together");
        if (zones.Any(zone => zone.Name.Length is 0 or > LongestName) || zones.DistinctBy(zone => zone.Name, StringComparer.Ordinal).Count() != zones.Count)
            return new Refusal(ErrorCode.InvalidInput, "a zone has no name, or two have the same");
        var bounds = new List<(UInt128 At, bool Begins, bool IsV4, int Zone)>();
        for (var i = 0; i < zones.Count; i++)
        {
            if (!AddressSet.TryParse(zones[i].Addresses, out var set, out var wrong))
                return new Refusal(ErrorCode.InvalidInput, $"'{wrong}' is no range of addresses");
            foreach (var range in set.Ranges)
            {
                bounds.Add((range.First.Bits, true, range.First.IsV4, i));
                bounds.Add((range.Last.Bits, false, range.First.IsV4, i));
            }
        }

        return Sweep(zones, bounds);
    }

    // From the lowest bound to the highest; where some begin and others end, those begin first.
    private static Result<ZoneCells> Sweep(IReadOnlyList<OrderZone> zones, List<(UInt128 At, bool Begins, bool IsV4, int Zone)> bounds)
    {
        var (cells, numbers) = (new List<IReadOnlyList<string>>(), new Dictionary<ulong, int>());
        var ranges = new List<(AddressRange Range, int Cell)>();
        var (open, past) = (0UL, false);
        UInt128 from = 0;
        foreach (var bound in bounds.OrderBy(bound => bound.At).ThenByDescending(bound => bound.Begins))
        {
            var bit = 1UL << bound.Zone;
            if (bound.Begins)
            {
                if (open != 0 && bound.At > from)
                    Close(bound.At - 1);
                from = bound.At;
                open |= bit;
                continue;
            }

            if (from <= bound.At && !past)
                Close(bound.At);
            // Behind the last address of all there is none.
            past = bound.At == UInt128.MaxValue;
            from = past ? bound.At : bound.At + 1;
            open &= ~bit;
        }

        return cells.Count > MostCells
            ? new Refusal(ErrorCode.TooLarge, $"the zones of the command overlap in more than {MostCells} ways", "split the command by zone")
            : new ZoneCells(cells, ranges);

        void Close(UInt128 last)
        {
            if (!numbers.TryGetValue(open, out var cell))
            {
                numbers[open] = cell = cells.Count;
                var mask = open;
                cells.Add([.. zones.Where((_, zone) => (mask & (1UL << zone)) != 0).Select(zone => zone.Name)]);
            }

            ranges.Add((new(new(from), new(last)), cell));
        }
    }
}
