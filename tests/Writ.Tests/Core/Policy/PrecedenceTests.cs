using System.Globalization;
using System.Text;
using Writ.Core.Policy;
using Writ.Core.Tools;

namespace Writ.Tests.Core.Policy;

/// <summary>Laws that hold for every policy and plan: what beats what, and which way a change of the policy can move an answer.</summary>
public class PrecedenceTests
{
    private static readonly DateTimeOffset Monday = new(2026, 3, 2, 12, 0, 0, TimeSpan.Zero);
    private static readonly Subject Dana = new("dana", false, ["eng"]);
    private static readonly string[] ZoneNames = ["staging", "dmz", "prod"];

    private const string Head = """
        version: 1
        roles:
          dev: { groups: [eng] }
          sec: { groups: [secops] }
        zones:
          staging: { addresses: [10.20.0.0/16] }
          dmz: { addresses: [10.20.5.0/24, 10.30.0.0/24] }
          prod: { addresses: [10.40.0.0/16] }

        """;

    private static Evaluation Ask(IEnumerable<string> rules, IEnumerable<string> denials, Plan plan, AskedTerms terms)
    {
        var (r, d) = (string.Concat(rules), string.Concat(denials));
        var parse = PolicyDocument.Parse(Head + (r.Length > 0 ? "rules:\n" + r : "") + (d.Length > 0 ? "denials:\n" + d : ""), "p");
        parse.Problems.ShouldBeEmpty();
        return Evaluator.Evaluate(parse.Policy!, Dana, plan, terms, Monday);
    }

    private static void AtMost(Evaluation stricter, Evaluation other) => ((int)stricter.Verdict).ShouldBeLessThanOrEqualTo((int)other.Verdict);

    private static void ForAll(Action<string[], string[], Plan, AskedTerms, Random> law)
    {
        for (var seed = 0; seed < PropertyScale.Cases(400); seed++)
        {
            var random = new Random(seed);
            string[] rules = [.. Enumerable.Range(0, random.Next(1, 6)).Select(at => Rule(random, $"r{at}"))];
            string[] denials = [.. Enumerable.Range(0, random.Next(0, 3)).Select(at => Denial(random, $"d{at}"))];
            var plan = Plans.Of(string.Join(',', Some(random, ["10.20.0.1", "10.20.5.0/30", "10.30.0.1", "10.40.0.0/29", random.Next(6) == 0 ? "10.99.0.1" : "10.20.1.1"])), Some(random, ["ping", "connect", "syn"]))
                .Ports(random.Next(3) == 0 ? "" : string.Join(',', Some(random, ["22", "80", "443"]))).Number("max-timing", random.Next(2, 5))
                .Items("scripts", random.Next(2) == 0 ? [] : [new("banner", ["discovery", "safe"]), new("http-slowloris", ["dos", "intrusive"])]);
            var terms = new AskedTerms(random.Next(3) == 0 ? TimeSpan.FromMinutes(random.Next(1, 60)) : null, random.Next(3) == 0 ? random.Next(1, 9) : null, random.Next(2) == 0 ? "why" : null, null);
            try
            {
                law(rules, denials, plan, terms, random);
            }
            catch (Exception wrong)
            {
                throw new InvalidOperationException($"seed {seed}\n{string.Concat(rules)}{string.Concat(denials)}{plan.Targets}", wrong);
            }
        }
    }

    [Fact]
    public void Denial_that_applies_beats_every_rule() => ForAll((rules, denials, plan, terms, _) =>
    {
        var found = Ask(rules, denials, plan, terms);
        if (found.Denials.Count > 0)
            (found.Verdict, found.Rules).ShouldBe((Verdict.Deny, found.Rules));
        Ask(rules, [.. denials, "  - { id: all, zones: any, tools: any }\n"], plan, terms).Verdict.ShouldBe(Verdict.Deny);
    });

    [Fact]
    public void Adding_a_denial_never_widens() => ForAll((rules, denials, plan, terms, random) =>
    {
        var before = Ask(rules, denials, plan, terms);
        var after = Ask(rules, [.. denials, Denial(random, "more")], plan, terms);
        AtMost(after, before);
        if (after.Verdict != Verdict.Deny)
            (after.Duration, after.Uses).ShouldBe((before.Duration, before.Uses));
    });

    [Fact]
    public void Adding_a_rule_never_narrows() => ForAll((rules, denials, plan, terms, random) =>
        AtMost(Ask(rules, denials, plan, terms), Ask([.. rules, Rule(random, "more")], denials, plan, terms)));

    [Fact]
    public void Order_of_rules_and_denials_only_breaks_ties() => ForAll((rules, denials, plan, terms, random) =>
    {
        var before = Ask(rules, denials, plan, terms);
        random.Shuffle(rules);
        random.Shuffle(denials);
        var after = Ask(rules, denials, plan, terms);
        (after.Verdict, after.Code, after.Outside).ShouldBe((before.Verdict, before.Code, before.Outside));
        after.Denials.Select(denial => denial.Denial).ShouldBe(before.Denials.Select(denial => denial.Denial), ignoreOrder: true);
        after.Findings.Select(zone => (zone.Zone, zone.Verdict)).ShouldBe(before.Findings.Select(zone => (zone.Zone, zone.Verdict)));
        // As many approvals in each zone, if perhaps of another rule that asks for as many.
        after.Approvals.GroupBy(need => need.Zone).Select(zone => (zone.Key, zone.Sum(need => need.Count)))
            .ShouldBe(before.Approvals.GroupBy(need => need.Zone).Select(zone => (zone.Key, zone.Sum(need => need.Count))));
    });

    [Fact]
    public void Zones_compose_with_and() => ForAll((rules, denials, plan, terms, _) =>
    {
        var whole = Ask(rules, denials, plan, terms);
        if (whole.Denials.Count == 0 && whole.Outside.IsEmpty)
            whole.Verdict.ShouldBe(whole.Findings.Min(zone => zone.Verdict));
        // Each zone alone, with only the rules of that zone, says of its part what it says in the whole.
        foreach (var zone in whole.Findings)
        {
            var others = string.Join(", ", ZoneNames.Where(name => name != zone.Zone));
            var open = $"  - {{ id: open-others, roles: [dev], zones: [{others}], tools: {{ nmap: any }}, max-duration: 366d, max-uses: 10000, approval: none }}\n";
            var alone = Ask([.. rules, open], [], plan, terms).Findings.Single(other => other.Zone == zone.Zone);
            (alone.Verdict, alone.By).ShouldBe((zone.Verdict, zone.By));
        }
    });

    [Fact]
    public void A_rule_that_fails_says_how_and_one_that_matches_fails_nothing() => ForAll((rules, denials, plan, terms, _) =>
    {
        foreach (var zone in Ask(rules, denials, plan, terms).Findings)
        {
            (zone.By is null).ShouldBe(zone.Rules.All(rule => rule.Failed.Count > 0));
            (zone.Verdict == Verdict.Deny).ShouldBe(zone.By is null);
            if (zone.By is { } by)
                zone.Rules.Single(rule => rule.Rule == by).Failed.ShouldBeEmpty();
        }
    });

    [Fact]
    public void Narrower_plans_are_allowed_wherever_wider_ones_are() => ForAll((rules, denials, plan, terms, random) =>
    {
        var narrower = plan.Ports("").Items("scripts").Number("max-timing", 2);
        AtMost(Ask(rules, denials, plan, terms), Ask(rules, denials, narrower, terms));
    });

    private static string Rule(Random random, string id)
    {
        var terms = (random.Next(3) == 0 ? $", max-duration: {random.Next(5, 60)}m" : "") + (random.Next(3) == 0 ? ", max-uses: 5" : "") + (random.Next(4) == 0 ? ", require: [reason]" : "")
            + (random.Next(8) == 0 ? ", when: { days: sun }" : "");
        var approval = random.Next(3) switch { 0 => "none", 1 => "{ from: [sec] }", _ => "[{ from: [sec], count: 2 }, { from: [dev] }]" };
        return string.Create(CultureInfo.InvariantCulture,
            $"  - {{ id: {id}, roles: [{(random.Next(5) == 0 ? "sec" : "dev")}], zones: [{string.Join(", ", Some(random, ZoneNames))}], tools: {{ nmap: {Facets(random, ", others: any")} }}, approval: {approval}{terms} }}\n");
    }

    private static string Denial(Random random, string id) => string.Create(CultureInfo.InvariantCulture,
        $"  - {{ id: {id}, {(random.Next(3) == 0 ? $"roles: [{(random.Next(2) == 0 ? "dev" : "sec")}], " : "")}zones: {(random.Next(3) == 0 ? "any" : $"[{string.Join(", ", Some(random, ZoneNames))}]")}, tools: {{ nmap: {Facets(random, "")} }} }}\n");

    private static string Facets(Random random, string others)
    {
        if (random.Next(6) == 0)
            return "any";
        var text = new StringBuilder();
        string[] facets =
        [
            $"techniques: [{string.Join(", ", Some(random, ["ping", "connect", "syn"]))}]", $"ports: \"{string.Join(',', Some(random, ["22", "80", "400-500"]))}\"",
            $"scripts: [{string.Join(", ", Some(random, ["safe", "dos", "banner", "\"http-*\""]))}]", $"max-timing: {random.Next(2, 5)}", $"max-hosts: {random.Next(1, 12)}",
        ];
        text.Append("{ ").AppendJoin(", ", Some(random, facets)).Append(random.Next(2) == 0 ? others : "").Append(" }");
        return text.ToString();
    }

    private static string[] Some(Random random, string[] all)
    {
        string[] some = [.. all.Where(_ => random.Next(2) == 0)];
        return some.Length > 0 ? some : [all[random.Next(all.Length)]];
    }
}
