using CsCheck;
using Writ.Core.Policy;

namespace Writ.Tests.Core.Policy;

public class PolicyDocumentTests
{
    /// <summary>The example of the design, word for word.</summary>
    internal const string Example = """
        version: 1
        roles:
          developer:         { groups: [engineering] }
          security-engineer: { groups: [secops] }
          nightly-scan:      { workloads: [ci-nightly] }
        zones:
          staging:
            addresses: [10.20.0.0/16, "2001:db8:20::/48"]
            names: ["*.staging.example.com"]
            owners: [security-engineer]
          plant:
            addresses: [10.66.0.0/16]
            owners: [plant-owner]
        rules:
          - id: developers-scan-staging
            roles: [developer]
            zones: [staging]
            tools:
              nmap:
                techniques: [ping, connect, syn, version]
                ports: "1-10000"
                scripts: [default, safe]
                max-timing: 4
                max-hosts: 256
            max-duration: 30m
            max-uses: 10
            require: [reason]
            approval: { from: [security-engineer], count: 1 }
          - id: secops-self-serve
            roles: [security-engineer]
            zones: [staging]
            tools: { nmap: any, dig: any }
            when: { days: mon-fri, hours: "08:00-18:00", tz: Europe/Berlin }
            approval: none
        denials:
          - id: never-hurt-the-plant
            zones: [plant]
            tools: { nmap: { scripts: [dos, exploit, brute, intrusive] } }
        tests:
          - as: { user: dana, groups: [engineering] }
            command: nmap -sV -p 22,80 10.20.1.5
            for: 30m
            expect: require-approval
            by: developers-scan-staging
        """;

    [Fact]
    public void Parse_example_of_the_design_is_valid_and_passes_its_own_test()
    {
        var parse = PolicyDocument.Parse(Example, "writ.yaml");
        parse.Problems.ShouldBeEmpty();
        var policy = parse.Policy.ShouldNotBeNull();
        policy.Rules.Count.ShouldBe(2);
        policy.Text.ShouldBe(Example);
        policy.Hash.Length.ShouldBe(64);
        PolicyTests.Run(policy, _ => null, DateTimeOffset.UnixEpoch).ShouldBeEmpty();
    }

    [Fact]
    public void RolesOf_people_have_roles_by_group_and_workloads_by_name()
    {
        var policy = PolicyDocument.Parse(Example, "writ.yaml").Policy!;
        policy.RolesOf(new("dana", false, ["engineering", "secops"])).ShouldBe(["developer", "security-engineer"]);
        policy.RolesOf(new("ci-nightly", true, ["secops"])).ShouldBe(["nightly-scan"]);
        policy.RolesOf(new("ci-nightly", false, [])).ShouldBeEmpty();
    }

    [Theory]
    [InlineData("version: 1", "version: 2", 1, "version of the policy format is not known", "write 'version: 1'")]
    [InlineData("version: 1", "verson: 1", 1, "has no key 'verson'", "did you mean 'version'?")]
    [InlineData("groups: [engineering]", "group: [engineering]", 3, "role 'developer' has no key 'group'", "did you mean 'groups'?")]
    [InlineData("  developer:  ", "  dev/loper:  ", 3, "'dev/loper' is no name for a role", "use letters")]
    [InlineData("{ workloads: [ci-nightly] }", "{ }", 5, "role 'nightly-scan' has nobody", "name groups or workloads")]
    [InlineData("10.20.0.0/16,", "10.20.0.5/16,", 8, "'10.20.0.5/16' is no address", "the network is written 10.20.0.0/16")]
    [InlineData("10.20.0.0/16,", "\"::1/20\",", 8, "'::1/20' is no address", "2001:db8::/32")]
    [InlineData("10.20.0.0/16,", "0.0.0.0/0,", 8, "every address of its family", "name the networks")]
    [InlineData("2001:db8:20::/48", "::/0", 8, "'::/0' is no address", "write 10.20.0.5")]
    [InlineData("*.staging.example.com", "staging.*.com", 9, "no name or pattern", "write host.example.com")]
    [InlineData("owners: [security-engineer]", "owners: [security-enginer]", 10, "is no role", "did you mean 'security-engineer'?")]
    [InlineData("  plant:", "  staging:", 11, "'staging' stands here twice", "on line 7 already")]
    [InlineData("roles: [developer]", "roles: [develper]", 16, "no role is named 'develper'", "did you mean 'developer'?")]
    [InlineData("    zones: [staging]", "    zones: [stagng]", 17, "no zone is named 'stagng'", "did you mean 'staging'?")]
    [InlineData("    roles: [developer]", "    roles: developer", 16, "must be a list", "write [developer]")]
    [InlineData("techniques: [ping,", "techniques: [pong,", 20, "'pong' is not known", "did you mean 'ping'?")]
    [InlineData("\"1-10000\"", "\"1-100000\"", 21, "no set of ports", "or any")]
    [InlineData("scripts: [default, safe]", "scripts: [default, saef]", 22, "'saef' is not known", "did you mean 'safe'?")]
    [InlineData("max-timing: 4", "max-timing: 6", 23, "'6' is no number from 0 to 5", null)]
    [InlineData("max-timing: 4", "max-timming: 4", 23, "has no key 'max-timming'", "did you mean 'max-timing'?")]
    [InlineData("max-hosts: 256", "max-hosts: 0", 24, "'0' is no number from 1", null)]
    [InlineData("max-duration: 30m", "max-duration: 30", 25, "'30' is no duration", "write it like 90s")]
    [InlineData("max-uses: 10", "max-uses: many", 26, "'many' is no number", null)]
    [InlineData("require: [reason]", "require: [reasn]", 27, "cannot require 'reasn'", "did you mean 'reason'?")]
    [InlineData("approval: { from: [security-engineer], count: 1 }", "approval: { from: [security-engineer], count: 0 }", 28, "'0' is no number from 1 to 20", null)]
    [InlineData("approval: { from: [security-engineer], count: 1 }", "approval: { count: 1 }", 28, "has no 'from'", "name the roles")]
    [InlineData("approval: { from: [security-engineer], count: 1 }", "approval: { from: [security-engineer], with: passky }", 28, "is not given with 'passky'", "did you mean 'passkey'?")]
    [InlineData("approval: { from: [security-engineer], count: 1 }", "approval: yes", 28, "must be none, a mapping or a list", "write { from")]
    [InlineData("    approval: none\n", "", 29, "has no 'approval'", "'approval: none' if nobody need approve")]
    [InlineData("id: secops-self-serve", "id: developers-scan-staging", 29, "is used twice", "on line 15 already")]
    [InlineData("  - id: secops-self-serve\n    roles", "  - roles", 29, "has no 'id'", "every rule and denial has an id")]
    [InlineData("{ nmap: any, dig: any }", "{ nmpa: any }", 32, "no tool is named 'nmpa'", "did you mean 'nmap'?")]
    [InlineData("{ nmap: any, dig: any }", "{ whois: { ports: any } }", 32, "facets of 'whois' are not known", "write 'whois: any'")]
    [InlineData("mon-fri", "mon-fry", 33, "'mon-fry' is no day", "write mon-fri")]
    [InlineData("08:00-18:00", "8-18", 33, "'8-18' are no hours", "over midnight")]
    [InlineData("Europe/Berlin", "Europe/Berln", 33, "no time zone is named", "IANA")]
    [InlineData("    zones: [plant]\n", "", 36, "denial 'never-hurt-the-plant' has no 'zones'", "zones: any")]
    [InlineData("tools: { nmap: { scripts: [dos", "tools: { whois: any, nmap: { scripts: [dos", 38, "no tool is named 'whois'", "the tools are: ")]
    [InlineData("scripts: [dos, exploit, brute, intrusive]", "", 38, "names nothing that it forbids", "'nmap: any'")]
    [InlineData("expect: require-approval", "expect: aprove", 43, "'aprove' is no verdict", "known are")]
    [InlineData("by: developers-scan-staging", "by: developers-scan-stagin", 44, "no rule or denial has the id", "did you mean")]
    [InlineData("for: 30m", "for: soon", 42, "'soon' is no duration", "write it like")]
    [InlineData("command: nmap -sV -p 22,80 10.20.1.5", "command: nmap \"unclosed", 41, "must be a line or a list of words", "write nmap")]
    [InlineData("as: { user: dana, groups", "as: { user: dana, workload: ci, groups", 40, "either a user with groups or a workload", "write")]
    public void Parse_typing_error_is_refused_with_line_and_hint(string right, string wrong, int line, string message, string? hint)
    {
        Example.ShouldContain(right);
        var at = Example.IndexOf(right, StringComparison.Ordinal);
        var parse = PolicyDocument.Parse(Example[..at] + wrong + Example[(at + right.Length)..], "writ.yaml");
        parse.Policy.ShouldBeNull();
        var problem = parse.Problems.FirstOrDefault(found => found.Message.Contains(message, StringComparison.Ordinal))
            .ShouldNotBeNull(string.Join('\n', parse.Problems));
        problem.Line.ShouldBe(line);
        problem.ToString().ShouldStartWith($"writ.yaml:{line}: ");
        if (hint is not null)
            problem.Hint.ShouldNotBeNull().ShouldContain(hint);
    }

    [Theory]
    [InlineData("", 1, "empty")]
    [InlineData("just words", 1, "must be a mapping")]
    [InlineData("- a", 1, "must be a mapping")]
    [InlineData("version: 1\nroles: {", 2, "not YAML")]
    [InlineData("version: 1\nroles: [a", 2, "not YAML")]
    [InlineData("version: 1\n\troles: x", 2, "not YAML")]
    [InlineData("version: 1\n---\nversion: 1", 2, "second YAML document")]
    [InlineData("version: 1\nroles: &r { a: { groups: [g] } }\nzones: *r", 2, "anchor '&r' is not read")]
    [InlineData("version: 1\nroles: *r", 2, "alias '*r' is not read")]
    [InlineData("version: !!int 1", 1, "tag")]
    [InlineData("version: 1\nroles:\n  ? [a]\n  : b", 3, "key must be a word")]
    [InlineData("version: 1\nversion: 1", 2, "stands here twice")]
    [InlineData("roles: {}", 1, "has no 'version'")]
    [InlineData("version: 1\nrules: { id: x }", 2, "'rules' must be a list")]
    [InlineData("version: 1\nroles:\n  a:\n    groups: [\"x\\u0000y\"]", 4, "control characters")]
    public void Parse_malformed_text_is_refused_with_line(string text, int line, string message)
    {
        var parse = PolicyDocument.Parse(text, "p.yaml");
        parse.Policy.ShouldBeNull();
        parse.Problems.ShouldContain(problem => problem.Message.Contains(message, StringComparison.Ordinal), string.Join('\n', parse.Problems));
        parse.Problems.ShouldAllBe(problem => problem.Line >= 1);
        parse.Problems.First(problem => problem.Message.Contains(message, StringComparison.Ordinal)).Line.ShouldBeInRange(line, line + 1);
    }

    [Fact]
    public void Parse_alias_bomb_deep_nesting_and_large_text_are_refused()
    {
        var bomb = "version: 1\na: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a]\nc: [*b,*b,*b,*b,*b,*b,*b]\n";
        PolicyDocument.Parse(bomb, "p").Problems.ShouldHaveSingleItem().Line.ShouldBe(2);
        PolicyDocument.Parse("version: 1\nroles: " + new string('[', 100_000), "p").Problems.ShouldHaveSingleItem().Message.ShouldContain("nested too deeply");
        PolicyDocument.Parse("version: 1\nroles: " + new string('[', 1_000_000), "p").Problems.ShouldHaveSingleItem().Message.ShouldContain("nested too deeply");
        PolicyDocument.Parse("# " + new string('x', 64 << 20), "p").Problems.ShouldHaveSingleItem().Message.ShouldContain("larger than 64 MB");
    }

    [Fact]
    public void Parse_random_damage_gives_a_policy_or_problems_and_never_throws() =>
        Gen.Select(Gen.Int[0, Example.Length - 1], Gen.Int[0, 20], Gen.OneOf(Gen.OneOf("{", "}", "[", "]", ": ", "- ", "\n", "\t", "\"", "'", "&a ", "*a", "!", "!!x ", "|\n", ">", "?", "%", "@", "\\U0011FFFF", "\"\\xZZ\"", "---\n", "...\n", "<<: ", "\ud800", "\0"),
            Gen.String[0, 6])).Array[1, 4].Sample(damages =>
            {
                var text = Example;
                foreach (var (at, cut, put) in damages)
                {
                    var from = Math.Min(at, text.Length);
                    text = text[..from] + put + text[Math.Min(text.Length, from + cut)..];
                }

                var parse = PolicyDocument.Parse(text, "p");
                (parse.Policy is null).ShouldBe(parse.Problems.Count > 0);
                parse.Problems.ShouldAllBe(problem => problem.Line >= 1 && problem.Message.Length > 0 && !problem.Message.Contains('\n'));
            }, iter: PropertyScale.Cases(5_000));

    [Fact]
    public void Parse_several_errors_are_reported_together_by_line()
    {
        var text = Example.Replace("max-timing: 4", "max-timing: 9", StringComparison.Ordinal).Replace("groups: [secops]", "grops: [secops]", StringComparison.Ordinal)
            .Replace("expect: require-approval", "expect: maybe", StringComparison.Ordinal);
        var lines = PolicyDocument.Parse(text, "p").Problems.Select(problem => problem.Line).ToArray();
        lines.Length.ShouldBeGreaterThanOrEqualTo(3);
        lines.ShouldBe(lines.Order());
    }

    [Fact]
    public void Run_failing_test_is_a_problem_on_its_line()
    {
        var text = Example.Replace("expect: require-approval", "expect: allow", StringComparison.Ordinal);
        var problem = PolicyTests.Run(PolicyDocument.Parse(text, "p.yaml").Policy!, _ => null, DateTimeOffset.UnixEpoch).ShouldHaveSingleItem();
        problem.Line.ShouldBe(40);
        problem.Message.ShouldContain("expected allow, got require-approval");
    }

    [Fact]
    public void Run_test_with_an_instant_is_judged_at_that_instant()
    {
        const string Tests = """

              - as: { user: sam, groups: [secops] }
                command: [nmap, -sn, 10.20.1.5]
                at: 2026-03-02T16:59:00Z
                expect: allow
              - as: { user: sam, groups: [secops] }
                command: nmap -sn 10.20.1.5
                at: 2026-03-02T18:00+01:00
                expect: deny
              - as: { user: dana, groups: [engineering] }
                command: nmap -sn 10.20.1.5
                reason: ""
                expect: deny
            """;
        PolicyTests.Run(PolicyDocument.Parse(Example + Tests, "p").Policy!, _ => null, DateTimeOffset.UnixEpoch).ShouldBeEmpty();
    }

    [Fact]
    public void Run_test_that_needs_the_runners_files_says_so_without_a_runner()
    {
        var text = Example.Replace("-p 22,80 ", "", StringComparison.Ordinal);
        PolicyTests.Run(PolicyDocument.Parse(text, "p").Policy!, _ => null, DateTimeOffset.UnixEpoch)
            .ShouldHaveSingleItem().Hint.ShouldNotBeNull().ShouldContain("no runner has published");
    }
}
