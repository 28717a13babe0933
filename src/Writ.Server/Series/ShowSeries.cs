using Microsoft.EntityFrameworkCore;
using Writ.Contracts.Requests;
using Writ.Contracts.Series;
using Writ.Core;
using Writ.Core.Identity;
using Writ.Proof.Errors;
using Writ.Proof.Identity;
using Writ.Server.Errors;
using Writ.Server.Identity;
using Writ.Server.Policy;
using Writ.Server.Requests;
using Writ.Server.Storage;

namespace Writ.Server.Series;

/// <summary>The series that the caller may know of, newest first; and one of them. Whoever may know of its request may know of it.</summary>
internal static class ShowSeries
{
    private const int MostItems = 200;
    private const int Scanned = 2_000;
    private const int Latest = 20;

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/series", List).WithName("ListSeries").Needs(Access.SignedIn).Produces<Page<SeriesView>>();
        routes.MapGet("/series/{id}", async (string id, Database database, RequestAccess access, HttpContext context, CancellationToken cancel) =>
        {
            await using var db = database.Open();
            return (await View(db, access, context.Caller(), id, cancel)).ToHttp();
        }).WithName("ShowSeries").Needs(Access.SignedIn).Produces<SeriesView>();
    }

    /// <summary>The series, where the caller may know of it.</summary>
    public static async Task<Result<SeriesViews.Decided>> Find(WritDb db, RequestAccess access, Caller caller, string id)
    {
        var missing = new Refusal(ErrorCode.NotFound, $"there is no series '{RequestAccess.Shown(id)}'", "writ series list lists those that you can see; one that waits for its decision is a request");
        if (!SeriesId.TryParse(id, out var seriesId) || await db.Series.AsNoTracking().SingleOrDefaultAsync(row => row.Id == seriesId) is not { } series)
            return missing;
        var request = await access.Find(db, caller, series.RequestId.ToString());
        return request.IsOk ? new SeriesViews.Decided(series, request.Value) : request.Refusal.Code == ErrorCode.NotSignedIn ? request.Refusal : missing;
    }

    /// <summary>The same as the API shows it.</summary>
    public static async Task<Result<SeriesView>> View(WritDb db, RequestAccess access, Caller caller, string id, CancellationToken cancel)
    {
        var found = await Find(db, access, caller, id);
        return found.IsOk ? (await SeriesViews.Load(db, [found.Value], Latest, cancel))[0] : found.Refusal;
    }

    private static async Task<IResult> List(bool? mine, string? state, DateTimeOffset? since, int? limit, string? cursor, Database database, PolicyInForce policies, HttpContext context, CancellationToken cancel)
    {
        var caller = context.Caller();
        SeriesState? wanted = null;
        if (state is not null && (wanted = SeriesViews.ParseState(state)) is null)
            return new Refusal(ErrorCode.InvalidInput, $"no state of a series is named '{RequestAccess.Shown(state)}'", "active, suspended or ended").ToHttp();
        if (cursor is not null && !SeriesId.TryParse(cursor, out _))
            return new Refusal(ErrorCode.InvalidInput, "the cursor is none of this list's").ToHttp();
        await using var db = database.Open();
        var (rows, next) = await Page(db, await policies.Get(db), caller, mine == true, wanted, since, cursor, Math.Clamp(limit ?? 50, 1, MostItems), cancel);
        return Results.Ok(new Page<SeriesView>(await SeriesViews.Load(db, rows, 1, cancel), next));
    }

    /// <summary>A page of those that the caller may know of, and where the next one begins.</summary>
    public static async Task<(IReadOnlyList<SeriesViews.Decided> Rows, string? Next)> Page(
        WritDb db, Result<Core.Policy.PolicyDocument> policy, Caller caller, bool mine, SeriesState? state, DateTimeOffset? since, string? cursor, int most, CancellationToken cancel)
    {
        var query = from series in db.Series.AsNoTracking()
                    join request in db.Requests.AsNoTracking() on series.RequestId equals request.Id
                    select new { series, request };
        if (mine)
            query = query.Where(row => row.series.ActorId == caller.Id || row.series.OwnerId == caller.Id);
        if (state is { } only)
            query = query.Where(row => row.series.State == only);
        if (since is { } from)
            query = query.Where(row => row.series.DecidedAt >= from);
        if (SeriesId.TryParse(cursor, out var after))
            query = query.Where(row => row.series.Id.CompareTo(after) < 0);
        var rows = await query.OrderByDescending(row => row.series.Id).Take(Scanned).ToListAsync(cancel);
        var visible = rows.Where(row => row.series.OwnerId == caller.Id || RequestAccess.Shows(policy, row.request, caller)).Take(most + 1).Select(row => new SeriesViews.Decided(row.series, row.request)).ToList();
        var page = visible.Take(most).ToList();
        return (page, visible.Count > most ? page[^1].Series.Id.ToString() : rows.Count == Scanned ? rows[^1].series.Id.ToString() : null);
    }
}
