using System.Security.Cryptography;
using System.Text;
using Writ.Proof.Addresses;
using Writ.Runner.Kernel;

namespace Writ.Runner.Fences;

/// <summary>
/// The places of runs, as the daemon keeps them: some stand ready, so that a run does not wait for one to be made. What a
/// daemon that crashed left behind is found by its name and removed; it was closed meanwhile, or expired.
/// </summary>
internal sealed class FencePool : IDisposable
{
    private const int MostPlaces = 999_999;
    private static readonly TimeSpan Rest = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan BeforeRefill = TimeSpan.FromMilliseconds(500);
    private readonly IFenceBuilder _builder;
    private readonly string? _uplink;
    private readonly string _prefix;
    private readonly int _ready;
    private readonly AddressSet _addresses;
    private readonly AddressPool _pool;
    private readonly Action<string> _say;
    private readonly Queue<FencePlace> _prepared = new();
    // What each live run may reach, by its place's name.
    private readonly Dictionary<string, AddressSet> _reach = new(StringComparer.Ordinal);
    private readonly object _lock = new();
    // Anywhere: what an earlier daemon's run has left to be removed, by its name, must not be a place of now.
    private int _number = RandomNumberGenerator.GetInt32(MostPlaces);
    private bool _stopped;

    /// <param name="builder">How fences are made.</param>
    /// <param name="runner">The runner's id, from which the names come: two runners on a host never meet.</param>
    /// <param name="uplink">The namespace that packets are handed to, or null for the host's own.</param>
    /// <param name="addresses">What runs may have; where it is empty, the uplink's own.</param>
    /// <param name="ready">How many places stand ready.</param>
    /// <param name="live">The places of runs that an earlier daemon started and that still live, and what they may reach.</param>
    /// <param name="time">The clock of the pool's addresses.</param>
    /// <param name="say">Where trouble in the background is told.</param>
    /// <exception cref="RunnerException">No fence can be raised here.</exception>
    public FencePool(IFenceBuilder builder, string runner, string? uplink, AddressSet addresses, int ready, IEnumerable<(FencePlace Place, AddressSet Reach)> live,
        TimeProvider time, Action<string> say)
    {
        (_builder, _uplink, _ready, _say) = (builder, uplink, ready, say);
        _prefix = PrefixOf(runner);
        _addresses = addresses;
        _pool = new(addresses, Rest, time);
        foreach (var (place, reach) in live)
        {
            _reach[place.Name] = reach;
            foreach (var address in place.Addresses())
                _pool.Keep(address);
        }

        NetworkNamespace.In(uplink, () =>
        {
            builder.Guard(_prefix);
            foreach (var name in builder.Existing(_prefix).Where(name => !_reach.ContainsKey(name)))
                builder.Remove(name);

            builder.ForgetNeighbours(_prefix, Reached());
        });
        Fill();
    }

    /// <summary>The names of this runner's links begin so; with a number after it, one fits the 15 characters of a link's name.</summary>
    public static string PrefixOf(string runner) => "wr-" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(runner)))[..5];

    /// <summary>A place for a run of this scope, or one that looks at it and sends nothing.</summary>
    /// <exception cref="RunnerException">There is none to be had.</exception>
    public FencePlace Take(NetworkScope scope, bool captures = false)
    {
        if (_addresses.IsEmpty)
            return Share(scope.IsSilent || captures ? AddressSet.Empty : scope.Addresses) with { Captures = captures };
        foreach (var isV4 in (bool[])[true, false])
        {
            if (!captures && !_pool.Has(isV4) && scope.Addresses.Ranges.Any(range => range.First.IsV4 == isV4))
                throw new RunnerException($"the runner's pool has no {(isV4 ? "IPv4" : "IPv6")} address for a run to come from", "its operator adds some to pool in runner.json");
        }

        FencePlace? place;
        lock (_lock)
            _prepared.TryDequeue(out place);
        place ??= Prepare();
        lock (_lock)
            _reach[place.Name] = captures ? AddressSet.Empty : scope.Addresses;
        // Not now: the run that begins needs the machine, and the kernel's lock over all links.
        _ = Task.Run(async () =>
        {
            await Task.Delay(BeforeRefill);
            Refill();
        });
        return place with { Captures = captures };
    }

    // Without addresses for runs, one comes from the uplink's own. Two that reach the same could not be told apart.
    private FencePlace Share(AddressSet reach)
    {
        FencePlace place;
        lock (_lock)
        {
            if (_reach.Values.Any(other => !other.Intersect(reach).IsEmpty))
                throw new RunnerException("another run reaches some of the same addresses, and both would come from this runner's own", "try again when it has ended; its operator gives runs addresses of their own: pool in runner.json");
            place = new(NextName(), _uplink, null, null, IsShared: true);
            _reach[place.Name] = reach;
        }

        try
        {
            NetworkNamespace.In(_uplink, () =>
            {
                var (four, six) = _builder.SourcesTo(reach);
                place = place with { Address4 = four?.ToString(), Address6 = six?.ToString() };
                _builder.Prepare(place);
            });
            return place;
        }
        catch
        {
            lock (_lock)
                _reach.Remove(place.Name);
            throw;
        }
    }

    /// <summary>The run is over: its place goes.</summary>
    public void Release(FencePlace place) => _ = Task.Run(() =>
    {
        try
        {
            lock (_lock)
                _reach.Remove(place.Name);
            NetworkNamespace.In(_uplink, () =>
            {
                _builder.Remove(place.Name);
                _builder.ForgetNeighbours(_prefix, Reached());
            });
        }
        catch (Exception failed) when (failed is IOException or RunnerException)
        {
            _say($"the fence {place.Name} could not be removed: {failed.Message}");
        }

        Return(place);
        Refill();
    });

    private AddressSet Reached()
    {
        lock (_lock)
            return AddressSet.Of(_reach.Values.SelectMany(reach => reach.Ranges));
    }

    private void Refill()
    {
        try
        {
            Fill();
        }
        catch (RunnerException failed)
        {
            // Runs say so when they come to need one.
            _say(failed.Message);
        }
    }

    private void Fill()
    {
        while (true)
        {
            lock (_lock)
            {
                if (_stopped || _addresses.IsEmpty || _prepared.Count >= _ready)
                    return;
            }

            var place = Prepare();
            bool late;
            lock (_lock)
            {
                late = _stopped;
                if (!late)
                    _prepared.Enqueue(place);
            }

            if (!late)
                continue;
            // The pool was closed while this one was made: nobody else will remove it.
            NetworkNamespace.In(_uplink, () => _builder.Remove(place.Name));
            return;
        }
    }

    private FencePlace Prepare()
    {
        FencePlace place;
        lock (_lock)
        {
            var (four, six) = (_pool.Take(isV4: true), _pool.Take(isV4: false));
            if ((four is null && _pool.Has(isV4: true)) || (six is null && _pool.Has(isV4: false)))
            {
                foreach (var address in new[] { four, six }.OfType<Address>())
                    _pool.Return(address);
                throw new RunnerException("every address of the runner's pool is in use or rests from its last run", "try again in a moment; its operator adds more to pool in runner.json");
            }

            place = new(NextName(), _uplink, four?.ToString(), six?.ToString());
        }

        try
        {
            NetworkNamespace.In(_uplink, () => _builder.Prepare(place));
            return place;
        }
        catch
        {
            Return(place);
            throw;
        }
    }

    private string NextName()
    {
        string name;
        do
        {
            _number = (_number % MostPlaces) + 1;
            name = $"{_prefix}-{_number}";
        }
        while (_reach.ContainsKey(name));
        return name;
    }

    private void Return(FencePlace place)
    {
        lock (_lock)
        {
            foreach (var address in place.Addresses())
                _pool.Return(address);
        }
    }

    /// <summary>Places that nobody took are removed; those of runs stay, as runs do.</summary>
    public void Dispose()
    {
        List<FencePlace> places;
        lock (_lock)
        {
            _stopped = true;
            places = [.. _prepared];
            _prepared.Clear();
        }

        NetworkNamespace.In(_uplink, () => places.ForEach(place => _builder.Remove(place.Name)));
    }
}
