using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using Writ.Proof.Errors;
using Writ.Proof.Orders;
using Writ.Proof.Statements;

namespace Writ.Proof.Log;

/// <summary>More time for a run, in a receipt that holds.</summary>
/// <param name="Request">The request by which it was asked.</param>
/// <param name="Asker">What the requester is called.</param>
/// <param name="From">The deadline that the run had, in Unix microseconds.</param>
/// <param name="Until">The deadline that was ordered, or where it never was, the one that was decided.</param>
/// <param name="IsInForce">Whether the runner held the run by it.</param>
/// <param name="Deciders">Who said yes: names of people with their ids, or <c>policy</c>.</param>
/// <param name="Passkeys">What of it was said by passkey.</param>
public sealed record HeldExtension(
    string Request, string Asker, long From, long Until, bool IsInForce, IReadOnlyList<string> Deciders, IReadOnlyList<PasskeyApproval> Passkeys);

/// <summary>
/// Whether the later deadlines of a run follow from decisions. Of each one, numbered as it is done:
/// <list type="number">
/// <item>the run's story grants what the receipt carries, each once and in this order, and nothing that it does not carry;</item>
/// <item>the entries are in the log, and of a request of more time for this run;</item>
/// <item>the statement is that request's, and the run's own in everything but the time;</item>
/// <item>it was asked, then said yes to by others than the requester, then granted: the run's grant, from the deadline and until the end that stand in it;</item>
/// <item>the order is the one whose digest the log has, signed by the key that it names, and carries this statement and these decisions; its deadline
/// is not later than the statement allows;</item>
/// <item>what passkeys signed is a yes to this statement (<see cref="PasskeyApprovals"/>).</item>
/// </list>
/// Then, that each deadline in force goes on where the one before ended, and that the run ended under none that is later than the last.
/// </summary>
public static class ReceiptExtensions
{
    /// <summary>What was decided on more time, of a receipt that holds.</summary>
    public static IReadOnlyList<HeldExtension> Of(Receipt receipt, IEnumerable<NoteKey> logKeys)
    {
        NoteKey[] keys = [.. logKeys];
        return RunOrder.Read(receipt.Order) is { IsOk: true, Value: var order }
            && ReceiptCheck.StoryOf(receipt, receipt.Entries, receipt.Request, keys) is { IsOk: true, Value: var story }
            && Of(receipt, order, story, keys) is { IsOk: true, Value: var held } ? held : [];
    }

    /// <summary>True where the run got more time, and the receipt is of a version that does not say who decided that.</summary>
    public static bool AreMissing(Receipt receipt) =>
        receipt.Extensions is null && receipt.Entries.Any(entry => ReceiptCheck.Parse(entry.Entry) is { } parsed && ReceiptCheck.Text(parsed, "type") == "grant.extended");

    internal static Result<IReadOnlyList<HeldExtension>> Of(Receipt receipt, RunOrder first, IReadOnlyList<(long Index, JsonElement Entry)> story, NoteKey[] keys)
    {
        var held = new List<HeldExtension>();
        var extended = story.Where(entry => Is(entry.Entry, "run.extended")).ToArray();
        if (receipt.Extensions is { } carried)
        {
            // 1.
            var granted = story.Where(entry => Is(entry.Entry, "grant.extended")).ToArray();
            if (granted.Select(entry => ReceiptCheck.Text(entry.Entry, "extension")).Except(carried.Select(extension => extension.Request)).FirstOrDefault() is { } lacking)
                return ReceiptCheck.Bad($"more time was granted by {lacking}, and its decision is not in it");
            if (!granted.Select(entry => ReceiptCheck.Text(entry.Entry, "extension")).SequenceEqual(carried.Select(extension => extension.Request)))
                return ReceiptCheck.Bad("its decisions on more time are not those that were granted, one after the other");
            foreach (var (extension, grant) in carried.Zip(granted))
            {
                var one = Of(receipt, extension, first, story, grant, keys);
                if (!one.IsOk)
                    return one.Refusal with { Message = $"{one.Refusal.Message}, of more time by {extension.Request}" };
                held.Add(one.Value);
            }
        }

        // Each goes on where the run would have ended.
        var deadline = first.Deadline;
        foreach (var (index, entry) in extended)
        {
            if (Instant(entry, "deadline") is not { } next)
                return ReceiptCheck.Bad($"entry {index} has no deadline");
            if (receipt.Extensions is not null)
            {
                if (held.SingleOrDefault(one => one.Request == ReceiptCheck.Text(entry, "extension") && one.IsInForce) is not { } decided)
                    return ReceiptCheck.Bad($"the later deadline in entry {index} was never decided and ordered");
                if (decided.From != deadline || decided.Until != next || Instant(entry, "from") != decided.From)
                    return ReceiptCheck.Bad($"the later deadline in entry {index} does not follow from what was decided");
            }

            deadline = Math.Max(deadline, next);
        }

        foreach (var (index, ended) in story.Where(entry => Is(entry.Entry, "run.ended")))
        {
            if (Instant(ended, "deadline") > deadline)
                return ReceiptCheck.Bad($"the deadline in entry {index} is later than any that was decided");
        }

        return held;
    }

    private static Result<HeldExtension> Of(
        Receipt receipt, ReceiptExtension extension, RunOrder first, IReadOnlyList<(long Index, JsonElement Entry)> run, (long Index, JsonElement Entry) granted, NoteKey[] keys)
    {
        // 2.
        var read = ReceiptCheck.StoryOf(receipt, extension.Entries, extension.Request, keys);
        if (!read.IsOk)
            return read.Refusal;
        var story = read.Value;
        if (!story.Any(entry => Is(entry.Entry, "request.created") && ReceiptCheck.Text(entry.Entry, "extends") == receipt.Run))
            return ReceiptCheck.Bad("nobody asked for it");
        if (!story.Any(entry => Is(entry.Entry, "request.evaluated")))
            return ReceiptCheck.Bad("policy was not asked");

        // 3.
        var (asked, begun) = (Statement.Read(extension.Statement), Statement.Read(first.Statement));
        if (!asked.IsOk || !begun.IsOk)
            return asked.IsOk ? begun.Refusal : ReceiptCheck.Bad("its statement cannot be read");
        var statement = asked.Value;
        if (statement.Request != extension.Request || statement.Extends != receipt.Run)
            return ReceiptCheck.Bad("its statement is of another request or run");
        if (!statement.IsSameButForTime(begun.Value))
            return ReceiptCheck.Bad("its statement would change more of the run than its time");
        if (statement.Start is not >= 0 || statement.Duration is < 0 or > long.MaxValue / 2 || statement.Start > long.MaxValue / 2)
            return ReceiptCheck.Bad("its statement is of no time");

        // 4.
        var digest = Statement.DigestOf(extension.Statement);
        var made = story.Where(entry => (Is(entry.Entry, "request.created") || Is(entry.Entry, "request.revised")) && ReceiptCheck.Text(entry.Entry, "statement") == digest)
            .Select(entry => (long?)entry.Index).FirstOrDefault();
        var decisions = story.Where(entry => ReceiptCheck.IsYes(entry.Entry, digest) && entry.Index > made && entry.Index < granted.Index).ToArray();
        if (decisions.Length == 0)
            return ReceiptCheck.Bad("its statement was not asked, then decided with a yes, then granted as it stands there");
        if (ReceiptCheck.UnfitDecision(extension.Statement, story) is { } unfit)
            return ReceiptCheck.Bad(unfit);
        var (from, until) = (statement.Start!.Value, statement.NotAfter(statement.Start.Value));
        if (ReceiptCheck.Text(granted.Entry, "statement") != digest || ReceiptCheck.Text(granted.Entry, "run") != receipt.Run
            || !run.Any(entry => Is(entry.Entry, "grant.issued") && ReceiptCheck.Text(entry.Entry, "grant") is { } grant && grant == ReceiptCheck.Text(granted.Entry, "grant"))
            || Instant(granted.Entry, "deadline") != from || Instant(granted.Entry, "not_after") != until)
            return ReceiptCheck.Bad($"entry {granted.Index} grants something else than what was decided");

        // 5.
        var ordered = run.Where(entry => Is(entry.Entry, "run.extension-ordered") && ReceiptCheck.Text(entry.Entry, "extension") == extension.Request).ToArray();
        if (ordered.Length != (extension.Order is null ? 0 : 1))
            return ReceiptCheck.Bad(extension.Order is null ? "its order is missing" : "the log has no order of it, or several");
        if (extension.Order is { } signed)
        {
            if (Wrong(signed, ordered[0], extension, statement, first, begun.Value, decisions) is { } wrong)
                return ReceiptCheck.Bad(wrong);
            until = RunOrder.Read(signed.Bytes).Value.Deadline;
        }

        // 6.
        var passkeys = PasskeyApprovals.Of(receipt, extension.Statement, extension.Order is { } order ? RunOrder.Read(order.Bytes).Value.Decisions : null, story, keys);
        if (!passkeys.IsOk)
            return passkeys.Refusal;
        var holds = extension.Order is not null && run.Any(entry => entry.Index > ordered[0].Index && Is(entry.Entry, "run.extended") && ReceiptCheck.Text(entry.Entry, "extension") == extension.Request);
        return new HeldExtension(extension.Request, statement.Actor.Name, from, until, holds, [.. decisions.Select(decision => NameOf(decision.Entry))], passkeys.Value);
    }

    // Why the order is not that of what was decided; null where it is.
    private static string? Wrong(
        SignedBytes signed, (long Index, JsonElement Entry) ordered, ReceiptExtension extension, Statement statement, RunOrder first, Statement begun,
        (long Index, JsonElement Entry)[] decisions)
    {
        if (ReceiptCheck.Text(ordered.Entry, "order_sha256") != Convert.ToHexStringLower(SHA256.HashData(signed.Bytes)))
            return "its order is not the one that the log has";
        if (!ReceiptCheck.IsSigned(signed, ordered.Entry))
            return "its order is not signed by the key that the log names";
        var read = RunOrder.Read(signed.Bytes);
        if (!read.IsOk)
            return read.Refusal.Message;
        var order = read.Value;
        if (!order.Statement.AsSpan().SequenceEqual(extension.Statement))
            return "its order has another statement than the one that was decided";
        if (OrderCheck.OtherThanTime(order, statement, first, begun) is { } other)
            return other.Message;
        var digest = Statement.DigestOf(extension.Statement);
        if (order.Decisions.Count == 0
            || order.Decisions.Any(decision => decision.Statement != digest || !decisions.Any(made => made.Index < ordered.Index && ReceiptCheck.DeciderOf(made.Entry) == decision.By)))
            return "its order has a decision that the log has not";
        return order.Deadline > statement.NotAfter(statement.Start!.Value) || Instant(ordered.Entry, "deadline") != order.Deadline || Instant(ordered.Entry, "from") != statement.Start
            ? "the deadline of its order does not follow from the statement, or is not the one that the log has"
            : null;
    }

    private static bool Is(JsonElement entry, string type) => ReceiptCheck.Text(entry, "type") == type;

    private static string NameOf(JsonElement decision) => decision.TryGetProperty("actor", out var actor) && ReceiptCheck.Text(actor, "name") is { } name && ReceiptCheck.Text(actor, "id") is { } id
        ? $"{name} ({id})"
        : ReceiptCheck.DeciderOf(decision) ?? "somebody";

    private static long? Instant(JsonElement entry, string name) =>
        DateTimeOffset.TryParse(ReceiptCheck.Text(entry, name), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at) ? UnixMicroseconds.From(at) : null;
}
