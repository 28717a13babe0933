using Writ.Proof.Addresses;

namespace Writ.Core.Policy;

/// <summary>What the policy says of the part of a plan that lies in one zone.</summary>
/// <param name="Zone">The zone.</param>
/// <param name="Addresses">Those of the plan's addresses that it holds.</param>
/// <param name="Verdict">The zone's own answer; denials are not counted in.</param>
/// <param name="By">The rule that carries it, or null where none does.</param>
/// <param name="Rules">
/// The rules that open the zone to this subject for this tool, nearest first, at most <see cref="Most"/>: those without a
/// failed condition match.
/// </param>
/// <param name="More">How many further rules were looked at.</param>
public sealed record ZoneFinding(string Zone, AddressSet Addresses, Verdict Verdict, string? By, IReadOnlyList<RuleFinding> Rules, int More)
{
    /// <summary>The most rules that are listed for one zone.</summary>
    public const int Most = 20;
}

/// <summary>How one rule answers.</summary>
/// <param name="Rule">Its id.</param>
/// <param name="Failed">What of it is not met; none when it matches.</param>
public sealed record RuleFinding(string Rule, IReadOnlyList<FailedCondition> Failed);

/// <summary>A denial that applies.</summary>
/// <param name="Denial">Its id.</param>
/// <param name="Zones">Those of the plan's zones in which it holds; empty where it holds everywhere.</param>
/// <param name="Matched">What of the plan it forbids.</param>
public sealed record DenialFinding(string Denial, IReadOnlyList<string> Zones, IReadOnlyList<FailedCondition> Matched);

/// <summary>One condition that stands in the way.</summary>
/// <param name="Facet">
/// The key of the policy file that sets it: a facet of the tool, <c>max-duration</c>, <c>max-uses</c>, <c>require</c> or
/// <c>when</c>, <c>protections</c>; <c>tools</c> where a denial forbids the tool.
/// </param>
/// <param name="Asked">What of the asked is too much.</param>
/// <param name="Allowed">What would be allowed; empty where nothing would.</param>
/// <param name="Reason">Both in a sentence.</param>
/// <param name="Code">One of <see cref="Writ.Proof.Errors.ErrorCode"/>.</param>
/// <param name="Hint">The way on, or null.</param>
public sealed record FailedCondition(string Facet, string Asked, string Allowed, string Reason, string Code, string? Hint);
