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
        return list.AddTo(new Verb("runners", "List the runners and what they can execute", "writ runners")).With(DisableRunner.Disable(context), DisableRunner.Enable(context)).Does((parse, cancel) =>
            list.PrintAsync(context, parse, "/v1/runners", WritJson.Default.PageRunnerView, items =>
            {
                var table = new Columns(context.Terminal, "id", "name", "state", "last seen", "version", "standing rights", "tools", "held by");
                foreach (var item in items)
                {
                    table.Row(item.Id, item.Name, State(item), When.Full(item.LastSeenAt, context.Now), item.Version, Rights(item),
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
        .Add("tools", runner.Tools.Select(tool => $"{tool.Name} {tool.Version} (sha256 {tool.Sha256}), held by {(tool.Protections.Count > 0 ? string.Join(", ", tool.Protections) : "nothing")}"))
        .Add("standing rights", (string[])[$"{Rights(runner)}{(runner.StandingRightsAt is null ? "" : $", {When.Full(runner.StandingRightsAt, now)}")}",
            .. (runner.StandingRights ?? []).Where(right => !right.Removed).SelectMany(right => (string[])[$"{right.Kind} {right.Where}: {right.What}", $"  remedy: {right.Remedy}"])]);

    private static string Rights(RunnerView runner) => runner.StandingRights is not { } rights ? "not looked for"
        : rights.Count(right => !right.Removed) is > 0 and var left ? $"{left} found" : "none";

    private static string State(RunnerView runner) =>
        runner.DisabledAt is not null ? "disabled" : runner.Connected ? "connected" : "away";
}
