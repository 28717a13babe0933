using Writ.Cli.Options;
using Writ.Cli.Output;
using Writ.Contracts;

namespace Writ.Cli.Policy;

/// <summary><c>writ policy apply</c></summary>
internal static class ApplyPolicy
{
    public static Verb Verb(CliContext context)
    {
        var file = PolicyFile.Argument();
        var format = Shared.Format();
        return new Verb("apply", "Put a policy into force; an invalid one changes nothing", "writ policy apply policy.yaml")
            .With(file, format).Does(async (parse, cancel) =>
        {
            var text = await PolicyFile.ReadAsync(context, parse.GetRequiredValue(file), cancel);
            var answer = await context.Server.PutAsync("/v1/policy", text, WritJson.Default.PolicyText, WritJson.Default.PolicyView, cancel);
            var policy = answer.Value;
            if (parse.GetValue(format) == "json")
                JsonText.Print(context.Terminal, answer.Json);
            else
                context.Terminal.Print(Printable.Line($"in force: {policy.Hash}, by {policy.AppliedBy}"));
            return ExitCode.Ok;
        });
    }
}
