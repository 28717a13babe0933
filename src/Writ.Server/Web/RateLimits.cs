using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Writ.Server.Web;

/// <summary>So many calls at once, and so many a second after that.</summary>
internal sealed record Rate(int Burst, int PerSecond);

/// <summary>
/// A bucket of calls for each actor, and one for each address from which nobody known calls. An empty one refuses until it has
/// filled again. Addresses never count against those who are signed in: whoever floods from behind a proxy locks nobody out.
/// </summary>
internal sealed class RateLimits(TimeProvider time)
{
    public static readonly Rate Actor = new(2_000, 200);
    public static readonly Rate Address = new(500, 50);

    private const int MostBuckets = 50_000;
    private readonly ConcurrentDictionary<string, Bucket> _buckets = new(StringComparer.Ordinal);

    /// <summary>Takes a call out of a bucket; null where there was one, else after how long there is one again.</summary>
    public TimeSpan? Take(string key, Rate rate)
    {
        if (!_buckets.ContainsKey(key) && _buckets.Count >= MostBuckets)
        {
            Sweep();
            if (_buckets.Count >= MostBuckets)
                key = "others";
        }

        return _buckets.GetOrAdd(key, static (_, rate) => new(rate), rate).Take(time.GetUtcNow());
    }

    /// <summary>How an address counts: of IPv6 the network that one customer has (RFC 6177), of a Unix socket all that come by it.</summary>
    public static string KeyOf(IPAddress? address)
    {
        if (address is null)
            return "socket";
        if (address.IsIPv4MappedToIPv6)
            address = address.MapToIPv4();
        return address.AddressFamily == AddressFamily.InterNetworkV6 ? Convert.ToHexStringLower(address.GetAddressBytes().AsSpan(0, 8)) : address.ToString();
    }

    private void Sweep()
    {
        var now = time.GetUtcNow();
        foreach (var (key, bucket) in _buckets)
        {
            if (bucket.IsFull(now))
                _buckets.TryRemove(new(key, bucket));
        }
    }

    private sealed class Bucket(Rate rate)
    {
        private readonly Lock _lock = new();
        private double _left = rate.Burst;
        private DateTimeOffset _at;

        public TimeSpan? Take(DateTimeOffset now)
        {
            lock (_lock)
            {
                Fill(now);
                if (_left < 1)
                    return TimeSpan.FromSeconds((1 - _left) / rate.PerSecond);
                _left--;
                return null;
            }
        }

        public bool IsFull(DateTimeOffset now)
        {
            lock (_lock)
            {
                Fill(now);
                return _left >= rate.Burst;
            }
        }

        private void Fill(DateTimeOffset now)
        {
            if (now > _at)
                (_left, _at) = (Math.Min(rate.Burst, _left + ((now - _at).TotalSeconds * rate.PerSecond)), now);
        }
    }
}
