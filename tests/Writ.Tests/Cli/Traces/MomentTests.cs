using Writ.Cli.Traces;

namespace Writ.Tests.Cli.Traces;

public class MomentTests
{
    private static readonly TimeZoneInfo Berlin = TimeZoneInfo.FindSystemTimeZoneById("Europe/Berlin");

    [Theory]
    // Today, as it has been already; the minute that it is now; yesterday where it has not come yet.
    [InlineData("14:03", "2026-07-01T12:30:00Z", "2026-07-01T12:03:00Z", 60)]
    [InlineData("14:03", "2026-07-01T12:03:20Z", "2026-07-01T12:03:00Z", 60)]
    [InlineData("14:03", "2026-07-01T11:00:00Z", "2026-06-30T12:03:00Z", 60)]
    [InlineData("9:05", "2026-07-01T12:30:00Z", "2026-07-01T07:05:00Z", 60)]
    [InlineData("14:03:22", "2026-07-01T12:30:00Z", "2026-07-01T12:03:22Z", 1)]
    [InlineData("2026-07-01T14:03Z", "2026-07-02T12:30:00Z", "2026-07-01T14:03:00Z", 60)]
    [InlineData("2026-07-01T14:03:22+02:00", "2026-07-02T12:30:00Z", "2026-07-01T12:03:22Z", 1)]
    [InlineData("2026-07-01 14:03", "2026-07-02T12:30:00Z", "2026-07-01T12:03:00Z", 60)]
    // The clock was put forward from 2:00 to 3:00: there was no 2:30 that day. It was put back from 3:00 to 2:00: there were two.
    [InlineData("02:30", "2026-03-29T10:00:00Z", "2026-03-28T01:30:00Z", 60)]
    [InlineData("02:30", "2026-10-25T10:00:00Z", "2026-10-25T01:30:00Z", 60)]
    [InlineData("02:30", "2026-10-25T01:10:00Z", "2026-10-25T00:30:00Z", 60)]
    public void Moment_is_the_last_such_one_in_the_viewers_zone(string text, string now, string begin, int seconds)
    {
        var moment = Moment.Parse(text, At(now), Berlin).ShouldNotBeNull();
        (moment.Begin, moment.End).ShouldBe((At(begin), At(begin).AddSeconds(seconds)));
    }

    [Theory]
    [InlineData("25:00")]
    [InlineData("14:3")]
    [InlineData("noon")]
    [InlineData("")]
    [InlineData("2026-02-30T14:03Z")]
    [InlineData("2026-03-29 02:30")]
    [InlineData("2027-01-01T00:00Z")]
    public void What_is_no_moment_or_has_not_been_is_refused(string text) => Moment.Parse(text, At("2026-07-01T12:30:00Z"), Berlin).ShouldBeNull();

    [Fact]
    public void Edge_is_a_moments_beginning_or_end_or_some_time_ago()
    {
        var now = At("2026-07-01T12:30:00Z");
        Moment.Edge("14:03", now, Berlin, isEnd: false).ShouldBe(At("2026-07-01T12:03:00Z"));
        Moment.Edge("14:03", now, Berlin, isEnd: true).ShouldBe(At("2026-07-01T12:04:00Z"));
        Moment.Edge("2h", now, Berlin, isEnd: false).ShouldBe(At("2026-07-01T10:30:00Z"));
        Moment.Edge("2026-06-01", now, Berlin, isEnd: false).ShouldBe(At("2026-06-01T00:00:00Z"));
        Moment.Edge("whenever", now, Berlin, isEnd: false).ShouldBeNull();
    }

    [Theory]
    [InlineData("10.20.0.5", "10.20.0.5", null, null)]
    [InlineData("10.20.0.5:22", "10.20.0.5", 22, "tcp")]
    [InlineData("10.20.0.5:53/udp", "10.20.0.5", 53, "udp")]
    [InlineData("2001:db8::5", "2001:db8::5", null, null)]
    [InlineData("[2001:db8::5]", "2001:db8::5", null, null)]
    [InlineData("[2001:db8::5]:443", "2001:db8::5", 443, "tcp")]
    [InlineData("[2001:db8::5]:36412/sctp", "2001:db8::5", 36412, "sctp")]
    public void Endpoint_is_an_address_with_a_port_or_without(string text, string address, int? port, string? protocol)
    {
        var endpoint = Endpoint.Parse(text).ShouldNotBeNull();
        (endpoint.Address.ToString(), endpoint.Port, endpoint.Protocol).ShouldBe((address, port, protocol));
    }

    [Theory]
    [InlineData("web1.staging")]
    [InlineData("10.20.0")]
    [InlineData("10.20.0.5:")]
    [InlineData("10.20.0.5:65536")]
    [InlineData("10.20.0.5:+22")]
    [InlineData("10.20.0.5/24")]
    [InlineData("10.20.0.5/udp")]
    [InlineData("10.20.0.5:22/icmp")]
    [InlineData("[2001:db8::5")]
    [InlineData("[2001:db8::5]443")]
    [InlineData("[10.20.0.5]:22")]
    [InlineData("")]
    public void What_is_no_address_with_a_port_is_refused(string text) => Endpoint.Parse(text).ShouldBeNull();

    private static DateTimeOffset At(string text) => DateTimeOffset.Parse(text, System.Globalization.CultureInfo.InvariantCulture);
}
