using System.Security.Cryptography;
using Writ.Proof.Addresses;
using Writ.Proof.Errors;
using Writ.Proof.Orders;

namespace Writ.Proof.Statements;

/// <summary>
/// The exact subject of a decision. Its bytes are <c>writ-statement/v2</c>, a line feed and one JSON object; they are
/// made once, stored, signed and compared as bytes, and never written again from the parsed form. Version 1 knew neither
/// files in the sandbox nor names; statements of that version stay readable.
/// Instants are Unix microseconds, durations microseconds.
/// </summary>
public sealed record Statement
{
    /// <summary>The first line of a statement's bytes.</summary>
    public const string Domain = "writ-statement/v2\n";

    /// <summary>The first line of the bytes of a statement without <see cref="Files"/>, <see cref="Names"/> and <see cref="Outputs"/>.</summary>
    public const string DomainOfVersion1 = "writ-statement/v1\n";

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
    /// <summary>The requester's files that gave the command its meaning, by what names them in the typed argv, with their digests.</summary>
    public required IReadOnlyList<StatementInput> Inputs { get; init; }
    /// <summary>The files that lie read-only in the sandbox. Null in version 1 alone.</summary>
    public IReadOnlyList<StatementFile>? Files { get; init; }
    /// <summary>The names of the command with the only addresses that they have in the sandbox. Null in version 1 alone.</summary>
    public IReadOnlyList<StatementName>? Names { get; init; }
    /// <summary>The files that the run writes and that are handed back. Null in version 1 alone.</summary>
    public IReadOnlyList<StatementOutput>? Outputs { get; init; }
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

    /// <summary>True for a statement of version 1.</summary>
    private bool IsOfVersion1 => Files is null && Names is null && Outputs is null;

    /// <summary>The bytes of a new statement.</summary>
    public byte[] ToBytes() => DomainBytes.Write(IsOfVersion1 ? DomainOfVersion1 : Domain, this, ProofJson.Default.Statement);

    /// <summary>Reads a statement of either version; unknown, missing and duplicate members are refused.</summary>
    public static Result<Statement> Read(ReadOnlySpan<byte> bytes)
    {
        var first = DomainBytes.Has(DomainOfVersion1, bytes);
        var read = DomainBytes.Read(first ? DomainOfVersion1 : Domain, bytes, ProofJson.Default.Statement);
        if (!read.IsOk)
            return read;
        var fits = first ? read.Value.IsOfVersion1 : read.Value is { Files: not null, Names: not null, Outputs: not null };
        return fits ? read : new Refusal(ErrorCode.InvalidInput, "the statement's members are not those of its version");
    }

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

/// <summary>A name and its addresses, in the order of the resolver's answer.</summary>
public sealed record StatementName(string Name, IReadOnlyList<string> Addresses);

/// <summary>A file that is handed back: what names it in the typed argv, and its path under <c>/out/</c> in the sandbox.</summary>
public sealed record StatementOutput(string Argument, string Path);
