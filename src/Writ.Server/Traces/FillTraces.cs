using System.Globalization;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Writ.Contracts.Runners;
using Writ.Core.Audit;
using Writ.Proof;
using Writ.Proof.Addresses;
using Writ.Proof.Identity;
using Writ.Proof.Statements;
using Writ.Server.Runs;
using Writ.Server.Storage;

namespace Writ.Server.Traces;

/// <summary>
/// Brings what was granted and run before there was an index of traces into it, from the audit log's entries. A grant is marked in
/// the transaction that brings it in, so that a server that is killed meanwhile goes on where it was.
/// </summary>
internal static class FillTraces
{
    private const int Batch = 100;
    private const long AdvisoryLock = 0x57524954_0004;
    private static readonly string[] Types = [AuditType.RunStarted, AuditType.RunDrops, AuditType.RunEnded];

    /// <summary>Returns when nothing is left; the number of grants that were brought in.</summary>
    public static async Task<int> Run(Database database, CancellationToken cancel)
    {
        var filled = 0;
        while (await FillBatch(database, cancel) is > 0 and var grants)
            filled += grants;
        return filled;
    }

    private static async Task<int> FillBatch(Database database, CancellationToken cancel)
    {
        using var turn = await database.TurnToWrite(cancel);
        await using var db = database.Open();
        await using var transaction = await db.Database.BeginTransactionAsync(cancel);
        // One server at a time; the others find nothing left.
        if (db.Database.IsNpgsql())
            await db.Database.ExecuteSqlAsync($"SELECT pg_advisory_xact_lock({AdvisoryLock})", cancel);
        var grants = await db.Grants.Where(row => !row.IsTraced).OrderBy(row => row.Id).Take(Batch).ToListAsync(cancel);
        foreach (var grant in grants)
        {
            grant.IsTraced = true;
            var request = await db.Requests.AsNoTracking().SingleAsync(row => row.Id == grant.RequestId, cancel);
            if (Statement.Read(request.Statement) is { IsOk: true } statement)
                db.Traces.AddRange(TraceIndex.Of(grant, statement.Value));
            var runs = await db.Runs.AsNoTracking().Where(row => row.GrantId == grant.Id).ToDictionaryAsync(row => row.Id.ToString(), cancel);
            foreach (var run in runs.Values.Where(run => run.EndReason == RunEndCause.RunnerLost))
                await TraceIndex.Gap(db, run);
            // One by one: the reports of a long run are many, and large.
            foreach (var id in await db.AuditEntries.AsNoTracking().Where(row => row.Correlation == request.Id && Types.Contains(row.Type)).OrderBy(row => row.Id).Select(row => row.Id).ToListAsync(cancel))
            {
                using var entry = JsonDocument.Parse(await db.AuditEntries.AsNoTracking().Where(row => row.Id == id).Select(row => row.Bytes).SingleAsync(cancel));
                if (runs.TryGetValue(Text(entry.RootElement, "run") ?? "", out var run))
                    await Take(db, run, entry.RootElement);
            }

            await db.SaveChangesAsync(cancel);
        }

        await transaction.CommitAsync(cancel);
        return grants.Count;
    }

    private static Task Take(WritDb db, RunRow run, JsonElement entry) => Text(entry, "type") switch
    {
        AuditType.RunStarted => Started(db, run, Text(entry, "fence") ?? ""),
        AuditType.RunDrops => Refused(db, run, entry),
        _ => Ended(db, run, entry),
    };

    // The fence as its runner described it holds the addresses of its place, and these words where they are the runner's own.
    private static Task Started(WritDb db, RunRow run, string fence) => TraceIndex.Started(
        db, run, [.. fence.Split(' ').Select(word => Address.TryParse(word, out var address) ? address : (Address?)null).OfType<Address>()], fence.EndsWith(" of the uplink", StringComparison.Ordinal));

    private static async Task Refused(WritDb db, RunRow run, JsonElement entry)
    {
        var refused = new List<(Address, int, int, long)>();
        var cut = entry.GetProperty("drops").ValueKind != JsonValueKind.Array;
        foreach (var drop in cut ? [] : entry.GetProperty("drops").EnumerateArray().ToArray())
        {
            if (Address.TryParse(Text(drop, "address"), out var address))
                refused.Add((address, drop.GetProperty("protocol").GetInt32(), drop.GetProperty("port").GetInt32(), drop.GetProperty("count").GetInt64()));
        }

        await TraceIndex.Refused(db, run, Instant(entry, "at") ?? run.CreatedAt, refused, Math.Max(cut ? 1 : 0, entry.GetProperty("uncounted").GetInt64()));
        // The next entry of this run looks for what this one has left.
        await db.SaveChangesAsync();
    }

    private static Task Ended(WritDb db, RunRow run, JsonElement entry)
    {
        var told = entry.TryGetProperty("fence", out var fence) && fence.ValueKind == JsonValueKind.Object;
        var end = told ? new FenceEnd { Passed = fence.GetProperty("passed").GetInt64() } : null;
        // The end of a run that was lost is no report of its runner's.
        return entry.TryGetProperty("recording_whole", out var whole)
            ? TraceIndex.Ended(db, run, end, Instant(entry, "last_packet_at") is { } last ? UnixMicroseconds.From(last) : 0, whole.GetBoolean())
            : Task.CompletedTask;
    }

    private static string? Text(JsonElement entry, string name) =>
        entry.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static DateTimeOffset? Instant(JsonElement entry, string name) =>
        DateTimeOffset.TryParse(Text(entry, name), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at) ? at : null;
}
