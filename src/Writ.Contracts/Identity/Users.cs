using Writ.Contracts.Grants;

namespace Writ.Contracts.Identity;

/// <summary>An actor: a person or a workload. <c>GET /v1/users</c>, <c>GET /v1/users/{id}</c></summary>
/// <param name="Kind"><c>user</c> or <c>workload</c>.</param>
/// <param name="Roles">By the policy in force.</param>
/// <param name="Owner">Of a workload: who answers for it, by name.</param>
/// <param name="Owns">The workloads that they answer for, by name. They go on when their owner is disabled.</param>
/// <param name="SignedOutAt">When all that they had been signed in by was ended last.</param>
public sealed record UserView(
    string Id,
    string Name,
    string Kind,
    IReadOnlyList<string> Groups,
    IReadOnlyList<string> Roles,
    bool Admin,
    bool Auditor,
    string? Owner,
    IReadOnlyList<string> Owns,
    DateTimeOffset CreatedAt,
    DateTimeOffset? DisabledAt,
    DateTimeOffset? SignedOutAt);

/// <summary>What an actor shall be. What is null stays as it is. <c>PUT /v1/users/{id}/roles</c></summary>
/// <param name="Groups">All of them: those that are not named are taken away.</param>
public sealed record RolesAsk(bool? Admin = null, bool? Auditor = null, IReadOnlyList<string>? Groups = null);

/// <summary>
/// What became of an actor and of what they held. <c>POST /v1/users/{id}/disable</c>, <c>…/enable</c>, <c>…/sign-out</c>, <c>PUT …/roles</c>
/// </summary>
/// <param name="Grants">The grants that were revoked.</param>
/// <param name="Requests">The pending requests that ended.</param>
/// <param name="End">What their runners saw of the runs that were ended.</param>
public sealed record UserEndView(UserView User, IReadOnlyList<string> Grants, IReadOnlyList<string> Requests, EndView End);

/// <summary>Something that would give its author a new right, and waits for a second person. <c>GET /v1/proposals</c></summary>
/// <param name="Kind"><c>policy</c> or <c>roles</c>.</param>
/// <param name="Of">The policy's hash, or the name of whom the roles are.</param>
/// <param name="NewRights">What it would give its author.</param>
/// <param name="State"><c>waiting</c>, <c>confirmed</c>, <c>refused</c>, <c>withdrawn</c> or <c>expired</c>.</param>
public sealed record ProposalView(
    string Id, string Kind, string Of, string By, IReadOnlyList<string> NewRights, string State, DateTimeOffset At, DateTimeOffset ExpiresAt, string? DecidedBy, DateTimeOffset? DecidedAt, string? Content);
