using System.Globalization;
using System.Text;
using Writ.Core.Policy;
using Writ.Core.Tools;
using Writ.Tests.Core.Tools.Nmap;

namespace Writ.Tests.Core.Policy;

/// <summary>The way on after a denial: a command that parses and is not denied, near to what was asked; or none.</summary>
public class NearestCommandTests
{
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

    private static readonly Subject Dana = new("dana", false, ["eng"]);
    private static readonly DateTimeOffset Monday = new(2026, 3, 2, 12, 0, 0, TimeSpan.Zero);
    private static readonly PlanContext Context = new(NmapToolTests.Inventory);
    private static readonly ITool Nmap = ToolCatalogue.Box.Find("nmap")!;

    private static PolicyDocument Policy(string rules)
    {
        var parse = PolicyDocument.Parse(Head + rules, "p");
        parse.Problems.ShouldBeEmpty(rules);
        return parse.Policy!;
    }

    private static NearestCommand? Find(string rules, string command, AskedTerms? terms = null) =>
        NearestCommand.Find(Policy(rules), Dana, command.Split(' '), Context, terms ?? new(null, null, "why", null), Monday);

    private static string Rule(string zones, string facets, string extra = "") =>
        $"rules:\n  - {{ id: a, roles: [dev], zones: [{zones}], tools: {{ nmap: {facets} }}, approval: none{extra} }}\n";

    [Fact]
    public void Find_a_thousand_default_ports_of_which_some_are_not_opened_leaves_those_out_of_the_choice()
    {
        // Every seventh port is known, the lower the likelier.
        var services = string.Concat(Enumerable.Range(1, 2_000).Select(number => string.Create(CultureInfo.InvariantCulture, $"s{number} {number * 7}/tcp {1.0 / number:0.00000}\n")));
        var context = new PlanContext(NmapToolTests.Inventory with { Files = [NmapToolTests.File("nmap-services", services)] });
        var found = NearestCommand.Find(Policy(Rule("staging", "{ techniques: any, ports: \"3000-65535\" }")), Dana, ["nmap", "-sS", "10.20.0.1"], context, new(null, null, "why", null), Monday).ShouldNotBeNull();
        string.Join(' ', found.Command).ShouldBe("nmap -sS --exclude-ports 1-2999 10.20.0.1");
        found.Plan.Tcp.Count.ShouldBe(1_000);
    }

    [Theory]
    [InlineData("{ techniques: any, ports: \"1-100\" }", "nmap -sS -p 22,80,443 10.20.0.1", "nmap -sS -p 22,80 10.20.0.1", "ports: 22,80")]
    [InlineData("{ ports: any }", "nmap -sS -p 22 10.20.0.1", "nmap -p 22 -sT 10.20.0.1", "without technique syn, with technique connect")]
    [InlineData("{ ports: any }", "nmap -sTV -p 22 10.20.0.1", "nmap -sT -p 22 10.20.0.1", "without technique version")]
    [InlineData("{ techniques: [ping] }", "nmap -sS -p 22 10.20.0.1", "nmap -sn 10.20.0.1", "without technique syn; without ports")]
    [InlineData("{ techniques: [connect], ports: any }", "nmap -sT -p 22 10.20.0.1", "nmap -sT -p 22 -Pn 10.20.0.1", "without technique ping")]
    [InlineData("{ others: any, max-timing: 2 }", "nmap -T5 -p 22 10.20.0.1", "nmap -p 22 -T2 10.20.0.1", "timing: 2")]
    [InlineData("{ others: any, scripts: [safe] }", "nmap -p 80 --script http-* 10.20.0.1", null, "without script http-slowloris")]
    [InlineData("{ others: any, scripts: [] }", "nmap -sC -p 80 10.20.0.1", "nmap -p 80 10.20.0.1", "without script http-title, rpcinfo")]
    [InlineData("{ others: any, techniques: [ping, syn, version] }", "nmap -A -p 80 10.20.0.1", null, "without technique os, traceroute")]
    [InlineData("{ others: any, max-hosts: 16 }", "nmap -p 22 10.20.0.0/24", "nmap -p 22 10.20.0.0/28", "targets: 10.20.0.0/28")]
    [InlineData("{ others: any, max-hosts: 10 }", "nmap -p 22 10.20.0.0/24", "nmap -p 22 10.20.0.0-9", "targets: 10.20.0.0-10.20.0.9")]
    public void Find_one_facet_is_too_much_changes_that_one(string facets, string command, string? nearest, string changes)
    {
        var found = Find(Rule("staging", facets), command).ShouldNotBeNull();
        if (nearest is not null)
            string.Join(' ', found.Command).ShouldBe(nearest);
        string.Join("; ", found.Changes).ShouldBe(changes);
        found.Evaluation.Verdict.ShouldBe(Verdict.Allow);
    }

    [Theory]
    [InlineData("nmap -p 22 10.20.0.1 10.40.0.1", "nmap -p 22 10.20.0.1")]
    [InlineData("nmap -p 22 10.20.0.0/24 10.99.0.1", "nmap -p 22 10.20.0.0/24")]
    [InlineData("nmap -p 22 10.20.4-5.0/24", "nmap -p 22 10.20.4.0/24")]
    [InlineData("nmap -p 22 --exclude 10.20.0.9 10.20.0.8-9 10.40.0.1", "nmap -p 22 10.20.0.8")]
    public void Find_zones_that_cannot_be_opened_are_left_out(string command, string nearest) =>
        string.Join(' ', Find(Rule("staging", "any"), command).ShouldNotBeNull().Command).ShouldBe(nearest);

    [Fact]
    public void Find_denials_are_kept_clear_of()
    {
        const string Denials = "denials:\n  - { id: no-syn, zones: any, tools: { nmap: { techniques: [syn] } } }\n  - { id: low, zones: [staging], tools: { nmap: { ports: \"1-79\" } } }\n";
        var found = Find(Rule("staging", "any") + Denials, "nmap -sS -p 22,80 10.20.0.1").ShouldNotBeNull();
        found.Plan.Tcp.ToString().ShouldBe("80");
        found.Plan.Techniques.ShouldNotContain("syn");
        Find(Rule("staging", "any") + "denials:\n  - { id: shut, zones: [staging], tools: any }\n", "nmap -p 22 10.20.0.1").ShouldBeNull();
        Find(Rule("staging, prod", "any") + "denials:\n  - { id: shut, zones: [prod], tools: any }\n", "nmap -p 22 10.20.0.1 10.40.0.1")
            .ShouldNotBeNull().Command.ShouldBe(["nmap", "-p", "22", "10.20.0.1"]);
    }

    [Fact]
    public void Find_terms_alone_leave_the_command_as_it_was_typed()
    {
        var found = Find(Rule("staging", "any", ", max-duration: 10m, max-uses: 2, require: [reason, ticket]"), "nmap -sSV -p22 10.20.0.1",
            new(TimeSpan.FromHours(1), 5, " ", "T-1")).ShouldNotBeNull();
        string.Join(' ', found.Command).ShouldBe("nmap -sSV -p22 10.20.0.1");
        (found.Terms.Duration, found.Terms.Uses).ShouldBe((TimeSpan.FromMinutes(10), 2));
        found.Needs.ShouldBe(["reason"]);
        found.Changes.ShouldBe(["for 10m", "uses: 2", "with a reason"]);
    }

    [Fact]
    public void Find_nothing_would_do_says_none()
    {
        Find("", "nmap -p 22 10.20.0.1").ShouldBeNull();
        Find(Rule("prod", "any"), "nmap -p 22 10.20.0.1").ShouldBeNull();
        Find(Rule("staging", "any", ", when: { days: sun }"), "nmap -p 22 10.20.0.1").ShouldBeNull();
        Find(Rule("staging", "any"), "nmap --no-such-option 10.20.0.1").ShouldBeNull();
    }

    /// <summary>The promise: what is suggested parses and is not denied, in as few facets as a naive search finds; where none is, that finds none either.</summary>
    [Fact]
    public void Find_of_random_denials_parses_is_not_denied_and_no_single_change_beats_it()
    {
        var wanted = PropertyScale.Cases(1_000);
        var (denials, none) = (0, 0);
        for (var from = 0; denials < wanted; from += 100)
        {
            Parallel.For(from, from + 100, seed =>
            {
                if (Volatile.Read(ref denials) < wanted && Holds(seed) is { } found)
                {
                    Interlocked.Increment(ref denials);
                    Interlocked.Add(ref none, found ? 0 : 1);
                }
            });
        }

        none.ShouldBeInRange(1, denials * 3 / 4, "the policies are neither all shut nor all open");
    }

    /// <summary>Null where the seed makes no denial; else whether there was a suggestion, which then was a good one.</summary>
    private static bool? Holds(int seed)
    {
        var random = new Random(seed);
        var text = RandomRules(random);
        var policy = Policy(text);
        string[] command = ["nmap", .. RandomParts(random).SelectMany(part => part)];
        var terms = new AskedTerms(random.Next(4) == 0 ? TimeSpan.FromHours(1) : null, random.Next(4) == 0 ? 5 : null, random.Next(3) == 0 ? null : "why", null);
        var plan = Nmap.Plan(command, Context);
        if (!plan.IsOk || Evaluator.Evaluate(policy, Dana, plan.Value, terms, Monday).Verdict != Verdict.Deny)
            return null;
        var why = $"seed {seed}\n{string.Join(' ', command)}\n{text}";
        var nearest = NearestCommand.Find(policy, Dana, command, Context, terms, Monday);
        var distance = int.MaxValue;
        if (nearest is not null)
        {
            var again = Nmap.Plan(nearest.Command, Context);
            again.IsOk.ShouldBeTrue($"{string.Join(' ', nearest.Command)}\n{why}");
            var given = nearest.Terms with { Reason = nearest.Needs.Contains("reason") ? "given" : nearest.Terms.Reason, Ticket = nearest.Needs.Contains("ticket") ? "T-1" : nearest.Terms.Ticket };
            Evaluator.Evaluate(policy, Dana, again.Value, given, Monday).Verdict.ShouldNotBe(Verdict.Deny, $"{string.Join(' ', nearest.Command)}\n{why}");
            distance = NearestCommand.Distance(Nmap, plan.Value, again.Value);
        }

        // A naive search is slow: it looks over all answers that are none, and over one of four of the others.
        foreach (var other in nearest is null || seed % 4 == 0 ? SingleChanges(command) : [])
        {
            var changed = Nmap.Plan(other, Context);
            if (!changed.IsOk || !changed.Value.Targets.IsSubsetOf(plan.Value.Targets) || NearestCommand.Distance(Nmap, plan.Value, changed.Value) >= distance)
                continue;
            Evaluator.Evaluate(policy, Dana, changed.Value, new(null, null, "why", "T-1"), Monday).Verdict
                .ShouldBe(Verdict.Deny, $"nearer than {(nearest is null ? "none" : string.Join(' ', nearest.Command))}: {string.Join(' ', other)}\n{why}");
        }

        return nearest is not null;
    }

    private static string RandomRules(Random random)
    {
        var text = new StringBuilder("rules:\n");
        string[] zones = ["staging", "dmz", "prod"];
        for (var at = random.Next(1, 5); at > 0; at--)
        {
            var terms = (random.Next(3) == 0 ? ", max-duration: 20m" : "") + (random.Next(3) == 0 ? ", max-uses: 9" : "") + (random.Next(3) == 0 ? ", require: [reason]" : "")
                + (random.Next(8) == 0 ? ", when: { days: sun }" : "");
            text.Append(CultureInfo.InvariantCulture, $"  - {{ id: r{at}, roles: [{(random.Next(5) == 0 ? "sec" : "dev")}], zones: [{string.Join(", ", Some(random, zones))}], tools: {{ nmap: {RandomFacets(random, true)} }}, approval: {(random.Next(2) == 0 ? "none" : "{ from: [sec] }")}{terms} }}\n");
        }

        if (random.Next(2) == 0)
            return text.ToString();
        text.Append("denials:\n");
        for (var at = random.Next(1, 3); at > 0; at--)
            text.Append(CultureInfo.InvariantCulture, $"  - {{ id: d{at}, zones: {(random.Next(2) == 0 ? "any" : $"[{string.Join(", ", Some(random, zones))}]")}, tools: {{ nmap: {RandomFacets(random, false)} }} }}\n");
        return text.ToString();
    }

    private static string RandomFacets(Random random, bool rule)
    {
        if (random.Next(10) == 0)
            return "any";
        string[] facets =
        [
            $"techniques: [{string.Join(", ", Some<string>(random, rule ? ["ping", "connect", "syn", "udp", "version", "os", "traceroute"] : ["connect", "syn", "udp", "version", "os"]))}]",
            $"ports: \"{string.Join(',', Some(random, ["22", "80", "443", "1-1000", "8000-8100", "53"]))}\"",
            $"scripts: [{string.Join(", ", Some(random, ["safe", "default", "discovery", "intrusive", "banner", "\"http-*\""]))}]",
            $"max-timing: {random.Next(rule ? 2 : 3, 5)}",
            $"max-hosts: {new[] { 1, 4, 10, 256, 1000 }[random.Next(5)]}",
        ];
        return $"{{ {string.Join(", ", Some(random, facets))}{(rule && random.Next(3) == 0 ? ", others: any" : "")} }}";
    }

    private static List<string[]> RandomParts(Random random)
    {
        string[][] options =
        [
            [new[] { "-sS", "-sT", "-sU", "-sn", "-sSV", "-sSU", "-A", "-sTC" }[random.Next(8)]],
            ["-p", new[] { "22", "22,80", "1-100", "443,8443", "T:80,U:53", "1-65535" }[random.Next(6)]],
            ["-F"], ["-Pn"], ["-PS22,8022"], ["-sV"], ["-O"], ["--traceroute"], ["-T4"], ["-T5"], ["-v"], ["--open"], ["-sC"],
            ["--script", new[] { "safe", "banner", "default and not rpcinfo", "http-*", "intrusive,banner", "all" }[random.Next(6)]],
        ];
        var parts = options.Where(_ => random.Next(4) == 0).ToList();
        string[] targets = ["10.20.0.1", "10.20.5.0/28", "10.20.4-5.1-20", "10.30.0.7", "10.40.0.0/24", "10.40.1.1,3", "10.99.0.1", "10.20.0.0/22"];
        parts.Add([.. Some(random, targets).Take(3)]);
        if (random.Next(6) == 0)
            parts.Add(["--exclude", "10.20.5.1,10.40.0.0/25"]);
        return parts;
    }

    private static T[] Some<T>(Random random, T[] all)
    {
        T[] some = [.. all.Where(_ => random.Next(2) == 0)];
        return some.Length > 0 ? some : [all[random.Next(all.Length)]];
    }

    /// <summary>What somebody would try by hand: leave a word out, put another in its place, add one.</summary>
    private static IEnumerable<string[]> SingleChanges(string[] command)
    {
        string[] words = ["-sT", "-sS", "-sU", "-sn", "-sL", "-T2", "-T3", "-Pn", "22", "80", "443", "53", "safe", "banner", "10.20.0.1", "10.20.5.1", "10.30.0.7", "10.40.0.1"];
        for (var at = 1; at < command.Length; at++)
        {
            yield return [.. command[..at], .. command[(at + 1)..]];
            if (at + 1 < command.Length)
                yield return [.. command[..at], .. command[(at + 2)..]];
            foreach (var word in words)
                yield return [.. command[..at], word, .. command[(at + 1)..]];
        }

        foreach (var word in words)
            yield return [command[0], word, .. command[1..]];
    }
}
