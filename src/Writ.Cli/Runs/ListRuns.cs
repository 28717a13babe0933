using Writ.Cli.Grants;
using Writ.Cli.Options;
using Writ.Cli.Output;
using Writ.Contracts;

namespace Writ.Cli.Runs;

/// <summary><c>writ runs</c></summary>
internal static class ListRuns
{
    public static Verb Verb(CliContext context)
    {
        var list = new Listing("queued", "starting", "running", "exited", "killed", "failed");
        return list.AddTo(new Verb("runs", "List runs, newest first",
            "writ runs --status running",
            "writ runs --mine --since 8h")).Does((parse, cancel) =>
            list.PrintAsync(context, parse, "/v1/runs", WritJson.Default.PageRunView, items =>
            {
                var table = new Columns(context.Terminal, "id", "state", "by", "runner", "started", "end", "command");
                foreach (var item in items)
                {
                    table.Row(item.Id, GlassText.State(item.State, item.BreakGlass), item.Actor.Name, item.Runner, When.Full(item.StartedAt, context.Now),
                        RunText.End(item), Printable.Command(item.Command));
                }

                table.Print();
            }, cancel));
    }
}
