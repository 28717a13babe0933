using Writ.Core.Tools;
using Writ.Core.Zones;
using Writ.Proof.Addresses;

namespace Writ.Core.Policy;

/// <summary>The search behind <see cref="NearestCommand.Find"/>, with the same steps.</summary>
internal sealed class NearestSearch(
    PolicyDocument policy, Subject subject, ITool tool, IReadOnlyList<string> command, PlanContext context, Plan plan, AskedTerms asked, DateTimeOffset now)
{
    /// <summary>So many rules of a zone are thought of, the nearest first.</summary>
    private const int MostRules = 4;

    private readonly IReadOnlySet<string> _roles = policy.RolesOf(subject);
    private readonly FacetValues _values = FacetValues.Of(plan, policy.Tools);

    public NearestCommand? Best(int mostWays, int mostRounds)
    {
        // 1. What can be done for each zone.
        var cover = policy.ZoneMap.Cover(plan.Targets.Union(plan.Scope.Addresses));
        if (Denials([]).Any(denial => ForbidsTool(denial)))
            return null;
        Option[][] options = [.. cover.Touched.Select(OptionsOf)];

        // 2. Ways, by how many facets they change at least.
        var leftOver = !cover.Outside.IsEmpty;
        var ways = Ways(options).Where(way => way.Any(option => option.Rule is not null))
            .Select(way => (Way: way, Changes: LeastChanges(way, leftOver))).OrderBy(way => way.Changes).Take(mostWays);

        // 3 and 4. Narrow, and see what comes out.
        NearestCommand? best = null;
        var fewest = int.MaxValue;
        foreach (var (way, changes) in ways)
        {
            if (changes >= fewest)
                break;
            if (Try(way, mostRounds) is { } found && NearestCommand.Distance(tool, plan, found.Plan) is var distance && distance < fewest)
                (best, fewest) = (found, distance);
        }

        return best;
    }

    private Option[] OptionsOf(TouchedZone zone)
    {
        var part = _values.ForTargets(plan.Targets.Intersect(zone.Addresses).Count);
        var open = Denials([zone.Zone.Name]).Any(ForbidsTool) ? []
            : policy.RulesFor(_roles, zone.Zone.Name, plan.Tool, asked.Kind).Where(rule => rule.Templates is null && (rule.When is null || rule.When.EndAt(now) is not null))
                .Select(rule => new Option(zone, rule, [.. rule.Tools[plan.Tool].NotOpened(part).Select(failed => failed.Facet.Name)]))
                .OrderBy(option => option.Over.Count).ThenBy(option => option.Rule!.Order).Take(MostRules);
        return [.. open, new Option(zone, null, [])];
    }

    /// <summary>All ways where they are few; else the nearest rule for each zone, with one zone changed, or one zone alone.</summary>
    private static IEnumerable<Option[]> Ways(Option[][] options)
    {
        if (options.Aggregate(1L, (product, zone) => Math.Min(product * zone.Length, 1_000)) <= 256)
        {
            IEnumerable<Option[]> all = [[]];
            foreach (var zone in options)
                all = [.. all.SelectMany(way => zone.Select(option => (Option[])[.. way, option]))];
            return all;
        }

        Option[] nearest = [.. options.Select(zone => zone[0])], none = [.. options.Select(zone => zone[^1])];
        return Enumerable.Range(0, Math.Min(options.Length, 16))
            .SelectMany(at => options[at].SelectMany(option => new[] { Changed(nearest, at, option), Changed(none, at, option) }))
            .Prepend(nearest);

        static Option[] Changed(Option[] way, int at, Option option)
        {
            Option[] changed = [.. way];
            changed[at] = option;
            return changed;
        }
    }

    private int LeastChanges(Option[] way, bool leftOver)
    {
        string[] counts = [.. tool.Facets.Where(facet => facet.CountsTargets).Select(facet => facet.Name)];
        var over = way.SelectMany(option => option.Over).Distinct().ToArray();
        var targets = leftOver || way.Any(option => option.Rule is null) || over.Any(counts.Contains);
        return over.Except(counts).Count() + (targets ? 1 : 0);
    }

    private NearestCommand? Try(Option[] way, int mostRounds)
    {
        Option[] kept = [.. way.Where(option => option.Rule is not null)];
        var zones = AddressSet.Of(kept.SelectMany(option => option.Zone.Addresses.Ranges));
        var left = AddressSet.Of(way.Where(option => option.Rule is null).SelectMany(option => option.Zone.Addresses.Ranges));
        var addresses = zones.Except(left);
        var terms = Terms(kept);
        var denials = new List<Denial>(Applying(kept, plan));
        for (var round = 0; round < mostRounds; round++)
        {
            var targets = FewEnough(plan.Targets.Intersect(addresses), kept, denials);
            if (targets.IsEmpty || denials.Any(ForbidsTool))
                return null;
            var limits = new PolicyLimits(targets, addresses, [.. kept.Select(option => option.Rule!.Tools[plan.Tool])],
                [.. denials.Select(denial => denial.Tools![plan.Tool])]);
            var narrowed = limits.Excess(plan, tool.Facets) == 0 ? command : tool.Narrow(command, context, limits);
            if (narrowed is null || tool.Plan(narrowed, context) is not { IsOk: true, Value: var found })
                return null;
            var evaluation = Evaluator.Evaluate(policy, subject, found, Supposed(terms), now);
            if (evaluation.Verdict != Verdict.Deny)
                return new(narrowed, found, evaluation, terms, [.. Needs(kept)], [.. NearestCommand.Differences(tool, plan, found), .. TermChanges(terms, kept)]);
            var ids = evaluation.Denials.Select(denial => denial.Denial).ToHashSet(StringComparer.Ordinal);
            ids.ExceptWith(denials.Select(denial => denial.Id));
            if (ids.Count == 0)
                return null;
            denials.AddRange(Denials([.. kept.Select(option => option.Zone.Zone.Name)], found).Where(denial => ids.Contains(denial.Id)));
        }

        return null;
    }

    private IReadOnlyList<Denial> Denials(IReadOnlyList<string> zones, Plan? of = null) => policy.DenialsFor(_roles, zones, of ?? plan);

    private IEnumerable<Denial> Applying(Option[] kept, Plan of)
    {
        var cover = new ZoneCover([.. kept.Select(option => option.Zone)], AddressSet.Empty, 0);
        return Denials([.. kept.Select(option => option.Zone.Zone.Name)], of)
            .Where(denial => Judgement.Of(denial, cover, of, FacetValues.Of(of, policy.Tools)) is not null);
    }

    private bool ForbidsTool(Denial denial) => denial.Tools is null || denial.Tools.GetValueOrDefault(plan.Tool) is { Any: true };

    /// <summary>The lowest of the targets, as many as the bounds of rules and denials leave in their zones.</summary>
    private AddressSet FewEnough(AddressSet targets, Option[] kept, List<Denial> denials)
    {
        foreach (var facet in tool.Facets.Where(facet => facet.CountsTargets))
        {
            foreach (var option in kept)
            {
                if (option.Rule!.Tools[plan.Tool].Opened(facet) is NumberTerm bound)
                    targets = Lowest(targets, option.Zone.Addresses, bound.AtMost);
            }

            foreach (var denial in denials)
            {
                if (denial.Tools?.GetValueOrDefault(plan.Tool)?.Terms.GetValueOrDefault(facet.Name) is not NumberTerm bound)
                    continue;
                var held = denial.Zones is null ? targets
                    : AddressSet.Of(kept.Where(option => denial.Zones.Contains(option.Zone.Zone.Name)).SelectMany(option => option.Zone.Addresses.Ranges));
                targets = Lowest(targets, held, bound.AtMost);
            }
        }

        return targets;
    }

    private static AddressSet Lowest(AddressSet targets, AddressSet within, decimal most)
    {
        var inside = targets.Intersect(within);
        if (most == decimal.MaxValue || inside.Count <= (UInt128)most)
            return targets;
        var (left, ranges) = ((UInt128)most, new List<AddressRange>());
        foreach (var range in inside.Ranges.TakeWhile(_ => left > 0))
        {
            var count = UInt128.Min(left, range.Count);
            ranges.Add(new(range.First, new(range.First.Bits + (count - 1))));
            left -= count;
        }

        return targets.Except(inside).Union(AddressSet.Of(ranges));
    }

    private AskedTerms Terms(Option[] kept)
    {
        var (longest, most) = (kept.Min(option => option.Rule!.MaxDuration), kept.Min(option => option.Rule!.MaxUses));
        return asked with
        {
            Duration = asked.Duration is { } duration ? duration <= TimeSpan.Zero || duration > longest ? longest : duration : null,
            Uses = asked.Uses is { } uses ? Math.Clamp(uses, 1, most) : null,
        };
    }

    private static AskedTerms Supposed(AskedTerms terms) => terms with
    {
        Reason = string.IsNullOrWhiteSpace(terms.Reason) ? "a reason" : terms.Reason,
        Ticket = string.IsNullOrWhiteSpace(terms.Ticket) ? "a ticket" : terms.Ticket,
    };

    private IEnumerable<string> Needs(Option[] kept)
    {
        if (string.IsNullOrWhiteSpace(asked.Reason) && kept.Any(option => option.Rule!.RequireReason))
            yield return "reason";
        if (string.IsNullOrWhiteSpace(asked.Ticket) && kept.Any(option => option.Rule!.RequireTicket))
            yield return "ticket";
    }

    private IEnumerable<string> TermChanges(AskedTerms terms, Option[] kept)
    {
        if (terms.Duration != asked.Duration)
            yield return $"for {Duration.Format(terms.Duration!.Value)}";
        if (terms.Uses != asked.Uses)
            yield return $"uses: {terms.Uses}";
        foreach (var need in Needs(kept))
            yield return $"with a {need}";
    }

    /// <summary>A rule for a zone with the facets that are too much for it, or no rule: the zone is left out.</summary>
    private sealed record Option(TouchedZone Zone, Rule? Rule, IReadOnlyList<string> Over);
}
