using System.Collections.Concurrent;
using System.Threading.Channels;
using Microsoft.EntityFrameworkCore;
using Writ.Contracts.Runners;
using Writ.Proof.Identity;
using Writ.Server.Storage;

namespace Writ.Server.Runners;

/// <summary>
/// The runners that are connected to this server now. Nothing here matters after a restart: orders and kills that could
/// not be sent stand in the database, and a runner hears of them with its next hello.
/// </summary>
internal sealed class RunnerHub(TimeProvider time)
{
    /// <summary>A runner that any server heard of so lately counts as connected.</summary>
    public static readonly TimeSpan Fresh = TimeSpan.FromSeconds(10);

    private readonly ConcurrentDictionary<RunnerId, ChannelWriter<ToRunner>> _connections = new();
    private readonly ConcurrentDictionary<RunId, TaskCompletionSource<Ended>> _ends = new();

    /// <summary>A new connection takes the place of the one before it.</summary>
    public void Connected(RunnerId runner, ChannelWriter<ToRunner> outgoing)
    {
        _connections.TryGetValue(runner, out var before);
        _connections[runner] = outgoing;
        before?.TryComplete();
    }

    /// <summary>The connection is gone, unless another took its place.</summary>
    public void Lost(RunnerId runner, ChannelWriter<ToRunner> outgoing) =>
        _connections.TryRemove(KeyValuePair.Create(runner, outgoing));

    /// <summary>Sends through this server's connection; false where there is none.</summary>
    public bool Send(RunnerId runner, ToRunner message) =>
        _connections.TryGetValue(runner, out var outgoing) && outgoing.TryWrite(message);

    /// <summary>True when the runner is connected to this server.</summary>
    public bool IsHere(RunnerId runner) => _connections.ContainsKey(runner);

    /// <summary>True when the runner is connected to this server or was lately heard of by another.</summary>
    public async Task<bool> IsConnected(WritDb db, RunnerId runner)
    {
        if (IsHere(runner))
            return true;
        var since = time.GetUtcNow() - Fresh;
        return await db.Runners.AnyAsync(row => row.Id == runner && row.DisabledAt == null && row.LastSeenAt >= since);
    }

    /// <summary>Every connected runner, by name.</summary>
    public async Task<IReadOnlyList<RunnerRow>> Connected(WritDb db)
    {
        var since = time.GetUtcNow() - Fresh;
        var rows = await db.Runners.AsNoTracking().Where(row => row.DisabledAt == null).OrderBy(row => row.Name).ToListAsync();
        return [.. rows.Where(row => IsHere(row.Id) || row.LastSeenAt >= since)];
    }

    /// <summary>Ends with the next report of this run's end.</summary>
    public Task<Ended> NextEnd(RunId run) =>
        _ends.GetOrAdd(run, static _ => new(TaskCreationOptions.RunContinuationsAsynchronously)).Task;

    /// <summary>Nobody waits for this run's end any more.</summary>
    public void StopListening(RunId run) => _ends.TryRemove(run, out _);

    /// <summary>A runner reported a run's end: whoever waits for it hears it before it is written.</summary>
    public void Report(RunId run, Ended ended)
    {
        if (_ends.TryRemove(run, out var waiting))
            waiting.TrySetResult(ended);
    }
}
