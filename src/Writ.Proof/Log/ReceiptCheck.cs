using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using Writ.Proof.Errors;
using Writ.Proof.Orders;
using Writ.Proof.Runs;
using Writ.Proof.Statements;

namespace Writ.Proof.Log;

/// <summary>
/// Whether a receipt holds. Numbered as it is done:
/// <list type="number">
/// <item>the checkpoint is signed by a key of the log;</item>
/// <item>each entry stands in the log at its position, in order, and belongs to the receipt's request;</item>
/// <item>the story is the run's: created, evaluated, decided, granted, ordered and ended, nothing of another run;</item>
/// <item>the order is the one whose digest the log has, is this run's, and is signed by the key that the log names;</item>
/// <item>the statement in the order is the one that was created or revised, decided on with a yes, and granted;</item>
/// <item>what an entry of the end says is what the runner signed (<see cref="KillReceipt"/>), with a key that the log had for it before;</item>
/// <item>what a passkey signed (<see cref="PasskeyApprovals"/>) is a yes to this very statement, by a key that somebody else had confirmed before
/// for that person, and stands in the order as well;</item>
/// <item>the run ended under a deadline that somebody decided on: the order's, or that of more time (<see cref="ReceiptExtensions"/>);</item>
/// <item>a statement that breaks the glass comes with the entry that told so, and only such a one does;</item>
/// <item>a run of a series is one of those that the order's series statement is of, and the log names it.</item>
/// </list>
/// </summary>
public static class ReceiptCheck
{
    /// <summary>The checkpoint, where everything holds.</summary>
    public static Result<SignedCheckpoint> Verify(Receipt receipt, IEnumerable<NoteKey> logKeys)
    {
        // 1.
        var keys = logKeys.ToArray();
        var checkpoint = Checkpoint.Open(receipt.Checkpoint, keys);
        if (!checkpoint.IsOk)
            return checkpoint;

        // 2.
        var read = StoryOf(receipt, receipt.Entries, receipt.Request, keys);
        if (!read.IsOk)
            return read.Refusal;
        var story = read.Value;

        // 3.
        foreach (var type in (string[])["request.created", "request.evaluated", "decision.made", "grant.issued", "run.ordered"])
        {
            if (!Of(type).Any())
                return Bad($"the story has no {type}");
        }

        if (story.Where(entry => Text(entry.Entry, "run") is { } run && run != receipt.Run).Select(entry => (long?)entry.Index).FirstOrDefault() is { } other)
            return Bad($"entry {other} is of another run");
        if (!Of("run.ended").Concat(Of("order.refused")).Any())
            return Bad("the story has no end");

        // 4.
        var digest = Convert.ToHexStringLower(SHA256.HashData(receipt.Order));
        if (Of("run.ordered").FirstOrDefault(entry => Text(entry, "order_sha256") == digest) is not { ValueKind: JsonValueKind.Object } ordered)
            return Bad("the order is not the one that the log has");
        if (!IsSigned(new(receipt.Order, receipt.OrderSignature, receipt.OrderKeyId), ordered))
            return Bad("the order is not signed by the key that the log names");
        var order = RunOrder.Read(receipt.Order);
        if (!order.IsOk)
            return order.Refusal;
        if (order.Value.Run != receipt.Run)
            return Bad("the order is of another run");

        // 5.
        var statement = Statement.DigestOf(order.Value.Statement);
        if (!Of("request.created").Concat(Of("request.revised")).Any(entry => Text(entry, "statement") == statement)
            || !Of("decision.made").Any(entry => IsYes(entry, statement))
            || !Of("grant.issued").Any(entry => Text(entry, "statement") == statement))
            return Bad("the statement of the order was not asked, decided and granted as it stands there");
        if (UnfitDecision(order.Value.Statement, story) is { } unfit)
            return Bad(unfit);

        // 6.
        foreach (var (index, ended) in story.Where(entry => Text(entry.Entry, "type") == "run.ended" && SignedBy(entry.Entry) is not null))
        {
            if (Unsigned(receipt, order.Value, digest, index, ended, keys) is { } wrong)
                return Bad(wrong);
        }

        // 7.
        var approvals = PasskeyApprovals.Of(receipt, order.Value.Statement, order.Value.Decisions, story, keys);
        if (!approvals.IsOk)
            return approvals.Refusal;

        // 8.
        var extensions = ReceiptExtensions.Of(receipt, order.Value, story, keys);
        if (!extensions.IsOk)
            return extensions.Refusal;

        // 9.
        if (IsBreakGlass(receipt) != Of("glass.broken").Any())
            return Bad("the statement and the story do not agree on whether the glass was broken");

        // 10.
        var decided = Statement.Read(order.Value.Statement).Value;
        if (SeriesCheck.Wrong(order.Value, decided) is { } none)
            return Bad(none.Message);
        if (decided.Occurrence is { } one ? !Of("series.occurred").Any(entry => Text(entry, "series") == one.Series && Text(entry, "decided") == one.Statement) : Of("series.occurred").Any())
            return Bad("the statement and the story do not agree on whether the run was one of a series");
        return checkpoint;

        IEnumerable<JsonElement> Of(string type) => story.Where(entry => Text(entry.Entry, "type") == type).Select(entry => entry.Entry);
    }

    /// <summary>How the run ended as its runner signed it, with the key's id; null where it signed nothing. To be asked of a receipt that holds.</summary>
    public static (KillReceipt End, string KeyId)? SignedEnd(Receipt receipt)
    {
        foreach (var entry in receipt.Entries)
        {
            if (Parse(entry.Entry) is { } parsed && Text(parsed, "type") == "run.ended" && SignedBy(parsed) is { } signed && KillReceipt.Read(signed.Bytes) is { IsOk: true } end)
                return (end.Value, signed.KeyId);
        }

        return null;
    }

    /// <summary>Whether the run was by break-glass, as its statement says. To be asked of a receipt that holds.</summary>
    public static bool IsBreakGlass(Receipt receipt) =>
        RunOrder.Read(receipt.Order) is { IsOk: true, Value: var order } && Statement.Read(order.Statement) is { IsOk: true, Value.BreakGlass: true };

    /// <summary>The series whose run it was, as its statement says; null for every other. To be asked of a receipt that holds.</summary>
    public static StatementSeries? SeriesOf(Receipt receipt) =>
        RunOrder.Read(receipt.Order) is { IsOk: true, Value.Series: { } series } && Statement.Read(series.Statement) is { IsOk: true, Value: var decided } ? decided.Series : null;

    /// <summary>What somebody else found of it, in words; null where the receipt was written before. To be asked of a receipt that holds.</summary>
    public static string? Review(Receipt receipt) => receipt.Entries.Select(entry => Parse(entry.Entry)).OfType<JsonElement>().Where(entry => Text(entry, "type") == "glass.reviewed")
        .Select(entry => $"reviewed by {(entry.TryGetProperty("actor", out var actor) ? Text(actor, "name") : null) ?? "somebody"}, "
            + $"{(entry.TryGetProperty("justified", out var justified) && justified.ValueKind == JsonValueKind.True ? "justified" : "not justified")}: {Text(entry, "comment")}").FirstOrDefault();

    /// <summary>
    /// By which rules policy said yes alone, in words, and on what earlier yes of people that rests; null where people decided, and where its entry does not say. To be
    /// asked of a receipt that holds.
    /// </summary>
    public static string? ByPolicy(Receipt receipt) => receipt.Entries.Select(entry => Parse(entry.Entry)).OfType<JsonElement>()
        .Where(entry => Text(entry, "type") == "decision.made" && Text(entry, "by") == "policy" && Texts(entry, "rules").Length > 0)
        .Select(entry => $"by policy alone: rule {Texts(entry, "rules")}{(entry.TryGetProperty("known_good", out var known) ? $", since {Text(known, "request")} was approved by {Texts(known, "approved_by")} at {Text(known, "approved_at")}" : "")}")
        .FirstOrDefault();

    private static string Texts(JsonElement entry, string name) => entry.ValueKind == JsonValueKind.Object && entry.TryGetProperty(name, out var list) && list.ValueKind == JsonValueKind.Array
        ? string.Join(", ", list.EnumerateArray().Where(text => text.ValueKind == JsonValueKind.String).Select(text => text.GetString())) : "";

    // Why an end is not what the runner signed; null where it is.
    private static string? Unsigned(Receipt receipt, RunOrder order, string digest, long index, JsonElement ended, NoteKey[] keys)
    {
        var signed = SignedBy(ended)!;
        if (receipt.RunnerKey is not { } naming)
            return $"nothing says with which key the runner signed the end in entry {index}";
        var proof = receipt.ProofOf(naming);
        if (!proof.IsOk)
            return proof.Refusal.Message;
        var held = proof.Value.Verify(naming.Entry, keys);
        if (!held.IsOk)
            return held.Refusal.Message;
        if (naming.Index >= index || Parse(naming.Entry) is not { } named || Text(named, "type") is not ("runner.enrolled" or "runner.key") || Text(named, "runner") != order.Runner)
            return $"entry {naming.Index} does not name a key of the runner {order.Runner}";
        if (StrictBase64.Read(Text(named, "receipt_key") ?? "") is not { } key || SigningKeys.KeyId(key) != signed.KeyId)
            return $"the end in entry {index} was signed with another key than the runner's";
        if (!SigningKeys.Verify(key, signed))
            return $"the kill receipt in entry {index} was changed after the runner signed it";
        var end = KillReceipt.Read(signed.Bytes);
        if (!end.IsOk)
            return end.Refusal.Message;
        if (end.Value.Run != receipt.Run || end.Value.Runner != order.Runner || end.Value.Order != digest)
            return $"the kill receipt in entry {index} is of another run, runner or order";
        return JsonNode.Parse(ended.GetRawText()) is JsonObject entry && end.Value.Contradiction(entry) is { } where
            ? $"{where} in entry {index} is not what the runner signed"
            : null;
    }

    // The kill receipt of an end.
    private static SignedBytes? SignedBy(JsonElement ended) => ended.TryGetProperty("receipt", out var signed) && signed.ValueKind == JsonValueKind.Object
        ? new(StrictBase64.Read(Text(signed, "bytes") ?? "") ?? [], StrictBase64.Read(Text(signed, "signature") ?? "") ?? [], Text(signed, "key_id") ?? "")
        : null;

    /// <summary>These entries as they stand in the log: proven, in order, and of this request.</summary>
    internal static Result<IReadOnlyList<(long Index, JsonElement Entry)>> StoryOf(Receipt receipt, IReadOnlyList<ReceiptEntry> entries, string request, NoteKey[] keys)
    {
        var story = new List<(long Index, JsonElement Entry)>();
        foreach (var entry in entries)
        {
            if (story.Count > 0 && entry.Index <= story[^1].Index)
                return Bad($"entry {entry.Index} stands out of order");
            var proof = receipt.ProofOf(entry);
            if (!proof.IsOk)
                return proof.Refusal;
            var held = proof.Value.Verify(entry.Entry, keys);
            if (!held.IsOk)
                return held.Refusal;
            if (Parse(entry.Entry) is not { } parsed || Text(parsed, "correlation") != request)
                return Bad($"entry {entry.Index} is of another request");
            story.Add((entry.Index, parsed));
        }

        return story;
    }

    /// <summary>True where the bytes are signed by the key that the entry of their order names.</summary>
    internal static bool IsSigned(SignedBytes order, JsonElement ordered) =>
        StrictBase64.Read(Text(ordered, "order_key") ?? "") is { Length: 32 } key && SigningKeys.KeyId(key) == order.KeyId && SigningKeys.Verify(key, order);

    /// <summary>True for a decision's entry that says yes to the statement of this digest.</summary>
    internal static bool IsYes(JsonElement entry, string statement) =>
        Text(entry, "type") == "decision.made" && Text(entry, "statement") == statement && entry.TryGetProperty("approved", out var yes) && yes.ValueKind == JsonValueKind.True;

    /// <summary>Who a decision's entry says decided: a person's id, or <c>policy</c>.</summary>
    internal static string? DeciderOf(JsonElement entry) => Text(entry, "by") ?? (entry.TryGetProperty("actor", out var actor) ? Text(actor, "id") : null);

    /// <summary>Why a yes to the statement is none: the requester's own, or policy's where it had asked for people. Null where each is one.</summary>
    internal static string? UnfitDecision(byte[] bytes, IReadOnlyList<(long Index, JsonElement Entry)> story)
    {
        if (Statement.Read(bytes) is not { IsOk: true, Value: var statement })
            return "the statement cannot be read";
        var digest = Statement.DigestOf(bytes);
        // What was revised may be answered otherwise than what was asked first.
        var alone = story.Any(entry => (Text(entry.Entry, "type"), Text(entry.Entry, "verdict")) == ("request.evaluated", "allow")
            || (Text(entry.Entry, "type"), Text(entry.Entry, "statement")) == ("request.revised", digest));
        foreach (var (index, entry) in story.Where(entry => IsYes(entry.Entry, digest)))
        {
            var by = DeciderOf(entry);
            if (by is not null && (by == statement.Actor.Id || by == statement.OnBehalfOf?.Id))
                return $"in entry {index} somebody decided on their own request";
            if (by == "policy" && !alone)
                return $"in entry {index} policy decided alone what it had asked people for";
        }

        return null;
    }

    internal static Refusal Bad(string why) => new(ErrorCode.BadSignature, $"the receipt does not hold: {why}");

    internal static JsonElement? Parse(byte[] entry)
    {
        try
        {
            using var document = JsonDocument.Parse(entry);
            return document.RootElement.ValueKind == JsonValueKind.Object ? document.RootElement.Clone() : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    internal static string? Text(JsonElement entry, string name)
    {
        try
        {
            return entry.ValueKind == JsonValueKind.Object && entry.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
        }
        // Text that is no Unicode is found when it is read out.
        catch (InvalidOperationException)
        {
            return null;
        }
    }
}
