using System.Collections.Concurrent;
using Writ.Proof.Identity;

namespace Writ.Server.Runs;

/// <summary>
/// Which attached runs have their client at this server now. The sweep writes it down once a second, so that other
/// servers, and this one after a restart, know how long a run has been without its client.
/// </summary>
internal sealed class AttachedClients
{
    private readonly ConcurrentDictionary<RunId, int> _held = new();

    /// <summary>The runs whose client is here.</summary>
    public RunId[] Held => [.. _held.Where(run => run.Value > 0).Select(run => run.Key)];

    /// <summary>The run's client is here until the answer is disposed.</summary>
    public IDisposable Hold(RunId run)
    {
        _held.AddOrUpdate(run, 1, static (_, count) => count + 1);
        return new Holding(this, run);
    }

    /// <summary>The run is over.</summary>
    public void Forget(RunId run) => _held.TryRemove(run, out _);

    private void Release(RunId run) => _held.AddOrUpdate(run, 0, static (_, count) => Math.Max(0, count - 1));

    private sealed class Holding(AttachedClients clients, RunId run) : IDisposable
    {
        public void Dispose() => clients.Release(run);
    }
}
