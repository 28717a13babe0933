using System.Globalization;
using Writ.Core.Rotas;
using Writ.Core.Tools;
using Writ.Core.Tools.Definitions;
using Writ.Core.Zones;
using Writ.Proof.Addresses;

namespace Writ.Core.Policy;

/// <summary>
/// What a policy, or other groups, would give somebody that they do not have: more to run, fewer approvals for it, a denial
/// that binds them no more, more to decide on. It says too much rather than too little: where nothing is said, nothing is new.
/// </summary>
public sealed class NewRights
{
    /// <summary>The most that is told.</summary>
    private const int Most = 20;

    private readonly PolicyDocument? _before;
    private readonly PolicyDocument _after;
    private readonly List<string> _found = [];
    private readonly Dictionary<string, bool> _notGrown = new(StringComparer.Ordinal);
    private readonly Dictionary<(Holder, string, string), bool> _whole = [];

    private NewRights(PolicyDocument? before, PolicyDocument after) => (_before, _after) = (before, after);

    /// <summary>What is new to them, in words; empty where surely nothing is.</summary>
    /// <param name="before">The policy in force, or null where everything is denied.</param>
    /// <param name="after">The policy that would be.</param>
    /// <param name="people">Somebody, and the workloads that they answer for: as they are, and as they would be.</param>
    public static IReadOnlyList<string> Of(PolicyDocument? before, PolicyDocument after, IEnumerable<(Subject Was, Subject Is)> people)
    {
        var rights = new NewRights(before, after);
        (Subject Was, Subject Is)[] all = [.. people];
        Holder[] holders = [.. all.Select(rights.HolderOf)];
        rights.Workloads();
        foreach (var (was, now) in all.Where(person => !person.Is.IsWorkload))
            rights.Reviews(was, now);
        foreach (var holder in holders)
            rights.Denials(holder);
        // Each part of the address space that lies in the same zones is looked at once.
        holders = [.. holders.Where(holder => holder.Rules.Count > 0 || holder.Decides.Count > 0)];
        if (holders.Length > 0)
        {
            foreach (var cell in rights.Cells())
            {
                foreach (var holder in holders)
                    rights.Cell(holder, cell);
            }
        }

        string[] found = [.. rights._found.Distinct()];
        return found.Length <= Most ? found : [.. found.Take(Most), string.Create(CultureInfo.InvariantCulture, $"and {found.Length - Most} more")];
    }

    /// <summary>What one of them has by each of the two policies; and all that some rule of the new one opens to them, if no other zone is in the way.</summary>
    private sealed record Holder(
        string Name, IReadOnlySet<string> RolesBefore, IReadOnlySet<string> Roles, ILookup<string, Rule> RulesBefore, ILookup<string, Rule> Rules,
        IReadOnlyDictionary<(string Zone, string Tool), int> DecidesBefore, IReadOnlyDictionary<(string Zone, string Tool), int> Decides, AddressSet Opened);

    /// <summary>Addresses that lie in the same zones, by each of the two policies.</summary>
    private sealed record ZoneCell(AddressRange Example, string[] ZonesBefore, string[] Zones);

    private Holder HolderOf((Subject Was, Subject Is) person)
    {
        var (was, now) = (RolesBefore(person.Was, person.Is), _after.RolesEver(person.Is));
        var rules = Usable(_after, now);
        return new(person.Is.Name, was, now, Usable(_before, was), rules,
            person.Is.IsWorkload ? Nothing : Decidable(_before, was), person.Is.IsWorkload ? Nothing : Decidable(_after, now),
            AddressSet.Of(rules.SelectMany(zone => Addresses(_after, zone.Key).Ranges)));
    }

    /// <summary>
    /// The roles that they have by the policy before. Those that they have while they are on call count where the turns stay what they are: to be on call more
    /// often, or to have the role without, is new.
    /// </summary>
    private SortedSet<string> RolesBefore(Subject was, Subject now)
    {
        if (_before is null)
            return [];
        var always = _after.RolesOf(now with { OnCall = [] });
        var inTurn = _before.RolesEver(was).Where(role => _before.Roles[role].OnCall is { } rota && !always.Contains(role) && _after.Rotas.TryGetValue(rota, out var kept) && _before.Rotas[rota].IsSame(kept));
        return new SortedSet<string>(_before.RolesOf(was with { OnCall = [] }).Concat(inTurn), StringComparer.Ordinal);
    }

    private static readonly IReadOnlyDictionary<(string Zone, string Tool), int> Nothing = new Dictionary<(string Zone, string Tool), int>();

    private static ILookup<string, Rule> Usable(PolicyDocument? policy, IReadOnlySet<string> roles) =>
        (policy?.Rules ?? []).Where(rule => rule.Roles.Any(roles.Contains)).SelectMany(rule => rule.Zones.Distinct().Select(zone => (zone, rule)))
            .ToLookup(pair => pair.zone, pair => pair.rule, StringComparer.Ordinal);

    /// <summary>Where they decide on which tool, with the fewest approvals that such a request needs in all.</summary>
    private static Dictionary<(string Zone, string Tool), int> Decidable(PolicyDocument? policy, IReadOnlySet<string> roles)
    {
        var decides = new Dictionary<(string Zone, string Tool), int>();
        foreach (var rule in (policy?.Rules ?? []).Where(rule => rule.Approval.Any(term => term.From.Any(roles.Contains))))
        {
            var needed = rule.Approval.Sum(term => term.Count);
            foreach (var key in rule.Zones.SelectMany(zone => rule.Tools.Keys.Select(tool => (zone, tool))))
                decides[key] = Math.Min(needed, decides.GetValueOrDefault(key, int.MaxValue));
        }

        return decides;
    }

    /// <summary>Whoever writes by what a workload signs in, or who answers for it, may hold what it signs in by, and decide on what it asks.</summary>
    private void Workloads()
    {
        foreach (var workload in _after.Workloads.Values)
        {
            var roles = _after.RolesOf(new(workload.Name, true, []));
            if (_after.Rules.Any(rule => rule.Roles.Any(roles.Contains)) && !(_before?.Workloads.GetValueOrDefault(workload.Name) is { } was && IsSame(workload, was)))
                _found.Add($"who signs in as workload '{workload.Name}' would be another, with what its roles open");
        }
    }

    private static bool IsSame(Workload workload, Workload was) =>
        workload.Owner == was.Owner && workload.MaxSignIn <= was.MaxSignIn && Text(workload.Key) == Text(was.Key)
        && (workload.Token is null ? was.Token is null : was.Token is { } token && workload.Token.Issuer == token.Issuer && workload.Token.Audience == token.Audience
            && workload.Token.Subject.ToString() == token.Subject.ToString() && workload.Token.Person == token.Person
            && Claims(workload.Token).SequenceEqual(Claims(token)) && workload.Token.Keys.Select(Text).SequenceEqual(token.Keys.Select(Text)));

    private static IEnumerable<string> Claims(WorkloadToken token) =>
        token.Claims.OrderBy(claim => claim.Key, StringComparer.Ordinal).Select(claim => $"{claim.Key}={string.Join('\n', claim.Value)}");

    private static string Text(byte[]? key) => Convert.ToHexString(key ?? []);

    private void Denials(Holder holder)
    {
        foreach (var denial in (_before?.Denials ?? []).Where(denial => Binds(denial, holder.RolesBefore)))
        {
            if (!_after.Denials.Any(other => Binds(other, holder.Roles) && Forbids(holder, other, denial)) && Opens(holder, denial))
                _found.Add($"denial '{denial.Id}' would not bind {holder.Name} as it does");
        }
    }

    /// <summary>Owners review what is done in their zones by break-glass.</summary>
    private void Reviews(Subject was, Subject now)
    {
        var (before, after) = (RolesBefore(was, now), _after.RolesEver(now));
        foreach (var zone in _after.Zones.Values.Where(zone => zone.Owners.Any(after.Contains) && _after.Rules.Any(rule => rule.BreakGlass && rule.Zones.Contains(zone.Name))))
        {
            if (!(_before?.Zones.GetValueOrDefault(zone.Name) is { } known && known.Owners.Any(before.Contains) && zone.Addresses.IsSubsetOf(known.Addresses)))
                _found.Add($"{now.Name} would review break-glass in zone '{zone.Name}'");
        }
    }

    private static bool Binds(Denial denial, IReadOnlySet<string> roles) => denial.Roles is null || denial.Roles.Any(roles.Contains);

    /// <summary>True where the denial surely forbids all that the other one does, as far as anything is opened to them.</summary>
    private bool Forbids(Holder holder, Denial wide, Denial narrow) =>
        (wide.Zones is null || (narrow.Zones?.All(zone => wide.Zones.Contains(zone) && Addresses(_before, zone).Intersect(holder.Opened).IsSubsetOf(Addresses(_after, zone))) ?? false))
        && (wide.Tools is null || (narrow.Tools?.All(tool => wide.Tools.TryGetValue(tool.Key, out var facets) && Forbids(facets, tool.Value)) ?? false));

    private static bool Forbids(Facets wide, Facets narrow) => wide.Any || (!narrow.Any
        && narrow.Terms.All(term => wide.Terms.TryGetValue(term.Key, out var other) && other.Exactly == term.Value.Exactly));

    /// <summary>True where some rule opens to them something of what the denial is about.</summary>
    private bool Opens(Holder holder, Denial denial) => holder.Rules.Any(zone => zone.Any(rule =>
        (denial.Tools is null || rule.Tools.Keys.Any(denial.Tools.ContainsKey))
        && (denial.Zones is null || denial.Zones.Any(denied => !Addresses(_before, denied).Intersect(Addresses(_after, zone.Key)).IsEmpty))));

    private void Cell(Holder holder, ZoneCell cell)
    {
        foreach (var tool in cell.Zones.SelectMany(zone => holder.Decides.Keys.Where(key => key.Zone == zone)).Select(key => key.Tool).Distinct())
        {
            var (was, now) = (Fewest(holder.DecidesBefore, cell.ZonesBefore, tool), Fewest(holder.Decides, cell.Zones, tool));
            if (was is null)
                _found.Add($"{holder.Name} would decide on {tool} in zone {string.Join(", ", cell.Zones)}");
            else if (now < was)
                _found.Add(string.Create(CultureInfo.InvariantCulture, $"{holder.Name} would decide on {tool} in zone {string.Join(", ", cell.Zones)} as one of {now} instead of {was}"));
        }

        // Every zone that holds the address must be opened to them.
        if (cell.Zones.Length == 0 || !cell.Zones.All(holder.Rules.Contains))
            return;
        if (cell.ZonesBefore.Length == 0)
            _found.Add($"{holder.Name} would reach {cell.Example.First}, which lies in no zone");
        foreach (var zone in cell.ZonesBefore)
        {
            if (cell.Zones.Any(now => IsAsWhole(holder, zone, now) && holder.Rules[now].All(rule => IsCovered(rule, holder.RulesBefore[zone], holder.Rules[now]))))
                continue;
            var rule = cell.Zones.SelectMany(now => holder.Rules[now].Where(rule => !IsCovered(rule, holder.RulesBefore[zone], holder.Rules[now]))).FirstOrDefault();
            _found.Add(rule is null
                ? $"zone '{zone}' would be several to {holder.Name}, each with a limit of its own"
                : $"rule '{rule.Id}' would open more to {holder.Name} in zone {string.Join(", ", cell.Zones)}");
        }
    }

    /// <summary>Targets are counted by zone: true where the zone still has all of the earlier one that is opened to them at all.</summary>
    private bool IsAsWhole(Holder holder, string before, string now)
    {
        if (!_whole.TryGetValue((holder, before, now), out var known))
            _whole[(holder, before, now)] = known = Addresses(_before, before).Intersect(holder.Opened).IsSubsetOf(Addresses(_after, now));

        return known;
    }

    private static int? Fewest(IReadOnlyDictionary<(string Zone, string Tool), int> decides, string[] zones, string tool)
    {
        int[] known = [.. zones.Where(zone => decides.ContainsKey((zone, tool))).Select(zone => decides[(zone, tool)])];
        return known.Length == 0 ? null : known.Min();
    }

    /// <summary>
    /// True where everything that the rule opens is surely opened by one of the earlier ones, tool by tool; and where an earlier
    /// one went before it, which asked for other people or held runs more tightly, that one goes before it still. Rules that break the glass
    /// and those for series are other ways in: none of them covers one of the others, nor is covered by one.
    /// </summary>
    private bool IsCovered(Rule rule, IEnumerable<Rule> before, IEnumerable<Rule> now) =>
        IsCoveredByItsLike(rule, [.. before.Where(other => other.Kind == rule.Kind)], [.. now.Where(other => other.Kind == rule.Kind)]);

    private bool IsCoveredByItsLike(Rule rule, IReadOnlyList<Rule> before, IReadOnlyList<Rule> now) =>
        rule.Tools.Keys.All(tool => before.Any(other => Covers(other, rule, tool) && IsAsStrict(rule, other)
            && before.All(first => !first.Tools.ContainsKey(tool) || Rank(first).CompareTo(Rank(other)) >= 0 || HoldsAsTightly(rule, first)
                || now.Any(kept => Rank(kept).CompareTo(Rank(rule)) < 0 && Covers(kept, first, tool) && Covers(first, kept, tool) && IsAsStrict(kept, first) && IsAsStrict(first, kept)))));

    private bool Covers(Rule wide, Rule narrow, string tool) => (wide.Templates is null || narrow.Templates?.All(name => wide.Templates.Contains(name) && IsSame(name)) == true) && wide.Tools.TryGetValue(tool, out var opened) && narrow.Tools.TryGetValue(tool, out var asked)
        && MeansTheSame(tool) && (_after.Tools.Find(tool)?.Facets ?? []).All(facet => opened.Opened(facet).Covers(facet, asked.Opened(facet)));

    private bool IsSame(string template) => _before!.Templates.TryGetValue(template, out var was) && _after.Templates[template].Digest == was.Digest;

    /// <summary>Whoever writes how a tool's commands are read says what its rules open.</summary>
    private bool MeansTheSame(string tool) => (_before!.Tools.Find(tool), _after.Tools.Find(tool)) switch
    {
        (DefinedTool was, DefinedTool now) => was.Definition.Text == now.Definition.Text,
        var (was, now) => was == now,
    };

    private static (int, int, int, int, int) Rank(Rule rule) => new Opening(rule, "", null, []).Rank;

    private bool HoldsAsTightly(Rule rule, Rule before) =>
        rule.MaxDisconnected <= before.MaxDisconnected && rule.Budget.IsWithin(before.Budget)
        && before.Protections.All(rule.Protections.Contains) && ApprovalsHold(rule.Approval, before.Approval)
        && AsksAgain(rule, before);

    /// <summary>People are asked again whenever they were before. Where nobody was asked, there is nothing to ask again.</summary>
    private static bool AsksAgain(Rule rule, Rule before) =>
        rule.KnownGood is not { } now || before.Approval.Count == 0 || (before.KnownGood is { } was && now.Same == was.Same && now.Within <= was.Within);

    /// <summary>True where the rule's terms are at least those of the earlier one.</summary>
    private bool IsAsStrict(Rule rule, Rule before) =>
        rule.MaxDuration <= before.MaxDuration && rule.MaxUses <= before.MaxUses
        && (rule.RequireReason || !before.RequireReason) && (rule.RequireTicket || !before.RequireTicket)
        && (before.When is null || before.When.ToString() == rule.When?.ToString())
        && HoldsAsTightly(rule, before);

    /// <summary>Each approval that was asked for is asked for by one of its own, of no other people and no fewer. When they are told gives nobody a right.</summary>
    private bool ApprovalsHold(IReadOnlyList<ApprovalTerm> now, IReadOnlyList<ApprovalTerm> before)
    {
        var left = now.ToList();
        return before.All(term =>
        {
            var same = left.FindIndex(other => other.Count >= term.Count && (other.WithPasskey || !term.WithPasskey) && (term.ByChat || !other.ByChat) && other.From.All(role => term.From.Contains(role) && HasNotGrown(role)));
            if (same >= 0)
                left.RemoveAt(same);
            return same >= 0;
        });
    }

    private bool HasNotGrown(string role)
    {
        if (!_notGrown.TryGetValue(role, out var known))
            _notGrown[role] = known = _before!.Roles.TryGetValue(role, out var was) && _after.Roles[role].Groups.All(was.Groups.Contains)
                && (_after.Roles[role].OnCall is not { } rota || (rota == was.OnCall && HasNotGrown(_after.Rotas[rota], _before.Rotas[rota])));
        return known;
    }

    /// <summary>A rota that names nobody else. Whom a source names is not the policy's to say, so another source is another rota.</summary>
    private static bool HasNotGrown(Rota now, Rota was) => now.Source == was.Source
        && (now.Turns is null || now.Turns.People.Concat(now.Turns.Overrides.Select(each => each.Person)).All(was.MayName));

    private static AddressSet Addresses(PolicyDocument? policy, string zone) =>
        policy is not null && policy.Zones.TryGetValue(zone, out var found) ? found.Addresses : AddressSet.Empty;

    private IEnumerable<ZoneCell> Cells()
    {
        var edges = Edges(_before, isBefore: true).Concat(Edges(_after, isBefore: false)).OrderBy(edge => edge.At).ToArray();
        var (before, after) = (new SortedDictionary<string, int>(StringComparer.Ordinal), new SortedDictionary<string, int>(StringComparer.Ordinal));
        var seen = new HashSet<string>(StringComparer.Ordinal);
        for (var at = 0; at < edges.Length;)
        {
            var here = edges[at].At;
            for (; at < edges.Length && edges[at].At == here; at++)
            {
                var zones = edges[at].IsBefore ? before : after;
                var count = zones.GetValueOrDefault(edges[at].Zone) + edges[at].Step;
                if (count > 0)
                    zones[edges[at].Zone] = count;
                else
                    zones.Remove(edges[at].Zone);
            }

            if (after.Count > 0 && seen.Add($"{string.Join(',', before.Keys)};{string.Join(',', after.Keys)}"))
                yield return new(new(new(here), new(here)), [.. before.Keys], [.. after.Keys]);
        }
    }

    /// <summary>Where the zones' ranges begin, and the address after each of their ends.</summary>
    private static IEnumerable<(UInt128 At, string Zone, int Step, bool IsBefore)> Edges(PolicyDocument? policy, bool isBefore) =>
        from zone in policy?.Zones.Values ?? Enumerable.Empty<Zone>()
        from range in zone.Addresses.Ranges
        from edge in range.Last.Bits == UInt128.MaxValue
            ? ((UInt128, int)[])[(range.First.Bits, 1)]
            : [(range.First.Bits, 1), (range.Last.Bits + 1, -1)]
        select (edge.Item1, zone.Name, edge.Item2, isBefore);
}
