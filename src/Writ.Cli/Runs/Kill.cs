using Writ.Cli.Options;
using Writ.Contracts;
using Writ.Contracts.Grants;

namespace Writ.Cli.Runs;

/// <summary><c>writ kill</c></summary>
internal static class Kill
{
    public static Verb Verb(CliContext context)
    {
        var id = Shared.Id("RUN", "the run, run_…");
        var reason = Shared.Text("--reason", "for the record", "TEXT");
        var format = Shared.Format();
        return new Verb("kill", "End a run, now", "writ kill run_06bqz3w1x8 --reason 'too loud'").With(id, reason, format).Does(async (parse, cancel) =>
        {
            var run = Shared.CheckedId(parse.GetRequiredValue(id), "run_", "run");
            var answer = await context.Server.PostAsync(
                $"/v1/runs/{run}/kill", new EndAsk(parse.GetValue(reason)), WritJson.Default.EndAsk, WritJson.Default.EndView, cancel);
            return EndText.Print(context.Terminal, answer, parse.GetValue(format) == "json", "dead");
        });
    }
}
