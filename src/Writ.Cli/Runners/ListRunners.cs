using Writ.Cli.Options;
using Writ.Cli.Output;
using Writ.Contracts;
using Writ.Contracts.Runners;

namespace Writ.Cli.Runners;

/// <summary><c>writ runners</c></summary>
internal static class ListRunners
{
    public static Verb Verb(CliContext context)
    {
        var list = new Listing();
        return list.AddTo(new Verb("runners", "List the runners and what they can execute", "writ runners")).Does((parse, cancel) =>
            list.PrintAsync(context, parse, "/v1/runners", WritJson.Default.PageRunnerView, items =>
            {
                var table = new Columns(context.Terminal, "id", "name", "state", "last seen", "version", "tools", "held by");
                foreach (var item in items)
                {
                    table.Row(item.Id, item.Name, State(item), When.Full(item.LastSeenAt, context.Now), item.Version,
                        string.Join(", ", item.Tools.Select(tool => $"{tool.Name} {tool.Version}")),
                        string.Join(", ", item.Tools.SelectMany(tool => tool.Protections).Distinct(StringComparer.Ordinal)));
                }

                table.Print();
            }, cancel));
    }

    /// <summary>One runner in words.</summary>
    public static Fields Full(RunnerView runner, DateTimeOffset now) => new Fields()
        .Add("runner", runner.Id)
        .Add("name", runner.Name)
        .Add("state", State(runner))
        .Add("version", runner.Version)
        .Add("enrolled", When.Full(runner.EnrolledAt, now))
        .Add("last seen", When.Full(runner.LastSeenAt, now))
        .Add("disabled", runner.DisabledAt is null ? null : When.Full(runner.DisabledAt, now))
        .Add("tools", runner.Tools.Select(tool => $"{tool.Name} {tool.Version} (sha256 {tool.Sha256}), held by {(tool.Protections.Count > 0 ? string.Join(", ", tool.Protections) : "nothing")}"));

    private static string State(RunnerView runner) =>
        runner.DisabledAt is not null ? "disabled" : runner.Connected ? "connected" : "away";
}
