namespace Writ.SystemTests;

/// <summary>The clock that tests share with the real processes which they start: nobody can set those another one.</summary>
internal static class MachineClock
{
    public static DateTimeOffset Now => TimeProvider.System.GetUtcNow();

    /// <summary>Waits until it is so late.</summary>
    public static async Task Until(DateTimeOffset instant, CancellationToken cancel)
    {
        // A timer may come a little early by this clock.
        while (instant - Now is var left && left > TimeSpan.Zero)
            await Task.Delay(left, TimeProvider.System, cancel);
    }
}
