using System.CommandLine;
using System.Globalization;
using Writ.Cli.Options;
using Writ.Cli.Output;
using Writ.Contracts;

namespace Writ.Cli.Policy;

/// <summary><c>writ policy diff</c></summary>
internal static class DiffPolicy
{
    public static Verb Verb(CliContext context)
    {
        var file = PolicyFile.Argument();
        var last = new Option<int>("--last") { Description = "how many of the last requests are held against both policies, at most 1000", HelpName = "N", DefaultValueFactory = _ => 200 };
        var format = Shared.Format();
        return new Verb("diff", "Show what a policy would change, in its text and in answers to past requests; changes nothing", "writ policy diff policy.yaml").With(file, last, format).Does(async (parse, cancel) =>
        {
            var most = parse.GetValue(last);
            if (most is < 0 or > 1_000)
                throw Stop.Usage("--last: a number of requests from 0 to 1000 is asked for");
            var text = await PolicyFile.ReadAsync(context, parse.GetRequiredValue(file), cancel);
            var answer = await context.Server.PostAsync(string.Create(CultureInfo.InvariantCulture, $"/v1/policy/diff?last={most}"), text, WritJson.Default.PolicyText, WritJson.Default.PolicyDiffView, cancel);
            var diff = answer.Value;
            if (parse.GetValue(format) == "json")
            {
                JsonText.Print(context.Terminal, answer.Json);
                return diff.Ok ? ExitCode.Ok : ExitCode.Failed;
            }

            Problems.Print(context, diff.Problems, "");
            if (!diff.Ok)
                throw new Stop(ExitCode.Failed, $"the policy cannot be applied: {Problems.Count(diff.Problems.Count, "problem")}");
            if (diff.Lines.Count == 0)
                context.Terminal.Print("the texts are the same");
            foreach (var line in diff.Lines)
            {
                var shown = Printable.Line($"{(line.Line > 0 ? line.Line.ToString(CultureInfo.InvariantCulture) : ""),5} {line.Change} {line.Text}");
                context.Terminal.Print(line.Change switch { "+" => context.Terminal.Paint(shown, Tone.Good), "-" => context.Terminal.Paint(shown, Tone.Bad), _ => shown });
            }

            foreach (var gone in diff.Withdraws ?? [])
                context.Terminal.Print(context.Terminal.Paint(Printable.Line($"would go out of force: {gone}"), Tone.Bad));
            context.Terminal.Print("");
            if (diff.Answers.Count > 0)
            {
                var columns = new Columns(context.Terminal, "REQUEST", "WHO", "WAS", "WOULD BE", "COMMAND");
                foreach (var each in diff.Answers)
                    columns.Row(each.Request, each.Actor, each.Before, each.After, Printable.Command(each.Command));
                columns.Print();
            }

            context.Terminal.Print(diff.Looked == 0 ? "no request was looked at"
                : $"{(diff.Answers.Count == 0 ? "none" : diff.Answers.Count.ToString(CultureInfo.InvariantCulture))} of the last {Problems.Count(diff.Looked, "request")} would have come out otherwise");
            return ExitCode.Ok;
        });
    }
}
