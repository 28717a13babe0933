using Writ.Core.Policy;
using Writ.Core.Tools;
using Writ.Proof.Errors;
using Writ.Proof.Identity;
using Writ.Proof.Runners;
using Writ.Server.Runners;
using Writ.Server.Storage;

namespace Writ.Server.Requests;

/// <summary>A plan with the runner that would execute it and all that gave it its meaning.</summary>
internal sealed record Planned(Plan Plan, PlanContext Context, RunnerId Runner, string RunnerName, string InventoryDigest)
{
    /// <summary>Where no connected runner holds runs by what the rules ask for: what each of them lacks, one line each.</summary>
    public IReadOnlyList<string> Lacking { get; init; } = [];

    /// <summary>The answer, which says of each runner why none would do.</summary>
    public Evaluation Explain(Evaluation found) => Lacking.Count == 0 ? found : found with { Reasons = [.. found.Reasons, .. Lacking] };
}

/// <summary>
/// Step 1 of the lifecycle: a command becomes a plan against the tool of the one runner that will execute it and that
/// reaches every zone of it, and that holds its runs by what policy asks for. Its names are resolved as that runner sees them.
/// </summary>
internal sealed class Planner(RunnerHub hub, Inventories inventories, INameResolver names)
{
    public async Task<Result<Planned>> Plan(
        WritDb db, PolicyDocument policy, IReadOnlyList<string> command, IReadOnlyDictionary<string, ReadOnlyMemory<byte>> inputs, Func<Plan, Evaluation> judge,
        CancellationToken cancel)
    {
        if (command.Count == 0)
            return new Refusal(ErrorCode.InvalidCommand, "no command", "write the command after --, for example: -- nmap -sV 10.20.0.5");
        if (policy.Tools.Find(command[0]) is not { } tool)
            return new Refusal(ErrorCode.UnknownTool, $"no tool is named '{RequestAccess.Shown(command[0])}'", policy.Tools.Hint(command[0]));

        Refusal? refusal = null;
        Planned? first = null;
        var (unable, lacking) = (new List<string>(), new List<string>());
        foreach (var runner in await hub.Connected(db))
        {
            if (runner.InventoryDigest is null || await inventories.Get(db, runner.InventoryDigest) is not { } inventory
                || inventory.Find(tool.Name) is not { } found)
                continue;
            var context = await Context(tool, command, found, inputs, runner.Id, cancel);
            var plan = context.IsOk ? tool.Plan(command, context.Value) : context.Refusal;
            if (!plan.IsOk)
            {
                // What was not sent along is the same for every runner.
                if (plan.Refusal.Code == ErrorCode.InputNeeded)
                    return plan.Refusal;
                refusal ??= plan.Refusal;
                continue;
            }

            if (RunnerNeeds.Lacking(plan.Value) is { } need)
            {
                unable.Add($"{runner.Name} cannot hold this run: {need}");
                continue;
            }

            var unreached = policy.ZoneMap.Cover(plan.Value.Targets).Touched
                .Select(touched => touched.Zone)
                .FirstOrDefault(zone => zone.Runners.Count > 0 && !zone.Runners.Contains(runner.Name));
            if (unreached is null)
            {
                // What another runner would not change is answered for this one.
                var planned = new Planned(plan.Value, context.Value, runner.Id, runner.Name, runner.InventoryDigest);
                if (LackingProtections.Of(judge(plan.Value), plan.Value) is not { Count: > 0 } lacks)
                    return planned;
                first ??= planned;
                lacking.Add($"runner {runner.Name} lacks {string.Join(", ", lacks)}");
                continue;
            }

            refusal ??= new(ErrorCode.NoRunner, $"no connected runner reaches all zones of the command: {runner.Name} does not reach {unreached.Name}",
                "split the command by zone");
        }

        if (first is not null)
            return first with { Lacking = lacking };
        if (unable.Count > 0)
            return new Refusal(ErrorCode.NoRunner, string.Join("; ", unable), "writ runners lists what each runner has");
        return refusal ?? new Refusal(ErrorCode.NoRunner, $"no runner with {tool.Name} is connected", "writ runners lists the runners and what they have");
    }

    /// <summary>The refusal that asks for these files, or null where all of them are there.</summary>
    public static Refusal? Missing(CommandNeeds needs, Func<string, bool> known) => needs.Inputs.Where(path => !known(path)).ToArray() is { Length: > 0 } missing
        ? new(ErrorCode.InputNeeded, $"the command reads {string.Join(", ", missing.Select(RequestAccess.Shown))}, which was not sent along",
            "writ sends such files by itself; an API client puts them into inputs") { Needs = missing }
        : null;

    private async Task<Result<PlanContext>> Context(
        ITool tool, IReadOnlyList<string> command, ToolInventory inventory, IReadOnlyDictionary<string, ReadOnlyMemory<byte>> inputs, RunnerId runner,
        CancellationToken cancel)
    {
        // What the command does not read gives it no meaning, and must not be shown as if it did.
        var context = new PlanContext(inventory);
        var needs = tool.Needs(command, context);
        if (!needs.IsOk)
            return needs.Refusal;
        if (Missing(needs.Value, inputs.ContainsKey) is { } missing)
            return missing;
        context = context with { Inputs = needs.Value.Inputs.ToDictionary(path => path, path => inputs[path], StringComparer.Ordinal) };

        // With the files known their names are.
        needs = tool.Needs(command, context);
        if (!needs.IsOk)
            return needs.Refusal;
        if (Missing(needs.Value, context.Inputs.ContainsKey) is { } more)
            return more;
        if (needs.Value.Names.Count == 0)
            return context;
        var resolved = await names.Resolve(runner, needs.Value.Names, needs.Value.V6, cancel);
        return resolved.IsOk ? context with { Names = resolved.Value } : resolved.Refusal;
    }
}
