using Microsoft.EntityFrameworkCore;
using Writ.Core;
using Writ.Core.Audit;
using Writ.Server.Extensions;
using Writ.Server.Storage;

namespace Writ.Server.Grants;

/// <summary>Ends a grant: expired or revoked; guarded by the table of transitions. Exhausted is the last use's doing.</summary>
internal static class GrantEnding
{
    /// <summary>False when another end came first.</summary>
    public static async Task<bool> End(WriteScope scope, GrantRow grant, GrantEvent how, AuditActor by, string reason, string? source = null)
    {
        var from = AccessLifecycle.Grants.From(how);
        var to = AccessLifecycle.Grants.To(how);
        // Before the grant itself: whoever decides on more time takes both in this order.
        if (how == GrantEvent.Revoke && await scope.Db.Grants.AnyAsync(row => row.Id == grant.Id && from.Contains(row.State)))
            await ExtensionEnding.Revoked(scope, grant.Id);
        var changed = await scope.Db.Grants.Where(row => row.Id == grant.Id && from.Contains(row.State))
            .ExecuteUpdateAsync(set => set
                .SetProperty(row => row.State, to)
                .SetProperty(row => row.EndReason, reason)
                .SetProperty(row => row.EndedAt, scope.Now));
        if (changed == 0)
            return false;
        scope.Record(new(AuditType.GrantEnded, by, grant.RequestId, new()
        {
            ["grant"] = grant.Id.ToString(), ["state"] = GrantViews.State(to), ["reason"] = reason,
        }, source));
        return true;
    }
}
