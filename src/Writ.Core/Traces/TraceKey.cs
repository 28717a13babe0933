using System.Buffers.Binary;
using System.Security.Cryptography;
using Writ.Proof.Addresses;

namespace Writ.Core.Traces;

/// <summary>What the index of traces is asked about.</summary>
public enum TraceKind
{
    /// <summary>Nothing; no key is made of it.</summary>
    None,
    /// <summary>What a grant's scope holds.</summary>
    Scope,
    /// <summary>Where a run's packets come from.</summary>
    Source,
    /// <summary>Where a run tried to send to out of its scope.</summary>
    Refused,
    /// <summary>Runs of which not everything is known: they may have tried any address.</summary>
    Gap,
}

/// <summary>
/// How addresses stand in the index of traces: a scope as the networks that cover it, an address as all networks around it, each
/// as 64 bits of a hash. Two networks that share a key, and a cover that is wider than its scope, cost a look and
/// never an answer: what is found is held against the scope itself.
/// </summary>
public static class TraceKey
{
    /// <summary>The most networks that cover a scope.</summary>
    public const int MostNetworks = 64;

    private const int V4Prefix = 96, Bits = 128;

    /// <summary>The key of what has no address.</summary>
    public static long Of(TraceKind kind) => Of(kind, default, 0);

    /// <summary>The key of one address.</summary>
    public static long Of(TraceKind kind, Address address) => Of(kind, address.Bits, Bits);

    /// <summary>The keys of the networks that cover the set: exactly it where they are few, a wider one otherwise.</summary>
    public static long[] Covering(TraceKind kind, AddressSet set)
    {
        // The narrowest granule that few networks are enough for; the number falls as the granule grows.
        int low = 0, high = Bits;
        while (low < high)
        {
            var middle = (low + high + 1) / 2;
            if (Networks(set, middle).Take(MostNetworks + 1).Count() <= MostNetworks)
                low = middle;
            else
                high = middle - 1;
        }

        return [.. Networks(set, low).Select(network => Of(kind, network.First, network.Prefix))];
    }

    /// <summary>The keys of every network around the address: 33 of an IPv4 address, 129 of an IPv6 one.</summary>
    public static long[] Around(TraceKind kind, Address address)
    {
        var widest = address.IsV4 ? V4Prefix : 0;
        return [.. Enumerable.Range(widest, Bits - widest + 1).Select(prefix => Of(kind, address.Bits & ~HostMask(prefix), prefix))];
    }

    /// <summary>The keys of every network that holds, or lies in, a part of the range: some hundreds of a range of 256 addresses.</summary>
    public static long[] Overlapping(TraceKind kind, AddressRange range)
    {
        var keys = new HashSet<long>();
        foreach (var (first, prefix) in Networks(AddressSet.Of(range), Bits))
        {
            for (var around = new Address(first).IsV4 ? V4Prefix : 0; around <= prefix; around++)
                keys.Add(Of(kind, first & ~HostMask(around), around));
            for (var inside = prefix + 1; inside <= Bits; inside++)
            {
                var step = (UInt128)1 << (Bits - inside);
                for (UInt128 at = 0; at <= HostMask(prefix); at += step)
                    keys.Add(Of(kind, first + at, inside));
            }
        }

        return [.. keys];
    }

    // Of 128 bits, IPv4 at ::ffff:0:0/96: no network there is wider than all of IPv4, since nobody looks beyond.
    private static IEnumerable<(UInt128 First, int Prefix)> Networks(AddressSet set, int narrowest)
    {
        (UInt128 First, int Prefix)? before = null;
        foreach (var range in set.Ranges)
        {
            var granule = HostMask(range.First.IsV4 ? Math.Max(narrowest, V4Prefix) : narrowest);
            var (next, last) = (range.First.Bits & ~granule, range.Last.Bits | granule);
            while (true)
            {
                var prefix = range.First.IsV4 ? V4Prefix : 0;
                while ((next & HostMask(prefix)) != 0 || (next | HostMask(prefix)) > last)
                    prefix++;
                // Ranges in one granule give the same network.
                if (before is not { } same || (next | HostMask(prefix)) > (same.First | HostMask(same.Prefix)))
                    yield return (next, prefix);
                before = (next, prefix);
                if ((next | HostMask(prefix)) >= last)
                    break;
                next = (next | HostMask(prefix)) + 1;
            }
        }
    }

    private static UInt128 HostMask(int prefix) => prefix == 0 ? UInt128.MaxValue : ((UInt128)1 << (Bits - prefix)) - 1;

    private static long Of(TraceKind kind, UInt128 first, int prefix)
    {
        Span<byte> bytes = stackalloc byte[18], hash = stackalloc byte[SHA256.HashSizeInBytes];
        (bytes[0], bytes[1]) = ((byte)kind, (byte)prefix);
        BinaryPrimitives.WriteUInt128BigEndian(bytes[2..], first);
        SHA256.HashData(bytes, hash);
        return BinaryPrimitives.ReadInt64BigEndian(hash);
    }
}
