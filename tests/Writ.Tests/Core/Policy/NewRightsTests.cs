using System.Globalization;
using Writ.Core.Decisions;
using Writ.Core.Policy;
using Writ.Core.Rotas;
using Writ.Core.Tools;
using Writ.Core.Zones;
using Writ.Proof.Statements;

namespace Writ.Tests.Core.Policy;

/// <summary>What a change of policy or groups gives its author anew; and that nothing is missed.</summary>
public class NewRightsTests
{
    private static readonly DateTimeOffset Monday = new(2026, 3, 2, 12, 0, 0, TimeSpan.Zero);
    private static readonly Subject Ada = new("ada", false, ["eng"]);
    /// <summary>Every group of two of each kind of approver.</summary>
    private static readonly Decider[][] Approvers =
    [
        .. Enumerable.Range(0, 64).Select(bits => Enumerable.Range(0, 6).Where(at => ((bits >> at) & 1) == 1)
            .Select(at => new Decider(new(new Guid(at, 0, 0, new byte[8])), at < 2 ? ["sec"] : at < 4 ? ["ops"] : ["sec", "ops"], WithPasskey: at % 2 == 0)).ToArray()),
    ];

    private static readonly string[] ZoneNames = ["staging", "dmz", "prod"];

    private const string Before = """
        version: 1
        roles:
          dev: { groups: [eng] }
          sec: { groups: [secops] }
          ops: { groups: [operators] }
          ci: { workloads: [nightly] }
        zones:
          staging: { addresses: [10.20.0.0/16] }
          dmz: { addresses: [10.20.5.0/24, 10.30.0.0/24] }
          prod: { addresses: [10.40.0.0/16] }
        rules:
          - { id: scan, roles: [dev], zones: [staging], tools: { nmap: { techniques: [ping], ports: "22,80", max-hosts: 16 } }, max-duration: 30m, max-uses: 5, require: [reason], approval: { from: [sec], count: 2 } }
          - { id: dmz, roles: [sec], zones: [dmz], tools: { nmap: any }, approval: none }
          - { id: nightly, roles: [ci], zones: [staging], tools: { nmap: { techniques: [ping] } }, approval: none }
        denials:
          - { id: no-syn, roles: [dev], zones: [staging], tools: { nmap: { techniques: [syn] } } }

        """;

    private static PolicyDocument Policy(string text)
    {
        var parse = PolicyDocument.Parse(text, "p");
        parse.Problems.ShouldBeEmpty();
        return parse.Policy!;
    }

    private static IReadOnlyList<string> NewTo(Subject who, string was, string now) => NewRights.Of(Policy(Before), Policy(Before.Replace(was, now, StringComparison.Ordinal)), [(who, who)]);

    [Theory]
    [InlineData("max-uses: 5", "max-uses: 4")]
    [InlineData("max-duration: 30m", "max-duration: 10m")]
    [InlineData("techniques: [ping], ports: \"22,80\"", "techniques: [ping], ports: \"22\"")]
    [InlineData("count: 2", "count: 3")]
    [InlineData("require: [reason]", "require: [reason, ticket]")]
    [InlineData("version: 1", "version: 1\n# the same again")]
    [InlineData("10.20.0.0/16", "10.20.0.0/17")]
    [InlineData("techniques: [syn]", "techniques: [syn] } } }\n  - { id: nor-udp, zones: any, tools: { nmap: { techniques: [udp]")]
    [InlineData("prod: { addresses: [10.40.0.0/16] }", "prod: { addresses: [10.40.0.0/16, 10.50.0.0/16] }")]
    [InlineData("prod: { addresses: [10.40.0.0/16] }", "prod: { addresses: [10.40.0.0/16, 10.20.0.0/24] }")]
    [InlineData("zones: [dmz], tools", "zones: [dmz, prod], tools")]
    public void Of_what_narrows_or_is_for_others_is_nothing(string was, string now) => NewTo(Ada, was, now).ShouldBeEmpty();

    [Theory]
    [InlineData("max-uses: 5", "max-uses: 6", "rule 'scan' would open more to ada in zone staging")]
    [InlineData("max-duration: 30m", "max-duration: 31m", "rule 'scan'")]
    [InlineData("ports: \"22,80\"", "ports: \"22,80,443\"", "rule 'scan'")]
    [InlineData("max-hosts: 16", "max-hosts: 17", "rule 'scan'")]
    [InlineData("techniques: [ping], ports", "techniques: [ping, connect], ports", "rule 'scan'")]
    [InlineData("require: [reason], ", "", "rule 'scan'")]
    [InlineData("count: 2", "count: 1", "rule 'scan'")]
    [InlineData("from: [sec], count", "from: [sec, ops], count", "rule 'scan'")]
    [InlineData("sec: { groups: [secops] }", "sec: { groups: [secops, friends] }", "rule 'scan'")]
    [InlineData("approval: { from: [sec], count: 2 }", "approval: none", "rule 'scan'")]
    [InlineData("approval: { from: [sec], count: 2 }", "approval: { from: [sec], count: 2, chat: true }", "rule 'scan'")]
    [InlineData("staging: { addresses: [10.20.0.0/16] }", "staging: { addresses: [10.20.0.0/16, 10.50.0.0/16] }", "ada would reach 10.50.0.0, which lies in no zone")]
    [InlineData("dmz: { addresses: [10.20.5.0/24, 10.30.0.0/24] }", "dmz: { addresses: [10.30.0.0/24] }", "rule 'scan' would open more to ada in zone staging")]
    [InlineData("zones: [staging], tools: { nmap: { techniques: [ping], ports", "zones: [staging, prod], tools: { nmap: { techniques: [ping], ports", "rule 'scan' would open more to ada in zone prod")]
    [InlineData("techniques: [syn]", "techniques: [udp]", "denial 'no-syn' would not bind ada as it does")]
    [InlineData("id: no-syn, roles: [dev]", "id: no-syn, roles: [sec]", "denial 'no-syn'")]
    [InlineData("dev: { groups: [eng] }", "dev: { groups: [eng] }\n  mine: { groups: [eng] }", null)]
    [InlineData("sec: { groups: [secops] }", "sec: { groups: [secops, eng] }", "ada would decide on nmap in zone")]
    [InlineData("id: dmz, roles: [sec]", "id: dmz, roles: [sec, dev]", "rule 'dmz' would open more to ada in zone dmz")]
    public void Of_what_gives_more_says_what(string was, string now, string? said)
    {
        var found = NewTo(Ada, was, now);
        if (said is null)
            found.ShouldBeEmpty();
        else
            found.ShouldContain(right => right.StartsWith(said, StringComparison.Ordinal), string.Join('\n', found));
    }

    [Fact]
    public void Of_an_approver_counts_what_they_decide_on_and_with_how_many_others()
    {
        var sam = new Subject("sam", false, ["secops"]);
        NewTo(sam, "count: 2", "count: 1").ShouldContain("sam would decide on nmap in zone staging as one of 1 instead of 2");
        NewTo(sam, "zones: [staging], tools: { nmap: { techniques: [ping], ports", "zones: [prod], tools: { nmap: { techniques: [ping], ports").ShouldContain("sam would decide on nmap in zone prod");
        NewTo(sam, "count: 2", "count: 3").ShouldBeEmpty();
    }

    [Fact]
    public void Of_a_workload_counts_for_whoever_answers_for_it()
    {
        var nightly = new Subject("nightly", true, []);
        var after = Policy(Before.Replace("techniques: [ping] } }, approval: none", "techniques: [ping, syn] } }, approval: none", StringComparison.Ordinal));
        NewRights.Of(Policy(Before), after, [(Ada, Ada)]).ShouldBeEmpty();
        NewRights.Of(Policy(Before), after, [(Ada, Ada), (nightly, nightly)]).ShouldHaveSingleItem().ShouldStartWith("rule 'nightly' would open more to nightly");
    }

    [Theory]
    [InlineData("repo:scans", "repo:scans", false)]
    [InlineData("repo:scans", "repo:mine", true)]
    [InlineData("audience: https://writ.example.com", "audience: https://other.example.com", true)]
    [InlineData("issuer: https://ci.example.com", "issuer: https://mine.example.com", true)]
    [InlineData("branch: main", "branch: any", true)]
    [InlineData("owner: oscar", "owner: ada", true)]
    [InlineData("max-sign-in: 1h", "max-sign-in: 2h", true)]
    [InlineData("max-sign-in: 1h", "max-sign-in: 30m", false)]
    [InlineData("nightly: {", "nobody: {", false)]
    public void Of_a_workload_that_signs_in_by_something_else_is_what_its_roles_open(string was, string now, bool isNew)
    {
        const string workload = "workloads:\n  nightly: { issuer: https://ci.example.com, audience: https://writ.example.com, subject: \"repo:scans\", claims: { branch: main }, owner: oscar, max-sign-in: 1h }\n";
        var before = Before + workload;
        NewRights.Of(Policy(before), Policy(before.Replace(was, now, StringComparison.Ordinal)), [(Ada, Ada)]).Count.ShouldBe(isNew ? 1 : 0);
        NewRights.Of(Policy(Before), Policy(before), [(Ada, Ada)]).ShouldHaveSingleItem().ShouldStartWith("who signs in as workload 'nightly' would be another");
    }

    [Fact]
    public void Of_other_groups_is_what_their_roles_give_and_what_no_longer_binds()
    {
        var policy = Policy(Before);
        NewRights.Of(policy, policy, [(Ada, Ada with { Groups = ["eng", "nobody-knows-it"] })]).ShouldBeEmpty();
        NewRights.Of(policy, policy, [(Ada, Ada with { Groups = [] })]).ShouldBeEmpty();
        NewRights.Of(policy, policy, [(Ada, Ada with { Groups = ["eng", "secops"] })]).ShouldNotBeEmpty();

        // Whoever leaves a group may leave a denial with it.
        var bound = Policy(Before.Replace("id: dmz, roles: [sec]", "id: dmz, roles: [sec, ops]", StringComparison.Ordinal) + "  - { id: not-dev, roles: [dev], zones: [dmz], tools: any }\n");
        var both = new Subject("ada", false, ["eng", "operators"]);
        NewRights.Of(bound, bound, [(both, both with { Groups = ["operators"] })]).ShouldContain("denial 'not-dev' would not bind ada as it does");
    }

    [Fact]
    public void Of_the_first_policy_is_all_that_it_gives()
    {
        NewRights.Of(null, Policy(Before), [(Ada, Ada)]).ShouldNotBeEmpty();
        NewRights.Of(null, Policy(Before), [(new("ann", false, []), new("ann", false, []))]).ShouldBeEmpty();
    }

    [Fact]
    public void Of_one_zone_made_two_says_that_each_has_a_limit_of_its_own()
    {
        var after = Policy(Before
            .Replace("staging: { addresses: [10.20.0.0/16] }", "staging: { addresses: [10.20.0.0/17] }\n  staging-b: { addresses: [10.20.128.0/17] }", StringComparison.Ordinal)
            .Replace("roles: [dev], zones: [staging]", "roles: [dev], zones: [staging, staging-b]", StringComparison.Ordinal));
        NewRights.Of(Policy(Before), after, [(Ada, Ada)]).ShouldContain("zone 'staging' would be several to ada, each with a limit of its own");
    }

    [Fact]
    public void Of_any_change_misses_nothing()
    {
        var (silent, spoke) = (0, 0);
        for (var seed = 0; seed < PropertyScale.Cases(500); seed++)
        {
            var random = new Random(seed);
            var (before, after) = Pair(random);
            var (was, now) = (Policy(before), Policy(after));
            var subject = Ada with { Groups = random.Next(3) == 0 ? ["eng", "secops"] : ["eng"] };
            var changed = random.Next(5) == 0 ? subject with { Groups = ["eng", "operators"] } : subject;
            if (NewRights.Of(was, now, [(subject, changed)]) is { Count: > 0 })
            {
                spoke++;
                continue;
            }

            silent++;
            for (var tries = 0; tries < 6; tries++)
            {
                var plan = Plan(random);
                var terms = new AskedTerms(random.Next(3) == 0 ? TimeSpan.FromMinutes(random.Next(1, 60)) : null, random.Next(3) == 0 ? random.Next(1, 9) : null, random.Next(2) == 0 ? "why" : null, null);
                var (old, @new) = (Evaluator.Evaluate(was, subject, plan, terms, Monday), Evaluator.Evaluate(now, changed, plan, terms, Monday));
                var what = string.Create(CultureInfo.InvariantCulture, $"seed {seed}\n{before}\n---\n{after}\n{plan.Targets} {string.Join(' ', plan.Techniques)}");
                ((int)@new.Verdict).ShouldBeLessThanOrEqualTo((int)old.Verdict, what);
                // Whoever suffices now sufficed before.
                if (@new.Verdict == Verdict.RequireApproval && old.Verdict == Verdict.RequireApproval)
                    Approvers.ShouldAllBe(some => !Quorum.IsMet(@new.Approvals, some) || Quorum.IsMet(old.Approvals, some), what);
            }
        }

        // Both happen, or this says nothing.
        silent.ShouldBeGreaterThan(1);
        spoke.ShouldBeGreaterThan(1);
    }

    [Fact]
    public void Every_part_of_a_policy_that_can_give_a_right_is_compared()
    {
        // A new member must be thought about in NewRights before it stands here.
        Members<Rule>().ShouldBe(["Approval", "BreakGlass", "Budget", "Id", "Kind", "KnownGood", "Line", "MaxDisconnected", "MaxDuration", "MaxUses", "Order", "Protections", "Recurring", "RequireReason", "RequireTicket", "Roles", "Templates", "Tools", "When", "Zones"]);
        Members<ApprovalTerm>().ShouldBe(["ByChat", "Count", "EscalateAfter", "From", "WithPasskey"]);
        Members<Denial>().ShouldBe(["Id", "Line", "Order", "Roles", "Tools", "Zones"]);
        Members<Role>().ShouldBe(["Groups", "Line", "Name", "OnCall", "Workloads"]);
        Members<Rota>().ShouldBe(["Line", "Name", "Source", "Turns"]);
        Members<Turns>().ShouldBe(["First", "Length", "Overrides", "People", "Zone"]);
        Members<Workload>().ShouldBe(["Key", "Line", "MaxSignIn", "Name", "Owner", "Token"]);
        Members<WorkloadToken>().ShouldBe(["Audience", "Claims", "Issuer", "Keys", "Person", "Subject"]);
        Members<PolicyDocument>().ShouldBe(["Definitions", "Denials", "Hash", "Roles", "Rotas", "Rules", "Source", "Templates", "Tests", "Text", "Tools", "Workloads", "ZoneMap", "Zones"]);
        Members<Zone>().ShouldBe(["Addresses", "Line", "Name", "Names", "Owners", "Runners"]);
        Members<Budget>().ShouldBe(["Bytes", "Packets", "PacketsPerSecond", "Violations"]);

        static IEnumerable<string> Members<T>() => typeof(T).GetProperties(System.Reflection.BindingFlags.Public | System.Reflection.BindingFlags.Instance).Select(member => member.Name).Order(StringComparer.Ordinal);
    }

    /// <summary>A policy and one that differs from it in a part or two.</summary>
    private static (string Before, string After) Pair(Random random)
    {
        List<string> zones = [.. ZoneNames.Select(name => Addresses(random, name))];
        List<string> rules = [.. Enumerable.Range(0, random.Next(1, 4)).Select(at => Rule(random, $"r{at}"))];
        List<string> denials = [.. Enumerable.Range(0, random.Next(0, 3)).Select(at => Denial(random, $"d{at}"))];
        var before = Text(zones, rules, denials);
        for (var changes = random.Next(1, 3); changes > 0; changes--)
        {
            switch (random.Next(6))
            {
                case 0: var at = random.Next(3); zones[at] = Addresses(random, ZoneNames[at]); break;
                case 1: rules.RemoveAt(random.Next(rules.Count)); break;
                case 2: rules.Add(Rule(random, $"n{changes}")); break;
                case 3: denials.Add(Denial(random, $"m{changes}")); break;
                case 4 when denials.Count > 0: denials.RemoveAt(random.Next(denials.Count)); break;
                case 5 when rules.Count > 0: rules[random.Next(rules.Count)] = Rule(random, $"c{changes}"); break;
            }

            if (rules.Count == 0)
                rules.Add(Rule(random, $"z{changes}"));
        }

        return (before, Text(zones, rules, denials));
    }

    private static string Text(IEnumerable<string> zones, IEnumerable<string> rules, List<string> denials) =>
        "version: 1\nroles:\n  dev: { groups: [eng] }\n  sec: { groups: [secops] }\n  ops: { groups: [operators] }\nzones:\n" + string.Concat(zones)
        + "rules:\n" + string.Concat(rules) + (denials.Count > 0 ? "denials:\n" + string.Concat(denials) : "");

    private static string Addresses(Random random, string name) =>
        $"  {name}: {{ addresses: [{string.Join(", ", Some(random, ["10.20.0.0/24", "10.20.0.0/28", "10.20.0.8/29", "10.20.1.0/24"]))}] }}\n";

    private static string Rule(Random random, string id) =>
        $"  - {{ id: {id}, roles: [{string.Join(", ", Some(random, ["dev", "sec", "ops"]))}], zones: [{string.Join(", ", Some(random, ["staging", "dmz", "prod"]))}], "
        + $"tools: {{ nmap: {Open(random)} }}, max-duration: {random.Next(1, 4) * 15}m, max-uses: {random.Next(1, 4)}{(random.Next(3) == 0 ? ", require: [reason]" : "")}, "
        + $"approval: {(random.Next(2) == 0 ? "none" : $"{{ from: [{(random.Next(2) == 0 ? "sec" : "ops")}], count: {random.Next(1, 3)}{(random.Next(3) == 0 ? ", with: passkey" : "")} }}")} }}\n";

    private static string Open(Random random) => random.Next(3) == 0 ? "any"
        : $"{{ techniques: [{string.Join(", ", Some(random, ["ping", "connect", "syn"]))}], ports: \"{string.Join(',', Some(random, ["22", "80", "443"]))}\", max-hosts: {(random.Next(2) == 0 ? 8 : 300)} }}";

    private static string Denial(Random random, string id) =>
        $"  - {{ id: {id}{(random.Next(2) == 0 ? ", roles: [dev]" : "")}, zones: {(random.Next(3) == 0 ? "any" : $"[{string.Join(", ", Some(random, ["staging", "dmz", "prod"]))}]")}, "
        + $"tools: {(random.Next(4) == 0 ? "any" : $"{{ nmap: {{ techniques: [{string.Join(", ", Some(random, ["connect", "syn"]))}] }} }}")} }}\n";

    private static Plan Plan(Random random) => Plans.Of(string.Join(',', Some(random, ["10.20.0.1", "10.20.0.8/30", "10.20.1.0/28", "10.20.0.32/28"])), Some(random, ["ping", "connect", "syn"]))
        .Ports(random.Next(3) == 0 ? "" : string.Join(',', Some(random, ["22", "80"])));

    private static string[] Some(Random random, string[] of)
    {
        var some = of.Where(_ => random.Next(2) == 0).ToArray();
        return some.Length > 0 ? some : [of[random.Next(of.Length)]];
    }
}
