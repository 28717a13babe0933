namespace Writ.Proof.Log;

/// <summary>
/// A tree that is read tile by tile, to make proofs. What it is given is not believed: a proof holds or does not, against
/// a root that came otherwise.
/// </summary>
/// <param name="size">How many entries the tree has.</param>
/// <param name="read">The hashes of a tile; it is asked for exactly the width that the tree of this size has.</param>
public sealed class LogTree(long size, Func<Tile, ValueTask<IReadOnlyList<LogHash>>> read)
{
    private readonly Dictionary<Tile, IReadOnlyList<LogHash>> _tiles = [];

    /// <summary>How many entries the tree has.</summary>
    public long Size => size;

    /// <summary>The root of the tree as it was when it had so many entries.</summary>
    public ValueTask<LogHash> Root(long at) => at == 0 ? new(LogHash.Empty) : Subtree(0, at);

    /// <summary>The hash of an entry.</summary>
    public ValueTask<LogHash> Leaf(long index) => Node(0, index);

    /// <summary>The proof that the entry at an index is in the tree as it was at a size: from the leaf's sibling to the root's child.</summary>
    public async ValueTask<IReadOnlyList<LogHash>> Inclusion(long index, long at)
    {
        Check(index, at - 1);
        Check(at, size);
        var proof = new List<LogHash>();
        var (low, high) = (0L, at);
        while (high - low > 1)
        {
            var middle = low + Split(high - low);
            if (index < middle)
            {
                proof.Add(await Subtree(middle, high));
                high = middle;
            }
            else
            {
                proof.Add(await Subtree(low, middle));
                low = middle;
            }
        }

        proof.Reverse();
        return proof;
    }

    /// <summary>The proof that the tree at one size begins with all of the tree at a smaller one (RFC 6962, section 2.1.2).</summary>
    public async ValueTask<IReadOnlyList<LogHash>> Consistency(long older, long newer)
    {
        Check(older, newer);
        Check(newer, size);
        var proof = new List<LogHash>();
        if (older == 0 || older == newer)
            return proof;
        var (low, high, whole) = (0L, newer, true);
        while (high != older)
        {
            var middle = low + Split(high - low);
            if (older <= middle)
            {
                proof.Add(await Subtree(middle, high));
                high = middle;
            }
            else
            {
                proof.Add(await Subtree(low, middle));
                (low, whole) = (middle, false);
            }
        }

        // Where the older tree is itself a left subtree, its root is known and not part of the proof.
        if (!whole)
            proof.Add(await Subtree(low, high));
        proof.Reverse();
        return proof;
    }

    private async ValueTask<LogHash> Subtree(long low, long high)
    {
        var count = high - low;
        if (long.IsPow2(count) && low % count == 0)
            return await Node((int)long.Log2(count), low / count);
        var middle = low + Split(count);
        return LogHash.OfNode(await Subtree(low, middle), await Subtree(middle, high));
    }

    /// <summary>A node over 2^height entries, from the tile in which its leaves or their parents stand.</summary>
    private async ValueTask<LogHash> Node(int height, long index)
    {
        var (level, rows) = (height / 8, height % 8);
        var first = index << rows;
        var tile = Tile.Holding(level, first, size);
        if (!_tiles.TryGetValue(tile, out var hashes))
        {
            hashes = await read(tile);
            if (hashes.Count != tile.Width)
                throw new InvalidDataException($"{tile.Path} holds {hashes.Count} hashes");
            _tiles.Add(tile, hashes);
        }

        var start = (int)(first % Tile.Full);
        return TreeEdge.Fold([.. hashes.Skip(start).Take(1 << rows)]);
    }

    /// <summary>The largest power of two below a count.</summary>
    private static long Split(long count) => 1L << (int)long.Log2(count - 1);

    private static void Check(long value, long most)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(value);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(value, most);
    }
}
