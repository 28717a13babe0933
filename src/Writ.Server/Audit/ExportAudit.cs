using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Writ.Core.Audit;
using Writ.Proof.Errors;
using Writ.Proof.Identity;
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
    private static readonly JsonSerializerOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapGet("/audit/export", async (
            long? after, Database database, Sequencer sequencer, WriteTransaction writes, LogKeys keys, HttpContext context, CancellationToken cancel) =>
        {
            var caller = context.Caller();
            if (!caller.ReadsAll)
                return new Refusal(ErrorCode.Forbidden, "only auditors and admins export the audit log").ToHttp();
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

            var requests = rows.Select(row => row.Correlation).OfType<RequestId>().Distinct().ToArray();
            var tools = await db.Runs.AsNoTracking().Where(run => requests.Contains(run.RequestId)).Select(run => new { run.Id, run.Argv }).ToDictionaryAsync(run => run.Id.ToString(), run => run.Argv[0], cancel);
            var holders = await db.Grants.AsNoTracking().Where(grant => requests.Contains(grant.RequestId)).Select(grant => new { grant.Id, grant.ActorId }).ToDictionaryAsync(grant => grant.Id.ToString(), grant => grant.ActorId.ToString(), cancel);
            var facts = new OcsfFacts(keys.Origin, tools.GetValueOrDefault, holders.GetValueOrDefault);
            context.Response.Headers["Writ-Next"] = last.ToString(CultureInfo.InvariantCulture);
            context.Response.Headers["Writ-More"] = rows.Count == Batch ? "true" : "false";
            return Results.Stream(async body =>
            {
                foreach (var row in rows)
                {
                    using var entry = JsonDocument.Parse(row.Bytes);
                    foreach (var happened in OcsfExport.Events(row.Position!.Value, entry.RootElement, facts))
                    {
                        await JsonSerializer.SerializeAsync(body, happened, Plain, cancel);
                        await body.WriteAsync("\n"u8.ToArray(), cancel);
                    }
                }
            }, "application/x-ndjson");
        }).WithName("ExportAudit").Produces<string>(contentType: "application/x-ndjson").Evidence();
}
