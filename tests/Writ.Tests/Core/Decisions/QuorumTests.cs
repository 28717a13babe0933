using CsCheck;
using Writ.Core.Decisions;
using Writ.Core.Policy;
using Writ.Proof.Identity;

namespace Writ.Tests.Core.Decisions;

public class QuorumTests
{
    private static Decider Person(int number, params string[] roles) => new(new(new Guid(number, 0, 0, new byte[8])), roles);

    [Fact]
    public void IsMet_same_person_twice_counts_once()
    {
        ApprovalNeed[] needs = [new("staging", "r", ["sec"], 2)];
        Quorum.IsMet(needs, [Person(1, "sec"), Person(1, "sec")]).ShouldBeFalse();
        Quorum.Missing(needs, [Person(1, "sec"), Person(1, "sec")]).ShouldBe(["1 more of sec for zone staging"]);
        Quorum.IsMet(needs, [Person(1, "sec"), Person(2, "sec")]).ShouldBeTrue();
    }

    [Fact]
    public void IsMet_one_person_with_both_roles_serves_two_zones_but_not_two_needs_of_one()
    {
        Quorum.IsMet([new("a", "r", ["x"], 1), new("b", "r", ["y"], 1)], [Person(1, "x", "y")]).ShouldBeTrue();
        Quorum.IsMet([new("a", "r", ["x"], 1), new("a", "r", ["y"], 1)], [Person(1, "x", "y")]).ShouldBeFalse();
    }

    [Fact]
    public void IsMet_person_with_two_roles_fills_the_place_where_they_are_needed()
    {
        ApprovalNeed[] needs = [new("a", "r", ["x"], 1), new("a", "r", ["y"], 1)];
        Quorum.IsMet(needs, [Person(1, "x", "y"), Person(2, "x")]).ShouldBeTrue();
        Quorum.IsMet(needs, [Person(2, "x"), Person(1, "x", "y")]).ShouldBeTrue();
    }

    [Fact]
    public void IsMet_yes_from_a_chat_fills_only_places_that_take_it()
    {
        ApprovalNeed[] needs = [new("staging", "r", ["x"], 1, ByChat: true)];
        var pressed = Person(1, "x") with { ByChat = true };
        Quorum.IsMet(needs, [pressed]).ShouldBeTrue();
        Quorum.TakesChat(needs, pressed).ShouldBeTrue();
        Quorum.TakesChat(needs, Person(1, "z")).ShouldBeFalse();

        ApprovalNeed[] strict = [new("staging", "r", ["x"], 1)];
        Quorum.IsMet(strict, [pressed]).ShouldBeFalse();
        Quorum.Missing(strict, [pressed]).ShouldBe(["1 more of x for zone staging"]);
        Quorum.TakesChat([.. needs, new("plant", "r", ["x"], 1)], pressed).ShouldBeFalse("it would count for a half");
        // Said by both ways, it was said by the stronger one.
        Quorum.IsMet(strict, [pressed, Person(1, "x")]).ShouldBeTrue();
        // Of two needs of one zone, the one that takes it is filled by whoever pressed.
        Quorum.IsMet([.. needs, new("staging", "r", ["x"], 1)], [Person(2, "x"), pressed]).ShouldBeTrue();
    }

    [Fact]
    public void IsMet_need_with_a_passkey_is_met_by_those_alone_who_signed_with_one()
    {
        ApprovalNeed[] needs = [new("plant", "r", ["x"], 1, WithPasskey: true)];
        Quorum.IsMet(needs, [Person(1, "x")]).ShouldBeFalse();
        Quorum.Missing(needs, [Person(1, "x")]).ShouldBe(["1 more of x by passkey for zone plant"]);
        Quorum.IsMet(needs, [Person(1, "x") with { WithPasskey = true }]).ShouldBeTrue();
        Quorum.MayDecide(needs, Person(1, "x")).ShouldBeTrue("a no needs none");
        Quorum.NeedsPasskey(needs, Person(1, "x")).ShouldBeTrue();
        Quorum.NeedsPasskey([.. needs, new("staging", "r", ["x"], 1)], Person(1, "x")).ShouldBeFalse("their yes counts there without");
        Quorum.NeedsPasskey(needs, Person(1, "z")).ShouldBeFalse();
        // Of two needs of one zone, the one without a passkey takes who has none.
        Quorum.IsMet([.. needs, new("plant", "r", ["x"], 1)], [Person(1, "x"), Person(2, "x") with { WithPasskey = true }]).ShouldBeTrue();
    }

    [Fact]
    public void MayDecide_other_roles_may_not() =>
        Quorum.MayDecide([new("a", "r", ["x"], 1)], Person(1, "z")).ShouldBeFalse();

    [Fact]
    public void IsMet_count_of_zero_is_no_need_that_can_be_met() => Quorum.IsMet([new("a", "r", ["x"], 0)], []).ShouldBeFalse();

    [Fact]
    public void IsMet_random_needs_equals_trying_every_assignment()
    {
        var roles = new[] { "x", "y", "z" };
        var people = Gen.Int[0, 7].Array[0, 4];
        var wants = Gen.Select(Gen.Int[1, 7], Gen.Int[1, 2]).Array[1, 2];
        Gen.Select(people, wants).Sample(pair =>
        {
            string[] Of(int mask) => [.. roles.Where((_, bit) => (mask >> bit & 1) == 1)];
            ApprovalNeed[] needs = [.. pair.Item2.Select(want => new ApprovalNeed("a", "r", Of(want.Item1), want.Item2))];
            Decider[] approvers = [.. pair.Item1.Select((mask, index) => Person(index + 1, Of(mask)))];
            string[][] places = [.. needs.SelectMany(need => Enumerable.Repeat(need.From.ToArray(), need.Count))];
            Quorum.IsMet(needs, approvers).ShouldBe(Fits(0, []));

            bool Fits(int place, HashSet<int> used) => place == places.Length || Enumerable.Range(0, approvers.Length).Any(index =>
                !used.Contains(index) && places[place].Any(approvers[index].Roles.Contains) && Fits(place + 1, [.. used, index]));
        }, iter: PropertyScale.Cases(2_000));
    }
}
