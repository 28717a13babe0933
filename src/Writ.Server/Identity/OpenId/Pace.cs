using System.Collections.Concurrent;

namespace Writ.Server.Identity.OpenId;

/// <summary>
/// Holds callers to a number of calls in a span of time. Counts live in this process alone: each server holds back on its
/// own. It forgets what is over, and takes no more than 10,000 keys at a time; those beyond share one count.
/// </summary>
internal sealed class Pace(int calls, TimeSpan span, TimeProvider time)
{
    private const int MostKeys = 10_000;
    private readonly ConcurrentDictionary<string, Count> _counts = new(StringComparer.Ordinal);

    /// <summary>True for a call within the pace; a call that is too fast counts too.</summary>
    public bool Allows(string key)
    {
        var now = time.GetUtcNow();
        if (!_counts.ContainsKey(key) && _counts.Count >= MostKeys)
        {
            Forget(now);
            key = _counts.Count >= MostKeys ? "others" : key;
        }

        var count = _counts.GetOrAdd(key, static (_, begun) => new() { Since = begun }, now);
        lock (count)
        {
            if (now - count.Since >= span)
                (count.Since, count.Calls) = (now, 0);
            return ++count.Calls <= calls;
        }
    }

    private void Forget(DateTimeOffset now)
    {
        foreach (var (key, count) in _counts)
        {
            if (now - count.Since >= span)
                _counts.TryRemove(key, out _);
        }
    }

    private sealed class Count
    {
        public DateTimeOffset Since;
        public int Calls;
    }
}
