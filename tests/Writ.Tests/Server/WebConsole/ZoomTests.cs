using System.Globalization;
using Writ.Server.WebConsole.History;

namespace Writ.Tests.Server.WebConsole;

/// <summary>Pieces of time in the viewer's own zone.</summary>
public sealed class ZoomTests
{
    private static readonly TimeZoneInfo Berlin = TimeZoneInfo.FindSystemTimeZoneById("Europe/Berlin");

    private static DateTimeOffset At(string text) => DateTimeOffset.Parse(text, CultureInfo.InvariantCulture);

    [Theory]
    [InlineData("day", "2026-03-12T23:30:00Z", "2026-03-12T23:00:00Z", "2026-03-13T23:00:00Z")]
    [InlineData("week", "2026-03-15T12:00:00Z", "2026-03-08T23:00:00Z", "2026-03-15T23:00:00Z")]
    [InlineData("month", "2026-03-15T12:00:00Z", "2026-02-28T23:00:00Z", "2026-03-31T22:00:00Z")]
    [InlineData("year", "2026-03-15T12:00:00Z", "2025-12-31T23:00:00Z", "2026-12-31T23:00:00Z")]
    [InlineData("hour", "2026-03-15T12:34:56Z", "2026-03-15T12:00:00Z", "2026-03-15T13:00:00Z")]
    [InlineData("minute", "2026-03-15T12:34:56Z", "2026-03-15T12:34:00Z", "2026-03-15T12:35:00Z")]
    [InlineData("nonsense", "2026-03-12T12:00:00Z", "2026-03-11T23:00:00Z", "2026-03-12T23:00:00Z")]
    public void Around_an_instant_is_the_whole_piece_of_the_viewers_zone(string name, string at, string since, string until)
    {
        var zoom = Zoom.Around(name, At(at), Berlin);
        (zoom.Since, zoom.Until).ShouldBe((At(since), At(until)));
        zoom.Moved(1).Since.ShouldBe(zoom.Until);
        zoom.Moved(-1).Until.ShouldBe(zoom.Since);
        zoom.Marks().Count.ShouldBeGreaterThan(4);
    }

    [Fact]
    public void Day_on_which_the_clock_is_put_forward_is_an_hour_shorter()
    {
        var zoom = Zoom.Around("day", At("2026-03-29T12:00:00Z"), Berlin);
        (zoom.Until - zoom.Since).ShouldBe(TimeSpan.FromHours(23));
        zoom.Marks().Select(mark => mark.Text).ShouldBe(["00:00", "03:00", "06:00", "09:00", "12:00", "15:00", "18:00", "21:00"]);
    }

    [Fact]
    public void Bar_is_cut_to_what_is_shown_and_never_too_narrow_to_see()
    {
        var zoom = Zoom.Around("day", At("2026-06-01T12:00:00Z"), TimeZoneInfo.Utc);
        zoom.Bar(zoom.Since.AddDays(-2), zoom.Since.AddHours(12)).ShouldBe((0, 50));
        zoom.Bar(zoom.Since.AddHours(6), zoom.Since.AddHours(6).AddMilliseconds(1)).ShouldBe((25, 0.15));
        zoom.Bar(zoom.Until, zoom.Until.AddHours(1)).ShouldBeNull();
        zoom.Bar(zoom.Since.AddHours(-1), zoom.Since).ShouldBeNull();
    }
}
