using System.Collections.Concurrent;
using Writ.Proof.Identity;
using Writ.Server.Identity;

namespace Writ.Server.WebConsole;

/// <summary>
/// The pages that are open, by the session that each was opened with. A session that ends takes them along within a second:
/// they are told, and then their connection is cut.
/// </summary>
internal sealed class OpenPages(Sessions sessions, TimeProvider time, ILogger<OpenPages> log) : BackgroundService
{
    private static readonly TimeSpan Every = TimeSpan.FromMilliseconds(400);
    private readonly ConcurrentDictionary<object, TokenId> _connections = new();
    private readonly ConcurrentDictionary<Action, TokenId> _pages = new();
    private readonly HashSet<TokenId> _told = [];

    /// <summary>How many connections are open.</summary>
    public int Count => _connections.Count;

    /// <summary>A connection of this session's.</summary>
    public IDisposable Connected(TokenId session, HttpContext context)
    {
        _connections[context] = session;
        return new Entry(() => _connections.TryRemove(context, out _));
    }

    /// <summary>A page that wants to know when its session has ended.</summary>
    public IDisposable Opened(TokenId session, Action ended)
    {
        _pages[ended] = session;
        return new Entry(() => _pages.TryRemove(ended, out _));
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var tick = new PeriodicTimer(Every, time);
        try
        {
            while (await tick.WaitForNextTickAsync(stoppingToken))
            {
                try
                {
                    await Look(stoppingToken);
                }
                catch (Exception failed) when (failed is not (OperationCanceledException or OutOfMemoryException))
                {
                    // Whether a session is alive cannot be known: what is open stays until it can, and each step asks by itself.
                    log.LogError(failed, "sessions of open pages cannot be looked at");
                }
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The server stops.
        }
    }

    private async Task Look(CancellationToken cancel)
    {
        HashSet<TokenId> open = [.. _connections.Values, .. _pages.Values];
        _told.IntersectWith(open);
        if (open.Count == 0)
            return;
        var alive = await sessions.Alive(open, cancel);
        foreach (var session in open.Except(alive))
        {
            if (_told.Add(session))
            {
                foreach (var (ended, of) in _pages)
                {
                    if (of == session)
                        ended();
                }

                continue;
            }

            foreach (var (connection, of) in _connections)
            {
                if (of == session)
                    ((HttpContext)connection).Abort();
            }
        }
    }

    private sealed class Entry(Action over) : IDisposable
    {
        public void Dispose() => over();
    }
}
