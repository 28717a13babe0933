using CsCheck;
using Writ.Proof.Statements;

namespace Writ.Tests.Proof.Statements;

public sealed class BudgetTests
{
    private static readonly Gen<long?> Limit = Gen.Select(Gen.Bool, Gen.Long[0, 5], (some, value) => some ? value : (long?)null);
    private static readonly Gen<Budget> Budgets = Gen.Select(Limit, Limit, Limit, Limit, (rate, packets, bytes, violations) => new Budget(rate, packets, bytes, violations));

    [Fact]
    public void Least_is_within_both_and_the_widest_that_is() => Gen.Select(Budgets, Budgets, Budgets).Sample((a, b, other) =>
    {
        var least = a.Least(b);
        least.ShouldBe(b.Least(a));
        least.IsWithin(a).ShouldBeTrue();
        least.IsWithin(b).ShouldBeTrue();
        (other.IsWithin(a) && other.IsWithin(b)).ShouldBe(other.IsWithin(least));
        a.IsWithin(Budget.Unlimited).ShouldBeTrue();
        Budget.Unlimited.IsWithin(a).ShouldBe(a == Budget.Unlimited);
    });

    [Fact]
    public void IsValid_limit_that_cannot_be_held_is_not()
    {
        new Budget(1, 1, 1, 0).IsValid().ShouldBeTrue();
        Budget.Unlimited.IsValid().ShouldBeTrue();
        foreach (var wrong in new Budget[]
        {
            new(PacketsPerSecond: 0), new(Packets: 0), new(Bytes: 0), new(Violations: -1), new(PacketsPerSecond: Budget.MostPacketsPerSecond + 1),
            new(Packets: Budget.MostPackets + 1), new(Bytes: Budget.MostBytes + 1), new(Violations: Budget.MostPackets + 1),
        })
        {
            wrong.IsValid().ShouldBeFalse(wrong.ToString());
        }
    }
}
