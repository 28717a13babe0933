using Microsoft.EntityFrameworkCore;
using Writ.Proof.Log;
using Writ.Server.Storage;

namespace Writ.Server.Audit;

/// <summary>
/// Gives audit entries their position and the log its head. One at a time across all servers (an advisory lock on
/// PostgreSQL). A batch is one transaction:
/// <list type="number">
/// <item>take the committed entries without a position, in the order of their row numbers;</item>
/// <item>number them from the head on: contiguous from 0, none ever skipped, and an entry that was committed before another
/// began comes before it;</item>
/// <item>append their hashes to the right edge of the tree, which must have the root that the head tells;</item>
/// <item>sign the new head, and store it as the follower of the old one, which has one follower only.</item>
/// </list>
/// Nothing is published before that transaction is on the disk. Where this server knows of a head that the database does
/// not lead to, nothing is signed at all (<see cref="PublishedHead"/>).
/// </summary>
internal sealed class Sequencer(
    Database database, LogKeys keys, PublishedHead published, SequencerBell bell, TimeProvider time, ILogger<Sequencer> log) : BackgroundService
{
    private const int Batch = 1_000;
    private const long AdvisoryLock = 0x57524954_0001;
    private readonly SemaphoreSlim _one = new(1);

    /// <summary>True while nothing is signed because the log does not hold together.</summary>
    public bool IsHalted { get; private set; }

    /// <summary>Places every entry that was committed before this call.</summary>
    /// <exception cref="LogHaltedException">The database does not lead to a head that was published.</exception>
    public async Task Integrate(CancellationToken cancel)
    {
        await _one.WaitAsync(cancel);
        try
        {
            while (await IntegrateBatch(cancel) == Batch)
            {
            }

            IsHalted = false;
        }
        catch (LogHaltedException)
        {
            IsHalted = true;
            throw;
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
                await published.Publish(stoppingToken);
                await bell.Wait(TimeSpan.FromSeconds(1), stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (LogHaltedException halted)
            {
                log.LogCritical("the audit log is halted, and nothing is signed: {Why}", halted.Message);
                await Task.Delay(TimeSpan.FromSeconds(10), stoppingToken);
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

        var head = await LogReader.Newest(db, cancel);
        await published.MustFollow(db, head, cancel);

        // 1. and 2.
        var waiting = await db.AuditEntries.Where(entry => entry.Position == null).OrderBy(entry => entry.Id).Take(Batch).ToListAsync(cancel);
        if (waiting.Count == 0)
            return 0;
        var next = head?.Size ?? 0;
        foreach (var entry in waiting)
            entry.Position = next++;

        // 3.
        var tiles = await TileStore.Open(db, head?.Size ?? 0, cancel);
        if (head is not null && tiles.Edge.Root() != new LogHash(head.Root))
            throw new LogHaltedException($"the tiles in the database do not have the root of its head, at {head.Size} entries");
        foreach (var entry in waiting)
            tiles.Append(LogHash.OfLeaf(entry.Bytes));
        tiles.Store();

        // 4.
        var now = time.GetUtcNow();
        var checkpoint = new Checkpoint(keys.Origin, tiles.Edge.Size, tiles.Edge.Root());
        db.LogHeads.Add(new()
        {
            Size = checkpoint.Size, Follows = head?.Size ?? 0, Root = checkpoint.Root.ToArray(), Note = keys.Sign(checkpoint, now).ToString(), SignedAt = now,
        });
        await db.SaveChangesAsync(cancel);
        await transaction.CommitAsync(cancel);
        return waiting.Count;
    }
}
