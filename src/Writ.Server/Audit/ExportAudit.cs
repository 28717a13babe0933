using System.Globalization;
using Microsoft.EntityFrameworkCore;
using Writ.Core.Audit;
using Writ.Core.Identity;
using Writ.Proof.Errors;
using Writ.Server.Errors;
using Writ.Server.Identity;
using Writ.Server.Storage;

namespace Writ.Server.Audit;

/// <summary>
/// Entries as OCSF events, one a line, from a position on; <c>Writ-Next</c> tells where the next call begins. Whoever keeps
/// that position after what it got was stored gets every entry at least once. Each call is an entry itself.
/// </summary>
internal static class ExportAudit
{
    private const int Batch = 1_000;

    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapGet("/audit/export", async (
            long? after, Database database, Sequencer sequencer, WriteTransaction writes, LogKeys keys, HttpContext context, CancellationToken cancel) =>
        {
            var caller = context.Caller();
            await sequencer.Integrate(cancel);
            await using var db = database.Open();
            var from = after ?? -1;
            var rows = await db.AuditEntries.AsNoTracking().Where(row => row.Position > from).OrderBy(row => row.Position).Take(Batch).ToListAsync(cancel);
            var last = rows.Count > 0 ? rows[^1].Position!.Value : from;
            var recorded = await writes.Commit<bool>(scope =>
            {
                scope.Record(new(AuditType.AuditExported, caller.Audit, null, new() { ["after"] = from, ["last"] = last, ["format"] = "ocsf" }, caller.SourceAddress));
                return Task.FromResult<Result<bool>>(true);
            });
            _ = recorded.Value;

            var events = await OcsfEvents.Of(db, rows, keys, cancel);
            context.Response.Headers["Writ-Next"] = last.ToString(CultureInfo.InvariantCulture);
            context.Response.Headers["Writ-More"] = rows.Count == Batch ? "true" : "false";
            return Results.Stream(async body =>
            {
                foreach (var happened in events)
                {
                    await body.WriteAsync(happened.Json, cancel);
                    await body.WriteAsync("\n"u8.ToArray(), cancel);
                }
            }, "application/x-ndjson");
        }).WithName("ExportAudit").Needs(Access.Auditor).Produces<string>(contentType: "application/x-ndjson").Evidence();
}
