using Writ.Core.Policy;
using Writ.Proof.Errors;

namespace Writ.Tests.Core.Policy;

/// <summary>Rules that break the glass: how they are read, whom they answer, and what a change of them gives.</summary>
public class BreakGlassTests
{
    private const string Head = """
        version: 1
        roles:
          dev: { groups: [eng] }
          owner: { groups: [plant-ops] }
          ci: { workloads: [nightly] }
        zones:
          staging: { addresses: [10.20.0.0/16], owners: [owner] }
          inner: { addresses: [10.20.5.0/24] }
          prod: { addresses: [10.40.0.0/16], owners: [owner] }
        rules:
          - { id: by-day, roles: [dev], zones: [staging, inner], tools: { nmap: any }, max-duration: 8h, approval: none }

        """;

    private const string Night = "  - { id: on-call, roles: [dev, ci], zones: [prod, staging], tools: { nmap: { techniques: [ping] } }, break-glass: true }\n";

    private static readonly Subject Dana = new("dana", false, ["eng"]);
    private static readonly AskedTerms Emergency = new(null, null, "it is down", null) { BreakGlass = true };
    private static readonly DateTimeOffset Monday = new(2026, 3, 2, 3, 0, 0, TimeSpan.Zero);

    private static PolicyDocument Policy(string rules = Night)
    {
        var parse = PolicyDocument.Parse(Head + rules, "p");
        parse.Problems.ShouldBeEmpty();
        return parse.Policy!;
    }

    private static Evaluation Ask(string target, AskedTerms terms, Subject? subject = null, string rules = Night, string technique = "ping") =>
        Evaluator.Evaluate(Policy(rules), subject ?? Dana, Plans.Of(target, technique), terms, Monday);

    [Fact]
    public void Evaluate_break_glass_allows_for_15_minutes_and_names_the_owners_who_review_it()
    {
        var found = Ask("10.40.0.1", Emergency);
        (found.Verdict, found.Duration, found.Uses).ShouldBe((Verdict.Allow, TimeSpan.FromMinutes(15), 1));
        found.Rules.ShouldBe(["on-call"]);
        found.Reasons.ShouldBe(["rule on-call opens zone prod to dana, who breaks the glass"]);
        var review = found.Reviews.ShouldNotBeNull().ShouldHaveSingleItem();
        (review.Zone, string.Join(",", review.From)).ShouldBe(("prod", "owner"));
        Ask("10.20.0.1", Emergency with { BreakGlass = false }).Reviews.ShouldBeNull();
    }

    [Fact]
    public void Evaluate_ordinary_request_never_falls_into_a_rule_that_breaks_the_glass()
    {
        var found = Ask("10.40.0.1", Emergency with { BreakGlass = false });
        (found.Verdict, found.Code).ShouldBe((Verdict.Deny, ErrorCode.Denied));
        found.Reasons.ShouldBe(["10.40.0.1 is in zone prod, which no rule opens to dana for nmap"]);
        Ask("10.20.0.1", Emergency with { BreakGlass = false }).Rules.ShouldBe(["by-day"]);
    }

    [Fact]
    public void Evaluate_whoever_breaks_the_glass_is_answered_by_such_rules_alone_in_every_zone()
    {
        Ask("10.20.0.1", Emergency).Rules.ShouldBe(["on-call"], "though by-day would allow it too");
        // Both zones hold it, and one of them has no glass to break: that it is open by day does not help.
        var both = Ask("10.20.5.1", Emergency);
        both.Verdict.ShouldBe(Verdict.Deny);
        both.Reasons.ShouldContain("10.20.5.1 is in zone inner, which no break-glass rule opens to dana for nmap");
        Ask("10.20.5.1", Emergency, rules: Night.Replace("staging]", "staging, inner]", StringComparison.Ordinal)).Reviews!.Select(need => (need.Zone, need.From.Count)).ShouldBe([("inner", 0), ("staging", 1)]);
    }

    [Fact]
    public void Evaluate_what_break_glass_does_not_give()
    {
        Ask("10.40.0.1", Emergency with { Reason = " " }).Code.ShouldBe(ErrorCode.ReasonRequired);
        Ask("10.40.0.1", Emergency with { Duration = TimeSpan.FromMinutes(16) }).Code.ShouldBe(ErrorCode.DurationTooLong);
        Ask("10.40.0.1", Emergency with { Duration = TimeSpan.FromMinutes(5) }).Duration.ShouldBe(TimeSpan.FromMinutes(5));
        Ask("10.40.0.1", Emergency with { Uses = 2 }).Code.ShouldBe(ErrorCode.TooManyUses);
        Ask("10.40.0.1", Emergency, technique: "syn").Verdict.ShouldBe(Verdict.Deny);
        Ask("10.40.0.1", Emergency, new("nightly", true, [])).Verdict.ShouldBe(Verdict.Deny, "it is for people");
        Ask("10.40.0.1", Emergency, new("eve", false, [])).Verdict.ShouldBe(Verdict.Deny);
        var denied = Ask("10.40.0.1", Emergency, rules: Night + "denials:\n  - { id: never, zones: [prod], tools: any }\n");
        (denied.Verdict, denied.Rules.Single()).ShouldBe((Verdict.Deny, "never"));
    }

    [Theory]
    [InlineData("break-glass: true", "break-glass: true, approval: none", "p:12: rule 'on-call' breaks the glass, and has an 'approval'", "leave it out")]
    [InlineData("break-glass: true", "break-glass: true, approval: { from: [owner] }", "p:12: rule 'on-call' breaks the glass, and has an 'approval'", "leave it out")]
    [InlineData("break-glass: true", "break-glass: true, max-duration: 16m", "p:12: 'max-duration' of rule 'on-call': what breaks the glass lasts at most 15m, not 16m", "shorten it")]
    [InlineData("break-glass: true", "break-glass: yes", "p:12: 'break-glass' of rule 'on-call' is true or left out, not 'yes'", "break-glass: true")]
    [InlineData("break-glass: true", "break-glas: true", "p:12: rule 'on-call' has no key 'break-glas'", "break-glass")]
    [InlineData(", break-glass: true", "", "p:12: rule 'on-call' has no 'approval'", "approval: none")]
    public void Parse_what_contradicts_itself_is_refused_with_its_line_and_a_hint(string right, string wrong, string problem, string hint)
    {
        var parse = PolicyDocument.Parse(Head + Night.Replace(right, wrong, StringComparison.Ordinal), "p");
        parse.Policy.ShouldBeNull();
        var found = parse.Problems.First(each => each.ToString() == problem);
        found.Hint!.ShouldContain(hint);
    }

    [Fact]
    public void Parse_shorter_and_with_hours_uses_and_a_ticket_is_a_rule_like_others()
    {
        var rule = Policy(Night.Replace("break-glass: true", "break-glass: true, max-duration: 5m, max-uses: 3, require: [ticket], when: { hours: \"18:00-08:00\" }", StringComparison.Ordinal)).Rules[^1];
        (rule.BreakGlass, rule.MaxDuration, rule.MaxUses, rule.RequireReason, rule.RequireTicket, rule.When is not null).ShouldBe((true, TimeSpan.FromMinutes(5), 3, true, true, true));
        Policy().Rules[^1].MaxDuration.ShouldBe(TimeSpan.FromMinutes(15));
        Policy().Rules[0].BreakGlass.ShouldBeFalse();
    }

    [Fact]
    public void Schema_takes_what_the_reader_takes()
    {
        PolicySchemaTests.Refusals(Head + Night).ShouldBeEmpty();
        PolicySchemaTests.Refusals(Head + Night.Replace("break-glass: true", "break-glass: true, approval: none", StringComparison.Ordinal)).ShouldNotBeEmpty();
        PolicySchemaTests.Refusals(Head + Night.Replace(", break-glass: true", "", StringComparison.Ordinal)).ShouldNotBeEmpty();
        PolicySchemaTests.Refusals(Head + Night.Replace("true }", "false }", StringComparison.Ordinal)).ShouldNotBeEmpty();
    }

    [Fact]
    public void Tests_of_a_policy_break_the_glass_by_name()
    {
        const string Tests = """
            tests:
              - { as: { user: dana, groups: [eng] }, command: nmap -sn 10.40.0.1, break-glass: true, expect: allow, by: on-call }
              - { as: { user: dana, groups: [eng] }, command: nmap -sn 10.40.0.1, expect: deny }
              - { as: { user: dana, groups: [eng] }, command: nmap -sn 10.40.0.1, break-glass: true, reason: "", expect: deny }

            """;
        PolicyTests.Run(Policy(Night + Tests), _ => null, Monday).ShouldBeEmpty();
    }

    [Fact]
    public void New_rights_a_rule_that_breaks_the_glass_is_one_and_covers_no_other()
    {
        NewRights.Of(Policy(""), Policy(), [(Dana, Dana)]).ShouldContain("rule 'on-call' would open more to dana in zone prod");
        // In staging all of it is open by day; that it is open by night too is new.
        NewRights.Of(Policy(""), Policy(Night.Replace("prod, staging", "staging", StringComparison.Ordinal)), [(Dana, Dana)]).ShouldContain("rule 'on-call' would open more to dana in zone staging");
        NewRights.Of(Policy(), Policy(), [(Dana, Dana)]).ShouldBeEmpty();
        NewRights.Of(Policy(), Policy(Night.Replace("break-glass: true", "max-duration: 15m, require: [reason], approval: none", StringComparison.Ordinal)), [(Dana, Dana)]).ShouldContain("rule 'on-call' would open more to dana in zone prod");
        NewRights.Of(Policy(), Policy(Night.Replace("break-glass: true", "break-glass: true, max-duration: 5m", StringComparison.Ordinal)), [(Dana, Dana)]).ShouldBeEmpty();
    }

    [Fact]
    public void New_rights_reviewing_is_one_of_whoever_becomes_an_owner()
    {
        const string Owned = "prod: { addresses: [10.40.0.0/16], owners: [owner]", More = "prod: { addresses: [10.40.0.0/15], owners: [owner]", Dev = "prod: { addresses: [10.40.0.0/16], owners: [owner, dev]";
        PolicyDocument With(string zone)
        {
            var parse = PolicyDocument.Parse((Head + Night).Replace(Owned, zone, StringComparison.Ordinal), "p");
            parse.Problems.ShouldBeEmpty();
            return parse.Policy!;
        }

        var olga = new Subject("olga", false, ["plant-ops"]);
        NewRights.Of(With(Owned), With(Dev), [(Dana, Dana)]).ShouldContain("dana would review break-glass in zone 'prod'");
        NewRights.Of(With(Owned), With(Owned), [(Dana with { Groups = [] }, olga)]).ShouldContain("olga would review break-glass in zone 'prod'");
        NewRights.Of(With(Owned), With(More), [(olga, olga)]).ShouldContain("olga would review break-glass in zone 'prod'");
        NewRights.Of(With(Owned), With(Dev), [(olga, olga)]).ShouldBeEmpty();
    }

    [Fact]
    public void Warnings_hold_such_rules_against_their_like_and_name_one_that_is_for_nobody()
    {
        string[] Warned(string rules) => [.. PolicyWarnings.Of(Policy(rules), null).Select(warning => warning.Message).Where(message => message.StartsWith("rule", StringComparison.Ordinal))];
        Warned(Night).ShouldBeEmpty("by-day opens more of staging, and answers somebody else");
        Warned(Night + Night.Replace("on-call", "again", StringComparison.Ordinal)).ShouldBe(["rule 'again' never decides: rule 'on-call' opens at least as much, with no more approvals"]);
        Warned(Night.Replace("dev, ci", "ci", StringComparison.Ordinal)).ShouldBe(["rule 'on-call' can never apply: only people break the glass, and its roles are of workloads"]);
    }

    [Fact]
    public void Narrowest_rule_of_one_that_breaks_the_glass_is_cut_down_like_any()
    {
        var policy = Policy();
        var least = NarrowestRule.Of(policy, policy.Rules[^1], [new(Plans.Of("10.40.0.1", "ping"), TimeSpan.FromMinutes(5), 1)]).ShouldNotBeNull();
        (least.BreakGlass, least.MaxDuration, string.Join(",", least.Zones)).ShouldBe((true, TimeSpan.FromMinutes(5), "prod"));
    }
}
