using System.CommandLine;
using System.Globalization;
using Writ.Cli.Options;
using Writ.Cli.Output;
using Writ.Contracts;
using Writ.Contracts.Policy;

namespace Writ.Cli.Policy;

/// <summary><c>writ policy use</c></summary>
internal static class ShowRuleUse
{
    public static Verb Verb(CliContext context)
    {
        var rule = new Argument<string?>("RULE") { Description = "one rule: also the least of it that covers what really ran", Arity = ArgumentArity.ZeroOrOne };
        var format = Shared.Format();
        return new Verb("use", "Show how often each rule answered in the last 90 days, and what of one is enough", "writ policy use developers-scan-staging").With(rule, format).Does(async (parse, cancel) =>
        {
            if (parse.GetValue(rule) is not { } name)
            {
                var all = await context.Server.GetAsync("/v1/policy/use", WritJson.Default.IReadOnlyListRuleUseView, cancel);
                if (parse.GetValue(format) == "json")
                    JsonText.Print(context.Terminal, all.Json);
                else
                    List(context, all.Value);
                return ExitCode.Ok;
            }

            var one = await context.Server.GetAsync($"/v1/policy/use/{Uri.EscapeDataString(name)}", WritJson.Default.RuleUseView, cancel);
            if (parse.GetValue(format) == "json")
            {
                JsonText.Print(context.Terminal, one.Json);
                return ExitCode.Ok;
            }

            var use = one.Value;
            context.Terminal.Remark(Printable.Line(string.Create(CultureInfo.InvariantCulture,
                $"writ: in {use.Days} days {use.Id} allowed {use.Allowed} requests, asked for {use.Asked} and {use.Runs ?? 0} of them ran{(use.Enough is null ? "; nothing of it was needed" : "; this of it was needed:")}")));
            if (use.Enough is { } enough)
                context.Terminal.Print(Printable.Lines(enough).TrimEnd('\n'));
            return ExitCode.Ok;
        });
    }

    private static void List(CliContext context, IReadOnlyList<RuleUseView> all)
    {
        var columns = new Columns(context.Terminal, "RULE", "LINE", "ALLOWED", "ASKED", "DENIED", "");
        foreach (var use in all)
            columns.Row(use.Id, Number(use.Line), Number(use.Allowed), Number(use.Asked), Number(use.Denied), use.Allowed + use.Asked + use.Denied == 0 ? $"unused in {Number(use.Days)} days" : use.Kind == "denial" ? "denial" : "");
        columns.Print();
    }

    private static string Number(int number) => number.ToString(CultureInfo.InvariantCulture);
}
