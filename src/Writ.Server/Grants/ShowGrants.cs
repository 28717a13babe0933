using Microsoft.EntityFrameworkCore;
using Writ.Contracts.Grants;
using Writ.Contracts.Requests;
using Writ.Core;
using Writ.Core.Identity;
using Writ.Proof.Errors;
using Writ.Proof.Identity;
using Writ.Server.Errors;
using Writ.Server.Identity;
using Writ.Server.Policy;
using Writ.Server.Requests;
using Writ.Server.Storage;

namespace Writ.Server.Grants;

/// <summary>The grants that the caller may know of, newest first; and one of them.</summary>
internal static class ShowGrants
{
    /// <summary>In the place of a state: what was given by break-glass and waits for a review, however it ended.</summary>
    private const string AwaitsReview = "awaits-review";

    private const int MostItems = 200;
    private const int Scanned = 2_000;

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/grants", List).WithName("ListGrants").Needs(Access.SignedIn).Produces<Page<GrantView>>();
        routes.MapGet("/grants/{id}", async (string id, Database database, RequestAccess access, HttpContext context, CancellationToken cancel) =>
        {
            await using var db = database.Open();
            var found = await Find(db, access, context.Caller(), id);
            return found.IsOk ? Results.Ok((await GrantViews.Load(db, [found.Value], cancel))[0]) : found.Refusal.ToHttp();
        }).WithName("ShowGrant").Needs(Access.SignedIn).Produces<GrantView>();
    }

    /// <summary>The grant, where the caller may know of it.</summary>
    public static async Task<Result<GrantViews.Granted>> Find(WritDb db, RequestAccess access, Caller caller, string id)
    {
        var missing = new Refusal(ErrorCode.NotFound, $"there is no grant '{RequestAccess.Shown(id)}'", "writ grants lists those that you can see");
        if (!GrantId.TryParse(id, out var grantId)
            || await db.Grants.AsNoTracking().SingleOrDefaultAsync(row => row.Id == grantId) is not { } grant)
            return missing;
        var request = await access.Find(db, caller, grant.RequestId.ToString());
        return request.IsOk ? new GrantViews.Granted(grant, request.Value) : missing;
    }

    private static async Task<IResult> List(
        bool? mine, string? state, DateTimeOffset? since, int? limit, string? cursor,
        Database database, PolicyInForce policies, HttpContext context, CancellationToken cancel)
    {
        var caller = context.Caller();
        GrantState? wanted = null;
        var unreviewed = state == AwaitsReview;
        if (state is not null && !unreviewed && (wanted = GrantViews.ParseState(state)) is null)
            return new Refusal(ErrorCode.InvalidInput, $"no grant state is named '{RequestAccess.Shown(state)}'", $"active, exhausted, expired, revoked or {AwaitsReview}").ToHttp();
        if (cursor is not null && !GrantId.TryParse(cursor, out _))
            return new Refusal(ErrorCode.InvalidInput, "the cursor is none of this list's").ToHttp();

        await using var db = database.Open();
        var policy = await policies.Get(db);
        var query = from grant in db.Grants.AsNoTracking()
                    join request in db.Requests.AsNoTracking() on grant.RequestId equals request.Id
                    select new { grant, request };
        if (mine == true)
            query = query.Where(row => row.grant.ActorId == caller.Id);
        if (wanted is { } only)
            query = query.Where(row => row.grant.State == only);
        if (unreviewed)
            query = query.Where(row => db.Glass.Any(glass => glass.GrantId == row.grant.Id && glass.State == GlassState.Broken));
        if (since is { } from)
            query = query.Where(row => row.grant.CreatedAt >= from);
        if (GrantId.TryParse(cursor, out var after))
            query = query.Where(row => row.grant.Id.CompareTo(after) < 0);

        var most = Math.Clamp(limit ?? 50, 1, MostItems);
        var rows = await query.OrderByDescending(row => row.grant.Id).Take(Scanned).ToListAsync(cancel);
        var visible = rows.Where(row => RequestAccess.Shows(policy, row.request, caller)).Take(most + 1).Select(row => new GrantViews.Granted(row.grant, row.request)).ToList();
        var page = visible.Take(most).ToList();
        var next = visible.Count > most ? page[^1].Grant.Id.ToString() : rows.Count == Scanned ? rows[^1].grant.Id.ToString() : null;
        return Results.Ok(new Page<GrantView>(await GrantViews.Load(db, page, cancel), next));
    }
}
