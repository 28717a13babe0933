using Writ.Proof.Addresses;
using Writ.Proof.Orders;
using Writ.Proof.Statements;

namespace Writ.Runner.Fences;

/// <summary>
/// The place of one run in the network: a namespace of its own, whose one link ends in the uplink's namespace under the same
/// name. Until its fence is opened nothing passes.
/// </summary>
/// <param name="Name">Of the namespace, of the link's outer end and of what holds it.</param>
/// <param name="Uplink">The namespace under /run/netns that packets are handed to; null for the host's own.</param>
/// <param name="Address4">The run's IPv4 address, or null for none.</param>
/// <param name="Address6">The run's IPv6 address, or null for none.</param>
/// <param name="Captures">Nothing is sent from it: it is handed copies of what passes the uplink's links within its scope.</param>
/// <param name="IsShared">The addresses are the uplink's own: what comes back for the run is told from what comes for the host.</param>
internal sealed record FencePlace(string Name, string? Uplink = null, string? Address4 = null, string? Address6 = null, bool IsShared = false, bool Captures = false)
{
    /// <summary>The run's addresses.</summary>
    public IEnumerable<Address> Addresses()
    {
        foreach (var text in (string?[])[Address4, Address6])
        {
            if (text is not null && Address.TryParse(text, out var address))
                yield return address;
        }
    }

    /// <summary>The fence of this place. To be asked for in the uplink's namespace.</summary>
    public IFence Fence() => new NetdevFence(this);

    /// <summary>The beginning of the names of all places of its runner.</summary>
    public string Prefix => Name[..Name.LastIndexOf('-')];

    /// <summary>As a journal tells it.</summary>
    public override string ToString() => string.Join(' ', new[] { Name, Address4, Address6, IsShared ? "of the uplink" : null, Captures ? "captures" : null }.OfType<string>());
}

/// <summary>
/// A way in which the kernel can hold the packets of runs: the seam behind which one fence can take another's place. Used by
/// the daemon, in the uplink's namespace.
/// </summary>
internal interface IFenceBuilder
{
    /// <summary>What it does, in one line.</summary>
    string Description { get; }

    /// <summary>From now on no link whose name begins so reaches the host itself, with a fence or without.</summary>
    void Guard(string prefix);

    /// <summary>The addresses that the uplink itself has on the ways to these; one of a family at most.</summary>
    /// <exception cref="RunnerException">It has several on the ways of one family.</exception>
    (Address? V4, Address? V6) SourcesTo(AddressSet addresses);

    /// <summary>Makes a place that is closed.</summary>
    /// <exception cref="RunnerException">It could not be made; nothing of it is left.</exception>
    void Prepare(FencePlace place);

    /// <summary>Takes a place away, whatever is left of it.</summary>
    void Remove(string name);

    /// <summary>What runs of this prefix have added to the neighbours of the uplink goes, but that of these addresses.</summary>
    void ForgetNeighbours(string prefix, AddressSet kept);

    /// <summary>Everything of this prefix that is there, whole or in part.</summary>
    IReadOnlyCollection<string> Existing(string prefix);
}

/// <summary>
/// The fence around one run, as its supervisor holds it. It is closed when nothing was said yet, when its time is over and
/// when it was closed; each of these holds on its own.
/// </summary>
internal interface IFence : IDisposable
{
    /// <summary>What holds the run, in one line.</summary>
    string Description { get; }

    /// <summary>Opens it for a scope until a moment before the deadline on either clock; or moves that moment.</summary>
    /// <param name="scope">What may be reached.</param>
    /// <param name="budget">What may be used up; as it was when it was opened first.</param>
    /// <param name="zones">For which zones packets are counted; as it was when it was opened first.</param>
    /// <param name="deadline">The run's deadline in Unix microseconds.</param>
    /// <param name="deadlineBoot">The same on CLOCK_BOOTTIME.</param>
    /// <exception cref="IOException">It could not be, or is not as it should be when read back: nothing may be run.</exception>
    void Open(NetworkScope scope, Budget budget, ZoneCells zones, long deadline, long deadlineBoot);

    /// <summary>
    /// Moves the calling thread, and what it starts from now on, into the run's network. What no route leads to is unreachable
    /// there, so that a tool says so instead of waiting for answers.
    /// </summary>
    void Enter();

    /// <summary>Closes it for good.</summary>
    void Close();

    /// <summary>Lets whoever captures on the run's link see one frame, which means nothing.</summary>
    void Stir();

    /// <summary>Readable when <see cref="FollowRoutes"/> has something to do.</summary>
    int RoutesChanged { get; }

    /// <summary>Hands packets to the next hops of now.</summary>
    void FollowRoutes();

    /// <summary>Packets out of scope so far, and whether the budget has held back or stopped any; quicker than <see cref="Read"/>.</summary>
    (long Refused, bool Degraded) Look();

    /// <summary>What the kernel has counted, and whether the fence is closed.</summary>
    FenceReading Read();

    /// <summary>Every destination that was refused, with the packets of the whole run.</summary>
    IReadOnlyList<RefusedDestination> Refused();
}

/// <summary>What was read from the kernel. Bytes are those of IP packets.</summary>
/// <param name="Closed">No element of its scope is left, no rule can let a packet pass, and nothing else takes packets from the run's link.</param>
/// <param name="Passed">Packets that were handed to the uplink.</param>
/// <param name="PassedBytes">Their bytes.</param>
/// <param name="Refused">Packets out of scope, which were dropped.</param>
/// <param name="Unlisted">Those of them that no destination can be told of.</param>
/// <param name="LastPacketAt">When the last one passed, in Unix microseconds; 0 for none.</param>
/// <param name="OverBudget">Packets in scope that were dropped for the budget.</param>
/// <param name="HeldBack">How often the budget's rate made a packet wait; null where nothing does, or it cannot be read any more.</param>
/// <param name="DegradedAt">Since when results may lack what the budget held back or stopped, in Unix microseconds; 0 for never.</param>
internal sealed record FenceReading(
    bool Closed, long Passed, long PassedBytes, long Refused, long Unlisted, long LastPacketAt, long OverBudget = 0, long? HeldBack = null, long DegradedAt = 0)
{
    /// <summary>The bytes of the packets out of scope.</summary>
    public long RefusedBytes { get; init; }
    /// <summary>Packets in scope that no route led on.</summary>
    public long Unrouted { get; init; }
    /// <summary>Packets that were dropped since their time was over.</summary>
    public long Late { get; init; }
    /// <summary>The last IPv4 packet that passed; 0 for none.</summary>
    public long LastPacketAt4 { get; init; }
    /// <summary>The last IPv6 packet that passed; 0 for none.</summary>
    public long LastPacketAt6 { get; init; }
    /// <summary>The packets of each zone, in the order's order; where zones overlap, one packet counts for each.</summary>
    public IReadOnlyList<ZoneCount> Zones { get; init; } = [];
    /// <summary>Dropped packets to addresses in none of these zones, and those that are no IP.</summary>
    public long DroppedElsewhere { get; init; }
}

/// <summary>The packets to a zone's addresses that passed, and those that were dropped while the run had time.</summary>
internal sealed record ZoneCount(string Zone, long Passed, long PassedBytes, long Dropped, long DroppedBytes);

/// <summary>A destination that was refused. The port is 0 where the protocol has none.</summary>
internal readonly record struct RefusedDestination(Address Address, int Protocol, int Port, long Packets);
