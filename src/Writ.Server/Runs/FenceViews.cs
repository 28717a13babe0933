using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Writ.Contracts.Runs;
using Writ.Core.Audit;
using Writ.Server.Storage;

namespace Writ.Server.Runs;

/// <summary>What a run's fence has seen, as the audit log has it: its entries are the only record.</summary>
internal static class FenceViews
{
    /// <summary>What its fence has seen, and what its runner has signed of its end; null where nothing was reported.</summary>
    public static async Task<(FenceView? Fence, KillReceiptView? Receipt)> Load(WritDb db, RunRow run, CancellationToken cancel)
    {
        string[] types = [AuditType.RunDrops, AuditType.RunEnded, AuditType.ReceiptRefused];
        var rows = await db.AuditEntries.AsNoTracking().Where(row => row.Correlation == run.RequestId && types.Contains(row.Type))
            .OrderBy(row => row.Id).Select(row => new { row.Type, row.Bytes }).ToListAsync(cancel);
        JsonElement? refused = null, ended = null, unsigned = null;
        foreach (var row in rows)
        {
            var data = Read(row.Bytes);
            if (Text(data, "run") != run.Id.ToString())
                continue;
            // Each report tells the whole, so the last one counts.
            if (row.Type == AuditType.RunDrops)
                refused = data;
            else if (row.Type == AuditType.RunEnded)
                ended = data;
            else
                unsigned = data;
        }

        return (Fence(ended, refused), ended is { } end ? Receipt(end, unsigned) : null);
    }

    private static KillReceiptView Receipt(JsonElement ended, JsonElement? unsigned) => new(
        Instant(ended, "kill_at"), (int?)Number(ended, "processes_found"),
        ended.TryGetProperty("receipt", out var signed) && signed.ValueKind == JsonValueKind.Object ? Text(signed, "key_id") : null,
        unsigned is { } refused ? Text(refused, "message") : null);

    private static FenceView? Fence(JsonElement? ended, JsonElement? refused)
    {

        var fence = ended is { } end && end.TryGetProperty("fence", out var told) && told.ValueKind == JsonValueKind.Object ? told : (JsonElement?)null;
        if (fence is null && refused is null)
            return null;
        return new(
            fence?.GetProperty("closed").GetBoolean(), fence?.GetProperty("passed").GetInt64(), fence?.GetProperty("passed_bytes").GetInt64(),
            fence?.GetProperty("refused").GetInt64() ?? Packets(refused!.Value), Instant(ended, "last_packet_at"), [.. Destinations(refused)],
            Number(fence, "over_budget"), Number(fence, "held_back"), Instant(fence, "degraded_at"), Number(fence, "late"), Zones(fence), Number(fence, "dropped_elsewhere"));
    }

    private static List<ZonePacketsView>? Zones(JsonElement? fence) =>
        fence is { } told && told.TryGetProperty("zones", out var zones) && zones.ValueKind == JsonValueKind.Array
            ? [.. zones.EnumerateArray().Select(zone => new ZonePacketsView(zone.GetProperty("zone").GetString()!, zone.GetProperty("passed").GetInt64(),
                zone.GetProperty("passed_bytes").GetInt64(), zone.GetProperty("dropped").GetInt64(), zone.GetProperty("dropped_bytes").GetInt64()))]
            : null;

    // Entries from before there were budgets lack these.
    private static long? Number(JsonElement? data, string name) =>
        data is { } told && told.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number ? value.GetInt64() : null;

    /// <summary>The number of the newest report of packets out of scope by a run of this request; 0 for none.</summary>
    public static async Task<long> Newest(WritDb db, RunRow run, CancellationToken cancel) =>
        await db.AuditEntries.Where(row => row.Correlation == run.RequestId && row.Type == AuditType.RunDrops).MaxAsync(row => (long?)row.Id, cancel) ?? 0;

    private static JsonElement Read(byte[] entry)
    {
        using var document = JsonDocument.Parse(entry);
        return document.RootElement.Clone();
    }

    private static string? Text(JsonElement data, string name) => data.TryGetProperty(name, out var value) ? value.GetString() : null;

    private static DateTimeOffset? Instant(JsonElement? data, string name) =>
        data is { } told && told.TryGetProperty(name, out var at) && at.ValueKind == JsonValueKind.String ? at.GetDateTimeOffset() : null;

    private static long Packets(JsonElement refused) =>
        refused.GetProperty("uncounted").GetInt64() + refused.GetProperty("drops").EnumerateArray().Sum(drop => drop.GetProperty("count").GetInt64());

    private static IEnumerable<RefusedView> Destinations(JsonElement? refused) => refused is not { } report ? [] :
        report.GetProperty("drops").EnumerateArray().Select(drop => new RefusedView(
            drop.GetProperty("address").GetString()!, Protocol(drop.GetProperty("protocol").GetInt32()), drop.GetProperty("port").GetInt32(), drop.GetProperty("count").GetInt64()));

    /// <summary>A protocol of IP by the name that people know it by.</summary>
    public static string Protocol(int number) => number switch
    {
        1 or 58 => "icmp",
        6 => "tcp",
        17 => "udp",
        132 => "sctp",
        _ => number.ToString(System.Globalization.CultureInfo.InvariantCulture),
    };
}
