using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Writ.Proof.Errors;
using Writ.Proof.Log;
using Writ.Proof.Orders;
using Writ.Proof.Statements;
using Writ.Tests.Proof.Orders;

namespace Writ.Tests.Proof.Log;

public sealed class ReceiptTests
{
    private static readonly DateTimeOffset Now = new(2026, 3, 2, 9, 0, 0, TimeSpan.Zero);
    private static readonly NoteSigner Log = NoteSigner.New("log.example", NoteKeyKind.Ed25519);

    [Fact]
    public async Task Verify_receipt_of_a_run_holds_and_is_read_as_it_was_written()
    {
        var receipt = await Make(Story());
        var read = Receipt.Read(receipt.ToBytes()).Value;
        read.ToBytes().ShouldBe(receipt.ToBytes());
        ReceiptCheck.Verify(read, [Log.Key]).Value.Head.Size.ShouldBe(Story().Count + 2);
        ReceiptCheck.Verify(read, [NoteSigner.New("log.example", NoteKeyKind.Ed25519).Key]).IsOk.ShouldBeFalse();
        foreach (var entry in read.Entries)
            LogProof.Parse(read.ProofOf(entry).Value.ToString()).Value.Verify(entry.Entry, [Log.Key]).IsOk.ShouldBeTrue();
    }

    [Fact]
    public async Task Verify_any_changed_byte_of_a_receipt_is_found()
    {
        var file = (await Make(Story())).ToBytes();
        var text = Encoding.UTF8.GetString(file);
        for (var at = 0; at < file.Length - 1; at++)
        {
            file[at] ^= 1;
            var read = Receipt.Read(file);
            (read.IsOk && ReceiptCheck.Verify(read.Value, [Log.Key]).IsOk).ShouldBeFalse($"at {at}: {text[Math.Max(0, at - 20)..at]}");
            file[at] ^= 1;
        }
    }

    [Fact]
    public async Task Verify_receipt_put_together_otherwise_is_refused()
    {
        foreach (var (what, why, change) in ((string, string, Action<List<JsonObject>>)[])
                 [
                     ("another request's entry", "is of another request", story => story[2]["correlation"] = "req_other"),
                     ("another run's end", "is of another run", story => story[^1]["run"] = "run_other"),
                     ("a denial in place of the yes", "was not asked, decided and granted", story => story[2]["approved"] = false),
                     ("a yes to another statement", "was not asked, decided and granted", story => story[2]["statement"] = new string('0', 64)),
                     ("a grant of another statement", "was not asked, decided and granted", story => story[3]["statement"] = new string('0', 64)),
                     ("another order", "is not the one that the log has", story => story[4]["order_sha256"] = new string('0', 64)),
                     ("another key of the order", "is not signed by the key", story => story[4]["order_key"] = Convert.ToBase64String(SigningKeys.PublicKey(new byte[32]))),
                     ("no decision", "has no decision.made", story => story.RemoveAt(2)),
                     ("no end", "has no end", story => story.RemoveAt(story.Count - 1)),
                 ])
        {
            var story = Story();
            change(story);
            var refused = ReceiptCheck.Verify(await Make(story), [Log.Key]);
            refused.IsOk.ShouldBeFalse(what);
            refused.Refusal.Code.ShouldBe(ErrorCode.BadSignature);
            refused.Refusal.Message.ShouldContain(why, Case.Sensitive, what);
        }

        var good = await Make(Story());
        ReceiptCheck.Verify(good with { Entries = [.. good.Entries.Reverse()] }, [Log.Key]).Refusal.Message.ShouldContain("out of order");
        ReceiptCheck.Verify(good with { Run = "run_other" }, [Log.Key]).IsOk.ShouldBeFalse();
    }

    private static List<JsonObject> Story()
    {
        var order = OrderSamples.Order();
        var statement = Statement.DigestOf(order.Statement);
        return
        [
            Entry("request.created", ("statement", statement)),
            Entry("request.evaluated", ("policy", "p")),
            Entry("decision.made", ("statement", statement), ("approved", true)),
            Entry("grant.issued", ("statement", statement)),
            Entry("run.ordered", ("run", order.Run), ("order_sha256", Convert.ToHexStringLower(SHA256.HashData(order.ToBytes()))),
                ("order_key", Convert.ToBase64String(SigningKeys.PublicKey(OrderSamples.Seed)))),
            Entry("run.ended", ("run", order.Run), ("exit_code", 0)),
        ];
    }

    private static JsonObject Entry(string type, params (string Name, JsonNode Value)[] fields)
    {
        var entry = new JsonObject { ["type"] = type, ["correlation"] = "req_1" };
        foreach (var (name, value) in fields)
            entry[name] = value;
        return entry;
    }

    private static async Task<Receipt> Make(List<JsonObject> story)
    {
        var order = OrderSamples.Order();
        var envelope = SigningKeys.Sign(OrderSamples.Seed, order.ToBytes());
        byte[][] entries = [.. story.Select(entry => Encoding.UTF8.GetBytes(entry.ToJsonString()))];
        // Others stand before and after it in the log.
        var leaves = ((byte[][])[[1], .. entries, [2]]).Select(entry => LogHash.OfLeaf(entry)).ToArray();
        var (tree, head) = (Trees.Of(leaves), new Checkpoint("log.example", leaves.Length, Trees.Root(leaves)));
        var proven = new List<ReceiptEntry>();
        for (var at = 0; at < entries.Length; at++)
            proven.Add(new(at + 1, entries[at], [.. (await tree.Inclusion(at + 1, leaves.Length)).Select(hash => hash.ToString())]));
        return new(order.Run, "req_1", envelope.Bytes, envelope.Signature, envelope.KeyId, proven, new SignedNote(head.Text, [Log.Sign(head.Text, Now)]).ToString());
    }
}
