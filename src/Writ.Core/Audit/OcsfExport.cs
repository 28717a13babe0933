using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Writ.Core.Audit;

/// <summary>What an entry does not say of itself, and a security event must.</summary>
/// <param name="Log">The log's origin.</param>
/// <param name="ToolOf">The tool of a run.</param>
/// <param name="HolderOf">The actor who holds a grant.</param>
public sealed record OcsfFacts(string Log, Func<string, string?> ToolOf, Func<string, string?> HolderOf);

/// <summary>
/// Entries as events of the Open Cybersecurity Schema Framework, version 1.8.0 (schema.ocsf.io). An entry gives one event or
/// more; each carries the request as its correlation, the entry as its raw data, and an id that stays the same when it is
/// exported again.
/// </summary>
public static class OcsfExport
{
    /// <summary>The version of the schema.</summary>
    public const string Version = "1.8.0";

    private const int Allowed = 1, Denied = 2, Modified = 4;
    private const int Blocked = 2, Dropped = 6, Approved = 8, Delayed = 14, AccessRevoked = 24, Rejected = 25, Unauthorized = 26;
    private const int High = 4;

    /// <summary>Tools that scan, whose runs are scans too.</summary>
    private static readonly HashSet<string> Scanners = new(StringComparer.Ordinal) { "nmap" };

    /// <summary>The events of an entry.</summary>
    public static IReadOnlyList<JsonObject> Events(long position, JsonElement entry, OcsfFacts facts)
    {
        var events = Of(new(entry), facts).ToArray();
        for (var part = 0; part < events.Length; part++)
            Complete(events[part], position, part, new(entry), facts);
        return events;
    }

    private static IEnumerable<JsonObject> Of(Entry entry, OcsfFacts facts) => entry.Type switch
    {
        AuditType.SignInFailed => [Event(3002, 1, ("user", entry.User()), ("service", Writ()), ("status_id", 2))],
        AuditType.SignedIn => [Event(3002, 1, ("user", entry.User()), ("service", Writ()), ("status_id", 1))],
        AuditType.SignInEnded or AuditType.TokenReused => [Event(3002, 2, ("user", entry.User()), ("service", Writ()), ("status_id", 1))],
        AuditType.AttemptRefused or AuditType.AttemptsCounted => [Controlled(Api(entry, 99), Denied, Blocked, 2)],
        AuditType.TokenCreated or AuditType.SetUp or AuditType.EnrolmentCreated => [Entity(entry, 1, "token", entry["token"] ?? entry.Type)],
        AuditType.TokenRevoked => [Entity(entry, 4, "token", entry["token"] ?? "token")],
        AuditType.PasskeyAdded => [Entity(entry, 1, "passkey", entry["passkey"] ?? "passkey")],
        AuditType.PasskeyConfirmed => [Entity(entry, 3, "passkey", entry["passkey"] ?? "passkey")],
        AuditType.PasskeyRemoved => [Entity(entry, 4, "passkey", entry["passkey"] ?? "passkey")],
        AuditType.ActorChanged => [Entity(entry, 3, "actor", entry["changed"] ?? entry["name"] ?? "actor")],
        AuditType.ActorDisabled or AuditType.ActorEnabled or AuditType.ActorSignedOut => [Entity(entry, 3, "actor", entry["of"] ?? entry["name"] ?? "actor")],
        AuditType.ProposalMade or AuditType.ProposalDecided => [Entity(entry, 3, "proposal", entry["proposal"] ?? "proposal")],
        AuditType.RunnerDisabled or AuditType.RunnerEnabled => [Entity(entry, 3, "runner", entry["runner"] ?? "runner")],
        AuditType.PolicyApplied => [With(Entity(entry, 3, "policy", entry["new"] ?? "policy", 5))],
        AuditType.TemplateApplied => [Entity(entry, 3, "template", entry["template"] ?? "template")],
        AuditType.TemplateWithdrawn => [Entity(entry, 4, "template", entry["template"] ?? "template")],
        AuditType.RunnerEnrolled => [Entity(entry, 6, "runner", entry["runner"] ?? "runner")],
        AuditType.RequestCreated => [Entity(entry, 1, "access request", entry["request"] ?? "request")],
        AuditType.RequestRevised => [Entity(entry, 3, "access request", entry["request"] ?? "request")],
        AuditType.RequestEnded => [Entity(entry, 3, "access request", entry["request"] ?? "request")],
        AuditType.RequestEvaluated => [entry["verdict"] switch
        {
            "deny" => Controlled(Entity(entry, 3, "access request", entry["request"] ?? "request"), Denied, Unauthorized, 2),
            "allow" => Controlled(Entity(entry, 3, "access request", entry["request"] ?? "request"), Allowed, Approved, 1),
            _ => Controlled(Entity(entry, 3, "access request", entry["request"] ?? "request"), 3, Delayed, 1),
        }],
        AuditType.DecisionMade => [entry.Is("approved")
            ? Controlled(Entity(entry, 3, "access request", entry["request"] ?? "request"), Allowed, Approved, 1)
            : Controlled(Entity(entry, 3, "access request", entry["request"] ?? "request"), Denied, entry["by"] == "policy" ? Unauthorized : Rejected, 2)],
        AuditType.GrantIssued or AuditType.GrantExtended => [Access(entry, 1, entry["for"])],
        AuditType.GlassBroken => [Alarm(Access(entry, 1, entry.ActorId))],
        AuditType.GlassReviewed => [Entity(entry, 3, "access request", entry["request"] ?? "request")],
        AuditType.GrantEnded => [Controlled(Access(entry, 2, facts.HolderOf(entry["grant"] ?? "")), Modified, AccessRevoked, 1)],
        AuditType.RunStarted => Started(entry),
        AuditType.RunEnded => Ended(entry, facts),
        AuditType.RunDrops => Drops(entry),
        AuditType.UnbrokeredExecution => [Unbrokered(entry)],
        AuditType.AuditExported => [Event(1008, 3, ("log_name", facts.Log), ("status_id", 1))],
        _ => [Api(entry, 99)],
    };

    private static IEnumerable<JsonObject> Started(Entry entry)
    {
        yield return Process(entry, 1);
        if (entry.Argv is [var tool, ..] && Scanners.Contains(tool))
            yield return Scan(entry, 1);
    }

    private static IEnumerable<JsonObject> Ended(Entry entry, OcsfFacts facts)
    {
        var late = entry["cause"] == "deadline";
        var process = Process(entry, 2);
        if (entry.Number("exit_code") is { } code)
            process["exit_code"] = code;
        yield return process;
        if (Scanners.Contains(facts.ToolOf(entry["run"] ?? "") ?? ""))
            yield return Scan(entry, late ? 4 : 2);
        // The deadline took the right away along with the process.
        if (late)
            yield return Controlled(Access(entry, 2, entry.ActorId), Modified, AccessRevoked, 1);
    }

    private static IEnumerable<JsonObject> Drops(Entry entry)
    {
        foreach (var drop in entry.List("drops"))
        {
            var to = new JsonObject { ["ip"] = drop["address"] ?? "unknown" };
            if (drop.Number("port") is > 0 and var port)
                to["port"] = port;
            var refused = Controlled(Event(4001, 5, ("dst_endpoint", to), ("status_id", 2)), Denied, Dropped, 2);
            refused["count"] = drop.Number("count") ?? 1;
            yield return refused;
        }

        if (entry.Number("uncounted") is > 0 and var more)
        {
            var refused = Controlled(Event(4001, 5, ("dst_endpoint", new JsonObject { ["name"] = "not recorded one by one" }), ("status_id", 2)), Denied, Dropped, 2);
            refused["count"] = more;
            yield return refused;
        }
    }

    private static JsonObject Process(Entry entry, int activity)
    {
        var process = new JsonObject { ["uid"] = entry["run"] ?? "run" };
        if (entry.Argv is { Count: > 0 } argv)
            (process["name"], process["cmd_line"]) = (argv[0], string.Join(' ', argv));
        return Event(1007, activity, ("actor", entry.Actor()), ("device", new JsonObject { ["type_id"] = 0, ["name"] = entry.ActorName }), ("process", process));
    }

    /// <summary>A process that no run started: launched, or blocked.</summary>
    private static JsonObject Unbrokered(Entry entry)
    {
        var argv = entry.Argv;
        var process = new JsonObject { ["uid"] = entry["report"] ?? "report", ["name"] = entry["path"] ?? "program", ["cmd_line"] = string.Join(' ', argv) };
        var user = new JsonObject { ["user"] = new JsonObject { ["name"] = entry["user"] ?? "unknown" } };
        var seen = Event(1007, 1, ("actor", user), ("device", new JsonObject { ["type_id"] = 0, ["name"] = entry.ActorName }), ("process", process), ("count", entry.Number("count") ?? 1));
        return entry.Is("refused") ? Controlled(seen, Denied, Blocked, 2) : Controlled(seen, Allowed, Unauthorized, 1);
    }

    private static JsonObject Scan(Entry entry, int activity) =>
        Event(6007, activity, ("scan", new JsonObject { ["uid"] = entry["run"] ?? "run", ["type_id"] = 99, ["type"] = "network scan" }));

    private static JsonObject Access(Entry entry, int activity, string? holder) => Event(
        3005, activity, ("user", new JsonObject { ["uid"] = holder ?? "unknown" }), ("privileges", new JsonArray { entry["grant"] ?? entry["run"] ?? "run" }), ("actor", entry.Actor()));

    private static JsonObject Entity(Entry entry, int activity, string type, string uid, int typeId = 99) => Event(
        3004, activity, ("entity", new JsonObject { ["type"] = type, ["type_id"] = typeId, ["uid"] = uid }), ("actor", entry.Actor()));

    private static JsonObject With(JsonObject policy)
    {
        policy["entity"]!["policy"] = new JsonObject { ["uid"] = policy["entity"]!["uid"]!.DeepClone() };
        return policy;
    }

    private static JsonObject Api(Entry entry, int activity) =>
        Event(6003, activity, ("api", new JsonObject { ["operation"] = entry["attempt"] ?? entry.Type }), ("actor", entry.Actor()), ("src_endpoint", entry.Source() ?? new() { ["name"] = "writ" }));

    /// <summary>What somebody should look at, though nothing was refused.</summary>
    private static JsonObject Alarm(JsonObject happened)
    {
        happened["severity_id"] = High;
        return happened;
    }

    private static JsonObject Controlled(JsonObject happened, int action, int disposition, int status)
    {
        (happened["action_id"], happened["disposition_id"], happened["status_id"]) = (action, disposition, status);
        return happened;
    }

    private static JsonObject Writ() => new() { ["name"] = "Writ" };

    private static JsonObject Event(int @class, int activity, params (string Name, JsonNode? Value)[] attributes)
    {
        var happened = new JsonObject { ["class_uid"] = @class, ["category_uid"] = @class / 1000, ["activity_id"] = activity, ["type_uid"] = (@class * 100) + activity };
        foreach (var (name, value) in attributes)
            happened[name] = value;
        return happened;
    }

    private static void Complete(JsonObject happened, long position, int part, Entry entry, OcsfFacts facts)
    {
        var metadata = new JsonObject
        {
            ["version"] = Version,
            ["product"] = new JsonObject { ["name"] = "Writ", ["vendor_name"] = "Writ" },
            ["log_name"] = facts.Log,
            ["uid"] = string.Create(CultureInfo.InvariantCulture, $"{facts.Log}/{position}.{part}"),
            ["sequence"] = position,
            ["event_code"] = entry.Type,
        };
        if (happened.ContainsKey("action_id"))
            metadata["profiles"] = new JsonArray { "security_control" };
        if (entry["correlation"] is { } request)
            metadata["correlation_uid"] = request;
        happened["metadata"] = metadata;
        happened["time"] = entry.Milliseconds;
        happened["severity_id"] ??= happened["disposition_id"]?.GetValue<int>() is Dropped or Blocked ? 3 : happened["status_id"]?.GetValue<int>() == 2 ? 2 : 1;
        happened["message"] = $"{entry.Type} by {entry.ActorName}";
        if (!happened.ContainsKey("src_endpoint") && entry.Source() is { } source)
            happened["src_endpoint"] = source;
        happened["raw_data"] = entry.Raw;
    }

    /// <summary>An entry, read with nothing taken for granted.</summary>
    private readonly struct Entry(JsonElement json)
    {
        public string Type => this["type"] ?? "unknown";

        public string Raw => json.GetRawText();

        public long Milliseconds => DateTimeOffset.TryParse(this["time"], CultureInfo.InvariantCulture, out var time) ? time.ToUnixTimeMilliseconds() : 0;

        public string ActorName => json.TryGetProperty("actor", out var actor) ? new Entry(actor)["name"] ?? "unknown" : "unknown";

        public string? ActorId => json.TryGetProperty("actor", out var actor) ? new Entry(actor)["id"] : null;

        public IReadOnlyList<string> Argv => json.TryGetProperty("argv", out var argv) && argv.ValueKind == JsonValueKind.Array
            ? [.. argv.EnumerateArray().Select(word => word.ToString())]
            : [];

        public string? this[string name] => json.ValueKind == JsonValueKind.Object && json.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String
            ? value.GetString()
            : null;

        public bool Is(string name) => json.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.True;

        public long? Number(string name) => json.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out var number) ? number : null;

        public Entry[] List(string name) => json.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Array
            ? value.EnumerateArray().Where(item => item.ValueKind == JsonValueKind.Object).Select(item => new Entry(item)).ToArray()
            : [];

        public JsonObject User()
        {
            var user = new JsonObject { ["name"] = ActorName };
            if (ActorId is { } id)
                user["uid"] = id;
            return user;
        }

        public JsonObject Actor() => new() { ["user"] = User() };

        public JsonObject? Source() => this["source_address"] is { } address ? new() { ["ip"] = address } : null;
    }
}
