using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Microsoft.EntityFrameworkCore;
using Writ.Core.Audit;
using Writ.Proof.Errors;
using Writ.Proof.Identity;
using Writ.Server.Storage;
using Writ.Server.Users;

namespace Writ.Server.Directories;

/// <summary>
/// Groups of a directory. A group's name is what the policy calls it, and its members have it from the moment of the answer;
/// what somebody loses with a group ends before it.
/// </summary>
internal sealed partial class ScimGroups(Database database, WriteTransaction writes, ChangeRoles roles)
{
    private const int MostMembers = 10_000;

    public static void Map(IEndpointRouteBuilder scim)
    {
        scim.MapGet("/Groups", async (string? filter, int? startIndex, int? count, ScimGroups verb, HttpContext context) => await verb.List(context, filter, startIndex, count)).WithName("ScimListGroups");
        scim.MapGet("/Groups/{id}", async (string id, ScimGroups verb, HttpContext context) => await verb.Show(context, id)).WithName("ScimShowGroup");
        scim.MapPost("/Groups", async (ScimGroups verb, HttpContext context) => await verb.Create(context)).WithName("ScimCreateGroup");
        scim.MapPut("/Groups/{id}", async (string id, ScimGroups verb, HttpContext context) => await verb.Replace(context, id)).WithName("ScimReplaceGroup");
        scim.MapPatch("/Groups/{id}", async (string id, ScimGroups verb, HttpContext context) => await verb.Patch(context, id)).WithName("ScimPatchGroup");
        scim.MapDelete("/Groups/{id}", async (string id, ScimGroups verb, HttpContext context) => await verb.Remove(context, id)).WithName("ScimRemoveGroup");
    }

    private async Task<IResult> List(HttpContext context, string? filter, int? startIndex, int? count)
    {
        if (!Scim.TryFilter(filter, out var attribute, out var value))
            return Scim.Error(StatusCodes.Status400BadRequest, "filters are displayName, externalId or id, eq, and a text", "invalidFilter");
        var (name, (start, most)) = (DirectoryBook.Caller(context).Name, Scim.Page(startIndex, count));
        await using var db = database.Open();
        var query = db.DirectoryGroups.AsNoTracking().Where(row => row.Directory == name);
        query = attribute.ToUpperInvariant() switch
        {
            "" => query,
            "DISPLAYNAME" => query.Where(row => row.Name == value),
            "EXTERNALID" => query.Where(row => row.ExternalId == value),
            _ => query.Where(row => row.Id == value),
        };
        var total = await query.CountAsync();
        var views = new List<JsonNode>();
        foreach (var row in await query.OrderBy(row => row.Id).Skip(start - 1).Take(most).ToListAsync())
            views.Add(await View(db, row));
        return Scim.List(views, total, start);
    }

    private async Task<IResult> Show(HttpContext context, string id)
    {
        await using var db = database.Open();
        return await Find(db, context, id) is { } row ? Scim.Json(await View(db, row)) : Scim.Missing;
    }

    private async Task<IResult> Create(HttpContext context)
    {
        if (await Scim.Read(context) is not { } body || body.Text("displayName") is not { } name || !Scim.IsText(name) || Members(body["members"]) is not { } members)
            return Scim.Error(StatusCodes.Status400BadRequest, $"a group has a displayName, and members by their ids, {MostMembers} at most", "invalidValue");
        var directory = DirectoryBook.Caller(context).Name;
        var made = await writes.Commit<DirectoryGroupRow>(async scope =>
        {
            if (await scope.Db.DirectoryGroups.AnyAsync(row => row.Directory == directory && row.Name == name))
                return new Refusal(ErrorCode.WrongState, "there is a group with this displayName already");
            var row = new DirectoryGroupRow { Id = $"grp_{Guid.CreateVersion7(scope.Now):n}", Directory = directory, Name = name, ExternalId = body.Text("externalId"), CreatedAt = scope.Now, ChangedAt = scope.Now };
            scope.Db.DirectoryGroups.Add(row);
            Record(scope, context, row, "made");
            return row;
        });
        if (!made.IsOk)
            return Scim.Error(StatusCodes.Status409Conflict, made.Refusal.Message, "uniqueness");
        await SetMembers(context, made.Value, _ => members);
        await using var db = database.Open();
        context.Response.Headers.Location = $"/scim/v2/Groups/{made.Value.Id}";
        return Scim.Json(await View(db, made.Value), StatusCodes.Status201Created);
    }

    private async Task<IResult> Replace(HttpContext context, string id)
    {
        await using var db = database.Open();
        if (await Find(db, context, id) is not { } row)
            return Scim.Missing;
        if (await Scim.Read(context) is not { } body || body.Text("displayName") is not { } name || !Scim.IsText(name) || Members(body["members"]) is not { } members)
            return Scim.Error(StatusCodes.Status400BadRequest, $"a group has a displayName, and members by their ids, {MostMembers} at most", "invalidValue");
        return await Done(context, row, name, _ => members);
    }

    private async Task<IResult> Patch(HttpContext context, string id)
    {
        await using var db = database.Open();
        if (await Find(db, context, id) is not { } row)
            return Scim.Missing;
        if (await Scim.Read(context) is not { } body || Scim.Operations(body) is not { } operations)
            return Scim.Error(StatusCodes.Status400BadRequest, "a patch has Operations, each with op, path and value", "invalidSyntax");
        var name = row.Name;
        var changes = new List<Func<HashSet<ActorId>, HashSet<ActorId>>>();
        foreach (var (op, path, value) in operations)
        {
            if (path.Equals("displayName", StringComparison.OrdinalIgnoreCase) && op != "remove" && value is JsonValue text && Scim.IsText(text.ToString()))
                name = text.ToString();
            else if (path.Equals("members", StringComparison.OrdinalIgnoreCase) && op == "remove" && value is null)
                changes.Add(_ => []);
            else if (path.Equals("members", StringComparison.OrdinalIgnoreCase) && Members(value) is { } members)
                changes.Add(op switch { "add" => now => [.. now, .. members], "remove" => now => [.. now.Except(members)], _ => _ => [.. members] });
            else if (One().Match(path) is { Success: true } one && op == "remove" && ActorId.TryParse(one.Groups[1].Value, out var member))
                changes.Add(now => [.. now.Where(known => known != member)]);
            else if (path.Equals("displayName", StringComparison.OrdinalIgnoreCase) || path.StartsWith("members", StringComparison.OrdinalIgnoreCase))
                return Scim.Error(StatusCodes.Status400BadRequest, $"this cannot be done to {path}", "invalidPath");
        }

        return await Done(context, row, name, now => changes.Aggregate(now, (members, change) => change(members)));
    }

    private async Task<IResult> Done(HttpContext context, DirectoryGroupRow row, string name, Func<HashSet<ActorId>, HashSet<ActorId>> members)
    {
        if (name != row.Name)
        {
            var renamed = await writes.Commit<bool>(async scope =>
            {
                if (await scope.Db.DirectoryGroups.AnyAsync(other => other.Directory == row.Directory && other.Name == name))
                    return new Refusal(ErrorCode.WrongState, "there is a group with this displayName already");
                await scope.Db.DirectoryGroups.Where(found => found.Id == row.Id).ExecuteUpdateAsync(set => set.SetProperty(found => found.Name, name).SetProperty(found => found.ChangedAt, scope.Now));
                Record(scope, context, row, $"renamed to {name}");
                return true;
            });
            if (!renamed.IsOk)
                return Scim.Error(StatusCodes.Status409Conflict, renamed.Refusal.Message, "uniqueness");
        }

        await SetMembers(context, row, members, all: name != row.Name);
        await using var db = database.Open();
        return Scim.Json(await View(db, await db.DirectoryGroups.AsNoTracking().SingleAsync(found => found.Id == row.Id)));
    }

    private async Task<IResult> Remove(HttpContext context, string id)
    {
        await using var db = database.Open();
        if (await Find(db, context, id) is not { } row)
            return Scim.Missing;
        await SetMembers(context, row, _ => []);
        await writes.Commit<bool>(async scope =>
        {
            await scope.Db.DirectoryGroups.Where(found => found.Id == row.Id).ExecuteDeleteAsync();
            Record(scope, context, row, "removed");
            return true;
        });
        return Results.NoContent();
    }

    /// <summary>Sets who is in the group, of the directory's own users, and gives each of them the groups that they are in now.</summary>
    private async Task SetMembers(HttpContext context, DirectoryGroupRow row, Func<HashSet<ActorId>, HashSet<ActorId>> change, bool all = false)
    {
        var touched = new HashSet<ActorId>();
        await writes.Commit<bool>(async scope =>
        {
            HashSet<ActorId> now = [.. await scope.Db.DirectoryMembers.Where(member => member.GroupId == row.Id).Select(member => member.ActorId).ToListAsync()];
            var wanted = change([.. now]);
            HashSet<ActorId> known = [.. await scope.Db.DirectoryUsers.Where(user => user.Directory == row.Directory && wanted.Contains(user.ActorId)).Select(user => user.ActorId).ToListAsync()];
            var (added, removed) = (known.Except(now).ToArray(), now.Except(known).ToArray());
            touched.UnionWith(all ? now.Union(known) : added.Concat(removed));
            if (added.Length + removed.Length == 0)
                return new Refusal(ErrorCode.WrongState, "nothing would change");
            await scope.Db.DirectoryMembers.Where(member => member.GroupId == row.Id && removed.Contains(member.ActorId)).ExecuteDeleteAsync();
            scope.Db.DirectoryMembers.AddRange(added.Select(actor => new DirectoryMemberRow { GroupId = row.Id, ActorId = actor }));
            Record(scope, context, row, $"{added.Length} in, {removed.Length} out");
            return true;
        });
        foreach (var actor in touched)
        {
            await roles.SetGroups(actor, async scope => await (
                from member in scope.Db.DirectoryMembers.AsNoTracking()
                join @group in scope.Db.DirectoryGroups.AsNoTracking() on member.GroupId equals @group.Id
                where member.ActorId == actor
                orderby @group.Name
                select @group.Name).ToListAsync(), DirectoryBook.Audit(context), ScimUsers.Source(context));
        }
    }

    private static HashSet<ActorId>? Members(JsonNode? node)
    {
        if (node is null)
            return [];
        if (node is not JsonArray { Count: <= MostMembers } list)
            return null;
        var members = new HashSet<ActorId>();
        foreach (var item in list)
        {
            if ((item as JsonObject)?.Text("value") is not { } text || !ActorId.TryParse(text, out var member))
                return null;
            members.Add(member);
        }

        return members;
    }

    private static async Task<DirectoryGroupRow?> Find(WritDb db, HttpContext context, string id)
    {
        var name = DirectoryBook.Caller(context).Name;
        return await db.DirectoryGroups.AsNoTracking().SingleOrDefaultAsync(row => row.Id == id && row.Directory == name);
    }

    private static async Task<JsonObject> View(WritDb db, DirectoryGroupRow row)
    {
        var members = await (from member in db.DirectoryMembers.AsNoTracking() join user in db.DirectoryUsers.AsNoTracking() on member.ActorId equals user.ActorId
                             where member.GroupId == row.Id orderby user.UserName select new { user.ActorId, user.UserName }).ToListAsync();
        return new()
        {
            ["schemas"] = new JsonArray { Scim.GroupSchema }, ["id"] = row.Id, ["externalId"] = row.ExternalId, ["displayName"] = row.Name,
            ["members"] = new JsonArray([.. members.Select(member => new JsonObject { ["value"] = member.ActorId.ToString(), ["display"] = member.UserName })]),
            ["meta"] = Scim.Meta("Group", $"/scim/v2/Groups/{row.Id}", row.CreatedAt, row.ChangedAt),
        };
    }

    private static void Record(WriteScope scope, HttpContext context, DirectoryGroupRow row, string what) => scope.Record(new(AuditType.DirectoryChanged, DirectoryBook.Audit(context), null, new()
    {
        ["directory"] = row.Directory, ["what"] = what, ["group"] = row.Id, ["name"] = row.Name,
    }, ScimUsers.Source(context)));

    [GeneratedRegex("""^members\[\s*value\s+eq\s+"(act_[0-9a-z]{26})"\s*\]$""", RegexOptions.IgnoreCase)]
    private static partial Regex One();
}
