using System.Globalization;
using System.Text.Json;
using Writ.Proof.Errors;
using Writ.Proof.Identity;
using Writ.Proof.Orders;
using Writ.Proof.Statements;

namespace Writ.Proof.Log;

/// <summary>A yes by passkey in a receipt that holds.</summary>
/// <param name="Person">The approver's id.</param>
/// <param name="Name">What they were called.</param>
/// <param name="Passkey">The passkey's id.</param>
/// <param name="Key">Its public key.</param>
/// <param name="Party">Where it was used.</param>
/// <param name="ConfirmedBy">Who confirmed that the passkey is this person's.</param>
public sealed record PasskeyApproval(string Person, string Name, string Passkey, PasskeyKey Key, PasskeyParty Party, string ConfirmedBy);

/// <summary>The approvals by passkey in a receipt: each is checked with the key that the log had for the person before, and by nobody's word.</summary>
public static class PasskeyApprovals
{
    /// <summary>The approvals of a receipt that holds, of the request from which its run follows; <see cref="HeldExtension.Passkeys"/> are those of more time.</summary>
    public static IReadOnlyList<PasskeyApproval> Of(Receipt receipt, IEnumerable<NoteKey> logKeys)
    {
        if (RunOrder.Read(receipt.Order) is not { IsOk: true, Value: var order })
            return [];
        var story = receipt.Entries.Select(entry => (entry.Index, Entry: ReceiptCheck.Parse(entry.Entry))).Where(entry => entry.Entry is not null)
            .Select(entry => (entry.Index, entry.Entry!.Value)).ToList();
        return Of(receipt, order.Statement, order.Decisions, story, [.. logKeys]) is { IsOk: true } approvals ? approvals.Value : [];
    }

    /// <param name="receipt">Where the approvers' keys are.</param>
    /// <param name="approved">The bytes of the statement.</param>
    /// <param name="decisions">What the order carries of the decisions; null where there was no order.</param>
    /// <param name="story">The entries of the statement's request.</param>
    /// <param name="logKeys">The log's keys.</param>
    internal static Result<IReadOnlyList<PasskeyApproval>> Of(
        Receipt receipt, byte[] approved, IReadOnlyList<OrderDecision>? decisions, IReadOnlyList<(long Index, JsonElement Entry)> story, NoteKey[] logKeys)
    {
        var statement = Statement.DigestOf(approved);
        var approvals = new List<PasskeyApproval>();
        var carried = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var decision in (decisions ?? []).Where(decision => decision.Passkey is not null))
        {
            if (!carried.TryAdd(Convert.ToBase64String(decision.Passkey!.ToBytes()), decision.By))
                return ReceiptCheck.Bad("the order has an approval by passkey twice");
        }

        foreach (var (index, entry) in story)
        {
            // Yes to an earlier revision was void; nothing follows from it.
            if (ReceiptCheck.Text(entry, "type") != "decision.made" || !entry.TryGetProperty("passkey", out var signed) || ReceiptCheck.Text(entry, "statement") != statement)
                continue;
            var read = PasskeyAssertion.Read(signed);
            if (!read.IsOk)
                return ReceiptCheck.Bad($"{read.Refusal.Message} in entry {index}");
            var (person, name) = entry.TryGetProperty("actor", out var actor) ? (ReceiptCheck.Text(actor, "id"), ReceiptCheck.Text(actor, "name")) : default;
            var found = KeyOf(receipt, ReceiptCheck.Text(signed, "id"), person, index, logKeys);
            if (!found.IsOk)
                return found.Refusal;
            var held = PasskeyCheck.Verify(read.Value, found.Value.Key, found.Value.Party, statement);
            if (!held.IsOk)
                return ReceiptCheck.Bad($"{held.Refusal.Message}, in entry {index}");
            if (!DateTimeOffset.TryParse(ReceiptCheck.Text(entry, "time"), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time)
                || (decimal)UnixMicroseconds.From(time) - read.Value.At is var waited && (waited < 0 || waited > PasskeyAssertion.Life))
                return ReceiptCheck.Bad($"entry {index} is of another time than the approval by passkey in it");
            if (decisions is not null && (!carried.Remove(Convert.ToBase64String(read.Value.ToBytes()), out var by) || by != person))
                return ReceiptCheck.Bad($"the approval by passkey in entry {index} is not in the order");
            approvals.Add(found.Value with { Name = name ?? "" });
        }

        return carried.Count == 0 ? approvals : ReceiptCheck.Bad("the order has an approval by passkey that the log has not");
    }

    // The key that the log had for this person's passkey when they decided.
    private static Result<PasskeyApproval> KeyOf(Receipt receipt, string? passkey, string? person, long before, NoteKey[] logKeys)
    {
        foreach (var naming in receipt.ApproverKeys ?? [])
        {
            var proof = receipt.ProofOf(naming);
            if (!proof.IsOk)
                return proof.Refusal;
            var held = proof.Value.Verify(naming.Entry, logKeys);
            if (!held.IsOk)
                return held.Refusal;
            if (ReceiptCheck.Parse(naming.Entry) is not { } named || ReceiptCheck.Text(named, "passkey") != passkey || passkey is null)
                continue;
            if (naming.Index >= before || ReceiptCheck.Text(named, "type") != "passkey.confirmed" || person is null || ReceiptCheck.Text(named, "for_actor") != person)
                return ReceiptCheck.Bad($"entry {naming.Index} does not confirm a passkey of {person} before");
            var (by, name) = named.TryGetProperty("actor", out var actor) ? (ReceiptCheck.Text(actor, "id"), ReceiptCheck.Text(actor, "name")) : default;
            if (by == person)
                return ReceiptCheck.Bad($"in entry {naming.Index} a person confirmed their own passkey");
            if (StrictBase64.Read(ReceiptCheck.Text(named, "public_key") ?? "") is not { } info || !PasskeyKey.TryRead(info, out var key))
                return ReceiptCheck.Bad($"entry {naming.Index} has no key of a passkey");
            return new PasskeyApproval(person, "", passkey, key, new(ReceiptCheck.Text(named, "party") ?? "", ReceiptCheck.Text(named, "origin") ?? ""), name ?? "");
        }

        return ReceiptCheck.Bad($"nothing says whose passkey {passkey} is");
    }
}
