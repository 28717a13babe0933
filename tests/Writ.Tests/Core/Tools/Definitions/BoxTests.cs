using Writ.Core.Tools;
using Writ.Core.Tools.Definitions;
using Writ.Proof.Addresses;
using Writ.Proof.Runners;

namespace Writ.Tests.Core.Tools.Definitions;

/// <summary>Every definition that comes in the box: what it shows of itself holds, and what it executes it would read the same way.</summary>
public class BoxTests
{
    public static TheoryData<string> Names() => [.. Defined().Select(tool => tool.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void Examples_come_out_as_they_say(string name) =>
        DefinitionExamples.Run(Of(name).Definition, line => (name, line)).Select(problem => problem.ToString()).ShouldBeEmpty();

    [Theory]
    [MemberData(nameof(Names))]
    public void Canonical_argv_means_what_was_typed(string name)
    {
        var tool = Of(name);
        foreach (var example in tool.Definition.Examples.Where(example => example.Refused is null))
        {
            var typed = Plan(tool, example.Command, example.Names);
            // Files have paths of the sandbox there, which only the run opens.
            string[] words = [.. typed.Argv.Where(word => !tool.Definition.Grammars.Values.SelectMany(grammar => grammar.Always).Contains(word) || IsOption(tool, word))];
            var again = Plan(tool, [words[0], .. Secrets(tool, example.Command), .. words[1..]], example.Names);
            again.Argv.ShouldBe(typed.Argv, string.Join(' ', example.Command));
            again.Scope.ShouldBe(typed.Scope);
            again.RawSockets.ShouldBe(typed.RawSockets);
            again.Secrets.ShouldBe(typed.Secrets);
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Every_option_and_facet_says_what_it_is(string name)
    {
        var definition = Of(name).Definition;
        definition.Examples.Count(example => example.Refused is not null).ShouldBeGreaterThan(3, "how its escapes are refused is shown");
        definition.Facets.Select(facet => facet.Name).ShouldContain("max-hosts");
        definition.Place.Path.ShouldEndWith("/" + definition.Program);
        definition.Place.Package.ShouldNotBeNull();
    }

    private static IEnumerable<DefinedTool> Defined() => ToolCatalogue.Box.All.OfType<DefinedTool>();

    private static DefinedTool Of(string name) => (DefinedTool)ToolCatalogue.Box.Find(name)!;

    private static bool IsOption(DefinedTool tool, string word) =>
        tool.Definition.Grammars.Values.SelectMany(grammar => grammar.Options).Any(option => option.Names.Contains(word));

    // What the tool finds in its environment is the statement's, and stands in no argv.
    private static IEnumerable<string> Secrets(DefinedTool tool, IReadOnlyList<string> command) =>
        tool.Definition.Grammars.Values.SelectMany(grammar => grammar.Options).Where(option => option.Environment is not null && command.Contains(option.Name))
            .SelectMany(option => new[] { option.Name, command[command.ToList().IndexOf(option.Name) + 1] });

    private static Plan Plan(DefinedTool tool, IEnumerable<string> command, IReadOnlyDictionary<string, IReadOnlyList<Address>> names)
    {
        string[] argv = [.. command];
        var context = new PlanContext(new ToolInventory(tool.Name, "", "", "", [])) { Names = names };
        var needs = tool.Needs(argv, context).Value;
        return tool.Plan(argv, context with { Inputs = needs.Inputs.ToDictionary(path => path, _ => ReadOnlyMemory<byte>.Empty) }).Value;
    }
}
