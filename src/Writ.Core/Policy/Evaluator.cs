using System.Globalization;
using Writ.Core.Tools;
using Writ.Core.Zones;
using Writ.Proof.Addresses;
using Writ.Proof.Errors;
using Writ.Proof.Statements;

namespace Writ.Core.Policy;

/// <summary>
/// Asks a policy about a plan. Default deny; the steps are:
/// <list type="number">
/// <item>Find the zones of every address. An address in no zone is out of scope for everybody.</item>
/// <item>A denial that applies beats every rule.</item>
/// <item>Each touched zone must be opened by a rule that covers, on its own, the whole of the plan's part in that zone:
/// facets, hours and terms. Of several, the most permissive carries the zone: one that allows before one that asks for
/// approval, then the fewest approvals, then the fewest by passkey, then one that takes what is known good, then file order. Facets of two rules are never added up.</item>
/// <item>Over the zones the strictest verdict holds, and the approvals add up.</item>
/// </list>
/// Whoever breaks the glass is answered by the rules for that alone, in each touched zone, and a workload by none of them; a series of runs by the
/// rules for those alone; everything else by all other rules alone.
/// </summary>
public static class Evaluator
{
    /// <summary>The most reasons that are given; the findings hold the others.</summary>
    private const int MostReasons = 50;

    /// <summary>The policy's answer. Pure: the same arguments give the same answer.</summary>
    /// <param name="policy">The policy in force.</param>
    /// <param name="subject">Who asks.</param>
    /// <param name="plan">What they would do.</param>
    /// <param name="terms">For how long, how often and why.</param>
    /// <param name="now">The moment at which hours are looked at.</param>
    public static Evaluation Evaluate(PolicyDocument policy, Subject subject, Plan plan, AskedTerms terms, DateTimeOffset now)
    {
        // 1. Zones. The scope counts beside the targets: what a run may reach is what is judged.
        var addresses = plan.Targets.Equals(plan.Scope.Addresses) ? plan.Targets : plan.Targets.Union(plan.Scope.Addresses);
        var cover = policy.ZoneMap.Cover(addresses);
        string[] zones = [.. cover.Touched.Select(touched => touched.Zone.Name)];
        var roles = policy.RolesOf(subject);
        var values = FacetValues.Of(plan, policy.Tools);

        // 2. Denials.
        var considered = policy.DenialsFor(roles, zones, plan);
        var denials = new List<DenialFinding>();
        foreach (var denial in considered)
        {
            if (Judgement.Of(denial, cover, plan, values) is { } applies)
                denials.Add(applies);
        }

        // 3. One rule a zone.
        var opened = new List<Opening>();
        var findings = new List<ZoneFinding>(zones.Length);
        var looked = cover.Looked + considered.Count;
        FailedCondition? stop = null;
        foreach (var touched in cover.Touched)
        {
            var asked = terms.BreakGlass && subject.IsWorkload ? [] : policy.RulesFor(roles, touched.Zone.Name, plan.Tool, terms.Kind);
            var part = ReferenceEquals(touched.Addresses, plan.Targets) ? values : values.ForTargets(plan.Targets.Intersect(touched.Addresses).Count);
            Opening[] candidates = [.. asked.Select(rule => Judgement.Of(rule, touched.Zone.Name, plan, part, terms, now))];
            looked += candidates.Length;
            // The nearest to opening the zone first.
            if (candidates.Length > 1)
                candidates = [.. candidates.OrderBy(candidate => candidate.Distance).ThenBy(candidate => candidate.Rule.Order)];
            var best = candidates.Where(candidate => candidate.Failed.Count == 0).MinBy(candidate => candidate.Rank);
            if (best is not null)
                opened.Add(best);
            else if (stop?.Code != ErrorCode.Denied)
                stop = Stop(candidates) is var found && (stop is null || found.Code == ErrorCode.Denied) ? found : stop;
            findings.Add(new(
                touched.Zone.Name, touched.Addresses,
                best is null ? Verdict.Deny : best.Rule.Approval.Count > 0 ? Verdict.RequireApproval : Verdict.Allow,
                best?.Rule.Id,
                [.. candidates.Take(ZoneFinding.Most).Select(candidate => new RuleFinding(candidate.Rule.Id, candidate.Failed))],
                Math.Max(0, candidates.Length - ZoneFinding.Most)));
        }

        var known = new Evaluation { Verdict = Verdict.Deny, Reasons = [], Zones = zones, Findings = findings, Denials = denials, Outside = cover.Outside, Looked = looked };
        if (addresses.IsEmpty || !cover.Outside.IsEmpty || denials.Count > 0 || stop is not null)
        {
            return known with
            {
                Reasons = Few(DenialReasons(known, addresses.IsEmpty, subject, plan, terms.Kind).Concat(Unknown(policy, known, subject, plan, terms.Kind)).Distinct()),
                Code = denials.Count > 0 || !cover.Outside.IsEmpty || addresses.IsEmpty ? ErrorCode.Denied : stop!.Code,
                Hint = denials.Count > 0 ? null : stop?.Hint,
                Rules = [.. denials.Select(denial => denial.Denial)],
            };
        }

        // 4. Strictest verdict, approvals added up, least terms.
        Rule[] rules = [.. opened.Select(open => open.Rule).Distinct().OrderBy(rule => rule.Order)];
        ApprovalNeed[] needs = [.. opened.SelectMany(open =>
            open.Rule.Approval.Select(term => new ApprovalNeed(open.Zone, open.Rule.Id, term.From, term.Count, term.WithPasskey, term.EscalateAfter, term.ByChat, open.Rule.KnownGood)))];
        return known with
        {
            Verdict = findings.Min(finding => finding.Verdict),
            Reasons = Few(opened.Select(open => $"rule {open.Rule.Id} opens zone {open.Zone} to {subject.Name}{(open.Rule.Approval.Count > 0 ? " with approval" : open.Rule.BreakGlass ? ", who breaks the glass" : "")}")
                .Concat(policy.Unknown(needs.SelectMany(need => need.From)))),
            Rules = [.. rules.Select(rule => rule.Id)],
            Approvals = needs,
            Reviews = terms.BreakGlass ? [.. opened.Select(open => new ApprovalNeed(open.Zone, open.Rule.Id, policy.Zones[open.Zone].Owners, 1))] : null,
            Duration = terms.Duration ?? rules.Select(rule => rule.MaxDuration).Append(terms.Template?.Longest ?? TimeSpan.MaxValue).Min(),
            Uses = terms.Uses ?? 1,
            LatestEnd = opened.Min(open => open.End),
            MaxDisconnected = rules.Min(rule => rule.MaxDisconnected),
            Budget = rules.Aggregate(Budget.Unlimited, (least, rule) => least.Least(rule.Budget)),
        };
    }

    /// <summary>
    /// What stands in the way of the nearest candidate: one that fails only by its terms (ask for less, give a reason)
    /// before one that fails by the plan.
    /// </summary>
    private static FailedCondition Stop(Opening[] candidates)
    {
        var nearest = candidates.FirstOrDefault();
        return nearest?.Failed.FirstOrDefault(failed => failed.Code == ErrorCode.Denied) ?? nearest?.Failed[0]
            ?? new("zones", "", "", "", ErrorCode.Denied, null);
    }

    private static IEnumerable<string> DenialReasons(Evaluation found, bool noTarget, Subject subject, Plan plan, RuleKind kind)
    {
        if (noTarget)
            yield return "the plan has no target";
        if (!found.Outside.IsEmpty)
            yield return $"{Some(found.Outside)} in no zone";
        foreach (var denial in found.Denials)
        {
            var where = denial.Zones.Count == 0 ? "" : $" in zone {string.Join(", ", denial.Zones)}";
            foreach (var matched in denial.Matched)
                yield return $"denial {denial.Denial}: {matched.Reason}{where}";
        }

        foreach (var zone in found.Findings.Where(zone => zone.Verdict == Verdict.Deny))
        {
            if (zone.Rules.Count == 0)
                yield return $"{Some(zone.Addresses)} in zone {zone.Zone}, which no {kind switch { RuleKind.BreakGlass => "break-glass rule", RuleKind.Recurring => "recurring rule", RuleKind.Ordinary => "rule" }} opens to {subject.Name} for {plan.Tool}";
            foreach (var rule in zone.Rules)
            {
                foreach (var failed in rule.Failed)
                    yield return $"rule {rule.Rule}: {failed.Reason}";
            }
        }
    }

    /// <summary>Of zones that no rule opens: which rotas would have to be known to say whether one does.</summary>
    private static IEnumerable<string> Unknown(PolicyDocument policy, Evaluation found, Subject subject, Plan plan, RuleKind kind)
    {
        if (subject.IsWorkload || policy.OnCall().All(each => each.Unknown is null))
            return [];
        var shut = found.Findings.Where(zone => zone.Verdict == Verdict.Deny).Select(zone => zone.Zone).ToHashSet(StringComparer.Ordinal);
        return policy.Unknown(policy.Rules.Where(rule => rule.Kind == kind && rule.Tools.ContainsKey(plan.Tool) && rule.Zones.Any(shut.Contains)).SelectMany(rule => rule.Roles));
    }

    private static string[] Few(IEnumerable<string> reasons)
    {
        string[] all = [.. reasons];
        return all.Length <= MostReasons ? all : [.. all.Take(MostReasons), string.Create(CultureInfo.InvariantCulture, $"and {all.Length - MostReasons} more")];
    }

    private static string Some(AddressSet addresses)
    {
        var texts = addresses.Ranges.Take(3).Select(range => range.ToString());
        var more = addresses.Ranges.Count - 3;
        return string.Create(CultureInfo.InvariantCulture,
            $"{string.Join(", ", texts)}{(more > 0 ? $" and {more} more ranges" : "")} {(addresses.Count == 1 ? "is" : "are")}");
    }
}
