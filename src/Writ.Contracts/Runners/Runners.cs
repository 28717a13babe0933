using Writ.Contracts.Grants;

namespace Writ.Contracts.Runners;

/// <summary>An enrolled runner.</summary>
/// <param name="StandingRights">What was found on its host when somebody looked last; null where nobody did.</param>
/// <param name="StandingRightsAt">When that was.</param>
public sealed record RunnerView(
    string Id,
    string Name,
    bool Connected,
    DateTimeOffset EnrolledAt,
    DateTimeOffset? LastSeenAt,
    DateTimeOffset? DisabledAt,
    string? Version,
    IReadOnlyList<RunnerToolView> Tools,
    IReadOnlyList<StandingRightView>? StandingRights = null,
    DateTimeOffset? StandingRightsAt = null);

/// <summary>A right on a runner's host that somebody holds without asking.</summary>
/// <param name="Kind"><c>sudo</c>, <c>doas</c>, <c>capability</c>, <c>setuid</c>, <c>copy</c>, <c>group</c> or <c>route</c>.</param>
/// <param name="Where">A file with its line, a file, a group with its member, a network.</param>
/// <param name="What">What it lets whom do.</param>
/// <param name="Remedy">The exact way to take it away.</param>
/// <param name="Removed">True where this was done when it was found.</param>
public sealed record StandingRightView(string Kind, string Where, string What, string Remedy, bool Removed);

/// <summary>A tool that a runner can execute, and what holds its runs there.</summary>
public sealed record RunnerToolView(string Name, string Version, string Sha256, IReadOnlyList<string> Protections);

/// <summary>Asks for an enrolment token. <c>POST /v1/runners/enrolments</c></summary>
public sealed record NewEnrolment(string Name);

/// <summary>
/// A one-time enrolment token, shown once. It carries the fingerprint of Writ's own CA, so that the runner trusts the
/// right server from its first byte on.
/// </summary>
public sealed record EnrolmentView(string Name, string Token, DateTimeOffset ExpiresAt, string? RunnerUrl);

/// <summary>What became of a runner and of the runs that it had. <c>POST /v1/runners/{id}/disable</c>, <c>…/enable</c></summary>
/// <param name="DisabledAt">Null where it is enabled.</param>
public sealed record RunnerEndView(string Id, string Name, DateTimeOffset? DisabledAt, EndView End);
