using System.Text.Json.Nodes;
using Microsoft.EntityFrameworkCore;
using Writ.Core.Audit;
using Writ.Core.Identity;
using Writ.Proof.Errors;
using Writ.Proof.Identity;
using Writ.Server.Identity;
using Writ.Server.Notices;
using Writ.Server.Storage;
using Writ.Server.Users;

namespace Writ.Server.Directories;

/// <summary>
/// Users of a directory. To deactivate one is to disable them: sign-ins, grants and live runs end before the answer. Whom an
/// admin disabled, a directory does not enable. Nobody is taken for somebody else by a name or a mail address: a user is the
/// subject of the directory's own issuer, or new.
/// </summary>
internal sealed class ScimUsers(Database database, WriteTransaction writes, DisableUser disable, ChangeRoles roles)
{
    /// <summary>What a directory says of a user; null where it says nothing of it.</summary>
    private sealed record Said(string? UserName, string? ExternalId, string? DisplayName, bool? Active, string? Mail);

    public static void Map(IEndpointRouteBuilder scim)
    {
        scim.MapGet("/Users", async (string? filter, int? startIndex, int? count, ScimUsers verb, HttpContext context) => await verb.List(context, filter, startIndex, count)).WithName("ScimListUsers");
        scim.MapGet("/Users/{id}", async (string id, ScimUsers verb, HttpContext context) => await verb.Show(context, id)).WithName("ScimShowUser");
        scim.MapPost("/Users", async (ScimUsers verb, HttpContext context) => await verb.Create(context)).WithName("ScimCreateUser");
        scim.MapPut("/Users/{id}", async (string id, ScimUsers verb, HttpContext context) => await verb.Replace(context, id)).WithName("ScimReplaceUser");
        scim.MapPatch("/Users/{id}", async (string id, ScimUsers verb, HttpContext context) => await verb.Patch(context, id)).WithName("ScimPatchUser");
        scim.MapDelete("/Users/{id}", async (string id, ScimUsers verb, HttpContext context) => await verb.Remove(context, id)).WithName("ScimRemoveUser");
    }

    private async Task<IResult> List(HttpContext context, string? filter, int? startIndex, int? count)
    {
        if (!Scim.TryFilter(filter, out var attribute, out var value))
            return Scim.Error(StatusCodes.Status400BadRequest, "filters are userName, externalId, displayName or id, eq, and a text", "invalidFilter");
        var (name, (start, most)) = (DirectoryBook.Caller(context).Name, Scim.Page(startIndex, count));
        await using var db = database.Open();
        var query = db.DirectoryUsers.AsNoTracking().Where(row => row.Directory == name);
        query = attribute.ToUpperInvariant() switch
        {
            "" => query,
            "USERNAME" => query.Where(row => row.UserName == value),
            "EXTERNALID" => query.Where(row => row.ExternalId == value),
            "DISPLAYNAME" => query.Where(row => row.DisplayName == value),
            _ => ActorId.TryParse(value, out var id) ? query.Where(row => row.ActorId == id) : query.Where(_ => false),
        };
        var total = await query.CountAsync();
        var rows = await query.OrderBy(row => row.ActorId).Skip(start - 1).Take(most).ToListAsync();
        return Scim.List(await Views(db, rows), total, start);
    }

    private async Task<IResult> Show(HttpContext context, string id)
    {
        await using var db = database.Open();
        return await Find(db, context, id) is { } row ? Scim.Json((await Views(db, [row]))[0]) : Scim.Missing;
    }

    private async Task<IResult> Create(HttpContext context)
    {
        if (await Scim.Read(context) is not { } body || body.Text("userName") is not { } name || !CreateToken.IsName(name) || !IsKeepable(Of(body)))
            return Scim.Error(StatusCodes.Status400BadRequest, "a user has a userName of 1 to 100 letters, digits and . _ @ + -", "invalidValue");
        var (said, directory, by, source) = (Of(body), DirectoryBook.Caller(context), DirectoryBook.Audit(context), Source(context));
        Result<DirectoryUserRow> made;
        try
        {
            made = await writes.Commit<DirectoryUserRow>(async scope =>
            {
                // Who signed in before by this very subject is this user; a name alone says nothing.
                var known = directory.Issuer is { } issuer && said.ExternalId is { } subject
                    ? await scope.Db.Identities.AsNoTracking().Where(row => row.Issuer == issuer && row.Subject == subject).Select(row => (ActorId?)row.ActorId).SingleOrDefaultAsync()
                    : null;
                if (await scope.Db.DirectoryUsers.AnyAsync(row => (row.Directory == directory.Name && (row.UserName == name || (said.ExternalId != null && row.ExternalId == said.ExternalId))) || row.ActorId == known)
                    || (known is null && await scope.Db.Actors.AnyAsync(row => row.Kind == ActorKind.User && row.Name == name)))
                    return new Refusal(ErrorCode.WrongState, "there is a user with this userName or externalId already");
                var actor = known ?? ActorId.New(scope.Now);
                if (known is null)
                {
                    scope.Db.Actors.Add(new() { Id = actor, Kind = ActorKind.User, Name = name, Groups = [], CreatedAt = scope.Now });
                    if (directory.Issuer is not null && said.ExternalId is not null)
                        scope.Db.Identities.Add(new() { Issuer = directory.Issuer, Subject = said.ExternalId, ActorId = actor, LinkedAt = scope.Now });
                }

                var row = new DirectoryUserRow
                {
                    ActorId = actor, Directory = directory.Name, ExternalId = said.ExternalId, UserName = name, DisplayName = said.DisplayName, CreatedAt = scope.Now, ChangedAt = scope.Now,
                };
                scope.Db.DirectoryUsers.Add(row);
                Record(scope, by, source, row, "made");
                await NoticeAddress.Vouch(scope, new() { Id = actor, Kind = ActorKind.User, Name = name, Groups = [], CreatedAt = scope.Now }, said.Mail, AddressSource.Directory, by, source);
                return row;
            });
        }
        catch (DbUpdateException)
        {
            // Another call made the same user at this moment.
            return Scim.Error(StatusCodes.Status409Conflict, "there is a user with this userName or externalId already", "uniqueness");
        }

        if (!made.IsOk)
            return Scim.Error(StatusCodes.Status409Conflict, made.Refusal.Message, "uniqueness");
        if (said.Active == false)
            await SetActive(made.Value, false, by, source);
        await using var db = database.Open();
        var view = (await Views(db, [made.Value]))[0];
        context.Response.Headers.Location = view["meta"]!["location"]!.GetValue<string>();
        return Scim.Json(view, StatusCodes.Status201Created);
    }

    private async Task<IResult> Replace(HttpContext context, string id)
    {
        if (await Scim.Read(context) is not { } body || body.Text("userName") is null)
            return Scim.Error(StatusCodes.Status400BadRequest, "a user has a userName", "invalidValue");
        return await Change(context, id, Of(body));
    }

    private async Task<IResult> Patch(HttpContext context, string id)
    {
        if (await Scim.Read(context) is not { } body || Scim.Operations(body) is not { } operations)
            return Scim.Error(StatusCodes.Status400BadRequest, "a patch has Operations, each with op, path and value", "invalidSyntax");
        var said = new Said(null, null, null, null, null);
        foreach (var (op, path, value) in operations)
        {
            switch (path.ToUpperInvariant())
            {
                case "ACTIVE" when op != "remove" && Scim.Truth(value) is { } active:
                    said = said with { Active = active };
                    break;
                case "ACTIVE":
                    return Scim.Error(StatusCodes.Status400BadRequest, "active is true or false", "invalidValue");
                case "USERNAME" when value is JsonValue && op != "remove":
                    said = said with { UserName = value.ToString() };
                    break;
                case "EXTERNALID" when value is JsonValue && op != "remove":
                    said = said with { ExternalId = value.ToString() };
                    break;
                case "EMAILS" when op != "remove":
                    said = said with { Mail = MailOf(value) ?? said.Mail };
                    break;
                case var part when part.StartsWith("EMAILS[", StringComparison.Ordinal) && part.EndsWith("].VALUE", StringComparison.Ordinal) && value is JsonValue && op != "remove":
                    said = said with { Mail = value.ToString() };
                    break;
                case "DISPLAYNAME" when value is JsonValue && op != "remove":
                    said = said with { DisplayName = value.ToString() };
                    break;
                case "USERNAME" or "EXTERNALID":
                    return Scim.Error(StatusCodes.Status400BadRequest, $"{path} cannot be removed", "mutability");
                default:
                    // Attributes that are not kept.
                    break;
            }
        }

        return await Change(context, id, said);
    }

    private async Task<IResult> Change(HttpContext context, string id, Said said)
    {
        var (by, source) = (DirectoryBook.Audit(context), Source(context));
        await using var db = database.Open();
        if (await Find(db, context, id) is not { } row)
            return Scim.Missing;
        if ((said.UserName is not null && !CreateToken.IsName(said.UserName)) || !IsKeepable(said))
            return Scim.Error(StatusCodes.Status400BadRequest, "a userName is 1 to 100 letters, digits and . _ @ + -", "invalidValue");
        // The subject of sign-ins is who they are: a user who is somebody else is another user.
        if (said.ExternalId is not null && row.ExternalId is not null && said.ExternalId != row.ExternalId)
            return Scim.Error(StatusCodes.Status400BadRequest, "externalId stays what it is", "mutability");

        // Deactivation comes first: whatever else the call says, it must not be held up.
        if (said.Active is { } active)
            await SetActive(row, active, by, source);
        var (userName, displayName, externalId) = (said.UserName ?? row.UserName, said.DisplayName ?? row.DisplayName, row.ExternalId ?? said.ExternalId);
        if ((userName, displayName, externalId) != (row.UserName, row.DisplayName, row.ExternalId))
        {
            try
            {
                await writes.Commit<bool>(async scope =>
                {
                    await scope.Db.DirectoryUsers.Where(user => user.ActorId == row.ActorId).ExecuteUpdateAsync(set => set
                        .SetProperty(user => user.UserName, userName).SetProperty(user => user.DisplayName, displayName).SetProperty(user => user.ExternalId, externalId).SetProperty(user => user.ChangedAt, scope.Now));
                    if (row.ExternalId is null && externalId is not null && DirectoryBook.Caller(context).Issuer is { } issuer)
                        scope.Db.Identities.Add(new() { Issuer = issuer, Subject = externalId, ActorId = row.ActorId, LinkedAt = scope.Now });
                    Record(scope, by, source, row, "changed");
                    return true;
                });
            }
            catch (Exception twice) when (twice is DbUpdateException or System.Data.Common.DbException { IsTransient: false })
            {
                return Scim.Error(StatusCodes.Status409Conflict, "there is a user with this userName or externalId already", "uniqueness");
            }
        }

        if (said.Mail is not null && !await IsTold(row.ActorId, said.Mail))
        {
            await writes.Commit<bool>(async scope =>
            {
                await NoticeAddress.Vouch(scope, await scope.Db.Actors.AsNoTracking().SingleAsync(actor => actor.Id == row.ActorId), said.Mail, AddressSource.Directory, by, source);
                return scope.Recorded > 0 ? true : new Refusal(ErrorCode.InvalidInput, "it is no address to be told at");
            });
        }

        await using var fresh = database.Open();
        return Scim.Json((await Views(fresh, [await fresh.DirectoryUsers.AsNoTracking().SingleAsync(user => user.ActorId == row.ActorId)]))[0]);
    }

    private async Task<bool> IsTold(ActorId actor, string mail)
    {
        await using var db = database.Open();
        return await db.NoticeSettings.AnyAsync(row => row.ActorId == actor && row.Address == mail && row.AddressFrom == AddressSource.Directory);
    }

    private async Task<IResult> Remove(HttpContext context, string id)
    {
        var (by, source) = (DirectoryBook.Audit(context), Source(context));
        await using var db = database.Open();
        if (await Find(db, context, id) is not { } row)
            return Scim.Missing;
        // The person stays, disabled: what they did is on the record for good.
        await disable.Disable(row.ActorId, by, "removed by the directory", source);
        await writes.Commit<bool>(async scope =>
        {
            await scope.Db.DirectoryMembers.Where(member => member.ActorId == row.ActorId).ExecuteDeleteAsync();
            await scope.Db.DirectoryUsers.Where(user => user.ActorId == row.ActorId).ExecuteDeleteAsync();
            Record(scope, by, source, row, "removed");
            return true;
        });
        await roles.SetGroups(row.ActorId, [], by, source);
        return Results.NoContent();
    }

    private async Task SetActive(DirectoryUserRow row, bool active, AuditActor by, string? source)
    {
        if (!active)
        {
            await disable.Disable(row.ActorId, by, "deactivated by the directory", source, scope => Mark(scope, row, deactivated: true));
            return;
        }

        await using var db = database.Open();
        if (!await db.DirectoryUsers.AnyAsync(user => user.ActorId == row.ActorId && user.Deactivated))
            return;
        await disable.Enable(row.ActorId, by, source, scope => Mark(scope, row, deactivated: false));
    }

    private static Task<int> Mark(WriteScope scope, DirectoryUserRow row, bool deactivated) =>
        scope.Db.DirectoryUsers.Where(user => user.ActorId == row.ActorId).ExecuteUpdateAsync(set => set.SetProperty(user => user.Deactivated, deactivated));

    private static Said Of(JsonObject body) => new(body.Text("userName"), body.Text("externalId"), body.Text("displayName"), Scim.Truth(body["active"]), MailOf(body["emails"]));

    /// <summary>The address that is called primary, or else the first; null where there is none.</summary>
    private static string? MailOf(JsonNode? emails)
    {
        var all = (emails as JsonArray)?.OfType<JsonObject>().ToArray() ?? [];
        return (all.FirstOrDefault(each => Scim.Truth(each["primary"]) == true) ?? all.FirstOrDefault())?.Text("value");
    }

    private static bool IsKeepable(Said said) => (said.ExternalId is null || Scim.IsText(said.ExternalId)) && (said.DisplayName is null || Scim.IsText(said.DisplayName));

    private static async Task<DirectoryUserRow?> Find(WritDb db, HttpContext context, string id)
    {
        var name = DirectoryBook.Caller(context).Name;
        return ActorId.TryParse(id, out var actor) ? await db.DirectoryUsers.AsNoTracking().SingleOrDefaultAsync(row => row.ActorId == actor && row.Directory == name) : null;
    }

    private static async Task<IReadOnlyList<JsonObject>> Views(WritDb db, IReadOnlyList<DirectoryUserRow> rows)
    {
        var ids = rows.Select(row => row.ActorId).ToArray();
        var disabled = (await db.Actors.AsNoTracking().Where(row => ids.Contains(row.Id) && row.DisabledAt != null).Select(row => row.Id).ToListAsync()).ToHashSet();
        var groups = (await (from member in db.DirectoryMembers.AsNoTracking() join @group in db.DirectoryGroups.AsNoTracking() on member.GroupId equals @group.Id
                             where ids.Contains(member.ActorId) select new { member.ActorId, @group.Id, @group.Name }).ToListAsync()).ToLookup(row => row.ActorId);
        return [.. rows.Select(row => new JsonObject
        {
            ["schemas"] = new JsonArray { Scim.UserSchema }, ["id"] = row.ActorId.ToString(), ["externalId"] = row.ExternalId, ["userName"] = row.UserName, ["displayName"] = row.DisplayName,
            ["active"] = !disabled.Contains(row.ActorId),
            ["groups"] = new JsonArray([.. groups[row.ActorId].Select(found => new JsonObject { ["value"] = found.Id, ["display"] = found.Name })]),
            ["meta"] = Scim.Meta("User", $"/scim/v2/Users/{row.ActorId}", row.CreatedAt, row.ChangedAt),
        })];
    }

    private static void Record(WriteScope scope, AuditActor by, string? source, DirectoryUserRow row, string what) => scope.Record(new(AuditType.DirectoryChanged, by, null, new()
    {
        ["directory"] = row.Directory, ["what"] = what, ["user"] = row.ActorId.ToString(), ["name"] = row.UserName, ["external_id"] = row.ExternalId,
    }, source));

    public static string? Source(HttpContext context) => context.Connection.RemoteIpAddress?.ToString();
}
