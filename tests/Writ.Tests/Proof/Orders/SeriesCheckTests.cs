using Writ.Proof.Addresses;
using Writ.Proof.Errors;
using Writ.Proof.Orders;
using Writ.Proof.Statements;
using Writ.Tests.Proof.Identity;
using static Writ.Tests.Proof.Orders.OrderSamples;

namespace Writ.Tests.Proof.Orders;

/// <summary>An order of one run of a series is obeyed for what people decided on, at a time that they decided on, and for nothing else.</summary>
public sealed class SeriesCheckTests
{
    private const long Soon = Due + 2_000_000;

    private static string? CodeOf(RunOrder order, long now = Soon, RunnerTrust? trust = null)
    {
        var result = OrderCheck.Check(Signed(order), trust ?? Trust, now);
        return result.IsOk ? null : result.Refusal.Code;
    }

    [Fact]
    public void Check_run_of_a_series_is_obeyed_when_it_is_due()
    {
        CodeOf(Occurring()).ShouldBeNull();
        // Late, within the grace.
        CodeOf(At(Due + StatementOccurrence.Grace - 1), Due + StatementOccurrence.Grace).ShouldBeNull();
        CodeOf(Occurring(OneNight with { LatestEnd = Due + (40 * Minute), Zones = ["web"], MaxDisconnected = Minute })).ShouldBeNull("hours, zones and policy are of the moment");
    }

    private static RunOrder At(long at) => Occurring() with
    {
        Issued = at, StartBy = at + 10_000_000, Deadline = at + (30 * Minute), Decisions = [Occurring().Decisions[0] with { At = at }],
    };

    [Fact]
    public void Check_run_at_another_time_than_it_is_due_is_refused()
    {
        CodeOf(At(Due - 1), Due).ShouldBe(ErrorCode.BadDeadline, "early");
        CodeOf(At(Due + StatementOccurrence.Grace), Due + StatementOccurrence.Grace + 1).ShouldBe(ErrorCode.BadDeadline, "after its grace");
        CodeOf(At(Due + (10 * Minute)), Due).ShouldBe(ErrorCode.BadDeadline, "at a time to come");
        CodeOf(Occurring() with { Deadline = Due + 1_000_001 + (30 * Minute) }).ShouldBe(ErrorCode.BadDeadline, "for longer");
        var until = Nightly.Series!.Until;
        CodeOf(Occurring(OneNight with { Occurrence = OneNight.Occurrence! with { At = until } })).ShouldBe(ErrorCode.FenceOutsideStatement, "after its end");
        CodeOf(Occurring(OneNight with { Occurrence = OneNight.Occurrence! with { At = Decided } })).ShouldBe(ErrorCode.BadDeadline, "before it was decided");
        var long_ = Nightly with { Series = Nightly.Series with { Until = Decided + StatementSeries.Longest + 1 } };
        CodeOf(Occurring(OneNight with { Occurrence = OneNight.Occurrence! with { Statement = Statement.DigestOf(long_.ToBytes()) } }, long_)).ShouldBe(ErrorCode.BadDeadline, "longer than a year");
    }

    [Fact]
    public void Check_run_of_anything_else_than_was_decided_is_refused()
    {
        foreach (var other in new[]
        {
            OneNight with { Argv = [.. OneNight.Argv!, "-A"] }, OneNight with { Scope = Scope with { Addresses = ["10.20.0.0/16"] } }, OneNight with { Duration = 31 * Minute },
            OneNight with { Actor = new("act_06bq0000000000000000000009", "mallory") }, OneNight with { MaxDisconnected = 2 * Minute }, OneNight with { Budget = Budget.Unlimited },
            OneNight with { Names = [new("web1.staging.example.com", ["10.20.1.9"])] }, OneNight with { Occurrence = OneNight.Occurrence! with { Series = "ser_06bq0000000000000000000009" } },
            OneNight with { Occurrence = OneNight.Occurrence! with { Statement = new('0', 64) } }, OneNight with { Sandbox = OneNight.Sandbox! with { RawSockets = false } },
        })
            CodeOf(Occurring(other) with { Argv = other.Argv! }).ShouldBe(ErrorCode.FenceOutsideStatement);
    }

    [Fact]
    public void Check_series_that_nobody_else_decided_on_is_refused()
    {
        var order = Occurring();
        CodeOf(order with { Series = order.Series! with { Decisions = [] } }).ShouldBe(ErrorCode.BadSignature);
        foreach (var by in new[] { "policy", Nightly.Actor.Id, Nightly.Series!.Owner.Id })
            CodeOf(order with { Series = order.Series! with { Decisions = [order.Series.Decisions[0] with { By = by }] } }).ShouldBe(ErrorCode.BadSignature, by);
        CodeOf(order with { Series = order.Series! with { Decisions = [order.Series.Decisions[0] with { Statement = new('0', 64) }] } }).ShouldBe(ErrorCode.BadSignature);
    }

    [Fact]
    public void Check_series_as_a_whole_and_a_run_without_its_series_are_refused()
    {
        var digest = Statement.DigestOf(Nightly.ToBytes());
        CodeOf(Order(Nightly) with { Zones = Zoned.Zones }, Now).ShouldBe(ErrorCode.WrongState, "it starts no run by itself");
        CodeOf(Occurring() with { Series = null }).ShouldBe(ErrorCode.WrongState);
        CodeOf(Zoned with { Series = Occurring().Series }, Now).ShouldBe(ErrorCode.WrongState, "an ordinary run with a series");
        CodeOf(Occurring() with { Series = new(WithLive.ToBytes(), [new("act_06bq0000000000000000000005", Decided, Statement.DigestOf(WithLive.ToBytes()))]) }).ShouldBe(ErrorCode.FenceOutsideStatement);
        digest.ShouldBe(OneNight.Occurrence!.Statement);
    }

    [Fact]
    public void Check_approvals_that_a_runner_asks_for_itself_are_those_of_the_series()
    {
        using var passkey = new SoftAuthenticator();
        AddressSet.TryParse(["10.20.1.0/24"], out var set, out _).ShouldBeTrue();
        const string Kim = "act_06bq0000000000000000000005";
        var trust = Trust with
        {
            Approvals = new(SoftAuthenticator.Party, new Dictionary<string, LocalApprover> { [Kim] = new(Kim, "kim", [passkey.Key]) }, [new("plant", set, new HashSet<string> { Kim }, 1)]),
        };
        CodeOf(Occurring(), Soon, trust).ShouldBe(ErrorCode.ApprovalsNotCovered);
        var order = Occurring();
        var digest = Statement.DigestOf(Nightly.ToBytes());
        order = order with { Series = order.Series! with { Decisions = [order.Series.Decisions[0] with { Passkey = passkey.Approve(digest, Decided - Minute) }] } };
        var held = OrderCheck.Check(Signed(order), trust, Soon).Value.Approval.ShouldNotBeNull();
        (held.Statement, held.Uses).ShouldBe((digest, 130));
        held.Until.ShouldBe(Nightly.Series!.Until + StatementOccurrence.Grace + (30 * Minute));
        // A yes to one night is none to the series.
        order = order with { Decisions = [order.Decisions[0] with { By = Kim, Passkey = passkey.Approve(order.Decisions[0].Statement, Due) }], Series = Occurring().Series };
        CodeOf(order, Soon, trust).ShouldBe(ErrorCode.ApprovalsNotCovered);
    }
}
