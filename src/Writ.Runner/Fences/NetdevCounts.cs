using System.Buffers.Binary;
using System.Globalization;
using Writ.Proof.Addresses;
using Writ.Proof.Orders;
using Writ.Runner.Kernel;

namespace Writ.Runner.Fences;

/// <summary>What the kernel has counted in the rules of one run (<see cref="NetdevRules"/>).</summary>
internal sealed class NetdevCounts(NfTables tables, string place)
{
    // The life of an element of the set `last`, which each packet begins anew, and of `over`, which the first one begins; in milliseconds.
    private const long Month = 30L * 24 * 3600 * 1000;

    private const long MostHeldUp = 2_000;
    private const int MostTries = 10;

    /// <summary>Packets out of scope, and those that were dropped for the budget.</summary>
    /// <exception cref="IOException">The rules are not there.</exception>
    public (long Refused, long OverBudget) Look()
    {
        var counters = Counters();
        return (counters["refused"].Packets, counters["over_budget"].Packets);
    }

    /// <summary>The counter of what passes to a cell of the order's zones.</summary>
    public static string Passed(int cell) => string.Create(CultureInfo.InvariantCulture, $"zone_passed_{cell}");

    /// <summary>The counter of what is dropped on its way there.</summary>
    public static string Dropped(int cell) => string.Create(CultureInfo.InvariantCulture, $"zone_dropped_{cell}");

    /// <summary>Everything; nothing but the rules themselves says that they are closed.</summary>
    /// <param name="scope">The sets of what may be reached.</param>
    /// <param name="zones">For which zones packets were counted.</param>
    /// <exception cref="IOException">The rules are not there.</exception>
    public FenceReading Read(string[] scope, ZoneCells zones)
    {
        var counters = Counters();
        var closed = tables.Hooks().Contains(("out", true)) && tables.Rules("out") == 0
            && Array.TrueForAll(scope, set => tables.Elements(set).TrueForAll(element => element.IsEnd));
        var last = Times("last").ToLookup(time => time.Key is [8, 0] ? 4 : 6, time => time.At);
        var cells = zones.Cells.Select((names, cell) => (Names: names, Passed: counters.GetValueOrDefault(Passed(cell)), Dropped: counters.GetValueOrDefault(Dropped(cell)))).ToList();
        var (refused, overBudget, unrouted) = (counters["refused"], counters["over_budget"], counters["unrouted"]);
        return new(closed, counters["passed"].Packets, counters["passed"].Bytes,
            refused.Packets, counters["unlisted"].Packets, Math.Max(Last(4), Last(6)), overBudget.Packets,
            DegradedAt: Times("over").Select(time => time.At).DefaultIfEmpty(0).Min())
        {
            RefusedBytes = refused.Bytes,
            Unrouted = unrouted.Packets,
            Late = counters["late"].Packets,
            LastPacketAt4 = Last(4),
            LastPacketAt6 = Last(6),
            Zones =
            [
                .. cells.SelectMany(cell => cell.Names).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).Select(zone => cells.Where(cell => cell.Names.Contains(zone)).Aggregate(
                    new ZoneCount(zone, 0, 0, 0, 0), (sum, cell) => new(zone, sum.Passed + cell.Passed.Packets, sum.PassedBytes + cell.Passed.Bytes,
                        sum.Dropped + cell.Dropped.Packets, sum.DroppedBytes + cell.Dropped.Bytes))),
            ],
            DroppedElsewhere = refused.Packets + overBudget.Packets + unrouted.Packets - cells.Sum(cell => cell.Dropped.Packets),
        };

        long Last(int family) => last[family].DefaultIfEmpty(0).Max();
    }

    // The kernel says how long an element still lives, by its tick. Who was held up between that and a look at the clock looks again.
    private List<(byte[] Key, long At)> Times(string set)
    {
        for (var tries = 1; ; tries++)
        {
            var before = Clock.Wall();
            var elements = tables.Elements(set);
            var after = Clock.Wall();
            if (after - before is >= 0 and < MostHeldUp || tries == MostTries)
                return elements.ConvertAll(element => (element.Key, after - ((Month - element.ExpiresIn) * 1_000)));
        }
    }

    /// <summary>Every destination that was refused, with the packets of the whole run.</summary>
    public IReadOnlyList<RefusedDestination> Refused()
    {
        var found = new List<RefusedDestination>();
        foreach (var (set, isV4, ported) in (ReadOnlySpan<(string, bool, bool)>)
            [("refused4", true, true), ("refused6", false, true), ("portless4", true, false), ("portless6", false, false)])
        {
            var width = isV4 ? 4 : 16;
            foreach (var element in tables.Elements(set))
            {
                var address = isV4
                    ? Address.V4(BinaryPrimitives.ReadUInt32BigEndian(element.Key))
                    : new(BinaryPrimitives.ReadUInt128BigEndian(element.Key));
                // Each part of a key fills whole words of four bytes.
                var port = ported ? BinaryPrimitives.ReadUInt16BigEndian(element.Key.AsSpan(width + 4)) : 0;
                found.Add(new(address, element.Key[width], port, element.Packets));
            }
        }

        return found;
    }

    private Dictionary<string, (long Packets, long Bytes)> Counters() =>
        tables.Counters() is { Count: > 0 } counters ? counters : throw new IOException($"the fence {place} is not there");
}
