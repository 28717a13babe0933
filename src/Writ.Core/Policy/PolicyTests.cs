using Writ.Core.Templates;
using Writ.Core.Tools;
using Writ.Core.Tools.Definitions;
using Writ.Proof.Runners;

namespace Writ.Core.Policy;

/// <summary>Runs the tests that a policy holds about itself, and the examples of the tools that it defines. A policy whose own tests fail is not applied.</summary>
public static class PolicyTests
{
    private static readonly ToolInventory NoInventory = new("", "", "", "", []) { Protections = Protections.All };

    /// <summary>Every test and example that does not come out as it says, in file order.</summary>
    /// <param name="policy">The policy.</param>
    /// <param name="inventories">
    /// A tool's inventory by the tool's name, of the runner that would execute it; null where no runner has published one.
    /// A command that needs none (its ports and scripts are explicit) can be tested without.
    /// </param>
    /// <param name="now">The moment for tests that have no <c>at</c>.</param>
    public static IReadOnlyList<PolicyProblem> Run(
        PolicyDocument policy, Func<string, ToolInventory?> inventories, DateTimeOffset now) =>
        [.. policy.Definitions.SelectMany(definition => DefinitionExamples.Run(definition, policy.Source.At)),
            .. policy.Templates.Values.SelectMany(template => TemplateExamples.Run(template, policy.Tools, inventories, policy.Source.At)),
            .. policy.Tests.Select(test => Run(policy, test, inventories, now)).OfType<PolicyProblem>()];

    private static PolicyProblem? Run(
        PolicyDocument policy, PolicyTest test, Func<string, ToolInventory?> inventories, DateTimeOffset now)
    {
        var (file, line) = policy.Source.At(test.Line);
        var name = test.Command[0];
        if (policy.Tools.Find(name) is not { } tool)
            return new(file, line, $"test: no tool is named '{name}'", policy.Tools.Hint(name));

        var inventory = inventories(name);
        var planned = tool.Plan(test.Command, new(inventory ?? NoInventory with { Name = name }));
        if (!planned.IsOk)
        {
            return new(file, line, $"test: the command is refused: {planned.Refusal.Message}",
                inventory is null ? $"no runner has published its {name} yet; enrol one, or make ports explicit" : planned.Refusal.Hint);
        }

        var found = Evaluator.Evaluate(policy.At(test.At ?? now, _ => null), test.As, planned.Value, test.Terms, test.At ?? now);
        if (test.KnownGood && KnownGood.For(found) is { } known && (!known.SameTemplate || test.Terms.Template is not null))
            found = found with { Verdict = Verdict.Allow };
        if (found.Verdict != test.Expect)
        {
            return new(file, line,
                $"test: expected {VerdictText.Of(test.Expect)}, got {VerdictText.Of(found.Verdict)}: {string.Join("; ", found.Reasons)}",
                test.At is null && policy.Rules.Any(rule => rule.When is not null) ? "a rule has hours: give the test an 'at:' instant"
                    : test.As.OnCall is null && policy.Rotas.Count > 0 ? "who is on call depends on the moment: give the test an 'at:' instant, or say it: as: { user: …, on-call: […] }" : found.Hint);
        }

        return test.By is { } by && !found.Rules.Contains(by)
            ? new(file, line, $"test: expected '{by}' to decide, got {Names(found.Rules)}: {string.Join("; ", found.Reasons)}")
            : null;
    }

    private static string Names(IReadOnlyList<string> rules) =>
        rules.Count == 0 ? "no rule" : string.Join(", ", rules.Select(rule => $"'{rule}'"));
}
