using Writ.Cli.Options;
using Writ.Cli.Output;
using Writ.Contracts;

namespace Writ.Cli.Tools;

/// <summary><c>writ tools</c></summary>
internal static class ListTools
{
    public static Verb Verb(CliContext context)
    {
        var list = new Listing();
        return list.AddTo(new Verb("tools", "List the tools whose commands are understood", "writ tools")).With(ShowTool.Verb(context), CheckTool.Verb(context)).Does((parse, cancel) =>
            list.PrintAsync(context, parse, "/v1/tools", WritJson.Default.PageToolView, items =>
            {
                var table = new Columns(context.Terminal, "tool", "what it is for", "from", "runners", "facets");
                foreach (var item in items)
                    table.Row(item.Name, item.Summary, item.Origin, string.Join(", ", item.Runners), string.Join(", ", item.Facets));
                table.Print();
            }, cancel));
    }
}
