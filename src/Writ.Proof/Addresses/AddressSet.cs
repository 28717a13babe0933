using System.Diagnostics.CodeAnalysis;

namespace Writ.Proof.Addresses;

/// <summary>
/// A set of addresses as sorted, disjoint, non-adjacent ranges: 10.0.0.0/8 or a /64 costs one entry. Immutable; two
/// sets with the same addresses are equal and have the same text.
/// </summary>
public sealed class AddressSet : IEquatable<AddressSet>
{
    private readonly AddressRange[] _ranges;

    private AddressSet(AddressRange[] ranges) => _ranges = ranges;

    /// <summary>No address at all.</summary>
    public static AddressSet Empty { get; } = new([]);

    /// <summary>The ranges, lowest first.</summary>
    public IReadOnlyList<AddressRange> Ranges => _ranges;

    /// <summary>True when there is no address.</summary>
    public bool IsEmpty => _ranges.Length == 0;

    /// <summary>The number of addresses, saturating at the type's largest value.</summary>
    public UInt128 Count
    {
        get
        {
            UInt128 sum = 0;
            foreach (var range in _ranges)
            {
                if (UInt128.MaxValue - sum < range.Count)
                    return UInt128.MaxValue;
                sum += range.Count;
            }

            return sum;
        }
    }

    /// <summary>The set of these ranges, in any order, overlapping or not.</summary>
    public static AddressSet Of(params IEnumerable<AddressRange> ranges)
    {
        var sorted = ranges.OrderBy(range => range.First).ToArray();
        var merged = new List<AddressRange>(sorted.Length);
        foreach (var range in sorted)
        {
            // The families stay apart even where their bits touch, so that each range keeps one.
            if (merged.Count > 0 && merged[^1] is var last && last.First.IsV4 == range.First.IsV4
                && (range.First <= last.Last || range.First.Bits - 1 == last.Last.Bits))
                merged[^1] = new(last.First, range.Last > last.Last ? range.Last : last.Last);
            else
                merged.Add(range);
        }

        return merged.Count == 0 ? Empty : new([.. merged]);
    }

    /// <summary>Reads what <see cref="ToTexts"/> writes; names the first text that is none.</summary>
    public static bool TryParse(IEnumerable<string> texts, out AddressSet set, [NotNullWhen(false)] out string? wrong)
    {
        var ranges = new List<AddressRange>();
        foreach (var text in texts)
        {
            if (!AddressRange.TryParse(text, out var range))
            {
                (set, wrong) = (Empty, text);
                return false;
            }

            ranges.Add(range);
        }

        (set, wrong) = (Of(ranges), null);
        return true;
    }

    /// <summary>One text a range, lowest first.</summary>
    public string[] ToTexts() => [.. _ranges.Select(range => range.ToString())];

    /// <summary>True when the address is in the set; a binary search.</summary>
    public bool Contains(Address address)
    {
        int low = 0, high = _ranges.Length - 1;
        while (low <= high)
        {
            var middle = (low + high) / 2;
            if (address < _ranges[middle].First)
                high = middle - 1;
            else if (address > _ranges[middle].Last)
                low = middle + 1;
            else
                return true;
        }

        return false;
    }

    /// <summary>Every address of either set.</summary>
    public AddressSet Union(AddressSet other) => Of(_ranges.Concat(other._ranges));

    /// <summary>Every address of both sets.</summary>
    public AddressSet Intersect(AddressSet other)
    {
        var result = new List<AddressRange>();
        for (int i = 0, j = 0; i < _ranges.Length && j < other._ranges.Length;)
        {
            var (a, b) = (_ranges[i], other._ranges[j]);
            var first = a.First > b.First ? a.First : b.First;
            var last = a.Last < b.Last ? a.Last : b.Last;
            if (first <= last)
                result.Add(new(first, last));
            if (a.Last < b.Last)
                i++;
            else
                j++;
        }

        return result.Count == 0 ? Empty : new([.. result]);
    }

    /// <summary>Every address of this set that is not in the other.</summary>
    public AddressSet Except(AddressSet other)
    {
        var result = new List<AddressRange>();
        var j = 0;
        foreach (var range in _ranges)
        {
            while (j < other._ranges.Length && other._ranges[j].Last < range.First)
                j++;
            var first = range.First;
            var done = false;
            for (var k = j; k < other._ranges.Length && other._ranges[k].First <= range.Last; k++)
            {
                var hole = other._ranges[k];
                if (hole.First > first)
                    result.Add(new(first, new(hole.First.Bits - 1)));
                if (hole.Last >= range.Last)
                {
                    done = true;
                    break;
                }

                first = new(hole.Last.Bits + 1);
            }

            if (!done)
                result.Add(new(first, range.Last));
        }

        return result.Count == 0 ? Empty : new([.. result]);
    }

    /// <summary>True when every address of this set is in the other; the empty set is inside any.</summary>
    public bool IsSubsetOf(AddressSet other) => Except(other).IsEmpty;

    /// <inheritdoc/>
    public bool Equals(AddressSet? other) => other is not null && _ranges.AsSpan().SequenceEqual(other._ranges);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as AddressSet);

    /// <inheritdoc/>
    public override int GetHashCode() => _ranges.Aggregate(0, HashCode.Combine);

    /// <inheritdoc/>
    public override string ToString() => string.Join(", ", ToTexts());
}
