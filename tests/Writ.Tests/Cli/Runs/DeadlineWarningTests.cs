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
}
