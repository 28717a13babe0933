using System.CommandLine;
using System.Globalization;
using System.Text;
using Writ.Cli.Options;
using Writ.Cli.Output;
using Writ.Contracts;
using Writ.Contracts.Audit;

namespace Writ.Cli.Audit;

/// <summary><c>writ audit list</c>: oldest first, as the log has them; all of them unless <c>--limit</c> says otherwise.</summary>
internal static class ListEntries
{
    private const int PageSize = 500;

    public static Verb Verb(CliContext context)
    {
        var after = new Option<long?>("--after") { Description = "only entries after this position", HelpName = "POSITION" };
        var limit = Shared.Count("--limit", "how many at most; all unless told");
        var correlation = Shared.Text("--correlation", "only the story of one request", "REQUEST");
        var type = Shared.Text("--type", "only entries of a type, for example grant.issued", "TYPE");
        var format = Shared.Format();
        return new Verb("list", "List the entries of the audit log, oldest first",
            "writ audit list --correlation req_06bqz3w1x8",
            "writ audit list --type run.ended --format json").With(after, limit, correlation, type, format).Does(async (parse, cancel) =>
        {
            var wanted = parse.GetValue(limit) ?? int.MaxValue;
            var filters = Filter("correlation", parse.GetValue(correlation)) + Filter("type", parse.GetValue(type));
            var position = parse.GetValue(after);
            var raw = new JsonItems();
            var shown = 0;
            while (shown < wanted)
            {
                var size = Math.Min(PageSize, wanted - shown);
                var path = new StringBuilder("/v1/audit?limit=").Append(CultureInfo.InvariantCulture, $"{size}").Append(filters);
                if (position is { } start)
                    path.Append(CultureInfo.InvariantCulture, $"&after={start}");
                var answer = await context.Server.GetAsync(path.ToString(), WritJson.Default.PageAuditEntryView, cancel);
                var items = answer.Value.Items;
                if (parse.GetValue(format) == "json")
                    raw.Add(answer.Json);
                else
                    Print(context, items);
                shown += items.Count;
                if (items.Count == 0 || answer.Value.Next is null)
                    break;
                position = items[^1].Position;
            }

            if (parse.GetValue(format) == "json")
                raw.Print(context.Terminal, wanted);
            else if (shown == 0)
                context.Terminal.Remark("writ: nothing to show");
            return ExitCode.Ok;
        });
    }

    private static void Print(CliContext context, IReadOnlyList<AuditEntryView> entries)
    {
        foreach (var entry in entries)
        {
            context.Terminal.Print(Printable.Line(string.Create(CultureInfo.InvariantCulture,
                $"{entry.Position,6}  {EntryText.Time(entry, context.Now)}  {EntryText.Type(entry),-20}  {EntryText.Actor(entry),-12}  {EntryText.Rest(entry)}")));
        }
    }

    private static string Filter(string name, string? value) => value is null ? "" : $"&{name}={Uri.EscapeDataString(value)}";
}
