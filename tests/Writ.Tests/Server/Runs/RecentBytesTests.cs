using Writ.Proof.Identity;
using Writ.Server.Runs;

namespace Writ.Tests.Server.Runs;

public sealed class RecentBytesTests
{
    private static readonly DateTimeOffset Now = new(2026, 3, 2, 9, 0, 0, TimeSpan.Zero);
    private readonly RecentBytes _recent = new();
    private readonly RunId _run = RunId.New(Now);

    [Fact]
    public void At_what_was_added_is_there_from_any_offset_until_the_run_is_over()
    {
        _recent.Add(_run, 10, (byte[])[10, 11, 12]);
        _recent.Add(_run, 13, (byte[])[13, 14]);
        for (var offset = 10; offset < 15; offset++)
            _recent.At(_run, offset).Span[0].ShouldBe((byte)offset);
        _recent.At(_run, 11).Length.ShouldBe(2);
        _recent.At(_run, 9).IsEmpty.ShouldBeTrue();
        _recent.At(_run, 15).IsEmpty.ShouldBeTrue();
        _recent.At(RunId.New(Now), 11).IsEmpty.ShouldBeTrue();

        _recent.Forget(_run);
        _recent.At(_run, 11).IsEmpty.ShouldBeTrue();
        _recent.Held.ShouldBe(0);
    }

    [Fact]
    public void Add_after_a_gap_leaves_nothing_from_before_it()
    {
        _recent.Add(_run, 0, (byte[])[0, 1, 2]);
        _recent.Add(_run, 9, (byte[])[9]);
        _recent.At(_run, 1).IsEmpty.ShouldBeTrue();
        _recent.At(_run, 9).Span[0].ShouldBe((byte)9);
    }

    [Fact]
    public void Add_without_end_holds_a_bounded_number_of_bytes_and_of_pieces()
    {
        for (var i = 0; i < 1_000; i++)
            _recent.Add(_run, i, (byte[])[(byte)i]);
        _recent.Held.ShouldBe(RecentBytes.MostPieces);
        _recent.At(_run, 999).Span[0].ShouldBe((byte)(999 & 255));
        var other = RunId.New(Now);
        for (var i = 0; i < 10; i++)
            _recent.Add(other, i * (1L << 20), new byte[1 << 20]);
        _recent.Held.ShouldBe(RecentBytes.MostOfRun + RecentBytes.MostPieces);
        for (var i = 0; i < 40; i++)
            _recent.Add(RunId.New(Now), 0, new byte[3 << 20]);
        _recent.Held.ShouldBeLessThanOrEqualTo(RecentBytes.MostOfAll);
        _recent.At(_run, 999).IsEmpty.ShouldBeFalse("what one run holds is not another's to drop");
    }
}
