using System.Globalization;
using Writ.Cli.Output;

namespace Writ.Cli.Runs;

/// <summary>Tells who sits at a run's terminal that its time is nearly over, a minute and ten seconds before, and when it gets more.</summary>
internal sealed class DeadlineWarning : IDisposable
{
    private readonly Terminal _terminal;
    private readonly TimeProvider _time;
    private CancellationTokenSource _moved = new();

    /// <summary>Begins to tell.</summary>
    public DeadlineWarning(Terminal terminal, TimeProvider time, DateTimeOffset deadline)
    {
        (_terminal, _time) = (terminal, time);
        _ = TellAsync(terminal, time, deadline, _moved.Token);
    }

    /// <summary>The deadline is another: what was to be told of the one before is not told any more.</summary>
    public void Move(DateTimeOffset deadline)
    {
        Dispose();
        _moved = new();
        _terminal.Say(Moved(deadline));
        _ = TellAsync(_terminal, _time, deadline, _moved.Token);
    }

    /// <summary>How it is told that a run has more time.</summary>
    public static string Moved(DateTimeOffset deadline) => $"writ: this run has more time: until {When.Exact(deadline)}";

    public void Dispose()
    {
        _moved.Cancel();
        _moved.Dispose();
    }

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
