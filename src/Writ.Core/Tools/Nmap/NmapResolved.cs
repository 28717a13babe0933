using Writ.Proof.Addresses;
using Writ.Proof.Errors;

namespace Writ.Core.Tools.Nmap;

/// <summary>The targets of a command with its names pinned and its exclusions taken out.</summary>
/// <param name="Targets">Every address.</param>
/// <param name="Plain">Those that the canonical argv writes as addresses.</param>
/// <param name="Names">Those that it writes as names, in the order in which they were typed.</param>
/// <param name="Pinned">The names with what they mean.</param>
internal sealed record NmapResolved(AddressSet Targets, AddressSet Plain, IReadOnlyList<string> Names, IReadOnlyList<PinnedName> Pinned)
{
    /// <summary>
    /// Pins names. Nmap takes the first address of a name of its family, or all with <c>--resolve-all</c>, and of an excluded name all. A mask
    /// on a name applies to each address. A name stays a name unless one of its addresses is excluded.
    /// </summary>
    public static Result<NmapResolved> Of(
        NmapTargets targets, NmapTargets excluded, NmapCommand command, IReadOnlyDictionary<string, IReadOnlyList<Address>>? known)
    {
        if (known is null)
            return Unresolved(targets, excluded);
        var without = excluded.Addresses;
        foreach (var name in excluded.Names)
        {
            var pinned = Pin(name, command.V6, known);
            if (!pinned.IsOk)
                return pinned.Refusal;
            without = without.Union(AddressSet.Of(pinned.Value.Select(address => NmapTargets.Network(address, name.Bits))));
        }

        var (ranges, names) = (new List<AddressRange>(), new List<PinnedName>());
        foreach (var name in targets.Names)
        {
            var pinned = Pin(name, command.V6, known);
            if (!pinned.IsOk)
                return pinned.Refusal;
            Address[] used = command.ResolveAll ? pinned.Value : pinned.Value[..1];
            ranges.AddRange(used.Select(address => NmapTargets.Network(address, name.Bits)));
            if (!Array.Exists(used, without.Contains) && !names.Exists(other => other.Name == name.Host))
                names.Add(new(name.Host, used));
        }

        var all = (ranges.Count == 0 ? targets.Addresses : targets.Addresses.Union(AddressSet.Of(ranges))).Except(without);
        var named = AddressSet.Of(names.SelectMany(name => name.Addresses).Select(address => new AddressRange(address, address)));
        return all.IsEmpty ? Empty : new NmapResolved(all, all.Except(named), [.. names.Select(name => name.Name)], names);
    }

    private static Refusal Empty => new(ErrorCode.InvalidTarget, "every target is excluded", "leave a target in");

    private static Result<NmapResolved> Unresolved(NmapTargets targets, NmapTargets excluded)
    {
        if (excluded.Names is [var name, ..])
            return NmapTargets.Wrong(name.Expression, "is an exclusion by name, and names are not resolved here", "write its address");
        var left = targets.Addresses.Except(excluded.Addresses);
        if (left.IsEmpty && targets.Names.Count == 0)
            return Empty;
        return new NmapResolved(left, left, [.. targets.Names.Select(named => named.Expression.Text).Distinct()],
            [.. targets.Names.DistinctBy(named => named.Host).Select(named => new PinnedName(named.Host, []))]);
    }

    private static Result<Address[]> Pin(NmapName name, bool v6, IReadOnlyDictionary<string, IReadOnlyList<Address>> known)
    {
        Address[] addresses = known.TryGetValue(name.Host, out var found) ? [.. found.Where(address => address.IsV4 != v6)] : [];
        if (addresses.Length == 0)
            return NmapTargets.Wrong(name.Expression, $"has no {(v6 ? "IPv6" : "IPv4")} address", v6 ? "leave -6 out, or write an address" : "write its address, or add -6 for IPv6");
        return Array.Exists(addresses, address => NmapTargets.Around(address, name.Bits))
            ? NmapTargets.Wrong(name.Expression, "is a network that holds all of IPv4", "name the network that you mean")
            : addresses;
    }
}
