using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Writ.Proof.Addresses;

namespace Writ.Core.Audit;

/// <summary>What is known of a run beside its entries, for whoever watches the network that it reaches into.</summary>
/// <param name="Requester">The name of whoever holds it.</param>
/// <param name="Runner">The id of the runner.</param>
/// <param name="Command">What was approved, the tool's name first.</param>
/// <param name="Targets">What its fence lets it reach.</param>
/// <param name="Sources">The addresses that its packets come from; empty until its runner has told them.</param>
/// <param name="IsSourceShared">Whether those are the runner's own, which other traffic may come from too.</param>
/// <param name="Start">When it was started; null before.</param>
/// <param name="Deadline">When it is dead at the latest.</param>
public sealed record RunOutline(
    string Requester, string Runner, IReadOnlyList<string> Command, ScopeText Targets, IReadOnlyList<string> Sources, bool IsSourceShared, DateTimeOffset? Start, DateTimeOffset Deadline);

/// <summary>
/// Entries as events in the envelope of CloudEvents 1.0 (cloudevents.io). Each carries the entry as it stands in the log and, where it
/// is of a run, that run's outline. The schema is docs/event.schema.json.
/// </summary>
public static class CloudEventExport
{
    /// <summary>The type of an event is that of its entry behind this.</summary>
    public const string TypePrefix = "writ.";

    /// <summary>The event of an entry.</summary>
    /// <param name="position">The entry's place in the log: the event's id, the same whenever it is sent.</param>
    /// <param name="entry">The entry.</param>
    /// <param name="log">The log's origin: the event's source.</param>
    /// <param name="run">Of an entry that is of a run.</param>
    /// <param name="link">The page where a person sees more, or null.</param>
    public static JsonObject Event(long position, JsonElement entry, string log, RunOutline? run, string? link)
    {
        var data = new JsonObject { ["entry"] = JsonObject.Create(entry) };
        if (run is not null)
            data["run"] = Outline(run);
        if (link is not null)
            data["link"] = link;
        var happened = new JsonObject
        {
            ["specversion"] = "1.0",
            ["id"] = position.ToString(CultureInfo.InvariantCulture),
            // An origin has no scheme (C2SP checkpoints): with two slashes it is a reference to it.
            ["source"] = $"//{log}",
            ["type"] = TypePrefix + Text("type"),
            ["time"] = Text("time"),
            ["datacontenttype"] = "application/json",
            // The sequence extension: compared as text, events come in order.
            ["sequence"] = position.ToString("D19", CultureInfo.InvariantCulture),
            ["data"] = data,
        };
        if ((Text("run") ?? Text("grant") ?? Text("request") ?? Text("correlation")) is { } subject)
            happened["subject"] = subject;
        return happened;

        string? Text(string name) => entry.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
    }

    private static JsonObject Outline(RunOutline run)
    {
        var outline = new JsonObject
        {
            ["requester"] = run.Requester,
            ["runner"] = run.Runner,
            ["command"] = AuditEvent.Texts(run.Command),
            ["targets"] = Targets(run.Targets),
            ["sources"] = AuditEvent.Texts(run.Sources),
            ["source_shared"] = run.IsSourceShared,
            ["deadline"] = Instant(run.Deadline),
        };
        if (run.Start is { } start)
            outline["started_at"] = Instant(start);
        return outline;
    }

    private static JsonObject Targets(ScopeText scope)
    {
        var targets = new JsonObject { ["addresses"] = AuditEvent.Texts(scope.Addresses), ["tcp"] = scope.Tcp, ["udp"] = scope.Udp, ["sctp"] = scope.Sctp, ["icmp"] = scope.Icmp };
        if (scope.IcmpTypes is { } types)
            targets["icmp_types"] = types;
        if (scope.Protocols is { } protocols)
            targets["protocols"] = protocols;
        return targets;
    }

    private static string Instant(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture);
}
