using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Writ.Proof;
using Writ.Proof.Errors;
using Writ.Proof.Identity;
using Writ.Proof.Log;
using Writ.Proof.Orders;
using Writ.Proof.Statements;
using Writ.Tests.Proof.Identity;
using Writ.Tests.Proof.Orders;
using static Writ.Tests.Proof.Log.ReceiptTests;

namespace Writ.Tests.Proof.Log;

/// <summary>Who keeps the log and the server's keys has every proof anew; what he has not is the approver's passkey.</summary>
public sealed class PasskeyApprovalsTests : IDisposable
{
    private const string Kim = "act_06bq0000000000000000000005", Passkey = "pk_06bq0000000000000000000001";
    private static readonly string Digest = Statement.DigestOf(OrderSamples.WithLive.ToBytes());
    private readonly SoftAuthenticator _kim = new();
    private readonly PasskeyAssertion _yes;

    public PasskeyApprovalsTests() => _yes = _kim.Approve(Digest, OrderSamples.Decided - OrderSamples.Minute);

    public void Dispose() => _kim.Dispose();

    private static RunOrder Order(params PasskeyAssertion[] signed) =>
        OrderSamples.Zoned with { Decisions = [.. signed.Select(yes => new OrderDecision(Kim, OrderSamples.Decided, Digest, Passkey: yes))] };

    private List<JsonObject> Story(RunOrder order)
    {
        var signed = JsonNode.Parse(_yes.ToBytes())!.AsObject();
        signed["id"] = Passkey;
        return
        [
            new()
            {
                ["type"] = "passkey.confirmed", ["actor"] = new JsonObject { ["id"] = "act_06bq0000000000000000000008", ["name"] = "alex" }, ["passkey"] = Passkey,
                ["for_actor"] = Kim, ["public_key"] = Convert.ToBase64String(_kim.Key.Info), ["party"] = "writ.example.com", ["origin"] = "https://writ.example.com",
            },
            Entry("request.created", ("statement", Digest)),
            Entry("request.evaluated", ("policy", "p")),
            Entry("decision.made", ("time", UnixMicroseconds.ToInstant(OrderSamples.Decided).ToString("O")), ("actor", new JsonObject { ["id"] = Kim, ["name"] = "kim" }),
                ("statement", Digest), ("approved", true), ("passkey", signed)),
            Entry("grant.issued", ("statement", Digest)),
            Entry("run.ordered", ("run", order.Run), ("order_sha256", Convert.ToHexStringLower(SHA256.HashData(order.ToBytes()))),
                ("order_key", Convert.ToBase64String(SigningKeys.PublicKey(OrderSamples.Seed)))),
            Entry("run.ended", ("run", order.Run), ("exit_code", 0)),
        ];
    }

    [Fact]
    public async Task Verify_receipt_with_a_passkey_tells_who_approved_exactly_this()
    {
        var receipt = await Make(Story(Order(_yes)), ordered: Order(_yes), approverKeys: 1);
        var read = Receipt.Read(receipt.ToBytes()).Value;
        read.ToBytes().AsSpan().StartsWith("writ-receipt/v3\n"u8).ShouldBeTrue();
        read.ToBytes().ShouldBe(receipt.ToBytes());
        ReceiptCheck.Verify(read, [ReceiptTests.Log.Key]).IsOk.ShouldBeTrue();
        var approval = PasskeyApprovals.Of(read, [ReceiptTests.Log.Key]).ShouldHaveSingleItem();
        (approval.Person, approval.Name, approval.Passkey, approval.ConfirmedBy, approval.Party).ShouldBe((Kim, "kim", Passkey, "alex", SoftAuthenticator.Party));
        foreach (var other in new[] { "v1", "v2", "v4" })
            Receipt.Read(Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(receipt.ToBytes()).Replace("receipt/v3", $"receipt/{other}", StringComparison.Ordinal))).IsOk.ShouldBeFalse(other);
    }

    [Fact]
    public async Task Verify_any_changed_byte_of_a_receipt_with_a_passkey_is_found()
    {
        var file = (await Make(Story(Order(_yes)), ordered: Order(_yes), approverKeys: 1)).ToBytes();
        for (var at = 0; at < file.Length - 1; at += 3)
        {
            file[at] ^= 1;
            var read = Receipt.Read(file);
            (read.IsOk && ReceiptCheck.Verify(read.Value, [ReceiptTests.Log.Key]).IsOk).ShouldBeFalse($"at {at}");
            file[at] ^= 1;
        }
    }

    [Fact]
    public async Task Verify_approval_that_the_keeper_of_the_log_has_made_up_is_refused()
    {
        using var made = new SoftAuthenticator();
        var forged = made.Approve(Digest, _yes.At);
        var elsewhere = _kim.Approve(Statement.DigestOf(OrderSamples.Asked.ToBytes()), _yes.At);
        foreach (var (why, signed, change) in ((string, PasskeyAssertion, Action<List<JsonObject>>)[])
                 [
                     ("not of the approver's key", forged, story => Put(story, forged)),
                     ("signed for another challenge", elsewhere, story => Put(story, elsewhere)),
                     ("is not in the order", elsewhere, _ => { }),
                     ("the log has not", _yes, story => story[3].Remove("passkey")),
                     ("is of another time", _yes, story => story[3]["time"] = UnixMicroseconds.ToInstant(_yes.At + PasskeyAssertion.Life + 1).ToString("O")),
                     ("is of another time", _yes, story => story[3]["time"] = UnixMicroseconds.ToInstant(_yes.At - 1).ToString("O")),
                     ("is of another time", _yes, story => story[3].Remove("time")),
                     ("does not confirm a passkey of", _yes, story => story[0]["for_actor"] = "act_06bq0000000000000000000009"),
                     ("does not confirm a passkey of", _yes, story => story[0]["type"] = "passkey.added"),
                     ("confirmed their own passkey", _yes, story => story[0]["actor"]!["id"] = Kim),
                     ("nothing says whose passkey", _yes, story => story[0]["passkey"] = "pk_other"),
                     ("has no key of a passkey", _yes, story => story[0]["public_key"] = "AAAA"),
                     ("not of the approver's key", _yes, story => story[0]["public_key"] = Convert.ToBase64String(made.Key.Info)),
                     ("not signed at https://writ.example.org", _yes, story => story[0]["origin"] = "https://writ.example.org"),
                     ("malformed", _yes, story => story[3]["passkey"]!["at"] = "now"),
                     ("empty", _yes, story => story[3]["passkey"] = null),
                 ])
        {
            var order = Order(signed);
            var story = Story(order);
            change(story);
            var refused = ReceiptCheck.Verify(await Make(story, ordered: order, approverKeys: 1), [ReceiptTests.Log.Key]);
            refused.IsOk.ShouldBeFalse(why);
            refused.Refusal.Code.ShouldBe(ErrorCode.BadSignature);
            refused.Refusal.Message.ShouldContain(why);
        }

        // Text that is no Unicode is none; nothing throws.
        foreach (var (from, to) in new[] { ("\"kim\"", "\"k\\ud800\""), ("writ.example.com\"", "w\\udfff\""), (Passkey, "pk_\\ud800") })
        {
            var bytes = Story(Order(_yes)).Select(entry => Encoding.UTF8.GetBytes(entry.ToJsonString().Replace(from, to, StringComparison.Ordinal))).ToArray();
            ReceiptCheck.Verify(await Make(bytes, ordered: Order(_yes), approverKeys: 1), [ReceiptTests.Log.Key]).IsOk.ShouldBe(from == "\"kim\"", from);
        }

        var twice = Order(_yes, _yes);
        ReceiptCheck.Verify(await Make(Story(twice), ordered: twice, approverKeys: 1), [ReceiptTests.Log.Key]).Refusal.Message.ShouldContain("twice");
        // A key that was confirmed after the decision.
        var late = Story(Order(_yes));
        var receipt = await Make([.. late[1..], late[0]], ordered: Order(_yes));
        ReceiptCheck.Verify(receipt with { Entries = [.. receipt.Entries.Take(6)], ApproverKeys = [receipt.Entries[6]] }, [ReceiptTests.Log.Key]).Refusal.Message.ShouldContain("before");
    }

    private static void Put(List<JsonObject> story, PasskeyAssertion signed)
    {
        var other = JsonNode.Parse(signed.ToBytes())!.AsObject();
        other["id"] = Passkey;
        story[3]["passkey"] = other;
    }
}
