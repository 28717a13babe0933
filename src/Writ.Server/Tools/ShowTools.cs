using System.Security.Cryptography;
using System.Text;
using Microsoft.EntityFrameworkCore;
using Writ.Contracts.Requests;
using Writ.Contracts.Tools;
using Writ.Core.Identity;
using Writ.Core.Tools;
using Writ.Core.Tools.Definitions;
using Writ.Proof.Errors;
using Writ.Server.Errors;
using Writ.Server.Identity;
using Writ.Server.Policy;
using Writ.Server.Requests;
using Writ.Server.Runners;
using Writ.Server.Storage;

namespace Writ.Server.Tools;

/// <summary>The tools whose commands are understood: those in the box, and those of the policy in force.</summary>
internal sealed class ShowTools(Database database, PolicyInForce policies, Inventories inventories)
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/tools", async (ShowTools verb, CancellationToken cancel) =>
                Results.Ok(new Page<ToolView>([.. (await verb.All(cancel)).Select(view => view with { Definition = null })], null)))
            .WithName("ListTools").Needs(Access.SignedIn).Produces<Page<ToolView>>();
        routes.MapGet("/tools/{name}", async (string name, ShowTools verb, CancellationToken cancel) => (await verb.All(cancel)).FirstOrDefault(view => view.Name == name) is { } found
                ? Results.Ok(found)
                : new Refusal(ErrorCode.NotFound, $"there is no tool '{RequestAccess.Shown(name)}'", "writ tools").ToHttp())
            .WithName("ShowTool").Needs(Access.SignedIn).Produces<ToolView>();
    }

    private async Task<IReadOnlyList<ToolView>> All(CancellationToken cancel)
    {
        await using var db = database.Open();
        // Without a policy the tools in the box are understood all the same, though nobody may run them.
        var tools = await policies.Get(db) is { IsOk: true, Value: var policy } ? policy.Tools : ToolCatalogue.Box;
        var runners = new List<(string Name, HashSet<string> Tools)>();
        foreach (var row in await db.Runners.AsNoTracking().Where(row => row.DisabledAt == null && row.InventoryDigest != null).OrderBy(row => row.Name).ToListAsync(cancel))
            runners.Add((row.Name, [.. (await inventories.Get(db, row.InventoryDigest!))?.Tools.Select(tool => tool.Name) ?? []]));
        return [.. tools.All.Select(tool => View(tool, [.. runners.Where(runner => runner.Tools.Contains(tool.Name)).Select(runner => runner.Name)]))];
    }

    private static ToolView View(ITool tool, IReadOnlyList<string> runners)
    {
        string[] facets = [.. tool.Facets.Select(facet => facet.Name)];
        if (tool is not DefinedTool { Definition: var definition })
            return new(tool.Name, tool.Summary, "parser", facets, runners);
        var place = definition.Place;
        return new(tool.Name, tool.Summary, ToolCatalogue.Box.Find(tool.Name) == tool ? "box" : "policy", facets, runners, definition.Text,
            Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(definition.Text))), new(place.Path, place.Package, place.Data, place.Programs, place.Version, definition.Captures));
    }
}
