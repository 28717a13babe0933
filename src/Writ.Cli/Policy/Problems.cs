using System.Globalization;
using Writ.Cli.Output;
using Writ.Contracts.Policy;

namespace Writ.Cli.Policy;

/// <summary>What a check found, as editors and CI systems read it.</summary>
internal static class Problems
{
    /// <summary>One line each, with its hint.</summary>
    public static void Print(CliContext context, IReadOnlyList<PolicyProblemView> problems, string kind)
    {
        foreach (var problem in problems)
        {
            context.Terminal.Print(Printable.Line(string.Create(CultureInfo.InvariantCulture, $"{problem.File}:{problem.Line}: {kind}{problem.Message}")));
            if (problem.Hint is { } hint)
                context.Terminal.Print($"  hint: {Printable.Line(hint)}");
        }
    }

    /// <summary>A number of things: <c>1 problem</c>, <c>2 problems</c>.</summary>
    public static string Count(int count, string what) => string.Create(CultureInfo.InvariantCulture, $"{count} {what}{(count == 1 ? "" : "s")}");
}
