namespace Writ.Core.Policy;

/// <summary>What must be the same for an earlier approval to stand for one of today.</summary>
public enum Sameness
{
    /// <summary>Not said; nothing is the same then.</summary>
    None,
    /// <summary>The plan: the command as it is executed, its addresses, files and limits, the tool and the runner.</summary>
    Plan,
    /// <summary>The template in the same version, with whatever values it takes.</summary>
    Template,
}

/// <summary>What people approved before is approved by the rule alone for a while.</summary>
/// <param name="Same">What must be the same.</param>
/// <param name="Within">How long after the people's decision, more than nothing.</param>
public sealed record KnownGoodTerm(Sameness Same, TimeSpan Within);

/// <summary>
/// What all rules that ask for approvals take for a yes: one earlier request that is the same in every way that one of them asks for, within the
/// shortest of their times.
/// </summary>
/// <param name="Rules">The rules, in the order of the needs.</param>
/// <param name="SamePlan">Whether the plan must be the same.</param>
/// <param name="SameTemplate">Whether the template must be.</param>
/// <param name="Within">How long ago people decided at most.</param>
public sealed record KnownGood(IReadOnlyList<string> Rules, bool SamePlan, bool SameTemplate, TimeSpan Within)
{
    /// <summary>
    /// What would do in the place of the approvals; null where none are asked for, and where one of the rules takes nothing but people's word of
    /// today.
    /// </summary>
    public static KnownGood? For(Evaluation found)
    {
        if (found.Verdict != Verdict.RequireApproval || found.Approvals.Count == 0)
            return null;
        KnownGoodTerm[] terms = [.. found.Approvals.Select(need => need.KnownGood).OfType<KnownGoodTerm>().Where(term => term.Same != Sameness.None)];
        return terms.Length < found.Approvals.Count || found.Approvals.Any(need => need.WithPasskey) ? null : new(
            [.. found.Approvals.Select(need => need.Rule).Distinct(StringComparer.Ordinal)],
            terms.Any(term => term.Same == Sameness.Plan), terms.Any(term => term.Same == Sameness.Template), terms.Min(term => term.Within));
    }

    /// <summary>The rules as a sentence names them: <c>rule x</c>, <c>rules x and y</c>.</summary>
    public string Named => Rules.Count == 1 ? $"rule {Rules[0]}" : $"rules {string.Join(" and ", Rules)}";

    /// <summary>What must be the same, in words.</summary>
    public string Same => SamePlan && SameTemplate ? "plan and template" : SamePlan ? "plan" : "template";
}
