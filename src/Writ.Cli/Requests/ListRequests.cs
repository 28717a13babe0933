using Writ.Cli.Grants;
using Writ.Cli.Options;
using Writ.Cli.Output;
using Writ.Contracts;

namespace Writ.Cli.Requests;

/// <summary><c>writ requests</c></summary>
internal static class ListRequests
{
    public static Verb Verb(CliContext context)
    {
        var list = new Listing("pending", "approved", "denied", "cancelled", "expired");
        return list.AddTo(new Verb("requests", "List requests, newest first",
            "writ requests --status pending",
            "writ requests --mine --since 2d --format json")).Does((parse, cancel) =>
            list.PrintAsync(context, parse, "/v1/requests", WritJson.Default.PageRequestView, items =>
            {
                var table = new Columns(context.Terminal, "id", "state", "from", "asked", "reason", "command");
                foreach (var item in items)
                    table.Row(item.Id, item.Series is { Due: null } ? $"{item.State}, a series" : GlassText.State(item.State, item.BreakGlass), item.Actor.Name, When.Full(item.CreatedAt, context.Now), item.Reason,
                        item.Extends is { } more ? $"{Duration.Format(more.Until - more.From)} more for {more.Run}" : Printable.Command(item.Command));
                table.Print();
            }, cancel));
    }
}
