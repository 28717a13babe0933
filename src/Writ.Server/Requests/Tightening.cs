using Microsoft.EntityFrameworkCore;
using Writ.Core;
using Writ.Core.Audit;
using Writ.Core.Policy;
using Writ.Proof.Errors;
using Writ.Proof.Identity;
using Writ.Server.Grants;
using Writ.Server.Series;
using Writ.Server.Storage;

namespace Writ.Server.Requests;

/// <summary>
/// What is no longer allowed ends: after a new policy, and after somebody's groups changed. Pending requests are asked again
/// and get a new revision where the answer is another one; active grants that are denied now, or for which more approvals are
/// asked than they have, are revoked. What was not allowed before either (outside the hours of its rule) is left to wait.
/// </summary>
internal sealed class Tightening(Reevaluation reevaluation, ReviseRequest revise)
{
    /// <summary>Asks pending requests again; those that changed are added to <paramref name="asked"/>.</summary>
    /// <param name="pending">Which of them.</param>
    /// <param name="deniedBefore">Whether the answer was no before as well, at an instant.</param>
    /// <param name="why">What ends those that are denied now.</param>
    public async Task AskAgain(
        WriteScope scope, PolicyDocument policy, IQueryable<RequestRow> pending, Func<RequestRow, DateTimeOffset, Task<bool>> deniedBefore, string why, List<RequestId> asked)
    {
        foreach (var request in await pending.AsNoTracking().Where(row => row.State == RequestState.Pending).ToListAsync())
        {
            var at = request.Series is null ? Later(scope.Now, request.Start) : SeriesTerms.When(request, scope.Now);
            var found = await reevaluation.OfRequest(scope.Db, policy, request, at);
            if (found.Verdict == Verdict.Deny && await deniedBefore(request, at))
                continue;
            if (found.Verdict == Verdict.Deny)
                await RequestEnding.End(scope, request, RequestEvent.Deny, AuditActor.System, $"{why}: {found.Reasons[0]}");
            else
                await revise.IfAnsweredOtherwise(scope, request, policy, found);
            asked.Add(request.Id);
        }
    }

    /// <summary>Revokes grants that are no longer allowed; they are added to <paramref name="revoked"/>.</summary>
    /// <param name="grants">Which of them.</param>
    /// <param name="allowedBefore">Whether the grant was allowed before, at an instant.</param>
    /// <param name="why">What ends those that are not allowed now.</param>
    public async Task Revoke(
        WriteScope scope, PolicyDocument policy, IQueryable<GrantRow> grants, Func<RequestRow, DateTimeOffset, Task<bool>> allowedBefore, string why, List<GrantId> revoked)
    {
        // All are looked at before one of them ends: what is known good rests on what ends here too.
        var ends = new List<(GrantRow Grant, Refusal Why)>();
        foreach (var (grant, request, at) in await Open(scope, grants))
        {
            var found = await reevaluation.OfGrant(scope.Db, policy, request, at);
            if (!found.IsOk && await allowedBefore(request, at))
                ends.Add((grant, found.Refusal));
        }

        foreach (var (grant, refusal) in ends)
        {
            if (await GrantEnding.End(scope, grant, GrantEvent.Revoke, AuditActor.System, $"{why}: {refusal.Reasons?[0] ?? refusal.Message}"))
                revoked.Add(grant.Id);
        }
    }

    /// <summary>Those that can be used still, with their requests and the first instant at which they can be.</summary>
    public static async Task<IReadOnlyList<(GrantRow Grant, RequestRow Request, DateTimeOffset At)>> Open(WriteScope scope, IQueryable<GrantRow> grants)
    {
        var revocable = AccessLifecycle.Grants.From(GrantEvent.Revoke);
        var open = await (
            from grant in grants.AsNoTracking()
            join request in scope.Db.Requests.AsNoTracking() on grant.RequestId equals request.Id
            where revocable.Contains(grant.State) && grant.NotAfter > scope.Now
            select new { grant, request }).ToListAsync();
        return [.. open.Select(item => (item.grant, item.request, Later(scope.Now, item.grant.NotBefore)))];
    }

    public static DateTimeOffset Later(DateTimeOffset now, DateTimeOffset? start) => start > now ? start.Value : now;
}
