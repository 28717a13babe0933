using System.Globalization;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Writ.Core.Audit;
using Writ.Core.Identity;
using Writ.Proof.Errors;
using Writ.Proof.Identity;
using Writ.Server.Requests;
using Writ.Server.Storage;

namespace Writ.Server.Audit;

/// <summary>What entries are looked for. Null members let everything by.</summary>
/// <param name="Story">The request whose story they belong to.</param>
/// <param name="Type">A type, or the beginning of some: <c>run.</c></param>
/// <param name="Actor">The name of who did it, or for whom.</param>
/// <param name="Words">Texts of which each must stand in the entry: an address, <c>address:port</c>, a word.</param>
internal sealed record AuditFilter(RequestId? Story = null, string? Type = null, string? Actor = null, IReadOnlyList<string>? Words = null, DateTimeOffset? Since = null, DateTimeOffset? Until = null)
{
    /// <summary>Whether entries must be read to know.</summary>
    public bool Reads => Actor is not null || Words is { Count: > 0 };
}

/// <summary>An entry that was found.</summary>
internal sealed record FoundEntry(long Position, DateTimeOffset Time, string Type, RequestId? Story, byte[] Bytes);

/// <summary>A part of the log that was looked through, newest first.</summary>
/// <param name="Entries">What was found in it.</param>
/// <param name="Next">Where to look on, going back; null where the log, or the time that was asked for, begins.</param>
/// <param name="LookedTo">The time of the oldest entry that was looked at.</param>
/// <param name="Size">How many entries the log has.</param>
internal sealed record AuditSearchPart(IReadOnlyList<FoundEntry> Entries, long? Next, DateTimeOffset? LookedTo, long Size);

/// <summary>
/// Looks through the audit log backwards, a bounded part at a time: however long the log is, each part takes the same moment, and
/// says how far it came. Looking is on the record.
/// </summary>
internal sealed class SearchAudit(Database database, Sequencer sequencer, RequestAccess access, EvidenceViews views)
{
    /// <summary>The most entries that one part looks at.</summary>
    public const int Part = 5_000;

    private const int MostWords = 10;

    /// <summary>One part.</summary>
    /// <param name="caller">Who looks: whoever reads all, or may know of the story.</param>
    /// <param name="filter">What for.</param>
    /// <param name="before">Entries before this position; null for the newest.</param>
    /// <param name="limit">The most entries that are told.</param>
    /// <param name="cancel">Stops the reading.</param>
    public async Task<Result<AuditSearchPart>> Look(Caller caller, AuditFilter filter, long? before, int limit, CancellationToken cancel)
    {
        if (filter.Words is { Count: > MostWords })
            return new Refusal(ErrorCode.InvalidInput, $"more than {MostWords} words to look for");
        await sequencer.Integrate(cancel);
        await using var db = database.Open();
        if (filter.Story is { } story)
        {
            var request = await access.Find(db, caller, story.ToString());
            if (!request.IsOk)
                return request.Refusal;
        }
        else if (!caller.ReadsAll)
        {
            return new Refusal(ErrorCode.Forbidden, "only auditors and admins read the whole audit log", "the story of one request of yours can be read from its page");
        }

        await views.Record(caller, AuditType.AuditViewed, $"search {filter.Story} {filter.Type} {filter.Actor} {string.Join(' ', filter.Words ?? [])}", null, new()
        {
            ["part"] = "search", ["of"] = filter.Story?.ToString(), ["of_type"] = filter.Type, ["by"] = filter.Actor,
            ["words"] = AuditEvent.Texts(filter.Words ?? []),
        });

        var size = (await db.AuditEntries.MaxAsync(row => row.Position, cancel) ?? -1) + 1;
        var end = Math.Min(before ?? long.MaxValue, filter.Until is { } until ? await PositionAt(db, until, size, cancel) : size);
        var begin = filter.Since is { } since ? await PositionAt(db, since, size, cancel) : 0;
        var bound = filter.Story is not null ? begin : Math.Max(begin, end - Part);
        var query = db.AuditEntries.AsNoTracking().Where(row => row.Position < end && row.Position >= bound);
        if (filter.Story is { } of)
            query = query.Where(row => row.Correlation == of);
        if (filter.Type is { Length: > 0 } type)
            query = type.EndsWith('.') ? query.Where(row => row.Type.StartsWith(type)) : query.Where(row => row.Type == type);

        var found = new List<FoundEntry>();
        var match = new EntryMatch(filter.Actor, filter.Words ?? []);
        await foreach (var row in query.OrderByDescending(row => row.Position).Take(filter.Reads ? Part : limit).AsAsyncEnumerable().WithCancellation(cancel))
        {
            if (!match.Holds(row.Bytes))
                continue;
            found.Add(new(row.Position!.Value, row.Time, row.Type, row.Correlation, row.Bytes));
            if (found.Count == limit)
                break;
        }

        var reached = found.Count == limit ? found[^1].Position : bound;
        return new AuditSearchPart(found, reached > begin && (filter.Story is null || found.Count == limit) ? reached : null, await TimeOf(db, reached, cancel), size);
    }

    /// <summary>When the log begins.</summary>
    public async Task<DateTimeOffset?> Oldest(CancellationToken cancel)
    {
        await using var db = database.Open();
        return await TimeOf(db, 0, cancel);
    }

    /// <summary>One entry.</summary>
    public async Task<Result<FoundEntry>> At(Caller caller, long position, CancellationToken cancel)
    {
        await sequencer.Integrate(cancel);
        await using var db = database.Open();
        var missing = new Refusal(ErrorCode.NotFound, $"there is no entry {position.ToString(CultureInfo.InvariantCulture)}", "or it is none that you may know of");
        if (await db.AuditEntries.AsNoTracking().SingleOrDefaultAsync(row => row.Position == position, cancel) is not { } row
            || !(caller.ReadsAll || (row.Correlation is { } request && (await access.Find(db, caller, request.ToString())).IsOk)))
            return missing;
        await views.Record(caller, AuditType.AuditViewed, $"entry {position}", null, new() { ["part"] = "entry", ["position"] = position });
        return new FoundEntry(position, row.Time, row.Type, row.Correlation, row.Bytes);
    }

    // Positions go up with time, but for what transactions that overlapped did within their own: close enough to begin at.
    private static async Task<long> PositionAt(WritDb db, DateTimeOffset at, long size, CancellationToken cancel)
    {
        var (low, high) = (0L, size);
        while (low < high)
        {
            var middle = low + ((high - low) / 2);
            if (await TimeOf(db, middle, cancel) < at)
                low = middle + 1;
            else
                high = middle;
        }

        return low;
    }

    private static Task<DateTimeOffset?> TimeOf(WritDb db, long position, CancellationToken cancel) =>
        db.AuditEntries.Where(row => row.Position == position).Select(row => (DateTimeOffset?)row.Time).SingleOrDefaultAsync(cancel);
}

/// <summary>Whether an entry's bytes hold what is looked for, whatever the case of its letters.</summary>
internal sealed class EntryMatch(string? actor, IReadOnlyList<string> words)
{
    public bool Holds(byte[] entry)
    {
        if (actor is null && words.Count == 0)
            return true;
        using var document = JsonDocument.Parse(entry);
        return (actor is null || IsBy(document.RootElement)) && words.All(word => IsIn(document.RootElement, word));
    }

    private bool IsBy(JsonElement entry) => Named(entry, "actor") || Named(entry, "on_behalf_of");

    private bool Named(JsonElement entry, string member) =>
        entry.TryGetProperty(member, out var who) && who.ValueKind == JsonValueKind.Object
        && who.TryGetProperty("name", out var name) && string.Equals(name.GetString(), actor, StringComparison.OrdinalIgnoreCase);

    private static bool IsIn(JsonElement value, string word) => value.ValueKind switch
    {
        JsonValueKind.Object => IsEndpoint(value, word) || value.EnumerateObject().Any(member => IsIn(member.Value, word)),
        JsonValueKind.Array => value.EnumerateArray().Any(item => IsIn(item, word)),
        JsonValueKind.String => HasWord(value.GetString()!, word),
        JsonValueKind.Number => value.GetRawText() == word,
        _ => false,
    };

    // A dropped packet has address and port apart.
    private static bool IsEndpoint(JsonElement value, string word) =>
        word.LastIndexOf(':') is var colon and > 0
        && value.TryGetProperty("address", out var address) && address.ValueKind == JsonValueKind.String && value.TryGetProperty("port", out var port)
        && address.GetString() == word[..colon].Trim('[', ']') && port.GetRawText() == word[(colon + 1)..];

    /// <summary>10.20.0.5 is not in 10.20.0.55, nor in 110.20.0.5: a number or a dot at the edge makes it another word.</summary>
    private static bool HasWord(string text, string word)
    {
        for (var at = text.IndexOf(word, StringComparison.OrdinalIgnoreCase); at >= 0; at = text.IndexOf(word, at + 1, StringComparison.OrdinalIgnoreCase))
        {
            if (!(char.IsAsciiDigit(word[0]) && at > 0 && (char.IsAsciiLetterOrDigit(text[at - 1]) || text[at - 1] == '.'))
                && !(char.IsAsciiDigit(word[^1]) && at + word.Length < text.Length && (char.IsAsciiLetterOrDigit(text[at + word.Length]) || (text[at + word.Length] == '.' && at + word.Length + 1 < text.Length && char.IsAsciiDigit(text[at + word.Length + 1])))))
                return true;
        }

        return false;
    }
}
