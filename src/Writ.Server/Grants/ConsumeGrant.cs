using Microsoft.EntityFrameworkCore;
using Writ.Core;
using Writ.Core.Audit;
using Writ.Core.Grants;
using Writ.Proof.Identity;
using Writ.Server.Storage;

namespace Writ.Server.Grants;

/// <summary>
/// Takes one use of a grant by one guarded update: of any number of takers at once, as many succeed as there are uses.
/// The caller's transaction carries it.
/// </summary>
internal static class ConsumeGrant
{
    /// <summary>The outcome, and with <see cref="ConsumeOutcome.Consumed"/> the use's number, from 1.</summary>
    public static async Task<(ConsumeOutcome Outcome, int UseNumber)> Take(WriteScope scope, GrantId id, AuditActor by, string? source)
    {
        var from = AccessLifecycle.Grants.From(GrantEvent.Consume);
        var active = AccessLifecycle.Grants.To(GrantEvent.Consume);
        var exhausted = AccessLifecycle.Grants.To(GrantEvent.ConsumeLast);
        var changed = await scope.Db.Grants
            .Where(row => row.Id == id && from.Contains(row.State) && row.UsesLeft > 0 && row.NotBefore <= scope.Now && row.NotAfter > scope.Now)
            .ExecuteUpdateAsync(set => set
                .SetProperty(row => row.State, row => row.UsesLeft == 1 ? exhausted : active)
                .SetProperty(row => row.EndReason, row => row.UsesLeft == 1 ? "every use was taken" : row.EndReason)
                .SetProperty(row => row.EndedAt, row => row.UsesLeft == 1 ? scope.Now : row.EndedAt)
                .SetProperty(row => row.UsesLeft, row => row.UsesLeft - 1));
        var grant = await scope.Db.Grants.AsNoTracking().SingleOrDefaultAsync(row => row.Id == id);
        if (changed == 0)
            return (Why(grant, scope.Now), 0);

        var use = grant!.UsesGranted - grant.UsesLeft;
        scope.Record(new(AuditType.GrantConsumed, by, grant.RequestId, new()
        {
            ["grant"] = id.ToString(), ["use"] = use, ["uses_left"] = grant.UsesLeft,
        }, source));
        if (grant.State == exhausted)
        {
            scope.Record(new(AuditType.GrantEnded, AuditActor.System, grant.RequestId, new()
            {
                ["grant"] = id.ToString(), ["state"] = GrantViews.State(exhausted), ["reason"] = grant.EndReason,
            }));
        }

        return (ConsumeOutcome.Consumed, use);
    }

    private static ConsumeOutcome Why(GrantRow? grant, DateTimeOffset now) => grant switch
    {
        null => ConsumeOutcome.None,
        { State: GrantState.Revoked } => ConsumeOutcome.Revoked,
        { State: GrantState.Exhausted } => ConsumeOutcome.Exhausted,
        { State: GrantState.Expired } => ConsumeOutcome.Expired,
        _ when grant.NotAfter <= now => ConsumeOutcome.Expired,
        _ when grant.NotBefore > now => ConsumeOutcome.NotYet,
        _ => ConsumeOutcome.Exhausted,
    };
}
