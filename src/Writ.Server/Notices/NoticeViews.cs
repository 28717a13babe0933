using Microsoft.EntityFrameworkCore;
using Writ.Contracts.Notices;
using Writ.Contracts.Requests;
using Writ.Core.Notices;
using Writ.Proof.Errors;
using Writ.Proof.Identity;
using Writ.Server.Storage;

namespace Writ.Server.Notices;

/// <summary>Notices as the API shows them, newest first.</summary>
internal static class NoticeViews
{
    private const int MostItems = 200;

    public static async Task<Result<Page<NoticeView>>> List(WritDb db, string? state, int? limit, string? cursor, CancellationToken cancel)
    {
        var query = db.Notices.AsNoTracking();
        if (state is not null)
        {
            if (Enum.GetValues<NoticeState>().Where(known => known != NoticeState.None && State(known) == state).Select(known => (NoticeState?)known).FirstOrDefault() is not { } wanted)
                return new Refusal(ErrorCode.InvalidInput, "no notice is in such a state", "waiting, sent, void or given-up");
            query = query.Where(row => row.State == wanted);
        }

        if (cursor is not null)
        {
            if (!NoticeId.TryParse(cursor, out var after))
                return new Refusal(ErrorCode.InvalidInput, "the cursor is none of this list's");
            query = query.Where(row => row.Id.CompareTo(after) < 0);
        }

        var most = Math.Clamp(limit ?? 50, 1, MostItems);
        var rows = await query.OrderByDescending(row => row.Id).Take(most + 1).ToListAsync(cancel);
        var page = rows.Take(most).ToList();
        var names = await db.NamesOf(page.Select(row => row.PersonId), cancel);
        return new Page<NoticeView>(
            [.. page.Select(row => new NoticeView(row.Id.ToString(), names[row.PersonId], Kind(row.Kind), Reach.Word(row.Channel), row.Subject, State(row.State), row.CreatedAt, row.DueAt, row.SettledAt, row.Failures, row.Trouble))],
            rows.Count > most ? page[^1].Id.ToString() : null);
    }

    public static string Kind(NoticeKind kind) => kind switch
    {
        NoticeKind.None => "none",
        NoticeKind.Asked => "asked",
        NoticeKind.Reminder => "reminder",
        NoticeKind.GlassBroken => "glass-broken",
        NoticeKind.Approved => "approved",
        NoticeKind.Denied => "denied",
        NoticeKind.Expired => "expired",
        NoticeKind.GlassReviewed => "glass-reviewed",
        NoticeKind.GrantRevoked => "grant-revoked",
        NoticeKind.RunKilled => "run-killed",
        NoticeKind.SeriesSuspended => "series-suspended",
    };

    public static string State(NoticeState state) => state switch
    {
        NoticeState.None => "none",
        NoticeState.Waiting => "waiting",
        NoticeState.Sent => "sent",
        NoticeState.Void => "void",
        NoticeState.GivenUp => "given-up",
    };
}
