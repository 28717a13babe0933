using Writ.Core.Traces;

namespace Writ.Tests.Core.Traces;

/// <summary>Addresses, networks and lines of firewalls' logs, as people paste them.</summary>
public sealed class TraceLineTests
{
    private static readonly TimeZoneInfo Berlin = TimeZoneInfo.FindSystemTimeZoneById("Europe/Berlin");
    private static readonly DateTimeOffset Now = new(2026, 3, 12, 21, 22, 50, TimeSpan.Zero);

    private static string? Read(string text) => TraceLine.Read(text, Now, Berlin) is { } line
        ? $"{line.From?.ToString() ?? "-"} > {line.Address?.ToString() ?? line.Network?.ToString()} {line.Protocol} {line.Port} {line.At?.UtcDateTime:MM-dd HH:mm:ss}".TrimEnd()
        : null;

    [Theory]
    [InlineData("10.20.4.31", "- > 10.20.4.31")]
    [InlineData(" 10.20.4.31:8009 ", "- > 10.20.4.31 tcp 8009")]
    [InlineData("10.20.4.31:53/udp", "- > 10.20.4.31 udp 53")]
    [InlineData("[2001:db8::5]:443", "- > 2001:db8::5 tcp 443")]
    [InlineData("2001:db8::5", "- > 2001:db8::5")]
    [InlineData("10.20.4.0/25", "- > 10.20.4.0/25")]
    [InlineData("10.20.4.31/30", "- > 10.20.4.28/30")]
    [InlineData("10.20.4.31/32", "- > 10.20.4.31")]
    [InlineData("2001:db8::5/64", "- > 2001:db8::/64")]
    [InlineData("10.20.4.31/33", "- > 10.20.4.31 tcp 33")]
    public void Read_what_is_typed(string text, string read) => Read(text).ShouldBe(read);

    [Theory]
    [InlineData("Mar 12 21:20:14 fw2 ACCEPT IN=eth3 SRC=10.20.250.6 DST=10.20.4.31 PROTO=TCP SPT=4711 DPT=8009", "10.20.250.6 > 10.20.4.31 tcp 8009 03-12 20:20:14")]
    [InlineData("2026-03-12T20:20:14Z kernel: [UFW BLOCK] IN=eth0 OUT= SRC=2001:db8::9 DST=2001:db8::5 PROTO=UDP SPT=1 DPT=53", "2001:db8::9 > 2001:db8::5 udp 53 03-12 20:20:14")]
    [InlineData("Dec 31 23:59:59 gw %ASA-6-302013: Built outbound TCP connection 11 for outside:10.20.4.31/8009 to inside:10.20.250.6/4711", "10.20.4.31 > 10.20.250.6 tcp 4711 12-31 22:59:59")]
    [InlineData("21:20:14.113 rule 7/0(match): block in on em0: 10.20.250.6.4711 > 10.20.4.31.8009: Flags [S]", "10.20.250.6 > 10.20.4.31 tcp 8009 03-12 20:20:14")]
    [InlineData("{\"srcip\": x} srcip=10.20.250.6 srcport=4711 dstip=10.20.4.31 dstport=8009 proto=6 date=2026-03-12 time=21:20:14", "10.20.250.6 > 10.20.4.31 tcp 8009 03-12 20:20:14")]
    [InlineData("2026-03-12 21:20:14 10.20.250.6:4711 -> 10.20.4.31:8009 tcp deny", "10.20.250.6 > 10.20.4.31 tcp 8009 03-12 20:20:14")]
    [InlineData("somebody knocked on 10.20.4.31", "- > 10.20.4.31")]
    public void Read_lines_of_firewalls(string text, string read) => Read(text).ShouldBe(read);

    [Theory]
    [InlineData("")]
    [InlineData("web1.staging.example.com")]
    [InlineData("999.1.1.1:80")]
    [InlineData("nothing to see here at 21:20:14")]
    public void Read_text_without_an_address_is_nothing(string text) => Read(text).ShouldBeNull();

    [Fact]
    public void Read_hostile_text_ends() =>
        Read(string.Concat(Enumerable.Repeat("a=", 1_900)) + " 1.1.1.1.1.1.1.1").ShouldBeNull();
}
