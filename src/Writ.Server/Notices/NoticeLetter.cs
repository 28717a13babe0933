using Microsoft.EntityFrameworkCore;
using Writ.Core;
using Writ.Core.Identity;
using Writ.Core.Notices;
using Writ.Core.Policy;
using Writ.Proof.Identity;
using Writ.Server.Policy;
using Writ.Server.Requests;
using Writ.Server.Storage;
using Writ.Server.WebConsole;

namespace Writ.Server.Notices;

/// <summary>
/// Looks at a notice at the moment when it would be sent: whether it is still so, whether the person may still know of it and wants to, whether
/// they are to be left alone; and writes it.
/// </summary>
internal sealed class NoticeLetter(PolicyInForce policies, ServerSettings settings, TimeProvider time)
{
    /// <summary>What a look gave: what it says; or until when it is held; or why there is nothing to tell.</summary>
    internal sealed record Look(NoticeContent? Content, DateTimeOffset? HeldUntil, string? Void)
    {
        public static Look Over(string why) => new(null, null, why);
    }

    public async Task<Look> Read(WritDb db, NoticeRow notice, CancellationToken cancel)
    {
        var now = time.GetUtcNow();
        var person = await db.Actors.AsNoTracking().SingleAsync(row => row.Id == notice.PersonId, cancel);
        var wishes = await db.NoticeSettings.AsNoTracking().SingleOrDefaultAsync(row => row.ActorId == notice.PersonId, cancel);
        if (person.DisabledAt is not null || person.Kind != ActorKind.User)
            return Look.Over("the person is disabled");
        if (!(await Reach.Load(db, settings, [notice.PersonId], cancel))[notice.PersonId].Contains(notice.Channel))
            return Look.Over($"the person is not told by {Reach.Word(notice.Channel)}");
        var request = await db.Requests.AsNoTracking().SingleAsync(row => row.Id == notice.RequestId, cancel);
        if (await Obsolete(db, notice, person, request, now, cancel) is { } why)
            return Look.Over(why);

        var quiet = wishes is { Quiet: { } hours, QuietZone: { } zone } && QuietHours.Read(hours, zone) is { IsOk: true, Value: var read } ? read : null;
        DateTimeOffset? closes = notice.Kind is NoticeKind.Asked or NoticeKind.Reminder ? request.ExpiresAt : null;
        if (NoticeTimes.HeldUntil(notice.Kind, quiet, closes, now) is { } until)
            return new(null, until, null);

        var (said, justified) = await Said(db, notice, request, cancel);
        var path = notice.Kind == NoticeKind.RunKilled ? $"/runs/{notice.Subject}" : $"/inbox/{notice.RequestId}";
        var who = (await db.NamesOf([request.ActorId], cancel))[request.ActorId];
        var text = NoticeText.Of(new(notice.Kind, who, request.Tool, RequestViews.Evaluation(request).Zones, request.Duration, new(settings.Public, path))
        {
            IsOwn = request.ActorId == notice.PersonId, IsMoreTime = request.Extends is not null, IsSeries = request is { Series: not null, DueAt: null }, Said = said, Justified = justified, By = notice.By, Closes = closes,
            StandsInFor = notice.StandsInFor, Clock = quiet?.Zone ?? TimeZoneInfo.Utc,
        });
        return new(new(notice, text, path, wishes?.Address, closes), null, null);
    }

    private async Task<string?> Obsolete(WritDb db, NoticeRow notice, ActorRow person, RequestRow request, DateTimeOffset now, CancellationToken cancel)
    {
        if (notice.Kind is not (NoticeKind.Asked or NoticeKind.Reminder or NoticeKind.GlassBroken))
            return (await NoticeNews.OwnPeople(db, request, cancel)).Contains(person.Id) ? null : "it is no affair of the person's any more";
        var policy = await policies.Get(db);
        if (!policy.IsOk)
            return "there is no policy in force";
        var decider = Reevaluation.DeciderOf(policy.Value, person.Id, Reevaluation.SubjectOf(person));
        if (notice.Kind == NoticeKind.GlassBroken)
        {
            return !await db.Glass.AnyAsync(row => row.RequestId == request.Id && row.State == GlassState.Broken, cancel) ? "it was reviewed"
                : person.IsAdmin || Core.Decisions.Quorum.MayDecide(RequestViews.Reviews(request), decider) ? null
                : "it is not for the person to review";
        }

        if (request.State != RequestState.Pending || request.ExpiresAt <= now)
            return $"the request is {(request.State == RequestState.Pending ? "over" : RequestViews.State(request.State))}";
        if (request.Revision != notice.Revision)
            return $"the request is at revision {request.Revision}";
        // What was held, or not taken, until it was time to remind is told once.
        if (notice.Kind == NoticeKind.Asked && await db.Notices.AnyAsync(row => row.Subject == notice.Subject && row.Revision == notice.Revision && row.PersonId == person.Id && row.Kind == NoticeKind.Reminder && row.Channel == notice.Channel, cancel))
            return "a reminder tells it";
        return (await Board.Read(db, [request.Id], cancel)).Exists(waiting => waiting.WaitsFor(person.Name, decider, policy.Value)) ? null : "it waits for no yes of the person's";
    }

    /// <summary>What somebody wrote that belongs to it.</summary>
    private static async Task<(string? Said, bool Justified)> Said(WritDb db, NoticeRow notice, RequestRow request, CancellationToken cancel)
    {
        switch (notice.Kind)
        {
            case NoticeKind.Approved:
                return (await db.Decisions.AsNoTracking().Where(row => row.RequestId == request.Id && row.Revision == notice.Revision && row.Approved && row.ActorId != null).OrderByDescending(row => row.At)
                    .Select(row => row.Comment).FirstOrDefaultAsync(cancel), false);
            case NoticeKind.Denied or NoticeKind.Expired:
                return (request.EndReason, false);
            case NoticeKind.GlassReviewed:
                var glass = await db.Glass.AsNoTracking().SingleOrDefaultAsync(row => row.RequestId == request.Id, cancel);
                return (glass?.Comment, glass?.Justified == true);
            case NoticeKind.GrantRevoked when GrantId.TryParse(notice.Subject, out var grant):
                return (await db.Grants.AsNoTracking().Where(row => row.Id == grant).Select(row => row.EndReason).SingleOrDefaultAsync(cancel), false);
            case NoticeKind.RunKilled when RunId.TryParse(notice.Subject, out var run):
                return (await db.Runs.AsNoTracking().Where(row => row.Id == run).Select(row => row.KillReason).SingleOrDefaultAsync(cancel), false);
            case NoticeKind.SeriesSuspended when SeriesId.TryParse(notice.Subject, out var series):
                return (await db.Series.AsNoTracking().Where(row => row.Id == series).Select(row => row.Reason).SingleOrDefaultAsync(cancel), false);
            default:
                return (request.Reason, false);
        }
    }
}

/// <summary>What a notice says, before it is written for its way.</summary>
/// <param name="Of">The notice.</param>
/// <param name="Text">As a mail says it; another way takes the subject of it and no more.</param>
/// <param name="Path">The page that it leads to, from the server's root.</param>
/// <param name="Address">The person's address of mail, or null.</param>
/// <param name="Closes">When what it is about is over, or null.</param>
internal sealed record NoticeContent(NoticeRow Of, NoticeText Text, string Path, string? Address, DateTimeOffset? Closes);
