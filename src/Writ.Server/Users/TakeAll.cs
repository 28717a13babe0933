using Microsoft.EntityFrameworkCore;
using Writ.Contracts.Identity;
using Writ.Core;
using Writ.Core.Audit;
using Writ.Proof.Identity;
using Writ.Server.Grants;
using Writ.Server.Identity;
using Writ.Server.Policy;
using Writ.Server.Requests;
using Writ.Server.Runs;
using Writ.Server.Series;
using Writ.Server.Storage;

namespace Writ.Server.Users;

/// <summary>
/// Takes from an actor everything that they are signed in by and all that they hold: sign-ins, pending requests, grants, and
/// live runs, also those of a workload that acted on their behalf. It happens even when the database cannot be written: the
/// runs are ended, nothing more is done for them from that moment on, and the record follows as soon as it can.
/// </summary>
internal sealed class TakeAll(Database database, Takings takings, RunEnding ending, PolicyInForce policies, Changes changes, TimeProvider time)
{
    /// <param name="actor">Of whom.</param>
    /// <param name="alongside">What else the same transaction does and records.</param>
    /// <param name="why">What ended it, in words.</param>
    /// <param name="by">Who took it.</param>
    /// <param name="source">Where from.</param>
    public async Task<UserEndView> From(ActorId actor, Func<WriteScope, Task> alongside, string why, AuditActor by, string? source)
    {
        // 1. The right goes, in one transaction. Whoever gives or uses one holds the policy meanwhile: they are before this,
        //    and what they gave is taken here, or after it, and find the actor gone.
        var began = time.GetTimestamp();
        var grants = new List<GrantId>();
        var requests = new List<RequestId>();
        var journalled = await takings.Bar(actor, async scope =>
        {
            grants.Clear();
            requests.Clear();
            await scope.TakePolicy();
            await alongside(scope);
            await EndSignIns.Of(scope, actor);
            foreach (var (grant, _, _) in await Tightening.Open(scope, Of(scope.Db, actor)))
            {
                if (await GrantEnding.End(scope, grant, GrantEvent.Revoke, by, why, source))
                    grants.Add(grant.Id);
            }

            foreach (var series in await scope.Db.Series.AsNoTracking().Where(row => row.ActorId == actor || row.OwnerId == actor).ToListAsync())
                await SeriesEnding.End(scope, series, by, why, source);
            foreach (var request in await scope.Db.Requests.AsNoTracking().Where(row => (row.ActorId == actor || row.OnBehalfOf == actor) && row.State == RequestState.Pending).ToListAsync())
            {
                if (await RequestEnding.End(scope, request, RequestEvent.Cancel, by, why, source))
                    requests.Add(request.Id);
            }
        });
        requests.ForEach(request => changes.Happened(request.ToString()));

        // 2. What runs, ends. Read after the right is gone: a use that was taken meanwhile is among them.
        List<RunRow> live;
        await using (var db = database.Open())
            live = await LiveOf(db, actor).ToListAsync();
        var ended = await ending.End(live, RunEndCause.Revoked, why, by, source);
        await using (var db = database.Open())
        {
            var row = await db.Actors.AsNoTracking().SingleAsync(row => row.Id == actor);
            return new((await ShowUsers.Views(db, policies, [row]))[0], [.. grants.Select(grant => grant.ToString())], [.. requests.Select(request => request.ToString())],
                ended with { Journalled = ended.Journalled && journalled, LatencyMilliseconds = time.GetElapsedTime(began).TotalMilliseconds });
        }
    }

    private static IQueryable<GrantRow> Of(WritDb db, ActorId actor) =>
        db.Grants.Where(grant => grant.ActorId == actor || db.Requests.Any(request => request.Id == grant.RequestId && request.OnBehalfOf == actor));

    private static IQueryable<RunRow> LiveOf(WritDb db, ActorId actor) =>
        db.Runs.AsNoTracking().Where(run => RunStates.Live.Contains(run.State)
            && (run.ActorId == actor || db.Requests.Any(request => request.Id == run.RequestId && request.OnBehalfOf == actor)));
}
