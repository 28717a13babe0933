using Writ.Core.Tools;
using Writ.Proof.Addresses;
using Writ.Proof.Errors;
using Writ.Server.Requests;
using Writ.Server.Runners;
using Writ.Server.Storage;

namespace Writ.Server.Runs;

/// <summary>
/// Asks again, before a use is taken, which addresses the names of a command have. The run talks to those that were approved,
/// whatever the answer; but a name that means another host by now is not what was approved any more.
/// </summary>
internal sealed class NameCheck(INameResolver names)
{
    /// <summary>
    /// The refusal where a name has changed, or null. It has not while every address that the run would use is still among its
    /// own, nor while all its addresses lie among the approved targets. A name that is excluded must have exactly the addresses
    /// that it had: another one would now be scanned.
    /// </summary>
    public async Task<Refusal?> Changed(RequestRow request, Plan plan, CommandNeeds needs)
    {
        if (needs.Names.Count == 0)
            return null;
        var resolved = await names.Resolve(request.RunnerId, needs.Names, needs.V6, CancellationToken.None);
        if (!resolved.IsOk)
            return resolved.Refusal;
        var before = Reevaluation.NamesOf(request);
        foreach (var name in needs.Names)
        {
            var now = resolved.Value[name];
            var pinned = plan.Names.FirstOrDefault(pin => pin.Name == name);
            var same = pinned is null
                ? before[name].ToHashSet().SetEquals(now)
                : now.Count > 0 && (pinned.Addresses.All(now.Contains) || now.All(plan.Targets.Contains));
            if (!same)
                return new(ErrorCode.NameChanged, $"{name} has {Text(now)} now, and {Text(before[name])} when it was approved", "ask again: it means another host now");
        }

        return null;
    }

    private static string Text(IReadOnlyList<Address> addresses) => addresses.Count == 0 ? "no address" : string.Join(", ", addresses);
}
