using Writ.Core.Policy;
using Writ.Proof.Errors;

namespace Writ.Server.Policy;

/// <summary>
/// Templates and definitions of tools that are in force and are not in a policy. Whoever applies one may not know of them: a template may have been applied
/// alone, or by somebody else. So they go out of force by an express word, and never since a file was not there.
/// </summary>
internal static class Withdrawal
{
    /// <summary>What goes out of force with it, in words.</summary>
    public static IReadOnlyList<string> By(PolicyDocument? old, PolicyDocument policy) => old is null ? [] :
    [
        .. old.Templates.Keys.Where(name => !policy.Templates.ContainsKey(name)).Order(StringComparer.Ordinal).Select(name => $"template {name}"),
        .. old.Definitions.Select(definition => definition.Name).Where(name => policy.Definitions.All(other => other.Name != name)).Order(StringComparer.Ordinal).Select(name => $"definition of tool {name}"),
    ];

    /// <summary>The refusal of a policy that would take them out of force, and nobody said so; null where none is concerned.</summary>
    public static Refusal? Unsaid(IReadOnlyList<string> gone) => gone.Count == 0 ? null
        : new(ErrorCode.WouldWithdraw, $"the policy has no {gone[0]}{(gone.Count == 1 ? "" : $" and {gone.Count - 1} more")} and would take {(gone.Count == 1 ? "it" : "them")} out of force; the one in force stays",
            "put the files into its folder (writ templates show, writ tools show), or say that they go: --withdraw", gone);
}
