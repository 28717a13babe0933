using Writ.Runner.Orders;

namespace Writ.Tests.Runner;

public sealed class NonceStoreTests : IDisposable
{
    private const long Hour = 3_600_000_000;
    private readonly string _path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());

    public void Dispose() => File.Delete(_path);

    [Fact]
    public void TryTake_twice_gives_it_once()
    {
        using var store = new NonceStore(_path, 0);
        store.TryTake("aa", Hour).ShouldBeTrue();
        store.TryTake("aa", Hour).ShouldBeFalse();
        store.TryTake("bb", Hour).ShouldBeTrue();
    }

    [Fact]
    public void TryTake_after_reopening_remembers_until_the_deadline()
    {
        using (var store = new NonceStore(_path, 0))
        {
            store.TryTake("early", Hour).ShouldBeTrue();
            store.TryTake("late", 3 * Hour).ShouldBeTrue();
        }

        using (var store = new NonceStore(_path, Hour / 2))
            store.TryTake("early", Hour).ShouldBeFalse();
        using var later = new NonceStore(_path, 2 * Hour);
        later.TryTake("late", 3 * Hour).ShouldBeFalse();
        File.ReadAllText(_path).ShouldBe($"late {3 * Hour}\n");
    }

    [Fact]
    public void TryTake_after_a_cut_line_still_remembers_what_can_be_read()
    {
        File.WriteAllText(_path, $"aa {Hour}\nbb");
        using var store = new NonceStore(_path, 0);
        store.TryTake("aa", Hour).ShouldBeFalse();
        store.TryTake("bb", Hour).ShouldBeFalse();
        store.TryTake("cc", Hour).ShouldBeTrue();
    }

    [Fact]
    public void TryTake_by_many_at_once_gives_it_once()
    {
        using var store = new NonceStore(_path, 0);
        var taken = 0;
        Parallel.For(0, 64, _ =>
        {
            if (store.TryTake("aa", Hour))
                Interlocked.Increment(ref taken);
        });
        taken.ShouldBe(1);
    }

    [Fact]
    public void TryTakeUse_gives_no_more_than_was_approved_also_after_reopening()
    {
        using (var store = new NonceStore(_path, 0))
        {
            store.TryTakeUse("statement", 2, 3 * Hour).ShouldBeTrue();
            store.TryTakeUse("another", 1, 3 * Hour).ShouldBeTrue();
        }

        using var again = new NonceStore(_path, 2 * Hour);
        again.TryTakeUse("statement", 2, 3 * Hour).ShouldBeTrue();
        again.TryTakeUse("statement", 2, 3 * Hour).ShouldBeFalse();
        again.TryTakeUse("another", 1, 3 * Hour).ShouldBeFalse();
        again.TryTakeUse("statement", 0, 3 * Hour).ShouldBeFalse();
    }
}
