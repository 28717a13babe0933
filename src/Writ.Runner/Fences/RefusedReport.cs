using Writ.Proof.Addresses;

namespace Writ.Runner.Fences;

/// <summary>
/// What a run's fence has refused since the run began: the file <c>refused</c> in the run's folder. Each report tells the
/// whole, so that one that is lost or told twice changes nothing.
/// </summary>
/// <param name="At">When it was read, in Unix microseconds.</param>
/// <param name="Destinations">By packets, most first; at most <see cref="MostDestinations"/>.</param>
/// <param name="Uncounted">Packets of all others, and those of which no destination can be told.</param>
internal sealed record RefusedReport(long At, IReadOnlyList<RefusedEntry> Destinations, long Uncounted)
{
    public const int MostDestinations = 256;

    /// <summary>The report of what was read: so many packets in all, and where they were to go.</summary>
    public static RefusedReport Of(long at, long packets, IEnumerable<RefusedDestination> refused)
    {
        var most = refused.OrderByDescending(entry => entry.Packets).ThenBy(entry => entry.Address).Take(MostDestinations)
            .Select(entry => new RefusedEntry(entry.Address.ToString(), entry.Protocol, entry.Port, entry.Packets)).ToList();
        return new(at, most, Math.Max(0, packets - most.Sum(entry => entry.Packets)));
    }
}

/// <summary>A destination that was refused, as text. The port is 0 where the protocol has none.</summary>
internal sealed record RefusedEntry(string Address, int Protocol, int Port, long Packets);
