using System.Text.Json.Nodes;
using Writ.Core.Tools;
using Writ.Core.Tools.Definitions;
using Writ.Tests.Architecture;
using Writ.Tests.Core.Policy;

namespace Writ.Tests.Core.Tools.Definitions;

/// <summary>The schema by which editors complete a definition knows the same keys as the reader, and takes what it takes.</summary>
public class ToolSchemaTests
{
    private static readonly JsonObject Schema = JsonNode.Parse(Repository.Text("docs/tool.schema.json"))!.AsObject();

    [Theory]
    [InlineData("", "x")]
    [InlineData("$defs/runner", "tool: a\nrunner: 1")]
    [InlineData("$defs/option", "tool: a\noptions: { -a: 1 }")]
    [InlineData("$defs/positional", "tool: a\npositionals: { a: 1 }")]
    [InlineData("$defs/traffic", "tool: a\nnetwork: [1]")]
    [InlineData("$defs/estimate", "tool: a\nestimate: 1")]
    [InlineData("$defs/facet", "tool: a\nfacets: { a: 1 }")]
    [InlineData("$defs/example", "tool: a\nexamples: [1]")]
    [InlineData("$defs/grammar", "tool: a\nsub-commands: { a: 1 }")]
    public void Keys_of_the_schema_are_those_of_the_reader(string path, string broken)
    {
        var hint = ToolDefinition.Read(broken, "t").Problems.Select(problem => problem.Hint).Last(hint => hint?.StartsWith("with the keys ", StringComparison.Ordinal) == true)!;
        PolicySchemaTests.At(Schema, path)["properties"]!.AsObject().Select(property => property.Key).ShouldBe(hint["with the keys ".Length..].Split(", "), ignoreOrder: true);
        PolicySchemaTests.At(Schema, path)["additionalProperties"]!.GetValue<bool>().ShouldBeFalse();
    }

    [Fact]
    public void Every_definition_in_the_box_and_that_of_the_page_fit_the_schema()
    {
        foreach (var text in ToolCatalogue.Box.All.OfType<DefinedTool>().Select(tool => tool.Definition.Text).Append(DefinitionReaderTests.Whois))
            PolicySchemaTests.Refusals(text, Schema).ShouldBeEmpty(text[..80]);
        foreach (var (right, wrong) in new[] { ("value: host", "value: hots"), ("purpose: query", "porpose: query"), ("also: [--host]", "also: --host"), ("version: 1", "version: 2"), ("kind: words", "kind: wards") })
            PolicySchemaTests.Refusals(DefinitionReaderTests.Whois.Replace(right, wrong, StringComparison.Ordinal), Schema).ShouldNotBeEmpty(wrong);
    }

    [Fact]
    public void Page_shows_the_definition_that_is_tested() =>
        Repository.Text("docs/adding-a-tool.md").ReplaceLineEndings("\n").ShouldContain($"```yaml\n{DefinitionReaderTests.Whois}```");
}
