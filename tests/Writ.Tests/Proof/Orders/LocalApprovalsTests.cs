using System.Text;
using Writ.Proof.Addresses;
using Writ.Proof.Errors;
using Writ.Proof.Identity;
using Writ.Proof.Orders;
using Writ.Proof.Statements;
using Writ.Tests.Proof.Identity;
using static Writ.Tests.Proof.Orders.OrderSamples;

namespace Writ.Tests.Proof.Orders;

/// <summary>
/// The attacker has the server's signing key and its database, so every order here is signed as the runner expects it. What he has
/// not is the approvers' passkeys.
/// </summary>
public sealed class LocalApprovalsTests : IDisposable
{
    private const string Kim = "act_06bq0000000000000000000005", Alex = "act_06bq0000000000000000000006", Stranger = "act_06bq0000000000000000000009";
    private readonly SoftAuthenticator _kim = new(), _alex = new(rsa: true), _stranger = new();

    public void Dispose()
    {
        _kim.Dispose();
        _alex.Dispose();
        _stranger.Dispose();
    }

    private RunnerTrust Asking(int count = 1, string addresses = "10.20.1.0/24", string persons = $"{Kim} {Alex}", string? dana = null)
    {
        AddressSet.TryParse([addresses], out var set, out _).ShouldBeTrue();
        var approvers = new List<LocalApprover> { new(Kim, "kim", [_stranger.Key, _kim.Key]), new(Alex, "alex", [_alex.Key]) };
        if (dana is not null)
            approvers.Add(new(dana, "dana", [_stranger.Key]));
        return Trust with
        {
            Approvals = new(SoftAuthenticator.Party, approvers.ToDictionary(approver => approver.Person), [new("plant", set, persons.Split(' ').ToHashSet(), count)]),
        };
    }

    private static readonly byte[] Bytes = WithLive.ToBytes();
    private static readonly string Digest = Statement.DigestOf(Bytes);

    private static OrderDecision By(string person, SoftAuthenticator passkey, long at = Decided, string? statement = null, PasskeyParty? party = null) =>
        new(person, at, Digest, Passkey: passkey.Approve(statement ?? Digest, at - Minute, party));

    private static RunOrder Ordered(params OrderDecision[] decisions) => Zoned with { Decisions = decisions };

    private static string? CodeOf(RunOrder order, RunnerTrust trust)
    {
        var result = OrderCheck.Check(Signed(order), trust, Now);
        return result.IsOk ? null : result.Refusal.Code;
    }

    private static void Refused(RunOrder order, RunnerTrust trust, string why)
    {
        // With the runner's own approvals off, the server's word is enough: it is they that refuse.
        CodeOf(order, Trust).ShouldBeNull();
        var refusal = OrderCheck.Check(Signed(order), trust, Now).Refusal;
        refusal.Code.ShouldBe(ErrorCode.ApprovalsNotCovered);
        refusal.Message.ShouldContain(why);
    }

    [Fact]
    public void Check_approvals_of_the_runners_own_approvers_are_obeyed()
    {
        CodeOf(Ordered(By(Kim, _kim)), Asking()).ShouldBeNull();
        CodeOf(Ordered(By(Alex, _alex)), Asking()).ShouldBeNull();
        CodeOf(Ordered(By(Kim, _kim), By(Alex, _alex)), Asking(count: 2)).ShouldBeNull();
        var held = OrderCheck.Check(Signed(Ordered(By(Kim, _kim), By(Alex, _alex))), Asking(), Now).Value.Approval.ShouldNotBeNull();
        held.ShouldBe(new HeldApproval(Digest, 1, Decided - Minute + LocalApprovals.LongestWait + (30 * Minute)));
    }

    [Fact]
    public void Check_addresses_beside_the_quorums_need_nobody()
    {
        var trust = Asking(addresses: "10.20.9.0/24");
        CodeOf(Zoned, trust).ShouldBeNull();
        OrderCheck.Check(Signed(Zoned), trust, Now).Value.Approval.ShouldBeNull();
        // One address of the scope is enough, also where the fence of this run does not reach it.
        Refused(Ordered(new OrderDecision(Kim, Decided, Digest)), Asking(addresses: "10.20.1.200"), "asks for 1 approvals by passkey of alex, kim, and the order has 0");
    }

    [Fact]
    public void Made_up_decisions_of_a_compromised_server_are_refused()
    {
        Refused(Ordered(new OrderDecision(Kim, Decided, Digest), new("policy", Decided, Digest)), Asking(), "the order has 0");
        Refused(Ordered(By(Stranger, _stranger)), Asking(), "the order has 0");
        using var made = new SoftAuthenticator();
        Refused(Ordered(By(Kim, made)), Asking(), "the approval of kim: the passkey's assertion does not hold");
        // A genuine passkey of somebody else's, under the approver's name.
        Refused(Ordered(By(Kim, _alex)), Asking(), "the approval of kim: the passkey's assertion does not hold");
        Refused(Ordered(By(Kim, _kim), By(Kim, _kim)), Asking(count: 2), "asks for 2 approvals by passkey of alex, kim, and the order has 1");
        Refused(Ordered(By(Alex, _alex)), Asking(persons: Kim), "the order has 0");
    }

    [Fact]
    public void Yes_to_another_statement_is_not_moved_to_a_wider_one()
    {
        var narrow = Statement.DigestOf((WithLive with { Scope = Scope with { Addresses = ["10.20.1.5"] } }).ToBytes());
        Refused(Ordered(By(Kim, _kim, statement: narrow)), Asking(), "signed for another challenge");
    }

    [Fact]
    public void Yes_that_was_given_at_another_page_is_refused() =>
        Refused(Ordered(By(Kim, _kim, party: new("writ.example.org", "https://writ.example.org"))), Asking(), "not signed at https://writ.example.com");

    [Fact]
    public void Yes_of_before_is_not_used_later()
    {
        // The server says that what was approved a week ago was decided just now.
        var week = 7L * 24 * 60 * Minute;
        Refused(Ordered(new OrderDecision(Kim, Decided, Digest, Passkey: _kim.Approve(Digest, Decided - week))), Asking(), "given at another time");
        Refused(Ordered(By(Kim, _kim, Decided - week), new(Alex, Decided, Digest)), Asking(), "made at another time");
        Refused(Ordered(new OrderDecision(Kim, Decided, Digest, Passkey: _kim.Approve(Digest, Decided + Minute))), Asking(), "given at another time");
        CodeOf(Ordered(By(Kim, _kim, Decided - (60 * Minute)), new(Alex, Decided, Digest)), Asking()).ShouldBeNull("a request waits for its last decision");
    }

    [Fact]
    public void Decision_of_a_time_to_come_does_not_make_the_run_longer()
    {
        var later = Decided + (60 * Minute);
        Refused(Ordered(By(Kim, _kim), new(Alex, later, Digest)) with { Deadline = later + (30 * Minute) }, Asking(), "of a time to come");
        Refused(Ordered(By(Kim, _kim), new(Alex, later, Digest)) with { Issued = later, Deadline = later + (30 * Minute) }, Asking(), "of a time to come");
        CodeOf(Ordered(By(Kim, _kim)) with { Issued = Now + 2_000_000 }, Asking()).ShouldBeNull("so far clocks may differ");
    }

    [Fact]
    public void Requester_does_not_approve_by_their_own_passkey()
    {
        var dana = Asked.Actor.Id;
        Refused(Ordered(By(dana, _stranger)), Asking(persons: dana, dana: dana), "the order has 0");
        var forKim = (WithLive with { OnBehalfOf = new(Kim, "kim") }).ToBytes();
        var order = Ordered(By(Kim, _kim, statement: Statement.DigestOf(forKim)) with { Statement = Statement.DigestOf(forKim) }) with { Statement = forKim };
        Refused(order, Asking(), "the order has 0");
    }

    [Fact]
    public void Any_changed_byte_of_an_assertion_is_refused_though_the_server_signs_the_order()
    {
        var yes = By(Kim, _kim);
        foreach (var part in (Func<PasskeyAssertion, byte[]>[])[a => a.AuthenticatorData, a => a.ClientData, a => a.Signature, a => a.Nonce])
        {
            var bytes = part(yes.Passkey!);
            for (var at = 0; at < bytes.Length; at++)
            {
                bytes[at] ^= 1;
                CodeOf(Ordered(yes), Asking()).ShouldBe(ErrorCode.ApprovalsNotCovered);
                bytes[at] ^= 1;
            }
        }

        CodeOf(Ordered(yes), Asking()).ShouldBeNull();
    }

    [Fact]
    public void Order_with_passkeys_is_of_version_4_alone()
    {
        var yes = new OrderDecision(Kim, Decided, Digest, Passkey: new([1, 2], [3], [4, 5], [6], [7], 8));
        var golden = EncodingTests.Golden("order-v4", Ordered(yes).ToBytes());
        Ordered(yes).ToBytes().ShouldBe(golden);
        golden.AsSpan().StartsWith("writ-order/v4\n"u8).ShouldBeTrue();
        var read = RunOrder.Read(golden).Value;
        read.ToBytes().ShouldBe(golden);
        read.Decisions.ShouldHaveSingleItem().Passkey!.ClientData.ShouldBe([4, 5]);
        var text = Encoding.UTF8.GetString(golden);
        foreach (var other in new[] { "/v1", "/v2", "/v3", "/v5" })
            RunOrder.Read(Encoding.UTF8.GetBytes(text.Replace("order/v4", $"order{other}", StringComparison.Ordinal))).IsOk.ShouldBeFalse(other);
        RunOrder.Read(Encoding.UTF8.GetBytes(text.Replace("\"at\":8", "\"at\":8,\"extra\":1", StringComparison.Ordinal))).IsOk.ShouldBeFalse();
    }
}
