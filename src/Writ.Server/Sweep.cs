using System.Data.Common;
using Microsoft.EntityFrameworkCore;
using Writ.Core;
using Writ.Core.Audit;
using Writ.Proof.Errors;
using Writ.Server.Audit;
using Writ.Server.Extensions;
using Writ.Server.Grants;
using Writ.Server.Requests;
using Writ.Server.Runners;
using Writ.Server.Runs;
using Writ.Server.Storage;

namespace Writ.Server;

/// <summary>
/// Step 9 of the lifecycle, and the server's own hand on every deadline: once a second it ends what time has ended. Each
/// end is a guarded update, so any number of servers may sweep.
/// </summary>
internal sealed class Sweep(
    Database database, WriteTransaction writes, RunEnding ending, RunTransitions transitions, AttachedClients clients, RunnerHub hub,
    Takings takings, RefusedAttempts refused, EvidenceViews views, Changes changes, TimeProvider time, ILogger<Sweep> log) : BackgroundService
{
    private const int Batch = 500;
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(1);

    /// <summary>How long after its deadline a run is waited for whose runner says nothing.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(60);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Every, time);
        while (await Next(timer, stoppingToken))
        {
            try
            {
                await Once(stoppingToken);
            }
            catch (Exception failed) when (failed is DbException or DbUpdateException or InvalidOperationException or IOException)
            {
                log.LogError(failed, "a sweep failed; the next one tries again");
            }
        }
    }

    /// <summary>One sweep.</summary>
    public async Task Once(CancellationToken cancel)
    {
        await takings.WriteWaiting();
        await refused.CloseWindows();
        await views.CloseWindows();
        await ExpireRequests(cancel);
        await ExpireGrants(cancel);
        await EndRuns(cancel);
    }

    private async Task ExpireRequests(CancellationToken cancel)
    {
        await using var db = database.Open();
        var now = time.GetUtcNow();
        foreach (var row in await db.Requests.AsNoTracking().Where(row => row.State == RequestState.Pending && row.ExpiresAt <= now).Take(Batch).ToListAsync(cancel))
        {
            await writes.Commit<bool>(async scope => await RequestEnding.End(scope, row, RequestEvent.Expire, AuditActor.System, row.Extends is null ? "nobody decided in time" : "nobody decided before the run's deadline")
                ? true
                : new Refusal(ErrorCode.WrongState, "it had ended"));
            changes.Happened(row.Id.ToString());
        }
    }

    private async Task ExpireGrants(CancellationToken cancel)
    {
        await using var db = database.Open();
        var now = time.GetUtcNow();
        foreach (var row in await db.Grants.AsNoTracking().Where(row => row.State == GrantState.Active && row.NotAfter <= now).Take(Batch).ToListAsync(cancel))
            await writes.Commit<bool>(async scope => await GrantEnding.End(scope, row, GrantEvent.Expire, AuditActor.System, "its time is over")
                ? true
                : new Refusal(ErrorCode.WrongState, "it had ended"));
    }

    private async Task EndRuns(CancellationToken cancel)
    {
        await using var db = database.Open();
        var now = time.GetUtcNow();
        var held = clients.Held;
        if (held.Length > 0)
        {
            await writes.Append(context => context.Runs.Where(row => held.Contains(row.Id) && RunStates.Live.Contains(row.State))
                .ExecuteUpdateAsync(set => set.SetProperty(row => row.ClientSeenAt, now), cancel));
        }

        foreach (var run in await db.Runs.AsNoTracking().Where(row => RunStates.Live.Contains(row.State)).ToListAsync(cancel))
        {
            // An order of more time that the runner has not answered may be in force.
            var deadline = now < run.Deadline ? run.Deadline : await LiveRuns.Newest(db, run);
            if (now > deadline + Grace || (run.State == RunState.Queued && now > run.StartBy + Grace))
                await transitions.Lost(run, "its deadline is over and its runner said nothing");
            else if (now >= deadline + Every && run.KillCause is null && hub.IsHere(run.RunnerId))
                // The runner's supervisor was there first; this is for one that was not.
                _ = ending.End([run], RunEndCause.Deadline, "its deadline is over", AuditActor.System);
            else if (!run.Detached && run.KillCause is null && now - run.ClientSeenAt > run.MaxDisconnected)
                _ = ending.End([run], RunEndCause.ClientGone, "its client did not come back", AuditActor.System);
        }
    }

    private static async Task<bool> Next(PeriodicTimer timer, CancellationToken stop)
    {
        try
        {
            return await timer.WaitForNextTickAsync(stop);
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }
}
