using System.Text;
using Writ.Cli.Options;
using Writ.Cli.Output;
using Writ.Contracts;

namespace Writ.Cli.Policy;

/// <summary><c>writ policy show</c></summary>
internal static class ShowPolicy
{
    public static Verb Verb(CliContext context)
    {
        var format = Shared.Format();
        return new Verb("show", "Print the policy in force", "writ policy show > policy.yaml").With(format).Does(async (parse, cancel) =>
        {
            var answer = await context.Server.GetAsync("/v1/policy", WritJson.Default.PolicyView, cancel);
            var policy = answer.Value;
            if (parse.GetValue(format) == "json")
            {
                JsonText.Print(context.Terminal, answer.Json);
                return ExitCode.Ok;
            }

            context.Terminal.Remark(Printable.Line($"writ: {policy.Hash}, applied by {policy.AppliedBy} {When.Full(policy.AppliedAt, context.Now)}"));
            // Into a file it goes byte by byte, so that it can be applied again.
            var text = context.Terminal.OutputIsTerminal ? Printable.Lines(policy.Text) : policy.Text;
            context.Terminal.Output.Write(Encoding.UTF8.GetBytes(text));
            return ExitCode.Ok;
        });
    }
}
