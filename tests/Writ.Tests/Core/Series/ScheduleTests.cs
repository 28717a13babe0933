using Writ.Core.Series;
using Writ.Proof.Errors;

namespace Writ.Tests.Core.Series;

/// <summary>When a series runs, and what clocks that are set forward and back do to it.</summary>
public class ScheduleTests
{
    private static readonly DateTimeOffset Never = At("2100-01-01T00:00Z");

    private static DateTimeOffset At(string text) => DateTimeOffset.Parse(text, System.Globalization.CultureInfo.InvariantCulture, System.Globalization.DateTimeStyles.AssumeUniversal);

    private static Schedule Of(string cron, string zone = "Europe/Berlin") => Schedule.Read(cron, zone).Value;

    private static string[] Some(string cron, string after, string until, string zone = "Europe/Berlin") =>
        [.. Of(cron, zone).Between(At(after), At(until)).Select(at => at.ToString("MM-dd HH:mm", System.Globalization.CultureInfo.InvariantCulture))];

    [Fact]
    public void Next_is_told_in_UTC_after_the_one_instant_and_before_the_other()
    {
        Some("0 2 * * 1-5", "2026-03-05T12:00Z", "2026-03-10T12:00Z").ShouldBe(["03-06 01:00", "03-09 01:00", "03-10 01:00"]);
        var nightly = Of("0 2 * * *", "UTC");
        nightly.Next(At("2026-03-05T02:00Z"), Never).ShouldBe(At("2026-03-06T02:00Z"), "the instant itself is over");
        nightly.Next(At("2026-03-05T01:59Z"), At("2026-03-05T02:00Z")).ShouldBeNull("the end is not counted");
        nightly.Next(At("2026-03-05T02:00Z"), At("2026-03-05T01:00Z")).ShouldBeNull();
        (nightly.Text, nightly.TimeZone).ShouldBe(("0 2 * * *", "UTC"));
        Of("  0   2 * *  1 ").Text.ShouldBe("0 2 * * 1");
    }

    [Fact]
    public void Clock_set_forward_makes_up_for_the_hour_that_there_is_not_at_the_change()
    {
        // 2026-03-29: 02:00 CET is 03:00 CEST, at 01:00 UTC.
        Some("30 2 * * *", "2026-03-28T00:00Z", "2026-03-31T00:00Z").ShouldBe(["03-28 01:30", "03-29 01:00", "03-30 00:30"]);
        Some("0 */6 * * *", "2026-03-28T20:00Z", "2026-03-29T12:00Z").ShouldBe(["03-28 23:00", "03-29 04:00", "03-29 10:00"]);
    }

    [Fact]
    public void Clock_set_back_runs_once_what_has_an_hour_and_goes_on_with_what_runs_every_so_often()
    {
        // 2026-10-25: 03:00 CEST is 02:00 CET, at 01:00 UTC.
        Some("30 2 * * *", "2026-10-24T12:00Z", "2026-10-26T12:00Z").ShouldBe(["10-25 00:30", "10-26 01:30"]);
        Some("*/30 * * * *", "2026-10-25T00:00Z", "2026-10-25T02:00Z").ShouldBe(["10-25 00:30", "10-25 01:00", "10-25 01:30"]);
    }

    [Theory]
    [InlineData("", "UTC")]
    [InlineData("0 2 * *", "UTC")]
    [InlineData("0 0 2 * * *", "UTC")]
    [InlineData("@daily", "UTC")]
    [InlineData("61 2 * * *", "UTC")]
    [InlineData("0 2 * * tomorrow", "UTC")]
    [InlineData("٠ 2 * * *", "UTC")]
    [InlineData("0 2 * * *", "")]
    [InlineData("0 2 * * *", null)]
    [InlineData("0 2 * * *", "Europe/Nowhere")]
    [InlineData("0 2 * * *", "W. Europe Standard Time")]
    [InlineData("0 2 * * *", "../../etc/passwd")]
    [InlineData(null, "UTC")]
    public void Read_what_is_no_schedule_is_refused(string? cron, string? zone) => Schedule.Read(cron, zone).Refusal.Code.ShouldBe(ErrorCode.InvalidInput);

    [Theory]
    [InlineData("*/5 * * * *", null)]
    [InlineData("*/4 * * * *", "more often than every 5 minutes")]
    [InlineData("0,59 * * * *", "more often than every 5 minutes")]
    [InlineData("* * * * *", "more often than every 5 minutes")]
    [InlineData("0 0 30 2 *", "never due")]
    [InlineData("0 0 1 1 *", "never due")]
    public void Count_is_bounded(string cron, string? why)
    {
        var count = Of(cron).Count(At("2026-03-05T00:00Z"), At("2026-06-01T00:00Z"));
        if (why is null)
            count.Value.ShouldBe(88 * 288 - 1);
        else
            count.Refusal.Message.ShouldContain(why);
    }
}
