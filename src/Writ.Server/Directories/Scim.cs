using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Writ.Core.Identity;
using Writ.Server.Identity;

namespace Writ.Server.Directories;

/// <summary>
/// SCIM 2.0 (RFC 7643, RFC 7644) as directories use it: users and groups, found by one name, made, replaced, patched and
/// removed. What Writ has no use for (mail addresses, telephones) is taken and not kept.
/// </summary>
internal static partial class Scim
{
    public const string Type = "application/scim+json";
    public const string UserSchema = "urn:ietf:params:scim:schemas:core:2.0:User", GroupSchema = "urn:ietf:params:scim:schemas:core:2.0:Group";
    private const string ErrorSchema = "urn:ietf:params:scim:api:messages:2.0:Error", ListSchema = "urn:ietf:params:scim:api:messages:2.0:ListResponse";
    private const string PatchSchema = "urn:ietf:params:scim:api:messages:2.0:PatchOp";
    private const int MostItems = 200;

    public static void Map(IEndpointRouteBuilder routes)
    {
        var scim = routes.MapGroup("/scim/v2");
        scim.AddEndpointFilter(DirectoryBook.Authenticate);
        scim.Needs(Access.Provisioner);
        scim.ExcludeFromDescription();
        ScimDescription.Map(scim);
        ScimUsers.Map(scim);
        ScimGroups.Map(scim);
    }

    public static IResult Json(JsonNode body, int status = StatusCodes.Status200OK) => Results.Text(body.ToJsonString(), Type, System.Text.Encoding.UTF8, status);

    /// <summary>RFC 7644 section 3.12.</summary>
    public static IResult Error(int status, string detail, string? type = null)
    {
        var body = new JsonObject { ["schemas"] = new JsonArray { ErrorSchema }, ["status"] = status.ToString(CultureInfo.InvariantCulture), ["detail"] = detail };
        if (type is not null)
            body["scimType"] = type;
        return Json(body, status);
    }

    public static IResult Missing => Error(StatusCodes.Status404NotFound, "there is no such resource of this directory");

    /// <summary>A page of resources, with the index of its first from 1.</summary>
    public static IResult List(IEnumerable<JsonNode> resources, int total, int start)
    {
        JsonArray page = [.. resources];
        return Json(new JsonObject
        {
            ["schemas"] = new JsonArray { ListSchema }, ["totalResults"] = total, ["startIndex"] = start, ["itemsPerPage"] = page.Count, ["Resources"] = page,
        });
    }

    /// <summary>Where a page begins, from 1, and how many it has.</summary>
    public static (int Start, int Count) Page(int? start, int? count) => (Math.Max(start ?? 1, 1), Math.Clamp(count ?? 100, 0, MostItems));

    /// <summary>Reads <c>attribute eq "value"</c>, the one filter that directories need; false for any other.</summary>
    public static bool TryFilter(string? filter, out string attribute, out string value)
    {
        (attribute, value) = ("", "");
        if (filter is null)
            return true;
        if (EqualTo().Match(filter) is not { Success: true } match)
            return false;
        try
        {
            (attribute, value) = (match.Groups[1].Value, JsonSerializer.Deserialize<string>(match.Groups[2].Value) ?? "");
            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    /// <summary>The body of a call; null where it is no JSON object.</summary>
    public static async Task<JsonObject?> Read(HttpContext context)
    {
        try
        {
            return await JsonNode.ParseAsync(context.Request.Body, new() { PropertyNameCaseInsensitive = true },
                new() { AllowDuplicateProperties = false, MaxDepth = 16 }, context.RequestAborted) as JsonObject;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>A member as text, or null where it is absent or something else.</summary>
    public static string? Text(this JsonObject body, string member) => body[member] is JsonValue value && value.TryGetValue<string>(out var text) ? text : null;

    /// <summary>A truth; some directories write it as text.</summary>
    public static bool? Truth(JsonNode? node) => node is not JsonValue value ? null
        : value.TryGetValue<bool>(out var truth) ? truth
        : value.TryGetValue<string>(out var text) && bool.TryParse(text, out truth) ? truth : null;

    /// <summary>The operations of a patch (RFC 7644 section 3.5.2): what is done, where, and with what. Null for what is no patch.</summary>
    public static IReadOnlyList<(string Op, string Path, JsonNode? Value)>? Operations(JsonObject body)
    {
        if (body["schemas"] is not JsonArray schemas || !schemas.Any(schema => schema?.GetValueKind() == JsonValueKind.String && schema.GetValue<string>() == PatchSchema) || body["Operations"] is not JsonArray { Count: > 0 and <= 1_000 } operations)
            return null;
        var read = new List<(string, string, JsonNode?)>();
        foreach (var node in operations)
        {
            if (node is not JsonObject operation || operation.Text("op")?.ToLowerInvariant() is not (("add" or "replace" or "remove") and var op))
                return null;
            var path = operation.Text("path") ?? "";
            // Without a path the value names its attributes.
            if (path.Length == 0 && op != "remove")
            {
                if (operation["value"] is not JsonObject values)
                    return null;
                read.AddRange(values.Select(member => (op, member.Key, member.Value)));
            }
            else
            {
                read.Add((op, path, operation["value"]));
            }
        }

        return read;
    }

    public static JsonObject Meta(string type, string location, DateTimeOffset created, DateTimeOffset changed) => new()
    {
        ["resourceType"] = type, ["created"] = created.UtcDateTime.ToString("O"), ["lastModified"] = changed.UtcDateTime.ToString("O"), ["location"] = location,
    };

    /// <summary>True for a name that can be kept: 1 to 256 characters and none that commands a terminal.</summary>
    public static bool IsText(string? text) => text is { Length: > 0 and <= 256 } && !text.Any(char.IsControl);

    [GeneratedRegex("""^\s*(userName|externalId|displayName|id)\s+eq\s+("(?:[^"\\]|\\.)*")\s*$""", RegexOptions.IgnoreCase)]
    private static partial Regex EqualTo();
}
