namespace Writ.Proof.Statements;

/// <summary>What one run may use up. A member that is null sets no limit.</summary>
/// <param name="PacketsPerSecond">More are held back; 1 to <see cref="MostPacketsPerSecond"/>.</param>
/// <param name="Packets">In all; more do not leave. 1 to <see cref="MostPackets"/>.</param>
/// <param name="Bytes">Of these packets in all, their IP headers counted in; 1 to <see cref="MostBytes"/>.</param>
/// <param name="Violations">So many packets out of scope are put up with: one more, and the run is killed. 0 to <see cref="MostPackets"/>.</param>
public sealed record Budget(long? PacketsPerSecond = null, long? Packets = null, long? Bytes = null, long? Violations = null)
{
    /// <summary>The highest rate that can be named.</summary>
    public const int MostPacketsPerSecond = 1_000_000;
    /// <summary>The highest number of packets that can be named; what the kernel counts them with is of 32 bits.</summary>
    public const long MostPackets = 4_000_000_000;
    /// <summary>The highest number of bytes that can be named.</summary>
    public const long MostBytes = 1_000_000_000_000_000;

    /// <summary>Sets no limit at all.</summary>
    public static Budget Unlimited { get; } = new();

    /// <summary>True where each limit is one that can be held.</summary>
    public bool IsValid() => InRange(PacketsPerSecond, 1, MostPacketsPerSecond) && InRange(Packets, 1, MostPackets)
        && InRange(Bytes, 1, MostBytes) && InRange(Violations, 0, MostPackets);

    /// <summary>The lower of each limit.</summary>
    public Budget Least(Budget other) => new(
        Lower(PacketsPerSecond, other.PacketsPerSecond), Lower(Packets, other.Packets), Lower(Bytes, other.Bytes), Lower(Violations, other.Violations));

    /// <summary>True where no limit is higher than the other's.</summary>
    public bool IsWithin(Budget other) => this == Least(other);

    private static bool InRange(long? value, long least, long most) => value is null || (value >= least && value <= most);

    private static long? Lower(long? one, long? other) => one is null ? other : other < one ? other : one;
}
