using System.Runtime.InteropServices;
using Microsoft.EntityFrameworkCore;
using Writ.Proof.Log;
using Writ.Server.Storage;

namespace Writ.Server.Audit;

/// <summary>
/// Hash tiles as rows. A tile grows in its row until it is full, so each narrower one that was ever published is its
/// beginning.
/// </summary>
internal sealed class TileStore
{
    private readonly Dictionary<(int Level, long Index), LogTileRow> _rows;
    private readonly WritDb _db;

    private TileStore(WritDb db, TreeEdge edge, Dictionary<(int Level, long Index), LogTileRow> rows) => (_db, Edge, _rows) = (db, edge, rows);

    /// <summary>The right edge of the tree.</summary>
    public TreeEdge Edge { get; }

    /// <summary>The edge of the tree of this size, ready to grow in this transaction.</summary>
    /// <exception cref="LogHaltedException">A tile is missing or too short.</exception>
    public static async Task<TileStore> Open(WritDb db, long size, CancellationToken cancel)
    {
        var rows = new Dictionary<(int Level, long Index), LogTileRow>();
        for (var level = 0; Tile.CountAt(level, size) is > 0 and var count; level++)
        {
            var (at, index) = (level, count / Tile.Full);
            if (count % Tile.Full != 0 && await db.LogTiles.SingleOrDefaultAsync(row => row.Level == at && row.Index == index, cancel) is { } row)
                rows.Add((level, index), row);
        }

        try
        {
            return new(db, new(size, tile => rows.TryGetValue((tile.Level, tile.Index), out var row) ? Hashes(row.Hashes, tile.Width) : []), rows);
        }
        catch (InvalidDataException missing)
        {
            throw new LogHaltedException(missing.Message);
        }
    }

    /// <summary>A tile as it is served, or null where there is none so wide.</summary>
    public static async Task<byte[]?> Read(WritDb db, Tile tile, CancellationToken cancel)
    {
        var hashes = await db.LogTiles.AsNoTracking().Where(row => row.Level == tile.Level && row.Index == tile.Index)
            .Select(row => row.Hashes).SingleOrDefaultAsync(cancel);
        var length = tile.Width * LogHash.Bytes;
        return hashes is null || hashes.Length < length ? null : hashes[..length];
    }

    /// <summary>The tree of this size, to make proofs from.</summary>
    public static LogTree Tree(WritDb db, long size, CancellationToken cancel) => new(size, async tile =>
        await Read(db, tile, cancel) is { } bytes ? Hashes(bytes, tile.Width) : throw new LogHaltedException($"{tile.Path} is missing in the database"));

    /// <summary>Appends an entry by its hash.</summary>
    public void Append(LogHash leaf) => Edge.Append(leaf, Keep);

    /// <summary>Puts what has grown into the transaction.</summary>
    public void Store()
    {
        foreach (var (tile, hashes) in Edge.Partial())
            Keep(tile, hashes);
    }

    private void Keep(Tile tile, IReadOnlyList<LogHash> hashes)
    {
        var bytes = MemoryMarshal.AsBytes<LogHash>(hashes.ToArray()).ToArray();
        if (_rows.TryGetValue((tile.Level, tile.Index), out var row))
        {
            row.Hashes = bytes;
            return;
        }

        row = new() { Level = tile.Level, Index = tile.Index, Hashes = bytes };
        _rows.Add((tile.Level, tile.Index), row);
        _db.LogTiles.Add(row);
    }

    private static LogHash[] Hashes(byte[] bytes, int width) => MemoryMarshal.Cast<byte, LogHash>(bytes)[..Math.Min(width, bytes.Length / LogHash.Bytes)].ToArray();
}
