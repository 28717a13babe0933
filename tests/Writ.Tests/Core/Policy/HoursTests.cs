using System.Globalization;
using Writ.Core.Policy;

namespace Writ.Tests.Core.Policy;

public class HoursTests
{
    private static readonly TimeZoneInfo Berlin = TimeZoneInfo.FindSystemTimeZoneById("Europe/Berlin");

    private static readonly DayOfWeek[] Week = Enum.GetValues<DayOfWeek>();

    private static string? End(Hours hours, string now) =>
        hours.EndAt(DateTimeOffset.Parse(now, CultureInfo.InvariantCulture))?.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm", CultureInfo.InvariantCulture);

    [Theory]
    [InlineData("2026-03-06T22:30:00Z", "2026-03-07T06:00")]
    [InlineData("2026-03-07T05:59:59Z", "2026-03-07T06:00")]
    [InlineData("2026-03-07T06:00:00Z", null)]
    [InlineData("2026-03-07T22:30:00Z", null)]
    public void EndAt_interval_over_midnight_belongs_to_the_day_on_which_it_begins(string now, string? end) =>
        End(new(new HashSet<DayOfWeek> { DayOfWeek.Friday }, 22 * 60, 6 * 60, TimeZoneInfo.Utc), now).ShouldBe(end);

    [Fact]
    public void EndAt_days_that_touch_are_one_interval()
    {
        var days = new Hours(new HashSet<DayOfWeek> { DayOfWeek.Saturday, DayOfWeek.Sunday }, 0, 1440, TimeZoneInfo.Utc);
        End(days, "2026-03-07T10:00:00Z").ShouldBe("2026-03-09T00:00");
        End(new(Week.ToHashSet(), 0, 1440, TimeZoneInfo.Utc), "2026-03-07T10:00:00Z").ShouldNotBeNull();
    }

    [Theory]
    // 2026-03-29: 02:00 to 03:00 does not exist. 2026-10-25: 02:00 to 03:00 comes twice.
    [InlineData(1 * 60, 4 * 60, "2026-03-29T00:30:00Z", "2026-03-29T02:00")]
    [InlineData(1 * 60, 150, "2026-10-25T00:15:00Z", "2026-10-25T00:30")]
    [InlineData(1 * 60, 150, "2026-10-25T01:15:00Z", null)]
    [InlineData(150, 5 * 60, "2026-10-25T00:45:00Z", null)]
    [InlineData(150, 5 * 60, "2026-10-25T01:45:00Z", "2026-10-25T04:00")]
    public void EndAt_where_clocks_change_the_stricter_reading_holds(int from, int to, string now, string? end) =>
        End(new(Week.ToHashSet(), from, to, Berlin), now).ShouldBe(end);

    [Theory]
    [InlineData("2026-03-08T22:59:59Z", null)]
    [InlineData("2026-03-08T23:00:00Z", "2026-03-13T23:00")]
    [InlineData("2026-03-13T22:59:59Z", "2026-03-13T23:00")]
    [InlineData("2026-03-13T23:00:00Z", null)]
    public void EndAt_dates_are_days_of_the_rules_own_time_zone_and_the_end_is_none_of_them(string now, string? end) =>
        End(new(Week.ToHashSet(), 0, 1440, Berlin) { FirstDay = new(2026, 3, 9), EndDay = new(2026, 3, 14) }, now).ShouldBe(end);

    [Fact]
    public void EndAt_interval_over_midnight_of_the_last_day_ends_after_it()
    {
        var nights = new Hours(Week.ToHashSet(), 22 * 60, 6 * 60, TimeZoneInfo.Utc) { FirstDay = new(2026, 3, 9), EndDay = new(2026, 3, 10) };
        End(nights, "2026-03-09T03:00:00Z").ShouldBeNull();
        End(nights, "2026-03-10T03:00:00Z").ShouldBe("2026-03-10T06:00");
        End(nights, "2026-03-10T22:00:00Z").ShouldBeNull();
        nights.ToString().ShouldBe("every day 22:00-06:00 UTC from 2026-03-09 until 2026-03-10");
    }

    [Theory]
    [InlineData("from: 2026-03-09", null)]
    [InlineData("from: 2026-03-09, until: 2026-03-14, hours: \"22:00-06:00\"", null)]
    [InlineData("from: 2026-03-09, until: 2026-03-09", "ends before it begins")]
    [InlineData("from: 9.3.2026", "is no date")]
    [InlineData("until: 2026-02-30", "is no date")]
    [InlineData("tz: UTC", "names neither days nor hours nor dates")]
    public void Read_dates_of_a_rule(string when, string? problem)
    {
        var found = PolicyDocument.Parse("version: 1\nroles: { dev: { groups: [eng] } }\nzones: { z: { addresses: [10.0.0.0/8] } }\nrules:\n"
            + $"  - {{ id: a, roles: [dev], zones: [z], tools: {{ nmap: any }}, approval: none, when: {{ {when} }} }}\n", "p").Problems;
        if (problem is null)
            found.ShouldBeEmpty();
        else
            found.ShouldHaveSingleItem().Message.ShouldContain(problem);
    }

    [Theory]
    [InlineData("30m", 1800)]
    [InlineData("1h30m", 5400)]
    [InlineData("90s", 90)]
    [InlineData("1d", 86400)]
    public void TryParse_duration_is_read_and_written_back(string text, int seconds)
    {
        Duration.TryParse(text, out var duration).ShouldBeTrue();
        duration.TotalSeconds.ShouldBe(seconds);
        Duration.TryParse(Duration.Format(duration), out var again).ShouldBeTrue();
        again.ShouldBe(duration);
    }

    [Theory]
    [InlineData("")]
    [InlineData("30")]
    [InlineData("m")]
    [InlineData("0m")]
    [InlineData("-5m")]
    [InlineData("5m1h")]
    [InlineData("5m5m")]
    [InlineData("1.5h")]
    [InlineData("367d")]
    [InlineData("99999999999d")]
    [InlineData("5 m")]
    public void TryParse_other_durations_are_refused(string text) => Duration.TryParse(text, out _).ShouldBeFalse();
}
