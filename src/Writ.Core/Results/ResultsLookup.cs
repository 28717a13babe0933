using Writ.Proof.Addresses;

namespace Writ.Core.Results;

/// <summary>What a run measured, asked for one host or port at a time.</summary>
internal sealed class ResultsLookup(ResultsSide side)
{
    private readonly Dictionary<string, PortSet> _looked = side.Results.Looked.GroupBy(looked => looked.Protocol, StringComparer.Ordinal)
        .ToDictionary(group => group.Key, group => group.Aggregate(PortSet.Empty, (all, looked) => all.Union(Ports(looked.Ports))), StringComparer.Ordinal);

    private readonly Dictionary<Address, Dictionary<(string, int), FoundPort>> _ports = [];
    private readonly Dictionary<string, PortSet> _sets = new(StringComparer.Ordinal);

    /// <summary>The hosts that the tool told of.</summary>
    public Dictionary<Address, FoundHost> Hosts { get; } = side.Results.Hosts.ToDictionary(host => host.Address);

    /// <summary>Whether a host is up; null where that was not measured.</summary>
    public string? State(Address address) =>
        Hosts.TryGetValue(address, out var host) ? host.State is "up" or "down" ? host.State : null
        : side.Results.TellsAll && side.Targets.Contains(address) ? "down" : null;

    /// <summary>A port that the tool told of by itself.</summary>
    public FoundPort? Port(Address address, string protocol, int number)
    {
        if (!Hosts.TryGetValue(address, out var host))
            return null;
        if (!_ports.TryGetValue(address, out var ports))
            _ports[address] = ports = host.Ports.ToDictionary(port => (port.Protocol, port.Number));
        return ports.GetValueOrDefault((protocol, number));
    }

    /// <summary>A port's state; null where it was not measured.</summary>
    public string? State(Address address, string protocol, int number)
    {
        if (State(address) is not { } state)
            return null;
        if (state != "up")
            return "host down";
        if (Port(address, protocol, number) is { } port)
            return port.State == NotMeasured.State ? null : port.State;
        if (!_looked.TryGetValue(protocol, out var looked) || !looked.Contains((ushort)number) || side.Results.UnlistedPorts > 0)
            return null;
        var rest = Hosts[address].Rest.Where(rest => rest.Protocol is null || rest.Protocol == protocol).ToList();
        var found = rest.FirstOrDefault(some => some.Ports is { } ports && Parsed(ports).Contains((ushort)number)) ?? (rest is [{ Ports: null } only] ? only : null);
        return found is null || found.State == NotMeasured.State ? null : found.State;
    }

    // A tool writes one list over and over again for many hosts.
    private PortSet Parsed(string text)
    {
        if (!_sets.TryGetValue(text, out var set))
            _sets[text] = set = Ports(text);
        return set;
    }

    private static PortSet Ports(string text) => PortSet.TryParse(text, out var set) ? set : PortSet.Empty;
}
