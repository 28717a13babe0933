using Microsoft.EntityFrameworkCore;
using Writ.Proof.Identity;
using Writ.Server.Storage;

namespace Writ.Server.WebConsole;

/// <summary>Something that happened: an entry of the audit log, as little of it as says what to look at again.</summary>
/// <param name="Position">In the log.</param>
/// <param name="Type">One of <see cref="Writ.Core.Audit.AuditType"/>.</param>
/// <param name="Request">The request that it belongs to, or null.</param>
internal sealed record Happening(long Position, string Type, RequestId? Request)
{
    /// <summary>Something of which is not known what: a reason for everybody to look again.</summary>
    public static Happening Something(long size) => new(size - 1, "", null);
}

/// <summary>
/// What happens, for pages that show it: the audit log as it grows, whichever server wrote it. It is read once for all pages
/// of this server, and only while there are any.
/// </summary>
internal sealed class Feed(Database database, TimeProvider time, ILogger<Feed> log) : BackgroundService
{
    private static readonly TimeSpan Every = TimeSpan.FromMilliseconds(200);
    private const int Most = 1_000;
    private readonly Lock _lock = new();
    private readonly List<Action<IReadOnlyList<Happening>>> _listeners = [];
    private readonly Queue<Happening> _recent = new();

    /// <summary>How many entries the log has, as far as was read.</summary>
    public long Size { get; private set; }

    /// <summary>Calls back on what happens from now on, until it is disposed. A listener only notes what to read again: it must not wait.</summary>
    public IDisposable Listen(Action<IReadOnlyList<Happening>> listener)
    {
        lock (_lock)
            _listeners.Add(listener);
        return new Listening(this, listener);
    }

    /// <summary>What happened since the log had this size, as far as was read; where that is not known any more, that something did.</summary>
    public IReadOnlyList<Happening> Since(long size)
    {
        lock (_lock)
        {
            return size >= Size ? []
                : _recent.TryPeek(out var oldest) && oldest.Position <= size ? [.. _recent.Where(happened => happened.Position >= size)]
                : [Happening.Something(Size)];
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var tick = new PeriodicTimer(Every, time);
        var known = false;
        try
        {
            while (await tick.WaitForNextTickAsync(stoppingToken))
            {
                try
                {
                    known = await Look(known, stoppingToken);
                }
                catch (Exception failed) when (failed is not (OperationCanceledException or OutOfMemoryException))
                {
                    log.LogError(failed, "pages are not told what happens; they are again once the database can be read");
                }
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The server stops.
        }
    }

    /// <summary>Where nobody listens, nothing is read: whoever comes later reads the store first, and is told what follows.</summary>
    private async Task<bool> Look(bool known, CancellationToken cancel)
    {
        Action<IReadOnlyList<Happening>>[] listeners;
        lock (_lock)
            listeners = [.. _listeners];
        if (listeners.Length == 0)
            return false;
        await using var db = database.Open();
        if (!known)
        {
            var size = (await db.AuditEntries.MaxAsync(row => row.Position, cancel) ?? -1) + 1;
            lock (_lock)
            {
                Size = size;
                _recent.Clear();
                listeners = [.. _listeners];
            }

            // What happened between their first look and this one is in no piece: they look once more.
            Tell(listeners, [Happening.Something(size)]);
            return true;
        }

        var from = Size;
        var rows = await db.AuditEntries.AsNoTracking().Where(row => row.Position >= from).OrderBy(row => row.Position).Take(Most)
            .Select(row => new { row.Position, row.Type, row.Correlation }).ToListAsync(cancel);
        if (rows.Count == 0)
            return true;
        Happening[] happened = [.. rows.Select(row => new Happening(row.Position!.Value, row.Type, row.Correlation))];
        lock (_lock)
        {
            Size = happened[^1].Position + 1;
            foreach (var each in happened)
                _recent.Enqueue(each);
            while (_recent.Count > Most)
                _recent.Dequeue();
            // Who began to listen meanwhile counts on what it could not see yet.
            listeners = [.. _listeners];
        }

        Tell(listeners, happened);
        return true;
    }

    private void Tell(Action<IReadOnlyList<Happening>>[] listeners, IReadOnlyList<Happening> happened)
    {
        foreach (var listener in listeners)
        {
            try
            {
                listener(happened);
            }
            catch (Exception failed) when (failed is not OutOfMemoryException)
            {
                log.LogError(failed, "a page could not take what happened");
            }
        }
    }

    private sealed class Listening(Feed feed, Action<IReadOnlyList<Happening>> listener) : IDisposable
    {
        public void Dispose()
        {
            lock (feed._lock)
                feed._listeners.Remove(listener);
        }
    }
}
