using Writ.Core.Audit;
using Writ.Proof.Identity;

namespace Writ.Core.Identity;

/// <summary>What an actor is. The zero value is nobody.</summary>
public enum ActorKind
{
    /// <summary>Nobody.</summary>
    None,
    /// <summary>A person; a human is one person record however they sign in.</summary>
    User,
    /// <summary>A process with an identity of its own; workloads never decide.</summary>
    Workload,
    /// <summary>Writ itself.</summary>
    System,
}

/// <summary>An actor whose token was checked, with the rights that are Writ's own.</summary>
/// <param name="Owner">The person who answers for a workload, or null.</param>
/// <param name="IsAdmin">Manages; neither approves their own requests nor touches the audit log.</param>
/// <param name="IsAuditor">Reads all.</param>
/// <param name="SignIn">How and when they signed in.</param>
/// <param name="SourceAddress">Where the call came from.</param>
public sealed record Caller(
    ActorId Id,
    string Name,
    ActorKind Kind,
    IReadOnlyCollection<string> Groups,
    ActorId? Owner,
    bool IsAdmin,
    bool IsAuditor,
    TokenId Token,
    DateTimeOffset TokenNotAfter,
    SignIn SignIn,
    string? SourceAddress)
{
    /// <summary>When the token or session was looked at. What took this caller's rights away since then binds what they have under way.</summary>
    public required DateTimeOffset CheckedAt { get; init; }

    /// <summary>True for those who read everything.</summary>
    public bool ReadsAll => IsAdmin || IsAuditor;

    /// <summary>True for a person whose way in may decide and administer.</summary>
    public bool Governs => Kind == ActorKind.User && SignIn.Way is (SignInWay.Box or SignInWay.Browser);

    /// <summary>The person for whom a workload acts, or null. They decide on nothing that it asks.</summary>
    public AuditActor? OnBehalfOf { get; init; }

    /// <summary>The account in a chat whose button they pressed, or null where they signed in.</summary>
    public string? Chat { get; init; }

    /// <summary>The caller as an audit entry names them.</summary>
    public AuditActor Audit => new(Id, Name) { OnBehalfOf = OnBehalfOf };
}
