using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Writ.Core.Audit;
using Writ.Proof.Identity;
using Writ.Proof.Orders;
using Writ.Server.Storage;
using Writ.Server.Streams;

namespace Writ.Server.Audit;

/// <summary>Entries as CloudEvents, with what the database knows of their runs, and the page where a person sees more.</summary>
internal static class CloudEvents
{
    private const int Usual = 1, Notable = 3;
    private static readonly JsonSerializerOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The events of these entries, in order: one each.</summary>
    public static async Task<IEnumerable<StreamEvent>> Of(WritDb db, IReadOnlyList<AuditRow> rows, string log, Uri? pages, CancellationToken cancel)
    {
        var requests = rows.Select(row => row.Correlation).OfType<RequestId>().Distinct().ToArray();
        var runs = requests.Length == 0 ? [] : await db.Runs.AsNoTracking().Where(run => requests.Contains(run.RequestId)).ToDictionaryAsync(run => run.Id.ToString(), cancel);
        var names = await db.NamesOf(runs.Values.Select(run => run.ActorId), cancel);
        return rows.Select(row =>
        {
            using var entry = JsonDocument.Parse(row.Bytes);
            var run = entry.RootElement.TryGetProperty("run", out var id) && id.ValueKind == JsonValueKind.String ? runs.GetValueOrDefault(id.GetString()!) : null;
            var happened = CloudEventExport.Event(row.Position!.Value, entry.RootElement, log, run is null ? null : Outline(run, names[run.ActorId]), Link(pages, run, row.Correlation));
            return new StreamEvent(row.Position.Value, row.Time, row.Type, row.Type == AuditType.RunDrops ? Notable : Usual, JsonSerializer.SerializeToUtf8Bytes(happened, Plain));
        });
    }

    private static RunOutline Outline(RunRow run, string requester)
    {
        var order = RunOrder.Read(run.OrderBytes);
        return new(
            requester, run.RunnerId.ToString(), run.Command, order.IsOk ? order.Value.Fence : new([], "", "", "", false), run.Sources, run.HasSharedSource, run.StartedAt, run.Deadline);
    }

    private static string? Link(Uri? pages, RunRow? run, RequestId? request) =>
        pages is null ? null : run is not null ? new Uri(pages, $"/runs/{run.Id}").ToString() : request is { } id ? new Uri(pages, $"/inbox/{id}").ToString() : null;
}
