using System.Text.Json;
using System.Text.Json.Nodes;

namespace Writ.Server.Chat;

/// <summary>A button of ours that was pressed, as Slack tells it (<c>block_actions</c>).</summary>
/// <param name="Workspace">The account's own workspace, which in a shared channel is another than the channel's.</param>
/// <param name="Account">The account's id there.</param>
/// <param name="Approve">Which of the two buttons.</param>
/// <param name="Request">The request, <c>req_…</c>.</param>
/// <param name="Statement">The digest of the statement that the message was about.</param>
/// <param name="ReplyTo">Where what came of it is told.</param>
internal sealed record Pressed(string Workspace, string Account, bool Approve, string Request, string Statement, Uri? ReplyTo)
{
    public const string Yes = "writ_approve", No = "writ_deny";

    /// <summary>The value of a button: what it is about.</summary>
    public static string ValueOf(string request, string statement) => $"{request} {statement}";

    /// <summary>Reads a payload; null where it is none of a button of ours.</summary>
    public static Pressed? Read(string payload)
    {
        JsonNode? root;
        try
        {
            root = JsonNode.Parse(payload, documentOptions: new() { MaxDepth = 32 });
        }
        catch (JsonException)
        {
            return null;
        }

        if (root is not JsonObject || Text(root, "type") != "block_actions" || Child(root, "actions") is not JsonArray { Count: 1 } actions)
            return null;
        var action = Text(actions[0], "action_id");
        if (action is not (Yes or No) || Text(actions[0], "value")?.Split(' ') is not [{ Length: > 0 and <= 100 } request, { Length: > 0 and <= 200 } statement] || Child(root, "user") is not JsonObject user)
            return null;
        return new(
            Text(user, "team_id") ?? Text(Child(root, "team"), "id") ?? "", Text(user, "id") ?? "", action == Yes, request, statement,
            Uri.TryCreate(Text(root, "response_url"), UriKind.Absolute, out var reply) ? reply : null);
    }

    private static JsonNode? Child(JsonNode? node, string name) => node is JsonObject members && members.TryGetPropertyValue(name, out var value) ? value : null;

    private static string? Text(JsonNode? node, string name) => Child(node, name) is JsonValue value && value.TryGetValue<string>(out var text) ? text : null;
}
