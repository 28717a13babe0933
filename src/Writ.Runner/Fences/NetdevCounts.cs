using System.Buffers.Binary;
using Writ.Proof.Addresses;
using Writ.Runner.Kernel;

namespace Writ.Runner.Fences;

/// <summary>What the kernel has counted in the rules of one run (<see cref="NetdevRules"/>).</summary>
internal sealed class NetdevCounts(NfTables tables, string place)
{
    // The life of an element of the set `last`, which each packet begins anew, and of `over`, which the first one begins; in milliseconds.
    private const long Month = 30L * 24 * 3600 * 1000;

    /// <summary>Packets out of scope, and those that were dropped for the budget.</summary>
    /// <exception cref="IOException">The rules are not there.</exception>
    public (long Refused, long OverBudget) Look()
    {
        var counters = Counters();
        return (counters["refused"].Packets, counters["over_budget"].Packets);
    }

    /// <summary>Everything; nothing but the rules themselves says that they are closed.</summary>
    /// <param name="scope">The sets of what may be reached.</param>
    /// <exception cref="IOException">The rules are not there.</exception>
    public FenceReading Read(string[] scope)
    {
        var counters = Counters();
        var closed = tables.Hooks().Contains(("out", true)) && tables.Rules("out") == 0
            && Array.TrueForAll(scope, set => tables.Elements(set).TrueForAll(element => element.IsEnd));
        var now = Clock.Wall();
        return new(closed, counters["passed"].Packets - counters["unrouted"].Packets, counters["passed"].Bytes - counters["unrouted"].Bytes,
            counters["refused"].Packets, counters["unlisted"].Packets, Times("last").DefaultIfEmpty(0).Max(),
            counters["over_budget"].Packets, DegradedAt: Times("over").DefaultIfEmpty(0).Min());

        IEnumerable<long> Times(string set) => tables.Elements(set).Select(element => now - ((Month - element.ExpiresIn) * 1_000));
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
