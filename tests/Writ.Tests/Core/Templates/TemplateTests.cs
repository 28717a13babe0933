using CsCheck;
using Writ.Core.Policy;
using Writ.Core.Templates;
using Writ.Core.Tools;
using Writ.Proof.Addresses;
using Writ.Proof.Errors;
using Writ.Proof.Runners;
using Writ.Tests.Architecture;
using Writ.Tests.Core.Policy;

namespace Writ.Tests.Core.Templates;

/// <summary>A template is read with every problem in its file, and a value fills its place and nothing else, whatever it is.</summary>
public class TemplateTests
{
    /// <summary>The template of docs/templates.md.</summary>
    internal const string WebCheck = """
        version: 1
        template: web-check
        description: tells whether the web server of a host answers, and which it is
        command: [nmap, -sT, -Pn, -n, -sV, -p, "{ports}", "{host}"]
        parameters:
          host: { value: host, zones: [staging], means: the host to look at }
          ports: { value: ports, within: "80,443,8000-8100", default: "80,443" }
        max-duration: 15m
        reason: is the web server up
        examples:
          - { with: { host: 10.20.0.5 }, argv: "nmap -sT -Pn -n -sV -p 80,443 10.20.0.5" }
          - { with: { host: 10.20.0.5, ports: "22" }, refused: which the template does not open }
          - { with: { host: -oN }, refused: begins with a hyphen }

        """;

    internal const string Rules = """
        version: 1
        roles:
          dev: { groups: [eng] }
          support: { groups: [support] }
        zones:
          staging: { addresses: [10.20.0.0/24] }
          lab: { addresses: [10.30.0.0/24] }
        rules:
          - { id: web-checkers, roles: [support], zones: [staging], templates: [web-check], approval: none }
          - { id: developers, roles: [dev], zones: [staging], tools: { nmap: { techniques: [ping], ports: "22" } }, approval: none }

        """;

    private static readonly DateTimeOffset Monday = new(2026, 3, 2, 12, 0, 0, TimeSpan.Zero);
    private static readonly Subject Sue = new("sue", false, ["support"]), Dana = new("dana", false, ["eng"]);
    private static readonly AskedTerms Plain = new(null, null, "debugging", null);

    /// <summary>What people try. None of it is a value of anything.</summary>
    private static readonly string[] Hostile =
    [
        "", " ", "-oN", "--script=x", "-", "+trace", "@/etc/passwd", "10.20.0.5 10.20.0.6", "10.20.0.5,10.20.0.6", "10.20.0.5\n-oN x", "10.20.0.5\t", "{ports}", "{host}", "}", "10.20.0.5{", "$(id)", "`id`", "a;b", "a|b", "a&b",
        "'x'", "\"x\"", "a\\b", "10.20.0.5\0", "web1\u2024staging", "wеb1", "‐oN", "－oN", "\u202Eweb1", "10.20.0.٥", "%00", "web1/../..", "=x", "*", "?", "~", "#", "10.20.0.999", "0x0a140005", "10.20.5",
    ];

    internal static PolicyDocument Policy(string template = WebCheck, string rules = Rules)
    {
        var parse = PolicyDocument.Parse(PolicySource.Of([("rules.yaml", rules), ("web-check.yaml", template)]).Source!);
        parse.Problems.ShouldBeEmpty();
        return parse.Policy!;
    }

    private static Template Of(string text)
    {
        var (template, problems) = Template.Read(text, "t.yaml", PolicyDocument.Parse(Rules.Replace("templates: [web-check]", "tools: { nmap: any }", StringComparison.Ordinal), "p").Policy!);
        problems.ShouldBeEmpty();
        return template!;
    }

    private static Template With(string parameter, string command = "[nmap, -p, \"80\", \"{x}\"]") =>
        Of($"version: 1\ntemplate: t\ndescription: d\ncommand: {command}\nparameters:\n  x: {parameter}\n");

    private static Result<TemplateUse> Fill(Template template, string value) => template.Fill(new Dictionary<string, string> { ["x"] = value });

    private static Plan PlanOf(PolicyDocument policy, TemplateUse use) => policy.Tools.Find("nmap")!.Plan(use.Command, new(new ToolInventory("nmap", "", "", "", []) { Protections = Protections.All })).ShouldBeOk();

    [Fact]
    public void Template_of_the_page_is_read_and_its_examples_hold()
    {
        var policy = Policy();
        PolicyTests.Run(policy, _ => null, Monday).ShouldBeEmpty();
        var template = policy.Templates["web-check"];
        template.Examples.Count.ShouldBe(3);
        var use = template.Fill(new Dictionary<string, string> { ["host"] = "10.20.0.5", ["ports"] = "443,80" }).ShouldBeOk();
        use.Command.ShouldBe(["nmap", "-sT", "-Pn", "-n", "-sV", "-p", "80,443", "10.20.0.5"]);
        use.Values.ShouldBe([new("host", "10.20.0.5"), new("ports", "80,443")]);
        PolicySchemaTests.Refusals(WebCheck, Schema).ShouldBeEmpty();
        Repository.Text("docs/templates.md").ReplaceLineEndings("\n").ShouldContain($"```yaml\n{WebCheck}```");
    }

    private static readonly System.Text.Json.Nodes.JsonObject Schema = System.Text.Json.Nodes.JsonNode.Parse(Repository.Text("docs/template.schema.json"))!.AsObject();

    [Theory]
    [InlineData("", "template: 1")]
    [InlineData("$defs/parameter", "template: a\nparameters: { a: 1 }")]
    [InlineData("$defs/example", "template: a\nexamples: [1]")]
    public void Keys_of_the_schema_are_those_of_the_reader(string path, string broken)
    {
        var text = path.Length == 0 ? "- template" : broken;
        var hints = Template.Read(path.Length == 0 ? "template: a\nnonsense: 1" : text, "t", Policy()).Problems;
        string[] keys = path.Length == 0
            ? ["version", "template", "description", "command", "parameters", "max-duration", "reason", "require", "authors", "examples"]
            : hints.Select(problem => problem.Hint).Last(hint => hint?.StartsWith("with the keys ", StringComparison.Ordinal) == true)!["with the keys ".Length..].Split(", ");
        PolicySchemaTests.At(Schema, path)["properties"]!.AsObject().Select(property => property.Key).ShouldBe(keys, ignoreOrder: true);
        PolicySchemaTests.At(Schema, path)["additionalProperties"]!.GetValue<bool>().ShouldBeFalse();
        foreach (var key in path.Length == 0 ? keys : [])
            Template.Read($"template: a\n{key}: [[]]", "t", Policy()).Problems.ShouldNotContain(problem => problem.Message == $"the template has no key '{key}'", key);
    }

    [Theory]
    [InlineData("{ value: host, zones: [staging] }", "10.20.0.5", "10.20.0.5")]
    [InlineData("{ value: host, zones: [staging] }", "web1.staging", "web1.staging")]
    [InlineData("{ value: host, addresses: [10.30.0.7] }", "10.30.0.7", "10.30.0.7")]
    [InlineData("{ value: hosts, zones: [staging] }", "10.20.0.16/28", "10.20.0.16/28")]
    [InlineData("{ value: port }", "443", "443")]
    [InlineData("{ value: ports, within: \"1-1024\" }", "443,80", "80,443")]
    [InlineData("{ value: number, least: 1, most: 10 }", "7", "7")]
    [InlineData("{ value: choice, of: [head, get] }", "GET", "get")]
    [InlineData("{ value: duration, least: 10s, most: 1h }", "90s", "90s")]
    [InlineData("{ value: duration, least: 10s, most: 2h }", "1h30m", "90m")]
    [InlineData("{ value: text, longest: 12 }", "v1.2-rc_3", "v1.2-rc_3")]
    [InlineData("{ value: text, pattern: \"[a-z]{1,4}\" }", "abc", "abc")]
    public void Value_of_its_type_fills_its_place(string parameter, string value, string filled) => Fill(With(parameter), value).ShouldBeOk().Command[^1].ShouldBe(filled);

    [Theory]
    [InlineData("{ value: host, zones: [staging] }", "10.30.0.5", "x: '10.30.0.5' is where the template does not reach")]
    [InlineData("{ value: host, zones: [staging] }", "10.20.0.0/24", "is neither an address in full nor a name")]
    [InlineData("{ value: hosts, zones: [staging] }", "10.20.0.0/23", "has 10.20.1.0/24, which the template does not reach")]
    [InlineData("{ value: ports, within: \"1-1024\" }", "80,8080", "names 8080, which the template does not open")]
    [InlineData("{ value: number, least: 1, most: 10 }", "11", "is no whole number from 1 to 10")]
    [InlineData("{ value: choice, of: [head, get] }", "put", "is none that may be given here")]
    [InlineData("{ value: duration, least: 10s, most: 1h }", "2h", "is no duration from 10s to 1h")]
    [InlineData("{ value: text, longest: 4 }", "abcde", "has more than 4 characters")]
    [InlineData("{ value: text, pattern: \"[a-z ]{1,9}\" }", "a b", "has a space, a brace or a quote")]
    [InlineData("{ value: text, pattern: \".*\" }", "+trace", "begins with '+'")]
    [InlineData("{ value: text, pattern: \".*\" }", "wеb", "has characters outside printable ASCII")]
    public void Value_outside_its_type_is_refused_in_one_line(string parameter, string value, string saying)
    {
        var refusal = Fill(With(parameter), value).ShouldBeRefused();
        refusal.Message.ShouldContain(saying);
        refusal.Message.ShouldStartWith("x: ");
        refusal.Message.ShouldAllBe(letter => !char.IsControl(letter));
    }

    [Fact]
    public void Hostile_values_are_values_of_no_type()
    {
        string[] types =
        [
            "{ value: host, zones: [staging] }", "{ value: port }", "{ value: ports }", "{ value: number, least: 0, most: 100 }", "{ value: choice, of: [a, b] }", "{ value: duration, most: 1h }",
        ];
        foreach (var template in types.Select(type => With(type)))
        {
            foreach (var value in Hostile)
                Fill(template, value).IsOk.ShouldBeFalse($"{template.Parameters[0].Kind}: {value}");
        }
    }

    [Fact]
    public void Any_value_is_one_part_of_one_word_or_refused()
    {
        Template[] templates =
        [
            With("{ value: text, longest: 64 }"), With("{ value: text, pattern: \".*\" }"), With("{ value: host, addresses: [10.0.0.0/8, \"2001:db8::/32\"] }"), With("{ value: text, longest: 9 }", "[nmap, --script-args, \"a={x}\", 10.20.0.1]"),
        ];
        string[] parts = [.. Hostile, "a", "10.20.0.5", "-", "--", "+", ",", " ", "{x}", "=", "/", ".", "\n", "é", "web1", "a", "b", "web", "1"];
        Gen.Int[0, parts.Length - 1].Select(at => parts[at]).Array[1, 4].Select(Gen.Char, (some, letter) => string.Concat(some) + (letter > 'z' ? "" : letter.ToString())).Sample(value =>
        {
            foreach (var template in templates)
            {
                if (Fill(template, value) is not { IsOk: true, Value: var use })
                    continue;
                use.Command.Count.ShouldBe(template.Command.Count);
                for (var at = 0; at < use.Command.Count; at++)
                {
                    var pieces = template.Command[at].Parts;
                    if (pieces.All(piece => !piece.IsPlace))
                        use.Command[at].ShouldBe(pieces[0].Text);
                    else if (pieces[0].IsPlace)
                        "-+@".Contains(use.Command[at][0], StringComparison.Ordinal).ShouldBeFalse(value);
                    else
                        use.Command[at].ShouldStartWith(pieces[0].Text);
                    use.Command[at].ShouldAllBe(letter => letter > ' ' && letter <= '~' && letter != '{' && letter != '}');
                }
            }
        }, iter: PropertyScale.Cases(2_000), threads: 1);
    }

    [Theory]
    [InlineData("[nmap, \"--{x}\", 10.20.0.1]")]
    [InlineData("[nmap, \"-{x}\", 10.20.0.1]")]
    [InlineData("[nmap, \"--scr{x}\", 10.20.0.1]")]
    [InlineData("[nmap, \"-s{x}\", 10.20.0.1]")]
    [InlineData("[dig, \"+{x}\", \"@10.20.0.1\"]")]
    public void Place_whose_value_would_make_the_option_is_refused(string command) => Problem($"command: {command}\nparameters: {{ x: {{ value: text, longest: 9 }} }}").ShouldContain("a value would make the option");

    [Theory]
    [InlineData("command: nmap", "must be a list of words")]
    [InlineData("command: [\"{x}\", a]\nparameters: { x: { value: text, longest: 9 } }", "the tool of a template is no parameter")]
    [InlineData("command: [nmpa]", "no tool is named 'nmpa'")]
    [InlineData("command: [nmap, \"{y}\"]\nparameters: { x: { value: port } }", "a place for 'y', which is no parameter")]
    [InlineData("command: [nmap]\nparameters: { x: { value: port } }", "parameter 'x' has no place")]
    [InlineData("command: [nmap, \"{{x}}\"]\nparameters: { x: { value: port } }", "a place for '{x'")]
    [InlineData("command: [nmap, \"x}\"]", "a brace that is no place")]
    [InlineData("command: [nmap, \"{x}\"]\nparameters: { x: { value: host } }", "a target without a place")]
    [InlineData("command: [nmap, \"{x}\"]\nparameters: { x: { value: host, zones: [stagin] } }", "no zone is named 'stagin'")]
    [InlineData("command: [nmap, \"{x}\"]\nparameters: { x: { value: text } }", "a text without a bound")]
    [InlineData("command: [nmap, \"{x}\"]\nparameters: { x: { value: secret } }", "is no kind of value")]
    [InlineData("command: [nmap, \"{x}\"]\nparameters: { x: { value: port, zones: [staging] } }", "'zones' of parameter 'x' does not belong to its type")]
    [InlineData("command: [nmap, \"{x}\"]\nparameters: { x: { value: number, least: 5, most: 2 } }", "'most' of parameter 'x' is less than 'least'")]
    [InlineData("command: [nmap, \"{x}\"]\nparameters: { x: { value: port, default: ssh } }", "'default' of parameter 'x' is no value")]
    [InlineData("command: [nmap, \"{x}\"]\nparameters: { x: { value: choice, of: [\"-sV\"] } }", "is no value that could stand in a command")]
    [InlineData("command: [nmap, \"{X}\"]\nparameters: { X: { value: port } }", "is no name for a parameter")]
    [InlineData("command: [nmap, 10.20.0.1]\nreason: a\nrequire: [reason]", "has none of its own")]
    [InlineData("command: [nmap, 10.20.0.1]\nwhat: a", "the template has no key 'what'")]
    public void Mistake_in_a_template_is_said_on_its_line(string text, string saying) => Problem(text).ShouldContain(saying);

    private static string Problem(string text)
    {
        var (template, problems) = Template.Read($"version: 1\ntemplate: t\ndescription: d\n{text}\n", "t.yaml", Policy());
        template.ShouldBeNull();
        problems.ShouldAllBe(problem => problem.Line >= 3 && problem.File == "t.yaml");
        return string.Join("\n", problems.Select(problem => problem.Message));
    }

    [Fact]
    public void Missing_and_unknown_parameters_are_named()
    {
        var template = Policy().Templates["web-check"];
        template.Fill(new Dictionary<string, string>()).ShouldBeRefused().Message.ShouldBe("template web-check needs host");
        template.Fill(new Dictionary<string, string> { ["host"] = "10.20.0.5", ["prots"] = "80" }).ShouldBeRefused().ShouldSatisfyAllConditions(
            refusal => refusal.Message.ShouldBe("template web-check has no parameter 'prots'"), refusal => refusal.Hint.ShouldBe("did you mean 'ports'?"));
        template.Wrong(Plain with { Duration = TimeSpan.FromMinutes(20) }).ShouldNotBeNull().Code.ShouldBe(ErrorCode.DurationTooLong);
        template.Wrong(Plain with { Uses = 2 }).ShouldNotBeNull().Code.ShouldBe(ErrorCode.TooManyUses);
        template.Wrong(Plain).ShouldBeNull();
    }

    [Fact]
    public void Rule_of_a_template_opens_its_use_and_no_command_of_ones_own()
    {
        var policy = Policy();
        var use = policy.Templates["web-check"].Fill(new Dictionary<string, string> { ["host"] = "10.20.0.5" }).ShouldBeOk();
        var plan = PlanOf(policy, use);
        var terms = use.Of(Plain with { Reason = null });
        terms.Reason.ShouldBe("is the web server up");

        var allowed = Evaluator.Evaluate(policy, Sue, plan, terms, Monday);
        (allowed.Verdict, allowed.Duration, allowed.Rules.Single()).ShouldBe((Verdict.Allow, TimeSpan.FromMinutes(15), "web-checkers"));
        // The very same command, composed: the rule is not for it, and says so.
        var composed = Evaluator.Evaluate(policy, Sue, plan, Plain, Monday);
        composed.Verdict.ShouldBe(Verdict.Deny);
        composed.Reasons.ShouldContain("rule web-checkers: it opens nothing but the template web-check");
        Evaluator.Evaluate(policy, Sue, plan, Plain with { Template = new("another", null) }, Monday).Verdict.ShouldBe(Verdict.Deny);
        // Nor is it for those without the role.
        Evaluator.Evaluate(policy, Dana, plan, terms, Monday).Verdict.ShouldBe(Verdict.Deny);
        NearestCommand.Find(policy, Sue, use.Command, new(new ToolInventory("nmap", "", "", "", []) { Protections = Protections.All }), Plain, Monday).ShouldBeNull();
    }

    [Fact]
    public void Denials_hours_facets_and_zones_of_the_rule_bind_a_template_too()
    {
        Verdict Of(string rules, string host = "10.20.0.5")
        {
            var policy = Policy(WebCheck.Replace("zones: [staging]", "zones: [staging, lab]", StringComparison.Ordinal), rules);
            var use = policy.Templates["web-check"].Fill(new Dictionary<string, string> { ["host"] = host }).ShouldBeOk();
            return Evaluator.Evaluate(policy, Sue, PlanOf(policy, use), use.Of(Plain), Monday).Verdict;
        }

        Of(Rules).ShouldBe(Verdict.Allow);
        Of(Rules, "10.30.0.5").ShouldBe(Verdict.Deny, "the template reaches the zone, the rule does not open it");
        Of(Rules + "denials:\n  - { id: no, zones: any, tools: { nmap: { techniques: [version] } } }\n").ShouldBe(Verdict.Deny);
        Of(Rules.Replace("approval: none }\n  - { id: dev", "when: { days: sat-sun, hours: \"08:00-18:00\", tz: UTC }, approval: none }\n  - { id: dev", StringComparison.Ordinal)).ShouldBe(Verdict.Deny);
        Of(Rules.Replace("templates: [web-check]", "templates: [web-check], tools: { nmap: { techniques: [connect, version], ports: \"80,443\" } }", StringComparison.Ordinal)).ShouldBe(Verdict.Allow);
        Of(Rules.Replace("templates: [web-check]", "templates: [web-check], tools: { nmap: { techniques: [connect], ports: \"80,443\" } }", StringComparison.Ordinal)).ShouldBe(Verdict.Deny);
        Of(Rules.Replace("templates: [web-check]", "templates: [web-check], max-duration: 5m", StringComparison.Ordinal)).ShouldBe(Verdict.Allow);
    }

    [Fact]
    public void Target_by_name_is_where_its_pinned_addresses_are()
    {
        var policy = Policy();
        var use = policy.Templates["web-check"].Fill(new Dictionary<string, string> { ["host"] = "web1.staging.example.com" }).ShouldBeOk();
        Plan Named(string address)
        {
            Address.TryParse(address, out var at).ShouldBeTrue();
            return policy.Tools.Find("nmap")!.Plan(use.Command, new(new ToolInventory("nmap", "", "", "", []) { Protections = Protections.All })
            {
                Names = new Dictionary<string, IReadOnlyList<Address>> { ["web1.staging.example.com"] = [at] },
            }).ShouldBeOk();
        }

        use.Outside(Named("10.20.0.5")).ShouldBeNull();
        use.Outside(Named("10.30.0.5")).ShouldNotBeNull().Message.ShouldBe("host: 'web1.staging.example.com' is 10.30.0.5 here, which the template does not reach");
        use.Outside(Plans.Of("10.20.0.5")).ShouldNotBeNull().Message.ShouldContain("is no target of the command");
    }

    [Fact]
    public void Policy_with_templates_says_what_is_wrong_with_them_and_tests_them()
    {
        IReadOnlyList<string> Problems(string rules, params (string, string)[] files) =>
            [.. PolicyDocument.Parse(PolicySource.Of([("rules.yaml", rules), .. files]).Source!).Problems.Select(problem => problem.ToString())];

        Problems(Rules).ShouldHaveSingleItem().ShouldBe("rules.yaml:9: no template is named 'web-check'");
        Problems(Rules, ("a.yaml", WebCheck), ("b.yaml", WebCheck)).ShouldHaveSingleItem().ShouldContain("b.yaml:1: the template 'web-check' is defined twice");
        Problems(Rules.Replace("templates: [web-check]", "templates: [web-check], tools: { dig: any }", StringComparison.Ordinal), ("a.yaml", WebCheck)).ShouldHaveSingleItem().ShouldContain("its tool nmap not");

        string Test(string test) => Rules + $"tests:\n  - {{ as: {{ user: sue, groups: [support] }}, {test} }}\n";
        PolicyTests.Run(Policy(rules: Test("template: web-check, with: { host: 10.20.0.5 }, expect: allow, by: web-checkers")), _ => null, Monday).ShouldBeEmpty();
        PolicyTests.Run(Policy(rules: Test("command: nmap -sT -Pn -n -sV -p 80 10.20.0.5, expect: deny")), _ => null, Monday).ShouldBeEmpty();
        Problems(Test("template: web-check, with: { host: 10.30.0.5 }, expect: allow"), ("a.yaml", WebCheck)).ShouldHaveSingleItem().ShouldContain("does not reach");
        // An example that does not come out as it says keeps the policy out.
        PolicyTests.Run(Policy(WebCheck.Replace("-p 80,443 10.20.0.5", "-p 80 10.20.0.5", StringComparison.Ordinal)), _ => null, Monday).ShouldHaveSingleItem().ToString().ShouldStartWith("web-check.yaml:11: example 'host=10.20.0.5': it is nmap");
    }

    [Fact]
    public void Rule_of_a_template_that_became_another_opens_more()
    {
        var before = Policy();
        NewRights.Of(before, Policy(), [(Sue, Sue)]).ShouldBeEmpty();
        NewRights.Of(before, Policy(WebCheck.Replace("-sV", "-A", StringComparison.Ordinal)), [(Sue, Sue)]).ShouldHaveSingleItem().ShouldContain("rule 'web-checkers' would open more to sue");
        NewRights.Of(before, Policy(rules: Rules.Replace("templates: [web-check]", "tools: { nmap: any }", StringComparison.Ordinal)), [(Sue, Sue)]).ShouldHaveSingleItem().ShouldContain("would open more to sue");
        // What opened every command opened the template's.
        NewRights.Of(Policy(rules: Rules.Replace("templates: [web-check]", "tools: { nmap: any }", StringComparison.Ordinal)), before, [(Sue, Sue)]).ShouldBeEmpty();
    }
}

file static class Outcomes
{
    public static T ShouldBeOk<T>(this Result<T> result) => result.IsOk ? result.Value : throw new ShouldAssertException($"{result.Refusal.Code}: {result.Refusal.Message}");

    public static Refusal ShouldBeRefused<T>(this Result<T> result) => result.IsOk ? throw new ShouldAssertException("it was not refused") : result.Refusal;
}
