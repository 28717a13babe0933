using Microsoft.EntityFrameworkCore;
using Writ.Proof.Log;
using Writ.Server.Storage;

namespace Writ.Server.Audit;

/// <summary>What the verbs of the log read from the database.</summary>
internal static class LogReader
{
    /// <summary>The newest head, or null before the first entry.</summary>
    public static Task<LogHeadRow?> Newest(WritDb db, CancellationToken cancel) =>
        db.LogHeads.AsNoTracking().OrderByDescending(row => row.Size).FirstOrDefaultAsync(cancel);

    /// <summary>The bundle of these entries, or null where one is missing.</summary>
    public static async Task<byte[]?> Bundle(WritDb db, Tile tile, CancellationToken cancel)
    {
        var first = tile.Index * Tile.Full;
        var after = first + tile.Width;
        var entries = await db.AuditEntries.AsNoTracking().Where(row => row.Position >= first && row.Position < after)
            .OrderBy(row => row.Position).Select(row => row.Bytes).ToListAsync(cancel);
        if (entries.Count != tile.Width)
            return null;
        using var bundle = new MemoryStream();
        foreach (var entry in entries)
            EntryBundle.Append(bundle, entry);
        return bundle.ToArray();
    }
}
