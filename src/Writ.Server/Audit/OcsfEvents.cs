using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.EntityFrameworkCore;
using Writ.Core.Audit;
using Writ.Proof.Identity;
using Writ.Server.Storage;
using Writ.Server.Streams;

namespace Writ.Server.Audit;

/// <summary>Entries as OCSF events, with what the database knows beside them.</summary>
internal static class OcsfEvents
{
    private static readonly JsonSerializerOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The events of these entries, in order; an entry gives one or more.</summary>
    public static async Task<IEnumerable<StreamEvent>> Of(WritDb db, IReadOnlyList<AuditRow> rows, LogKeys keys, CancellationToken cancel)
    {
        var requests = rows.Select(row => row.Correlation).OfType<RequestId>().Distinct().ToArray();
        var tools = await db.Runs.AsNoTracking().Where(run => requests.Contains(run.RequestId)).Select(run => new { run.Id, run.Argv }).ToDictionaryAsync(run => run.Id.ToString(), run => run.Argv[0], cancel);
        var holders = await db.Grants.AsNoTracking().Where(grant => requests.Contains(grant.RequestId)).Select(grant => new { grant.Id, grant.ActorId })
            .ToDictionaryAsync(grant => grant.Id.ToString(), grant => grant.ActorId.ToString(), cancel);
        var facts = new OcsfFacts(keys.Origin, tools.GetValueOrDefault, holders.GetValueOrDefault);
        return rows.SelectMany(row => Of(row, facts));
    }

    private static IEnumerable<StreamEvent> Of(AuditRow row, OcsfFacts facts)
    {
        using var entry = JsonDocument.Parse(row.Bytes);
        foreach (JsonObject happened in OcsfExport.Events(row.Position!.Value, entry.RootElement, facts))
            yield return new(row.Position.Value, row.Time, row.Type, happened["severity_id"]!.GetValue<int>(), JsonSerializer.SerializeToUtf8Bytes(happened, Plain));
    }
}
