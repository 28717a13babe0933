using CsCheck;
using Writ.Core.Policy;

namespace Writ.Tests.Core.Policy;

/// <summary>Several files that make one policy.</summary>
public class PolicySourceTests
{
    private const string Zones = "version: 1\nzones:\n  staging: { addresses: [10.20.0.0/16] }\n";
    private const string Roles = "version: 1\nroles:\n  dev: { groups: [eng] }\n";
    private const string Rules = "version: 1\nrules:\n  - { id: a, roles: [dev], zones: [staging], tools: { nmap: any }, approval: none }\n";

    private static PolicyDocument Policy(params (string Name, string Text)[] files)
    {
        var parse = PolicyDocument.Parse(PolicySource.Of(files).Source.ShouldNotBeNull());
        parse.Problems.ShouldBeEmpty();
        return parse.Policy!;
    }

    [Fact]
    public void Of_files_in_any_order_are_one_policy_with_one_hash_and_its_text_gives_it_back()
    {
        var policy = Policy(("zones.yaml", Zones), ("a/roles.yaml", Roles), ("rules.yaml", Rules));
        policy.Rules.ShouldHaveSingleItem().Zones.ShouldBe(["staging"]);
        policy.Source.Files.Select(file => file.Name).ShouldBe(["a/roles.yaml", "rules.yaml", "zones.yaml"]);
        Policy(("rules.yaml", Rules), ("zones.yaml", Zones), ("a/roles.yaml", Roles)).Hash.ShouldBe(policy.Hash);
        var again = PolicyDocument.Parse(policy.Text, "policy in force").Policy.ShouldNotBeNull();
        (again.Hash, again.Rules.Count).ShouldBe((policy.Hash, 1));
        again.Source.Files.Select(file => (file.Name, file.Text)).ShouldBe(policy.Source.Files.Select(file => (file.Name, file.Text)));
        Policy(("only.yaml", Roles)).Hash.ShouldBe(PolicyDocument.Parse(Roles, "x").Policy!.Hash, "one file is its own text");
    }

    [Fact]
    public void Parse_problems_name_the_file_and_its_own_line()
    {
        var parse = PolicyDocument.Parse(PolicySource.Of(
            [("a.yaml", Roles + "zones:\n  staging: { addresses: [10.1.0.0/16] }\n"), ("b.yaml", Zones), ("c.yaml", Rules.Replace("id: a", "id: a/b")), ("d.yaml", "version: 1\nroles: [")]).Source!);
        parse.Problems.Select(problem => problem.ToString()).ShouldAllBe(problem => problem.StartsWith("d.yaml:"));

        var merged = PolicyDocument.Parse(PolicySource.Of(
            [("a.yaml", Roles + "zones:\n  staging: { addresses: [10.1.0.0/16] }\n"), ("b.yaml", Zones), ("c.yaml", Rules), ("d.yaml", Rules.Replace("staging", "stagin"))]).Source!);
        merged.Problems.Select(problem => $"{problem} ({problem.Hint})").ShouldBe(
        [
            "b.yaml:3: the zone 'staging' is defined twice (it stands at a.yaml:5 already)",
            "d.yaml:3: no zone is named 'stagin' (did you mean 'staging'?)",
            "d.yaml:3: the id 'a' is used twice (it stands at c.yaml:3 already)",
        ], ignoreOrder: true);
    }

    [Fact]
    public void Of_what_cannot_be_told_apart_again_is_refused()
    {
        PolicySource.Of([]).Problem.ShouldNotBeNull().Message.ShouldBe("there is no file of a policy");
        PolicySource.Of([("a", Roles), ("a", Zones)]).Problem.ShouldNotBeNull().Message.ShouldContain("given twice");
        PolicySource.Of([("a\nb", Roles)]).Problem.ShouldNotBeNull();
        PolicySource.Of([("a", Roles + PolicySource.Mark + "b\n" + Rules)]).Problem.ShouldNotBeNull().Message.ShouldContain("stands between the files");
        PolicyDocument.Parse(PolicySource.Mark + "a\n" + Roles + PolicySource.Mark + "a\n" + Zones, "x").Policy.ShouldBeNull("the same name twice");
    }

    [Fact]
    public void Split_of_any_text_holds_all_of_it() =>
        Gen.OneOf(Gen.OneOf(PolicySource.Mark, "\n", "---", "--- # policy:", "a.yaml\n", "\r\n"), Gen.String[0, 5]).Array[0, 12].Sample(parts =>
        {
            var text = string.Concat(parts);
            var source = PolicySource.Split(text, "p");
            source.Text.ShouldBe(text);
            for (var line = 1; line <= text.Count(c => c == '\n') + 1; line++)
                source.At(line).Line.ShouldBeInRange(1, line);
            PolicyDocument.Parse(text, "p").Problems.ShouldAllBe(problem => problem.Line >= 1);
        }, iter: PropertyScale.Cases(2_000));
}
