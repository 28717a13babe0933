using System.Security.Cryptography;
using Writ.Proof.Addresses;
using Writ.Proof.Errors;
using Writ.Proof.Orders;

namespace Writ.Proof.Statements;

/// <summary>
/// The exact subject of a decision. Its bytes are <c>writ-statement/v10</c>, a line feed and one JSON object; they are
/// made once, stored, signed and compared as bytes, and never written again from the parsed form. Version 1 knew neither
/// files in the sandbox nor names, version 2 no budget, version 3 did not say what the sandbox gives, version 4 knew no live view,
/// version 5 no secrets, version 6 no terminal, version 7 no more time for a run, version 8 no break-glass, version 9 no series; what has none of these is of the version before still. Statements of all versions stay readable.
/// Instants are Unix microseconds, durations microseconds.
/// </summary>
public sealed record Statement
{
    /// <summary>The first line of a statement's bytes.</summary>
    public const string Domain = "writ-statement/v10\n";

    /// <summary>How long a right by break-glass lasts at most, in microseconds: 15 minutes.</summary>
    public const long LongestBreakGlass = 15L * 60 * 1_000_000;

    private static readonly string[] Domains = ["writ-statement/v1\n", "writ-statement/v2\n", "writ-statement/v3\n", "writ-statement/v4\n", "writ-statement/v5\n", "writ-statement/v6\n", "writ-statement/v7\n", "writ-statement/v8\n", "writ-statement/v9\n", Domain];

    /// <summary>The request's id.</summary>
    public required string Request { get; init; }
    /// <summary>The request's revision, from 1; a new one voids earlier decisions.</summary>
    public required int Revision { get; init; }
    /// <summary>
    /// The run for which this is more time, or null for a right of its own. Then <see cref="Start"/> is the deadline that the run has,
    /// <see cref="Duration"/> is what is added to it, and all that is not time is the statement's under which the run began.
    /// </summary>
    public string? Extends { get; init; }
    /// <summary>True where the requester breaks the glass: nobody was asked, and somebody else reviews it afterwards. Null everywhere else, never false.</summary>
    public bool? BreakGlass { get; init; }
    /// <summary>When it runs again and again, where this is about a series of runs; no run is started by it. Null for everything else.</summary>
    public StatementSeries? Series { get; init; }
    /// <summary>Which run of which series this is, where the series was decided on; null for everything else.</summary>
    public StatementOccurrence? Occurrence { get; init; }
    /// <summary>Who asks.</summary>
    public required StatementActor Actor { get; init; }
    /// <summary>The person for whom a workload asks, or null.</summary>
    public StatementActor? OnBehalfOf { get; init; }
    /// <summary>The tool's name.</summary>
    public required string Tool { get; init; }
    /// <summary>The canonical argv, the tool's name first; null for a window, where each run brings its own.</summary>
    public IReadOnlyList<string>? Argv { get; init; }
    /// <summary>What may be reached at most.</summary>
    public required ScopeText Scope { get; init; }
    /// <summary>The requester's files that gave the command its meaning, by what names them in the typed argv, with their digests.</summary>
    public required IReadOnlyList<StatementInput> Inputs { get; init; }
    /// <summary>The files that lie read-only in the sandbox. Null in version 1 alone.</summary>
    public IReadOnlyList<StatementFile>? Files { get; init; }
    /// <summary>The names of the command with the only addresses that they have in the sandbox. Null in version 1 alone.</summary>
    public IReadOnlyList<StatementName>? Names { get; init; }
    /// <summary>The files that the run writes and that are handed back. Null in version 1 alone.</summary>
    public IReadOnlyList<StatementOutput>? Outputs { get; init; }
    /// <summary>How the tool's results can be followed while it runs; null where they cannot. The argv holds what this needs.</summary>
    public StatementLive? Live { get; init; }
    /// <summary>The zones that the scope touches, in bytewise order.</summary>
    public required IReadOnlyList<string> Zones { get; init; }
    /// <summary>The id of the runner that will execute.</summary>
    public required string Runner { get; init; }
    /// <summary>The digest of the inventory that the plan was made against.</summary>
    public required string Inventory { get; init; }
    /// <summary>When the time begins to count, or null for the moment of approval.</summary>
    public long? Start { get; init; }
    /// <summary>How long the right lasts from its start.</summary>
    public required long Duration { get; init; }
    /// <summary>The instant that no end may pass, for example the end of the rule's hours, or null.</summary>
    public long? LatestEnd { get; init; }
    /// <summary>How many runs.</summary>
    public required int Uses { get; init; }
    /// <summary>How long a run may go on out of the server's reach.</summary>
    public required long MaxDisconnected { get; init; }
    /// <summary>What each run may use up. Null in versions 1 and 2 alone, where nothing was limited.</summary>
    public Budget? Budget { get; init; }
    /// <summary>What the sandbox gives to the tool. Null in versions 1 to 3 alone, for which it gives the least.</summary>
    public StatementSandbox? Sandbox { get; init; }
    /// <summary>Lower-case hexadecimal SHA-256 of the policy under which it was asked.</summary>
    public required string Policy { get; init; }

    // The version whose members these are; 0 for none.
    private int Version => this switch
    {
        // Of the requester's own, of one command that needs no file of theirs and no terminal, one run at a time (none of what was denied); its time is the series' own.
        { Series: not null } => this is { Occurrence: null, Start: null, LatestEnd: null, Uses: 0 or 1 } && IsRecurring && Series.IsValid() ? 10 : 0,
        { Occurrence: not null } => this is { Start: null, Uses: 1 } && IsRecurring ? 10 : 0,
        // Nobody's but the requester's own right, from now on, and never for longer than it may last.
        { BreakGlass: not null } => this is { BreakGlass: true, Extends: null, OnBehalfOf: null, Start: null, Duration: >= 0 and <= LongestBreakGlass, Files: not null, Names: not null, Outputs: not null, Budget: not null, Sandbox: not null } ? 9 : 0,
        { Extends: not null } => this is { Files: not null, Names: not null, Outputs: not null, Budget: not null, Sandbox: not null, Start: not null } ? 8 : 0,
        { Files: null, Names: null, Outputs: null, Budget: null, Sandbox: null, Live: null } => 1,
        { Files: not null, Names: not null, Outputs: not null, Budget: null, Sandbox: null, Live: null } => 2,
        { Files: not null, Names: not null, Outputs: not null, Budget: not null, Sandbox: null, Live: null } => 3,
        { Files: not null, Names: not null, Outputs: not null, Budget: not null, Sandbox: not null } => Sandbox.Terminal is not null ? 7 : Sandbox.Secrets is not null ? 6 : Live is null ? 4 : 5,
        _ => 0,
    };

    /// <summary>The bytes of a new statement.</summary>
    /// <exception cref="InvalidOperationException">Its members are those of no version.</exception>
    public byte[] ToBytes() => Version is > 0 and var version
        ? DomainBytes.Write(Domains[version - 1], this, ProofJson.Default.Statement)
        : throw new InvalidOperationException("the statement's members are those of no version");

    /// <summary>Reads a statement of any version; unknown, missing and duplicate members are refused.</summary>
    public static Result<Statement> Read(ReadOnlySpan<byte> bytes)
    {
        var version = Domains.Length;
        while (version > 1 && !DomainBytes.Has(Domains[version - 1], bytes))
            version--;
        var read = DomainBytes.Read(Domains[version - 1], bytes, ProofJson.Default.Statement);
        return !read.IsOk || read.Value.Version == version ? read : new Refusal(ErrorCode.InvalidInput, "the statement's members are not those of its version");
    }

    /// <summary>True where the two are of one right and differ in its time alone: what may be done, by whom, to what and where from is the same.</summary>
    public bool IsSameButForTime(Statement other) =>
        Timeless() is { Version: > 0 } mine && other.Timeless() is { Version: > 0 } theirs && mine.ToBytes().AsSpan().SequenceEqual(theirs.ToBytes());

    /// <summary>True where this is one run of the series that the other one is about: nothing of it but its time is another, and it lasts no longer and uses up no more.</summary>
    public bool IsOccurrenceOf(Statement decided, string digest) =>
        Occurrence is { } one && decided.Series is { } series && decided.Version == 10 && Version == 10
        && one.Series == series.Id && one.Statement == digest && one.At < series.Until
        && Duration == decided.Duration && MaxDisconnected <= decided.MaxDisconnected && Budget!.IsWithin(decided.Budget!)
        && Bare().ToBytes().AsSpan().SequenceEqual(decided.Bare().ToBytes());

    // The inventory may have another tool in it by now; the runner holds an order to the one that it has.
    private Statement Bare() => this with
    {
        Request = "", Revision = 0, Series = null, Occurrence = null, LatestEnd = null, Zones = [], Inventory = "", MaxDisconnected = 0, Budget = Statements.Budget.Unlimited, Policy = "",
    };

    private bool IsRecurring => this is
    {
        Extends: null, BreakGlass: null, OnBehalfOf: null, Argv: not null, Inputs: [], Files: not null, Names: not null, Outputs: not null, Budget: not null, Sandbox: { Terminal: null },
    };

    // The zones are names that a policy has for the same scope, and an approval is about them; each statement names its policy.
    private Statement Timeless() => this with { Request = "", Revision = 0, Extends = "", Start = 0, Duration = 0, LatestEnd = null, Uses = 0, Zones = [], Policy = "" };

    /// <summary>Lower-case hexadecimal SHA-256 of a statement's bytes: what a decision names.</summary>
    public static string DigestOf(ReadOnlySpan<byte> bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));

    /// <summary>
    /// When a right under this statement ends, if its last decision was made at this instant (Unix microseconds).
    /// </summary>
    public long NotAfter(long decidedAt)
    {
        var end = (Start ?? decidedAt) + Duration;
        return LatestEnd is { } latest ? Math.Min(end, latest) : end;
    }
}

/// <summary>An actor as a statement names it.</summary>
public sealed record StatementActor(string Id, string Name);

/// <summary>A file of the requester's: what names it in the typed argv, its size and lower-case hexadecimal SHA-256.</summary>
public sealed record StatementInput(string Argument, long Bytes, string Sha256);

/// <summary>A file in the sandbox: its path under <c>/in/</c>, its size and lower-case hexadecimal SHA-256.</summary>
public sealed record StatementFile(string Path, long Bytes, string Sha256);

/// <summary>What a sandbox gives to a tool beside its files.</summary>
/// <param name="RawSockets">Whether it may make packets of its own.</param>
/// <param name="Scripts">The scripts of the runner's that it finds there, by name, in bytewise order.</param>
public sealed record StatementSandbox(bool RawSockets, IReadOnlyList<string> Scripts)
{
    /// <summary>The secrets that the run is given, by name; what they are the runner alone knows. Null where there are none.</summary>
    public IReadOnlyList<StatementSecret>? Secrets { get; init; }
    /// <summary><see cref="SandboxTerms.TerminalNeeded"/> or <see cref="SandboxTerms.TerminalAllowed"/>: what is typed at it is in no statement. Null where the tool gets none.</summary>
    public string? Terminal { get; init; }
}

/// <summary>A secret, and where the tool finds it: in a variable of its environment, or in a file.</summary>
/// <param name="Name">What the runner's own configuration calls it.</param>
public sealed record StatementSecret(string Name)
{
    /// <summary>The variable that holds it, or null.</summary>
    public string? Environment { get; init; }

    /// <summary>The variable that holds the user's name that comes with it, or null.</summary>
    public string? UserEnvironment { get; init; }

    /// <summary>The file that holds it, under <see cref="SandboxTerms.Secrets"/>, or null.</summary>
    public string? Path { get; init; }
}

/// <summary>A name and its addresses, in the order of the resolver's answer.</summary>
public sealed record StatementName(string Name, IReadOnlyList<string> Addresses);

/// <summary>A file that is handed back: what names it in the typed argv, and its path under <c>/out/</c> in the sandbox.</summary>
public sealed record StatementOutput(string Argument, string Path);

/// <summary>How a tool's results can be followed while it runs.</summary>
/// <param name="Format">What the tool writes: <c>nmap-xml</c>.</param>
/// <param name="Path">Where, in the sandbox: <see cref="SandboxTerms.Live"/>, which keeps nothing, or one of the outputs.</param>
/// <param name="Status">
/// What becomes of the lines on standard output by which the tool tells how far it is: <c>shown</c>, <c>apart</c> (it
/// writes them for the live view alone), or <c>apart-verbose</c> (the same, but for those that it would have written anyway).
/// </param>
public sealed record StatementLive(string Format, string Path, string Status);
