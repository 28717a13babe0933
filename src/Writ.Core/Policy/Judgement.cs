using System.Globalization;
using Writ.Core.Tools;
using Writ.Core.Zones;
using Writ.Proof.Addresses;
using Writ.Proof.Errors;

namespace Writ.Core.Policy;

/// <summary>Holds one rule against the part of a plan that lies in one zone, and one denial against the whole of it.</summary>
internal static class Judgement
{
    /// <summary>How the rule answers for the zone. It is one of those that open the zone for the tool.</summary>
    public static Opening Of(
        Rule rule, string zone, Plan plan, FacetValues part, AskedTerms terms, DateTimeOffset now)
    {
        var failed = new List<FailedCondition>();
        if (rule.Templates is { } templates && !templates.Contains(terms.Template?.Name ?? ""))
        {
            failed.Add(new("templates", terms.Template?.Name ?? "", string.Join(", ", templates), $"it opens nothing but the template{(templates.Count == 1 ? "" : "s")} {string.Join(", ", templates)}",
                ErrorCode.Denied, $"writ templates show {templates[0]} tells how it is used"));
        }

        foreach (var (facet, gap) in rule.Tools[plan.Tool].NotOpened(part))
            failed.Add(new(facet.Name, gap.Asked, gap.Allowed, gap.Reason, ErrorCode.Denied, Way(facet, gap)));
        if (rule.Protections.Count > 0 && rule.Protections.Except(plan.Protections, StringComparer.Ordinal).ToArray() is { Length: > 0 } lacking)
        {
            failed.Add(new("protections", string.Join(", ", plan.Protections), string.Join(", ", rule.Protections),
                $"its runs must be held by {string.Join(", ", lacking)}, which the runner does not have", ErrorCode.Denied, "writ runners lists what each runner has"));
        }

        var end = rule.When?.EndAt(now);
        if (rule.When is { } hours && end is null)
        {
            failed.Add(new("when", now.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm'Z'", CultureInfo.InvariantCulture), hours.ToString(),
                $"it is outside {hours}", ErrorCode.Denied, $"the rule applies {hours}"));
        }

        Terms(rule, terms, failed);
        return new(rule, zone, end, failed);
    }

    /// <summary>What the denial forbids of the plan, or null where it does not apply.</summary>
    public static DenialFinding? Of(
        Denial denial, ZoneCover cover, Plan plan, FacetValues values)
    {
        if (denial.Tools is { } tools && !tools.ContainsKey(plan.Tool))
            return null;
        string[] held = [];
        if (denial.Zones is { } zones)
        {
            var touched = cover.Touched.Where(zone => zones.Contains(zone.Zone.Name)).ToArray();
            held = [.. touched.Select(zone => zone.Zone.Name)];
            // A bound on targets counts those in the denial's own zones, all of them together.
            values = values.ForTargets(plan.Targets.Intersect(AddressSet.Of(touched.SelectMany(zone => zone.Addresses.Ranges))).Count);
        }

        FailedCondition[] matched = denial.Tools?.GetValueOrDefault(plan.Tool) is { Any: false } named
            ? [.. named.Forbidden(values).Select(found => new FailedCondition(found.Facet.Name, found.Gap.Asked, found.Gap.Allowed, found.Gap.Reason, ErrorCode.Denied, null))]
            : [new("tools", plan.Tool, "", $"{plan.Tool} is forbidden", ErrorCode.Denied, null)];
        return matched.Length == 0 ? null : new(denial.Id, held, matched);
    }

    private static string? Way(FacetDefinition facet, FacetGap gap) =>
        gap.Allowed.Length == 0 ? null : facet.Kind == FacetKind.AtMost ? $"at most {gap.Allowed} is opened" : $"opened are: {gap.Allowed}";

    private static void Terms(Rule rule, AskedTerms terms, List<FailedCondition> failed)
    {
        if (terms.Duration is { } duration && (duration <= TimeSpan.Zero || duration > rule.MaxDuration))
        {
            var most = Duration.Format(rule.MaxDuration);
            failed.Add(new("max-duration", Duration.Format(duration), most,
                duration <= TimeSpan.Zero ? "a duration must be more than nothing" : $"{Duration.Format(duration)} is longer than {most}",
                ErrorCode.DurationTooLong, $"ask for at most {most}"));
        }

        if (terms.Uses is { } uses && (uses < 1 || uses > rule.MaxUses))
        {
            failed.Add(new("max-uses", Text($"{uses}"), Text($"{rule.MaxUses}"),
                uses < 1 ? "at least one use must be asked" : Text($"{uses} uses are more than {rule.MaxUses}"),
                ErrorCode.TooManyUses, Text($"ask for at most {rule.MaxUses}")));
        }

        if (rule.RequireReason && string.IsNullOrWhiteSpace(terms.Reason))
            failed.Add(new("require", "", "reason", "a reason is required", ErrorCode.ReasonRequired, "say why with --reason"));
        if (rule.RequireTicket && string.IsNullOrWhiteSpace(terms.Ticket))
            failed.Add(new("require", "", "ticket", "a ticket is required", ErrorCode.ReasonRequired, "name it with --ticket"));
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}

/// <summary>How a rule answers for a zone.</summary>
/// <param name="Rule">The rule.</param>
/// <param name="Zone">The zone.</param>
/// <param name="End">The end of the rule's hours, or null where it has none or is outside them.</param>
/// <param name="Failed">What is in the way; none when the rule opens the zone.</param>
internal sealed record Opening(Rule Rule, string Zone, DateTimeOffset? End, IReadOnlyList<FailedCondition> Failed)
{
    /// <summary>How permissive it is, the most permissive first.</summary>
    public (int, int, int, int, int) Rank => (
        Rule.Approval.Count == 0 ? 0 : 1, Rule.Approval.Sum(term => term.Count), Rule.Approval.Where(term => term.WithPasskey).Sum(term => term.Count),
        Rule.KnownGood is null ? 1 : 0, Rule.Order);

    /// <summary>How far it is from opening the zone: what fails by its terms only comes before what fails by the plan.</summary>
    public (int, int) Distance => (Failed.Any(failed => failed.Code == ErrorCode.Denied) ? 1 : 0, Failed.Count);
}
