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
internal sealed class Takings(WriteTransaction writes, ILogger<Takings> log)
{
    private readonly ConcurrentQueue<(Func<WriteScope, Task> Taking, GrantId? Grant)> _waiting = new();
    private readonly ConcurrentDictionary<GrantId, bool> _revoked = new();

    /// <summary>True for a grant whose revocation is not written yet.</summary>
    public bool IsRevoked(GrantId grant) => _revoked.ContainsKey(grant);

    /// <summary>Revokes; true when it is written, false when it is to be. Here no use is given from this moment on.</summary>
    public Task<bool> Revoke(GrantRow grant, AuditActor by, string reason, string? source)
    {
        _revoked[grant.Id] = true;
        return Write(scope => GrantEnding.End(scope, grant, GrantEvent.Revoke, by, reason, source), grant.Id);
    }

    /// <summary>Writes now, or keeps it to be written; true when it is written.</summary>
    public Task<bool> Write(Func<WriteScope, Task> taking) => Write(taking, null);

    /// <summary>Writes what waits, oldest first. Called by the sweep.</summary>
    public async Task WriteWaiting()
    {
        while (_waiting.TryPeek(out var waiting))
        {
            if (!await TryWrite(waiting.Taking))
                return;
            _waiting.TryDequeue(out _);
            Written(waiting.Grant);
        }
    }

    private async Task<bool> Write(Func<WriteScope, Task> taking, GrantId? grant)
    {
        if (await TryWrite(taking))
        {
            Written(grant);
            return true;
        }

        _waiting.Enqueue((taking, grant));
        return false;
    }

    /// <summary>The database knows it now.</summary>
    private void Written(GrantId? grant)
    {
        if (grant is { } written)
            _revoked.TryRemove(written, out _);
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
}
