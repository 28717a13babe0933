using System.Text.Json;
using Writ.Cli.Output;
using Writ.Contracts.Audit;

namespace Writ.Cli.Audit;

/// <summary>An audit entry on one line: when, what, who, then its other members as they are.</summary>
internal static class EntryText
{
    private static readonly string[] Shown = ["time", "type", "actor"];

    /// <summary>The time and how long ago, or the text as it is.</summary>
    public static string Time(AuditEntryView entry, DateTimeOffset now)
    {
        var text = Member(entry.Entry, "time");
        return DateTimeOffset.TryParse(text, System.Globalization.CultureInfo.InvariantCulture, out var at) ? When.Full(at, now) : text;
    }

    /// <summary>The type, for example <c>grant.issued</c>.</summary>
    public static string Type(AuditEntryView entry) => Member(entry.Entry, "type");

    /// <summary>Who did it, and for whom.</summary>
    public static string Actor(AuditEntryView entry) =>
        entry.Entry.ValueKind == JsonValueKind.Object && entry.Entry.TryGetProperty("actor", out var actor)
            ? Member(actor, "name") is { Length: > 0 } name ? name : Member(actor, "id")
            : "";

    /// <summary>Every other member, as <c>name=value</c>; of a passkey's signature, whose it is.</summary>
    public static string Rest(AuditEntryView entry) => entry.Entry.ValueKind != JsonValueKind.Object
        ? entry.Entry.GetRawText()
        : string.Join(' ', entry.Entry.EnumerateObject()
            .Where(member => !Shown.Contains(member.Name))
            .Select(member => $"{member.Name}={(member.Name == "passkey" && Member(member.Value, "id") is { Length: > 0 } signed ? signed : Value(member.Value))}"));

    private static string Value(JsonElement value) => value.ValueKind == JsonValueKind.String && value.GetString() is { } text && !text.Contains(' ', StringComparison.Ordinal)
        ? text
        : value.GetRawText();

    private static string Member(JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var member) && member.ValueKind == JsonValueKind.String
            ? member.GetString()!
            : "";
}
