using System.Text;
using Microsoft.Extensions.Time.Testing;
using Writ.Cli.Output;
using Writ.Cli.Runs;

namespace Writ.Tests.Cli.Runs;

public sealed class DeadlineWarningTests
{
    [Theory]
    [InlineData(300, "60 10")]
    [InlineData(30, "10")]
    [InlineData(9, "")]
    [InlineData(200_000, "60 10")]
    public async Task TellAsync_tells_a_minute_and_ten_seconds_before_and_nothing_that_is_past(int seconds, string told)
    {
        var time = new FakeTimeProvider();
        using var error = new MemoryStream();
        var terminal = new Terminal(Stream.Null, error, Stream.Null) { IsRaw = true };
        var deadline = time.GetUtcNow().AddSeconds(seconds);
        var telling = DeadlineWarning.TellAsync(terminal, time, deadline, CancellationToken.None);
        while (!telling.IsCompleted)
        {
            var before = error.Length;
            time.Advance(TimeSpan.FromSeconds(1));
            await Task.Yield();
            if (error.Length > before)
                (deadline - time.GetUtcNow()).TotalSeconds.ShouldBeInRange(0, 60);
            time.GetUtcNow().ShouldBeLessThan(deadline.AddHours(1));
        }

        await telling;
        Encoding.UTF8.GetString(error.ToArray()).ShouldBe(string.Concat(told.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(left => $"\r\nwrit: this run is ended in {left} s, at its deadline\r\n")));
    }

    [Fact]
    public async Task Move_tells_the_new_deadline_and_counts_down_to_that_alone()
    {
        var time = new FakeTimeProvider();
        using var error = new MemoryStream();
        var terminal = new Terminal(Stream.Null, error, Stream.Null) { IsRaw = true };
        using var warning = new DeadlineWarning(terminal, time, time.GetUtcNow().AddSeconds(90));
        time.Advance(TimeSpan.FromSeconds(20));
        var later = time.GetUtcNow().AddSeconds(300);
        warning.Move(later);
        for (var second = 0; second < 295; second++)
        {
            time.Advance(TimeSpan.FromSeconds(1));
            await Task.Yield();
            if (second is > 80 and < 230)
                Told().ShouldBe(1, "nothing is told of the deadline that was");
        }

        await Task.Run(async () =>
        {
            while (Told() < 3)
                await Task.Delay(10, TestContext.Current.CancellationToken);
        }, TestContext.Current.CancellationToken).WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);
        Encoding.UTF8.GetString(error.ToArray()).ShouldBe($"\r\n{DeadlineWarning.Moved(later)}\r\n\r\nwrit: this run is ended in 60 s, at its deadline\r\n\r\nwrit: this run is ended in 10 s, at its deadline\r\n");

        int Told() => Encoding.UTF8.GetString(error.ToArray()).Split("writ: ").Length - 1;
    }
}
