using Writ.Proof.Addresses;

namespace Writ.Runner.Fences;

/// <summary>A part of a scope and the way to it.</summary>
/// <param name="First">The lowest address.</param>
/// <param name="Last">The highest.</param>
/// <param name="Device">The device's index.</param>
/// <param name="Gateway">The next hop; null where each address is on the device's own link.</param>
internal readonly record struct NextHop(Address First, Address Last, int Device, Address? Gateway);

/// <summary>
/// Which way each address of a scope goes: by the first routing rule whose table has a route to it, and in a table by the
/// longest network, among equal ones by the lowest metric.
/// </summary>
internal static class NextHops
{
    /// <summary>The parts, disjoint, lowest first. What no route leads to is in none of them.</summary>
    /// <param name="scope">Where to.</param>
    /// <param name="rules">By priority.</param>
    /// <param name="routes">Of all tables.</param>
    /// <param name="place">Where from.</param>
    /// <exception cref="IOException">A rule looks at something that cannot be followed.</exception>
    public static List<NextHop> Of(AddressSet scope, IEnumerable<RoutingRule> rules, IEnumerable<RouteEntry> routes, FencePlace place)
    {
        var found = new List<NextHop>();
        var tables = routes.ToLookup(route => route.Table);
        foreach (var family in rules.GroupBy(rule => rule.IsV4))
        {
            var open = AddressSet.Of(scope.Ranges.Where(range => range.First.IsV4 == family.Key));
            var source = place.Addresses().Where(address => address.IsV4 == family.Key).Select(address => (Address?)address).FirstOrDefault();
            foreach (var rule in family)
            {
                if (rule.Concerns(open, source, place.Name) is { IsEmpty: false } concerned)
                    open = open.Except(concerned).Union(rule.Table == 0 ? AddressSet.Empty : Follow(concerned, tables[rule.Table].Where(route => route.Prefix >= rule.LeastPrefix), found));
            }
        }

        found.Sort((a, b) => a.First.CompareTo(b.First));
        return found;
    }

    // Adds what a table decides, and gives back what it does not.
    private static AddressSet Follow(AddressSet scope, IEnumerable<RouteEntry> routes, List<NextHop> found)
    {
        var open = scope.Ranges.Select(range => (range.First, range.Last)).ToList();
        var undecided = new List<AddressRange>();
        foreach (var route in routes.OrderByDescending(route => route.Prefix).ThenBy(route => route.Metric))
        {
            var rest = new List<(Address First, Address Last)>(open.Count);
            foreach (var (first, last) in open)
            {
                // An IPv6 default route lies around the IPv4 addresses, and is not theirs.
                if (first.IsV4 != IsV4(route) || last < route.First || first > route.Last)
                {
                    rest.Add((first, last));
                    continue;
                }

                var from = first > route.First ? first : route.First;
                var to = last < route.Last ? last : route.Last;
                if (first < from)
                    rest.Add((first, new(from.Bits - 1)));
                if (route.IsThrow)
                    undecided.Add(new(from, to));
                else if (route.Device != 0)
                    found.Add(new(from, to, route.Device, route.Gateway));
                if (to < last)
                    rest.Add((new(to.Bits + 1), last));
            }

            open = rest;
            if (open.Count == 0)
                break;
        }

        return AddressSet.Of(undecided.Concat(open.Select(part => new AddressRange(part.First, part.Last))));
    }

    /// <summary>What no route leads to, as networks; at most so many.</summary>
    public static List<(Address Network, int Prefix)> Unreachable(AddressSet scope, IEnumerable<NextHop> hops, int most)
    {
        var rest = scope.Except(AddressSet.Of(hops.Select(hop => new AddressRange(hop.First, hop.Last))));
        return [.. rest.Ranges.SelectMany(Networks).Take(most)];
    }

    // The fewest networks that make up a range.
    private static IEnumerable<(Address Network, int Prefix)> Networks(AddressRange range)
    {
        for (var first = range.First; ;)
        {
            var prefix = first.Width;
            for (var size = UInt128.One << 1; prefix > 0 && size != 0 && (first.Bits & (size - 1)) == 0 && size - 1 <= range.Last.Bits - first.Bits; size <<= 1)
                prefix--;
            yield return (first, prefix);
            var last = new Address(first.Bits + ((UInt128.One << (first.Width - prefix)) - 1));
            if (last >= range.Last)
                yield break;
            first = new(last.Bits + 1);
        }
    }

    private static bool IsV4(RouteEntry route) => route.First.IsV4 && route.Last.IsV4;
}
