using System.CommandLine;
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
        var withdraw = new Option<bool>("--withdraw") { Description = "take templates and definitions of tools out of force that are not in it" };
        var format = Shared.Format();
        return new Verb("apply", "Put a policy into force; an invalid one changes nothing", "writ policy apply policy.yaml")
            .With(file, withdraw, format).Does(async (parse, cancel) =>
        {
            var text = await PolicyFile.ReadAsync(context, parse.GetRequiredValue(file), cancel) with { Withdraw = parse.GetValue(withdraw) };
            var answer = await context.Server.PutAsync("/v1/policy", text, WritJson.Default.PolicyText, WritJson.Default.PolicyView, cancel);
            var policy = answer.Value;
            if (parse.GetValue(format) == "json")
                JsonText.Print(context.Terminal, answer.Json);
            else
                context.Terminal.Print(Printable.Line($"in force: {policy.Hash}, by {policy.AppliedBy}"));
            foreach (var gone in policy.Withdrawn ?? [])
                context.Terminal.Say($"writ: out of force: {Printable.Line(gone)}");
            return ExitCode.Ok;
        });
    }
}
