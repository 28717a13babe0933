using Writ.Cli.Options;
using Writ.Cli.Output;
using Writ.Contracts;
using Writ.Contracts.Series;

namespace Writ.Cli.Series;

/// <summary><c>writ series</c></summary>
internal static class SeriesVerb
{
    public static Verb Verb(CliContext context) => new Verb("series", "Runs that people decide on once, and that come again and again",
            "writ series request --cron '0 2 * * 1-5' --tz Europe/Berlin --until 2027-06-30 --reason nightly @web-check host=web1.staging",
            "writ series list")
        .With(
            RequestSeries.Verb(context), ListSeries.Verb(context), Show(context),
            Change(context, "suspend", "Hold a series up: nothing of it is started", "what holds it up"),
            Change(context, "resume", "Let a series go on that a person holds up", "why it goes on"),
            Change(context, "end", "End a series, and the run of it that lives", "why it ends"));

    private static Verb Show(CliContext context)
    {
        var id = Shared.Id("SERIES", "the series, ser_…");
        var format = Shared.Format();
        return new Verb("show", "Show a series, and what came of its latest runs", "writ series show ser_06bqz3w1x8").With(id, format).Does(async (parse, cancel) =>
        {
            var answer = await context.Server.GetAsync($"/v1/series/{Shared.CheckedId(parse.GetRequiredValue(id), "ser_", "series")}", WritJson.Default.SeriesView, cancel);
            return Print(context, answer.Value, answer.Json, parse.GetValue(format) == "json");
        });
    }

    private static Verb Change(CliContext context, string name, string description, string why)
    {
        var id = Shared.Id("SERIES", "the series, ser_…");
        var reason = Shared.Text("--reason", $"{why}; on the record", "TEXT");
        var format = Shared.Format();
        return new Verb(name, description, $"writ series {name} ser_06bqz3w1x8 --reason 'change freeze'").With(id, reason, format).Does(async (parse, cancel) =>
        {
            var answer = await context.Server.PostAsync($"/v1/series/{Shared.CheckedId(parse.GetRequiredValue(id), "ser_", "series")}/{name}",
                new SeriesReason(parse.GetValue(reason)), WritJson.Default.SeriesReason, WritJson.Default.SeriesView, cancel);
            var series = answer.Value;
            if (parse.GetValue(format) == "json")
                JsonText.Print(context.Terminal, answer.Json);
            else
                context.Terminal.Print(Printable.Line($"{series.State}: {series.Id}{(series.Next is [var next, ..] ? $", next {When.Full(next, context.Now)}" : "")}"));
            return ExitCode.Ok;
        });
    }

    private static int Print(CliContext context, SeriesView series, byte[] raw, bool json)
    {
        if (json)
        {
            JsonText.Print(context.Terminal, raw);
            return ExitCode.Ok;
        }

        foreach (var line in SeriesText.Full(series, context.Now).Lines(context.Terminal))
            context.Terminal.Print(line);
        return ExitCode.Ok;
    }
}
