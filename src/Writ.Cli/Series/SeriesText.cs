using System.Globalization;
using Writ.Cli.Options;
using Writ.Cli.Output;
using Writ.Cli.Templates;
using Writ.Contracts.Series;

namespace Writ.Cli.Series;

/// <summary>A series in words.</summary>
internal static class SeriesText
{
    public static Fields Full(SeriesView series, DateTimeOffset now) => new Fields()
        .Add("series", series.Id)
        .Add("state", series.Reason is { } why ? $"{series.State} ({why})" : series.State, series.State == "suspended" ? Tone.Notice : Tone.Plain)
        .Add("way on", series is { State: "suspended", MayResume: false } ? "what was decided has changed: ask for it anew" : null)
        .Add("whose", $"{series.Actor.Name} ({series.Actor.Kind}){(series.Owner.Id == series.Actor.Id ? "" : $", owned by {series.Owner.Name}")}")
        .Add("template", TemplateText.Of(series.Template))
        .Add("command", Printable.Command(series.Argv))
        .Add("when", $"{series.Cron} {series.TimeZone}")
        .Add("for", $"{Duration.Format(TimeSpan.FromSeconds(series.DurationSeconds))} each")
        .Add("until", When.Full(series.Until, now))
        .Add("next", series.Next.Select(at => When.Full(at, now)))
        .Add("runner", series.Runner)
        .Add("request", series.Request)
        .Add("decided", When.Full(series.DecidedAt, now))
        .Add("latest", series.Occurrences.Select(occurrence => $"{When.Exact(occurrence.Due)}  {Occurrence(occurrence, null)}"));

    /// <summary>What an approver must see of it.</summary>
    public static string Schedule(SeriesTermsView series, DateTimeOffset now) => series.Due is { } due
        ? $"a run of {series.Id}, due {When.Full(due, now)}"
        : string.Create(CultureInfo.InvariantCulture, $"{series.Cron} {series.TimeZone} until {When.Exact(series.Until)}, {series.Runs} runs at most; {series.Owner.Name} answers for it; next {string.Join(", ", series.Next.Select(When.Exact))}");

    /// <summary>What came of a run.</summary>
    public static string Occurrence(OccurrenceView occurrence, DateTimeOffset? now) => string.Create(CultureInfo.InvariantCulture,
        $"{occurrence.Outcome}{(now is { } at ? $" {When.Relative(occurrence.Due, at)}" : "")}{(occurrence.Run is { } run ? $", {run} {occurrence.RunState}" : "")}{(occurrence.Message is { } why ? $": {why}" : "")}{(occurrence.Further > 0 ? $", and {occurrence.Further} more" : "")}");
}
