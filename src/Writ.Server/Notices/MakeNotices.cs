using Microsoft.EntityFrameworkCore;
using Writ.Core.Decisions;
using Writ.Core.Notices;
using Writ.Core.Policy;
using Writ.Proof.Identity;
using Writ.Server.Policy;
using Writ.Server.Storage;
using Writ.Server.WebConsole;

namespace Writ.Server.Notices;

/// <summary>
/// Writes the outbox: of what waits for somebody, whom it waits for now and who was not told yet; of what has happened, from the log behind a
/// cursor, whom it happened to. What waits is looked at as it is and not as it was told: whoever gets a role later, or whose turn comes by
/// escalation, is told without another line, and nobody is told of what is over. The unique key makes a second look harmless.
/// </summary>
internal sealed class MakeNotices(Database database, WriteTransaction writes, Board board, PolicyInForce policies, ServerSettings settings, TimeProvider time)
{
    private const int Piece = 500;
    private static readonly NoticeKind[] OfWhatWaits = [NoticeKind.Asked, NoticeKind.Reminder, NoticeKind.GlassBroken];

    private sealed record Key(string Subject, int Revision, ActorId Person, NoticeKind Kind, NoticeChannel Channel);

    /// <summary>One look.</summary>
    public async Task Once(CancellationToken cancel)
    {
        await using var db = database.Open();
        var progress = await db.NoticeProgress.AsNoTracking().SingleOrDefaultAsync(cancel) ?? await Begin(db, cancel);
        var made = new List<NoticeRow>();
        await OfOpen(db, made, cancel);
        var cursor = await NoticeNews.Read(db, settings, progress.Cursor, made, time.GetUtcNow(), cancel);
        if (made.Count == 0 && cursor == progress.Cursor)
            return;
        await writes.Append(async writing =>
        {
            var known = await Known(writing, [.. made.Select(notice => notice.Subject).Distinct()], cancel);
            foreach (var notice in made)
            {
                if (known.Add(new(notice.Subject, notice.Revision, notice.PersonId, notice.Kind, notice.Channel)))
                    writing.Notices.Add(notice);
            }

            await writing.NoticeProgress.Where(row => row.Cursor < cursor).ExecuteUpdateAsync(set => set.SetProperty(row => row.Cursor, cursor), cancel);
        });
    }

    /// <summary>The first look begins with what happens next: nobody is told of years.</summary>
    private async Task<NoticeProgressRow> Begin(WritDb db, CancellationToken cancel)
    {
        var begun = new NoticeProgressRow { Cursor = await db.AuditEntries.MaxAsync(row => row.Position, cancel) ?? -1 };
        await writes.Append(writing =>
        {
            writing.NoticeProgress.Add(begun);
            return Task.CompletedTask;
        });
        return begun;
    }

    private async Task OfOpen(WritDb db, List<NoticeRow> made, CancellationToken cancel)
    {
        var open = await board.Now(again: true, cancel);
        if (open.Requests.Count + open.Glass.Count == 0)
            return;
        var policy = await policies.Get(db);
        if (!policy.IsOk)
            return;
        var now = time.GetUtcNow();
        var people = await Recipients.Load(db, settings, policy.Value, now, cancel);
        var known = await Known(db, [.. open.Requests.Select(request => request.Id).Concat(open.Glass.Select(glass => glass.Request)).Select(id => id.ToString())], cancel);
        foreach (var request in open.Requests)
        {
            var id = request.Id.ToString();
            NoticeKind Due(ActorId person, NoticeChannel way, TimeSpan after) => NoticeTimes.Due(
                request.AskedAt, request.ClosesAt, after, now, [.. OfWhatWaits.Where(kind => known.Contains(new(id, request.Revision, person, kind, way)))]);
            // Most of the time everybody has been told.
            if (!people.Any(person => Quorum.MayDecide(request.Of.Needs, person.Decider) && person.Ways.Any(way => Due(person.Id, way, TimeSpan.Zero) != NoticeKind.None)))
                continue;
            foreach (var told in Recipients.Of(request, people, policy.Value))
            {
                foreach (var way in told.Person.Ways)
                {
                    if (Due(told.Person.Id, way, told.After) is not NoticeKind.None and var kind)
                        made.Add(New(kind, told, way, id, request.Revision, request.Id, now));
                }
            }
        }

        foreach (var glass in open.Glass)
        {
            var id = glass.Request.ToString();
            foreach (var told in Recipients.Of(glass, people))
            {
                foreach (var way in told.Person.Ways.Where(way => !known.Contains(new(id, 0, told.Person.Id, NoticeKind.GlassBroken, way))))
                    made.Add(New(NoticeKind.GlassBroken, told, way, id, 0, glass.Request, now));
            }
        }
    }

    private static NoticeRow New(NoticeKind kind, Told told, NoticeChannel way, string subject, int revision, RequestId request, DateTimeOffset now) => new()
    {
        Id = NoticeId.New(now), PersonId = told.Person.Id, Kind = kind, Channel = way, Subject = subject, Revision = revision, RequestId = request, StandsInFor = told.StandsInFor,
        State = NoticeState.Waiting, CreatedAt = now, DueAt = now,
    };

    private static async Task<HashSet<Key>> Known(WritDb db, string[] subjects, CancellationToken cancel)
    {
        var known = new HashSet<Key>();
        foreach (var piece in subjects.Chunk(Piece))
        {
            known.UnionWith((await db.Notices.AsNoTracking().Where(row => piece.Contains(row.Subject)).Select(row => new { row.Subject, row.Revision, row.PersonId, row.Kind, row.Channel }).ToListAsync(cancel))
                .Select(row => new Key(row.Subject, row.Revision, row.PersonId, row.Kind, row.Channel)));
        }

        return known;
    }
}
