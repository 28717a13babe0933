using Writ.Cli.Options;
using Writ.Cli.Output;
using Writ.Cli.Runs;
using Writ.Contracts;
using Writ.Contracts.Grants;

namespace Writ.Cli.Runners;

/// <summary><c>writ runners disable</c> and <c>enable</c></summary>
internal static class DisableRunner
{
    public static Verb Disable(CliContext context)
    {
        var id = Shared.Id("RUNNER", "the runner, rnr_…");
        var reason = Shared.Text("--reason", "for the record", "TEXT");
        var format = Shared.Format();
        return new Verb("disable", "End a runner's runs, cut its link, and take no certificate of it any more",
            "writ runners disable rnr_06bqz3w1x8 --reason 'the host was stolen'").With(id, reason, format).Does(async (parse, cancel) =>
        {
            var runner = Shared.CheckedId(parse.GetRequiredValue(id), "rnr_", "runner");
            var answer = await context.Server.PostAsync(
                $"/v1/runners/{runner}/disable", new EndAsk(parse.GetValue(reason)), WritJson.Default.EndAsk, WritJson.Default.RunnerEndView, cancel);
            if (parse.GetValue(format) == "json")
            {
                JsonText.Print(context.Terminal, answer.Json);
                return answer.Value.End.Outcome == "confirmed" ? ExitCode.Ok : ExitCode.Failed;
            }

            context.Terminal.Print(Printable.Line($"disabled: {answer.Value.Name}"));
            return answer.Value.End.Runs.Count == 0 ? ExitCode.Ok : EndText.Print(context.Terminal, new(answer.Value.End, answer.Json), json: false, "ended");
        });
    }

    public static Verb Enable(CliContext context)
    {
        var id = Shared.Id("RUNNER", "the runner, rnr_…");
        return new Verb("enable", "Let a runner connect again", "writ runners enable rnr_06bqz3w1x8").With(id).Does(async (parse, cancel) =>
        {
            var runner = Shared.CheckedId(parse.GetRequiredValue(id), "rnr_", "runner");
            var answer = await context.Server.PostAsync($"/v1/runners/{runner}/enable", new EndAsk(), WritJson.Default.EndAsk, WritJson.Default.RunnerEndView, cancel);
            context.Terminal.Print(Printable.Line($"enabled: {answer.Value.Name}"));
            return ExitCode.Ok;
        });
    }
}
