using Microsoft.EntityFrameworkCore;
using Writ.Server.Storage;

namespace Writ.Server.Audit;

/// <summary>
/// Gives audit entries their position: contiguous from 0, none ever skipped, and an entry that was committed before
/// another began comes before it. One at a time across all servers (an advisory lock on PostgreSQL).
/// </summary>
internal sealed class Sequencer(Database database, ILogger<Sequencer> log) : BackgroundService
{
    private const int Batch = 1_000;
    private const long AdvisoryLock = 0x57524954_0001;
    private readonly SemaphoreSlim _wake = new(0, 1);
    private readonly SemaphoreSlim _one = new(1);

    /// <summary>There is something to place.</summary>
    public void Wake()
    {
        if (_wake.CurrentCount == 0)
        {
            try
            {
                _wake.Release();
            }
            catch (SemaphoreFullException)
            {
                // Somebody else woke it in between.
            }
        }
    }

    /// <summary>Places every entry that was committed before this call.</summary>
    public async Task Integrate(CancellationToken cancel)
    {
        await _one.WaitAsync(cancel);
        try
        {
            while (await IntegrateBatch(cancel) == Batch)
            {
            }
        }
        finally
        {
            _one.Release();
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await Integrate(stoppingToken);
                await _wake.WaitAsync(TimeSpan.FromSeconds(1), stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception failed) when (failed is not OutOfMemoryException)
            {
                // The entries stay committed and unplaced; the next turn places them.
                log.LogError(failed, "the sequencer could not place entries; it goes on trying");
                await Task.Delay(TimeSpan.FromSeconds(1), stoppingToken);
            }
        }
    }

    private async Task<int> IntegrateBatch(CancellationToken cancel)
    {
        await using var db = database.Open();
        if (!await db.AuditEntries.AnyAsync(entry => entry.Position == null, cancel))
            return 0;
        using var turn = await database.TurnToWrite(cancel);
        await using var transaction = await db.Database.BeginTransactionAsync(cancel);
        if (database.Engine == DatabaseEngine.Postgres)
            await db.Database.ExecuteSqlAsync($"SELECT pg_advisory_xact_lock({AdvisoryLock})", cancel);
        var waiting = await db.AuditEntries.Where(entry => entry.Position == null).OrderBy(entry => entry.Id).Take(Batch).ToListAsync(cancel);
        var next = (await db.AuditEntries.MaxAsync(entry => entry.Position, cancel) ?? -1) + 1;
        foreach (var entry in waiting)
            entry.Position = next++;
        await db.SaveChangesAsync(cancel);
        await transaction.CommitAsync(cancel);
        return waiting.Count;
    }
}
