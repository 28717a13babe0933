using System.Text.RegularExpressions;
using Writ.Core.Policy;
using Writ.Tests.Architecture;
using Writ.Tests.Core.Tools.Nmap;

namespace Writ.Tests.Core.Policy;

/// <summary>What the page about policies shows can be applied as it stands.</summary>
public partial class PolicyPageTests
{
    public static TheoryData<string, string> Recipes()
    {
        var page = Repository.Text("docs/policy.md");
        var recipes = new TheoryData<string, string>();
        foreach (Match recipe in Recipe().Matches(page[page.IndexOf("\n## Cookbook\n", StringComparison.Ordinal)..]))
            recipes.Add(recipe.Groups["title"].Value, recipe.Groups["yaml"].Value);
        return recipes;
    }

    [Theory]
    [MemberData(nameof(Recipes))]
    public void Recipe_is_valid_by_reader_and_schema_and_passes_its_own_tests(string title, string yaml)
    {
        var parse = PolicyDocument.Parse(yaml, title);
        parse.Problems.ShouldBeEmpty();
        parse.Policy!.Tests.ShouldNotBeEmpty();
        PolicyTests.Run(parse.Policy, _ => NmapToolTests.Inventory, DateTimeOffset.UnixEpoch).ShouldBeEmpty();
        PolicySchemaTests.Refusals(yaml).ShouldBeEmpty();
        // Broken on purpose: every test is there to fail when its expectation does not hold.
        var swapped = yaml.Replace("expect: deny", "expect: allow", StringComparison.Ordinal).Replace("expect: require-approval", "expect: deny", StringComparison.Ordinal);
        if (swapped != yaml)
            PolicyTests.Run(PolicyDocument.Parse(swapped, title).Policy!, _ => NmapToolTests.Inventory, DateTimeOffset.UnixEpoch).ShouldNotBeEmpty();
    }

    [Fact]
    public void Recipes_are_at_least_a_dozen() => Recipes().Count.ShouldBeGreaterThanOrEqualTo(12);

    [Fact]
    public void Example_of_the_page_is_the_one_of_the_tests() => Repository.Text("docs/policy.md").ShouldContain(PolicyDocumentTests.Example);

    [GeneratedRegex(@"^### (?<title>.+?)\n(?:(?!^###).)*?^```yaml\n(?<yaml>.*?)^```$", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Recipe();
}
