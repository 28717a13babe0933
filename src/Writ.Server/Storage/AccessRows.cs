using Writ.Proof.Identity;

namespace Writ.Server.Storage;

/// <summary>What would give its author a new right. It waits for a second person, and is over when somebody decided or its time is.</summary>
internal sealed class ProposalRow
{
    public required ProposalId Id { get; init; }
    /// <summary><c>policy</c>, <c>template</c> or <c>roles</c>.</summary>
    public required string Kind { get; init; }
    public required ActorId By { get; init; }
    /// <summary>The policy's or the template's text; or whose roles, with what they shall be, as JSON.</summary>
    public required string Content { get; init; }
    /// <summary>The policy's hash, the template's name, or the name of whom the roles are.</summary>
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

/// <summary>A directory that says by SCIM who is a user; only the SHA-256 of its token is kept.</summary>
internal sealed class DirectoryRow
{
    public required string Name { get; init; }
    public required byte[] Hash { get; init; }
    /// <summary>The provider of sign-ins whose subjects are the directory's external ids, or null where it says nothing of sign-ins.</summary>
    public string? Issuer { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public required DateTimeOffset NotAfter { get; init; }
    public DateTimeOffset? RemovedAt { get; set; }
}

/// <summary>A user of a directory: which actor it is, and what the directory calls them.</summary>
internal sealed class DirectoryUserRow
{
    public required ActorId ActorId { get; init; }
    public required string Directory { get; init; }
    public string? ExternalId { get; set; }
    public required string UserName { get; set; }
    public string? DisplayName { get; set; }
    /// <summary>Whether the directory itself disabled them: whom an admin disabled, it does not enable.</summary>
    public bool Deactivated { get; set; }
    public required DateTimeOffset CreatedAt { get; init; }
    public required DateTimeOffset ChangedAt { get; set; }
}

/// <summary>A group of a directory; its name is the group that policy knows.</summary>
internal sealed class DirectoryGroupRow
{
    public required string Id { get; init; }
    public required string Directory { get; init; }
    public required string Name { get; set; }
    public string? ExternalId { get; set; }
    public required DateTimeOffset CreatedAt { get; init; }
    public required DateTimeOffset ChangedAt { get; set; }
}

/// <summary>That somebody is in a group of a directory.</summary>
internal sealed class DirectoryMemberRow
{
    public required string GroupId { get; init; }
    public required ActorId ActorId { get; init; }
}

/// <summary>Whose signed word about sign-ins counts (RFC 8417): a pinned issuer with pinned keys, for one audience.</summary>
internal sealed class TransmitterRow
{
    public required string Name { get; init; }
    public required string Issuer { get; init; }
    public required string Audience { get; init; }
    /// <summary>Its public keys, as a JSON Web Key Set.</summary>
    public required string Keys { get; init; }
    public required DateTimeOffset AddedAt { get; init; }
}
