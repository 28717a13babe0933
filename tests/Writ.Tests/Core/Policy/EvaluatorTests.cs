using Writ.Core.Policy;
using Writ.Core.Tools;
using Writ.Proof.Addresses;
using Writ.Proof.Errors;
using Writ.Proof.Statements;

namespace Writ.Tests.Core.Policy;

/// <summary>What beats what, and what every verdict says.</summary>
public class EvaluatorTests
{
    private const string Head = """
        version: 1
        roles:
          dev: { groups: [eng] }
          sec: { groups: [secops] }
          ci: { workloads: [nightly] }
        zones:
          staging: { addresses: [10.20.0.0/16] }
          dmz: { addresses: [10.20.5.0/24, 10.30.0.0/24] }
          prod: { addresses: [10.40.0.0/16] }

        """;

    private static readonly Subject Dana = new("dana", false, ["eng"]);
    private static readonly AskedTerms Plain = new(null, null, "debugging", null);
    private static readonly DateTimeOffset Monday = new(2026, 3, 2, 12, 0, 0, TimeSpan.Zero);

    private static Plan Plan(string targets, params string[] techniques) => Plans.Of(targets, techniques.Length > 0 ? techniques : ["ping"]);

    private static Evaluation Ask(string rules, Plan plan, Subject? subject = null, AskedTerms? terms = null, DateTimeOffset? now = null)
    {
        var parse = PolicyDocument.Parse(Head + rules, "p");
        parse.Problems.ShouldBeEmpty();
        var evaluation = Evaluator.Evaluate(parse.Policy!, subject ?? Dana, plan, terms ?? Plain, now ?? Monday);
        evaluation.Reasons.ShouldNotBeEmpty();
        evaluation.Reasons.ShouldBeUnique();
        (evaluation.Code is null).ShouldBe(evaluation.Verdict != Verdict.Deny);
        (evaluation.Approvals.Count > 0).ShouldBe(evaluation.Verdict == Verdict.RequireApproval);
        return evaluation;
    }

    private static string Rule(string id, string zones, string approval = "none", string extra = "", string roles = "dev", string tools = "{ nmap: any }") =>
        $"  - {{ id: {id}, roles: [{roles}], zones: [{zones}], tools: {tools}, approval: {approval}{(extra.Length > 0 ? ", " + extra : "")} }}\n";

    [Fact]
    public void Evaluate_no_rules_denies() =>
        Ask("", Plan("10.20.0.1")).Reasons.ShouldBe(["10.20.0.1 is in zone staging, which no rule opens to dana for nmap"]);

    // Rows: rule of staging, rule of dmz, denial, expected. The target 10.20.5.5 is in both zones.
    [Theory]
    [InlineData("none", "none", false, Verdict.Allow)]
    [InlineData("none", "yes", false, Verdict.RequireApproval)]
    [InlineData("yes", "none", false, Verdict.RequireApproval)]
    [InlineData("yes", "yes", false, Verdict.RequireApproval)]
    [InlineData("none", "", false, Verdict.Deny)]
    [InlineData("", "none", false, Verdict.Deny)]
    [InlineData("", "", false, Verdict.Deny)]
    [InlineData("none", "none", true, Verdict.Deny)]
    [InlineData("yes", "yes", true, Verdict.Deny)]
    [InlineData("", "", true, Verdict.Deny)]
    public void Evaluate_overlapping_zones_all_count_and_the_strictest_holds(string staging, string dmz, bool denied, Verdict expected)
    {
        const string Yes = "{ from: [sec], count: 1 }";
        var rules = "rules:\n" + (staging.Length > 0 ? Rule("s", "staging", staging == "none" ? "none" : Yes) : "")
            + (dmz.Length > 0 ? Rule("d", "dmz", dmz == "none" ? "none" : Yes) : "");
        var denials = denied ? "denials:\n  - { id: never, zones: [dmz], tools: any }\n" : "";
        var found = Ask(rules + denials, Plan("10.20.5.5"));
        found.Verdict.ShouldBe(expected);
        found.Zones.ShouldBe(["dmz", "staging"]);
        if (expected == Verdict.RequireApproval)
            found.Approvals.Select(need => need.Zone).ShouldBe(new[] { ("dmz", dmz), ("staging", staging) }.Where(pair => pair.Item2 == "yes").Select(pair => pair.Item1));
        if (denied)
            (found.Rules.ShouldHaveSingleItem(), found.Reasons).ShouldBe(("never", found.Reasons));
    }

    [Fact]
    public void Evaluate_one_address_outside_denies_the_whole_plan()
    {
        var found = Ask("rules:\n" + Rule("s", "staging"), Plan("10.20.0.1,10.99.0.0/24,10.98.0.1"));
        found.Verdict.ShouldBe(Verdict.Deny);
        found.Reasons.ShouldBe(["10.98.0.1, 10.99.0.0/24 are in no zone"]);
    }

    [Fact]
    public void Evaluate_scope_beyond_the_targets_is_judged_too()
    {
        var plan = Plan("10.20.0.1");
        var more = Plan("10.40.0.1").Targets;
        Ask("rules:\n" + Rule("s", "staging"), plan with { Scope = plan.Scope with { Addresses = more } }).Verdict.ShouldBe(Verdict.Deny);
    }

    [Fact]
    public void Evaluate_empty_plan_is_denied() =>
        Ask("rules:\n" + Rule("s", "staging"), Plan("10.20.0.1") with { Targets = AddressSet.Empty, Scope = NetworkScope.Nothing }).Code.ShouldBe(ErrorCode.Denied);

    [Fact]
    public void Evaluate_facets_of_two_rules_are_not_added_up()
    {
        var rules = "rules:\n" + Rule("a", "staging", tools: "{ nmap: { techniques: [syn], ports: \"22\" } }") + Rule("b", "staging", tools: "{ nmap: { techniques: [connect], ports: \"80\" } }");
        var plan = Plan("10.20.0.1", "syn").Ports("22,80");
        Ask(rules, plan).Reasons.ShouldBe(["rule a: port 80 is not among 22", "rule b: technique syn is not opened", "rule b: port 22 is not among 80"]);
        Ask(rules, plan.Ports("22")).Rules.ShouldBe(["a"]);
    }

    [Fact]
    public void Evaluate_of_several_rules_the_most_permissive_carries_the_zone()
    {
        Ask("rules:\n" + Rule("a", "staging", "{ from: [sec] }") + Rule("b", "staging"), Plan("10.20.0.1")).Rules.ShouldBe(["b"]);
        Ask("rules:\n" + Rule("a", "staging", "{ from: [sec], count: 2 }") + Rule("b", "staging", "{ from: [sec], count: 1 }"), Plan("10.20.0.1")).Rules.ShouldBe(["b"]);
        Ask("rules:\n" + Rule("a", "staging", "{ from: [sec] }") + Rule("b", "staging", "{ from: [dev] }"), Plan("10.20.0.1")).Rules.ShouldBe(["a"]);
        Ask("rules:\n" + Rule("a", "staging", "{ from: [sec], with: passkey }") + Rule("b", "staging", "{ from: [dev] }"), Plan("10.20.0.1")).Rules.ShouldBe(["b"]);
        // The permissive one does not cover the asked time: the other does.
        Ask("rules:\n" + Rule("a", "staging", "{ from: [sec] }", "max-duration: 8h") + Rule("b", "staging", extra: "max-duration: 10m"), Plan("10.20.0.1"),
            terms: Plain with { Duration = TimeSpan.FromHours(2) }).Rules.ShouldBe(["a"]);
    }

    [Theory]
    [InlineData("techniques: [ping]", "connect", "technique connect is not opened")]
    [InlineData("max-hosts: 5", "ping", null)]
    [InlineData("max-hosts: 5", "connect", null)]
    [InlineData("max-hosts: 5", "syn", "technique syn is not opened")]
    [InlineData("max-hosts: 5", "list", null)]
    public void Evaluate_absent_techniques_mean_the_least_ones(string facets, string technique, string? reason)
    {
        var found = Ask("rules:\n" + Rule("a", "staging", tools: $"{{ nmap: {{ {facets} }} }}"), Plan("10.20.0.1", technique));
        found.Verdict.ShouldBe(reason is null ? Verdict.Allow : Verdict.Deny);
        if (reason is not null)
            found.Reasons.ShouldBe([$"rule a: {reason}"]);
    }

    [Fact]
    public void Evaluate_absent_facets_mean_the_least()
    {
        var rules = "rules:\n" + Rule("a", "staging", tools: "{ nmap: { techniques: any } }");
        var implied = new FacetItem("docker-version", ["version"], Implied: true);
        var plan = Plan("10.20.0.1").Ports("22").Number("max-timing", 4).Items("scripts", new("banner", ["safe"]), implied);
        var two = Plan("10.20.0.0/31").Targets;
        Ask(rules, plan with { Targets = two }).Reasons.ShouldBe(
        [
            "rule a: no port is opened", "rule a: script banner is not opened", "rule a: timing 4 is over 3", "rule a: 2 hosts are more than 1",
        ]);
        Ask(rules, plan.Ports("").Number("max-timing", 3).Items("scripts", implied)).Verdict.ShouldBe(Verdict.Allow);
    }

    [Theory]
    [InlineData("scripts: [dos]", true)]
    [InlineData("scripts: [http-slowloris]", true)]
    [InlineData("scripts: [version]", true)]
    [InlineData("scripts: [brute]", false)]
    [InlineData("techniques: [ping]", true)]
    [InlineData("techniques: [udp]", false)]
    [InlineData("ports: \"20-30\"", true)]
    [InlineData("ports: \"23-30\"", false)]
    [InlineData("max-timing: 3", true)]
    [InlineData("max-timing: 4", false)]
    [InlineData("max-hosts: 1", false)]
    [InlineData("techniques: [udp], ports: \"22\"", true)]
    public void Evaluate_denial_any_facet_that_matches_is_enough(string facets, bool denied)
    {
        var plan = Plan("10.20.0.1").Ports("22").Number("max-timing", 4)
            .Items("scripts", new("http-slowloris", ["dos", "intrusive"]), new("docker-version", ["version"], Implied: true));
        var found = Ask($"rules:\n{Rule("a", "staging")}denials:\n  - {{ id: no, zones: any, tools: {{ nmap: {{ {facets} }} }} }}\n", plan);
        found.Verdict.ShouldBe(denied ? Verdict.Deny : Verdict.Allow);
        if (denied)
            found.Reasons.ShouldAllBe(reason => reason.StartsWith("denial no: ", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("roles: [dev], zones: any", true)]
    [InlineData("roles: [sec], zones: any", false)]
    [InlineData("zones: [staging]", true)]
    [InlineData("zones: [prod]", false)]
    public void Evaluate_denial_binds_its_roles_in_its_zones(string who, bool denied) =>
        (Ask($"rules:\n{Rule("a", "staging")}denials:\n  - {{ id: no, {who}, tools: any }}\n", Plan("10.20.0.1")).Verdict == Verdict.Deny).ShouldBe(denied);

    [Fact]
    public void Evaluate_terms_over_the_limits_have_their_own_codes()
    {
        var rules = "rules:\n" + Rule("a", "staging", extra: "max-duration: 30m, max-uses: 3, require: [reason, ticket]");
        var full = new AskedTerms(TimeSpan.FromMinutes(30), 3, "why", "T-1");
        Evaluation Found(AskedTerms terms) => Ask(rules, Plan("10.20.0.1"), terms: terms);
        Found(full).Verdict.ShouldBe(Verdict.Allow);
        (Found(full).Duration, Found(full).Uses).ShouldBe((TimeSpan.FromMinutes(30), 3));
        var late = Found(full with { Duration = TimeSpan.FromMinutes(31) });
        (late.Code, late.Hint).ShouldBe((ErrorCode.DurationTooLong, "ask for at most 30m"));
        Found(full with { Duration = TimeSpan.Zero }).Code.ShouldBe(ErrorCode.DurationTooLong);
        Found(full with { Uses = 4 }).Code.ShouldBe(ErrorCode.TooManyUses);
        Found(full with { Uses = 0 }).Code.ShouldBe(ErrorCode.TooManyUses);
        Found(full with { Reason = " " }).Code.ShouldBe(ErrorCode.ReasonRequired);
        Found(full with { Ticket = null }).Code.ShouldBe(ErrorCode.ReasonRequired);
    }

    [Fact]
    public void Evaluate_rule_that_asks_for_protections_opens_only_what_the_runner_holds_by_all_of_them()
    {
        var rules = "rules:\n" + Rule("s", "staging", extra: "protections: [fence-v4, seccomp]");
        Ask(rules, Plan("10.20.0.1") with { Protections = ["seccomp", "sandbox", "fence-v4"] }).Verdict.ShouldBe(Verdict.Allow);
        Ask("rules:\n" + Rule("s", "staging"), Plan("10.20.0.1")).Verdict.ShouldBe(Verdict.Allow, "no rule asks");
        var found = Ask(rules, Plan("10.20.0.1") with { Protections = ["fence-v4"] });
        found.Verdict.ShouldBe(Verdict.Deny);
        found.Reasons.ShouldBe(["rule s: its runs must be held by seccomp, which the runner does not have"]);
        found.Hint.ShouldBe("writ runners lists what each runner has");
    }

    [Fact]
    public void Parse_unknown_protection_is_refused_with_the_nearest()
    {
        var problem = PolicyDocument.Parse(Head + "rules:\n" + Rule("s", "staging", extra: "protections: [secomp]"), "p").Problems.ShouldHaveSingleItem();
        problem.Message.ShouldContain("unknown protection 'secomp'");
        problem.Hint!.ShouldContain("seccomp");
    }

    [Fact]
    public void Evaluate_budget_is_the_least_of_each_limit_of_the_rules()
    {
        var found = Ask("rules:\n" + Rule("a", "staging", extra: "budget: { packets: 100, bytes: 2MB }") + Rule("b", "dmz", extra: "budget: { packets: 5000, violations: 0 }"), Plan("10.20.5.1"));
        found.Budget.ShouldBe(new(Packets: 100, Bytes: 2_000_000, Violations: 0));
        Ask("rules:\n" + Rule("a", "staging"), Plan("10.20.0.1")).Budget.ShouldBe(Budget.Unlimited);
    }

    [Fact]
    public void Evaluate_terms_not_asked_are_the_least_of_the_rules()
    {
        var found = Ask("rules:\n" + Rule("a", "staging", extra: "max-duration: 2h, max-uses: 9, max-disconnected: 5m") + Rule("b", "dmz", extra: "max-duration: 45m, max-disconnected: 20s"), Plan("10.20.5.1"));
        (found.Duration, found.Uses, found.MaxDisconnected).ShouldBe((TimeSpan.FromMinutes(45), 1, TimeSpan.FromSeconds(20)));
        Ask("rules:\n" + Rule("a", "staging"), Plan("10.20.0.1")).Duration.ShouldBe(Writ.Core.Policy.Rule.DefaultMaxDuration);
    }

    [Theory]
    [InlineData("2026-03-02T07:00:00Z", true)]
    [InlineData("2026-03-02T06:59:59Z", false)]
    [InlineData("2026-03-02T16:59:59Z", true)]
    [InlineData("2026-03-02T17:00:00Z", false)]
    [InlineData("2026-03-07T12:00:00Z", false)]
    [InlineData("2026-07-01T06:00:00Z", true)]
    public void Evaluate_outside_its_hours_a_rule_does_not_apply(string now, bool applies)
    {
        var found = Ask("rules:\n" + Rule("a", "staging", extra: "when: { days: mon-fri, hours: \"08:00-18:00\", tz: Europe/Berlin }"), Plan("10.20.0.1"),
            now: DateTimeOffset.Parse(now, System.Globalization.CultureInfo.InvariantCulture));
        (found.Verdict == Verdict.Allow).ShouldBe(applies);
        if (applies)
            found.LatestEnd.ShouldNotBeNull().UtcDateTime.Hour.ShouldBe(now.Contains("-07-", StringComparison.Ordinal) ? 16 : 17);
        else
            found.Reasons.ShouldBe(["rule a: it is outside mon,tue,wed,thu,fri 08:00-18:00 Europe/Berlin"]);
    }

    [Fact]
    public void Evaluate_workloads_and_people_do_not_share_roles()
    {
        var rules = "rules:\n" + Rule("a", "staging", roles: "ci");
        Ask(rules, Plan("10.20.0.1"), new("nightly", true, [])).Verdict.ShouldBe(Verdict.Allow);
        Ask(rules, Plan("10.20.0.1"), new("nightly", false, ["nightly"])).Verdict.ShouldBe(Verdict.Deny);
        Ask("rules:\n" + Rule("a", "staging"), Plan("10.20.0.1"), new("nightly", true, ["eng"])).Verdict.ShouldBe(Verdict.Deny);
    }

    [Fact]
    public void Evaluate_list_of_approvals_needs_all_of_them()
    {
        var found = Ask("rules:\n" + Rule("a", "staging", "[{ from: [sec], count: 2 }, { from: [dev] }]"), Plan("10.20.0.1"));
        found.Approvals.Select(need => (need.Zone, need.Rule, string.Join(',', need.From), need.Count)).ShouldBe([("staging", "a", "sec", 2), ("staging", "a", "dev", 1)]);
        Ask("rules:\n" + Rule("a", "staging", "[{ from: [sec], with: passkey }, { from: [dev] }]"), Plan("10.20.0.1")).Approvals.Select(need => need.WithPasskey).ShouldBe([true, false]);
    }

    [Fact]
    public void Verdict_nobody_set_denies() => default(Verdict).ShouldBe(Verdict.Deny);

    [Fact]
    public void Evaluate_each_zone_counts_its_own_targets()
    {
        var rules = "rules:\n" + Rule("s", "staging", tools: "{ nmap: { max-hosts: 4 } }") + Rule("p", "prod", tools: "{ nmap: { max-hosts: 2 } }");
        Ask(rules, Plan("10.20.0.0/30,10.40.0.0/31")).Verdict.ShouldBe(Verdict.Allow);
        Ask(rules, Plan("10.20.0.0/31,10.40.0.0/30")).Reasons.ShouldBe(["rule p: 4 hosts are more than 2"]);
        // A denial counts in its own zones only, all of them together.
        const string Denials = "denials:\n  - { id: few, zones: [dmz, prod], tools: { nmap: { max-hosts: 3 } } }\n";
        var open = "rules:\n" + Rule("a", "staging, dmz, prod");
        Ask(open + Denials, Plan("10.20.0.0/24,10.40.0.0/31")).Verdict.ShouldBe(Verdict.Allow);
        Ask(open + Denials, Plan("10.30.0.0/31,10.40.0.0/31")).Reasons.ShouldBe(["denial few: more than 3 hosts are forbidden in zone dmz, prod"]);
    }

    [Fact]
    public void Evaluate_says_what_failed_rule_by_rule_and_zone_by_zone()
    {
        var rules = "rules:\n" + Rule("a", "staging", tools: "{ nmap: { ports: \"80\" } }", extra: "max-uses: 2") + Rule("b", "staging") + Rule("c", "prod", tools: "{ nmap: { ports: \"22\" } }");
        var found = Ask(rules, Plan("10.20.0.1,10.40.0.1").Ports("22-23"), terms: Plain with { Uses = 1 });
        found.Findings.Select(zone => (zone.Zone, zone.Verdict, zone.By, zone.Addresses.ToString()))
            .ShouldBe([("prod", Verdict.Deny, null, "10.40.0.1"), ("staging", Verdict.Allow, "b", "10.20.0.1")]);
        found.Findings[1].Rules.Select(rule => rule.Rule).ShouldBe(["b", "a"], "nearest first");
        found.Findings[1].Rules[0].Failed.ShouldBeEmpty();
        found.Findings[0].Rules.ShouldHaveSingleItem().Failed.ShouldHaveSingleItem()
            .ShouldBe(new("ports", "23", "22", "port 23 is not among 22", ErrorCode.Denied, "opened are: 22"));

        var denied = Ask(rules + "denials:\n  - { id: no, zones: [prod], tools: { nmap: { ports: \"23-99\" } } }\n", Plan("10.40.0.1").Ports("22-30"));
        denied.Denials.ShouldHaveSingleItem().Zones.ShouldBe(["prod"]);
        denied.Denials[0].Matched.ShouldHaveSingleItem().ShouldBe(new("ports", "23-30", "", "port 23-30 is forbidden", ErrorCode.Denied, null));
    }

    [Theory]
    [InlineData("techniques")]
    [InlineData("ports")]
    [InlineData("scripts")]
    [InlineData("max-timing")]
    public void Evaluate_plan_that_does_not_answer_a_facet_is_denied(string facet)
    {
        var plan = Plan("10.20.0.1");
        var rules = "rules:\n" + Rule("a", "staging");
        Ask(rules, plan).Verdict.ShouldBe(Verdict.Allow);
        Ask(rules, plan with { Facets = [.. plan.Facets.Where(value => value.Facet != facet)] }).Reasons.ShouldBe([$"rule a: the plan does not say its {facet}"]);
        Ask(rules, plan with { Facets = [.. plan.Facets, .. plan.Facets.Where(value => value.Facet == facet)] }).Verdict.ShouldBe(Verdict.Deny, "answered twice");
        Ask(rules, plan.With(facet == "ports" ? new FacetWords(facet, []) : new FacetPorts(facet, PortSet.Empty))).Verdict.ShouldBe(Verdict.Deny, "answered in another kind");
    }
}
