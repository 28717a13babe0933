using System.Globalization;
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
        var format = Shared.Format();
        return new Verb("check", "Check a policy and run its tests; changes nothing", "writ policy check policy.yaml").With(file, format).Does(async (parse, cancel) =>
        {
            var text = await PolicyFile.ReadAsync(context, parse.GetRequiredValue(file), cancel);
            var answer = await context.Server.PostAsync(
                "/v1/policy/check", text, WritJson.Default.PolicyText, WritJson.Default.PolicyCheckView, cancel);
            var check = answer.Value;
            if (parse.GetValue(format) == "json")
            {
                JsonText.Print(context.Terminal, answer.Json);
                return check.Ok ? ExitCode.Ok : ExitCode.Failed;
            }

            foreach (var problem in check.Problems)
            {
                context.Terminal.Print(Printable.Line(string.Create(CultureInfo.InvariantCulture, $"{problem.File}:{problem.Line}: {problem.Message}")));
                if (problem.Hint is { } hint)
                    context.Terminal.Print($"  hint: {Printable.Line(hint)}");
            }

            if (!check.Ok)
                throw new Stop(ExitCode.Failed, $"the policy cannot be applied: {Count(check.Problems.Count, "problem")}");
            context.Terminal.Print(Printable.Line($"ok: {Count(check.Tests, "test")} passed, hash {check.Hash}"));
            return ExitCode.Ok;
        });
    }

    private static string Count(int count, string what) => string.Create(CultureInfo.InvariantCulture, $"{count} {what}{(count == 1 ? "" : "s")}");
}
