using Writ.Proof.Identity;

namespace Writ.Server.Grants;

/// <summary>
/// Runs whose end somebody asked for without the record of it being written yet. A run's end is not written before that
/// record, or it would name no cause.
/// </summary>
internal sealed class AnnouncedKills
{
    private readonly Lock _lock = new();
    private readonly Dictionary<RunId, (int Asked, TaskCompletionSource Written)> _runs = [];

    /// <summary>Somebody asks for the end of these runs. Several may, of one run.</summary>
    public void Announce(IReadOnlyList<RunId> runs)
    {
        lock (_lock)
        {
            foreach (var run in runs)
                _runs[run] = _runs.TryGetValue(run, out var asked)
                    ? (asked.Asked + 1, asked.Written)
                    : (1, new(TaskCreationOptions.RunContinuationsAsynchronously));
        }
    }

    /// <summary>The record of one asking is written.</summary>
    public void Written(IReadOnlyList<RunId> runs)
    {
        lock (_lock)
        {
            foreach (var run in runs)
            {
                if (!_runs.TryGetValue(run, out var asked))
                    continue;
                if (asked.Asked > 1)
                {
                    _runs[run] = (asked.Asked - 1, asked.Written);
                    continue;
                }

                _runs.Remove(run);
                asked.Written.SetResult();
            }
        }
    }

    /// <summary>Done once nothing about the run's end waits to be written.</summary>
    public Task WhenWritten(RunId run)
    {
        lock (_lock)
            return _runs.TryGetValue(run, out var asked) ? asked.Written.Task : Task.CompletedTask;
    }
}
