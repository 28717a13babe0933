using Writ.Proof.Addresses;
using Writ.Proof.Orders;
using Writ.Proof.Statements;
using Writ.Runner.Kernel;

namespace Writ.Runner.Fences;

/// <summary>
/// A run's fence in nftables at the netdev hooks. What a run may reach are elements of sets that the kernel lets expire, and
/// beside them stands the wall clock; both end a moment before the deadline. Each change is one transaction.
/// To be made in the uplink's namespace; used anywhere after that.
/// </summary>
internal sealed class NetdevFence : IFence
{
    /// <summary>How long before the deadline the kernel closes, in microseconds.</summary>
    public const long Early = 50_000;
    // The wall clock's end is this much earlier: what comes late is told as late, and not as out of a scope that has just expired.
    private const long ClockFirst = 10_000;
    /// <summary>The most addresses of a scope on the uplink's own links.</summary>
    public const int MostNeighbours = 131_072;
    private const int MostUnreachable = 1_000;
    private const long MostHeldUp = 20_000;
    private const ushort Icmp = 1, Icmp6 = 58;
    private const byte EchoRequest = 8, TimestampRequest = 13, EchoRequest6 = 128;
    private static readonly string[] Scope = ["to4", "to6", "ports_tcp", "ports_udp", "ports_sctp", "protocols", "ask4", "ask6"];
    private readonly FencePlace _place;
    private readonly Netlink _netlink = new(Netlink.Netfilter);
    private readonly NfTables _tables;
    private readonly NetdevCounts _counts;
    private readonly UplinkLinks _links = new();
    private readonly Neighbours _neighbours = new();
    private readonly Dictionary<(int Device, Address? Gateway, bool IsV4), string> _ways = [];
    private readonly HashSet<int> _hooked = [];
    private readonly Dictionary<int, AddressSet> _onLink = [];
    private List<NextHop> _hops = [];
    private List<string> _capturedDevices = [];
    private AddressSet _reach = AddressSet.Empty;
    private uint _claimSeconds;
    private Budget? _budget;
    private Shaper? _shaper;
    private Stir? _stir;
    private ZoneCells _zones = ZoneCells.None;
    private bool _opened;
    private bool _closed;

    public NetdevFence(FencePlace place)
    {
        _place = place;
        _tables = new(_netlink, place.Name);
        _counts = new(_tables, place.Name);
    }

    /// <inheritdoc/>
    public string Description => $"{NetdevFenceBuilder.Kind}: {_place}";

    /// <inheritdoc/>
    public int RoutesChanged => _links.Changed;

    /// <inheritdoc/>
    public void Open(NetworkScope scope, Budget budget, ZoneCells zones, long deadline, long deadlineBoot)
    {
        if (_closed)
            throw new IOException("the fence is closed");
        var left = deadlineBoot - Early - Clock.Boot();
        if (left < ClockFirst || deadline - Early - ClockFirst <= Clock.Wall())
            throw new IOException("less time is left than the fence needs");
        var began = Clock.Boot();
        if (scope.Ranges > SandboxTerms.MostRanges)
            throw new IOException($"the scope has more than {SandboxTerms.MostRanges} ranges of addresses and ports, which is more than a fence holds");
        if (scope.IsSilent)
            scope = NetworkScope.Nothing;
        // Only once: the kernel's counts begin anew with the rules that count.
        if (!_opened && budget != Budget.Unlimited)
            Load(NetdevRules.Spend(_place, budget), "the budget cannot be held");
        if (!_opened && _place.Captures)
            Load(NetdevRules.Capture(_place, _capturedDevices = DevicesTo(scope.Addresses)), "nothing can be captured");
        (_budget, _zones) = (budget, zones);
        _reach = scope.Addresses;
        _claimSeconds = (uint)Math.Min((left / 1_000_000) + 1, uint.MaxValue - 1);

        var changes = NfTables.Change();
        Reach(changes, scope, left);
        var end = (ulong)(deadline - Early - ClockFirst) * 1_000;
        _tables.FlushChain(changes, "clock");
        _tables.AddClock(changes, "clock", end);
        _tables.FlushChain(changes, "late");
        _tables.AddClock(changes, "late", end, NfTables.Count("late"));
        if (!_opened)
            AddZones(changes, zones);
        if (_place.Captures)
        {
            _tables.FlushChain(changes, "copying");
            _tables.AddFrom(changes, "copying", end, NfTables.Go("nothing"));
            _tables.AddJump(changes, "copying", "look");
        }

        var (hooked, devices) = _place.Captures ? ([], []) : AddWays(changes);
        if (_place.IsShared && !_opened)
            AddErrors(changes);
        _tables.Commit(changes);
        // The kernel counts from the moment when it took them. Whoever was held up on the way there says it once more, as if it took as long again.
        if (Clock.Boot() - began is > MostHeldUp and var took)
        {
            var again = NfTables.Change();
            Reach(again, scope, Math.Max(deadlineBoot - Early - Clock.Boot() - took, 1_000));
            _tables.Commit(again);
        }

        _opened = true;
        _hooked.UnionWith(hooked);
        Claim(devices);
        if (_tables.Hooks() is var hooks && (!hooks.Contains(("out", true)) || hooks.Count != 1 + _hooked.Count + (2 * _capturedDevices.Count)))
            throw new IOException($"the fence {_place.Name} is not in force");
    }

    // What may be reached, for so many microseconds.
    private void Reach(NetlinkMessages changes, NetworkScope scope, long left)
    {
        var (ranges, milliseconds) = (scope.Addresses.Ranges, (ulong)(left / 1_000));
        foreach (var set in Scope)
            _tables.FlushSet(changes, set);
        _tables.AddElements(changes, "to4", 4, ranges.Where(range => range.First.IsV4).Select(range => Key(range.First, range.Last)), milliseconds: milliseconds);
        _tables.AddElements(changes, "to6", 16, ranges.Where(range => !range.First.IsV4).Select(range => Key(range.First, range.Last)), milliseconds: milliseconds);
        foreach (var (set, ports) in (ReadOnlySpan<(string, PortSet)>)[("ports_tcp", scope.Tcp), ("ports_udp", scope.Udp), ("ports_sctp", scope.Sctp)])
            _tables.AddElements(changes, set, 2, ports.Ranges.Select(range => ((UInt128)range.First, (UInt128)range.Last, (string?)null)), milliseconds: milliseconds);
        // ICMP has no ports: whoever captures it sees all of it.
        var protocols = _place.Captures && scope.Icmp ? scope.Protocols.Union(PortSet.OfPorts(Icmp, Icmp6)) : scope.Protocols;
        _tables.AddElements(changes, "protocols", 1, protocols.Ranges.Select(range => ((UInt128)range.First, (UInt128)range.Last, (string?)null)), milliseconds: milliseconds);
        byte[] types = [.. scope.IcmpTypes.Ranges.SelectMany(range => Enumerable.Range(range.First, range.Last - range.First + 1)).Select(type => (byte)type)];
        _tables.AddElements(changes, "ask4", 1, Single([.. types.Union(scope.Icmp ? [EchoRequest, TimestampRequest] : [])]), interval: false, milliseconds);
        _tables.AddElements(changes, "ask6", 1, Single([.. types.Union(scope.Icmp ? [EchoRequest6] : [])]), interval: false, milliseconds);
    }

    // Each cell has a counter for what passes and one for what is dropped; what can pass is in scope.
    private void AddZones(NetlinkMessages changes, ZoneCells zones)
    {
        for (var cell = 0; cell < zones.Cells.Count; cell++)
        {
            _tables.AddCounter(changes, NetdevCounts.Passed(cell));
            _tables.AddCounter(changes, NetdevCounts.Dropped(cell));
        }

        foreach (var isV4 in (bool[])[true, false])
        {
            var (family, width) = isV4 ? ("4", 4) : ("6", 16);
            var ranges = zones.Ranges.Where(range => range.Range.First.IsV4 == isV4).ToList();
            _tables.AddElements(changes, $"zone_passed{family}", width,
                InScope(ranges).Select(part => Key(part.Range.First, part.Range.Last, NetdevCounts.Passed(part.Cell))), counters: true);
            _tables.AddElements(changes, $"zone_dropped{family}", width,
                ranges.Select(range => Key(range.Range.First, range.Range.Last, NetdevCounts.Dropped(range.Cell))), counters: true);
        }
    }

    private IEnumerable<(AddressRange Range, int Cell)> InScope(IReadOnlyList<(AddressRange Range, int Cell)> ranges)
    {
        // Both are sorted, so one walk meets every pair that overlaps.
        var (reach, at) = (_reach.Ranges, 0);
        foreach (var (range, cell) in ranges)
        {
            while (at < reach.Count && reach[at].Last < range.First)
                at++;
            for (var i = at; i < reach.Count && reach[i].First <= range.Last; i++)
                yield return (new(reach[i].First > range.First ? reach[i].First : range.First, reach[i].Last < range.Last ? reach[i].Last : range.Last), cell);
        }
    }

    // The devices that lead to any of these.
    private List<string> DevicesTo(AddressSet addresses)
    {
        var names = _links.Devices().ToDictionary(device => device.Index, device => device.Name);
        return [.. NextHops.Of(addresses, _links.Rules(), _links.Routes(), _place).Select(hop => names.GetValueOrDefault(hop.Device)).OfType<string>().Distinct()];
    }

    private void Load(string rules, string otherwise)
    {
        try
        {
            NetworkNamespace.In(_place.Uplink, () => KernelTool.Run(rules, "nft", "-f", "-"));
        }
        catch (RunnerException failed)
        {
            throw new IOException($"{otherwise}: {failed.Message}");
        }
    }

    /// <inheritdoc/>
    public void Enter()
    {
        _stir = new(_links.Devices().Find(device => device.Name == _place.Name).Index);
        NetworkNamespace.Enter(_place.Name);
        if (_budget?.PacketsPerSecond is { } rate)
            _shaper = new((int)rate);
        // Nothing is sent from there.
        if (_place.Captures)
            return;
        using var inside = new UplinkLinks();
        foreach (var (network, prefix) in NextHops.Unreachable(_reach, _hops, MostUnreachable))
            inside.AddUnreachable(network, prefix);
    }

    /// <inheritdoc/>
    public void Stir() => _stir?.Once();

    // The next hop of each part of the scope, and on each device that leads there the chain that takes the answers.
    private (List<int> Hooked, List<int> Devices) AddWays(NetlinkMessages changes)
    {
        var all = _links.Devices();
        var names = all.ToDictionary(device => device.Index, device => device.Name);
        var hops = NextHops.Of(_reach, _links.Rules(), _links.Routes(), _place).Where(hop => names.ContainsKey(hop.Device)).ToList();
        AddNeighbours(hops.Where(hop => hop.Gateway is null && all.Find(device => device.Index == hop.Device).HasNeighbours).ToLookup(hop => hop.Device, hop => new AddressRange(hop.First, hop.Last)));
        _hops = hops;
        var hooked = new List<int>();
        foreach (var device in hops.Select(hop => hop.Device).Distinct().Where(device => !_hooked.Contains(device)))
        {
            _tables.AddChain(changes, $"return-{device}", names[device]);
            _tables.AddJump(changes, $"return-{device}", "back");
            hooked.Add(device);
        }

        foreach (var isV4 in (bool[])[true, false])
        {
            var map = isV4 ? "hop4" : "hop6";
            _tables.FlushSet(changes, map);
            _tables.AddElements(changes, map, isV4 ? 4 : 16, hops.Where(hop => hop.First.IsV4 == isV4).Select(hop =>
                Key(hop.First, hop.Last, Way(changes, hop.Device, hop.Gateway, isV4))).ToList());
        }

        return (hooked, [.. hops.Select(hop => hop.Device).Distinct()]);
    }

    private void AddNeighbours(ILookup<int, AddressRange> onLink)
    {
        if (onLink.Aggregate(UInt128.Zero, (sum, device) => sum + AddressSet.Of(device).Count) > MostNeighbours)
            throw new IOException($"the scope has more than {MostNeighbours} addresses on the uplink's own link, where each needs a place among the host's neighbours");
        foreach (var device in onLink)
        {
            var before = _onLink.GetValueOrDefault(device.Key) ?? AddressSet.Empty;
            var all = before.Union(AddressSet.Of(device));
            _neighbours.Add(device.Key, all.Except(before), NetdevFenceBuilder.MarkOf(_place.Prefix));
            _onLink[device.Key] = all;
        }
    }

    private string Way(NetlinkMessages changes, int device, Address? gateway, bool isV4)
    {
        if (_ways.TryGetValue((device, gateway, isV4), out var chain))
            return chain;
        chain = $"way-{_ways.Count}";
        _ways[(device, gateway, isV4)] = chain;
        _tables.AddChain(changes, chain);
        _tables.AddJump(changes, chain, isV4 ? "sent4" : "sent6");
        _tables.AddForward(changes, chain, device, gateway is { } hop ? UplinkLinks.Bytes(hop) : null, isV4);
        return chain;
    }

    private static (UInt128 First, UInt128 Last, string? Name) Key(Address first, Address last, string? name = null) =>
        first.IsV4 ? ((uint)first.Bits, (uint)last.Bits, name) : (first.Bits, last.Bits, name);

    private static IEnumerable<(UInt128 First, UInt128 Last, string? Name)> Single(params byte[] values) =>
        values.Select(value => ((UInt128)value, (UInt128)value, (string?)null));

    // Of errors that come to an address which is the host's too, the run gets those about its own packets. The parts of the packet
    // within, behind the error's own eight bytes: its protocol, where it went, its port or the number of its question.
    private void AddErrors(NetlinkMessages changes)
    {
        foreach (var (family, protocol, to, width, transport, icmp) in new[] { ("4", 17u, 24u, 4u, 28u, (byte)1), ("6", 14u, 32u, 16u, 48u, (byte)58) })
        {
            _tables.AddRule(changes, $"errors{family}", NfTables.Load(to, width), NfTables.Lookup($"to{family}"),
                NfTables.Load(protocol, 1, NfTables.FirstWord), NfTables.Load(transport, 2, NfTables.FirstWord + 1), NfTables.Lookup("own_ports", NfTables.FirstWord), NfTables.Go($"give{family}"));
            _tables.AddRule(changes, $"errors{family}", NfTables.Load(to, width), NfTables.Lookup($"to{family}"),
                NfTables.Load(protocol, 1), NfTables.Equal([icmp]), NfTables.Load(transport + 4, 2), NfTables.Lookup($"own_asks{family}"), NfTables.Go($"give{family}"));
        }
    }

    // While the run lives, and no longer, the uplink answers for its addresses.
    private void Claim(List<int> devices)
    {
        if (_place.IsShared)
            return;
        foreach (var address in _place.Addresses())
        {
            var holders = _links.Holders(address);
            if (holders.Exists(holder => !_hooked.Contains(holder)))
                throw new IOException($"{address} of the pool is an address of this host");
            foreach (var device in devices)
                _links.Claim(device, address, _claimSeconds, again: holders.Contains(device));
        }
    }

    /// <inheritdoc/>
    public void FollowRoutes()
    {
        if (!_links.TakeChanges() || _closed || _place.Captures)
            return;
        var changes = NfTables.Change();
        var (hooked, devices) = AddWays(changes);
        _tables.Commit(changes);
        _hooked.UnionWith(hooked);
        Claim(devices);
    }

    /// <inheritdoc/>
    public void Close()
    {
        _closed = true;
        var changes = NfTables.Change();
        _tables.FlushChain(changes, "out");
        foreach (var set in Scope)
            _tables.FlushSet(changes, set);
        _tables.Commit(changes);
        if (_place.IsShared)
            return;
        foreach (var address in _place.Addresses())
        {
            foreach (var device in _links.Holders(address))
                _links.Release(device, address);
        }
    }

    /// <inheritdoc/>
    public (long Refused, bool Degraded) Look()
    {
        var (refused, overBudget) = _counts.Look();
        return (refused, overBudget > 0 || (_shaper is not null && _shaper.Read() is not { HeldBack: 0 }));
    }

    /// <inheritdoc/>
    public FenceReading Read()
    {
        var reading = _counts.Read(Scope, _zones);
        // What takes packets from the link before these rules do, passes them by.
        reading = reading with { Closed = reading.Closed && _tables.HooksAt(_place.Name) == 1 && !_links.HasIngress(_place.Name) };
        return _shaper?.Read() is { } shaped ? reading with { OverBudget = reading.OverBudget + shaped.Lost, HeldBack = shaped.HeldBack } : reading;
    }

    /// <inheritdoc/>
    public IReadOnlyList<RefusedDestination> Refused() => _counts.Refused();

    /// <summary>For a run whose supervisor is gone: closes what it may have left open. Null where the kernel does not tell.</summary>
    public static FenceReading? CloseAndRead(FencePlace place, ZoneCells zones)
    {
        FenceReading? reading = null;
        try
        {
            NetworkNamespace.In(place.Uplink, () =>
            {
                using var fence = new NetdevFence(place) { _zones = zones };
                fence.Close();
                reading = fence.Read();
            });
        }
        catch (IOException)
        {
            // It is not there any more, or this is not root: what is not known is not told.
        }

        return reading;
    }

    public void Dispose()
    {
        _netlink.Dispose();
        _links.Dispose();
        _neighbours.Dispose();
        _shaper?.Dispose();
        _stir?.Dispose();
    }
}
