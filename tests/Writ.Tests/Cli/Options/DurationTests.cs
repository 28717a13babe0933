using CsCheck;
using Writ.Cli.Options;

namespace Writ.Tests.Cli.Options;

public class DurationTests
{
    [Theory]
    [InlineData("90s", 90)]
    [InlineData("30m", 1800)]
    [InlineData("8h", 28800)]
    [InlineData("1h30m", 5400)]
    [InlineData("2d", 172800)]
    [InlineData("1d2h3m4s", 93784)]
    [InlineData("366d", 366 * 86400)]
    public void TryParse_wellformed_reads(string text, int seconds)
    {
        Duration.TryParse(text, out var duration).ShouldBeTrue();
        duration.ShouldBe(TimeSpan.FromSeconds(seconds));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("30")]
    [InlineData("m")]
    [InlineData("-5m")]
    [InlineData("+5m")]
    [InlineData("0s")]
    [InlineData("1.5h")]
    [InlineData("30m1h")]
    [InlineData("1m1m")]
    [InlineData("5 m")]
    [InlineData("5M")]
    [InlineData("٣m")]
    [InlineData("367d")]
    [InlineData("9999999999s")]
    public void TryParse_malformed_refuses(string? text) => Duration.TryParse(text, out _).ShouldBeFalse();

    [Fact]
    public void Format_of_whole_seconds_reads_back() => Gen.Int[1, 366 * 86400].Sample(seconds =>
    {
        Duration.TryParse(Duration.Format(TimeSpan.FromSeconds(seconds)), out var back).ShouldBeTrue();
        back.ShouldBe(TimeSpan.FromSeconds(seconds));
    });

    [Theory]
    [InlineData(0.012, "12 ms")]
    [InlineData(59, "59s")]
    [InlineData(3661, "1h1m")]
    [InlineData(90061, "1d1h")]
    public void Rough_keeps_two_units(double seconds, string text) => Duration.Rough(TimeSpan.FromSeconds(seconds)).ShouldBe(text);
}
