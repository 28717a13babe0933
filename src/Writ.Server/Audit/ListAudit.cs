using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Writ.Contracts.Audit;
using Writ.Contracts.Requests;
using Writ.Core.Audit;
using Writ.Core.Identity;
using Writ.Proof.Errors;
using Writ.Proof.Identity;
using Writ.Server.Errors;
using Writ.Server.Identity;
using Writ.Server.Requests;
using Writ.Server.Storage;

namespace Writ.Server.Audit;

/// <summary>
/// The audit log from a position on, oldest first. Auditors and admins read all; everybody else the story of a request
/// that they may know of. Each look is an entry.
/// </summary>
internal static class ListAudit
{
    private const int MostItems = 1_000;

    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapGet("/audit", async (
            long? after, int? limit, string? correlation, string? type, DateTimeOffset? since,
            Database database, Sequencer sequencer, RequestAccess access, EvidenceViews views, HttpContext context, CancellationToken cancel) =>
        {
            var caller = context.Caller();
            // What was committed before this call is in its answer.
            await sequencer.Integrate(cancel);
            await using var db = database.Open();
            var query = db.AuditEntries.AsNoTracking().Where(row => row.Position > (after ?? -1));
            if (correlation is not null)
            {
                var request = await access.Find(db, caller, correlation);
                if (!request.IsOk)
                    return request.Refusal.ToHttp();
                query = query.Where(row => row.Correlation == request.Value.Id);
            }
            else if (!caller.ReadsAll)
            {
                return new Refusal(ErrorCode.Forbidden, "only auditors and admins read the whole audit log",
                    "the story of one request of yours: writ audit list --correlation req_…").ToHttp();
            }

            if (type is not null)
                query = query.Where(row => row.Type == type);
            if (since is { } from)
                query = query.Where(row => row.Time >= from);
            var most = Math.Clamp(limit ?? 100, 1, MostItems);
            var rows = await query.OrderBy(row => row.Position).Take(most + 1).ToListAsync(cancel);
            await views.Record(caller, AuditType.AuditViewed, $"list {correlation} {type}", null, new() { ["part"] = "list", ["of"] = correlation, ["of_type"] = type, ["after"] = after });
            var page = rows.Take(most).Select(row => new AuditEntryView(row.Position!.Value, JsonDocument.Parse(row.Bytes).RootElement.Clone())).ToList();
            return Results.Ok(new Page<AuditEntryView>(page, rows.Count > most ? page[^1].Position.ToString(System.Globalization.CultureInfo.InvariantCulture) : null));
        }).WithName("ListAudit").Needs(Access.SignedIn).Produces<Page<AuditEntryView>>().Evidence();
}
