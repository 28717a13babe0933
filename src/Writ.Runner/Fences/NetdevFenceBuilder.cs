using System.Security.Cryptography;
using Writ.Proof.Addresses;
using Writ.Runner.Kernel;

namespace Writ.Runner.Fences;

/// <summary>
/// Makes and removes the places of runs: namespace, link, permanent neighbours both ways, so that neither ARP nor neighbour
/// discovery crosses the link, and the closed rules before the link comes up.
/// </summary>
internal sealed class NetdevFenceBuilder : IFenceBuilder
{
    public const string Kind = "nftables netdev";
    // Behind the ports of Linux's own connections, which end at 60999 unless somebody has changed that.
    private const int FirstSharedPort = 61_000;
    private const string Outer4 = "169.254.1.1", Outer6 = "fe80::1";
    /// <summary>The name of the run's own end of its link.</summary>
    public const string Inner = "eth0";

    /// <inheritdoc/>
    public string Description => $"{Kind}, IPv4 and IPv6, a network namespace a run, closed by the kernel {NetdevFence.Early / 1_000} ms before the deadline";

    /// <inheritdoc/>
    public void Guard(string prefix) => KernelTool.Run(NetdevRules.Guard(prefix), "nft", "-f", "-");

    /// <inheritdoc/>
    public (Address? V4, Address? V6) SourcesTo(AddressSet addresses)
    {
        using var links = new UplinkLinks();
        var (rules, routes) = (links.Rules(), links.Routes());
        var place = new FencePlace("", null, null, null);
        var sources = NextHops.Of(addresses, rules, routes, place).DistinctBy(hop => (hop.First.IsV4, hop.Device, hop.Gateway))
            .Select(hop => links.SourceTo(hop.First)).OfType<Address>().Distinct().ToLookup(address => address.IsV4);
        foreach (var family in sources.Where(family => family.Count() > 1))
        {
            throw new RunnerException($"this runner has several addresses on the ways to the scope: {string.Join(", ", family)}",
                "its operator gives it addresses for runs: pool in runner.json");
        }

        return (One(true), One(false));

        Address? One(bool isV4) => sources[isV4].Select(address => (Address?)address).FirstOrDefault();
    }

    /// <inheritdoc/>
    public void Prepare(FencePlace place)
    {
        var (outer, inner) = (Mac(), Mac());
        try
        {
            KernelTool.Run($"netns add {place.Name}\n", "ip", "-batch", "-");
            NetworkNamespace.In(place.Name, () => Quiet(place.IsShared));
            KernelTool.Run($"link add {place.Name} address {outer} numtxqueues 1 numrxqueues 1 type veth peer name {Inner} address {inner} numtxqueues 1 numrxqueues 1 netns {place.Name}\n",
                "ip", "-batch", "-");
            KernelTool.Run(NetdevRules.Of(place), "nft", "-f", "-");
            var outside = new List<string> { $"link set {place.Name} addrgenmode none alias \"{(place.IsShared ? place.Name : place.ToString())}\"", $"link set {place.Name} up" };
            // Each packet is one where it is counted: the stack hands none over that is to be cut later.
            var inside = new List<string> { "link set lo up", $"link set {Inner} addrgenmode none gso_max_segs 1" };
            // Its connections come from ports that the host's own do not.
            if (place.IsShared)
                NetworkNamespace.In(place.Name, () => File.WriteAllText("/proc/sys/net/ipv4/ip_local_port_range", $"{FirstSharedPort} 65535"));
            if (place.Address4 is { } four)
            {
                outside.Add($"neigh add {four} lladdr {inner} dev {place.Name} nud permanent");
                inside.Add($"addr add {four}/32 dev {Inner}");
            }

            if (place.Address6 is { } six)
            {
                outside.Add($"neigh add {six} lladdr {inner} dev {place.Name} nud permanent");
                inside.Add($"addr add {six}/128 dev {Inner} nodad");
            }

            inside.Add($"link set {Inner} up");
            if (place.Address4 is { } source4)
                inside.AddRange([$"neigh add {Outer4} lladdr {outer} dev {Inner} nud permanent", $"route add default via {Outer4} dev {Inner} onlink src {source4}"]);
            if (place.Address6 is { } source6)
                inside.AddRange([$"neigh add {Outer6} lladdr {outer} dev {Inner} nud permanent", $"route add default via inet6 {Outer6} dev {Inner} onlink src {source6}"]);
            KernelTool.Run(string.Join('\n', outside) + "\n", "ip", "-batch", "-");
            KernelTool.Run(string.Join('\n', inside) + "\n", "ip", "-n", place.Name, "-batch", "-");
        }
        catch (Exception failed) when (failed is RunnerException or IOException)
        {
            Remove(place.Name);
            throw new RunnerException($"no fence can be raised: {failed.Message}", "it needs root, iproute2 and nftables with netdev ingress; docs/enforcement.md tells what it does");
        }
    }

    // What the namespace's own stack would say unasked would be counted as an attempt to leave the scope.
    private static void Quiet(bool shared)
    {
        // A run's user has no rights, yet each port of an address of its own is its own: a source port may be asked for (-g 53).
        if (!shared)
            File.WriteAllText("/proc/sys/net/ipv4/ip_unprivileged_port_start", "0");
        foreach (var (name, value) in (ReadOnlySpan<(string, string)>)
            [("disable_ipv6", "0"), ("accept_ra", "0"), ("router_solicitations", "0"), ("accept_dad", "0"), ("dad_transmits", "0")])
        {
            foreach (var of in (ReadOnlySpan<string>)["all", "default"])
            {
                var path = $"/proc/sys/net/ipv6/conf/{of}/{name}";
                if (File.Exists(path))
                    File.WriteAllText(path, value);
            }
        }
    }

    private static string Mac() => $"02:{string.Join(':', RandomNumberGenerator.GetBytes(5).Select(part => part.ToString("x2", null)))}";

    /// <inheritdoc/>
    public void Remove(string name)
    {
        // In this order: its addresses, its rules, itself. The permanent drop stands over all of it.
        using (var links = new UplinkLinks())
        {
            foreach (var (_, _, alias, _) in links.Devices().Where(device => device.Name == name))
            {
                foreach (var text in alias.Split(' '))
                {
                    if (!Address.TryParse(text, out var address))
                        continue;
                    foreach (var device in links.Holders(address))
                        links.Release(device, address);
                }
            }
        }

        Try($"delete table netdev {name}\n", "nft", "-f", "-");
        Try($"link del {name}\n", "ip", "-batch", "-");
        Try($"netns del {name}\n", "ip", "-batch", "-");
    }

    /// <inheritdoc/>
    public void ForgetNeighbours(string prefix, AddressSet kept)
    {
        using var neighbours = new Neighbours();
        neighbours.Remove(MarkOf(prefix), kept);
    }

    /// <summary>What tells the neighbours of this runner's runs from others', as a number of a protocol that made them; those below 128 are known ones.</summary>
    public static byte MarkOf(string prefix) => (byte)(128 | (SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(prefix))[0] & 127));

    // Of what was never made, or was removed half, not every part is there.
    private static void Try(string input, string tool, params string[] arguments)
    {
        try
        {
            KernelTool.Run(input, tool, arguments);
        }
        catch (RunnerException absent) when (absent.Hint is null)
        {
        }
    }

    /// <inheritdoc/>
    public IReadOnlyCollection<string> Existing(string prefix)
    {
        using var netlink = new Netlink(Netlink.Netfilter);
        using var links = new UplinkLinks();
        var namespaces = Directory.Exists(NetworkNamespace.Folder) ? Directory.EnumerateFiles(NetworkNamespace.Folder, prefix + "-*").Select(path => Path.GetFileName(path)) : [];
        return [.. links.Devices().Select(device => device.Name).Concat(NfTables.Tables(netlink)).Concat(namespaces)
            .Where(name => name.StartsWith(prefix + "-", StringComparison.Ordinal)).Distinct()];
    }
}
