using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Writ.Proof.Errors;
using Writ.Proof.Log;
using Writ.Proof.Orders;
using Writ.Proof.Runs;
using Writ.Proof.Statements;
using Writ.Tests.Proof.Orders;

namespace Writ.Tests.Proof.Log;

public sealed class ReceiptTests
{
    private static readonly DateTimeOffset Now = new(2026, 3, 2, 9, 0, 0, TimeSpan.Zero);
    internal static readonly NoteSigner Log = NoteSigner.New("log.example", NoteKeyKind.Ed25519);

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

    private static KillReceipt End { get; } = new()
    {
        Run = OrderSamples.Order().Run,
        Runner = OrderSamples.Runner,
        Order = Convert.ToHexStringLower(SHA256.HashData(OrderSamples.Order().ToBytes())),
        Deadline = OrderSamples.Now,
        Cause = "deadline",
        Detail = "",
        KilledAt = OrderSamples.Now + 412,
        EndedAt = OrderSamples.Now + 3_120,
        ProcessesFound = 4,
        ProcessesLeft = 0,
        Fence = new(true, 1_204, 72_240, 3, 180, 0, 1, 17, 0, [new("staging", 1_204, 72_240, 4, 240)], LastPacketAt4: OrderSamples.Now - 61_000),
        RecordingBytes = 812,
        RecordingSha256 = new('7', 64),
        Outputs = [new("/live/xml", 4_096, new('a', 64), true), new("/out/scan.xml", 12, new('b', 64), false)],
    };

    private static byte[] RunnerSeed { get; } = [.. Enumerable.Range(32, 32).Select(i => (byte)i)];

    [Fact]
    public void Kill_receipt_encodes_to_and_decodes_from_the_golden_bytes()
    {
        var golden = EncodingTests.Golden("kill-receipt-v1", End.ToBytes());
        End.ToBytes().ShouldBe(golden);
        golden.AsSpan().StartsWith("writ-kill-receipt/v1\n"u8).ShouldBeTrue();
        KillReceipt.Read(golden).Value.ToBytes().ShouldBe(golden);
        RunOrder.Read(golden).IsOk.ShouldBeFalse();
        var text = Encoding.UTF8.GetString(golden);
        foreach (var (from, to) in new[] { ("\"processes_left\":0", "\"processes_left\":0,\"extra\":1"), ("\"cause\":\"deadline\",", ""), ("\"closed\":true", "\"closed\":true,\"closed\":false"), ("/v1", "/v2") })
        {
            text.ShouldContain(from);
            KillReceipt.Read(Encoding.UTF8.GetBytes(text.Replace(from, to, StringComparison.Ordinal))).IsOk.ShouldBeFalse(from);
        }
    }

    [Fact]
    public async Task Verify_signed_end_holds_and_tells_what_the_runner_saw()
    {
        var receipt = await Make(SignedStory(), signed: true);
        var read = Receipt.Read(receipt.ToBytes()).Value;
        ReceiptCheck.Verify(read, [Log.Key]).IsOk.ShouldBeTrue();
        var (end, key) = ReceiptCheck.SignedEnd(read).ShouldNotBeNull();
        (end.ProcessesLeft, key).ShouldBe((0, SigningKeys.KeyId(SigningKeys.PublicKey(RunnerSeed))));
        ReceiptCheck.SignedEnd(await Make(Story())).ShouldBeNull();
        var bytes = receipt.ToBytes();
        for (var at = 0; at < bytes.Length - 1; at += 7)
        {
            bytes[at] ^= 1;
            var changed = Receipt.Read(bytes);
            (changed.IsOk && ReceiptCheck.Verify(changed.Value, [Log.Key]).IsOk).ShouldBeFalse($"at {at}");
            bytes[at] ^= 1;
        }
    }

    [Fact]
    public async Task Verify_end_that_the_logs_own_keeper_has_changed_names_what_was()
    {
        foreach (var (why, change) in ((string, Action<List<JsonObject>>)[])
                 [
                     ("processes_left in entry 7 is not what the runner signed", story => story[^1]["processes_left"] = 2),
                     ("fence.closed in entry 7 is not", story => story[^1]["fence"]!["closed"] = false),
                     ("fence.zones[0].dropped in entry 7 is not", story => story[^1]["fence"]!["zones"]![0]!["dropped"] = 0),
                     ("kill_at in entry 7 is not", story => story[^1]["kill_at"] = null),
                     ("recording_sha256 in entry 7 is not", story => story[^1]["recording_sha256"] = new string('8', 64)),
                     ("outputs in entry 7 is not", story => story[^1]["outputs"]![0]!["sha256"] = new string('c', 64)),
                     ("outputs in entry 7 is not", story => story[^1]["outputs"] = new JsonArray()),
                     ("results in entry 7 is not", story => story[^1]["results"]!["cut"] = false),
                     ("was changed after the runner signed it", story => Resign(story, End with { ProcessesLeft = 2 }, signature: SigningKeys.Sign(RunnerSeed, End.ToBytes()))),
                     ("was signed with another key than the runner's", story => Resign(story, End, SigningKeys.Sign(new byte[32], End.ToBytes()))),
                     ("is of another run, runner or order", story => Resign(story, End with { Order = new('0', 64) })),
                     ("is of another run, runner or order", story => Resign(story, End with { Run = "run_other" })),
                     ("does not name a key of the runner", story => story[0]["runner"] = OrderSamples.OtherRunner),
                     ("does not name a key of the runner", story => story[0]["type"] = "runner.connected"),
                 ])
        {
            var story = SignedStory();
            change(story);
            var refused = ReceiptCheck.Verify(await Make(story, signed: true), [Log.Key]);
            refused.IsOk.ShouldBeFalse(why);
            refused.Refusal.Message.ShouldContain(why);
        }

        var without = await Make(SignedStory(), signed: true) with { RunnerKey = null };
        ReceiptCheck.Verify(without, [Log.Key]).Refusal.Message.ShouldContain("nothing says with which key");
    }

    private static void Resign(List<JsonObject> story, KillReceipt end, SignedBytes? signature = null)
    {
        var signed = signature ?? SigningKeys.Sign(RunnerSeed, end.ToBytes());
        story[^1]["receipt"] = new JsonObject
        {
            ["bytes"] = Convert.ToBase64String(end.ToBytes()), ["signature"] = Convert.ToBase64String(signed.Signature), ["key_id"] = signed.KeyId,
        };
    }

    // The entry that has the runner's key comes first.
    [Fact]
    public async Task Verify_break_glass_is_in_the_statement_and_in_the_story_or_in_neither()
    {
        var order = OrderSamples.Order(OrderSamples.Broken);
        var story = Story(order);
        ReceiptCheck.Verify(await Make(story, ordered: order), [Log.Key]).IsOk.ShouldBeFalse("the statement says so, and the story does not");
        story.Insert(4, Entry("glass.broken"));
        var receipt = await Make(story, ordered: order);
        ReceiptCheck.Verify(receipt, [Log.Key]).IsOk.ShouldBeTrue();
        ReceiptCheck.IsBreakGlass(receipt).ShouldBeTrue();
        ReceiptCheck.Review(receipt).ShouldBeNull();
        story.Add(Entry("glass.reviewed", ("actor", new JsonObject { ["name"] = "sam" }), ("justified", true), ("comment", "it was down")));
        ReceiptCheck.Review(await Make(story, ordered: order)).ShouldBe("reviewed by sam, justified: it was down");
        var ordinary = Story();
        ReceiptCheck.IsBreakGlass(await Make(ordinary)).ShouldBeFalse();
        ordinary.Insert(4, Entry("glass.broken"));
        ReceiptCheck.Verify(await Make(ordinary), [Log.Key]).IsOk.ShouldBeFalse("the story says so, and the statement does not");
    }

    private static List<JsonObject> SignedStory()
    {
        var story = Story();
        story.RemoveAt(story.Count - 1);
        story.Add(Entry("run.ended", [.. End.Facts().Where(fact => fact.Value is not null).Select(fact => (fact.Key, fact.Value!.DeepClone()))]));
        story[^1]["recording_whole"] = true;
        story[^1]["recording_sha256"] = End.RecordingSha256;
        JsonObject[] files = [.. End.Outputs.Select(file => new JsonObject { ["path"] = file.Path, ["bytes"] = file.Bytes, ["sha256"] = file.Sha256, ["cut"] = file.Cut })];
        (story[^1]["results"], story[^1]["outputs"]) = (files[0], new JsonArray(files[1]));
        Resign(story, End);
        story.Insert(0, new() { ["type"] = "runner.enrolled", ["runner"] = OrderSamples.Runner, ["receipt_key"] = Convert.ToBase64String(SigningKeys.PublicKey(RunnerSeed)) });
        return story;
    }

    private static List<JsonObject> Story(RunOrder? ordered = null)
    {
        var order = ordered ?? OrderSamples.Order();
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

    internal static JsonObject Entry(string type, params (string Name, JsonNode Value)[] fields)
    {
        var entry = new JsonObject { ["type"] = type, ["correlation"] = "req_1" };
        foreach (var (name, value) in fields)
            entry[name] = value;
        return entry;
    }

    /// <summary>A receipt of a story; the first entries of it may be of keys, and stand for themselves then.</summary>
    internal static Task<Receipt> Make(List<JsonObject> story, bool signed = false, RunOrder? ordered = null, int approverKeys = 0) =>
        Make([.. story.Select(entry => Encoding.UTF8.GetBytes(entry.ToJsonString()))], signed, ordered, approverKeys);

    internal static async Task<Receipt> Make(byte[][] entries, bool signed = false, RunOrder? ordered = null, int approverKeys = 0)
    {
        var order = ordered ?? OrderSamples.Order();
        var envelope = SigningKeys.Sign(OrderSamples.Seed, order.ToBytes());
        // Others stand before and after it in the log.
        var leaves = ((byte[][])[[1], .. entries, [2]]).Select(entry => LogHash.OfLeaf(entry)).ToArray();
        var (tree, head) = (Trees.Of(leaves), new Checkpoint("log.example", leaves.Length, Trees.Root(leaves)));
        var proven = new List<ReceiptEntry>();
        for (var at = 0; at < entries.Length; at++)
            proven.Add(new(at + 1, entries[at], [.. (await tree.Inclusion(at + 1, leaves.Length)).Select(hash => hash.ToString())]));
        var naming = signed ? proven[0] : null;
        if (signed)
            proven.RemoveAt(0);
        var confirmed = approverKeys > 0 ? proven.Take(approverKeys).ToArray() : null;
        proven.RemoveRange(0, approverKeys);
        return new(order.Run, "req_1", envelope.Bytes, envelope.Signature, envelope.KeyId, proven, new SignedNote(head.Text, [Log.Sign(head.Text, Now)]).ToString(), naming, confirmed);
    }
}
