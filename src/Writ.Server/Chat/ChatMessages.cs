using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.EntityFrameworkCore;
using Writ.Core;
using Writ.Core.Audit;
using Writ.Core.Policy;
using Writ.Proof.Identity;
using Writ.Server.Decisions;
using Writ.Server.Storage;
using Writ.Server.Streams;
using Writ.Server.WebConsole;

namespace Writ.Server.Chat;

/// <summary>
/// Entries that people in a channel should hear of, as messages of its own format: who, with which tool, where, why, and the page to
/// decide on. Commands and addresses stay there. Deciding does too, since whoever reads a channel is nobody in particular; but where a rule
/// takes a yes from a chat, the message has what it is about, and buttons.
/// </summary>
internal static class ChatMessages
{
    private const int MostReason = 200, Usual = 1, Notable = 3;
    private static readonly JsonSerializerOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The messages for these entries, in order; most entries give none. Buttons need an app in Slack that calls this server.</summary>
    public static async Task<IEnumerable<StreamEvent>> Of(WritDb db, IReadOnlyList<AuditRow> rows, StreamForm form, Uri pages, bool buttons, CancellationToken cancel)
    {
        var ids = rows.Where(row => row.Type is AuditType.RequestEvaluated or AuditType.RequestEnded or AuditType.RunDrops or AuditType.GlassBroken or AuditType.GlassReviewed or AuditType.SeriesSuspended or AuditType.SeriesOccurred).Select(row => row.Correlation).OfType<RequestId>().Distinct().ToArray();
        var requests = ids.Length == 0 ? [] : await db.Requests.AsNoTracking().Where(request => ids.Contains(request.Id)).ToDictionaryAsync(request => request.Id, cancel);
        var names = await db.NamesOf(requests.Values.Select(request => request.ActorId), cancel);
        var messages = new List<StreamEvent>();
        foreach (var row in rows)
        {
            if (row.Correlation is not { } id || !requests.TryGetValue(id, out var request))
                continue;
            using var entry = JsonDocument.Parse(row.Bytes);
            var who = Printable.Cut(names[request.ActorId], MostReason);
            var said = row.Type switch
            {
                // Whoever was away hears of what still waits, and of nothing that was decided long ago.
                AuditType.RequestEvaluated when Text(entry, "verdict") == VerdictText.Of(Verdict.RequireApproval) && request.State == RequestState.Pending =>
                    (Waits(who, request, Zones(entry)), "Look and decide", $"/inbox/{id}"),
                AuditType.RequestEnded when Text(entry, "state") == "expired" => ($"Nobody decided in time: {who}'s request for {request.Tool} has expired.", "Look", $"/inbox/{id}"),
                // Each such entry tells the whole of the run so far: the first is news.
                AuditType.RunDrops when Text(entry, "run") is { } run && !await db.AuditEntries.AnyAsync(before => before.Correlation == id && before.Type == AuditType.RunDrops && before.Position < row.Position, cancel) =>
                    ($"A run of {who}'s with {request.Tool} tried to leave its scope. Its fence refused that.", "Look", $"/runs/{run}"),
                AuditType.GlassBroken => (Broke(who, request, Zones(entry)), "Look and review", $"/inbox/{id}"),
                // Nobody is at it: whoever counts on a run hears that there was none.
                AuditType.SeriesSuspended => ($"{who}'s series of {request.Tool} is suspended: {Printable.Cut(Text(entry, "reason") ?? "", MostReason)}", "Look", $"/inbox/{id}"),
                AuditType.SeriesOccurred when Text(entry, "outcome") is not (null or "started" or "late" or "suspended") =>
                    ($"A run of {who}'s series of {request.Tool} was left out: {Text(entry, "outcome")}, {Printable.Cut(Text(entry, "message") ?? "", MostReason)}", "Look", $"/inbox/{id}"),
                AuditType.GlassReviewed => (Reviewed(who, request, entry), "Look", $"/inbox/{id}"),
                _ => ((string Text, string Page, string Path)?)null,
            };
            if (said is { } message)
            {
                var sent = Message(form, message.Text, message.Page, new Uri(pages, message.Path).ToString());
                if (buttons && form == StreamForm.Slack && row.Type == AuditType.RequestEvaluated && ChatDecision.Shown(request) is { } shown)
                    sent["blocks"] = new JsonArray([.. sent["blocks"]!.AsArray().Concat(SlackMessage.Buttons(request, shown)).Select(block => block!.DeepClone())]);
                messages.Add(new(row.Position!.Value, row.Time, row.Type, row.Type is AuditType.RunDrops or AuditType.GlassBroken ? Notable : Usual, JsonSerializer.SerializeToUtf8Bytes(sent, Plain)));
            }
        }

        return messages;
    }

    /// <summary>A message in the format of a channel. What people wrote is text there, and neither mark-up nor a mention.</summary>
    public static JsonObject Message(StreamForm form, string text, string page, string link) => form == StreamForm.Slack
        ? new()
        {
            // For notices on a screen, where no block is shown.
            ["text"] = SlackMessage.Escaped(text),
            ["blocks"] = new JsonArray(
                new JsonObject { ["type"] = "section", ["text"] = new JsonObject { ["type"] = "plain_text", ["text"] = text, ["emoji"] = false } },
                new JsonObject { ["type"] = "section", ["text"] = new JsonObject { ["type"] = "mrkdwn", ["text"] = $"<{link}|{page}>" } }),
        }
        : new()
        {
            ["type"] = "message",
            ["attachments"] = new JsonArray(new JsonObject
            {
                ["contentType"] = "application/vnd.microsoft.card.adaptive",
                ["content"] = new JsonObject
                {
                    ["$schema"] = "http://adaptivecards.io/schemas/adaptive-card.json",
                    ["type"] = "AdaptiveCard",
                    ["version"] = "1.4",
                    // A TextBlock would read Markdown.
                    ["body"] = new JsonArray(new JsonObject { ["type"] = "RichTextBlock", ["inlines"] = new JsonArray(new JsonObject { ["type"] = "TextRun", ["text"] = text }) }),
                    ["actions"] = new JsonArray(new JsonObject { ["type"] = "Action.OpenUrl", ["title"] = page, ["url"] = link }),
                },
            }),
        };

    /// <summary>That somebody waits: who, for what, where, for how long and why.</summary>
    public static string Waits(string who, RequestRow request, string zones)
    {
        var what = request.Series is not null
            ? $"{who} asks for a series of runs of {request.Tool} in {zones}, {Printable.Short(request.Duration)} each"
            : request.Extends is null
            ? $"{who} asks for {request.Tool} in {zones}, {Printable.Short(request.Duration)}"
            : $"{who} asks for {Printable.Short(request.Duration)} more for a live run of {request.Tool} in {zones}";
        return $"{what}{(string.IsNullOrWhiteSpace(request.Reason) ? "." : $": {Printable.Cut(request.Reason, MostReason)}")}";
    }

    private static string Broke(string who, RequestRow request, string zones) =>
        $"{who} broke the glass: {request.Tool} in {zones}, {Printable.Short(request.Duration)}, and nobody was asked: {Printable.Cut(request.Reason ?? "", MostReason)}. It waits for a review; until then {who} is given nothing further.";

    private static string Reviewed(string who, RequestRow request, JsonDocument entry)
    {
        var by = entry.RootElement.TryGetProperty("actor", out var actor) && actor.TryGetProperty("name", out var name) ? Printable.Cut(name.ToString(), MostReason) : "somebody";
        var justified = entry.RootElement.TryGetProperty("justified", out var said) && said.ValueKind == JsonValueKind.True;
        return $"{by} reviewed that {who} broke the glass for {request.Tool}: {(justified ? "justified" : "not justified")}: {Printable.Cut(Text(entry, "comment") ?? "", MostReason)}";
    }

    private static string Zones(JsonDocument entry) => entry.RootElement.TryGetProperty("zones", out var zones) && zones.ValueKind == JsonValueKind.Array && zones.GetArrayLength() > 0
        ? string.Join(", ", zones.EnumerateArray().Select(zone => zone.ToString()))
        : "no zone";

    private static string? Text(JsonDocument entry, string name) => entry.RootElement.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
