using System.Text.Json.Nodes;
using Microsoft.EntityFrameworkCore;
using Writ.Contracts.Requests;
using Writ.Core;
using Writ.Proof.Statements;
using Writ.Server.Requests;
using Writ.Server.Storage;
using Writ.Server.Streams;
using Writ.Server.WebConsole;

namespace Writ.Server.Chat;

/// <summary>
/// The message on which one decides by a button. What one says yes to stands in it, whole, or there is no button: where the command is
/// too long, or brings files along, the page shows it.
/// </summary>
internal static class SlackMessage
{
    /// <summary>The most characters of a command that is decided on by a button.</summary>
    private const int MostCommand = 600;
    private const int MostName = 100;

    /// <summary>What is shown of a request on which a rule lets people decide by a button; null where none does, or it cannot be shown whole.</summary>
    public static string? Shown(RequestRow request)
    {
        if (request.Series is not null || request.BreakGlass || !RequestViews.Needs(request).Any(need => need.ByChat)
            || Statement.Read(request.Statement) is not { IsOk: true, Value: { Inputs.Count: 0 } })
            return null;
        var command = Printable.Command(request.Command);
        return command.Length <= MostCommand ? $"{command}\n{Reach(Brief.Hosts(request.Plan))}" : null;
    }

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
        if (request.State == RequestState.Pending && Shown(request) is { } shown)
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

    private static string Reach(string hosts) => hosts == "1" ? "one address" : $"{Printable.Number(hosts)} addresses";
}
