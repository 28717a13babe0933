using Microsoft.EntityFrameworkCore;
using Writ.Core.Notices;
using Writ.Server.Storage;
using Writ.Server.Streams;

namespace Writ.Server.Notices;

/// <summary>
/// Tells people, every second: one server at a time writes the outbox, and every server sends from it, by each way for itself. None waits for
/// another, and nothing that is decided waits for any.
/// </summary>
internal sealed class Noticing(Database database, WriteTransaction writes, MakeNotices make, SendMail mail, SendPush push, ServerSettings settings, TimeProvider time, ILogger<Noticing> log) : BackgroundService
{
    /// <summary>No stream can have this name.</summary>
    private const string Turn = "/notices";

    private static readonly TimeSpan Every = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Keep = TimeSpan.FromDays(30);
    private static readonly TimeSpan Late = TimeSpan.FromMinutes(1);
    private StreamTurn? _turn;
    private DateTimeOffset _swept;

    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        !Reach.IsAny(settings) ? Task.CompletedTask
        : Task.WhenAll(Loop(Make, "written", stoppingToken), Loop(mail.Once, "mailed", stoppingToken), Loop(push.Once, "pushed", stoppingToken));

    /// <summary>How many notices do not get through, and since how many seconds the oldest of them waits; null where none does.</summary>
    public static async Task<(int Failing, long? OldestSeconds)> Health(WritDb db, DateTimeOffset now, CancellationToken cancel)
    {
        var isMailDown = await db.NoticeProgress.AnyAsync(row => row.Trouble != null, cancel);
        var (late, mailDue) = (now - Late, isMailDown ? now : now - Late);
        var failing = db.Notices.Where(row => row.State == NoticeState.Waiting && (row.Failures > 0 || row.DueAt <= (row.Channel == NoticeChannel.Mail ? mailDue : late)));
        var count = await failing.CountAsync(cancel);
        return (count, count == 0 ? null : (long)(now - await failing.MinAsync(row => row.CreatedAt, cancel)).TotalSeconds);
    }

    /// <summary>Writes the outbox, where it is this server's turn.</summary>
    public async Task Make(CancellationToken cancel)
    {
        if (_turn is not null && !await _turn.IsHeld(cancel))
            await Leave();
        _turn ??= await StreamTurn.Take(database, Turn, cancel);
        if (_turn is null)
            return;
        await make.Once(cancel);
        await Forget();
    }

    /// <summary>Deletes what was settled long ago, once an hour.</summary>
    private async Task Forget()
    {
        var now = time.GetUtcNow();
        if (now - _swept < TimeSpan.FromHours(1))
            return;
        DateTimeOffset? last = now - Keep;
        await writes.Append(db => db.Notices.Where(row => row.State != NoticeState.Waiting && row.SettledAt < last).ExecuteDeleteAsync());
        _swept = now;
    }

    private async Task Leave()
    {
        if (_turn is not null)
            await _turn.DisposeAsync();
        _turn = null;
    }

    private async Task Loop(Func<CancellationToken, Task> once, string what, CancellationToken stop)
    {
        using var timer = new PeriodicTimer(Every, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stop))
            {
                try
                {
                    await once(stop);
                }
                catch (Exception failed) when (failed is not OutOfMemoryException && !stop.IsCancellationRequested)
                {
                    log.LogError("notices to people cannot be {What}: {Why}", what, failed.Message);
                }
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The server stops.
        }

        if (what == "written")
            await Leave();
    }
}
