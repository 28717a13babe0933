using Writ.Core.Policy;
using Writ.Core.Templates;

namespace Writ.Tests.Core.Policy;

/// <summary>Rules for series: how they are read, what they answer, and that they answer nothing else.</summary>
public class RecurringTests
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
        rules:
          - { id: by-day, roles: [dev, ci], zones: [staging], tools: { nmap: any }, max-duration: 8h, approval: none }

        """;

    private const string Template = """
        version: 1
        template: sweep
        description: looks at a host
        command: [nmap, -sn, -n, "{host}"]
        parameters:
          host: { value: host, addresses: [10.0.0.0/8], means: the host }
        """;

    private const string Nightly = "  - { id: nights, roles: [dev, ci], zones: [staging, prod], templates: [sweep], recurring: true, approval: { from: [owner] } }\n";

    private static readonly Subject Dana = new("dana", false, ["eng"]), Ci = new("nightly", true, []);
    private static readonly AskedTerms Again = new(null, null, "every night", null) { Recurring = true, Template = new("sweep", null) };
    private static readonly DateTimeOffset Monday = new(2026, 3, 2, 3, 0, 0, TimeSpan.Zero);

    private static PolicyParse Parse(string rules) => PolicyDocument.Parse(PolicySource.Of([("rules.yaml", Head + rules), ("sweep.yaml", Template)]).Source!);

    private static Evaluation Ask(string target, AskedTerms terms, Subject? subject = null, string rules = Nightly)
    {
        var parse = Parse(rules);
        parse.Problems.ShouldBeEmpty();
        return Evaluator.Evaluate(parse.Policy!, subject ?? Dana, Plans.Of(target, "ping"), terms, Monday);
    }

    [Fact]
    public void Evaluate_series_is_answered_by_the_rules_for_them_and_waits_for_people()
    {
        foreach (var subject in new[] { Dana, Ci })
        {
            var found = Ask("10.20.0.1,10.40.0.1", Again, subject);
            (found.Verdict, found.Duration, found.Uses).ShouldBe((Verdict.RequireApproval, TimeSpan.FromMinutes(30), 1));
            found.Rules.ShouldBe(["nights"]);
            found.Approvals.Select(need => need.Zone).ShouldBe(["prod", "staging"]);
        }

        var other = Ask("10.20.0.1", Again with { Template = null });
        (other.Verdict, other.Reasons.ShouldHaveSingleItem()).ShouldBe((Verdict.Deny, "rule nights: it opens nothing but the template sweep"));
        Ask("10.20.0.1", Again, rules: "").Reasons.ShouldBe(["10.20.0.1 is in zone staging, which no recurring rule opens to dana for nmap"]);
    }

    [Fact]
    public void Evaluate_what_is_no_series_is_never_answered_by_them()
    {
        Ask("10.20.0.1", Again with { Recurring = false }).Rules.ShouldBe(["by-day"]);
        Ask("10.40.0.1", Again with { Recurring = false }).Verdict.ShouldBe(Verdict.Deny);
        Ask("10.40.0.1", Again with { Recurring = false, BreakGlass = true }).Verdict.ShouldBe(Verdict.Deny);
    }

    [Theory]
    [InlineData("approval: none, templates: [sweep]", "asks nobody")]
    [InlineData("templates: [sweep]", "approval")]
    [InlineData("approval: { from: [owner] }, tools: { nmap: any }", "names no templates")]
    [InlineData("approval: { from: [owner] }, templates: [sweep], max-uses: 5", "has 'max-uses'")]
    [InlineData("templates: [sweep], break-glass: true", "breaks the glass")]
    public void Read_rule_for_series_that_asks_nobody_or_is_of_anything_but_templates_is_refused(string rule, string why) =>
        Parse($"  - {{ id: nights, roles: [dev], zones: [staging], recurring: true, {rule} }}\n").Problems.ShouldContain(problem => problem.Message.Contains(why, StringComparison.Ordinal));

    [Fact]
    public void Tests_of_a_policy_say_what_a_series_gets()
    {
        string Test(string what) => $"{Nightly}tests:\n  - {{ as: {{ user: dana, groups: [eng] }}, {what} }}\n";
        PolicyTests.Run(Parse(Test("template: sweep, with: { host: 10.40.0.1 }, recurring: true, expect: require-approval, by: nights")).Policy!, _ => null, Monday).ShouldBeEmpty();
        PolicyTests.Run(Parse(Test("template: sweep, with: { host: 10.40.0.1 }, expect: deny")).Policy!, _ => null, Monday).ShouldBeEmpty();
        Parse(Test("command: nmap -sn 10.40.0.1, recurring: true, expect: deny")).Problems.ShouldHaveSingleItem().Message.ShouldContain("asked for by a template");
    }

    [Fact]
    public void New_rule_for_series_gives_a_right_whatever_other_rules_open()
    {
        var (before, after) = (Parse("").Policy!, Parse(Nightly).Policy!);
        NewRights.Of(before, after, [(Dana, Dana)]).ShouldContain(found => found.Contains("rule 'nights' would open more to dana", StringComparison.Ordinal));
        NewRights.Of(after, after, [(Dana, Dana)]).ShouldBeEmpty();
    }
}
