using Writ.Proof.Addresses;

namespace Writ.Core.Zones;

/// <summary>
/// Which zones a set of addresses touches. Built once a policy; the only place that knows how zones are found, so that
/// an index can take the place of the scan without anybody noticing.
/// </summary>
public sealed class ZoneMap
{
    private readonly Zone[] _zones;

    /// <summary>A map of these zones.</summary>
    public ZoneMap(IEnumerable<Zone> zones) => _zones = [.. zones.OrderBy(zone => zone.Name, StringComparer.Ordinal)];

    /// <summary>
    /// Every zone that holds at least one of the addresses, in bytewise order of the names, with the addresses that it
    /// holds; zones may overlap. What no zone holds is in <see cref="ZoneCover.Outside"/>.
    /// </summary>
    public ZoneCover Cover(AddressSet addresses)
    {
        var touched = new List<TouchedZone>();
        var outside = addresses;
        foreach (var zone in _zones)
        {
            var inside = zone.Addresses.Intersect(addresses);
            if (inside.IsEmpty)
                continue;
            touched.Add(new(zone, inside));
            outside = outside.Except(inside);
        }

        return new(touched, outside);
    }
}

/// <summary>How zones hold a set of addresses.</summary>
/// <param name="Touched">The zones that hold some of it.</param>
/// <param name="Outside">What no zone holds: out of scope for everybody.</param>
public sealed record ZoneCover(IReadOnlyList<TouchedZone> Touched, AddressSet Outside);

/// <summary>A zone and those of the asked addresses that lie in it; never none.</summary>
public sealed record TouchedZone(Zone Zone, AddressSet Addresses);
