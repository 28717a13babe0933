using Writ.Core.Policy;
using Writ.Core.Tools;
using Writ.Core.Tools.Definitions;

namespace Writ.Tests.Core.Tools.Definitions;

public class DefinitionReaderTests
{
    /// <summary>The definition of docs/adding-a-tool.md.</summary>
    internal const string Whois = """
        version: 1
        tool: whois
        summary: asks a registry who holds a name
        runner: { path: /usr/bin/whois, package: whois }
        facets:
          max-lines: { kind: at-most, noun: number of lines, bounds: 1-1000, least: 10 }
          features: { kind: words, noun: feature, known: [raw], by-name-only: [raw] }
          ports: { least: "43" }
        options:
          "-h": { also: [--host], value: host, required: true, means: the registry's server }
          "-p": { also: [--port], value: port, default: "43" }
          "-m": { value: number, least: 1, most: 1000, default: "10", facet: max-lines }
          "-B": { says: { features: raw } }
        positionals:
          name: { value: text, pattern: "[A-Za-z0-9.-]{1,253}", required: true }
        end: "--"
        network:
          - { purpose: query, tcp: "-p" }
        examples:
          - { command: whois -h 10.20.0.43 a.example, argv: whois -h 10.20.0.43 -- a.example, tcp: "43", facets: { max-lines: 10 } }
          - { command: whois -h 10.20.0.43 -x a.example, refused: no option '-x' }

        """;

    [Fact]
    public void Definition_is_read_and_its_examples_hold()
    {
        var (definition, problems) = ToolDefinition.Read(Whois, "whois.yaml");
        problems.ShouldBeEmpty();
        DefinitionExamples.Run(definition!, line => ("whois.yaml", line)).ShouldBeEmpty();
        definition!.Facets.Select(facet => facet.Name).ShouldBe(["max-lines", "features", "ports", "max-hosts"]);
        definition.Grammars[""].Options.Select(option => option.Name).ShouldBe(["-h", "-p", "-m", "-B"]);
    }

    [Theory]
    [InlineData("version: 1", "version: 2", 1, "this version")]
    [InlineData("tool: whois", "tool: 'a b'", 2, "no plain word")]
    [InlineData("summary:", "sumary:", 3, "no key 'sumary'")]
    [InlineData("path: /usr/bin/whois", "path: whois", 4, "no absolute path")]
    [InlineData("path: /usr/bin/whois", "path: /bin/sh", 4, "no absolute path that ends in the program's name")]
    [InlineData("kind: at-most", "kind: most", 6, "no kind of facet")]
    [InlineData("bounds: 1-1000", "bounds: many", 6, "no two numbers")]
    [InlineData("by-name-only: [raw]", "by-name-only: [row]", 7, "'row' is not among its known words")]
    [InlineData("least: \"43\"", "least: \"x\"", 8, "no set of ports")]
    [InlineData("value: host,", "value: hst,", 10, "no kind of value")]
    [InlineData("value: port,", "value: port, form: near,", 11, "'near' is not known")]
    [InlineData("default: \"43\"", "default: \"0\"", 11, "no value that it could have")]
    [InlineData("most: 1000, default: \"10\",", "most: 1000,", 12, "nothing says what the tool takes without it")]
    [InlineData("facet: max-lines", "facet: max-line", 12, "no facet for a value")]
    [InlineData("features: raw", "features: rw", 13, "which facet 'features' does not know")]
    [InlineData("{1,253}\"", "(?=x)\"", 15, "no regular expression that is read here")]
    [InlineData("tcp: \"-p\"", "tcp: \"-q\"", 18, "neither a set of ports nor an argument")]
    [InlineData("purpose: query, tcp: \"-p\"", "purpose: query", 18, "goes nowhere")]
    [InlineData("value: host, required", "value: text, pattern: \".*\", required", 1, "no argument that names a target")]
    [InlineData("refused: no option '-x'", "tcp: \"43\"", 20, "what it accepts and of what it refuses")]
    [InlineData("\"-B\":", "\"B\":", 13, "no name of an option")]
    [InlineData("also: [--port]", "also: [--host]", 1, "names '--host' twice")]
    [InlineData("value: port,", "value: port, requires: [-z],", 11, "no argument '-z'")]
    public void Mistake_is_told_with_its_line(string right, string wrong, int line, string saying)
    {
        var text = Whois.Replace(right, wrong, StringComparison.Ordinal);
        text.ShouldNotBe(Whois);
        var (definition, problems) = ToolDefinition.Read(text, "whois.yaml");
        definition.ShouldBeNull();
        var found = problems.FirstOrDefault(problem => problem.Message.Contains(saying, StringComparison.Ordinal)).ShouldNotBeNull(string.Join('\n', problems));
        if (line > 1)
            found.Line.ShouldBe(line);
    }

    [Theory]
    [InlineData("tcp: \"43\"", "tcp: \"44\"", 20, "tcp is 43")]
    [InlineData("-- a.example", "a.example", 20, "it would run as: whois -h 10.20.0.43 -- a.example")]
    [InlineData("max-lines: 10 }", "max-lines: 11 }", 20, "facet max-lines is 10")]
    [InlineData("no option '-x'", "no option '-y'", 21, "refused, but with: whois has no option '-x'")]
    [InlineData("-x a.example", "a.example", 21, "it is accepted as")]
    public void Example_that_fails_is_told_with_its_line(string right, string wrong, int line, string saying)
    {
        var (definition, problems) = ToolDefinition.Read(Whois.Replace(right, wrong, StringComparison.Ordinal), "whois.yaml");
        problems.ShouldBeEmpty();
        var failed = DefinitionExamples.Run(definition!, at => ("whois.yaml", at)).ShouldHaveSingleItem();
        failed.Line.ShouldBe(line);
        failed.Message.ShouldContain(saying);
    }

    [Fact]
    public void Policy_brings_its_tools_along()
    {
        const string rules = """
            version: 1
            roles: { ops: { groups: [ops] } }
            zones: { lab: { addresses: [10.20.0.0/24] } }
            rules:
              - { id: ops-ask, roles: [ops], zones: [lab], tools: { whois: { max-lines: 100 } }, approval: none }
            tests:
              - { as: { user: olga, groups: [ops] }, command: whois -h 10.20.0.43 -m 50 a.example, expect: allow }
              - { as: { user: olga, groups: [ops] }, command: whois -h 10.20.0.43 -m 500 a.example, expect: deny }
              - { as: { user: olga, groups: [ops] }, command: whois -h 10.20.0.43 -B a.example, expect: deny }
              - { as: { user: olga, groups: [ops] }, command: whois -h 10.20.0.43 -p 53 a.example, expect: deny }
              - { as: { user: olga, groups: [ops] }, command: whois -h 192.0.2.1 a.example, expect: deny }

            """;
        var policy = Of(("rules.yaml", rules), ("tools/whois.yaml", Whois)).Policy.ShouldNotBeNull();
        PolicyTests.Run(policy, _ => null, DateTimeOffset.UnixEpoch).Select(problem => problem.ToString()).ShouldBeEmpty();
        policy.Tools.Find("whois").ShouldNotBeNull();
        policy.Tools.Find("nmap").ShouldNotBeNull();

        // Its own examples are tests of the policy, with their own file and line.
        var broken = Of(("rules.yaml", rules), ("tools/whois.yaml", Whois.Replace("tcp: \"43\"", "tcp: \"44\"", StringComparison.Ordinal))).Policy.ShouldNotBeNull();
        PolicyTests.Run(broken, _ => null, DateTimeOffset.UnixEpoch).ShouldHaveSingleItem().ToString().ShouldStartWith("tools/whois.yaml:20: example 'whois");

        // A problem in one file keeps the whole from being a policy.
        Of(("rules.yaml", rules), ("tools/whois.yaml", Whois.Replace("kind: words", "kind: wards", StringComparison.Ordinal)))
            .Problems.ShouldContain(problem => problem.File == "tools/whois.yaml" && problem.Line == 7);
        Of(("rules.yaml", rules)).Problems.ShouldContain(problem => problem.Message.Contains("the facets of 'whois' are not known", StringComparison.Ordinal));
        Of(("a.yaml", Whois), ("b.yaml", Whois), ("rules.yaml", rules)).Problems.ShouldContain(problem => problem.Message == "the tool 'whois' is defined twice");
        Of(("a.yaml", Whois.Replace("whois", "nmap", StringComparison.Ordinal)), ("rules.yaml", "version: 1")).Problems.ShouldContain(problem => problem.Message.Contains("has a parser of its own", StringComparison.Ordinal));
        Of(("a.yaml", Whois)).Problems.ShouldContain(problem => problem.Message == "the policy has definitions of tools alone");
    }

    [Theory]
    [InlineData("whois -h 10.20.0.43 -m 500 a.example", "whois -h 10.20.0.43 -m 100 a.example")]
    [InlineData("whois -h 10.20.0.43 -B -m 5 a.example", "whois -h 10.20.0.43 -m 5 a.example")]
    [InlineData("whois -h 10.20.0.43 -p 53 a.example", "whois -h 10.20.0.43 a.example")]
    [InlineData("whois -h 192.0.2.1 a.example", null)]
    public void Denied_command_has_a_nearest_one(string denied, string? nearest)
    {
        const string rules = """
            version: 1
            roles: { ops: { groups: [ops] } }
            zones: { lab: { addresses: [10.20.0.0/24] } }
            rules: [{ id: ops-ask, roles: [ops], zones: [lab], tools: { whois: { max-lines: 100 } }, approval: none }]

            """;
        var policy = Of(("rules.yaml", rules), ("whois.yaml", Whois)).Policy!;
        var context = new PlanContext(new("whois", "", "", "", []) { Protections = Writ.Proof.Runners.Protections.All });
        var found = NearestCommand.Find(policy, new("olga", false, ["ops"]), denied.Split(' '), context, new(null, null, "a test", null), DateTimeOffset.UnixEpoch);
        (found is null ? null : string.Join(' ', found.Command)).ShouldBe(nearest);
    }

    [Fact]
    public void Changed_definition_is_a_new_right_of_those_who_may_run_the_tool()
    {
        const string rules = """
            version: 1
            roles: { ops: { groups: [ops] } }
            zones: { lab: { addresses: [10.20.0.0/24] } }
            rules: [{ id: ops-ask, roles: [ops], zones: [lab], tools: { whois: any }, approval: none }]

            """;
        var before = Of(("rules.yaml", rules), ("whois.yaml", Whois)).Policy!;
        var olga = new Subject("olga", false, ["ops"]);
        NewRights.Of(before, before, [(olga, olga)]).ShouldBeEmpty();
        var after = Of(("rules.yaml", rules), ("whois.yaml", Whois.Replace("tcp: \"-p\"", "tcp: [\"-p\", \"1-1000\"]", StringComparison.Ordinal))).Policy!;
        NewRights.Of(before, after, [(olga, olga)]).ShouldHaveSingleItem().ShouldContain("'ops-ask' would open more to olga");
        var nobody = new Subject("nils", false, []);
        NewRights.Of(before, after, [(nobody, nobody)]).ShouldBeEmpty();
    }

    private static PolicyParse Of(params (string Name, string Text)[] files) => PolicyDocument.Parse(PolicySource.Of(files).Source!);
}
