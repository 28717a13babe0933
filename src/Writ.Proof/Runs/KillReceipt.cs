using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Writ.Proof.Errors;
using Writ.Proof.Orders;
using Writ.Proof.Statements;

namespace Writ.Proof.Runs;

/// <summary>
/// How a run ended, as its runner has read it from the kernel afterwards and signs it with its own key. Its bytes are
/// <c>writ-kill-receipt/v1</c>, a line feed and one JSON object; the runner signs exactly those bytes. Instants are Unix microseconds.
/// What nobody counted or measured is null, never 0.
/// </summary>
public sealed record KillReceipt
{
    /// <summary>The first line of a kill receipt's bytes.</summary>
    public const string Domain = "writ-kill-receipt/v1\n";

    /// <summary>The run's id.</summary>
    public required string Run { get; init; }
    /// <summary>The id of the runner that signs.</summary>
    public required string Runner { get; init; }
    /// <summary>Lower-case hexadecimal SHA-256 of the order's bytes, which have the zones.</summary>
    public required string Order { get; init; }
    /// <summary>The deadline in force at the end.</summary>
    public required long Deadline { get; init; }
    /// <summary>Why it ended: <c>exited</c>, <c>deadline</c>, <c>killed</c> and so on, as <c>run.ended</c> has it.</summary>
    public required string Cause { get; init; }
    /// <summary>The kill's reason, or what went wrong.</summary>
    public required string Detail { get; init; }
    /// <summary>The tool's exit code, where it ended by itself.</summary>
    public int? ExitCode { get; init; }
    /// <summary>When the kill was sent; null without one.</summary>
    public long? KilledAt { get; init; }
    /// <summary>When nobody was left whom the kernel could end.</summary>
    public required long EndedAt { get; init; }
    /// <summary>Processes in the sandbox right before the kill.</summary>
    public int? ProcessesFound { get; init; }
    /// <summary>Processes of the run after it, wherever they are.</summary>
    public int? ProcessesLeft { get; init; }
    /// <summary>What the kernel says of the run's packets; null where there was no fence or it could not be read.</summary>
    public KillReceiptFence? Fence { get; init; }
    /// <summary>The size of the recording.</summary>
    public required long RecordingBytes { get; init; }
    /// <summary>Its lower-case hexadecimal SHA-256.</summary>
    public required string RecordingSha256 { get; init; }
    /// <summary>What there is of the files that the run hands back, and of its tool's results.</summary>
    public required IReadOnlyList<KillReceiptFile> Outputs { get; init; }

    /// <summary>The bytes of a new receipt.</summary>
    public byte[] ToBytes() => DomainBytes.Write(Domain, this, ProofJson.Default.KillReceipt);

    /// <summary>Reads a receipt; unknown, missing and duplicate members are refused.</summary>
    public static Result<KillReceipt> Read(ReadOnlySpan<byte> bytes) => DomainBytes.Read(Domain, bytes, ProofJson.Default.KillReceipt);

    /// <summary>What it says as members of an audit entry of the type <c>run.ended</c>.</summary>
    public JsonObject Facts() => new()
    {
        ["run"] = Run,
        ["cause"] = Cause,
        ["detail"] = Detail,
        ["exit_code"] = ExitCode,
        ["at"] = Time(EndedAt),
        ["deadline"] = Time(Deadline),
        ["kill_at"] = Time(KilledAt),
        ["processes_found"] = ProcessesFound,
        ["processes_left"] = ProcessesLeft,
        ["last_packet_at"] = Time(Fence is { } seen ? Later(seen.LastPacketAt4, seen.LastPacketAt6) : null),
        ["fence"] = Fence is not { } fence ? null : new JsonObject
        {
            ["closed"] = fence.Closed,
            ["passed"] = fence.Passed,
            ["passed_bytes"] = fence.PassedBytes,
            ["refused"] = fence.Refused,
            ["refused_bytes"] = fence.RefusedBytes,
            ["over_budget"] = fence.OverBudget,
            ["unrouted"] = fence.Unrouted,
            ["late"] = fence.Late,
            ["held_back"] = fence.HeldBack,
            ["degraded_at"] = Time(fence.DegradedAt),
            ["last_packet_at4"] = Time(fence.LastPacketAt4),
            ["last_packet_at6"] = Time(fence.LastPacketAt6),
            ["zones"] = new JsonArray([.. fence.Zones.Select(zone => new JsonObject
            {
                ["zone"] = zone.Zone, ["passed"] = zone.Passed, ["passed_bytes"] = zone.PassedBytes, ["dropped"] = zone.Dropped, ["dropped_bytes"] = zone.DroppedBytes,
            })]),
            ["dropped_elsewhere"] = fence.DroppedElsewhere,
        },
        ["recording_bytes"] = RecordingBytes,
    };

    /// <summary>
    /// The first member of an entry that says something else than this receipt, or null where they agree. The recording's digest in an entry is
    /// that of what the server holds; it has to be the runner's where the entry says that the recording is whole.
    /// </summary>
    public string? Contradiction(JsonObject entry)
    {
        foreach (var (name, value) in Facts())
        {
            if (Differs(value, entry[name]) is { } where)
                return $"{name}{where}";
        }

        if (RecordingBytes > 0 && entry["recording_whole"] is JsonValue whole && whole.GetValueKind() == JsonValueKind.True
            && !JsonNode.DeepEquals(entry["recording_sha256"], RecordingSha256))
            return "recording_sha256";
        var told = entry["outputs"] as JsonArray ?? [];
        return told.Count != Outputs.Count(file => file.Path != SandboxTerms.Live) || !told.All(IsSigned) ? "outputs"
            : entry["results"] is { } results && !IsSigned(results) ? "results" : null;
    }

    private bool IsSigned(JsonNode? told) => Outputs.Any(file => JsonNode.DeepEquals(told, new JsonObject
    {
        ["path"] = file.Path, ["bytes"] = file.Bytes, ["sha256"] = file.Sha256, ["cut"] = file.Cut,
    }));

    // Where, as a path from here; an entry leaves out or writes null for what is not known.
    private static string? Differs(JsonNode? signed, JsonNode? told) => (signed, told) switch
    {
        (JsonObject one, JsonObject other) => one.Select(member => Differs(member.Value, other[member.Key]) is { } where ? $".{member.Key}{where}" : null).FirstOrDefault(where => where is not null),
        (JsonArray one, JsonArray other) when one.Count == other.Count =>
            one.Select((item, at) => Differs(item, other[at]) is { } where ? string.Create(CultureInfo.InvariantCulture, $"[{at}]{where}") : null).FirstOrDefault(where => where is not null),
        _ => JsonNode.DeepEquals(signed, told) ? null : "",
    };

    private static long? Later(long? one, long? other) => one is null || other > one ? other : one;

    private static string? Time(long? at) => at is { } known ? UnixMicroseconds.ToInstant(known).ToString("O", CultureInfo.InvariantCulture) : null;
}

/// <summary>What the kernel has counted at a run's fence, read after the end. Bytes are those of IP packets.</summary>
/// <param name="Closed">Nothing of its scope was left, no rule could let a packet pass, and nothing else took packets from the run's link.</param>
/// <param name="Passed">Packets that were handed to the network.</param>
/// <param name="PassedBytes">Their bytes.</param>
/// <param name="Refused">Packets out of scope, dropped.</param>
/// <param name="RefusedBytes">Their bytes.</param>
/// <param name="OverBudget">Packets in scope, dropped for the order's budget.</param>
/// <param name="Unrouted">Packets in scope that no route led on, dropped.</param>
/// <param name="Late">Packets that came when the run's time was over, dropped.</param>
/// <param name="DroppedElsewhere">Dropped packets to addresses in none of the order's zones.</param>
/// <param name="Zones">The order's zones, by name; where zones overlap, one packet counts for each.</param>
/// <param name="HeldBack">How often the budget's rate made a packet wait; null where nothing does.</param>
/// <param name="DegradedAt">Since when what got no answer was not measured; null for never.</param>
/// <param name="LastPacketAt4">When the last IPv4 packet left, to 10 ms; null for none.</param>
/// <param name="LastPacketAt6">When the last IPv6 packet left, to 10 ms; null for none.</param>
public sealed record KillReceiptFence(
    bool Closed, long Passed, long PassedBytes, long Refused, long RefusedBytes, long OverBudget, long Unrouted, long Late, long DroppedElsewhere,
    IReadOnlyList<KillReceiptZone> Zones, long? HeldBack = null, long? DegradedAt = null, long? LastPacketAt4 = null, long? LastPacketAt6 = null);

/// <summary>A file as it was found at the run's end: its path in the sandbox, its size and lower-case hexadecimal SHA-256, and whether its end may lack.</summary>
public sealed record KillReceiptFile(string Path, long Bytes, string Sha256, bool Cut);

/// <summary>The packets to a zone's addresses that passed, and those that were dropped: out of scope, over budget or without a route.</summary>
public sealed record KillReceiptZone(string Zone, long Passed, long PassedBytes, long Dropped, long DroppedBytes);
