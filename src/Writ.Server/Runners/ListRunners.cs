using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Writ.Contracts;
using Writ.Contracts.Requests;
using Writ.Contracts.Runners;
using Writ.Core.Identity;
using Writ.Server.Identity;
using Writ.Server.Storage;

namespace Writ.Server.Runners;

/// <summary>The enrolled runners, by name, with what they can execute.</summary>
internal static class ListRunners
{
    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapGet("/runners", async (Database database, RunnerHub hub, Inventories inventories, HttpContext context, CancellationToken cancel) =>
        {
            _ = context.Caller();
            await using var db = database.Open();
            var views = await Views(db, hub, inventories, cancel);
            return Results.Ok(new Page<RunnerView>(views, null));
        }).WithName("ListRunners").Needs(Access.SignedIn).Produces<Page<RunnerView>>();

    /// <summary>All of them, by name.</summary>
    public static async Task<IReadOnlyList<RunnerView>> Views(WritDb db, RunnerHub hub, Inventories inventories, CancellationToken cancel)
    {
        var views = new List<RunnerView>();
        foreach (var row in await db.Runners.AsNoTracking().OrderBy(row => row.Name).ToListAsync(cancel))
        {
            var inventory = row.InventoryDigest is null ? null : await inventories.Get(db, row.InventoryDigest);
            views.Add(new(row.Id.ToString(), row.Name, hub.IsConnected(row), row.EnrolledAt, row.LastSeenAt, row.DisabledAt, row.Version,
                [.. (inventory?.Tools ?? []).Select(tool => new RunnerToolView(tool.Name, tool.Version, tool.Sha256, tool.Protections))],
                row.StandingRights is { } rights ? JsonSerializer.Deserialize(rights, WritJson.Default.IReadOnlyListStandingRightView) : null, row.StandingRightsAt));
        }

        return views;
    }
}
