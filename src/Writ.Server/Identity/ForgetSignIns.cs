using Microsoft.EntityFrameworkCore;
using Writ.Server.Storage;

namespace Writ.Server.Identity;

/// <summary>
/// Once an hour, rows that open nothing any more: what was spent and would not be taken anyway, failures that are
/// forgotten, sessions and tokens that ended days ago. What happened stays in the audit log.
/// </summary>
internal sealed class ForgetSignIns(WriteTransaction writes, TimeProvider time, ILogger<ForgetSignIns> log) : BackgroundService
{
    private static readonly TimeSpan Every = TimeSpan.FromHours(1);
    private static readonly TimeSpan Keep = TimeSpan.FromDays(8);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Every, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
                await Once();
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The server ends.
        }
    }

    /// <summary>One turn. Each kind by itself: no turn to write is held for long.</summary>
    public async Task Once()
    {
        var now = time.GetUtcNow();
        var old = now - Keep;
        var oldUtc = old.UtcDateTime;
        var forgotten = now - SignInThrottle.Memory;
        try
        {
            await writes.Append(db => db.Spent.Where(row => row.NotAfter < now).ExecuteDeleteAsync());
            await writes.Append(db => db.SignInFailures.Where(row => row.LastAt < forgotten).ExecuteDeleteAsync());
            await writes.Append(db => db.Sessions.Where(row => row.NotAfter < old).ExecuteDeleteAsync());
            // Past its end a token's row says nothing but that it was; one that still counts as reused lives a sign-in long.
            await writes.Append(db => db.OpenIdTokens.Where(row => row.CreationDate < oldUtc && row.ExpirationDate < oldUtc).ExecuteDeleteAsync());
            await writes.Append(db => db.OpenIdAuthorizations.Where(row => row.CreationDate < oldUtc && !row.Tokens.Any()).ExecuteDeleteAsync());
        }
        catch (Exception failed) when (failed is System.Data.Common.DbException or DbUpdateException)
        {
            log.LogError(failed, "rows of ended sign-ins could not be deleted; the next turn tries again");
        }
    }
}
