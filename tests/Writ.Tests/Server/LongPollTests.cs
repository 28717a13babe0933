using Microsoft.Extensions.Time.Testing;
using Writ.Server;

namespace Writ.Tests.Server;

/// <summary>A caller that waits is answered by a change, by the end of its wait, and at once where it asked for no time that there is.</summary>
public class LongPollTests
{
    private readonly FakeTimeProvider _clock = new();
    private readonly Changes _changes = new();
    private int _looks;

    private Task<int> Wait(double? seconds, Func<bool> waits) =>
        new LongPoll(_changes, _clock).Wait(["run_1", "run_2"], seconds, () => Task.FromResult((++_looks, waits())), CancellationToken.None);

    [Theory]
    [InlineData(null)]
    [InlineData(0.0)]
    [InlineData(-1.0)]
    [InlineData(double.NaN)]
    [InlineData(double.NegativeInfinity)]
    public void Wait_for_no_time_that_there_is_answers_at_once(double? seconds)
    {
        var answer = Wait(seconds, () => true);
        answer.IsCompletedSuccessfully.ShouldBeTrue();
        _looks.ShouldBe(1);
    }

    [Theory]
    [InlineData(5.0, 5)]
    [InlineData(1e300, 30)]
    [InlineData(double.PositiveInfinity, 30)]
    public async Task Wait_ends_with_its_time_and_looks_each_second_until_then(double seconds, int ends)
    {
        var answer = Wait(seconds, () => true);
        for (var second = 0; second < ends; second++)
        {
            answer.IsCompleted.ShouldBeFalse();
            var before = Volatile.Read(ref _looks);
            _clock.Advance(TimeSpan.FromSeconds(1));
            while (Volatile.Read(ref _looks) == before)
                await Task.Yield();
        }

        (await answer.WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken)).ShouldBe(ends + 1);
    }

    [Fact]
    public async Task Change_of_any_of_them_ends_it_and_so_does_one_while_it_is_looked()
    {
        var waits = true;
        var answer = Wait(30, () => waits);
        waits = false;
        _changes.Happened("run_2");
        (await answer.WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken)).ShouldBe(2);

        var looked = 0;
        (await new LongPoll(_changes, _clock).Wait(["run_1"], 30, () =>
        {
            _changes.Happened("run_1");
            return Task.FromResult((++looked, looked < 3));
        }, CancellationToken.None).WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken)).ShouldBe(3);
    }
}
