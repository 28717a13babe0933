using System.Globalization;
using Writ.Core.Tools;
using Writ.Core.Zones;
using Writ.Proof.Addresses;

namespace Writ.Core.Policy;

/// <summary>The command nearest to a denied one that policy does not deny.</summary>
/// <param name="Command">The argv as somebody could have typed it; the same as the denied one where only the terms differ.</param>
/// <param name="Plan">What it means.</param>
/// <param name="Evaluation">What policy says of it; never a denial.</param>
/// <param name="Terms">The terms that go with it; where <see cref="Needs"/> names reason or ticket, they are to be supplied.</param>
/// <param name="Needs"><c>reason</c> and <c>ticket</c>, where they are required and were not given.</param>
/// <param name="Changes">What differs from the denied one, one line each.</param>
public sealed record NearestCommand(
    IReadOnlyList<string> Command, Plan Plan, Evaluation Evaluation, AskedTerms Terms, IReadOnlyList<string> Needs, IReadOnlyList<string> Changes)
{
    /// <summary>So many ways to open some zones and leave out others are tried at most.</summary>
    private const int MostWays = 64;

    /// <summary>How often denials may turn up that the narrowed command runs into.</summary>
    private const int MostRounds = 4;

    /// <summary>
    /// Finds it, or null where there is none. The steps are:
    /// <list type="number">
    /// <item>For each touched zone, the rules that could open it now, each with the facets that are too much for it; or the
    /// zone is left out with its targets.</item>
    /// <item>Choose a way for every zone; the way that changes the fewest facets is tried first.</item>
    /// <item>Let the tool narrow the command to what the chosen rules open together and the denials leave.</item>
    /// <item>Plan and evaluate the answer. What is denied is no answer; what changes fewest facets is taken.</item>
    /// </list>
    /// </summary>
    /// <param name="policy">The policy in force.</param>
    /// <param name="subject">Who asks.</param>
    /// <param name="command">The denied argv.</param>
    /// <param name="context">All that gave it its meaning.</param>
    /// <param name="terms">The terms that were asked for.</param>
    /// <param name="now">The moment at which hours are looked at.</param>
    public static NearestCommand? Find(
        PolicyDocument policy, Subject subject, IReadOnlyList<string> command, PlanContext context, AskedTerms terms, DateTimeOffset now)
    {
        // Who uses a template cannot use what it would have to be instead.
        if (terms.Template is not null || command.Count == 0 || policy.Tools.Find(command[0]) is not { } tool || tool.Plan(command, context) is not { IsOk: true, Value: var plan })
            return null;
        return new NearestSearch(policy, subject, tool, command, context, plan, terms, now).Best(MostWays, MostRounds);
    }

    /// <summary>How many facets differ between two plans of a tool; the targets count as one.</summary>
    public static int Distance(ITool tool, Plan from, Plan to) =>
        (from.Targets.Equals(to.Targets) ? 0 : 1)
        + tool.Facets.Count(facet => !facet.CountsTargets && Difference(facet, Of(from, facet), Of(to, facet)) is not null);

    /// <summary>What differs between two plans, one line each.</summary>
    internal static IEnumerable<string> Differences(ITool tool, Plan from, Plan to)
    {
        if (!from.Targets.Equals(to.Targets))
            yield return $"targets: {Some(to.Targets)}";
        foreach (var facet in tool.Facets.Where(facet => !facet.CountsTargets))
        {
            if (Difference(facet, Of(from, facet), Of(to, facet)) is { } text)
                yield return text;
        }
    }

    private static FacetValue? Of(Plan plan, FacetDefinition facet) => plan.Facets.FirstOrDefault(value => value.Facet == facet.Name);

    private static string? Difference(FacetDefinition facet, FacetValue? from, FacetValue? to) => (from, to) switch
    {
        (FacetWords before, FacetWords after) => Sets(facet, before.Words, after.Words),
        (FacetItems before, FacetItems after) => Sets(facet, Named(before), Named(after)),
        (FacetPorts before, FacetPorts after) => before.Ports.Equals(after.Ports) ? null
            : after.Ports.IsEmpty ? $"without {facet.Name}" : $"{facet.Name}: {after.Ports}",
        (FacetNumber before, FacetNumber after) => before.Number == after.Number ? null
            : string.Create(CultureInfo.InvariantCulture, $"{facet.Noun}: {after.Number:0.###}"),
        _ => $"{facet.Name} differ",
    };

    /// <summary>What comes along with something else is no difference of its own.</summary>
    private static IReadOnlyList<string> Named(FacetItems items) => [.. items.Items.Where(item => !item.Implied).Select(item => item.Name)];

    private static string? Sets(FacetDefinition facet, IReadOnlyList<string> before, IReadOnlyList<string> after)
    {
        string[] gone = [.. before.Except(after, StringComparer.Ordinal)], come = [.. after.Except(before, StringComparer.Ordinal)];
        string[] parts =
        [
            .. gone.Length > 0 ? [$"without {facet.Noun} {Few(gone)}"] : Array.Empty<string>(),
            .. come.Length > 0 ? [$"with {facet.Noun} {Few(come)}"] : Array.Empty<string>(),
        ];
        return parts.Length == 0 ? null : string.Join(", ", parts);
    }

    private static string Few(string[] names) => names.Length <= 8
        ? string.Join(", ", names) : string.Create(CultureInfo.InvariantCulture, $"{string.Join(", ", names.Take(8))} and {names.Length - 8} more");

    private static string Some(AddressSet addresses) => Few(addresses.ToTexts());
}
