using System.Collections.Frozen;
using System.Globalization;
using Writ.Core.Tools;
using Writ.Core.Zones;
using Writ.Proof.Addresses;
using Writ.Proof.Errors;

namespace Writ.Core.Policy;

/// <summary>
/// Asks a policy about a plan. Default deny; the steps are:
/// <list type="number">
/// <item>Find the zones of every address. An address in no zone is out of scope for everybody.</item>
/// <item>A denial that applies beats every rule.</item>
/// <item>Each touched zone must be opened by a rule that covers the whole plan on its own: facets, hours and terms.
/// Of several, the most permissive carries the zone: one that allows before one that asks for approval, then the fewest
/// approvals, then file order. Facets of two rules are never added up.</item>
/// <item>Over the zones the strictest verdict holds, and the approvals add up.</item>
/// </list>
/// </summary>
public static class Evaluator
{
    private static readonly FrozenSet<string> NoTechniques = [];

    /// <summary>The policy's answer. Pure: the same arguments give the same answer.</summary>
    /// <param name="policy">The policy in force.</param>
    /// <param name="subject">Who asks.</param>
    /// <param name="plan">What they would do.</param>
    /// <param name="terms">For how long, how often and why.</param>
    /// <param name="now">The moment at which hours are looked at.</param>
    public static Evaluation Evaluate(PolicyDocument policy, Subject subject, Plan plan, AskedTerms terms, DateTimeOffset now)
    {
        // 1. Zones. The scope counts beside the targets: what a run may reach is what is judged.
        var addresses = plan.Targets.Union(plan.Scope.Addresses);
        var cover = policy.ZoneMap.Cover(addresses);
        string[] zones = [.. cover.Touched.Select(touched => touched.Zone.Name)];
        var reasons = new List<string>();
        if (addresses.IsEmpty)
            reasons.Add("the plan has no target");
        if (!cover.Outside.IsEmpty)
            reasons.Add($"{Some(cover.Outside)} {(cover.Outside.Count == 1 ? "is" : "are")} in no zone");

        // 2. Denials.
        var roles = policy.RolesOf(subject);
        var denials = policy.Denials.Where(denial => Applies(denial, roles, zones, plan, reasons)).Select(denial => denial.Id).ToArray();

        // 3. One rule a zone.
        var opened = new List<Opening>();
        Failure? first = null;
        foreach (var touched in cover.Touched)
        {
            Opening[] candidates = [.. policy.RulesFor(roles, touched.Zone.Name, plan.Tool).Select(rule => Judge(rule, touched, plan, terms, now))];
            if (candidates.Where(candidate => candidate.Failures.Count == 0).MinBy(Rank) is { } best)
            {
                opened.Add(best);
                continue;
            }

            if (candidates.Length == 0)
                reasons.Add($"{Some(touched.Addresses)} {(touched.Addresses.Count == 1 ? "is" : "are")} in zone {touched.Zone.Name}, which no rule opens to {subject.Name} for {plan.Tool}");
            reasons.AddRange(candidates.SelectMany(candidate => candidate.Failures).Select(failure => failure.Reason));
            var stop = Stop(candidates);
            first = first is null || (first.Code != ErrorCode.Denied && stop.Code == ErrorCode.Denied) ? stop : first;
        }

        if (denials.Length > 0)
            first = new(ErrorCode.Denied, "", null);
        else if (!cover.Outside.IsEmpty || addresses.IsEmpty)
            first = new(ErrorCode.Denied, "", first?.Hint);
        if (first is not null)
        {
            return new()
            {
                Verdict = Verdict.Deny, Reasons = [.. reasons.Distinct()], Code = first.Code, Hint = first.Hint, Zones = zones, Rules = denials,
            };
        }

        // 4. Strictest verdict, approvals added up, least terms.
        Rule[] rules = [.. opened.Select(open => open.Rule).Distinct().OrderBy(rule => rule.Order)];
        ApprovalNeed[] needs = [.. opened.SelectMany(open =>
            open.Rule.Approval.Select(term => new ApprovalNeed(open.Zone, open.Rule.Id, term.From, term.Count)))];
        return new()
        {
            Verdict = needs.Length > 0 ? Verdict.RequireApproval : Verdict.Allow,
            Reasons = [.. opened.Select(open => $"rule {open.Rule.Id} opens zone {open.Zone} to {subject.Name}{(open.Rule.Approval.Count > 0 ? " with approval" : "")}")],
            Zones = zones,
            Rules = [.. rules.Select(rule => rule.Id)],
            Approvals = needs,
            Duration = terms.Duration ?? rules.Min(rule => rule.MaxDuration),
            Uses = terms.Uses ?? 1,
            LatestEnd = opened.Min(open => open.End),
            MaxDisconnected = rules.Min(rule => rule.MaxDisconnected),
        };
    }

    /// <summary>
    /// What stands in the way of the nearest candidate: one that fails only by its terms (ask for less, give a reason)
    /// before one that fails by the plan.
    /// </summary>
    private static Failure Stop(Opening[] candidates)
    {
        var nearest = candidates.OrderBy(candidate => candidate.Failures.Any(failure => failure.Code == ErrorCode.Denied))
            .ThenBy(candidate => candidate.Failures.Count).ThenBy(candidate => candidate.Rule.Order).FirstOrDefault();
        return nearest?.Failures.FirstOrDefault(failure => failure.Code == ErrorCode.Denied) ?? nearest?.Failures[0]
            ?? new(ErrorCode.Denied, "", null);
    }

    private static bool Applies(Denial denial, IReadOnlySet<string> roles, string[] zones, Plan plan, List<string> reasons)
    {
        if (denial.Roles is { } bound && !bound.Any(roles.Contains))
            return false;
        if (denial.Zones is { } held && !held.Any(zones.Contains))
            return false;
        string[] forbidden = denial.Tools is null ? [$"{plan.Tool} is forbidden"]
            : denial.Tools.TryGetValue(plan.Tool, out var facets) ? [.. facets.Forbidden(plan)] : [];
        var where = denial.Zones is null ? "" : $" in zone {string.Join(", ", denial.Zones.Where(zones.Contains))}";
        reasons.AddRange(forbidden.Select(what => $"denial {denial.Id}: {what}{where}"));
        return forbidden.Length > 0;
    }

    private static Opening Judge(Rule rule, TouchedZone touched, Plan plan, AskedTerms terms, DateTimeOffset now)
    {
        var failures = new List<Failure>();
        void Fail(string code, string what, string? hint) => failures.Add(new(code, $"rule {rule.Id}: {what}", hint));

        var least = ToolCatalogue.Find(plan.Tool)?.Facets.FirstOrDefault(facet => facet.Name == "techniques")?.Least ?? NoTechniques;
        foreach (var (reason, hint) in rule.Tools[plan.Tool].NotOpened(plan, least))
            Fail(ErrorCode.Denied, reason, hint);

        var end = rule.When?.EndAt(now);
        if (rule.When is { } hours && end is null)
            Fail(ErrorCode.Denied, $"it is outside {hours}", $"the rule applies {hours}");

        if (terms.Duration is { } duration && (duration <= TimeSpan.Zero || duration > rule.MaxDuration))
        {
            Fail(ErrorCode.DurationTooLong, duration <= TimeSpan.Zero ? "a duration must be more than nothing" : $"{Duration.Format(duration)} is longer than {Duration.Format(rule.MaxDuration)}",
                $"ask for at most {Duration.Format(rule.MaxDuration)}");
        }

        if (terms.Uses is { } uses && (uses < 1 || uses > rule.MaxUses))
        {
            Fail(ErrorCode.TooManyUses, uses < 1 ? "at least one use must be asked" : string.Create(CultureInfo.InvariantCulture, $"{uses} uses are more than {rule.MaxUses}"),
                string.Create(CultureInfo.InvariantCulture, $"ask for at most {rule.MaxUses}"));
        }

        if (rule.RequireReason && string.IsNullOrWhiteSpace(terms.Reason))
            Fail(ErrorCode.ReasonRequired, "a reason is required", "say why with --reason");
        if (rule.RequireTicket && string.IsNullOrWhiteSpace(terms.Ticket))
            Fail(ErrorCode.ReasonRequired, "a ticket is required", "name it with --ticket");
        return new(rule, touched.Zone.Name, end, failures);
    }

    private static (int, int, int) Rank(Opening opening) =>
        (opening.Rule.Approval.Count == 0 ? 0 : 1, opening.Rule.Approval.Sum(term => term.Count), opening.Rule.Order);

    private static string Some(AddressSet addresses)
    {
        var texts = addresses.ToTexts();
        return texts.Length <= 3 ? string.Join(", ", texts)
            : string.Create(CultureInfo.InvariantCulture, $"{string.Join(", ", texts.Take(3))} and {texts.Length - 3} more ranges");
    }

    private sealed record Opening(Rule Rule, string Zone, DateTimeOffset? End, IReadOnlyList<Failure> Failures);

    private sealed record Failure(string Code, string Reason, string? Hint);
}
