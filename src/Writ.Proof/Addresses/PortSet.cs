using System.Globalization;

namespace Writ.Proof.Addresses;

/// <summary>
/// A set of ports 0–65535 as sorted, disjoint, non-adjacent ranges. Its text is <c>22,80,8000-8100</c>; the empty set's
/// text is empty. Immutable; equal sets have equal texts.
/// </summary>
public sealed class PortSet : IEquatable<PortSet>
{
    private readonly (ushort First, ushort Last)[] _ranges;

    private PortSet((ushort, ushort)[] ranges) => _ranges = ranges;

    /// <summary>No port.</summary>
    public static PortSet Empty { get; } = new([]);

    /// <summary>Every port.</summary>
    public static PortSet All { get; } = new([(0, 65535)]);

    /// <summary>The ranges, lowest first, both ends included.</summary>
    public IReadOnlyList<(ushort First, ushort Last)> Ranges => _ranges;

    /// <summary>True when there is no port.</summary>
    public bool IsEmpty => _ranges.Length == 0;

    /// <summary>The number of ports, 0 to 65,536.</summary>
    public int Count => _ranges.Sum(range => range.Last - range.First + 1);

    /// <summary>The set of these ranges, in any order, overlapping or not.</summary>
    /// <exception cref="ArgumentException">A range's first port is after its last.</exception>
    public static PortSet Of(params IEnumerable<(ushort First, ushort Last)> ranges)
    {
        var merged = new List<(ushort First, ushort Last)>();
        foreach (var range in ranges.OrderBy(range => range.First))
        {
            if (range.Last < range.First)
                throw new ArgumentException($"{range.First}-{range.Last} is no range of ports");
            if (merged.Count > 0 && range.First <= merged[^1].Last + 1)
                merged[^1] = (merged[^1].First, Math.Max(merged[^1].Last, range.Last));
            else
                merged.Add(range);
        }

        return merged.Count == 0 ? Empty : new([.. merged]);
    }

    /// <summary>The set of single ports.</summary>
    public static PortSet OfPorts(params IEnumerable<ushort> ports) => Of(ports.Select(port => (port, port)));

    /// <summary>Reads what <see cref="ToString"/> writes: plain numbers and ranges; no names, no open ends.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out PortSet set)
    {
        set = Empty;
        if (text.IsEmpty)
            return true;
        var ranges = new List<(ushort, ushort)>();
        foreach (var part in text.Split(','))
        {
            var item = text[part];
            var dash = item.IndexOf('-');
            if (!TryParsePort(dash < 0 ? item : item[..dash], out var first))
                return false;
            var last = first;
            if (dash >= 0 && !TryParsePort(item[(dash + 1)..], out last))
                return false;
            if (last < first)
                return false;
            ranges.Add((first, last));
        }

        set = Of(ranges);
        return true;
    }

    private static bool TryParsePort(ReadOnlySpan<char> text, out ushort port) =>
        ushort.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out port)
        && (text.Length == 1 || text[0] != '0');

    /// <summary>True when the port is in the set.</summary>
    public bool Contains(ushort port) => Array.Exists(_ranges, range => range.First <= port && port <= range.Last);

    /// <summary>Every port of either set.</summary>
    public PortSet Union(PortSet other) => Of(_ranges.Concat(other._ranges));

    /// <summary>Every port of both sets.</summary>
    public PortSet Intersect(PortSet other) => Except(Except(other));

    /// <summary>Every port of this set that is not in the other.</summary>
    public PortSet Except(PortSet other)
    {
        var result = new List<(ushort, ushort)>();
        var hole = 0;
        foreach (var (first, last) in _ranges)
        {
            int next = first;
            while (hole < other._ranges.Length && other._ranges[hole].First <= last)
            {
                var (from, to) = other._ranges[hole];
                if (to >= next)
                {
                    if (from > next)
                        result.Add(((ushort)next, (ushort)(from - 1)));
                    next = to + 1;
                }

                // It may reach into the next range.
                if (to > last)
                    break;
                hole++;
            }

            if (next <= last)
                result.Add(((ushort)next, last));
        }

        return Of(result);
    }

    /// <summary>True when every port of this set is in the other.</summary>
    public bool IsSubsetOf(PortSet other)
    {
        // Ranges of a set do not touch, so each of these lies in one of the others or not at all.
        var at = 0;
        foreach (var (first, last) in _ranges)
        {
            while (at < other._ranges.Length && other._ranges[at].Last < first)
                at++;
            if (at == other._ranges.Length || other._ranges[at].First > first || other._ranges[at].Last < last)
                return false;
        }

        return true;
    }

    /// <inheritdoc/>
    public bool Equals(PortSet? other) => other is not null && _ranges.AsSpan().SequenceEqual(other._ranges);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as PortSet);

    /// <inheritdoc/>
    public override int GetHashCode() => _ranges.Aggregate(0, HashCode.Combine);

    /// <inheritdoc/>
    public override string ToString() => string.Join(',', _ranges.Select(range => range.First == range.Last
        ? range.First.ToString(CultureInfo.InvariantCulture)
        : string.Create(CultureInfo.InvariantCulture, $"{range.First}-{range.Last}")));
}
