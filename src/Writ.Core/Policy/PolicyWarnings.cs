using Writ.Core.Tools;
using Writ.Core.Zones;
using Writ.Proof.Addresses;

namespace Writ.Core.Policy;

/// <summary>
/// What of a valid policy is probably not meant: rules that can never carry an answer, names that lead nowhere, zones
/// that overlap or that nobody can use. A warning refuses nothing.
/// </summary>
public sealed class PolicyWarnings
{
    /// <summary>The most warnings that are given.</summary>
    private const int Most = 100;

    /// <summary>A rule is compared with so many others at most.</summary>
    private const int MostCompared = 1_000;

    private readonly PolicyDocument _policy;
    private readonly List<(int Line, string Message, string? Hint)> _warnings = [];

    private PolicyWarnings(PolicyDocument policy) => _policy = policy;

    /// <summary>The warnings about a policy, by line.</summary>
    /// <param name="policy">The policy.</param>
    /// <param name="runners">The names of the enrolled runners, or null where they are not known.</param>
    /// <param name="sources">The names of the sources that servers ask who is on call, or null where they are not known.</param>
    public static IReadOnlyList<PolicyProblem> Of(PolicyDocument policy, IReadOnlySet<string>? runners, IReadOnlySet<string>? sources = null)
    {
        var warnings = new PolicyWarnings(policy);
        warnings.Names();
        warnings.Rotas(sources);
        warnings.Zones(runners);
        warnings.Overlaps();
        warnings.Rules();
        return
        [
            .. warnings._warnings.OrderBy(warning => warning.Line).Take(Most).Select(warning =>
            {
                var (file, line) = policy.Source.At(warning.Line);
                return new PolicyProblem(file, line, warning.Message, warning.Hint);
            }),
        ];
    }

    private void Names()
    {
        var used = _policy.Rules.SelectMany(rule => rule.Roles.Concat(rule.Approval.SelectMany(term => term.From)))
            .Concat(_policy.Denials.SelectMany(denial => denial.Roles ?? [])).Concat(_policy.Zones.Values.SelectMany(zone => zone.Owners))
            .ToHashSet(StringComparer.Ordinal);
        foreach (var role in _policy.Roles.Values.Where(role => !used.Contains(role.Name)))
            Warn(role.Line, $"role '{role.Name}' is used nowhere", null);
        var placed = _policy.Roles.Values.SelectMany(role => role.Workloads).ToHashSet(StringComparer.Ordinal);
        foreach (var workload in _policy.Workloads.Values)
        {
            if (!placed.Contains(workload.Name))
                Warn(workload.Line, $"no role names workload '{workload.Name}'", "it signs in, and may run nothing");
            if (workload.Owner is null && workload.Token?.Person is null)
                Warn(workload.Line, $"nobody answers for workload '{workload.Name}'", "name an owner: who wrote it could else approve what it asks");
        }

        foreach (var zone in _policy.Zones.Values)
        {
            foreach (var owner in zone.Owners.Where(owner => !_policy.Roles.ContainsKey(owner)))
                Warn(zone.Line, $"owner '{PolicyReader.Visible(owner)}' of zone '{zone.Name}' is no role", "define the role, or leave it where it is a group that only the identity provider knows");
        }
    }

    private void Rotas(IReadOnlySet<string>? sources)
    {
        var turned = _policy.Roles.Values.Select(role => role.OnCall).ToHashSet(StringComparer.Ordinal);
        foreach (var rota in _policy.Rotas.Values)
        {
            if (!turned.Contains(rota.Name))
                Warn(rota.Line, $"no role is held by rota '{rota.Name}'", $"a role says it: on-call: {rota.Name}");
            if (sources is not null && rota.Source is { } source && !sources.Contains(source))
                Warn(rota.Line, $"rota '{rota.Name}' is of source '{source}', which no server asks: nobody is on call by it", "name it in the file of serve --on-call");
        }
    }

    private void Zones(IReadOnlySet<string>? runners)
    {
        var opened = _policy.Rules.SelectMany(rule => rule.Zones).ToHashSet(StringComparer.Ordinal);
        foreach (var zone in _policy.Zones.Values)
        {
            if (!opened.Contains(zone.Name))
                Warn(zone.Line, $"no rule opens zone '{zone.Name}'", "nobody can run anything there");
            if (runners is not null && zone.Runners.Count > 0 && !zone.Runners.Any(runners.Contains))
                Warn(zone.Line, $"zone '{zone.Name}' names no runner that is enrolled: {string.Join(", ", zone.Runners.Select(runner => PolicyReader.Visible(runner)))}", "writ runners lists them");
        }
    }

    private void Overlaps()
    {
        var ranges = _policy.Zones.Values.SelectMany(zone => zone.Addresses.Ranges.Select(range => (Range: range, Zone: zone)))
            .OrderBy(pair => pair.Range.First).ThenByDescending(pair => pair.Range.Last).ToArray();
        var open = new PriorityQueue<(AddressRange Range, Zone Zone), Address>();
        var seen = new HashSet<(string, string)>();
        foreach (var (range, zone) in ranges)
        {
            while (open.TryPeek(out _, out var last) && last < range.First)
                open.Dequeue();
            foreach (var (other, with) in open.UnorderedItems.Select(item => item.Element))
            {
                var (first, second) = with.Line < zone.Line ? (with, zone) : (zone, with);
                if (first == second || !seen.Add((first.Name, second.Name)))
                    continue;
                var shared = new AddressRange(range.First, range.Last < other.Last ? range.Last : other.Last);
                Warn(second.Line, $"zone '{second.Name}' overlaps zone '{first.Name}' in {shared}", "there a command needs a rule for each of them");
                if (seen.Count > Most)
                    return;
            }

            open.Enqueue((range, zone), range.Last);
        }
    }

    private void Rules()
    {
        var shut = _policy.Denials.Where(denial => denial.Tools is null || denial.Tools.Values.Any(facets => facets.Any)).ToArray();
        foreach (var rule in _policy.Rules)
        {
            if (shut.Take(MostCompared).FirstOrDefault(denial => Shadows(denial, rule)) is { } denial)
                Warn(rule.Line, $"rule '{rule.Id}' can never apply: denial '{denial.Id}' forbids all that it opens", null);
            else if (rule.BreakGlass && rule.Roles.All(role => _policy.Roles[role] is { Groups.Count: 0, OnCall: null }))
                Warn(rule.Line, $"rule '{rule.Id}' can never apply: only people break the glass, and its roles are of workloads", "name a role of people");
            else if (Better(rule) is { } better)
                Warn(rule.Line, $"rule '{rule.Id}' never decides: rule '{better.Id}' opens at least as much, with no more approvals", "leave one of them out");
            if (rule.KnownGood is { } known)
                KnownGood(rule, known);
            if (_warnings.Count > Most * 4)
                return;
        }
    }

    private void KnownGood(Rule rule, KnownGoodTerm known)
    {
        if (known.Same == Sameness.Template && rule.Templates is null && _policy.Templates.Count == 0)
            Warn(rule.Line, $"'known-good' of rule '{rule.Id}' can never apply: it is about templates, and the policy has none", "write 'same: plan', or add the template");
        else if (rule.Zones.All(zone => Asking(rule, zone) is not null))
            Warn(rule.Line, $"'known-good' of rule '{rule.Id}' can never apply: all of its zones lie in zone '{Asking(rule, rule.Zones[0])}', where people are always asked", "add 'known-good' to the rules of that zone");
    }

    /// <summary>A zone around the whole of this one whose rules, for the roles and tools of the rule, all ask people each time; null where there is none.</summary>
    private string? Asking(Rule rule, string zone) => _policy.Zones.Values.Take(MostCompared).FirstOrDefault(around =>
        around.Name != zone && !rule.Zones.Contains(around.Name) && _policy.Zones[zone].Addresses.IsSubsetOf(around.Addresses)
        && rule.Tools.Keys.All(tool => _policy.RulesFor(rule.Roles.ToHashSet(StringComparer.Ordinal), around.Name, tool, rule.Kind).All(other => other.Approval.Count > 0 && other.KnownGood is null)))?.Name;

    private static bool Shadows(Denial denial, Rule rule) =>
        (denial.Roles is null || rule.Roles.All(denial.Roles.Contains))
        && (denial.Zones is null || rule.Zones.All(denial.Zones.Contains))
        && (denial.Tools is null || rule.Tools.Keys.All(tool => denial.Tools.GetValueOrDefault(tool) is { Any: true }));

    /// <summary>A rule that carries every answer which this one could carry.</summary>
    private Rule? Better(Rule rule)
    {
        var rank = new Opening(rule, "", null, []).Rank;
        return rule.Tools.Keys.FirstOrDefault() is not { } tool ? null
            : _policy.RulesFor(rule.Roles.Take(1).ToHashSet(StringComparer.Ordinal), rule.Zones[0], tool, rule.Kind).Take(MostCompared)
                .FirstOrDefault(other => other != rule && new Opening(other, "", null, []).Rank.CompareTo(rank) < 0 && Covers(other, rule));
    }

    private bool Covers(Rule wide, Rule narrow) =>
        (wide.Templates is null || narrow.Templates?.All(wide.Templates.Contains) == true)
        && narrow.Roles.All(wide.Roles.Contains) && narrow.Zones.All(wide.Zones.Contains)
        && (wide.When is null || (narrow.When is { } hours && wide.When.ToString() == hours.ToString()))
        && wide.MaxDuration >= narrow.MaxDuration && wide.MaxUses >= narrow.MaxUses
        && (!wide.RequireReason || narrow.RequireReason) && (!wide.RequireTicket || narrow.RequireTicket)
        && narrow.Tools.All(tool => wide.Tools.TryGetValue(tool.Key, out var facets)
            && (_policy.Tools.Find(tool.Key)?.Facets ?? []).All(facet => facets.Opened(facet).Covers(facet, tool.Value.Opened(facet))));

    private void Warn(int line, string message, string? hint) => _warnings.Add((line, message, hint));
}
