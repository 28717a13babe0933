using Writ.Proof.Addresses;

namespace Writ.Runner.Fences;

/// <summary>
/// The addresses that runs may have, from the runner's configuration. One that was given back rests before it is given out
/// again, so that a late answer to one run is not taken for the next one's. Not for several threads at once.
/// </summary>
/// <param name="addresses">All of them.</param>
/// <param name="rest">How long an address rests.</param>
/// <param name="time">The clock.</param>
internal sealed class AddressPool(AddressSet addresses, TimeSpan rest, TimeProvider time)
{
    private readonly HashSet<Address> _taken = [];
    private readonly Dictionary<Address, long> _resting = [];
    private readonly Address?[] _next = new Address?[2];

    /// <summary>True when it has addresses of this family at all.</summary>
    public bool Has(bool isV4) => addresses.Ranges.Any(range => range.First.IsV4 == isV4);

    /// <summary>An address that nobody has, or null; the one that was given out longest ago first.</summary>
    public Address? Take(bool isV4)
    {
        ref var next = ref _next[isV4 ? 1 : 0];
        var ranges = addresses.Ranges.Where(range => range.First.IsV4 == isV4).ToList();
        if (ranges.Count == 0)
            return null;
        var start = next ?? ranges[0].First;
        // At most every address that somebody has or that rests is passed over, whatever the pool's size.
        var tries = _taken.Count + _resting.Count + 1;
        for (var candidate = start; tries > 0; tries--)
        {
            var after = After(ranges, candidate);
            if (IsFree(candidate))
            {
                _taken.Add(candidate);
                next = after;
                return candidate;
            }

            candidate = after;
            if (candidate == start)
                return null;
        }

        return null;
    }

    /// <summary>Marks an address as somebody's.</summary>
    public void Keep(Address address) => _taken.Add(address);

    /// <summary>An address comes back.</summary>
    public void Return(Address address)
    {
        if (_taken.Remove(address))
            _resting[address] = time.GetTimestamp();
    }

    private bool IsFree(Address address)
    {
        if (_taken.Contains(address))
            return false;
        if (!_resting.TryGetValue(address, out var since))
            return true;
        if (time.GetElapsedTime(since) < rest)
            return false;
        _resting.Remove(address);
        return true;
    }

    private static Address After(List<AddressRange> ranges, Address address)
    {
        foreach (var range in ranges)
        {
            if (range.Last > address)
                return range.First > address ? range.First : new(address.Bits + 1);
        }

        return ranges[0].First;
    }
}
