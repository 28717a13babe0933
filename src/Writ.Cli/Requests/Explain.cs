using Writ.Cli.Files;
using Writ.Cli.Options;
using Writ.Cli.Output;
using Writ.Cli.Templates;
using Writ.Contracts;
using Writ.Contracts.Requests;

namespace Writ.Cli.Requests;

/// <summary><c>writ explain</c>: what a command would mean and what policy says of it; changes nothing.</summary>
internal static class Explain
{
    public static Verb Verb(CliContext context)
    {
        var ask = new AskOptions();
        var format = Shared.Format();
        var verb = new Verb("explain", "Tell what a command would do and what policy says of it; changes nothing",
            "writ explain -- nmap -sV -p 22,80 10.20.0.0/28",
            "writ explain @web-check host=web1.staging",
            "writ explain --for 30m -- nmap -T4 -iL hosts.txt -oX scan.xml");
        verb.Add(format);
        return ask.AddTo(verb, start: true).Does(async (parse, cancel) =>
        {
            var asked = await ask.ReadAsync(context, parse, cancel);
            var inputs = SentInputs.Of(asked, context.Terminal.RawInput);
            var answer = await inputs.SendAsync(() => context.Server.PostAsync(
                "/v1/explain", asked with { Inputs = inputs.Files }, WritJson.Default.AskForAccess, WritJson.Default.ExplainView, cancel));
            var explained = answer.ForRun();
            if (parse.GetValue(format) == "json")
            {
                JsonText.Print(context.Terminal, answer.Json);
                return ExitCode.Ok;
            }

            foreach (var line in Full(explained, context.Now).Lines(context.Terminal))
                context.Terminal.Print(line);
            return ExitCode.Ok;
        });
    }

    private static Fields Full(ExplainView explained, DateTimeOffset now)
    {
        var fields = new Fields().Add("template", TemplateText.Of(explained.Template)).AddPlan(explained.Command, explained.Plan, explained.Evaluation)
            .Add("for", explained.Evaluation.Verdict == "deny" ? null : RequestText.Window(explained.DurationSeconds, explained.Start, explained.Uses, now))
            .Add("known good", PlanText.KnownGood(explained.Evaluation.KnownGood, now))
            .Add("runner", explained.Runner).Add("withheld", explained.Withheld, Tone.Bad);
        if (explained.Evaluation.Verdict != "deny")
            return fields;
        return explained.Nearest is { } near
            ? fields.Add("nearest", Printable.Command(near.Command), Tone.Notice)
                .Add("", [.. near.Changes.Select(change => $"- {PlanText.Short(change)}"), near.Verdict == "allow" ? "- allowed at once" : "- would need approval"])
            : fields.Add("nearest", "no command near to it would be allowed");
    }
}
