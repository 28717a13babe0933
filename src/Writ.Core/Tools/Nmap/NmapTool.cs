using Writ.Proof.Addresses;
using Writ.Proof.Errors;

namespace Writ.Core.Tools.Nmap;

/// <summary>
/// Nmap, read as Nmap 7.91 to 7.99 read themselves. The steps of a plan:
/// <list type="number">
/// <item>Split argv as getopt does; an option that there is not, or that can never be right, is refused by name.</item>
/// <item>Fold the options; a contradiction is refused.</item>
/// <item>Expand targets, pin names, and take the excluded ones out.</item>
/// <item>Find the ports that are reached, by purpose, and the scripts that run, by the runner's own data files.</item>
/// <item>Write the canonical argv.</item>
/// </list>
/// Where it refuses what Nmap accepts, it is because the form is read differently by other programs or by people (values
/// that swallow options, octal octets, commas in <c>--exclude</c>); it never reads one otherwise.
/// </summary>
public sealed class NmapTool : ITool
{
    /// <inheritdoc/>
    public string Name => "nmap";

    /// <inheritdoc/>
    public string Summary => "finds hosts, open ports and what listens there";

    /// <inheritdoc/>
    public IReadOnlyList<FacetDefinition> Facets => NmapFacets.All;

    /// <inheritdoc/>
    public Result<CommandNeeds> Needs(IReadOnlyList<string> command, PlanContext context)
    {
        var read = Read(command, context);
        if (!read.IsOk)
            return read.Refusal;
        var (meant, words) = read.Value;
        string[] inputs = [.. meant.Inputs().Select(input => input.Path).Distinct(StringComparer.Ordinal)];
        string[] outputs = [.. meant.Outputs.Select(output => output.Argument).Distinct(StringComparer.Ordinal)];
        var targets = NmapFiles.Targets(words, meant, context.Inputs);
        if (!targets.IsOk)
            return targets.Refusal;
        var excluded = NmapFiles.Excluded(meant, context.Inputs);
        return excluded.IsOk
            ? new CommandNeeds(inputs, outputs, [.. targets.Value.Names.Concat(excluded.Value.Names).Select(name => name.Host).Distinct(StringComparer.Ordinal)], meant.V6)
            : excluded.Refusal;
    }

    /// <inheritdoc/>
    public Result<Plan> Plan(IReadOnlyList<string> command, PlanContext context)
    {
        // 1. and 2. Split and fold.
        var read = Read(command, context);
        if (!read.IsOk)
            return read.Refusal;
        var (meant, words) = read.Value;
        foreach (var (path, _) in meant.Inputs())
        {
            if (!context.Inputs.ContainsKey(path))
                return new Refusal(ErrorCode.InvalidCommand, $"the file '{NmapArguments.Show(path)}' was not sent along");
        }

        if (meant.TakeArguments(context.Inputs) is { } unreadable)
            return unreadable;

        // 3. Targets.
        var targets = Targets(words, meant, context);
        if (!targets.IsOk)
            return targets.Refusal;

        // 4. Reach and scripts.
        var services = meant.ServiceDb is { } own ? NmapServices.Read(context.Inputs[own]) : NmapServices.Of(context.Inventory);
        var reach = NmapReach.Of(meant, services);
        if (!reach.IsOk)
            return reach.Refusal;
        var scripts = Scripts(meant, NmapScripts.Of(context.Inventory));
        if (!scripts.IsOk)
            return scripts.Refusal;

        // 5. Canonical argv.
        var argv = NmapArgv.Write(meant, reach.Value, targets.Value);
        if (!argv.IsOk)
            return argv.Refusal;
        var estimate = new NmapEstimate(meant, reach.Value, services, targets.Value.Targets.Count, scripts.Value);
        var traffic = NmapTraffic.Of(meant, reach.Value, estimate, targets.Value.Targets, scripts.Value);
        var packets = traffic.Aggregate(0L, (sum, part) => part.Packets > long.MaxValue - sum ? long.MaxValue : sum + part.Packets);
        var techniques = NmapFacets.TechniquesOf(meant, reach.Value);
        return new Plan
        {
            Tool = Name,
            Argv = argv.Value.Argv,
            Live = NmapLive.Of(meant),
            Targets = targets.Value.Targets,
            Tcp = reach.Value.Tcp,
            Udp = reach.Value.Udp,
            Sctp = reach.Value.Scanned.Sctp,
            DiscoveryPorts = reach.Value.Discovery.Named,
            Scope = traffic.Aggregate(NetworkScope.Nothing with { Addresses = targets.Value.Targets }, (all, part) => all.Cover(part.Scope)),
            Techniques = techniques,
            Facets = NmapFacets.Answers(meant, reach.Value, techniques, scripts.Value, targets.Value.Targets.Count),
            Scripts = scripts.Value,
            RawSockets = NmapRawSockets.Needs(meant, techniques, scripts.Value),
            InstalledScripts = [.. scripts.Value.Where(script => !script.Categories.Contains(NmapScripts.OwnCategory)).Select(script => script.Name)],
            Protections = context.Inventory.Protections,
            Timing = meant.Timing,
            Inputs = [.. meant.Inputs().Select(input => NmapFiles.Input(input.Path, input.Purpose, context.Inputs[input.Path]))],
            Files = NmapFiles.InSandbox(meant, argv.Value.Targets, context.Inputs),
            Outputs = [.. meant.Outputs.Select(output => output.Planned(meant.Append))],
            Names = targets.Value.Pinned,
            Traffic = traffic,
            EstimatedPackets = packets,
            EstimatedPacketsUnanswered = estimate.Silent is { } silent ? NmapEstimate.Whole(silent) : null,
            EstimatedDuration = estimate.Time(packets),
            Remarks = NmapFiles.Remarks(words, meant),
        };
    }

    /// <inheritdoc/>
    public IReadOnlyList<string>? Narrow(IReadOnlyList<string> command, PlanContext context, CommandLimits limits) =>
        new NmapNarrow(this, context, limits).Narrow(command);

    private Result<(NmapCommand Meant, IReadOnlyList<string> Words)> Read(IReadOnlyList<string> command, PlanContext context)
    {
        if (command.Count == 0 || command[0] != Name)
            return new Refusal(ErrorCode.InvalidCommand, "the command does not begin with nmap");
        var arguments = NmapArguments.Read(command, context.Inventory.Version);
        if (!arguments.IsOk)
            return arguments.Refusal;
        var folded = NmapCommand.Of(arguments.Value);
        return folded.IsOk ? (folded.Value, arguments.Value.Targets) : folded.Refusal;
    }

    private static Result<NmapResolved> Targets(IReadOnlyList<string> words, NmapCommand command, PlanContext context)
    {
        if (words.Count == 0 && command.TargetList is null)
            return new Refusal(ErrorCode.InvalidTarget, "the command names no target", "end it with addresses or networks");
        var targets = NmapFiles.Targets(words, command, context.Inputs);
        if (!targets.IsOk)
            return targets.Refusal;
        var excluded = NmapFiles.Excluded(command, context.Inputs);
        return excluded.IsOk ? NmapResolved.Of(targets.Value, excluded.Value, command, context.Names) : excluded.Refusal;
    }

    private static Result<IReadOnlyList<PlannedScript>> Scripts(NmapCommand command, NmapScripts? known)
    {
        if (known is null)
        {
            // Without script.db Nmap's script engine does not start, so version detection brings no script along.
            return command.Scripts.Rules.Count == 0 ? (PlannedScript[])[]
                : new Refusal(ErrorCode.InvalidCommand, "the runner has published no script.db, which says what its scripts are", "leave scripts out");
        }

        var named = known.Select(command.Scripts);
        if (!named.IsOk || !command.Version)
            return named;
        var names = named.Value.Select(script => script.Name).ToHashSet(StringComparer.Ordinal);
        return (PlannedScript[])[.. named.Value
            .Concat(known.OfVersionDetection.Where(script => !names.Contains(script.Name)).Select(script => script with { Implied = true }))
            .OrderBy(script => script.Name, StringComparer.Ordinal)];
    }
}
