using System.Globalization;
using Writ.Cli.Output;

namespace Writ.Cli.Runs;

/// <summary>Tells who sits at a run's terminal that its time is nearly over, a minute and ten seconds before.</summary>
internal static class DeadlineWarning
{
    private static readonly TimeSpan[] Before = [TimeSpan.FromSeconds(60), TimeSpan.FromSeconds(10)];

    /// <summary>Ends after the last warning, or when it is cancelled. What is past already when it begins is not told.</summary>
    public static async Task TellAsync(Terminal terminal, TimeProvider time, DateTimeOffset deadline, CancellationToken cancel)
    {
        foreach (var before in Before)
        {
            var wait = deadline - before - time.GetUtcNow();
            if (wait <= TimeSpan.Zero)
                continue;
            // A timer of .NET's ends at 49 days.
            while (wait > TimeSpan.FromDays(1))
            {
                await Task.Delay(TimeSpan.FromDays(1), time, cancel);
                wait = deadline - before - time.GetUtcNow();
            }

            await Task.Delay(wait > TimeSpan.Zero ? wait : TimeSpan.Zero, time, cancel);
            terminal.Say(string.Create(CultureInfo.InvariantCulture, $"writ: this run is ended in {before.TotalSeconds:0} s, at its deadline"));
        }
    }
}
