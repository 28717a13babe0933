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
    private readonly ConcurrentDictionary<RunnerId, DateTimeOffset> _lost = new();
    private readonly ConcurrentDictionary<RunId, TaskCompletionSource<Ended>> _ends = new();
    private readonly ConcurrentDictionary<RunId, Action<long>> _terminals = new();
    private readonly ConcurrentDictionary<string, TaskCompletionSource<Resolved>> _answers = new(StringComparer.Ordinal);

    /// <summary>A new connection takes the place of the one before it.</summary>
    public void Connected(RunnerId runner, ChannelWriter<ToRunner> outgoing)
    {
        _connections.TryGetValue(runner, out var before);
        _connections[runner] = outgoing;
        _lost.TryRemove(runner, out _);
        before?.TryComplete();
    }

    /// <summary>The connection is gone, unless another took its place.</summary>
    public void Lost(RunnerId runner, ChannelWriter<ToRunner> outgoing)
    {
        if (_connections.TryRemove(KeyValuePair.Create(runner, outgoing)))
            _lost[runner] = time.GetUtcNow();
    }

    /// <summary>Ends this server's connection of the runner, where it has one.</summary>
    public void Cut(RunnerId runner)
    {
        if (_connections.TryGetValue(runner, out var outgoing))
            outgoing.TryComplete();
    }

    /// <summary>Sends through this server's connection; false where there is none.</summary>
    public bool Send(RunnerId runner, ToRunner message) =>
        _connections.TryGetValue(runner, out var outgoing) && outgoing.TryWrite(message);

    /// <summary>This server's connection of the runner, to be told from the next one; null where there is none.</summary>
    public object? LinkOf(RunnerId runner) => _connections.GetValueOrDefault(runner);

    /// <summary>From now on told how much of what was typed at the run's terminal is taken; whoever was told before is no more.</summary>
    public void Listen(RunId run, Action<long> taken) => _terminals[run] = taken;

    /// <summary>No more.</summary>
    public void StopListening(RunId run, Action<long> taken) => _terminals.TryRemove(KeyValuePair.Create(run, taken));

    /// <summary>A run's terminal has taken what was typed.</summary>
    public void Report(InputTaken taken)
    {
        if (RunId.TryParse(taken.Run, out var run) && _terminals.TryGetValue(run, out var told))
            told(taken.Offset);
    }

    /// <summary>True when the runner is connected to this server.</summary>
    public bool IsHere(RunnerId runner) => _connections.ContainsKey(runner);

    /// <summary>True when the runner is connected to this server or was lately heard of by another.</summary>
    public async Task<bool> IsConnected(WritDb db, RunnerId runner) =>
        await db.Runners.AsNoTracking().SingleOrDefaultAsync(row => row.Id == runner) is { } row && IsConnected(row);

    /// <summary>The same of a row that was just read. What was heard before this server lost the runner counts no more.</summary>
    public bool IsConnected(RunnerRow row) => row.DisabledAt is null
        && (IsHere(row.Id) || (row.LastSeenAt >= time.GetUtcNow() - Fresh && !(_lost.TryGetValue(row.Id, out var lost) && row.LastSeenAt <= lost)));

    /// <summary>Every connected runner, by name.</summary>
    public async Task<IReadOnlyList<RunnerRow>> Connected(WritDb db) =>
        [.. (await db.Runners.AsNoTracking().OrderBy(row => row.Name).ToListAsync()).Where(IsConnected)];

    /// <summary>Ends with the next report of this run's end.</summary>
    public Task<Ended> NextEnd(RunId run) =>
        _ends.GetOrAdd(run, static _ => new(TaskCreationOptions.RunContinuationsAsynchronously)).Task;

    /// <summary>Nobody waits for this run's end any more.</summary>
    public void StopListening(RunId run) => _ends.TryRemove(run, out _);

    /// <summary>Ends with the runner's answer to this question.</summary>
    public Task<Resolved> NextAnswer(string question) =>
        _answers.GetOrAdd(question, static _ => new(TaskCreationOptions.RunContinuationsAsynchronously)).Task;

    /// <summary>Nobody waits for this answer any more.</summary>
    public void StopListening(string question) => _answers.TryRemove(question, out _);

    /// <summary>A runner answered; false where nobody here asked.</summary>
    public bool Report(Resolved answer) => _answers.TryRemove(answer.Id, out var waiting) && waiting.TrySetResult(answer);

    /// <summary>A runner reported a run's end: whoever waits for it hears it before it is written.</summary>
    public void Report(RunId run, Ended ended)
    {
        if (_ends.TryRemove(run, out var waiting))
            waiting.TrySetResult(ended);
    }
}
