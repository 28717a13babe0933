using System.Collections.Concurrent;

namespace Writ.Server;

/// <summary>
/// Wakes those who wait for something to change, by its id, within this server. A wake-up says nothing about what
/// changed: whoever is woken reads the store, and looks there now and then by themselves, since another server may have
/// written.
/// </summary>
internal sealed class Changes
{
    private readonly ConcurrentDictionary<string, TaskCompletionSource> _waiting = new(StringComparer.Ordinal);

    /// <summary>Ends at the next change of this id. Take it before reading what it guards.</summary>
    public Task Next(string id) =>
        _waiting.GetOrAdd(id, static _ => new(TaskCreationOptions.RunContinuationsAsynchronously)).Task;

    /// <summary>Something of this id changed and is committed.</summary>
    public void Happened(string id)
    {
        if (_waiting.TryRemove(id, out var waiting))
            waiting.TrySetResult();
    }
}
