using System.Globalization;
using Writ.Core.Policy;
using Writ.Proof.Runners;

namespace Writ.Core.Tools.Definitions;

/// <summary>Runs the examples that a definition holds about itself. One whose own examples fail is not applied.</summary>
public static class DefinitionExamples
{
    /// <summary>Every example that does not come out as it says, in file order.</summary>
    /// <param name="definition">The definition.</param>
    /// <param name="place">Where problems are, by the example's line.</param>
    public static IEnumerable<PolicyProblem> Run(ToolDefinition definition, Func<int, (string File, int Line)> place)
    {
        var tool = new DefinedTool(definition);
        foreach (var example in definition.Examples)
        {
            if (Wrong(tool, example) is not { } wrong)
                continue;
            var (file, line) = place(example.Line);
            yield return new(file, line, $"example '{PolicyReader.Visible(string.Join(' ', example.Command))}': {wrong.What}", wrong.Hint);
        }
    }

    private static (string What, string? Hint)? Wrong(DefinedTool tool, DefinedExample example)
    {
        var context = new PlanContext(new ToolInventory(tool.Name, "", "", "", []) { Protections = Protections.All }) { Names = example.Names };
        // Its files are empty: an example shows how the argv is read.
        if (tool.Needs(example.Command, context) is { IsOk: true, Value: var needs })
            context = context with { Inputs = needs.Inputs.ToDictionary(path => path, _ => ReadOnlyMemory<byte>.Empty, StringComparer.Ordinal) };
        var read = tool.Plan(example.Command, context);
        if (example.Refused is { } part)
        {
            return read.IsOk ? ($"it is accepted as {string.Join(' ', read.Value.Argv)}", null)
                : read.Refusal.Message.Contains(part, StringComparison.Ordinal) ? null : ($"it is refused, but with: {read.Refusal.Message}", null);
        }

        if (!read.IsOk)
            return ($"it is refused: {read.Refusal.Message}", read.Refusal.Hint);
        var plan = read.Value;
        if (example.Argv is { } argv && !argv.SequenceEqual(plan.Argv))
            return ($"it would run as: {string.Join(' ', plan.Argv)}", null);
        if (example.Targets is { } targets && !targets.Equals(plan.Targets))
            return ($"its targets are {plan.Targets}", null);
        foreach (var (protocol, expected) in example.Reaches)
        {
            var reached = protocol switch
            {
                "tcp" => plan.Scope.Tcp.ToString(),
                "udp" => plan.Scope.Udp.ToString(),
                "sctp" => plan.Scope.Sctp.ToString(),
                "icmp" => plan.Scope.Icmp ? "true" : "false",
                "interactive" => plan.Terminal ?? "no",
                _ => plan.RawSockets ? "true" : "false",
            };
            if (reached != expected)
                return ($"{protocol} is {(reached.Length == 0 ? "empty" : reached)}", null);
        }

        foreach (var (name, expected) in example.Facets)
        {
            var answer = plan.Facets.First(facet => facet.Facet == name) switch
            {
                FacetWords words => string.Join(", ", words.Words),
                FacetItems items => string.Join(", ", items.Items.Select(item => item.Name)),
                FacetPorts ports => ports.Ports.ToString(),
                FacetNumber number => number.Number.ToString("0.###", CultureInfo.InvariantCulture),
                var other => other.ToString(),
            };
            if (answer != expected)
                return ($"facet {name} is {(answer.Length == 0 ? "empty" : answer)}", null);
        }

        return null;
    }
}
