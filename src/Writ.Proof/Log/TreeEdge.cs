namespace Writ.Proof.Log;

/// <summary>
/// The right edge of a growing tree: of each level the tile that is not full yet. That is all it takes to append entries
/// and to know the root. Not thread-safe.
/// </summary>
public sealed class TreeEdge
{
    private readonly List<List<LogHash>> _levels = [];

    /// <summary>The edge of an empty tree.</summary>
    public TreeEdge()
    {
    }

    /// <summary>The edge of a tree that exists.</summary>
    /// <param name="size">How many entries it has.</param>
    /// <param name="partial">The hashes of the partial tile of a level; asked only where there is one.</param>
    /// <exception cref="InvalidDataException">A tile has not the width that the size tells.</exception>
    public TreeEdge(long size, Func<Tile, IReadOnlyList<LogHash>> partial)
    {
        Size = size;
        for (var level = 0; Tile.CountAt(level, size) is > 0 and var count; level++)
        {
            var width = (int)(count % Tile.Full);
            var hashes = width == 0 ? [] : partial(new(level, count / Tile.Full, width));
            if (hashes.Count != width)
                throw new InvalidDataException($"{new Tile(level, count / Tile.Full, width).Path} holds {hashes.Count} hashes");
            _levels.Add([.. hashes]);
        }
    }

    /// <summary>How many entries the tree has.</summary>
    public long Size { get; private set; }

    /// <summary>Appends an entry by its hash. Each tile that becomes full by it is told, lowest first.</summary>
    public void Append(LogHash leaf, Action<Tile, IReadOnlyList<LogHash>> full)
    {
        Size++;
        var hash = leaf;
        for (var level = 0; ; level++)
        {
            if (level == _levels.Count)
                _levels.Add([]);
            var hashes = _levels[level];
            hashes.Add(hash);
            if (hashes.Count < Tile.Full)
                return;
            full(new(level, (Size >> (8 * (level + 1))) - 1, Tile.Full), hashes);
            hash = Fold(hashes);
            _levels[level] = [];
        }
    }

    /// <summary>The partial tiles, lowest level first.</summary>
    public IEnumerable<(Tile Tile, IReadOnlyList<LogHash> Hashes)> Partial() => _levels
        .Select((hashes, level) => (new Tile(level, Tile.CountAt(level, Size) / Tile.Full, hashes.Count), (IReadOnlyList<LogHash>)hashes))
        .Where(tile => tile.Item1.Width > 0);

    /// <summary>The tree's root.</summary>
    public LogHash Root()
    {
        LogHash? root = null;
        foreach (var hashes in _levels)
        {
            // The subtrees of one level that are complete, smallest last; each is joined to what lies right of it.
            var end = hashes.Count;
            while (end > 0)
            {
                var count = end & -end;
                var subtree = Fold(hashes.GetRange(end - count, count));
                root = root is { } right ? LogHash.OfNode(subtree, right) : subtree;
                end -= count;
            }
        }

        return root ?? LogHash.Empty;
    }

    /// <summary>The hash over a whole subtree: a power of two of hashes, up to a tile's.</summary>
    internal static LogHash Fold(IReadOnlyList<LogHash> hashes)
    {
        var row = hashes.ToArray();
        for (var count = row.Length; count > 1; count /= 2)
        {
            for (var pair = 0; pair < count / 2; pair++)
                row[pair] = LogHash.OfNode(row[2 * pair], row[(2 * pair) + 1]);
        }

        return row[0];
    }
}
