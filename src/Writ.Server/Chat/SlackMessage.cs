using System.Text.Json.Nodes;
using Microsoft.EntityFrameworkCore;
using Writ.Contracts.Requests;
using Writ.Core;
using Writ.Server.Decisions;
using Writ.Server.Requests;
using Writ.Server.Storage;
using Writ.Server.Streams;
using Writ.Server.WebConsole;

namespace Writ.Server.Chat;

/// <summary>
/// The message on which one decides by a button. What one says yes to stands in it, whole, or there is no button.
/// </summary>
internal static class SlackMessage
{
    private const int MostName = 100;

    /// <summary>The buttons for a request as it is now, below what they are about.</summary>
    public static JsonArray Buttons(RequestRow request, string shown) =>
    [
        new JsonObject { ["type"] = "section", ["text"] = Plain(shown) },
        new JsonObject
        {
            ["type"] = "actions",
            ["elements"] = new JsonArray(Button("Approve", Pressed.Yes, "primary", request), Button("Deny", Pressed.No, "danger", request)),
        },
    ];

    /// <summary>The message after a decision: with buttons while it still waits, and who said what.</summary>
    public static async Task<JsonObject> After(WritDb db, RequestRow request, RequestView view, Uri pages, CancellationToken cancel)
    {
        var names = await db.NamesOf([request.ActorId], cancel);
        var message = ChatMessages.Message(StreamForm.Slack, ChatMessages.Waits(Printable.Cut(names[request.ActorId], MostName), request, ZonesOf(view)), "Look", new Uri(pages, $"inbox/{request.Id}").ToString());
        var blocks = message["blocks"]!.AsArray();
        if (request.State == RequestState.Pending && ChatDecision.Shown(request) is { } shown)
        {
            foreach (var block in Buttons(request, shown))
                blocks.Add(block!.DeepClone());
        }

        var said = view.Decisions.Where(decision => decision.Revision == view.Revision && decision.By is not null)
            .Select(decision => $"{Printable.Cut(decision.By!.Name, MostName)} {(decision.Approved ? "approved" : "denied")}");
        var state = request.State == RequestState.Pending ? $"still missing: {string.Join("; ", view.Missing)}" : RequestViews.State(request.State);
        blocks.Add((JsonNode)new JsonObject { ["type"] = "context", ["elements"] = new JsonArray(Plain($"{string.Join(", ", said)}: {state}")) });
        return message;
    }

    /// <summary>Text as Slack's own mark-up takes it.</summary>
    public static string Escaped(string text) =>
        text.Replace("&", "&amp;", StringComparison.Ordinal).Replace("<", "&lt;", StringComparison.Ordinal).Replace(">", "&gt;", StringComparison.Ordinal);

    private static JsonObject Plain(string text) => new() { ["type"] = "plain_text", ["text"] = text, ["emoji"] = false };

    private static JsonObject Button(string text, string action, string style, RequestRow request) => new()
    {
        ["type"] = "button", ["text"] = Plain(text), ["action_id"] = action, ["style"] = style, ["value"] = Pressed.ValueOf(request.Id.ToString(), request.StatementDigest),
    };

    private static string ZonesOf(RequestView view) => view.Evaluation.Zones.Count > 0 ? string.Join(", ", view.Evaluation.Zones) : "no zone";
}
