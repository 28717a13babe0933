using Writ.Cli.Options;
using Writ.Cli.Output;
using Writ.Cli.Templates;
using Writ.Contracts;

namespace Writ.Cli.Series;

/// <summary><c>writ series list</c></summary>
internal static class ListSeries
{
    public static Verb Verb(CliContext context)
    {
        var list = new Listing("active", "suspended", "ended");
        return list.AddTo(new Verb("list", "List series, newest first; one that waits for its decision is a request", "writ series list --mine", "writ series list --status suspended")).Does((parse, cancel) =>
            list.PrintAsync(context, parse, "/v1/series", WritJson.Default.PageSeriesView, items =>
            {
                var table = new Columns(context.Terminal, "id", "state", "whose", "when", "next", "last", "runs");
                foreach (var item in items)
                {
                    table.Row(item.Id, item.State, item.Actor.Name, $"{item.Cron} {item.TimeZone}", item.Next is [var next, ..] ? When.Full(next, context.Now) : "-",
                        item.Occurrences is [var last, ..] ? SeriesText.Occurrence(last, context.Now) : "-", TemplateText.Of(item.Template) ?? "");
                }

                table.Print();
            }, cancel));
    }
}
