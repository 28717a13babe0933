using Writ.Core.Policy;
using Writ.Proof.Errors;
using Writ.Proof.Statements;

namespace Writ.Tests.Core.Policy;

/// <summary>What policy says of more time for a run that lives.</summary>
public sealed class MoreTimeTests
{
    private static readonly DateTimeOffset Begin = new(2026, 3, 2, 12, 0, 0, TimeSpan.Zero);
    private static readonly LiveRight Right = new(Begin, Begin.AddMinutes(30), Budget.Unlimited, TimeSpan.FromSeconds(60));

    private static Evaluation Ask(string rules, TimeSpan? more, LiveRight? right = null, string? reason = "nearly there")
    {
        var parse = PolicyDocument.Parse($$"""
            version: 1
            roles: { dev: { groups: [eng] }, sec: { groups: [secops] } }
            zones: { staging: { addresses: [10.20.0.0/16] } }
            rules:
            {{rules}}
            """, "p");
        parse.Problems.ShouldBeEmpty();
        return MoreTime.Evaluate(parse.Policy!, new("dana", false, ["eng"]), Plans.Of("10.20.0.1", "ping"), right ?? Right, new(more, 1, reason, null));
    }

    private static string Rule(string id, string longest, string approval = "none", string extra = "") =>
        $"  - {{ id: {id}, roles: [dev], zones: [staging], tools: {{ nmap: any }}, max-duration: {longest}, approval: {approval}{extra} }}\n";

    [Theory]
    [InlineData(30, Verdict.Allow)]
    [InlineData(31, Verdict.RequireApproval)]
    [InlineData(90, Verdict.RequireApproval)]
    [InlineData(91, Verdict.Deny)]
    public void Evaluate_longest_duration_counts_for_the_whole_of_the_right(int minutes, Verdict verdict)
    {
        var found = Ask(Rule("self", "1h") + Rule("asked", "2h", "{ from: [sec], count: 1 }"), TimeSpan.FromMinutes(minutes));
        found.Verdict.ShouldBe(verdict);
        if (verdict != Verdict.Deny)
            found.Duration.ShouldBe(TimeSpan.FromMinutes(minutes), "what is added");
        else
            (found.Code, found.Hint).ShouldBe((ErrorCode.DurationTooLong, "from its beginning on it may last 1h: ask for at most 30m more"));
    }

    [Fact]
    public void Evaluate_without_a_duration_is_as_much_as_the_rule_allows()
    {
        Ask(Rule("self", "1h"), null).Duration.ShouldBe(TimeSpan.FromMinutes(30));
        Ask(Rule("self", "30m"), null).ShouldSatisfyAllConditions(found => found.Verdict.ShouldBe(Verdict.Deny), found => found.Code.ShouldBe(ErrorCode.DurationTooLong), found => found.Reasons.ShouldHaveSingleItem());
    }

    [Fact]
    public void Evaluate_hours_are_those_of_the_deadline_and_end_the_added_time()
    {
        const string Hours = ", when: { days: mon-fri, hours: \"08:00-13:00\", tz: UTC }";
        var found = Ask(Rule("self", "8h", extra: Hours), TimeSpan.FromHours(2));
        (found.Verdict, found.LatestEnd).ShouldBe((Verdict.Allow, Begin.AddHours(1)));
        Ask(Rule("self", "8h", extra: Hours), TimeSpan.FromHours(1), Right with { Deadline = Begin.AddHours(1) }).Verdict.ShouldBe(Verdict.Deny, "the hours are over when it would begin");
    }

    [Fact]
    public void Evaluate_denials_reasons_and_terms_of_now_bind()
    {
        Ask(Rule("self", "8h"), TimeSpan.FromMinutes(1)).Verdict.ShouldBe(Verdict.Allow);
        Ask(Rule("self", "8h") + "denials:\n  - { id: no, zones: [staging], tools: any }", TimeSpan.FromMinutes(1)).ShouldSatisfyAllConditions(found => found.Verdict.ShouldBe(Verdict.Deny), found => found.Rules.ShouldBe(["no"]));
        Ask(Rule("self", "8h", extra: ", require: [reason]"), TimeSpan.FromMinutes(1), reason: null).Code.ShouldBe(ErrorCode.ReasonRequired);
        Ask(Rule("self", "8h", extra: ", budget: { packets: 100 }"), TimeSpan.FromMinutes(1)).Verdict.ShouldBe(Verdict.Deny, "a live run has no budget, and is given none");
        Ask(Rule("self", "8h", extra: ", max-disconnected: 10s"), TimeSpan.FromMinutes(1)).Verdict.ShouldBe(Verdict.Deny);
        Ask("", TimeSpan.FromMinutes(1)).Verdict.ShouldBe(Verdict.Deny);
    }
}
