using Microsoft.EntityFrameworkCore;
using Writ.Contracts.Requests;
using Writ.Core;
using Writ.Core.Identity;
using Writ.Proof.Errors;
using Writ.Proof.Identity;
using Writ.Server.Errors;
using Writ.Server.Identity;
using Writ.Server.Policy;
using Writ.Server.Storage;

namespace Writ.Server.Requests;

/// <summary>The requests that the caller may know of, newest first.</summary>
internal static class ListRequests
{
    private const int MostItems = 200;
    private const int Scanned = 2_000;

    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapGet("/requests", async (
            bool? mine, string? state, DateTimeOffset? since, int? limit, string? cursor,
            Database database, PolicyInForce policies, HttpContext context, CancellationToken cancel) =>
        {
            var caller = context.Caller();
            RequestState? wanted = null;
            if (state is not null && (wanted = RequestViews.ParseState(state)) is null)
                return new Refusal(ErrorCode.InvalidInput, $"no request state is named '{RequestAccess.Shown(state)}'",
                    "pending, approved, denied, cancelled or expired").ToHttp();
            if (cursor is not null && !RequestId.TryParse(cursor, out _))
                return new Refusal(ErrorCode.InvalidInput, "the cursor is none of this list's").ToHttp();

            await using var db = database.Open();
            var policy = await policies.Get(db);
            var query = db.Requests.AsNoTracking();
            if (mine == true)
                query = query.Where(row => row.ActorId == caller.Id);
            if (wanted is { } only)
                query = query.Where(row => row.State == only);
            if (since is { } from)
                query = query.Where(row => row.CreatedAt >= from);
            if (RequestId.TryParse(cursor, out var after))
                query = query.Where(row => row.Id.CompareTo(after) < 0);

            var most = Math.Clamp(limit ?? 50, 1, MostItems);
            var rows = await query.OrderByDescending(row => row.Id).Take(Scanned).ToListAsync(cancel);
            var visible = rows.Where(row => RequestAccess.Shows(policy, row, caller)).Take(most + 1).ToList();
            var page = visible.Take(most).ToList();
            var next = visible.Count > most ? page[^1].Id.ToString() : rows.Count == Scanned ? rows[^1].Id.ToString() : null;
            return Results.Ok(new Page<RequestView>(
                await RequestViews.Load(db, policy.IsOk ? policy.Value : null, page, cancel), next));
        }).WithName("ListRequests").Needs(Access.SignedIn).Produces<Page<RequestView>>();
}
