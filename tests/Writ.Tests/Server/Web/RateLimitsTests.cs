using System.Net;
using Microsoft.Extensions.Time.Testing;
using Writ.Server;
using Writ.Server.Web;

namespace Writ.Tests.Server.Web;

/// <summary>Limits of calls, and where a server may listen.</summary>
public class RateLimitsTests
{
    [Fact]
    public void Take_beyond_the_burst_waits_and_fills_again()
    {
        var clock = new FakeTimeProvider();
        var limits = new RateLimits(clock);
        var rate = new Rate(3, 2);
        for (var call = 0; call < 3; call++)
            limits.Take("one", rate).ShouldBeNull();
        limits.Take("one", rate).ShouldBe(TimeSpan.FromSeconds(0.5));
        limits.Take("another", rate).ShouldBeNull("each has its own");
        clock.Advance(TimeSpan.FromSeconds(0.5));
        limits.Take("one", rate).ShouldBeNull();
        limits.Take("one", rate).ShouldNotBeNull();
        // However long it waits, it is full at its burst.
        clock.Advance(TimeSpan.FromDays(1));
        for (var call = 0; call < 3; call++)
            limits.Take("one", rate).ShouldBeNull();
        limits.Take("one", rate).ShouldNotBeNull();
    }

    [Fact]
    public void Take_of_very_many_names_keeps_no_more_than_so_many_and_forgets_the_full_ones()
    {
        var clock = new FakeTimeProvider();
        var limits = new RateLimits(clock);
        var rate = new Rate(1, 1);
        for (var name = 0; name < 50_000; name++)
            limits.Take($"{name}", rate).ShouldBeNull();
        // Those that find no place share one.
        limits.Take("late", rate).ShouldBeNull();
        limits.Take("later", rate).ShouldNotBeNull();
        limits.Take("0", rate).ShouldNotBeNull("who has a place is counted there");
        clock.Advance(TimeSpan.FromSeconds(1));
        limits.Take("later", rate).ShouldBeNull("the full ones made room");
        limits.Take("latest", rate).ShouldBeNull();
    }

    [Theory]
    [InlineData("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", true)]
    [InlineData("2001:db8:1:2::1", "2001:db8:1:3::1", false)]
    [InlineData("192.0.2.1", "::ffff:192.0.2.1", true)]
    [InlineData("192.0.2.1", "192.0.2.2", false)]
    public void KeyOf_counts_a_customers_network_as_one(string one, string other, bool same) =>
        (RateLimits.KeyOf(IPAddress.Parse(one)) == RateLimits.KeyOf(IPAddress.Parse(other))).ShouldBe(same);

    [Theory]
    [InlineData("http://127.0.0.1:8080", null, true)]
    [InlineData("https://192.0.2.1:8443", null, true)]
    [InlineData("http://192.0.2.1:8080", null, false)]
    [InlineData("http://writ.example.com:8080", null, false)]
    [InlineData("http://[::]:8080", null, false)]
    [InlineData("http://192.0.2.1:8080", "yes", false)]
    [InlineData("http://127.0.0.1:8080", "yes", false)]
    [InlineData("http://192.0.2.1:8080", ServerSettings.PlainHttpWords, true)]
    public void Plain_http_is_loopback_or_said_in_words(string url, string? words, bool allowed) =>
        (new ServerSettings("data", [url], null, null) { PlainHttp = words }.Check() is null).ShouldBe(allowed);

    [Theory]
    [InlineData("10.0.0.7", true)]
    [InlineData("10.0.0.0/28", true)]
    [InlineData("2001:db8::1", true)]
    [InlineData("0.0.0.0/0", false)]
    [InlineData("::/0", false)]
    [InlineData("proxy.example.com", false)]
    [InlineData("", false)]
    public void ReadProxies_takes_addresses_and_networks_that_are_not_everybody(string text, bool taken) =>
        ServerSettings.ReadProxies([text]).IsOk.ShouldBe(taken);
}
