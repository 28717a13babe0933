using System.Globalization;
using Writ.Cli.Options;
using Writ.Cli.Output;
using Writ.Contracts;

namespace Writ.Cli.Grants;

/// <summary><c>writ grants</c></summary>
internal static class ListGrants
{
    public static Verb Verb(CliContext context)
    {
        var list = new Listing("active", "exhausted", "expired", "revoked", "awaits-review");
        return list.AddTo(new Verb("grants", "List grants, newest first",
            "writ grants --mine --status active")).Does((parse, cancel) =>
            list.PrintAsync(context, parse, "/v1/grants", WritJson.Default.PageGrantView, items =>
            {
                var table = new Columns(context.Terminal, "id", "state", "holder", "uses left", "ends", "zones", "command");
                foreach (var item in items)
                {
                    table.Row(item.Id, GlassText.State(item.State, item.BreakGlass), item.Actor.Name, string.Create(CultureInfo.InvariantCulture, $"{item.UsesLeft} of {item.UsesGranted}"),
                        When.Full(item.NotAfter, context.Now), string.Join(",", item.Zones), Printable.Command(item.Argv));
                }

                table.Print();
            }, cancel));
    }
}
