using System.Text.Json.Nodes;

namespace Writ.Server.Directories;

/// <summary>What a directory asks first: which parts of SCIM there are (RFC 7643 section 5 to 7).</summary>
internal static class ScimDescription
{
    public static void Map(IEndpointRouteBuilder scim)
    {
        scim.MapGet("/ServiceProviderConfig", () => Scim.Json(new JsonObject
        {
            ["schemas"] = new JsonArray { "urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig" },
            ["patch"] = Has(true), ["sort"] = Has(false), ["etag"] = Has(false), ["changePassword"] = Has(false),
            ["bulk"] = new JsonObject { ["supported"] = false, ["maxOperations"] = 0, ["maxPayloadSize"] = 0 },
            ["filter"] = new JsonObject { ["supported"] = true, ["maxResults"] = 200 },
            ["authenticationSchemes"] = new JsonArray { new JsonObject { ["type"] = "oauthbearertoken", ["name"] = "token", ["description"] = "a token that writ-server scim add printed" } },
        })).WithName("ScimConfig");
        scim.MapGet("/ResourceTypes", () => Scim.List([Type("User", "/Users", Scim.UserSchema), Type("Group", "/Groups", Scim.GroupSchema)], 2, 1)).WithName("ScimResourceTypes");
        scim.MapGet("/Schemas", () => Scim.List(
        [
            Schema(Scim.UserSchema, "User", Attribute("userName", "string", required: true), Attribute("externalId", "string"), Attribute("displayName", "string"), Attribute("active", "boolean")),
            Schema(Scim.GroupSchema, "Group", Attribute("displayName", "string", required: true), Attribute("externalId", "string"), Attribute("members", "complex", many: true)),
        ], 2, 1)).WithName("ScimSchemas");
    }

    private static JsonObject Has(bool it) => new() { ["supported"] = it };

    private static JsonObject Type(string name, string endpoint, string schema) => new()
    {
        ["schemas"] = new JsonArray { "urn:ietf:params:scim:schemas:core:2.0:ResourceType" }, ["id"] = name, ["name"] = name, ["endpoint"] = endpoint, ["schema"] = schema,
    };

    private static JsonObject Schema(string id, string name, params JsonObject[] attributes) => new()
    {
        ["schemas"] = new JsonArray { "urn:ietf:params:scim:schemas:core:2.0:Schema" }, ["id"] = id, ["name"] = name, ["attributes"] = new JsonArray([.. attributes]),
    };

    private static JsonObject Attribute(string name, string type, bool required = false, bool many = false) => new()
    {
        ["name"] = name, ["type"] = type, ["multiValued"] = many, ["required"] = required, ["caseExact"] = true, ["mutability"] = "readWrite", ["returned"] = "default", ["uniqueness"] = required ? "server" : "none",
    };
}
