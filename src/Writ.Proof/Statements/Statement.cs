using System.Security.Cryptography;
using Writ.Proof.Addresses;
using Writ.Proof.Errors;
using Writ.Proof.Orders;

namespace Writ.Proof.Statements;

/// <summary>
/// The exact subject of a decision. Its bytes are <c>writ-statement/v1</c>, a line feed and one JSON object; they are
/// made once, stored, signed and compared as bytes, and never written again from the parsed form.
/// Instants are Unix microseconds, durations microseconds.
/// </summary>
public sealed record Statement
{
    /// <summary>The first line of a statement's bytes.</summary>
    public const string Domain = "writ-statement/v1\n";

    /// <summary>The request's id.</summary>
    public required string Request { get; init; }
    /// <summary>The request's revision, from 1; a new one voids earlier decisions.</summary>
    public required int Revision { get; init; }
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
    /// <summary>The files that travel along, by what names them in the argv, with their digests.</summary>
    public required IReadOnlyList<StatementInput> Inputs { get; init; }
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
    /// <summary>Lower-case hexadecimal SHA-256 of the policy under which it was asked.</summary>
    public required string Policy { get; init; }

    /// <summary>The bytes of a new statement.</summary>
    public byte[] ToBytes() => DomainBytes.Write(Domain, this, ProofJson.Default.Statement);

    /// <summary>Reads a statement; unknown, missing and duplicate members are refused.</summary>
    public static Result<Statement> Read(ReadOnlySpan<byte> bytes) =>
        DomainBytes.Read(Domain, bytes, ProofJson.Default.Statement);

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

/// <summary>A file that travels along: what names it in the argv, its size and lower-case hexadecimal SHA-256.</summary>
public sealed record StatementInput(string Argument, long Bytes, string Sha256);
