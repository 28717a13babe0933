using Microsoft.EntityFrameworkCore;
using Writ.Core;
using Writ.Core.Audit;
using Writ.Server.Storage;

namespace Writ.Server.Requests;

/// <summary>Ends a request without a grant: denied, cancelled or expired; guarded by the table of transitions.</summary>
internal static class RequestEnding
{
    /// <summary>False when another end, or an approval, came first.</summary>
    public static async Task<bool> End(WriteScope scope, RequestRow request, RequestEvent how, AuditActor by, string reason, string? source = null)
    {
        var from = AccessLifecycle.Requests.From(how);
        var to = AccessLifecycle.Requests.To(how);
        var changed = await scope.Db.Requests.Where(row => row.Id == request.Id && from.Contains(row.State))
            .ExecuteUpdateAsync(set => set
                .SetProperty(row => row.State, to)
                .SetProperty(row => row.EndReason, reason)
                .SetProperty(row => row.EndedAt, scope.Now));
        if (changed == 0)
            return false;
        scope.Record(new(AuditType.RequestEnded, by, request.Id,
            new() { ["request"] = request.Id.ToString(), ["state"] = RequestViews.State(to), ["reason"] = reason }, source));
        return true;
    }
}
