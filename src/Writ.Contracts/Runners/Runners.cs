namespace Writ.Contracts.Runners;

/// <summary>An enrolled runner.</summary>
public sealed record RunnerView(
    string Id,
    string Name,
    bool Connected,
    DateTimeOffset EnrolledAt,
    DateTimeOffset? LastSeenAt,
    DateTimeOffset? DisabledAt,
    string? Version,
    IReadOnlyList<RunnerToolView> Tools);

/// <summary>A tool that a runner can execute, and what holds its runs there.</summary>
public sealed record RunnerToolView(string Name, string Version, string Sha256, IReadOnlyList<string> Protections);

/// <summary>Asks for an enrolment token. <c>POST /v1/runners/enrolments</c></summary>
public sealed record NewEnrolment(string Name);

/// <summary>
/// A one-time enrolment token, shown once. It carries the fingerprint of Writ's own CA, so that the runner trusts the
/// right server from its first byte on.
/// </summary>
public sealed record EnrolmentView(string Name, string Token, DateTimeOffset ExpiresAt, string? RunnerUrl);
