using System.CommandLine;
using Writ.Cli.Options;
using Writ.Cli.Output;
using Writ.Contracts;

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

            Problems.Print(context, check.Problems, "");
            Problems.Print(context, warnings, "warning: ");
            if (!check.Ok)
                throw new Stop(ExitCode.Failed, $"the policy cannot be applied: {Problems.Count(check.Problems.Count, "problem")}");
            if (!passes)
                throw new Stop(ExitCode.Failed, $"the policy could be applied, but there {(warnings.Count == 1 ? "is" : "are")} {Problems.Count(warnings.Count, "warning")}");
            context.Terminal.Print(Printable.Line(
                $"ok: {Problems.Count(check.Tests, "test")} passed{(warnings.Count > 0 ? $", {Problems.Count(warnings.Count, "warning")}" : "")}, hash {check.Hash}"));
            return ExitCode.Ok;
        });
    }
}
