using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using Writ.Contracts;
using Writ.Contracts.Audit;
using Writ.Proof.Log;

namespace Writ.Cli.Audit;

/// <summary>
/// Everything that a verifier needs of a log, fetched: entries, heads, the lowest tiles; and what this computer knew.
/// </summary>
internal sealed class LogFacts
{
    private LogFacts()
    {
    }

    /// <summary>The log's keys that are believed.</summary>
    public required IReadOnlyList<NoteKey> Keys { get; init; }

    /// <summary>What this computer remembers, or null where it has no place to.</summary>
    public LogMemory? Memory { get; private init; }

    /// <summary>The newest checkpoint that this computer saw before, or null.</summary>
    public SignedCheckpoint? Seen { get; private init; }

    /// <summary>When it saw it.</summary>
    public DateTimeOffset? SeenAt { get; private init; }

    /// <summary>The entries that there are, by position.</summary>
    public required IReadOnlyList<(long Position, LogHash Hash)> Entries { get; init; }

    /// <summary>Every signed head, by size.</summary>
    public required IReadOnlyList<(SignedCheckpoint Head, DateTimeOffset SignedAt)> Heads { get; init; }

    /// <summary>The newest head.</summary>
    public SignedCheckpoint Newest => Heads[^1].Head;

    /// <summary>The hashes of the entries, as the lowest tiles have them.</summary>
    public required IReadOnlyList<LogHash> Tiles { get; init; }

    /// <summary>Entries that the database keeps under another type, time or request than they say themselves: lists would not find them.</summary>
    public required IReadOnlyList<long> Mislabelled { get; init; }

    /// <summary>Sizes of heads whose signature does not hold.</summary>
    public required IReadOnlyList<long> Unsigned { get; init; }

    /// <exception cref="Stop">The server says no, or its log has no signed head.</exception>
    public static async Task<LogFacts> Fetch(CliContext context, string? key, CancellationToken cancel)
    {
        var memory = LogMemory.Of(context);
        var known = memory?.Read(context.Server.Address);
        var pinned = key ?? context.Variable("WRIT_LOG_KEY");

        // Entries first, then heads: an entry without a head is none that is still on its way.
        var entries = new List<(long, LogHash)>();
        var mislabelled = new List<long>();
        // Keys that the log itself names: they signed its older heads. The newest head must be signed by a believed one.
        var former = new List<NoteKey>();
        await FetchEntries(long.MaxValue);
        var views = new List<LogHeadView>();
        string? after = null;
        do
        {
            var page = (await context.Server.GetAsync($"/v1/log/heads{(after is null ? "" : $"?after={after}")}", WritJson.Default.PageLogHeadView, cancel)).Value;
            views.AddRange(page.Items);
            after = page.Next;
        }
        while (after is not null);

        var keys = pinned is not null ? LogContact.Parse([pinned])
            : known is { Keys.Count: > 0 } ? LogContact.Parse(known.Keys)
            : LogContact.Parse((await context.Server.GetAsync("/v1/log", WritJson.Default.LogView, cancel)).Value.Keys);
        // An entry that names a former key may have been placed meanwhile: signatures are judged when all entries are here.
        await FetchEntries(views.Select(SizeOf).DefaultIfEmpty().Max());
        var heads = new List<(SignedCheckpoint, DateTimeOffset)>();
        var unsigned = new List<long>();
        foreach (var view in views)
        {
            var opened = Checkpoint.Open(view.Checkpoint, view == views[^1] ? keys : [.. keys, .. former]);
            if (opened.IsOk)
                heads.Add((opened.Value, view.SignedAt));
            else
                unsigned.Add(SizeOf(view));
        }

        if (heads.Count == 0)
            throw new Stop(ExitCode.Failed, "the server's log has no head that is signed by a key that is known here", "--key names the log's public key");
        var size = heads[^1].Item1.Head.Size;
        var seen = known?.Checkpoint is { } text && Checkpoint.Open(text, keys) is { IsOk: true } before ? before.Value : null;
        return new()
        {
            Keys = keys, Memory = memory, Seen = seen, SeenAt = known?.SeenAt, Entries = entries, Heads = heads, Unsigned = unsigned, Mislabelled = mislabelled,
            Tiles = await FetchTiles(context, size, cancel),
        };

        async Task FetchEntries(long until)
        {
            var next = entries.Count == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $"?after={entries[^1].Item1}");
            while (next is not null)
            {
                context.Terminal.Status($"{entries.Count} entries");
                var page = (await context.Server.GetAsync($"/v1/log/entries{next}", WritJson.Default.PageLogEntryView, cancel)).Value;
                foreach (var entry in page.Items.Where(entry => entry.Position < until))
                {
                    entries.Add((entry.Position, LogHash.OfLeaf(entry.Bytes)));
                    if (!IsLabelled(entry, former))
                        mislabelled.Add(entry.Position);
                }

                next = page.Next is null ? null : $"?after={page.Next}";
            }

            context.Terminal.ClearStatus();
        }
    }

    /// <summary>Keeps what was verified.</summary>
    public void Remember(CliContext context) => Memory?.Write(
        context.Server.Address, new(context.Server.Address.Text, [.. Keys.Select(key => key.ToString())], Newest.Note.ToString(), context.Now));

    /// <summary>The size that a head tells, whoever signed it; -1 where it tells none.</summary>
    private static long SizeOf(LogHeadView view) =>
        SignedNote.Parse(view.Checkpoint) is { IsOk: true } note && Checkpoint.Parse(note.Value.Text) is { IsOk: true } head ? head.Value.Size : -1;

    private static bool IsLabelled(LogEntryView entry, List<NoteKey> former)
    {
        try
        {
            var says = JsonDocument.Parse(entry.Bytes).RootElement;
            if (says.TryGetProperty("log_key", out var text) && NoteKey.Parse(text.GetString() ?? "") is { IsOk: true } key)
                former.Add(key.Value);
            return says.GetProperty("type").GetString() == entry.Type && says.GetProperty("time").GetDateTimeOffset() == entry.Time
                && (says.TryGetProperty("correlation", out var request) ? request.GetString() : null) == entry.Correlation;
        }
        catch (Exception damaged) when (damaged is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            return false;
        }
    }

    private static async Task<IReadOnlyList<LogHash>> FetchTiles(CliContext context, long size, CancellationToken cancel)
    {
        var hashes = new List<LogHash>();
        foreach (var tile in Tile.Of(0, size))
        {
            // What cannot be had is no tile; the roots tell whether that matters.
            var answer = await context.Server.GetRawAsync($"/v1/log/{tile.Path}", cancel);
            if (answer.Problem is not null || answer.Value.Length != tile.Width * LogHash.Bytes)
                break;
            hashes.AddRange(MemoryMarshal.Cast<byte, LogHash>(answer.Value));
        }

        return hashes;
    }
}
