using Writ.Proof.Addresses;
using Writ.Proof.Errors;
using Writ.Proof.Orders;
using Writ.Proof.Statements;
using static Writ.Tests.Proof.Orders.OrderSamples;

namespace Writ.Tests.Proof.Orders;

/// <summary>Orders of more time for a live run, as somebody would make them who has the server's key.</summary>
public sealed class ExtensionCheckTests
{
    private const long Later = Now + (11 * Minute);
    private static readonly RunInForce Run = new(AtTerminal, AtTerminal.Deadline);

    private static string? CodeOf(RunOrder order, RunInForce? run = null, RunnerTrust? trust = null, long now = Later)
    {
        var result = OrderCheck.CheckExtension(Signed(order), trust ?? Trust, run ?? Run, now);
        return result.IsOk ? null : result.Refusal.Code;
    }

    [Fact]
    public void CheckExtension_nothing_but_a_later_deadline_is_accepted()
    {
        CodeOf(Extension()).ShouldBeNull();
        CodeOf(Extension(Longer with { Zones = ["lab", "staging"] })).ShouldBeNull("the policy may call the same addresses otherwise by now");
        CodeOf(Extension() with { Deadline = AtTerminal.Deadline + 1 }).ShouldBeNull("less than was decided");
    }

    [Fact]
    public void CheckExtension_tool_that_was_updated_since_the_run_began_is_no_reason() =>
        CodeOf(Extension(), trust: Trust with { InventoryDigest = new('0', 64) }).ShouldBeNull();

    [Fact]
    public void Check_more_time_starts_no_run() =>
        OrderCheck.Check(Signed(Extension()), Trust, Later).Refusal.Code.ShouldBe(ErrorCode.WrongState);

    [Fact]
    public void CheckExtension_order_that_starts_a_run_extends_none() =>
        CodeOf(AtTerminal with { StartBy = AtTerminal.Deadline, Nonce = new('b', 64) }).ShouldBe(ErrorCode.WrongState);

    [Fact]
    public void CheckExtension_of_another_run_is_refused()
    {
        const string Other = "run_06bq0000000000000000000009";
        CodeOf(Extension(Longer with { Extends = Other })).ShouldBe(ErrorCode.WrongState);
        CodeOf(Extension(Longer with { Extends = Other }) with { Run = Other }).ShouldBe(ErrorCode.WrongState);
        CodeOf(Extension() with { Run = Other }).ShouldBe(ErrorCode.WrongState);
    }

    [Fact]
    public void CheckExtension_deadline_that_is_not_later_or_not_decided_is_refused()
    {
        CodeOf(Extension() with { Deadline = AtTerminal.Deadline }).ShouldBe(ErrorCode.BadDeadline);
        CodeOf(Extension() with { Deadline = AtTerminal.Deadline - Minute }).ShouldBe(ErrorCode.BadDeadline);
        CodeOf(Extension() with { Deadline = AtTerminal.Deadline + (15 * Minute) + 1 }).ShouldBe(ErrorCode.BadDeadline);
        CodeOf(Extension(Longer with { LatestEnd = AtTerminal.Deadline + Minute })).ShouldBe(ErrorCode.BadDeadline, "the rule's hours end before");
    }

    [Fact]
    public void CheckExtension_replay_after_another_one_is_refused()
    {
        var after = Run with { Deadline = AtTerminal.Deadline + (15 * Minute) };
        CodeOf(Extension(), after).ShouldBe(ErrorCode.BadDeadline);
        CodeOf(Extension() with { Nonce = new('c', 64) }, after).ShouldBe(ErrorCode.BadDeadline, "it is of a deadline that the run has no more");
        CodeOf(Extension(Longer with { Start = after.Deadline }) with { Deadline = after.Deadline + Minute }, after).ShouldBeNull();
    }

    [Fact]
    public void CheckExtension_that_leaves_a_gap_is_refused() =>
        CodeOf(Extension(Longer with { Start = AtTerminal.Deadline + Minute }) with { Deadline = AtTerminal.Deadline + (16 * Minute) }).ShouldBe(ErrorCode.BadDeadline);

    [Fact]
    public void CheckExtension_after_the_deadline_revives_nothing()
    {
        CodeOf(Extension(), now: AtTerminal.Deadline - 1).ShouldBeNull();
        CodeOf(Extension(), now: AtTerminal.Deadline).ShouldBe(ErrorCode.StartByPassed);
        CodeOf(Extension() with { StartBy = AtTerminal.Deadline + Minute }, now: AtTerminal.Deadline).ShouldBe(ErrorCode.BadDeadline);
    }

    public static TheoryData<string> Wider => ["argv", "scope", "fence", "budget", "sandbox", "terminal", "names", "actor", "runner", "silence"];

    [Theory]
    [MemberData(nameof(Wider))]
    public void CheckExtension_that_changes_more_than_the_time_is_refused(string what)
    {
        string[] argv = ["nmap", "-p", "1-65535", "10.20.1.0/24"];
        var order = what switch
        {
            "argv" => Extension(Longer with { Argv = argv }) with { Argv = argv },
            "scope" => Extension(Longer with { Scope = new(["10.20.0.0/16"], "1-65535", "53", "", true) }),
            "fence" => Extension() with { Fence = Scope },
            "budget" => Extension(Longer with { Budget = Budget.Unlimited }),
            "sandbox" => Extension(Longer with { Sandbox = Longer.Sandbox! with { Scripts = [] } }),
            "terminal" => Extension() with { Terminal = AtTerminal.Terminal! with { Type = "vt100" } },
            "names" => Extension(Longer with { Names = [] }),
            "actor" => Extension(Longer with { Actor = new("act_06bq0000000000000000000008", "erik") }),
            "runner" => Extension(Longer with { Runner = OtherRunner }),
            _ => Extension() with { MaxDisconnected = Minute - 1 },
        };
        CodeOf(order).ShouldBe(what is "argv" ? ErrorCode.ArgvMismatch : what is "runner" ? ErrorCode.WrongRunner : ErrorCode.FenceOutsideStatement, what);
    }

    [Fact]
    public void CheckExtension_is_held_to_all_that_an_order_is()
    {
        var foreign = SigningKeys.Sign(SigningKeys.NewSeed(), Extension().ToBytes());
        OrderCheck.CheckExtension(foreign, Trust, Run, Later).Refusal.Code.ShouldBe(ErrorCode.BadSignature);
        CodeOf(Extension() with { Decisions = [] }).ShouldBe(ErrorCode.BadSignature);
        CodeOf(Extension() with { Decisions = AtTerminal.Decisions }).ShouldBe(ErrorCode.BadSignature, "the yes to the run is none to more of it");
        CodeOf(Extension(), trust: Trust with { Ceiling = new ScopeText(["10.99.0.0/16"], "1-65535", "", "", true).Read().Value }).ShouldBe(ErrorCode.OutsideCeiling);
        var asked = Trust with { Approvals = new(null, new Dictionary<string, LocalApprover>(), [new("staging", Trust.Ceiling.Addresses, new HashSet<string> { "act_06bq0000000000000000000005" }, 1)]) };
        CodeOf(Extension(), trust: asked).ShouldBe(ErrorCode.ApprovalsNotCovered);
    }
}
