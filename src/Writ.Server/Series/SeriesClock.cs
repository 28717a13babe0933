using System.Data.Common;
using Microsoft.EntityFrameworkCore;
using Writ.Core;
using Writ.Core.Audit;
using Writ.Proof.Errors;
using Writ.Server.Storage;

namespace Writ.Server.Series;

/// <summary>Once a second: what is due of each series, and those whose end has come. Any number of servers may do it.</summary>
internal sealed class SeriesClock(Database database, WriteTransaction writes, Occur occur, TimeProvider time, ILogger<SeriesClock> log) : BackgroundService
{
    private const int Batch = 500;
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Every, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
                await Guarded(() => Once(stoppingToken));
        }
        catch (OperationCanceledException)
        {
            // The server stops.
        }
    }

    /// <summary>One turn.</summary>
    public async Task Once(CancellationToken cancel)
    {
        await using var db = database.Open();
        var now = time.GetUtcNow();
        var due = AccessLifecycle.Series.From(SeriesEvent.Occur);
        foreach (var series in await db.Series.AsNoTracking().Where(row => due.Contains(row.State) && row.NextAt <= now).OrderBy(row => row.NextAt).Take(Batch).ToListAsync(cancel))
            await Guarded(() => occur.Due(series));
        var open = AccessLifecycle.Series.From(SeriesEvent.End);
        foreach (var series in await db.Series.AsNoTracking().Where(row => open.Contains(row.State) && row.Until <= now && (row.NextAt == null || row.NextAt > now)).Take(Batch).ToListAsync(cancel))
            await writes.Commit<bool>(async scope => await SeriesEnding.End(scope, series, AuditActor.System, "its end date has come") ? true : new Refusal(ErrorCode.WrongState, "it had ended"));
    }

    /// <summary>What fails is tried again with the next turn, and holds nothing else up.</summary>
    private async Task Guarded(Func<Task> turn)
    {
        try
        {
            await turn();
        }
        catch (Exception failed) when (failed is DbException or DbUpdateException or InvalidOperationException or IOException)
        {
            log.LogError(failed, "a turn of the series failed; the next one tries again");
        }
    }
}
