using System.Text.Json;
using System.Text.Json.Nodes;
using Writ.Proof.Addresses;
using Writ.Runner;
using Writ.Runner.Fences;

namespace Writ.SystemTests.Runner.Fences;

/// <summary>A real supervisor on a run that is held in a place of its own, in the lab's network.</summary>
internal sealed class FencedRun : IDisposable
{
    private readonly FencePool _pool;
    private readonly bool _ownsPool;

    private FencedRun(FencePool pool, bool ownsPool, FencePlace place, SupervisedRun run) => (_pool, _ownsPool, Place, Run) = (pool, ownsPool, place, run);

    public FencePlace Place { get; }
    public SupervisedRun Run { get; }

    /// <summary>A pool of places as a daemon has it.</summary>
    public static FencePool Pool(int ready = 0, string? runner = null, IEnumerable<FencePlace>? live = null, string[]? addresses = null) => new(new NetdevFenceBuilder(), runner ?? Guid.NewGuid().ToString(),
        Lab.Uplink, Addresses(addresses ?? Lab.Pool()), ready, (live ?? []).Select(place => (place, AddressSet.Empty)), TimeProvider.System, text => TestContext.Current.SendDiagnosticMessage(text));

    public static AddressSet Addresses(params string[] texts)
    {
        AddressSet.TryParse(texts, out var set, out var wrong).ShouldBeTrue(wrong);
        return set;
    }

    public static NetworkScope Scope(string[] addresses, string tcp = "", string udp = "", string sctp = "", bool icmp = false) =>
        new ScopeText(addresses, tcp, udp, sctp, icmp).Read().Value;

    /// <summary>Prepares a run; it starts with <see cref="Start"/>.</summary>
    public static FencedRun Prepare(NetworkScope scope, TimeSpan lifetime, string[] argv, Action<JsonObject>? change = null) =>
        PrepareFrom(Pool(), scope, lifetime, argv, change, ownsPool: true);

    /// <summary>Prepares a run with a place of this pool, to which it goes back.</summary>
    public static FencedRun PrepareFrom(FencePool pool, NetworkScope scope, TimeSpan lifetime, string[] argv, Action<JsonObject>? change = null, bool ownsPool = false)
    {
        var place = pool.Take(scope);
        var text = ScopeText.Of(scope);
        var run = new SupervisedRun(argv, lifetime, spec =>
        {
            // As the daemon writes it.
            spec["place"] = JsonSerializer.SerializeToNode(place, RunnerJson.Default.FencePlace);
            spec["scope"] = new JsonObject
            {
                ["addresses"] = new JsonArray([.. text.Addresses.Select(address => (JsonNode)address)]),
                ["tcp"] = text.Tcp, ["udp"] = text.Udp, ["sctp"] = text.Sctp, ["icmp"] = text.Icmp,
                ["icmp_types"] = text.IcmpTypes, ["protocols"] = text.Protocols,
            };
            change?.Invoke(spec);
        });
        return new(pool, ownsPool, place, run);
    }

    public static FencedRun Start(NetworkScope scope, TimeSpan lifetime, params string[] argv)
    {
        var run = Prepare(scope, lifetime, argv);
        run.Run.Start();
        return run;
    }

    /// <summary>
    /// Crafted frames from the run's own device, marked with its place; from the uplink's, as a run without a fence would send
    /// them, where that is asked. Then the company forgets what they made it believe of its neighbours.
    /// </summary>
    public string[] Probe(bool unfenced = false, params string[] names)
    {
        var sent = Lab.Run(unfenced ? Lab.Uplink : Place.Name,
            ["python3", Path.Combine(AppContext.BaseDirectory, "Runner/Fences/probes.py"), unfenced ? "corp" : "eth0", "02:00:00:00:00:01", Place.Address4!, Place.Address6!, Place.Name, .. names])
            .Split('\n', StringSplitOptions.RemoveEmptyEntries);
        if (unfenced)
            Lab.Run(Lab.Company, "ip", "neigh", "flush", "dev", "runner");
        return sent;
    }

    /// <summary>The scope that the crafted frames are about.</summary>
    public static NetworkScope ProbedScope { get; } = Scope(["10.20.0.8/30", "2001:db8:20::8/126"], tcp: "22,80", udp: "53", sctp: "2905", icmp: true);

    /// <summary>A run that does nothing of its own, in that scope.</summary>
    public static FencedRun Idle(TimeSpan? lifetime = null) => Start(ProbedScope, lifetime ?? TimeSpan.FromSeconds(60), "/usr/bin/sleep", "100");

    /// <summary>Something else in the run's network while the run lives: as root, which a tool is not, so that it can do more.</summary>
    public string Inside(params string[] command) => Lab.Run(Place.Name, command);

    public void Dispose()
    {
        Run.Dispose();
        if (!_ownsPool)
        {
            _pool.Release(Place);
            return;
        }

        Writ.Runner.Kernel.NetworkNamespace.In(Place.Uplink, () => new NetdevFenceBuilder().Remove(Place.Name));
        _pool.Dispose();
    }
}
