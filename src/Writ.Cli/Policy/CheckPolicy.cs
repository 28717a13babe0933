using System.CommandLine;
using System.Globalization;
using Writ.Cli.Options;
using Writ.Cli.Output;
using Writ.Contracts;
using Writ.Contracts.Policy;

namespace Writ.Cli.Policy;

/// <summary><c>writ policy check</c></summary>
internal static class CheckPolicy
{
    public static Verb Verb(CliContext context)
    {
        var file = PolicyFile.Argument();
        var strict = new Option<bool>("--strict") { Description = "let warnings fail too" };
        var format = Shared.Format();
        return new Verb("check", "Check a policy and run its tests; changes nothing", "writ policy check policy.yaml").With(file, strict, format).Does(async (parse, cancel) =>
        {
            var text = await PolicyFile.ReadAsync(context, parse.GetRequiredValue(file), cancel);
            var answer = await context.Server.PostAsync(
                "/v1/policy/check", text, WritJson.Default.PolicyText, WritJson.Default.PolicyCheckView, cancel);
            var check = answer.Value;
            var warnings = check.Warnings ?? [];
            var passes = check.Ok && !(parse.GetValue(strict) && warnings.Count > 0);
            if (parse.GetValue(format) == "json")
            {
                JsonText.Print(context.Terminal, answer.Json);
                return passes ? ExitCode.Ok : ExitCode.Failed;
            }

            Print(context, check.Problems, "");
            Print(context, warnings, "warning: ");
            if (!check.Ok)
                throw new Stop(ExitCode.Failed, $"the policy cannot be applied: {Count(check.Problems.Count, "problem")}");
            if (!passes)
                throw new Stop(ExitCode.Failed, $"the policy could be applied, but there {(warnings.Count == 1 ? "is" : "are")} {Count(warnings.Count, "warning")}");
            context.Terminal.Print(Printable.Line(
                $"ok: {Count(check.Tests, "test")} passed{(warnings.Count > 0 ? $", {Count(warnings.Count, "warning")}" : "")}, hash {check.Hash}"));
            return ExitCode.Ok;
        });
    }

    private static void Print(CliContext context, IReadOnlyList<PolicyProblemView> problems, string kind)
    {
        foreach (var problem in problems)
        {
            context.Terminal.Print(Printable.Line(string.Create(CultureInfo.InvariantCulture, $"{problem.File}:{problem.Line}: {kind}{problem.Message}")));
            if (problem.Hint is { } hint)
                context.Terminal.Print($"  hint: {Printable.Line(hint)}");
        }
    }

    private static string Count(int count, string what) => string.Create(CultureInfo.InvariantCulture, $"{count} {what}{(count == 1 ? "" : "s")}");
}
