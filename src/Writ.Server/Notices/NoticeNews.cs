using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Writ.Core;
using Writ.Core.Audit;
using Writ.Core.Identity;
using Writ.Core.Notices;
using Writ.Proof.Identity;
using Writ.Server.Storage;

namespace Writ.Server.Notices;

/// <summary>What the log says has happened to somebody by the hand of another: to those whose request, grant or run it is.</summary>
internal static class NoticeNews
{
    private const int Batch = 200;
    private static readonly string[] Types = [AuditType.DecisionMade, AuditType.RequestEnded, AuditType.GlassReviewed, AuditType.GrantEnded, AuditType.RunKillAsked, AuditType.SeriesSuspended];

    /// <summary>What is older is known to whom it happened: this may have been off for long.</summary>
    private static readonly TimeSpan StillNews = TimeSpan.FromDays(1);

    /// <summary>Adds the notices of the entries behind the cursor; where the cursor is then.</summary>
    public static async Task<long> Read(WritDb db, ServerSettings settings, long cursor, List<NoticeRow> made, DateTimeOffset now, CancellationToken cancel)
    {
        var newest = await db.AuditEntries.MaxAsync(row => row.Position, cancel) ?? -1;
        if (newest <= cursor)
            return cursor;
        var rows = await db.AuditEntries.AsNoTracking().Where(row => row.Position > cursor && row.Position <= newest && Types.Contains(row.Type)).OrderBy(row => row.Position).Take(Batch).ToListAsync(cancel);
        var ids = rows.Select(row => row.Correlation).OfType<RequestId>().Distinct().ToArray();
        var requests = ids.Length == 0 ? [] : await db.Requests.AsNoTracking().Where(request => ids.Contains(request.Id)).ToDictionaryAsync(request => request.Id, cancel);
        foreach (var row in rows.Where(row => row.Time > now - StillNews))
        {
            if (row.Correlation is not { } id || !requests.TryGetValue(id, out var request))
                continue;
            using var entry = JsonDocument.Parse(row.Bytes);
            if (Of(row, entry.RootElement, request) is not (var kind, { } subject))
                continue;
            var by = row.ActorId is null ? null : Text(entry.RootElement.GetProperty("actor"), "name");
            var people = await OwnPeople(db, request, cancel);
            var ways = await Reach.Load(db, settings, people, cancel);
            foreach (var (person, way) in people.Where(person => person != row.ActorId).SelectMany(person => ways[person].Select(way => (person, way))))
            {
                made.Add(new()
                {
                    Id = NoticeId.New(now), PersonId = person, Kind = kind, Channel = way, Subject = subject, Revision = kind == NoticeKind.Approved ? request.Revision : 0, RequestId = id, By = by,
                    State = NoticeState.Waiting, CreatedAt = now, DueAt = now,
                });
            }
        }

        return rows.Count == Batch ? rows[^1].Position!.Value : newest;
    }

    /// <summary>Those who are told of what becomes of a request: its people, in the place of a workload whoever answers for it.</summary>
    public static async Task<IReadOnlyList<ActorId>> OwnPeople(WritDb db, RequestRow request, CancellationToken cancel)
    {
        var owner = await db.Actors.AsNoTracking().Where(row => row.Id == request.ActorId).Select(row => row.OwnerId).SingleOrDefaultAsync(cancel);
        ActorId[] own = [.. new[] { request.ActorId, request.OnBehalfOf, owner }.OfType<ActorId>().Distinct()];
        return await db.Actors.AsNoTracking().Where(actor => own.Contains(actor.Id) && actor.Kind == ActorKind.User && actor.DisabledAt == null).Select(actor => actor.Id).ToListAsync(cancel);
    }

    private static (NoticeKind Kind, string? Subject) Of(AuditRow row, JsonElement entry, RequestRow request) => row.Type switch
    {
        // The yes that was the last one; what policy alone allows, its requester has as an answer.
        AuditType.DecisionMade when request.State == RequestState.Approved && Text(entry, "by") != "policy" && entry.TryGetProperty("approved", out var yes) && yes.ValueKind == JsonValueKind.True => (NoticeKind.Approved, request.Id.ToString()),
        AuditType.RequestEnded when Text(entry, "state") == "denied" => (NoticeKind.Denied, request.Id.ToString()),
        AuditType.RequestEnded when Text(entry, "state") == "expired" => (NoticeKind.Expired, request.Id.ToString()),
        AuditType.GlassReviewed => (NoticeKind.GlassReviewed, Text(entry, "grant")),
        AuditType.GrantEnded when Text(entry, "state") == "revoked" => (NoticeKind.GrantRevoked, Text(entry, "grant")),
        // The runs of a grant that was revoked end with it: that is told once.
        AuditType.RunKillAsked when Text(entry, "cause") == "killed" => (NoticeKind.RunKilled, Text(entry, "run")),
        // What a person holds up goes on by a person's word.
        AuditType.SeriesSuspended when row.ActorId is null => (NoticeKind.SeriesSuspended, Text(entry, "series")),
        _ => (NoticeKind.None, null),
    };

    private static string? Text(JsonElement entry, string name) => entry.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
