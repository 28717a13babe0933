using System.Globalization;

namespace Writ.Proof.Log;

/// <summary>
/// A tile of the log (c2sp.org/tlog-tiles): up to 256 hashes of one level, each over 256 of the level below; or, as a
/// bundle, up to 256 entries.
/// </summary>
/// <param name="Level">0 for the hashes of entries, up to 63; <see cref="Entries"/> for a bundle.</param>
/// <param name="Index">Which one of its level, from 0.</param>
/// <param name="Width">How many it holds, 1 to 256; fewer than 256 only at the right edge of a tree.</param>
public readonly record struct Tile(int Level, long Index, int Width)
{
    /// <summary>How many a full tile holds.</summary>
    public const int Full = 256;

    /// <summary>The level of bundles.</summary>
    public const int Entries = -1;

    /// <summary>The highest level.</summary>
    public const int MaxLevel = 63;

    /// <summary>The tile's path: <c>tile/0/x001/x234/067.p/8</c>.</summary>
    public string Path
    {
        get
        {
            var index = $"{Index % 1000:d3}";
            for (var rest = Index / 1000; rest > 0; rest /= 1000)
                index = $"x{rest % 1000:d3}/{index}";
            var level = Level == Entries ? "entries" : Level.ToString(CultureInfo.InvariantCulture);
            return $"tile/{level}/{index}{(Width == Full ? "" : $".p/{Width}")}";
        }
    }

    /// <summary>Reads a path; every tile has exactly one, and no other text is a path.</summary>
    public static bool TryParse(string path, out Tile tile)
    {
        tile = default;
        var width = Full;
        var bare = path;
        if (path.IndexOf(".p/", StringComparison.Ordinal) is > 0 and var partial)
        {
            if (!int.TryParse(path.AsSpan(partial + 3), NumberStyles.None, CultureInfo.InvariantCulture, out width) || width is < 1 or >= Full)
                return false;
            bare = path[..partial];
        }

        var parts = bare.Split('/');
        if (parts.Length is < 3 or > 9 || parts[0] != "tile")
            return false;
        var level = Entries;
        if (parts[1] != "entries" && (!int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out level) || level > MaxLevel))
            return false;
        var index = 0L;
        foreach (var part in parts[2..])
        {
            if (!int.TryParse(part.TrimStart('x'), NumberStyles.None, CultureInfo.InvariantCulture, out var digits) || index > long.MaxValue / 1000 - 1)
                return false;
            index = (index * 1000) + digits;
        }

        tile = new(level, index, width);
        // What is spelled otherwise than we would spell it is no path.
        return tile.Path.Equals(path, StringComparison.Ordinal);
    }

    /// <summary>How many hashes of a level the tree of this size has.</summary>
    public static long CountAt(int level, long size) => level >= 8 ? 0 : size >> (8 * level);

    /// <summary>The tile that holds a hash, as wide as the tree of this size has it.</summary>
    /// <param name="level">Level of the tile.</param>
    /// <param name="index">Index of the hash in its level.</param>
    /// <param name="size">Size of the tree.</param>
    public static Tile Holding(int level, long index, long size)
    {
        var (tile, count) = (index / Full, CountAt(Math.Max(level, 0), size));
        return new(level, tile, (int)Math.Min(Full, count - (tile * Full)));
    }

    /// <summary>Every tile of a level of the tree of this size, in order; the last may be partial.</summary>
    public static IEnumerable<Tile> Of(int level, long size)
    {
        var count = CountAt(Math.Max(level, 0), size);
        for (var index = 0L; index * Full < count; index++)
            yield return new(level, index, (int)Math.Min(Full, count - (index * Full)));
    }
}
