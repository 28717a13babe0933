using System.Globalization;
using Writ.Core.Policy;
using Writ.Core.Tools;
using Writ.Tests.Core.Tools.Nmap;

namespace Writ.Tests.Core.Policy;

/// <summary>What of a rule is enough for what was really done with it.</summary>
public class NarrowestRuleTests
{
    private const string Head = """
        version: 1
        roles:
          dev: { groups: [eng] }
        zones:
          staging: { addresses: [10.20.0.0/16] }
          dmz: { addresses: [10.30.0.0/24] }
          prod: { addresses: [10.40.0.0/16] }
        rules:
          - id: a
            roles: [dev]
            approval: none

        """;

    private const string Wide = "zones: [staging, dmz, prod]\ntools: { nmap: any, dig: any }\nmax-duration: 8h\nmax-uses: 50\n";

    private static readonly Subject Dana = new("dana", false, ["eng"]);
    private static readonly DateTimeOffset Monday = new(2026, 3, 2, 12, 0, 0, TimeSpan.Zero);
    private static readonly PlanContext Context = new(NmapToolTests.Inventory);

    private static PolicyDocument Policy(string keys)
    {
        var text = Head + string.Concat(keys.TrimEnd('\n').Split('\n').Select(line => $"    {line}\n"));
        var parse = PolicyDocument.Parse(text, "p");
        parse.Problems.ShouldBeEmpty(text);
        return parse.Policy!;
    }

    private static UsedRight Used(string command, int minutes = 10, int uses = 1) =>
        new(ToolCatalogue.Box.Find("nmap")!.Plan(command.Split(' '), Context).Value, TimeSpan.FromMinutes(minutes), uses);

    [Fact]
    public void What_was_used_is_named_and_nothing_else()
    {
        var policy = Policy(Wide);
        var least = NarrowestRule.Of(policy, policy.Rules[0], [Used("nmap -sS -sV -p 22,80 10.20.0.1-3", 20), Used("nmap -sT -p 443 --script banner -T4 10.30.0.7", 5, 3)]).ShouldNotBeNull();
        NarrowestRule.Text(least).ShouldBe("""
            zones: [staging, dmz]
            tools:
              nmap:
                techniques: [connect, ping, syn, version]
                ports: "22,80,443"
                scripts: [banner]
                max-timing: 4
                max-hosts: 3
            max-duration: 20m
            max-uses: 3

            """);
    }

    [Fact]
    public void Rule_of_which_nothing_ran_has_nothing_that_is_enough()
    {
        var policy = Policy(Wide);
        NarrowestRule.Of(policy, policy.Rules[0], []).ShouldBeNull();
    }

    [Fact]
    public void Plain_scan_needs_no_word_about_its_technique()
    {
        var policy = Policy(Wide);
        NarrowestRule.Text(NarrowestRule.Of(policy, policy.Rules[0], [Used("nmap -sT -p 22 10.20.0.1")])!).ShouldBe("zones: [staging]\ntools:\n  nmap:\n    ports: \"22\"\nmax-duration: 10m\nmax-uses: 1\n");
    }

    /// <summary>Written into a policy, it gives each command that was used what it had, and opens nothing that the rule did not.</summary>
    [Fact]
    public void Least_of_random_use_gives_all_that_was_used_and_nothing_new()
    {
        string[] scans = ["-sS", "-sT", "-sU", "-sn", "-sSV", "-sSU", "-A", "-sTC", "-sA", "-sX"], ports = ["-p 22", "-p 1-100", "-F", "-p T:80,U:53", "-p 443,8443"], more = ["-Pn", "-O", "--traceroute", "-T4", "-T2", "--script=banner", "--script=safe", "--script=http-*", "-PS22,8022", "-v"],
            targets = ["10.20.0.1", "10.20.5.0/28", "10.30.0.7 10.20.0.9", "10.40.0.0/24", "10.40.1.1,3 10.30.0.0/30"];
        var (wide, told) = (Policy(Wide), 0);
        for (var seed = 0; seed < PropertyScale.Cases(200); seed++)
        {
            var random = new Random(seed);
            T One<T>(T[] all) => all[random.Next(all.Length)];
            List<UsedRight> used = [];
            for (var at = random.Next(1, 5); at > 0; at--)
            {
                var scan = One(scans);
                var command = string.Join(' ', ["nmap", scan, .. scan == "-sn" ? Array.Empty<string>() : [One(ports)], .. more.Where(option => random.Next(5) == 0 && !(scan == "-sn" && option is "-O" or "-PS22,8022")), One(targets)]);
                if (ToolCatalogue.Box.Find("nmap")!.Plan(command.Split(' '), Context) is { IsOk: true, Value: var plan }
                    && Evaluator.Evaluate(wide, Dana, plan, new(null, null, "why", null), Monday).Verdict == Verdict.Allow)
                    used.Add(new(plan, TimeSpan.FromMinutes(random.Next(1, 100)), random.Next(1, 9)));
            }

            if (used.Count == 0)
                continue;
            told++;
            var text = NarrowestRule.Text(NarrowestRule.Of(wide, wide.Rules[0], used)!);
            var narrow = Policy(text);
            foreach (var right in used)
                Evaluator.Evaluate(narrow, Dana, right.Plan, new(right.Duration, right.Uses, "why", null), Monday).Verdict.ShouldBe(Verdict.Allow, string.Create(CultureInfo.InvariantCulture, $"seed {seed}: {string.Join(' ', right.Plan.Argv)}\n{text}"));
            NewRights.Of(wide, narrow, [(Dana, Dana)]).ShouldBeEmpty(text);
        }

        told.ShouldBeGreaterThan((int)PropertyScale.Cases(200) / 2);
    }
}
