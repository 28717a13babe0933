using Writ.Core.Policy;
using Writ.Core.Tools;
using Writ.Proof.Addresses;
using Writ.Proof.Errors;
using Writ.Proof.Runners;

namespace Writ.Core.Templates;

/// <summary>Runs the examples that a template holds about itself: what is filled in is read by the tool's own grammar. A template whose own examples fail is not applied.</summary>
public static class TemplateExamples
{
    /// <summary>Stands for what a name resolves to: of the addresses that are kept for documents.</summary>
    private static readonly IReadOnlyList<Address> Anywhere = [Address.TryParse("192.0.2.1", out var address) ? address : default];

    /// <summary>Every example that does not come out as it says, in file order.</summary>
    /// <param name="template">The template.</param>
    /// <param name="tools">The tools that are known.</param>
    /// <param name="inventories">A tool's inventory by its name, of a runner; null where none has published one.</param>
    /// <param name="place">Where problems are, by the example's line.</param>
    public static IEnumerable<PolicyProblem> Run(Template template, ToolCatalogue tools, Func<string, ToolInventory?> inventories, Func<int, (string File, int Line)> place)
    {
        foreach (var example in template.Examples)
        {
            if (Wrong(template, tools, inventories, example) is not { } wrong)
                continue;
            var (file, line) = place(example.Line);
            var given = string.Join(' ', example.With.Select(pair => $"{pair.Key}={pair.Value}"));
            yield return new(file, line, PolicyReader.Visible($"example '{given}': {wrong.What}", 400), wrong.Hint);
        }
    }

    private static (string What, string? Hint)? Wrong(Template template, ToolCatalogue tools, Func<string, ToolInventory?> inventories, TemplateExample example)
    {
        var use = template.Fill(example.With);
        var read = use.IsOk ? Read(use.Value, tools, inventories) : use.Refusal;
        if (example.Refused is { } part)
        {
            return read is null ? ($"it is accepted as {string.Join(' ', use.Value.Command)}", null)
                : read.Message.Contains(part, StringComparison.Ordinal) ? null : ($"it is refused, but with: {read.Message}", null);
        }

        if (read is not null)
            return ($"it is refused: {read.Message}", read.Hint);
        return example.Argv is { } argv && !argv.SequenceEqual(use.Value.Command) ? ($"it is {string.Join(' ', use.Value.Command)}", null) : null;
    }

    private static Refusal? Read(TemplateUse use, ToolCatalogue tools, Func<string, ToolInventory?> inventories)
    {
        if (tools.Find(use.Template.Tool) is not { } tool)
            return new(ErrorCode.UnknownTool, $"no tool is named '{use.Template.Tool}'");
        var inventory = inventories(tool.Name);
        var context = new PlanContext(inventory ?? new(tool.Name, "", "", "", []) { Protections = Protections.All });
        // Its files are empty and its names are somewhere: an example shows how the argv is read.
        if (tool.Needs(use.Command, context) is { IsOk: true, Value: var needs })
        {
            context = context with
            {
                Inputs = needs.Inputs.ToDictionary(path => path, _ => ReadOnlyMemory<byte>.Empty, StringComparer.Ordinal),
                Names = needs.Names.ToDictionary(name => name, _ => Anywhere, StringComparer.Ordinal),
            };
        }

        var plan = tool.Plan(use.Command, context);
        return plan.IsOk ? null : inventory is null ? plan.Refusal with { Hint = $"no runner has published its {tool.Name} yet; enrol one, or make ports explicit" } : plan.Refusal;
    }
}
