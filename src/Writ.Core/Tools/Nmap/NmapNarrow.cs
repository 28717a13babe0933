using Writ.Proof.Addresses;

namespace Writ.Core.Tools.Nmap;

/// <summary>
/// Finds a command near to another that stays within limits. It changes one thing at a time, plans the result as any
/// command is planned, and follows what is less over the limits; of what stays within them it takes what differs least. So it
/// needs no second table of what each option means.
/// </summary>
internal sealed class NmapNarrow(NmapTool tool, PlanContext context, CommandLimits limits)
{
    /// <summary>So many commands are planned at most for one answer.</summary>
    private const int MostPlans = 600;

    private const int MostSteps = 12;

    /// <summary>So many drafts are followed at a time: the one that is least over at first may be a blunt change.</summary>
    private const int Width = 5;

    /// <summary>More characters than so many over what was asked are more than anybody wants to read.</summary>
    private const int MostLonger = 400;

    private Plan _asked = null!;
    private int _length;
    private int _plans;

    /// <summary>The narrowed argv, or null where none was found.</summary>
    public IReadOnlyList<string>? Narrow(IReadOnlyList<string> command)
    {
        if (NmapDraft.Read(command, context) is not { } draft || tool.Plan(command, context) is not { IsOk: true, Value: var asked })
            return null;
        (_asked, _length) = (asked, Length(command));
        if (!asked.Targets.IsSubsetOf(limits.Targets))
            draft = draft.WithTargets(NmapNarrowTargets.Within(tool, context, draft, limits.Targets));

        Found[] open = Try(draft) is { } first ? [first] : [];
        var best = open.FirstOrDefault(found => found.Over == 0);
        for (var step = 0; step < MostSteps && open.Any(found => found.Over > 0) && _plans < MostPlans; step++)
        {
            var next = open.Where(found => found.Over > 0).SelectMany(Nearer).ToArray();
            best = next.Where(found => found.Over == 0).Append(best).OfType<Found>().MinBy(found => (found.Distance, found.Clumsy, found.Change));
            open =
            [
                .. next.Where(found => found.Over > 0 && (best is null || found.Distance <= best.Distance))
                    .OrderBy(found => (found.Over + found.Distance, found.Over, found.Weight, found.Change)).DistinctBy(found => (found.Over, found.Weight, found.Distance, found.Change)).Take(Width),
            ];
        }

        return best?.Draft.Argv();
    }

    /// <summary>What one change makes of a draft, where it is less over the limits then.</summary>
    private Found[] Nearer(Found at)
    {
        Found[] Less(IEnumerable<NmapDraft> drafts) =>
            [.. drafts.Select(Try).OfType<Found>().Where(found => found.Over < at.Over || (found.Over == at.Over && found.Weight < at.Weight))];
        var found = Less(NmapEdits.Of(at.Draft, at.Plan, limits));
        return found.Length > 0 ? found : Less(Pairs(at));
    }

    /// <summary>Where two options bring the same thing, leaving out one of them changes nothing.</summary>
    private static IEnumerable<NmapDraft> Pairs(Found at)
    {
        var single = NmapEdits.WithoutOne(at.Draft).ToArray();
        return single.Length > 16 ? [] : single.SelectMany(NmapEdits.WithoutOne);
    }

    private Found? Try(NmapDraft draft)
    {
        if (_plans++ > MostPlans || tool.Plan(draft.Argv(), context) is not { IsOk: true, Value: var plan })
            return null;
        var weight = NmapFacets.All.Sum(facet => plan.Facets.FirstOrDefault(value => value.Facet == facet.Name) is { } value ? limits.Weight(facet, value) : 1);
        return new(draft, plan, limits.Excess(plan, NmapFacets.All), weight, Policy.NearestCommand.Distance(tool, _asked, plan), Length(draft.Argv()) > _length + MostLonger, Change(plan));
    }

    /// <summary>How much of what was asked is gone, and how much came that was not asked: ports, words and scripts.</summary>
    private int Change(Plan plan)
    {
        var change = 0;
        foreach (var value in _asked.Facets)
        {
            change += (value, plan.Facets.FirstOrDefault(other => other.Facet == value.Facet)) switch
            {
                (FacetWords before, FacetWords after) => Both(before.Words, after.Words),
                (FacetItems before, FacetItems after) => Both([.. before.Items.Select(item => item.Name)], [.. after.Items.Select(item => item.Name)]),
                (FacetPorts before, FacetPorts after) => before.Ports.Except(after.Ports).Count + after.Ports.Except(before.Ports).Count,
                _ => 0,
            };
        }

        return change;
    }

    private static int Length(IReadOnlyList<string> argv) => argv.Sum(word => word.Length);

    private static int Both(IReadOnlyCollection<string> before, IReadOnlyCollection<string> after) => before.Except(after).Count() + after.Except(before).Count();

    /// <summary>A draft with its plan, and how it compares.</summary>
    /// <param name="Over">The facets that are over the limits.</param>
    /// <param name="Weight">How far they are.</param>
    /// <param name="Distance">The facets that differ from what was asked.</param>
    /// <param name="Clumsy">It is much longer than what was asked, as a thousand ports written out are.</param>
    /// <param name="Change">How much differs in them.</param>
    private sealed record Found(NmapDraft Draft, Plan Plan, int Over, decimal Weight, int Distance, bool Clumsy, int Change);
}
