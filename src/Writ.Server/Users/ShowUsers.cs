using Microsoft.EntityFrameworkCore;
using Writ.Contracts.Identity;
using Writ.Contracts.Requests;
using Writ.Core.Identity;
using Writ.Core.Policy;
using Writ.Proof.Errors;
using Writ.Proof.Identity;
using Writ.Server.Errors;
using Writ.Server.Identity;
using Writ.Server.Policy;
using Writ.Server.Requests;
using Writ.Server.Storage;

namespace Writ.Server.Users;

/// <summary>People and workloads, by name; and one of them.</summary>
internal static class ShowUsers
{
    private const int MostItems = 200;

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/users", async (string? name, int? limit, string? cursor, Database database, PolicyInForce policies, CancellationToken cancel) =>
        {
            await using var db = database.Open();
            var query = db.Actors.AsNoTracking().Where(row => row.Kind == ActorKind.User || row.Kind == ActorKind.Workload);
            if (name is not null)
                query = query.Where(row => row.Name == name);
            if (cursor is not null)
            {
                if (!ActorId.TryParse(cursor, out var after) || await db.Actors.AsNoTracking().SingleOrDefaultAsync(row => row.Id == after, cancel) is not { } last)
                    return new Refusal(ErrorCode.InvalidInput, "the cursor is none of this list's").ToHttp();
                query = query.Where(row => row.Name.CompareTo(last.Name) > 0 || (row.Name == last.Name && row.Id.CompareTo(last.Id) > 0));
            }

            var most = Math.Clamp(limit ?? 50, 1, MostItems);
            var rows = await query.OrderBy(row => row.Name).ThenBy(row => row.Id).Take(most + 1).ToListAsync(cancel);
            var page = rows.Take(most).ToList();
            return Results.Ok(new Page<UserView>(await Views(db, policies, page), rows.Count > most ? page[^1].Id.ToString() : null));
        }).WithName("ListUsers").Needs(Access.Auditor).Produces<Page<UserView>>();

        routes.MapGet("/users/{id}", async (string id, Database database, PolicyInForce policies) =>
        {
            await using var db = database.Open();
            var found = await Find(db, id);
            return found.IsOk ? Results.Ok((await Views(db, policies, [found.Value]))[0]) : found.Refusal.ToHttp();
        }).WithName("ShowUser").Needs(Access.Auditor).Produces<UserView>();
    }

    public static async Task<Result<ActorRow>> Find(WritDb db, string id) =>
        ActorId.TryParse(id, out var actor) && await db.Actors.AsNoTracking().SingleOrDefaultAsync(row => row.Id == actor && row.Kind != ActorKind.System) is { } row
            ? row
            : new Refusal(ErrorCode.NotFound, $"there is no user '{RequestAccess.Shown(id)}'", "writ users lists them");

    public static async Task<IReadOnlyList<UserView>> Views(WritDb db, PolicyInForce policies, IReadOnlyList<ActorRow> rows)
    {
        var policy = await policies.Get(db);
        var ids = rows.Select(row => row.Id).ToArray();
        var owned = (await db.Actors.AsNoTracking().Where(row => row.OwnerId != null && ids.Contains(row.OwnerId.Value)).OrderBy(row => row.Name).ToListAsync()).ToLookup(row => row.OwnerId, row => row.Name);
        var owners = await db.NamesOf(rows.Select(row => row.OwnerId).OfType<ActorId>());
        return [.. rows.Select(row => new UserView(
            row.Id.ToString(), row.Name, RequestViews.Kind(row.Kind), row.Groups, policy.IsOk ? Roles(policy.Value, row) : [], row.IsAdmin, row.IsAuditor,
            row.OwnerId is { } owner ? owners.GetValueOrDefault(owner) : null, [.. owned[row.Id]], row.CreatedAt, row.DisabledAt, row.SignedOutAt))];
    }

    private static string[] Roles(PolicyDocument policy, ActorRow row) => [.. policy.RolesOf(Reevaluation.SubjectOf(row))];
}
