using System.Collections.Concurrent;
using System.Data.Common;
using Microsoft.EntityFrameworkCore;
using Writ.Core;
using Writ.Core.Audit;
using Writ.Proof.Identity;
using Writ.Server.Storage;

namespace Writ.Server.Grants;

/// <summary>
/// What takes a right away always happens. Where the database cannot be written, the taking holds in memory, no use is
/// given against it, and it is written as soon as that is possible.
/// </summary>
internal sealed class Takings(WriteTransaction writes, ILogger<Takings> log) : IDisposable
{
    private readonly ConcurrentQueue<Waiting> _waiting = new();
    private readonly ConcurrentDictionary<GrantId, bool> _revoked = new();
    private readonly ConcurrentDictionary<ActorId, bool> _barred = new();
    private readonly AnnouncedKills _kills = new();
    private readonly SemaphoreSlim _oneAtATime = new(1, 1);

    /// <summary>True for a grant whose revocation is not written yet.</summary>
    public bool IsRevoked(GrantId grant) => _revoked.ContainsKey(grant);

    /// <summary>Revokes; true when it is written, false when it is to be. Here no use is given from this moment on.</summary>
    public Task<bool> Revoke(GrantRow grant, AuditActor by, string reason, string? source)
    {
        _revoked[grant.Id] = true;
        return Write(new(scope => GrantEnding.End(scope, grant, GrantEvent.Revoke, by, reason, source), grant.Id, []));
    }

    /// <summary>True for an actor of whom everything was taken without it being written yet.</summary>
    public bool IsBarred(ActorId actor) => _barred.ContainsKey(actor);

    /// <summary>Takes everything of an actor; true when it is written, false when it is to be. Here they do nothing more from this moment on.</summary>
    public Task<bool> Bar(ActorId actor, Func<WriteScope, Task> taking)
    {
        _barred[actor] = true;
        return Write(new(taking, null, []) { Actor = actor });
    }

    /// <summary>
    /// Says that these runs are about to be ended. Called before the kill goes out, so that no end overtakes the record of
    /// who asked for it, which <see cref="WriteKill"/> writes.
    /// </summary>
    public void AnnounceKill(IReadOnlyList<RunId> runs) => _kills.Announce(runs);

    /// <summary>Writes now who asked for the end of announced runs, or keeps it to be written; true when it is written.</summary>
    public Task<bool> WriteKill(IReadOnlyList<RunId> runs, Func<WriteScope, Task> taking) => Write(new(taking, null, runs));

    /// <summary>Done once it is written who asked for this run's end, or if nobody did.</summary>
    public Task WhenKillWritten(RunId run) => _kills.WhenWritten(run);

    /// <summary>Writes what waits, oldest first, and stops where the database refuses. Called by the sweep, and by whoever needs it written.</summary>
    public async Task WriteWaiting()
    {
        await _oneAtATime.WaitAsync();
        try
        {
            while (_waiting.TryPeek(out var waiting))
            {
                if (!await TryWrite(waiting.Taking))
                    return;
                _waiting.TryDequeue(out _);
                Written(waiting);
            }
        }
        finally
        {
            _oneAtATime.Release();
        }
    }

    private async Task<bool> Write(Waiting taking)
    {
        try
        {
            if (!await TryWrite(taking.Taking))
            {
                _waiting.Enqueue(taking);
                return false;
            }
        }
        catch
        {
            // A defect: it will never be written, and the runs' ends must not wait for it. A bar stays until the server is started anew.
            _kills.Written(taking.Runs);
            throw;
        }

        Written(taking);
        return true;
    }

    /// <summary>The database knows it now.</summary>
    private void Written(Waiting taking)
    {
        if (taking.Grant is { } grant)
            _revoked.TryRemove(grant, out _);
        if (taking.Actor is { } actor)
            _barred.TryRemove(actor, out _);
        _kills.Written(taking.Runs);
    }

    private async Task<bool> TryWrite(Func<WriteScope, Task> taking)
    {
        try
        {
            await writes.Commit<bool>(async scope =>
            {
                await taking(scope);
                // Another end may have come first: then there is nothing to change and nothing to record.
                return scope.Recorded > 0
                    ? true
                    : new Writ.Proof.Errors.Refusal(Writ.Proof.Errors.ErrorCode.WrongState, "it had ended");
            });
            return true;
        }
        catch (Exception failed) when (failed is DbException or DbUpdateException or IOException)
        {
            log.LogError(failed, "the database cannot be written; what was taken away holds and is written later");
            return false;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _oneAtATime.Dispose();

    /// <summary>A taking with what holds in memory until it is written: a grant's revocation, an actor's bar, or announced kills.</summary>
    private sealed record Waiting(Func<WriteScope, Task> Taking, GrantId? Grant, IReadOnlyList<RunId> Runs)
    {
        public ActorId? Actor { get; init; }
    }
}
