using Writ.Proof.Log;

namespace Writ.Tests.Proof.Log;

/// <summary>Trees in memory, and the definition of their root in RFC 6962, section 2.1, word by word.</summary>
internal static class Trees
{
    public static LogHash Root(ReadOnlySpan<LogHash> leaves)
    {
        if (leaves.IsEmpty)
            return LogHash.Empty;
        if (leaves.Length == 1)
            return leaves[0];
        var split = 1;
        while (split * 2 < leaves.Length)
            split *= 2;
        return LogHash.OfNode(Root(leaves[..split]), Root(leaves[split..]));
    }

    /// <summary>The tree over these leaves, of the tiles that an edge makes of them.</summary>
    public static LogTree Of(IReadOnlyList<LogHash> leaves)
    {
        var (tiles, _) = Tiles(leaves);
        return new(leaves.Count, tile => new(tiles[tile]));
    }

    public static (Dictionary<Tile, IReadOnlyList<LogHash>> Tiles, TreeEdge Edge) Tiles(IReadOnlyList<LogHash> leaves)
    {
        var edge = new TreeEdge();
        var tiles = new Dictionary<Tile, IReadOnlyList<LogHash>>();
        foreach (var leaf in leaves)
            edge.Append(leaf, (tile, hashes) => tiles.Add(tile, hashes));
        foreach (var (tile, hashes) in edge.Partial())
            tiles.Add(tile, hashes);
        return (tiles, edge);
    }
}
