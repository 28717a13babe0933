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

    /// <summary>A head's note with the cosignatures that it got.</summary>
    public static string Note(LogHeadRow head, IEnumerable<string> lines)
    {
        var note = SignedNote.Parse(head.Note);
        return note.IsOk ? note.Value.With(lines.Select(line => SignedNote.Signature(line.TrimEnd('\n'))).OfType<NoteSignature>()).ToString() : head.Note;
    }

    /// <summary>The newest head that covers an entry and has a quorum of cosignatures, or null.</summary>
    public static async Task<LogHeadRow?> Witnessed(WritDb db, WitnessList witnesses, long position, CancellationToken cancel)
    {
        if (witnesses.Witnesses.Count == 0)
            return null;
        string[] names = [.. witnesses.Witnesses.Select(witness => witness.Key.ToString())];
        var size = await db.LogCosignatures.Where(row => row.Size > position && names.Contains(row.Witness)).GroupBy(row => row.Size)
            .Where(head => head.Count() >= witnesses.Quorum).Select(head => (long?)head.Key).MaxAsync(cancel);
        return size is null ? null : await db.LogHeads.AsNoTracking().SingleAsync(row => row.Size == size, cancel);
    }

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
