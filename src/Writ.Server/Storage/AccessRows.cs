using Writ.Proof.Identity;

namespace Writ.Server.Storage;

/// <summary>What would give its author a new right. It waits for a second person, and is over when somebody decided or its time is.</summary>
internal sealed class ProposalRow
{
    public required ProposalId Id { get; init; }
    /// <summary><c>policy</c> or <c>roles</c>.</summary>
    public required string Kind { get; init; }
    public required ActorId By { get; init; }
    /// <summary>The policy's text; or whose roles, with what they shall be, as JSON.</summary>
    public required string Content { get; init; }
    /// <summary>The policy's hash, or the name of whom the roles are.</summary>
    public required string Of { get; init; }
    /// <summary>The hash of the policy in force when it was made, or null for none.</summary>
    public string? Base { get; init; }
    public required string[] NewRights { get; init; }
    /// <summary><c>waiting</c>, <c>confirmed</c>, <c>refused</c> or <c>withdrawn</c>.</summary>
    public required string State { get; set; }
    public required DateTimeOffset CreatedAt { get; init; }
    public required DateTimeOffset ExpiresAt { get; init; }
    /// <summary>Whoever decided, by name.</summary>
    public string? DecidedBy { get; set; }
    public DateTimeOffset? DecidedAt { get; set; }
}
