using Writ.Proof.Addresses;
using Writ.Proof.Errors;

namespace Writ.Core.Tools.Nmap;

/// <summary>
/// Nmap, read as Nmap 7.93 reads itself. The steps of a plan:
/// <list type="number">
/// <item>Split argv as getopt does; an option outside the closed grammar is refused by name.</item>
/// <item>Fold the options; a contradiction is refused.</item>
/// <item>Expand targets and take the excluded ones out.</item>
/// <item>Find the ports that are reached, by purpose, and the scripts that run, by the runner's own data files.</item>
/// <item>Write the canonical argv.</item>
/// </list>
/// Where it refuses what Nmap accepts, it is because the form is read differently by other programs or by people (values
/// that swallow options, octal octets, commas in <c>--exclude</c>), or not supported yet; it never reads one otherwise.
/// </summary>
public sealed class NmapTool : ITool
{
    /// <inheritdoc/>
    public string Name => "nmap";

    /// <inheritdoc/>
    public IReadOnlyList<FacetDefinition> Facets => NmapFacets.All;

    /// <inheritdoc/>
    public Result<CommandNeeds> Needs(IReadOnlyList<string> command, PlanContext context) => CommandNeeds.None;

    /// <inheritdoc/>
    public Result<Plan> Plan(IReadOnlyList<string> command, PlanContext context)
    {
        var inventory = context.Inventory;
        // 1. Split.
        if (command.Count == 0 || command[0] != Name)
            return new Refusal(ErrorCode.InvalidCommand, "the command does not begin with nmap");
        var arguments = NmapArguments.Read(command);
        if (!arguments.IsOk)
            return arguments.Refusal;

        // 2. Fold.
        var folded = NmapCommand.Of(arguments.Value);
        if (!folded.IsOk)
            return folded.Refusal;
        var meant = folded.Value;

        // 3. Targets.
        var targets = Targets(arguments.Value.Targets, meant);
        if (!targets.IsOk)
            return targets.Refusal;

        // 4. Reach and scripts.
        var reach = NmapReach.Of(meant, NmapServices.Of(inventory));
        if (!reach.IsOk)
            return reach.Refusal;
        var scripts = Scripts(meant, NmapScripts.Of(inventory));
        if (!scripts.IsOk)
            return scripts.Refusal;

        // 5. Canonical argv.
        var argv = NmapArgv.Write(meant, reach.Value, targets.Value);
        if (!argv.IsOk)
            return argv.Refusal;
        var (packets, time) = NmapEstimate.Of(meant, reach.Value, targets.Value.Count, scripts.Value.Count(script => !script.Implied));
        string[] techniques = [.. TechniquesOf(meant, reach.Value).Order(StringComparer.Ordinal)];
        return new Plan
        {
            Tool = Name,
            Argv = argv.Value,
            Targets = targets.Value,
            Tcp = reach.Value.Tcp,
            Udp = reach.Value.Udp,
            DiscoveryPorts = reach.Value.Named,
            Scope = reach.Value.Scope(meant, targets.Value),
            Techniques = techniques,
            Facets =
            [
                new FacetWords(NmapFacets.Techniques.Name, techniques),
                new FacetPorts(NmapFacets.Ports.Name, reach.Value.Tcp.Union(reach.Value.Udp).Union(reach.Value.Named)),
                new FacetItems(NmapFacets.Scripts.Name, [.. scripts.Value.Select(script => new FacetItem(script.Name, script.Categories, script.Implied))]),
                new FacetNumber(NmapFacets.MaxTiming.Name, meant.Timing),
                new FacetNumber(NmapFacets.MaxHosts.Name, (decimal)UInt128.Min(targets.Value.Count, (UInt128)decimal.MaxValue)),
            ],
            Scripts = scripts.Value,
            Timing = meant.Timing,
            EstimatedPackets = packets,
            EstimatedDuration = time,
        };
    }

    /// <inheritdoc/>
    public IReadOnlyList<string>? Narrow(IReadOnlyList<string> command, PlanContext context, CommandLimits limits) =>
        new NmapNarrow(this, context, limits).Narrow(command);

    private static Result<AddressSet> Targets(List<string> expressions, NmapCommand command)
    {
        if (expressions.Count == 0)
            return new Refusal(ErrorCode.InvalidTarget, "the command names no target", "end it with addresses or networks");
        var targets = NmapTargets.Read(expressions, command.V6);
        if (!targets.IsOk || command.Exclude is not { } text)
            return targets;
        var excluded = NmapTargets.ReadExclusion(text, command.V6);
        if (!excluded.IsOk)
            return excluded;
        var left = targets.Value.Except(excluded.Value);
        return left.IsEmpty ? new Refusal(ErrorCode.InvalidTarget, "every target is excluded") : left;
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

    private static IEnumerable<string> TechniquesOf(NmapCommand command, NmapReach reach)
    {
        if (command.ListOnly)
            yield return NmapFacets.List;
        if (reach.Probes > 0)
            yield return NmapFacets.Ping;
        if (!reach.Tcp.IsEmpty)
            yield return command.Connect ? NmapFacets.Connect : NmapFacets.Syn;
        if (!reach.Udp.IsEmpty)
            yield return NmapFacets.Udp;
        if (command.Version)
            yield return NmapFacets.Version;
        if (command.Os)
            yield return NmapFacets.Os;
        if (command.Traceroute)
            yield return NmapFacets.Traceroute;
    }
}
