using System.Buffers.Binary;
using System.Text.Json;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Npgsql;
using Writ.Contracts.Runners;
using Writ.Core.Traces;
using Writ.Proof;
using Writ.Proof.Addresses;
using Writ.Proof.Identity;
using Writ.Proof.Statements;
using Writ.Server.Runs;
using Writ.Server.Storage;

namespace Writ.Server.Traces;

/// <summary>
/// The index of traces: which grants could reach an address at a time, and which runs came from one or tried one. A line is
/// written in the transaction of what it tells of, and holds from the beginning to the latest end that this could have.
/// </summary>
internal static class TraceIndex
{
    // One walk along the index for each class and key, whatever the planner thinks of them.
    private const string OnSqlite = """
        SELECT t."From", t."Subject" FROM json_each(@lows) AS s CROSS JOIN json_each(@keys) AS k CROSS JOIN traces AS t
        WHERE t."Key" = k.value AND t."Span" = s.key AND t."From" >= s.value AND t."From" < @until AND t."Until" > @since
        ORDER BY t."From" DESC LIMIT @most
        """;

    private const string OnPostgres = """
        SELECT t."From", t."Subject" FROM unnest(@lows) WITH ORDINALITY AS s(low, class) CROSS JOIN unnest(@keys) AS k(key) CROSS JOIN LATERAL (
          SELECT "From", "Subject" FROM traces
          WHERE "Key" = k.key AND "Span" = s.class - 1 AND "From" >= s.low AND "From" < @until AND "Until" > @since
          ORDER BY "From" DESC LIMIT @most) AS t
        ORDER BY t."From" DESC LIMIT @most
        """;

    // The last line of each class and key before a moment: one step into the index for each.
    private const string NewestOnSqlite = """
        SELECT max((SELECT max(t."From") FROM traces AS t WHERE t."Key" = k.value AND t."Span" = s.key AND t."From" < @until)) AS "Value"
        FROM json_each(@lows) AS s CROSS JOIN json_each(@keys) AS k
        """;

    private const string NewestOnPostgres = """
        SELECT max((SELECT max(t."From") FROM traces AS t WHERE t."Key" = k.key AND t."Span" = s.class - 1 AND t."From" < @until)) AS "Value"
        FROM unnest(@lows) WITH ORDINALITY AS s(low, class) CROSS JOIN unnest(@keys) AS k(key)
        """;

    /// <summary>Runners' clocks, and the end of a run that was killed at its deadline.</summary>
    private static readonly TimeSpan Slack = TimeSpan.FromSeconds(5);

    /// <summary>What the runs of a grant may reach. A scope that cannot be read is in no order that a runner obeys.</summary>
    public static IEnumerable<TraceRow> Of(GrantRow grant, Statement statement) => statement.Scope.Read() is { IsOk: true } scope
        ? Lines(TraceKey.Covering(TraceKind.Scope, scope.Value.Addresses), grant.NotBefore, grant.NotAfter, grant.Id.ToString())
        : [];

    /// <summary>The same for the time by which a grant lasts longer than it did.</summary>
    public static IEnumerable<TraceRow> More(GrantRow grant, Statement statement, DateTimeOffset since) => statement.Scope.Read() is { IsOk: true } scope
        ? Lines(TraceKey.Covering(TraceKind.Scope, scope.Value.Addresses), since, grant.NotAfter, grant.Id.ToString())
        : [];

    /// <summary>What is known of a run holds for longer, since its deadline moves.</summary>
    public static async Task MoreOf(WritDb db, RunRow run, DateTimeOffset deadline)
    {
        var subject = run.Id.ToString();
        var refused = await db.Refused.AsNoTracking().Where(row => row.RunId == run.Id).Select(row => row.Address).ToListAsync();
        long[] keys =
        [
            TraceKey.Of(TraceKind.Gap),
            .. run.Sources.Select(text => Address.TryParse(text, out var source) ? TraceKey.Of(TraceKind.Source, source) : TraceKey.Of(TraceKind.Gap)),
            .. refused.Select(bytes => TraceKey.Of(TraceKind.Refused, new(BinaryPrimitives.ReadUInt128BigEndian(bytes)))),
        ];
        var known = await db.Traces.Where(row => keys.Contains(row.Key) && row.Subject == subject && row.From == run.CreatedAt).Select(row => row.Key).Distinct().ToListAsync();
        db.Traces.AddRange(Lines(known, run.Deadline, deadline, subject));
    }

    /// <summary>Where a run's packets come from.</summary>
    public static async Task Started(WritDb db, RunRow run, IReadOnlyList<Address> sources, bool shared)
    {
        await db.Runs.Where(row => row.Id == run.Id).ExecuteUpdateAsync(set => set
            .SetProperty(row => row.Sources, sources.Select(source => source.ToString()).ToArray())
            .SetProperty(row => row.HasSharedSource, shared));
        await AddNew(db, run, [.. sources.Select(source => TraceKey.Of(TraceKind.Source, source))]);
    }

    /// <summary>What a run's fence has refused so far. Each report tells the whole; one that comes late, or twice, changes nothing.</summary>
    public static async Task Refused(WritDb db, RunRow run, DateTimeOffset at, IReadOnlyList<(Address Address, int Protocol, int Port, long Packets)> refused, long unlisted)
    {
        var known = await db.Refused.Where(row => row.RunId == run.Id).ToListAsync();
        foreach (var (address, protocol, port, packets) in refused)
        {
            var bytes = address.ToBytes();
            if (known.Find(row => row.Protocol == protocol && row.Port == port && row.Address.AsSpan().SequenceEqual(bytes)) is not { } row)
                db.Refused.Add(new() { RunId = run.Id, Address = bytes, Protocol = protocol, Port = port, Packets = packets, FirstAt = at, LastAt = at });
            else if (packets > row.Packets)
                (row.Packets, row.LastAt) = (packets, at);
        }

        await AddNew(db, run, [.. refused.Select(entry => TraceKey.Of(TraceKind.Refused, entry.Address)).Distinct()]);
        if (unlisted > 0)
            await Unlisted(db, run, unlisted);
    }

    /// <summary>How a run's packets ended, as far as its runner could read it.</summary>
    public static async Task Ended(WritDb db, RunRow run, FenceEnd? fence, long lastPacketAt, bool isRecordingWhole)
    {
        var never = run.EndReason == RunEndCause.CouldNotStart && run.StartedAt is null;
        DateTimeOffset? last = lastPacketAt > 0 ? UnixMicroseconds.ToInstant(lastPacketAt) : null;
        await db.Runs.Where(row => row.Id == run.Id).ExecuteUpdateAsync(set => set
            .SetProperty(row => row.PacketsPassed, never ? 0 : fence == null ? (long?)null : fence.Passed)
            .SetProperty(row => row.LastPacketAt, last)
            .SetProperty(row => row.IsRecordingWhole, isRecordingWhole));
        if (fence is null && !never)
            await Gap(db, run);
        else if (fence?.Unlisted > 0)
            await Unlisted(db, run, fence.Unlisted);
    }

    /// <summary>Not everything that a run tried is known: it may have been any address.</summary>
    public static Task Gap(WritDb db, RunRow run) => AddNew(db, run, [TraceKey.Of(TraceKind.Gap)]);

    private static async Task Unlisted(WritDb db, RunRow run, long packets)
    {
        await db.Runs.Where(row => row.Id == run.Id && row.RefusedUnlisted < packets).ExecuteUpdateAsync(set => set.SetProperty(row => row.RefusedUnlisted, packets));
        await Gap(db, run);
    }

    private static async Task AddNew(WritDb db, RunRow run, long[] keys)
    {
        var subject = run.Id.ToString();
        var known = await db.Traces.Where(row => keys.Contains(row.Key) && row.Subject == subject && row.From == run.CreatedAt).Select(row => row.Key).ToListAsync();
        known.AddRange(db.Traces.Local.Where(row => row.Subject == subject).Select(row => row.Key));
        db.Traces.AddRange(Lines(keys.Except(known), run.CreatedAt, run.Deadline, subject));
    }

    /// <summary>The lines of a subject that was open from one instant to another.</summary>
    public static IEnumerable<TraceRow> Lines(IEnumerable<long> keys, DateTimeOffset from, DateTimeOffset end, string subject)
    {
        var until = end + Slack;
        return keys.Distinct().Select(key => new TraceRow { Key = key, Span = TraceSpan.Of(until - from), From = from, Until = until, Subject = subject });
    }

    /// <summary>
    /// The subjects of these keys that were open between these instants, those that began last first; at most so many, and whether
    /// there are more.
    /// </summary>
    public static async Task<(IReadOnlyList<string> Subjects, bool More)> Find(
        WritDb db, long[] keys, DateTimeOffset since, DateTimeOffset until, int most, CancellationToken cancel)
    {
        var lines = await db.Database.SqlQueryRaw<Line>(
            db.Database.IsNpgsql() ? OnPostgres : OnSqlite,
            Parameters(db, keys, since, ("since", UnixMicroseconds.From(since)), ("until", UnixMicroseconds.From(until)), ("most", most + 1))).ToListAsync(cancel);
        var subjects = lines.Take(most).Select(line => line.Subject).Distinct(StringComparer.Ordinal).ToList();
        return (subjects, lines.Count > most);
    }

    /// <summary>The end of the time in which anything of these keys began before this instant; null where nothing did.</summary>
    public static async Task<DateTimeOffset?> Newest(WritDb db, long[] keys, DateTimeOffset until, CancellationToken cancel)
    {
        var newest = await db.Database.SqlQueryRaw<long?>(
            db.Database.IsNpgsql() ? NewestOnPostgres : NewestOnSqlite, Parameters(db, keys, until, ("until", UnixMicroseconds.From(until)))).ToListAsync(cancel);
        return newest[0] is { } from ? UnixMicroseconds.ToInstant(from + 1) : null;
    }

    private static object[] Parameters(WritDb db, long[] keys, DateTimeOffset since, params (string Name, long Value)[] numbers)
    {
        var lows = TraceSpan.Classes.Select(span => UnixMicroseconds.From(TraceSpan.EarliestBegin(span, since))).ToArray();
        return db.Database.IsNpgsql()
            ? [new NpgsqlParameter("lows", lows), new NpgsqlParameter("keys", keys), .. numbers.Select(number => new NpgsqlParameter(number.Name, number.Value))]
            : [new SqliteParameter("lows", JsonSerializer.Serialize(lows)), new SqliteParameter("keys", JsonSerializer.Serialize(keys)), .. numbers.Select(number => new SqliteParameter(number.Name, number.Value))];
    }

    private sealed record Line(long From, string Subject);
}
