using Writ.Core.Policy;

namespace Writ.Core.Notices;

/// <summary>
/// In which order those are told who may decide. It says when, and never who: whoever may decide may do so at once, told or not.
/// </summary>
public static class Escalation
{
    /// <summary>
    /// How long after a request was asked it is the turn of somebody with these roles; the earliest over all needs, and null where no need
    /// asks for a role of theirs. A role in which nobody can be told is passed over, so that nobody waits for it.
    /// </summary>
    /// <param name="needs">The approvals that the request asks for.</param>
    /// <param name="roles">The person's roles.</param>
    /// <param name="reachable">The roles in which somebody can be told.</param>
    public static TimeSpan? After(IReadOnlyList<ApprovalNeed> needs, IReadOnlyCollection<string> roles, IReadOnlySet<string> reachable)
    {
        TimeSpan? earliest = null;
        foreach (var need in needs)
        {
            if (!need.From.Any(roles.Contains))
                continue;
            var turn = need.From.Where(reachable.Contains).TakeWhile(role => !roles.Contains(role)).Count();
            var after = (need.EscalateAfter ?? TimeSpan.Zero) * turn;
            if (earliest is null || after < earliest)
                earliest = after;
        }

        return earliest;
    }
}
