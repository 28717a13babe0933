using Microsoft.EntityFrameworkCore;
using Writ.Contracts.Audit;
using Writ.Contracts.Requests;
using Writ.Core.Audit;
using Writ.Core.Identity;
using Writ.Proof.Errors;
using Writ.Server.Errors;
using Writ.Server.Identity;
using Writ.Server.Storage;

namespace Writ.Server.Audit;

/// <summary>
/// What a verifier reads: entries as the bytes that were hashed, with the positions that they really have, and every head
/// that was signed. Unlike bundles, they can be read where the database was damaged.
/// </summary>
internal static class ListLog
{
    private const int MostItems = 1_000;

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/log/entries", async (long? after, Database database, EvidenceViews views, HttpContext context, CancellationToken cancel) =>
        {
            await using var db = database.Open();
            var rows = await db.AuditEntries.AsNoTracking().Where(row => row.Position > (after ?? -1)).OrderBy(row => row.Position)
                .Take(MostItems).ToListAsync(cancel);
            await views.Record(context.Caller(), AuditType.AuditViewed, "entries", null, new() { ["part"] = "entries", ["after"] = after });
            return Results.Ok(new Page<LogEntryView>(
                [.. rows.Select(row => new LogEntryView(row.Position!.Value, row.Time, row.Type, row.Correlation?.ToString(), row.Bytes))], rows.Count < MostItems ? null : Next(rows[^1].Position!.Value)));
        }).WithName("ListLogEntries").Needs(Access.Auditor).Produces<Page<LogEntryView>>().Evidence();

        routes.MapGet("/log/heads", async (long? after, Database database, CancellationToken cancel) =>
        {
            await using var db = database.Open();
            var rows = await db.LogHeads.AsNoTracking().Where(row => row.Size > (after ?? 0)).OrderBy(row => row.Size).Take(MostItems).ToListAsync(cancel);
            var (first, last) = (rows.Count > 0 ? rows[0].Size : 0, rows.Count > 0 ? rows[^1].Size : 0);
            var lines = (await db.LogCosignatures.AsNoTracking().Where(row => row.Size >= first && row.Size <= last).ToListAsync(cancel)).ToLookup(row => row.Size, row => row.Line);
            return Results.Ok(new Page<LogHeadView>(
                [.. rows.Select(row => new LogHeadView(row.SignedAt, LogReader.Note(row, lines[row.Size])))], rows.Count < MostItems ? null : Next(rows[^1].Size)));
        }).WithName("ListLogHeads").Needs(Access.Auditor).Produces<Page<LogHeadView>>();
    }

    private static string Next(long after) => after.ToString(System.Globalization.CultureInfo.InvariantCulture);
}
