using Writ.Core.Policy;

namespace Writ.Core.Decisions;

/// <summary>
/// Whether enough people said yes. Zones compose with AND: each zone's needs are met on their own, and one person with
/// the roles counts in several zones. Within one zone a person counts once, also where a rule asks for approvals of two
/// kinds of roles: that is how a rule asks for four eyes.
/// <para>It says nothing about <em>who may</em>: a request's own people are taken out of the approvers by the caller.</para>
/// </summary>
public static class Quorum
{
    /// <summary>True when every need is met. No needs are met by nobody.</summary>
    public static bool IsMet(IReadOnlyList<ApprovalNeed> needs, IReadOnlyList<Decider> approvers) =>
        needs.All(need => need.Count >= 1) && Unfilled(needs, approvers).All(open => open.Missing == 0);

    /// <summary>True when the person has a role that some need asks for; whether by a passkey is another matter.</summary>
    public static bool MayDecide(IReadOnlyList<ApprovalNeed> needs, Decider decider) =>
        needs.Any(need => HasRole(need, decider));

    /// <summary>True when a yes of this person would count for nothing without a passkey.</summary>
    public static bool NeedsPasskey(IReadOnlyList<ApprovalNeed> needs, Decider decider) =>
        needs.Where(need => HasRole(need, decider)) is var theirs && theirs.Any() && theirs.All(need => need.WithPasskey);

    /// <summary>True when a yes that this person gives in a chat counts for each need that asks for a role of theirs.</summary>
    public static bool TakesChat(IReadOnlyList<ApprovalNeed> needs, Decider decider) =>
        needs.Where(need => HasRole(need, decider)) is var theirs && theirs.Any() && theirs.All(need => need.ByChat);

    /// <summary>What is still missing, one text a need: <c>1 more of security-engineer for zone staging</c>.</summary>
    public static IReadOnlyList<string> Missing(IReadOnlyList<ApprovalNeed> needs, IReadOnlyList<Decider> approvers) =>
    [
        .. Unfilled(needs, approvers).Where(open => open.Missing > 0)
            .Select(open => $"{open.Missing} more of {string.Join(" or ", open.Need.From)}{(open.Need.WithPasskey ? " by passkey" : "")} for zone {open.Need.Zone}"),
    ];

    /// <summary>True when a yes of this person, as they gave it, fills a place of the need.</summary>
    public static bool Counts(ApprovalNeed need, Decider decider) => HasRole(need, decider) && (decider.WithPasskey || !need.WithPasskey) && (need.ByChat || !decider.ByChat);

    private static bool HasRole(ApprovalNeed need, Decider decider) => need.From.Any(decider.Roles.Contains);

    private static IEnumerable<(ApprovalNeed Need, int Missing)> Unfilled(IReadOnlyList<ApprovalNeed> needs, IReadOnlyList<Decider> approvers)
    {
        // The same person twice is one person, with all the roles named.
        Decider[] people = [.. approvers.GroupBy(approver => approver.Person)
            .Select(group => new Decider(group.Key, [.. group.SelectMany(approver => approver.Roles).Distinct()], group.Any(approver => approver.WithPasskey), group.All(approver => approver.ByChat)))];
        return needs.GroupBy(need => need.Zone, StringComparer.Ordinal).SelectMany(zone => Assign([.. zone], people));
    }

    /// <summary>
    /// A largest matching of people to the places of one zone's needs (augmenting paths), so that somebody with two
    /// roles fills the place where they are needed, whatever the order of the approvals.
    /// </summary>
    private static IEnumerable<(ApprovalNeed Need, int Missing)> Assign(ApprovalNeed[] needs, Decider[] people)
    {
        var takers = needs.Select(_ => new List<int>()).ToArray();
        for (var person = 0; person < people.Length; person++)
            Place(person, new bool[needs.Length]);
        return needs.Select((need, index) => (need, need.Count - takers[index].Count));

        bool Place(int person, bool[] tried)
        {
            for (var index = 0; index < needs.Length; index++)
            {
                if (tried[index] || !Counts(needs[index], people[person]))
                    continue;
                tried[index] = true;
                if (takers[index].Count < needs[index].Count)
                {
                    takers[index].Add(person);
                    return true;
                }

                for (var place = 0; place < takers[index].Count; place++)
                {
                    if (!Place(takers[index][place], tried))
                        continue;
                    takers[index][place] = person;
                    return true;
                }
            }

            return false;
        }
    }
}
