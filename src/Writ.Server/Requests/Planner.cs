using Writ.Core.Policy;
using Writ.Core.Tools;
using Writ.Proof.Errors;
using Writ.Proof.Identity;
using Writ.Server.Runners;
using Writ.Server.Storage;

namespace Writ.Server.Requests;

/// <summary>A plan with the runner that would execute it and the inventory that it was made against.</summary>
internal sealed record Planned(Plan Plan, RunnerId Runner, string RunnerName, string InventoryDigest);

/// <summary>
/// Step 1 of the lifecycle: a command becomes a plan against the tool of the one runner that will execute it and that
/// reaches every zone of it.
/// </summary>
internal sealed class Planner(RunnerHub hub, Inventories inventories)
{
    public async Task<Result<Planned>> Plan(WritDb db, PolicyDocument policy, IReadOnlyList<string> command)
    {
        if (command.Count == 0)
            return new Refusal(ErrorCode.InvalidCommand, "no command", "write the command after --, for example: -- nmap -sV 10.20.0.5");
        if (ToolCatalogue.Find(command[0]) is not { } tool)
            return new Refusal(ErrorCode.UnknownTool, $"no tool is named '{command[0]}'", ToolCatalogue.Hint(command[0]));

        var connected = await hub.Connected(db);
        Refusal? refusal = null;
        foreach (var runner in connected)
        {
            if (runner.InventoryDigest is null || await inventories.Get(db, runner.InventoryDigest) is not { } inventory
                || inventory.Find(tool.Name) is not { } found)
                continue;
            var plan = tool.Plan(command, new(found));
            if (!plan.IsOk)
            {
                refusal ??= plan.Refusal;
                continue;
            }

            var unreached = policy.ZoneMap.Cover(plan.Value.Targets).Touched
                .Select(touched => touched.Zone)
                .FirstOrDefault(zone => zone.Runners.Count > 0 && !zone.Runners.Contains(runner.Name));
            if (unreached is null)
                return new Planned(plan.Value, runner.Id, runner.Name, runner.InventoryDigest);
            refusal ??= new(ErrorCode.NoRunner, $"no connected runner reaches all zones of the command: {runner.Name} does not reach {unreached.Name}",
                "split the command by zone");
        }

        return refusal ?? new Refusal(ErrorCode.NoRunner, $"no runner with {tool.Name} is connected", "writ runners lists the runners and what they have");
    }
}
