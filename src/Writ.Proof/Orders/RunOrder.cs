using Writ.Proof.Addresses;
using Writ.Proof.Errors;
using Writ.Proof.Identity;
using Writ.Proof.Statements;

namespace Writ.Proof.Orders;

/// <summary>
/// What a runner obeys. Its bytes are <c>writ-order/v6</c>, a line feed and one JSON object; the server signs exactly
/// those bytes. Version 1 had no budget, version 2 no zones, version 3 no decision by passkey, version 4 no terminal, version 5 no series; what has none of these is of the version before still. Orders
/// of all versions stay readable. Instants are Unix microseconds, durations microseconds.
/// </summary>
public sealed record RunOrder
{
    /// <summary>The first line of an order's bytes.</summary>
    public const string Domain = "writ-order/v6\n";

    private const string DomainWithTerminal = "writ-order/v5\n";

    private static readonly string[] Domains = ["writ-order/v1\n", "writ-order/v2\n", "writ-order/v3\n", "writ-order/v4\n", DomainWithTerminal, Domain];

    /// <summary>The run's id.</summary>
    public required string Run { get; init; }
    /// <summary>The id of the runner that this order is addressed to; no other may obey it.</summary>
    public required string Runner { get; init; }
    /// <summary>32 random bytes in lower-case hexadecimal; a runner obeys a nonce once.</summary>
    public required string Nonce { get; init; }
    /// <summary>When the server signed it.</summary>
    public required long Issued { get; init; }
    /// <summary>After this instant it must not be started any more.</summary>
    public required long StartBy { get; init; }
    /// <summary>When the run must be dead.</summary>
    public required long Deadline { get; init; }
    /// <summary>How long the run may go on out of the server's reach.</summary>
    public required long MaxDisconnected { get; init; }
    /// <summary>The bytes of the statement that was decided.</summary>
    public required byte[] Statement { get; init; }
    /// <summary>What is executed, the tool's name first.</summary>
    public required IReadOnlyList<string> Argv { get; init; }
    /// <summary>What this run may reach.</summary>
    public required ScopeText Fence { get; init; }
    /// <summary>What this run may use up. Null in version 1 alone, where nothing was limited.</summary>
    public Budget? Budget { get; init; }
    /// <summary>The zones that the fence touches, for each of which packets are counted; they permit nothing. Null in versions 1 and 2 alone.</summary>
    public IReadOnlyList<OrderZone>? Zones { get; init; }
    /// <summary>The terminal at which the requester sits; null where there is none. The statement says whether there may be one.</summary>
    public OrderTerminal? Terminal { get; init; }
    /// <summary>The series that was decided, for one of its runs; null for every other.</summary>
    public OrderSeries? Series { get; init; }
    /// <summary>The decisions that carry the right, at least one.</summary>
    public required IReadOnlyList<OrderDecision> Decisions { get; init; }

    // The version whose members these are; 0 for none.
    private int Version => Series is not null ? (Budget, Zones, Terminal) is (not null, not null, null) ? 6 : 0 : Terminal is not null ? (Budget, Zones) is (not null, not null) ? 5 : 0 : (Budget, Zones, Decisions.Any(decision => decision.Passkey is not null)) switch
    {
        (null, null, false) => 1,
        (not null, null, false) => 2,
        (not null, not null, false) => 3,
        (not null, not null, true) => 4,
        _ => 0,
    };

    /// <summary>The bytes of a new order.</summary>
    /// <exception cref="InvalidOperationException">Its members are those of no version.</exception>
    public byte[] ToBytes() => Version is > 0 and var version
        ? DomainBytes.Write(Domains[version - 1], this, ProofJson.Default.RunOrder)
        : throw new InvalidOperationException("the order's members are those of no version");

    /// <summary>True where the two are of one run and differ in its time alone, and in who decided on that.</summary>
    public bool IsSameButForTime(RunOrder other) => Timeless().AsSpan().SequenceEqual(other.Timeless());

    private byte[] Timeless() => (this with { Nonce = "", Issued = 0, StartBy = 0, Deadline = 0, Statement = [], Decisions = [] }).ToBytes();

    /// <summary>True for the bytes of an order with a terminal: no version before knew one, and all of this have one.</summary>
    public static bool HasTerminal(ReadOnlySpan<byte> bytes) => DomainBytes.Has(DomainWithTerminal, bytes);

    /// <summary>Reads an order of any version; unknown, missing and duplicate members are refused.</summary>
    public static Result<RunOrder> Read(ReadOnlySpan<byte> bytes)
    {
        var version = Domains.Length;
        while (version > 1 && !DomainBytes.Has(Domains[version - 1], bytes))
            version--;
        var read = DomainBytes.Read(Domains[version - 1], bytes, ProofJson.Default.RunOrder);
        return !read.IsOk || read.Value.Version == version ? read : new Refusal(ErrorCode.InvalidInput, "the order's members are not those of its version");
    }
}

/// <summary>A zone as the policy of the order's moment has it.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Addresses">
/// Its addresses (<see cref="AddressSet.ToTexts"/>); where zones are of more ranges than a fence counts, those of them that the fence reaches.
/// </param>
public sealed record OrderZone(string Name, IReadOnlyList<string> Addresses);

/// <summary>A decision as an order carries it.</summary>
/// <param name="By">The id of the person who decided, or <c>policy</c>.</param>
/// <param name="At">When, in Unix microseconds.</param>
/// <param name="Statement">The digest of the statement that was decided.</param>
/// <param name="Assertion">Bytes of versions 1 to 3 that never had a meaning.</param>
/// <param name="Passkey">What the person's passkey signed over it; null where they decided without one.</param>
public sealed record OrderDecision(string By, long At, string Statement, byte[]? Assertion = null, PasskeyAssertion? Passkey = null);

/// <summary>The series of which an order starts one run.</summary>
/// <param name="Statement">The bytes of the statement that people decided on.</param>
/// <param name="Decisions">What they decided, at least one.</param>
public sealed record OrderSeries(byte[] Statement, IReadOnlyList<OrderDecision> Decisions);

/// <summary>A terminal as it is when a run begins at it.</summary>
/// <param name="Columns">1 to 1,000.</param>
/// <param name="Rows">1 to 1,000.</param>
/// <param name="Type">What the tool finds as TERM: letters, digits and <c>.+_-</c>, at most 64.</param>
public sealed record OrderTerminal(int Columns, int Rows, string Type)
{
    /// <summary>The most columns and the most rows.</summary>
    public const int Largest = 1_000;

    /// <summary>True for a size that a terminal may have.</summary>
    public static bool IsSize(long columns, long rows) => columns is >= 1 and <= Largest && rows is >= 1 and <= Largest;

    /// <summary>True where all of it is as it may be.</summary>
    public bool IsValid() => IsSize(Columns, Rows) && Type.Length is > 0 and <= 64 && Type.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '.' or '+' or '_' or '-');
}

/// <summary>Bytes with an Ed25519 signature over exactly those bytes.</summary>
/// <param name="Bytes">What was signed.</param>
/// <param name="Signature">64 bytes.</param>
/// <param name="KeyId">The signing key's id (<see cref="SigningKeys.KeyId"/>).</param>
public sealed record SignedBytes(byte[] Bytes, byte[] Signature, string KeyId);
