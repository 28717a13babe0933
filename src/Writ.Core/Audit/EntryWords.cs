using System.Globalization;
using System.Text.Json;

namespace Writ.Core.Audit;

/// <summary>An entry in a few words for people. They tell less than the entry, and nothing else than it.</summary>
public static class EntryWords
{
    private const int Longest = 200;

    /// <summary>What happened, in a line that begins with who did it.</summary>
    /// <param name="entry">The entry.</param>
    /// <param name="zone">The zone of the reader, which instants are told in without naming it; UTC, named, where it is null.</param>
    public static string Of(JsonElement entry, TimeZoneInfo? zone = null)
    {
        var who = Who(entry);
        string Text(string name) => Member(entry, name);
        var words = Member(entry, "type") switch
        {
            AuditType.RequestCreated => Text("extends") is { Length: > 0 } ? $"{who} asked for more time until {Clock(Text("until"), zone)}" : $"{who} asked for {(entry.TryGetProperty("template", out var template) && template.ValueKind == JsonValueKind.Object ? $"@{Member(template, "name")}: " : "")}{Command(entry)}",
            AuditType.RequestEvaluated => Text("verdict") switch
            {
                "allow" => $"policy allows it by {List(entry, "rules")}",
                "require-approval" => $"policy asks for approval by {List(entry, "rules")}",
                _ => $"policy denies it: {List(entry, "reasons")}",
            },
            AuditType.RequestRevised => $"revision {Text("revision")}: {Text("why")}",
            AuditType.RequestEnded => $"the request is {Text("state")}: {Text("reason")}",
            AuditType.DecisionMade => $"{(Text("by") == "policy" ? "policy" : who)} said {(Flag(entry, "approved") ? "yes" : "no")}{By(entry)}{After(Text("comment"))}",
            AuditType.GrantIssued => $"granted until {Clock(Text("not_after"), zone)}",
            AuditType.GlassBroken => $"{who} broke the glass{After(Text("reason"))}",
            AuditType.GlassReviewed => $"{who} reviewed the break-glass, {(Flag(entry, "justified") ? "justified" : "not justified")}{After(Text("comment"))}",
            AuditType.SeriesBegun => $"a series begins: {Text("cron")} {Text("time_zone")} until {Clock(Text("until"), zone)}",
            AuditType.SeriesOccurred => $"the run that was due {Clock(Text("due"), zone)}: {Text("outcome").Replace('-', ' ')}{After(Text("message"))}",
            AuditType.SeriesSuspended => $"{who} suspended the series{After(Text("reason"))}",
            AuditType.SeriesResumed => $"{who} let the series go on{After(Text("reason"))}",
            AuditType.SeriesEnded => $"the series is over{After(Text("reason"))}",
            AuditType.GrantExtended => $"extended until {Clock(Text("not_after"), zone)}",
            AuditType.GrantConsumed => $"{who} took use {Text("use")}",
            AuditType.GrantEnded => $"the grant is {Text("state")}{After(Text("reason"))}",
            AuditType.RunOrdered => $"ordered from runner {Text("runner")}",
            AuditType.ExtensionOrdered => $"more time until {Clock(Text("deadline"), zone)} ordered from runner {Text("runner")}",
            AuditType.RunExtended => $"the deadline is {Clock(Text("deadline"), zone)} now",
            AuditType.ExtensionVoid => $"the deadline stays {Clock(Text("deadline"), zone)}{After(Text("message"))}",
            AuditType.RunAccepted => $"{who} took the order",
            AuditType.OrderRefused => $"{who} refused the order{After(Text("message"))}",
            AuditType.RunStarted => $"started on {who}",
            AuditType.RunDetached => $"{who} let the run go on without them",
            AuditType.RunKillAsked => $"{who} asked for its end{After(Text("reason"))}",
            AuditType.RunEnded => Ended(entry),
            AuditType.RunDrops => $"{Packets(entry)} packets stopped at the fence",
            AuditType.ReceiptRefused => $"what {who} signed of the end was not taken{After(Text("message"))}",
            AuditType.RecordingViewed => $"{who} watched the run{Further(entry)}",
            AuditType.ResultsViewed => $"{who} looked at the results{Further(entry)}",
            AuditType.FileViewed => $"{who} looked at a file{Further(entry)}",
            AuditType.AuditViewed => $"{who} read the log{Further(entry)}",
            AuditType.TraceAnswered => $"{who} traced {Join(Text("address"), Text("port"), Text("from"))}",
            AuditType.AuditExported => $"{who} exported the log",
            AuditType.PolicyApplied => $"{who} applied policy {Short(Text("new"))}",
            AuditType.TemplateApplied => $"{who} brought template {Text("template")} into force, version {Text("version")}",
            AuditType.TemplateWithdrawn => $"{who} withdrew template {Text("template")}",
            AuditType.SignedIn => $"{who} signed in",
            AuditType.SignInFailed => $"a sign-in failed{After(Text("why"))}",
            AuditType.SignInEnded => $"{who} signed out",
            AuditType.AttemptRefused => $"{who} may not {Text("attempt")}{After(Text("message"))}",
            AuditType.AttemptsCounted => $"{Text("count")} more refused attempts in a minute",
            AuditType.RunnerEnrolled => $"runner {Text("runner")} was enrolled",
            AuditType.RunnerConnected => $"runner {who} connected",
            AuditType.RunnerLost => $"runner {who} was lost",
            AuditType.RunnerDisabled => $"{who} disabled runner {Text("runner")}",
            AuditType.PasskeyAdded => $"{who} made a passkey",
            AuditType.PasskeyConfirmed => $"{who} confirmed a passkey",
            AuditType.PasskeyRemoved => $"{who} removed a passkey",
            AuditType.ActorDisabled => $"{who} disabled {Text("name")}",
            AuditType.ActorEnabled => $"{who} enabled {Text("name")}",
            AuditType.OnCallChanged => $"on call by {Text("source")}: {(List(entry, "people") is { Length: > 0 } people ? people : "nobody")}",
            AuditType.OnCallLost => $"nobody is known to be on call by {Text("source")}{After(Text("why"))}",
            AuditType.NoticeGivenUp => $"{Text("for")} could not be told by mail{After(Text("why"))}",
            AuditType.NoticesChanged => $"{who} changed where {Text("for")} is told",
            AuditType.ServerInitialised => "the server was made",
            var other => $"{who}: {other.Replace('.', ' ').Replace('-', ' ')}",
        };
        return words.Length <= Longest ? words : words[..Longest] + "…";
    }

    /// <summary>The name of who did it, and for whom.</summary>
    public static string Who(JsonElement entry)
    {
        var name = Name(entry, "actor");
        return Name(entry, "on_behalf_of") is { Length: > 0 } person ? $"{name} for {person}" : name;
    }

    private static string Ended(JsonElement entry)
    {
        var cause = Member(entry, "cause");
        var how = cause is "" or "exited" ? $"exited {Member(entry, "exit_code")}" : $"ended: {cause.Replace('-', ' ')}";
        return Member(entry, "processes_left") is { Length: > 0 } left ? $"{how}, {left} processes left" : how;
    }

    private static string Packets(JsonElement entry) =>
        entry.TryGetProperty("drops", out var drops) && drops.ValueKind == JsonValueKind.Array
            ? drops.EnumerateArray().Sum(drop => drop.TryGetProperty("count", out var count) && count.TryGetInt64(out var packets) ? packets : 0).ToString("N0", CultureInfo.InvariantCulture)
            : "some";

    private static string Command(JsonElement entry) => entry.TryGetProperty("command", out var command) && command.ValueKind == JsonValueKind.Array
        ? string.Join(' ', command.EnumerateArray().Select(word => word.ToString())) : "a command";

    private static string List(JsonElement entry, string name) => entry.TryGetProperty(name, out var list) && list.ValueKind == JsonValueKind.Array
        ? string.Join(", ", list.EnumerateArray().Select(word => word.ToString())) : "";

    private static string Further(JsonElement entry) => Member(entry, "further") is { Length: > 0 } more ? $", {more} more times in that minute" : "";

    /// <summary>By which rules policy decided, and on what earlier yes that rests.</summary>
    private static string By(JsonElement entry) =>
        (List(entry, "rules") is { Length: > 0 } rules ? $" by {rules}" : "")
        + (entry.TryGetProperty("known_good", out var known) && known.ValueKind == JsonValueKind.Object ? $", since {Member(known, "request")} was approved by {List(known, "approved_by")}" : "");

    private static string After(string text) => text.Length > 0 ? $": {text}" : "";

    private static string Short(string digest) => digest.Length > 12 ? digest[..12] : digest;

    private static string Join(params ReadOnlySpan<string> parts)
    {
        var text = "";
        foreach (var part in parts)
            text = part.Length == 0 ? text : text.Length == 0 ? part : $"{text} {part}";
        return text;
    }

    private static string Clock(string instant, TimeZoneInfo? zone) =>
        !DateTimeOffset.TryParse(instant, CultureInfo.InvariantCulture, out var at) ? instant
        : zone is null ? at.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss 'UTC'", CultureInfo.InvariantCulture)
        : TimeZoneInfo.ConvertTime(at, zone).ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture);

    private static bool Flag(JsonElement entry, string name) => entry.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.True;

    private static string Name(JsonElement entry, string member) =>
        entry.TryGetProperty(member, out var who) && who.ValueKind == JsonValueKind.Object ? Member(who, "name") : "";

    private static string Member(JsonElement entry, string name) => entry.ValueKind == JsonValueKind.Object && entry.TryGetProperty(name, out var value)
        ? value.ValueKind switch { JsonValueKind.String => value.GetString()!, JsonValueKind.Number => value.GetRawText(), _ => "" }
        : "";
}
