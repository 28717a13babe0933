using System.Data.Common;
using Microsoft.EntityFrameworkCore;
using Writ.Core.Audit;
using Writ.Server.Audit;
using Writ.Server.Chat;
using Writ.Server.Storage;

namespace Writ.Server.Streams;

/// <summary>
/// Sends the audit log's entries, as they get their place in the log, to where the operator wants them: at least once, in order. A
/// stream's cursor moves after its sink has confirmed, and stands in the database. Streams do not wait for one another, and nothing
/// waits for them; one that does not get through is tried again with growing pauses, and said in the server's log each minute.
/// </summary>
internal sealed class Streaming(Database database, WriteTransaction writes, LogKeys keys, ServerSettings settings, TimeProvider time, ILogger<Streaming> log) : BackgroundService
{
    private const int BatchEntries = 200, BatchBytes = 1 << 20, LongestTrouble = 300;
    private static readonly TimeSpan Every = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan SayEvery = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(1);
    private readonly Dictionary<(string Name, DateTimeOffset AddedAt), Worker> _workers = [];

    /// <summary>What this server holds of a stream.</summary>
    private sealed class Worker
    {
        public StreamTurn? Turn { get; set; }
        public IEventSink? Sink { get; set; }
        /// <summary>What was sent through the sink, confirmed or not, with what need not be sent; null for nothing.</summary>
        public long? Sent { get; set; }
        /// <summary>The last of it that was an event; null for none.</summary>
        public long? LastEvent { get; set; }
        public Task Pass { get; set; } = Task.CompletedTask;
        public TimeSpan Pause { get; set; }
        public DateTimeOffset NextTry { get; set; }
        public DateTimeOffset Said { get; set; }
        public bool IsTroubled { get; set; }

        public async Task Drop()
        {
            if (Sink is not null)
                await Sink.DisposeAsync();
            (Sink, Sent, LastEvent) = (null, null, null);
        }

        public async Task Leave()
        {
            await Drop();
            if (Turn is not null)
                await Turn.DisposeAsync();
            Turn = null;
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Every, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                try
                {
                    await Once(stoppingToken);
                }
                catch (Exception failed) when (failed is not OutOfMemoryException && !stoppingToken.IsCancellationRequested)
                {
                    log.LogError("the streams of the audit log cannot be read: {Why}", failed.Message);
                }
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The server stops.
        }

        foreach (var worker in _workers.Values)
        {
            await worker.Pass;
            await worker.Leave();
        }
    }

    /// <summary>Starts a pass of every stream that has none and is not in a pause; the passes, for whoever waits for them.</summary>
    public async Task<Task> Once(CancellationToken cancel)
    {
        List<StreamRow> streams;
        await using (var db = database.Open())
            streams = await db.Streams.AsNoTracking().ToListAsync(cancel);
        foreach (var gone in _workers.Where(worker => worker.Value.Pass.IsCompleted && !streams.Exists(stream => (stream.Name, stream.AddedAt) == worker.Key)).ToArray())
        {
            _workers.Remove(gone.Key);
            await gone.Value.Leave();
        }

        foreach (var stream in streams)
        {
            if (!_workers.TryGetValue((stream.Name, stream.AddedAt), out var worker))
                _workers.Add((stream.Name, stream.AddedAt), worker = new());
            if (worker.Pass.IsCompleted && time.GetUtcNow() >= worker.NextTry)
                worker.Pass = Task.Run(() => Pass(stream.Name, worker, cancel), CancellationToken.None);
        }

        return Task.WhenAll(_workers.Values.Select(worker => worker.Pass));
    }

    private async Task Pass(string name, Worker worker, CancellationToken cancel)
    {
        try
        {
            if (worker.Turn is { } turn && !await turn.IsHeld(cancel))
                await worker.Leave();
            worker.Turn ??= await StreamTurn.Take(database, name, cancel);
            if (worker.Turn is null)
                return;
            await Send(name, worker, cancel);
            if (worker.IsTroubled)
                log.LogWarning("stream {Name} gets through again", name);
            (worker.IsTroubled, worker.Pause) = (false, TimeSpan.Zero);
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            // The server stops.
        }
        catch (Exception failed) when (failed is not OutOfMemoryException)
        {
            await worker.Drop();
            worker.Pause = TimeSpan.FromSeconds(Math.Clamp(worker.Pause.TotalSeconds * 2, 1, LongestPause.TotalSeconds));
            worker.NextTry = time.GetUtcNow() + worker.Pause;
            await Tell(name, worker, failed.Message.Split('\n')[0]);
        }
    }

    private async Task Send(string name, Worker worker, CancellationToken cancel)
    {
        await using var db = database.Open();
        // Read with the turn in hand: what another server has sent before is not sent again.
        if (await db.Streams.AsNoTracking().SingleOrDefaultAsync(row => row.Name == name, cancel) is not { } stream)
            return;
        var target = StreamTarget.Of(stream);
        if (!target.IsOk)
            throw new IOException(target.Refusal.Message);
        worker.Sink ??= target.Value.Open(stream, keys.Origin, time);
        while (await Batch(db, worker.Sent ?? stream.Cursor, cancel) is { Count: > 0 } batch)
        {
            StreamEvent[] events = [.. await Events(db, stream, [.. batch.Where(row => EntryTypes.Match(stream.Only, row.Type))], cancel)];
            // What has arrived is not sent again for the sake of what is sent after it.
            foreach (var part in events.Chunk(worker.Sink.AtOnce))
            {
                await worker.Sink.Send(part, cancel);
                worker.LastEvent = worker.Sent = part[^1].Position;
                await Confirm(stream, worker);
            }

            worker.Sent = batch[^1].Position;
            await Confirm(stream, worker);
            // Whoever removes a stream need not wait until it has caught up.
            if (!await db.Streams.AnyAsync(row => row.Name == name && row.AddedAt == stream.AddedAt, cancel))
                return;
        }

        await Confirm(stream, worker);
    }

    private async Task<IEnumerable<StreamEvent>> Events(WritDb db, StreamRow stream, AuditRow[] rows, CancellationToken cancel) => stream.Form switch
    {
        StreamForm.Ocsf => await OcsfEvents.Of(db, rows, keys, cancel),
        StreamForm.CloudEvents => await CloudEvents.Of(db, rows, keys.Origin, settings.Public, cancel),
        StreamForm.Slack or StreamForm.Teams => await ChatMessages.Of(db, rows, stream.Form, settings.Public, buttons: settings.Slack is not null, cancel),
        _ => throw new IOException("the form of its events is unknown"),
    };

    private static async Task<List<AuditRow>> Batch(WritDb db, long after, CancellationToken cancel)
    {
        var rows = await db.AuditEntries.AsNoTracking().Where(row => row.Position > after).OrderBy(row => row.Position).Take(BatchEntries).ToListAsync(cancel);
        var bytes = 0;
        return [.. rows.TakeWhile((row, index) => (bytes += row.Bytes.Length) <= BatchBytes || index == 0)];
    }

    private async Task Confirm(StreamRow stream, Worker worker)
    {
        // Once its last event has arrived, so has all that was read: the rest need not be sent.
        if ((worker.Sink!.Confirmed >= worker.LastEvent || worker.LastEvent is null ? worker.Sent : worker.Sink.Confirmed) is not { } confirmed
            || (confirmed <= stream.Cursor && stream.Trouble is null))
            return;
        await writes.Append(db => db.Streams.Where(row => row.Name == stream.Name && row.AddedAt == stream.AddedAt && row.Cursor <= confirmed).ExecuteUpdateAsync(set => set
            .SetProperty(row => row.Cursor, confirmed).SetProperty(row => row.ConfirmedAt, time.GetUtcNow()).SetProperty(row => row.Trouble, (string?)null)));
        (stream.Cursor, stream.Trouble) = (confirmed, null);
    }

    private async Task Tell(string name, Worker worker, string why)
    {
        DateTimeOffset? now = time.GetUtcNow();
        if (worker.IsTroubled && now - worker.Said < SayEvery)
            return;
        (worker.IsTroubled, worker.Said) = (true, now.Value);
        log.LogCritical("stream {Name} of the audit log does not get through, and entries wait: {Why}", name, why);
        try
        {
            await writes.Append(db => db.Streams.Where(row => row.Name == name).ExecuteUpdateAsync(set => set
                .SetProperty(row => row.TroubleAt, row => row.Trouble == null ? now : row.TroubleAt).SetProperty(row => row.Trouble, why.Length > LongestTrouble ? why[..LongestTrouble] : why)));
        }
        catch (Exception failed) when (failed is DbException or DbUpdateException)
        {
            log.LogError("nor can that be written down: {Why}", failed.Message);
        }
    }
}
