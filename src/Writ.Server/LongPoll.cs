namespace Writ.Server;

/// <summary>
/// Answers at once, or when something has changed, or when the wait is over: whichever caller waits for whatever. Nothing is held meanwhile, and a change that
/// another server wrote is seen within a second.
/// </summary>
internal sealed class LongPoll(Changes changes, TimeProvider time)
{
    /// <summary>The longest that a caller waits.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan Look = TimeSpan.FromSeconds(1);

    /// <summary>Looks, and again while there is something to wait for.</summary>
    /// <param name="ids">Whose changes wake it.</param>
    /// <param name="seconds">How long to wait: 0 to 30, and what is no number of seconds is 0.</param>
    /// <param name="look">The answer as things stand, and whether another is worth waiting for.</param>
    /// <param name="cancel">The caller went away.</param>
    public async Task<T> Wait<T>(IReadOnlyList<string> ids, double? seconds, Func<Task<(T Answer, bool Waits)>> look, CancellationToken cancel)
    {
        var until = time.GetUtcNow() + TimeSpan.FromSeconds(seconds is > 0 and var some ? Math.Min(some, Longest.TotalSeconds) : 0);
        while (true)
        {
            // Taken before it is looked: what changes in between is not missed.
            var next = ids.Select(changes.Next).ToList();
            var (answer, waits) = await look();
            var left = until - time.GetUtcNow();
            if (!waits || left <= TimeSpan.Zero)
                return answer;
            await Task.WhenAny([.. next, Task.Delay(left < Look ? left : Look, time, cancel)]);
        }
    }
}
