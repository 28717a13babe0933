using CsCheck;
using Writ.Proof.Addresses;
using Writ.Runner.Fences;

namespace Writ.Tests.Runner.Fences;

public sealed class NextHopsTests
{
    private static AddressSet Set(params string[] texts) => AddressSet.TryParse(texts, out var set, out var wrong) ? set : throw new ArgumentException(wrong);

    private static Address At(string text) => Address.TryParse(text, out var address) ? address : throw new ArgumentException(text);

    private static RouteEntry Route(string network, int device, string? gateway = null, uint metric = 0)
    {
        var slash = network.IndexOf('/', StringComparison.Ordinal);
        var prefix = int.Parse(network.AsSpan(slash + 1), System.Globalization.CultureInfo.InvariantCulture);
        var first = At(network[..slash]);
        var hosts = first.Width - prefix;
        return new(first, new(hosts == 128 ? UInt128.MaxValue : first.Bits | ((UInt128.One << hosts) - 1)), prefix, metric, device, gateway is null ? null : At(gateway));
    }

    private static readonly FencePlace Place = new("wr-00000-1", null, "10.99.0.7", "fd99::7");

    private static string[] Texts(AddressSet scope, params RouteEntry[] routes) => Texts(scope, RoutingRule.Usual, routes);

    private static string[] Texts(AddressSet scope, IEnumerable<RoutingRule> rules, params RouteEntry[] routes) =>
        [.. NextHops.Of(scope, rules, routes, Place).Select(hop => $"{hop.First}-{hop.Last} {hop.Device} {hop.Gateway?.ToString() ?? "link"}")];

    [Fact]
    public void Of_overlapping_routes_takes_the_longest() =>
        Texts(Set("10.0.0.0/8"), Route("0.0.0.0/0", 1, "10.9.9.1"), Route("10.20.0.0/16", 2), Route("10.20.5.0/24", 3, "10.20.0.1"))
            .ShouldBe(["10.0.0.0-10.19.255.255 1 10.9.9.1", "10.20.0.0-10.20.4.255 2 link", "10.20.5.0-10.20.5.255 3 10.20.0.1",
                "10.20.6.0-10.20.255.255 2 link", "10.21.0.0-10.255.255.255 1 10.9.9.1"]);

    [Fact]
    public void Of_equal_networks_takes_the_lowest_metric() =>
        Texts(Set("10.1.0.0/24"), Route("10.1.0.0/24", 1, metric: 100), Route("10.1.0.0/24", 2, metric: 50)).ShouldBe(["10.1.0.0-10.1.0.255 2 link"]);

    [Fact]
    public void Of_a_blackhole_leads_nowhere_although_a_wider_route_would() =>
        Texts(Set("10.1.0.0/23"), Route("0.0.0.0/0", 1), Route("10.1.1.0/24", 0)).ShouldBe(["10.1.0.0-10.1.0.255 1 link"]);

    [Fact]
    public void Of_a_default_route_of_one_family_is_none_for_the_other()
    {
        Texts(Set("10.1.0.1"), Route("::/0", 1)).ShouldBeEmpty();
        Texts(Set("2001:db8::1"), Route("0.0.0.0/0", 1)).ShouldBeEmpty();
        Texts(Set("10.1.0.1", "2001:db8::1"), Route("::/0", 1, "fe80::1")).ShouldBe(["2001:db8::1-2001:db8::1 1 fe80::1"]);
    }

    private static RoutingRule Rule(uint table, string? from = null, string? to = null, string? input = null, bool selectsNone = false, int leastPrefix = 0, bool inverted = false, string? unknown = null) =>
        new(true, 100, Network(from), Network(to), input, selectsNone, table, leastPrefix, inverted, unknown);

    private static AddressRange? Network(string? text) => text is null ? null : AddressRange.TryParse(text, out var range) ? range : throw new ArgumentException(text);

    [Fact]
    public void Of_rules_the_first_whose_table_has_a_route_decides()
    {
        var scope = Set("10.1.0.0/23");
        RouteEntry[] routes = [Route("0.0.0.0/0", 1), Route("10.1.1.0/24", 2) with { Table = 77 }];
        string[] main = ["10.1.0.0-10.1.1.255 1 link"], both = ["10.1.0.0-10.1.0.255 1 link", "10.1.1.0-10.1.1.255 2 link"];
        string[] With(RoutingRule rule) => Texts(scope, [rule, .. RoutingRule.Usual], routes);
        With(Rule(77)).ShouldBe(both);
        With(Rule(77, from: "10.99.0.0/24")).ShouldBe(both, "the run comes from there");
        With(Rule(77, from: "10.98.0.0/24")).ShouldBe(main);
        With(Rule(77, to: "10.1.1.0/25")).ShouldBe(["10.1.0.0-10.1.0.255 1 link", "10.1.1.0-10.1.1.127 2 link", "10.1.1.128-10.1.1.255 1 link"]);
        With(Rule(77, input: "lo")).ShouldBe(main, "the host's own packets");
        With(Rule(77, input: Place.Name)).ShouldBe(both);
        With(Rule(77, selectsNone: true)).ShouldBe(main, "marked ones");
        With(Rule(77, selectsNone: true, inverted: true)).ShouldBe(both, "all that are not marked");
        With(Rule(77, leastPrefix: 25)).ShouldBe(main, "what is less exact is suppressed");
        With(Rule(0, to: "10.1.1.0/24")).ShouldBe(["10.1.0.0-10.1.0.255 1 link"], "prohibited");
        Texts(scope, [Rule(77), .. RoutingRule.Usual], [.. routes, Route("10.1.1.128/25", 0) with { Table = 77, IsThrow = true }])
            .ShouldBe(["10.1.0.0-10.1.0.255 1 link", "10.1.1.0-10.1.1.127 2 link", "10.1.1.128-10.1.1.255 1 link"]);
    }

    [Fact]
    public void Of_a_rule_that_cannot_be_followed_is_refused_only_where_it_is_about_the_scope()
    {
        var refused = Should.Throw<IOException>(() => Texts(Set("10.1.0.0/24"), [Rule(77, unknown: "protocol or ports"), .. RoutingRule.Usual], Route("0.0.0.0/0", 1)));
        refused.Message.ShouldBe("the uplink's routing rule 100 looks at protocol or ports, which a fence cannot follow");
        Texts(Set("10.1.0.0/24"), [Rule(77, to: "10.2.0.0/24", unknown: "protocol or ports"), .. RoutingRule.Usual], Route("0.0.0.0/0", 1)).ShouldHaveSingleItem();
    }

    [Fact]
    public void Unreachable_is_exactly_what_no_route_leads_to()
    {
        Gen.Select(Gen.UInt[0x0a000000, 0x0a0001ff], Gen.Int[1, 300], Gen.UInt[0x0a000000, 0x0a0001ff], Gen.Int[24, 32]).Sample((first, count, network, prefix) =>
        {
            var scope = AddressSet.Of(new AddressRange(Address.V4(first), Address.V4(first + (uint)count - 1)));
            var route = AddressRange.Network(Address.V4(network), prefix);
            var hops = NextHops.Of(scope, RoutingRule.Usual, [new(route.First, route.Last, prefix, 0, 1, null)], Place);
            var rest = AddressSet.Of(NextHops.Unreachable(scope, hops, int.MaxValue).Select(entry => AddressRange.Network(entry.Network, entry.Prefix)));
            rest.ShouldBe(scope.Except(AddressSet.Of(route)));
        }, iter: 500);
    }

    [Fact]
    public void Unreachable_everything_is_one_network_a_family() =>
        NextHops.Unreachable(AddressSet.Of(new AddressRange(Address.V4(0), Address.V4(uint.MaxValue))), [], 10).ShouldBe([(Address.V4(0), 0)]);
}
