using Writ.Core.Policy;
using Writ.Core.Templates;

namespace Writ.Tests.Core.Policy;

/// <summary>Rules that take an earlier approval for one of today: how they are read, and when all that ask do.</summary>
public class KnownGoodTests
{
    private const string Head = """
        version: 1
        roles:
          dev: { groups: [eng] }
          owner: { groups: [plant-ops] }
          ci: { workloads: [nightly] }
        zones:
          staging: { addresses: [10.20.0.0/16] }
          prod: { addresses: [10.40.0.0/16] }
          all: { addresses: [10.60.0.0/16] }
          inner: { addresses: [10.60.1.0/24] }
        rules:

        """;

    private const string Marked = "  - { id: marked, roles: [dev], zones: [staging], tools: { nmap: any }, approval: { from: [owner] }, known-good: { same: plan, within: 30d } }\n";

    private static readonly Subject Dana = new("dana", false, ["eng"]);
    private static readonly DateTimeOffset Monday = new(2026, 3, 2, 3, 0, 0, TimeSpan.Zero);

    private static PolicyParse Parse(string rules) => PolicyDocument.Parse(Head + rules, "p.yaml");

    private static Evaluation Ask(string rules, string target = "10.20.0.1")
    {
        var parse = Parse(rules);
        parse.Problems.ShouldBeEmpty();
        return Evaluator.Evaluate(parse.Policy!, Dana, Plans.Of(target, "ping"), new(null, null, "to look", null), Monday);
    }

    [Fact]
    public void For_is_what_all_rules_that_ask_agree_on_and_the_shortest_of_their_times()
    {
        const string other = "  - { id: other, roles: [dev], zones: [prod], tools: { nmap: any }, approval: { from: [owner] }, known-good: { same: template, within: 2d } }\n";
        KnownGood.For(Ask(Marked)).ShouldNotBeNull().ShouldSatisfyAllConditions(
            known => known.Rules.ShouldBe(["marked"]), known => (known.SamePlan, known.SameTemplate, known.Within).ShouldBe((true, false, TimeSpan.FromDays(30))));
        KnownGood.For(Ask(Marked + other, "10.20.0.1,10.40.0.1")).ShouldNotBeNull().ShouldSatisfyAllConditions(
            known => known.Rules.ShouldBe(["other", "marked"]), known => (known.SamePlan, known.SameTemplate, known.Within).ShouldBe((true, true, TimeSpan.FromDays(2))));
    }

    [Theory]
    [InlineData("  - { id: plain, roles: [dev], zones: [prod], tools: { nmap: any }, approval: { from: [owner] } }\n")]
    [InlineData("  - { id: keyed, roles: [dev], zones: [prod], tools: { nmap: any }, approval: { from: [owner], with: passkey } }\n")]
    public void For_is_nothing_where_one_of_the_rules_takes_peoples_word_alone(string other) => KnownGood.For(Ask(Marked + other, "10.20.0.1,10.40.0.1")).ShouldBeNull();

    [Fact]
    public void For_is_nothing_where_policy_denies_or_asks_nobody()
    {
        KnownGood.For(Ask(Marked, "10.40.0.1")).ShouldBeNull();
        KnownGood.For(Ask(Marked + "denials: [{ id: never, zones: any, tools: any }]\n")).ShouldBeNull();
        KnownGood.For(Ask("  - { id: free, roles: [dev], zones: [staging], tools: { nmap: any }, approval: none }\n")).ShouldBeNull();
    }

    [Fact]
    public void Evaluate_of_two_rules_with_as_many_approvals_takes_the_one_that_need_not_ask_again() =>
        Ask("  - { id: plain, roles: [dev], zones: [staging], tools: { nmap: any }, approval: { from: [owner] } }\n" + Marked).Rules.ShouldBe(["marked"]);

    [Theory]
    [InlineData("approval: none, known-good: { same: plan, within: 1d }", "asks nobody")]
    [InlineData("approval: { from: [owner], with: passkey }, known-good: { same: plan, within: 1d }", "asks for a passkey")]
    [InlineData("approval: [{ from: [owner] }, { from: [dev], with: passkey }], known-good: { same: plan, within: 1d }", "asks for a passkey")]
    [InlineData("break-glass: true, known-good: { same: plan, within: 1d }", "is of break-glass")]
    [InlineData("approval: { from: [owner] }, known-good: { same: command, within: 1d }", "'command' is neither plan nor template")]
    [InlineData("approval: { from: [owner] }, known-good: { same: plan }", "has no 'within'")]
    [InlineData("approval: { from: [owner] }, known-good: { within: 1d }", "has no 'same'")]
    [InlineData("approval: { from: [owner] }, known-good: { same: plan, within: 0s }", "is no duration")]
    [InlineData("approval: { from: [owner] }, known-good: { same: plan, within: 400d }", "is no duration")]
    [InlineData("approval: { from: [owner] }, known-good: true", "must be a mapping")]
    [InlineData("approval: { from: [owner] }, known-good: { same: plan, within: 1d, for: all }", "has no key 'for'")]
    public void Parse_what_has_no_meaning_is_refused(string terms, string problem)
    {
        var parse = Parse($"  - {{ id: x, roles: [dev], zones: [staging], tools: {{ nmap: any }}, {terms} }}\n");
        parse.Policy.ShouldBeNull();
        parse.Problems.Select(each => each.Message).ShouldContain(message => message.Contains(problem, StringComparison.Ordinal));
    }

    [Fact]
    public void Tests_of_a_policy_suppose_that_people_approved_the_same()
    {
        string[] tests = ["", ", known-good: true"];
        var policy = Parse(Marked + "tests:\n" + string.Concat(tests.Select(test =>
            $"  - {{ as: {{ user: dana, groups: [eng] }}, command: nmap -sn -n 10.20.0.1, expect: {(test.Length > 0 ? "allow" : "require-approval")}, by: marked{test} }}\n"))).Policy.ShouldNotBeNull();
        PolicyTests.Run(policy, _ => null, Monday).ShouldBeEmpty();
        var unmarked = Parse(Marked.Replace(", known-good: { same: plan, within: 30d }", "", StringComparison.Ordinal)
            + "tests: [{ as: { user: dana, groups: [eng] }, command: nmap -sn -n 10.20.0.1, known-good: true, expect: allow }]\n").Policy.ShouldNotBeNull();
        PolicyTests.Run(unmarked, _ => null, Monday).ShouldHaveSingleItem().Message.ShouldContain("got require-approval");
    }

    [Fact]
    public void Warnings_tell_of_a_mark_that_can_never_apply()
    {
        Warned("  - { id: x, roles: [dev], zones: [staging], tools: { nmap: any }, approval: { from: [owner] }, known-good: { same: template, within: 1d } }\n")
            .ShouldBe(["'known-good' of rule 'x' can never apply: it is about templates, and the policy has none"]);
        const string inner = "  - { id: x, roles: [dev], zones: [inner], tools: { nmap: any }, approval: { from: [owner] }, known-good: { same: plan, within: 1d } }\n";
        const string around = "  - { id: y, roles: [dev], zones: [all], tools: { nmap: any }, approval: { from: [owner] } }\n";
        Warned(inner + around).ShouldBe(["'known-good' of rule 'x' can never apply: all of its zones lie in zone 'all', where people are always asked"]);
        Warned(inner + around.Replace("approval: { from: [owner] }", "approval: none", StringComparison.Ordinal)).ShouldBeEmpty();
        Warned(inner + around.Replace("[owner] } }", "[owner] }, known-good: { same: plan, within: 9d } }", StringComparison.Ordinal)).ShouldBeEmpty();
        Warned(Marked).ShouldBeEmpty();

        static IEnumerable<string> Warned(string rules) => PolicyWarnings.Of(Parse(rules).Policy.ShouldNotBeNull(), null).Select(warning => warning.Message).Where(message => message.StartsWith("'known-good'", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("", "known-good: { same: plan, within: 1d }", true)]
    [InlineData("known-good: { same: plan, within: 1d }", "known-good: { same: plan, within: 2d }", true)]
    [InlineData("known-good: { same: plan, within: 1d }", "known-good: { same: template, within: 1d }", true)]
    [InlineData("known-good: { same: plan, within: 2d }", "known-good: { same: plan, within: 1d }", false)]
    [InlineData("known-good: { same: plan, within: 2d }", "", false)]
    public void Not_to_be_asked_again_is_a_new_right(string before, string after, bool isNew)
    {
        var (was, now) = (Of(before), Of(after));
        NewRights.Of(was, now, [(Dana, Dana)]).Count.ShouldBe(isNew ? 1 : 0);

        static PolicyDocument Of(string mark) => Parse($"  - {{ id: x, roles: [dev], zones: [staging], tools: {{ nmap: any }}, approval: {{ from: [owner] }}{(mark.Length > 0 ? $", {mark}" : "")} }}\n").Policy.ShouldNotBeNull();
    }
}
