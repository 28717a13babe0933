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

namespace Writ.Tests.Proof.Log;

/// <summary>Receipts of runs that got more time: who decided on it is checked as it is for the request itself.</summary>
public sealed class ReceiptExtensionsTests : IDisposable
{
    private const string Kim = "act_06bq0000000000000000000005", Alex = "act_06bq0000000000000000000008", Passkey = "pk_06bq0000000000000000000001", Grant = "gr_1", First = "req_1";
    private static readonly NoteSigner Log = Signer();
    private readonly SoftAuthenticator _kim = new();

    public void Dispose() => _kim.Dispose();

    [Fact]
    public async Task Verify_receipt_of_an_extended_run_tells_who_decided_on_the_later_deadline()
    {
        var read = Receipt.Read((await New().Make()).ToBytes()).Value;
        Encoding.UTF8.GetString(read.ToBytes()).ShouldStartWith("writ-receipt/v4\n");
        Verify(read).IsOk.ShouldBeTrue();
        var more = ReceiptExtensions.Of(read, [Log.Key]).ShouldHaveSingleItem();
        (more.Request, more.Asker, more.From, more.Until, more.IsInForce).ShouldBe((OrderSamples.Longer.Request, "dana", OrderSamples.AtTerminal.Deadline, OrderSamples.Extension().Deadline, true));
        more.Deciders.ShouldBe([$"kim ({Kim})"]);
        more.Passkeys.ShouldHaveSingleItem().ConfirmedBy.ShouldBe("alex");
        ReceiptExtensions.AreMissing(read).ShouldBeFalse();
        // Of a version that did not carry it, it holds as before, and says what it does not tell.
        var before = Receipt.Read((read with { Extensions = null }).ToBytes()).Value;
        Verify(before).IsOk.ShouldBeTrue();
        ReceiptExtensions.AreMissing(before).ShouldBeTrue();
        ReceiptExtensions.Of(before, [Log.Key]).ShouldBeEmpty();
    }

    [Fact]
    public async Task Verify_any_changed_byte_of_a_receipt_of_an_extended_run_is_found()
    {
        var file = (await New().Make()).ToBytes();
        var text = Encoding.UTF8.GetString(file);
        for (var at = 0; at < file.Length - 1; at++)
        {
            file[at] ^= 1;
            var read = Receipt.Read(file);
            (read.IsOk && Verify(read.Value).IsOk).ShouldBeFalse($"at {at}: {text[Math.Max(0, at - 40)..at]}");
            file[at] ^= 1;
        }
    }

    [Theory]
    [InlineData("receipt-v1")]
    [InlineData("receipt-v2")]
    [InlineData("receipt-v3")]
    [InlineData("receipt-v3-extended")]
    [InlineData("receipt-v4")]
    public async Task Verify_receipts_that_were_written_once_hold_for_ever(string name)
    {
        var story = New();
        var now = (await story.Make()).ToBytes();
        if (name is not "receipt-v4")
            now = (await story.Make() with { Extensions = null }).ToBytes();
        if (name is "receipt-v1" or "receipt-v2" or "receipt-v3")
        {
            var plain = new Story(this) { Passkeys = name is "receipt-v3", Extended = false, SignsEnd = name is "receipt-v2" };
            now = (await plain.Make()).ToBytes();
        }

        var golden = EncodingTests.Golden(name, now);
        Encoding.UTF8.GetString(golden).ShouldStartWith(name[..10].Replace("receipt-v", "writ-receipt/v", StringComparison.Ordinal) + "\n");
        var read = Receipt.Read(golden).Value;
        read.ToBytes().ShouldBe(golden);
        Verify(read).IsOk.ShouldBeTrue();
        ReceiptExtensions.AreMissing(read).ShouldBe(name is "receipt-v3-extended");
    }

    [Fact]
    public async Task Verify_more_time_that_was_not_decided_as_it_is_said_is_refused()
    {
        foreach (var (why, change) in ((string, Action<Story>)[])
                 [
                     ("is of another request", story => story.More("decision.made")["correlation"] = First),
                     ("nobody asked for it", story => story.More("request.created")["extends"] = "run_other"),
                     ("nobody asked for it", story => story.More("request.created")["type"] = "request.cancelled"),
                     ("policy was not asked", story => story.More("request.evaluated")["type"] = "request.cancelled"),
                     ("not asked, then decided with a yes", story => story.More("request.created")["statement"] = new string('0', 64)),
                     ("not asked, then decided with a yes", story => story.More("decision.made")["approved"] = false),
                     ("not asked, then decided with a yes", story => story.More("decision.made")["statement"] = new string('0', 64)),
                     ("not asked, then decided with a yes", story => story.More("decision.made")["type"] = "request.expired"),
                     ("not asked, then decided with a yes", story => story.MoveAfter("decision.made", "grant.extended")),
                     ("not asked, then decided with a yes", story => story.MoveAfter("request.created", "grant.extended")),
                     ("decided on their own request", story => story.More("decision.made")["actor"]!["id"] = OrderSamples.Asked.Actor.Id),
                     ("policy decided alone", story => { story.ByPolicy(); story.More("request.evaluated")["verdict"] = "require-approval"; }),
                     ("more time was granted by req_other, and its decision is not in it", story => story.Run("grant.extended")["extension"] = "req_other"),
                     ("grants something else", story => story.Run("grant.extended")["statement"] = new string('0', 64)),
                     ("grants something else", story => story.Run("grant.extended")["grant"] = "gr_2"),
                     ("grants something else", story => story.Run("grant.extended").Remove("grant")),
                     ("grants something else", story => story.Run("grant.extended")["deadline"] = Text(OrderSamples.AtTerminal.Deadline + 1)),
                     ("grants something else", story => story.Run("grant.extended")["not_after"] = Text(OrderSamples.Extension().Deadline + 1)),
                     ("is of another run", story => story.Run("grant.extended")["run"] = "run_other"),
                     ("grants something else", story => story.Run("grant.extended").Remove("run")),
                     ("no order of it, or several", story => story.Run("run.extension-ordered")["extension"] = "req_other"),
                     ("not the one that the log has", story => story.Run("run.extension-ordered")["order_sha256"] = new string('0', 64)),
                     ("not signed by the key", story => story.Run("run.extension-ordered")["order_key"] = Convert.ToBase64String(SigningKeys.PublicKey(new byte[32]))),
                     ("does not follow from the statement", story => story.Run("run.extension-ordered")["deadline"] = Text(OrderSamples.Extension().Deadline - 1)),
                     ("does not follow from the statement", story => story.Run("run.extension-ordered")["from"] = Text(OrderSamples.AtTerminal.Deadline - 1)),
                     ("does not follow from what was decided", story => story.Run("run.extended")["deadline"] = Text(OrderSamples.Extension().Deadline + 1)),
                     ("does not follow from what was decided", story => story.Run("run.extended")["from"] = Text(OrderSamples.AtTerminal.Deadline - 1)),
                     ("was never decided and ordered", story => story.Run("run.extended")["extension"] = "req_other"),
                     ("was never decided and ordered", story => story.MoveAfter("run.extension-ordered", "run.extended")),
                     ("has no deadline", story => story.Run("run.extended").Remove("deadline")),
                     ("is later than any that was decided", story => story.Run("run.ended")["deadline"] = Text(OrderSamples.Extension().Deadline + 1)),
                     ("is later than any that was decided", story => story.Run("run.extended")["type"] = "run.extension-void"),
                     ("malformed", story => story.More("decision.made")["passkey"]!["at"] = "now"),
                     ("another challenge", story => story.More("decision.made")["passkey"]!["nonce"] = Convert.ToBase64String(new byte[32])),
                     ("is not in the order", story => story.More("decision.made")["passkey"] = Said(_kim.Approve(Statement.DigestOf(OrderSamples.Longer.ToBytes()), OrderSamples.Now))),
                     ("nothing says whose passkey", story => story.Keys[0]["passkey"] = "pk_other"),
                     ("does not confirm a passkey of", story => story.Keys[0]["for_actor"] = Alex),
                     ("the log has not", story => story.More("decision.made").Remove("passkey")),
                 ])
        {
            var story = New();
            change(story);
            ShouldBeRefused(await story.Make(), why);
        }
    }

    [Fact]
    public async Task Verify_statement_or_order_of_more_time_that_is_another_is_refused()
    {
        var longer = OrderSamples.Longer;
        foreach (var (why, statement, change) in ((string, Statement, Func<RunOrder, RunOrder>)[])
                 [
                     ("is of another request or run", longer with { Request = First }, order => order),
                     ("is of another request or run", longer with { Extends = "run_other" }, order => order),
                     ("is of another request or run", OrderSamples.WithTerminal, order => order),
                     ("change more of the run than its time", longer with { Argv = [.. longer.Argv!, "-v"] }, order => order),
                     ("change more of the run than its time", longer with { Scope = longer.Scope with { Tcp = "1-65535" } }, order => order),
                     ("change more of the run than its time", longer with { Actor = new(Kim, "kim") }, order => order),
                     ("is of no time", longer with { Duration = long.MaxValue }, order => order),
                     ("is of no time", longer with { Start = -1 }, order => order),
                     ("does not follow from the statement", longer, order => order with { Deadline = order.Deadline + 1 }),
                     ("does not follow from the statement", longer with { LatestEnd = OrderSamples.Extension().Deadline - 1 }, order => order),
                     ("does not follow from what was decided", longer with { Start = longer.Start - 1 }, order => order with { Deadline = order.Deadline - 1 }),
                     ("of more time for another run", longer, order => order with { Run = "run_other" }),
                     ("change more of the run than its time", longer, order => order with { Budget = Budget.Unlimited }),
                     ("executes another argv", longer, order => order with { Argv = [.. order.Argv, "-v"] }),
                     ("a decision that the log has not", longer, order => order with { Decisions = [] }),
                     ("a decision that the log has not", longer, order => order with { Decisions = [.. order.Decisions, order.Decisions[0] with { By = Alex, Passkey = null }] }),
                     ("a decision that the log has not", longer, order => order with { Decisions = [order.Decisions[0] with { Statement = new('0', 64) }] }),
                     ("another statement than the one", longer, order => order with { Statement = OrderSamples.WithTerminal.ToBytes() }),
                 ])
        {
            var story = new Story(this) { Longer = statement, Changed = change };
            // The log agrees with whatever was made up: its keeper can write what he likes.
            story.Run("grant.extended")["deadline"] = Text(statement.Start ?? 0);
            story.Run("grant.extended")["not_after"] = Text(statement.Duration == long.MaxValue ? 0 : statement.NotAfter(0));
            story.Run("run.extension-ordered")["from"] = Text(statement.Start ?? 0);
            ShouldBeRefused(await story.Make(), why);
        }
    }

    [Fact]
    public async Task Verify_receipt_that_carries_other_decisions_than_were_granted_is_refused()
    {
        var receipt = await New().Make();
        var more = receipt.Extensions![0];
        foreach (var (why, changed) in ((string, Receipt)[])
                 [
                     ("its decision is not in it", receipt with { Extensions = [] }),
                     ("not those that were granted", receipt with { Extensions = [more, more] }),
                     ("its order is missing", receipt with { Extensions = [more with { Order = null }] }),
                     ("its decision is not in it", receipt with { Extensions = [more with { Request = First }] }),
                     ("statement cannot be read", receipt with { Extensions = [more with { Statement = [] }] }),
                     ("nobody asked for it", receipt with { Extensions = [more with { Entries = [] }] }),
                     ("stands out of order", receipt with { Extensions = [more with { Entries = [.. more.Entries.Reverse()] }] }),
                     ("policy was not asked", receipt with { Extensions = [more with { Entries = [more.Entries[0]] }] }),
                     ("then decided with a yes", receipt with { Extensions = [more with { Entries = [.. more.Entries.Take(2)] }] }),
                 ])
            ShouldBeRefused(changed, why);

        // A receipt of a run that got none does not carry any either.
        var plain = await new Story(this) { Extended = false }.Make();
        Verify(plain).IsOk.ShouldBeTrue();
        ShouldBeRefused(plain with { Extensions = [more] }, "not those that were granted");
        foreach (var none in new[] { "\"extensions\":[null]", "\"extensions\":[{}]", "\"extensions\":null", "\"extensions\":{}" })
            Receipt.Read(Encoding.UTF8.GetBytes("writ-receipt/v4\n" + Encoding.UTF8.GetString(plain.ToBytes())[16..].Replace("{\"run\"", $"{{{none},\"run\"", StringComparison.Ordinal))).IsOk.ShouldBeFalse(none);
        foreach (var none in new[] { "\"entries\":[null,", "\"proof\":[null," })
            Receipt.Read(Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(plain.ToBytes()).Replace(none.Replace("null,", "", StringComparison.Ordinal), none, StringComparison.Ordinal))).IsOk.ShouldBeFalse(none);
    }

    [Fact]
    public async Task Verify_more_time_by_policy_and_more_time_that_never_came_into_force_hold()
    {
        var story = New();
        story.ByPolicy();
        var receipt = await story.Make();
        Verify(receipt).IsOk.ShouldBeTrue();
        ReceiptExtensions.Of(receipt, [Log.Key]).ShouldHaveSingleItem().Deciders.ShouldBe(["policy"]);

        // Ordered and refused by the runner; then, decided and never ordered.
        story = New();
        story.Run("run.extended")["type"] = "run.extension-void";
        story.Run("run.ended")["deadline"] = Text(OrderSamples.AtTerminal.Deadline);
        Verify(await story.Make()).IsOk.ShouldBeTrue();
        ReceiptExtensions.Of(await story.Make(), [Log.Key]).ShouldHaveSingleItem().IsInForce.ShouldBeFalse();
        story.Remove("run.extension-ordered");
        var unordered = await story.Make();
        unordered = unordered with { Extensions = [unordered.Extensions![0] with { Order = null }] };
        Verify(unordered).IsOk.ShouldBeTrue();
        ReceiptExtensions.Of(unordered, [Log.Key]).ShouldHaveSingleItem().ShouldSatisfyAllConditions(more => more.IsInForce.ShouldBeFalse(), more => more.Passkeys.ShouldHaveSingleItem());

        // The run's own request is held to the same.
        story = New();
        story.Run("decision.made")["actor"] = new JsonObject { ["id"] = OrderSamples.Asked.Actor.Id };
        ShouldBeRefused(await story.Make(), "decided on their own request");
        var late = await new Story(this) { Extended = false, EndsAt = OrderSamples.AtTerminal.Deadline + 1 }.Make();
        ShouldBeRefused(late, "is later than any that was decided");
    }

    private static Result<SignedCheckpoint> Verify(Receipt receipt) => ReceiptCheck.Verify(receipt, [Log.Key]);

    private static void ShouldBeRefused(Receipt receipt, string why)
    {
        var refused = Verify(receipt);
        refused.IsOk.ShouldBeFalse(why);
        refused.Refusal.Code.ShouldBe(ErrorCode.BadSignature);
        refused.Refusal.Message.ShouldContain(why);
    }

    private static JsonObject Said(PasskeyAssertion signed)
    {
        var said = JsonNode.Parse(signed.ToBytes())!.AsObject();
        said["id"] = Passkey;
        return said;
    }

    private static string Text(long at) => UnixMicroseconds.ToInstant(at).ToString("O");

    // A key that is the same for ever, for files that are.
    private static NoteSigner Signer()
    {
        byte[] seed = [.. Enumerable.Range(64, 32).Select(i => (byte)i)];
        var key = NoteKey.Of("log.example", NoteKeyKind.Ed25519, SigningKeys.PublicKey(seed));
        return NoteSigner.Parse($"PRIVATE+KEY+log.example+{key.Id:x8}+{Convert.ToBase64String([(byte)NoteKeyKind.Ed25519, .. seed])}").Value;
    }

    private Story New() => new(this);

    // What the log has of a run that got a quarter of an hour more, decided by passkey; entries are made when they are first looked at.
    private sealed class Story(ReceiptExtensionsTests test)
    {
        private static readonly byte[] RunnerSeed = [.. Enumerable.Range(32, 32).Select(i => (byte)i)];
        private List<(string Kind, JsonObject Entry)>? _entries;
        private RunOrder? _more;

        public bool Passkeys { get; init; } = true;
        public bool Extended { get; init; } = true;
        public bool SignsEnd { get; init; }
        public long? EndsAt { get; init; }
        public Statement Longer { get; init; } = OrderSamples.Longer;
        public Func<RunOrder, RunOrder> Changed { get; init; } = order => order;

        public IReadOnlyList<JsonObject> Keys => [.. Entries.Where(entry => entry.Kind == "approver").Select(entry => entry.Entry)];

        public JsonObject More(string type) => Entries.First(entry => entry.Kind == "more" && (string?)entry.Entry["type"] == type).Entry;

        public JsonObject Run(string type) => Entries.First(entry => entry.Kind == "run" && (string?)entry.Entry["type"] == type).Entry;

        public void Remove(string type) => Entries.RemoveAll(entry => (string?)entry.Entry["type"] == type);

        public void MoveAfter(string type, string after)
        {
            var moved = Entries.Last(entry => (string?)entry.Entry["type"] == type);
            Entries.Remove(moved);
            Entries.Insert(Entries.FindIndex(entry => (string?)entry.Entry["type"] == after) + 1, moved);
        }

        public void ByPolicy()
        {
            _more = Order with { Decisions = [Order.Decisions[0] with { By = "policy", Passkey = null }] };
            var decision = More("decision.made");
            decision.Remove("passkey");
            decision.Remove("actor");
            (decision["by"], More("request.evaluated")["verdict"]) = ("policy", "allow");
            Run("run.extension-ordered")["order_sha256"] = Convert.ToHexStringLower(SHA256.HashData(_more.ToBytes()));
        }

        private RunOrder Begun { get; } = OrderSamples.AtTerminal;

        private RunOrder Order => _more ??= Ordered();

        private List<(string Kind, JsonObject Entry)> Entries => _entries ??= Written();

        private PasskeyAssertion Yes(byte[] statement) => test._kim.Approve(Statement.DigestOf(statement), OrderSamples.Now);

        private RunOrder Ordered()
        {
            var order = OrderSamples.Extension(Longer);
            return Changed(order with { Decisions = [order.Decisions[0] with { Passkey = Passkeys ? Yes(order.Statement) : null }] });
        }

        private List<(string, JsonObject)> Written()
        {
            var entries = new List<(string, JsonObject)>();
            if (SignsEnd)
                entries.Add(("runner", new() { ["type"] = "runner.enrolled", ["runner"] = OrderSamples.Runner, ["receipt_key"] = Convert.ToBase64String(SigningKeys.PublicKey(RunnerSeed)) }));
            if (Passkeys)
            {
                entries.Add(("approver", new()
                {
                    ["type"] = "passkey.confirmed", ["actor"] = new JsonObject { ["id"] = Alex, ["name"] = "alex" }, ["passkey"] = Passkey, ["for_actor"] = Kim,
                    ["public_key"] = Convert.ToBase64String(test._kim.Key.Info), ["party"] = "writ.example.com", ["origin"] = "https://writ.example.com",
                }));
            }

            var digest = Statement.DigestOf(Begun.Statement);
            Add("run", First, "request.created", ("statement", digest));
            Add("run", First, "request.evaluated", ("verdict", "require-approval"));
            var yes = Passkeys && !Extended ? Yes(Begun.Statement) : null;
            Decision("run", First, digest, yes);
            _begun = Begun with { Decisions = [Begun.Decisions[0] with { Passkey = yes }] };
            Add("run", First, "grant.issued", ("statement", digest), ("grant", Grant));
            Add("run", First, "run.ordered", ("run", Begun.Run), ("order_sha256", Convert.ToHexStringLower(SHA256.HashData(_begun.ToBytes()))), ("order_key", OrderKey));
            if (Extended)
            {
                var wanted = Longer.ToBytes();
                var more = Statement.DigestOf(wanted);
                var id = OrderSamples.Longer.Request;
                Add("more", id, "request.created", ("statement", more), ("extends", Begun.Run));
                Add("more", id, "request.evaluated", ("verdict", "require-approval"));
                Decision("more", id, more, Order.Decisions.Select(decision => decision.Passkey).FirstOrDefault());
                Add("run", First, "grant.extended", ("grant", Grant), ("run", Begun.Run), ("extension", id), ("statement", more), ("deadline", Text(Begun.Deadline)), ("not_after", Text(OrderSamples.Extension().Deadline)));
                Add("run", First, "run.extension-ordered", ("run", Begun.Run), ("extension", id), ("from", Text(Begun.Deadline)), ("deadline", Text(Order.Deadline)),
                    ("order_sha256", Convert.ToHexStringLower(SHA256.HashData(Order.ToBytes()))), ("order_key", OrderKey));
                Add("run", First, "run.extended", ("run", Begun.Run), ("extension", id), ("from", Text(Begun.Deadline)), ("deadline", Text(Order.Deadline)));
            }

            Add("run", First, "run.ended", ("run", Begun.Run), ("deadline", Text(EndsAt ?? (Extended ? Order.Deadline : Begun.Deadline))));
            if (SignsEnd)
                Sign(entries[^1].Item2);
            return entries;

            void Add(string kind, string correlation, string type, params (string Name, JsonNode Value)[] fields)
            {
                var entry = ReceiptTests.Entry(type, fields);
                entry["correlation"] = correlation;
                entries.Add((kind, entry));
            }

            void Decision(string kind, string correlation, string statement, PasskeyAssertion? signed)
            {
                Add(kind, correlation, "decision.made", ("time", Text(OrderSamples.Now + OrderSamples.Minute)), ("actor", new JsonObject { ["id"] = Kim, ["name"] = "kim" }), ("statement", statement), ("approved", true));
                if (signed is null)
                    return;
                entries[^1].Item2["passkey"] = Said(signed);
            }
        }

        private RunOrder? _begun;

        private static string OrderKey => Convert.ToBase64String(SigningKeys.PublicKey(OrderSamples.Seed));

        private void Sign(JsonObject ended)
        {
            var end = new Writ.Proof.Runs.KillReceipt
            {
                Run = Begun.Run, Runner = OrderSamples.Runner, Order = Convert.ToHexStringLower(SHA256.HashData(_begun!.ToBytes())), Deadline = Begun.Deadline, Cause = "exited", Detail = "",
                EndedAt = OrderSamples.Now, RecordingBytes = 0, RecordingSha256 = new('0', 64), Outputs = [],
            };
            foreach (var (name, value) in end.Facts().Where(fact => fact.Value is not null))
                ended[name] = value!.DeepClone();
            var signed = SigningKeys.Sign(RunnerSeed, end.ToBytes());
            ended["receipt"] = new JsonObject { ["bytes"] = Convert.ToBase64String(signed.Bytes), ["signature"] = Convert.ToBase64String(signed.Signature), ["key_id"] = signed.KeyId };
        }

        public async Task<Receipt> Make()
        {
            var bytes = Entries.Select(entry => Encoding.UTF8.GetBytes(entry.Entry.ToJsonString())).ToArray();
            var leaves = bytes.Select(entry => LogHash.OfLeaf(entry)).ToArray();
            var (tree, head) = (Trees.Of(leaves), new Checkpoint("log.example", leaves.Length, Trees.Root(leaves)));
            var proven = new List<(string Kind, ReceiptEntry Entry)>();
            for (var at = 0; at < bytes.Length; at++)
                proven.Add((Entries[at].Kind, new(at, bytes[at], [.. (await tree.Inclusion(at, leaves.Length)).Select(hash => hash.ToString())])));
            var signed = SigningKeys.Sign(OrderSamples.Seed, _begun!.ToBytes());
            var note = new SignedNote(head.Text, [Log.Sign(head.Text, DateTimeOffset.UnixEpoch)]).ToString();
            return new(Begun.Run, First, signed.Bytes, signed.Signature, signed.KeyId, Of("run"), note, Of("runner").SingleOrDefault(), Passkeys ? Of("approver") : null,
                Extended ? [new(OrderSamples.Longer.Request, Longer.ToBytes(), Of("more"), OrderSamples.Signed(Order))] : null);

            ReceiptEntry[] Of(string kind) => [.. proven.Where(entry => entry.Kind == kind).Select(entry => entry.Entry)];
        }
    }
}
