namespace Writ.Contracts.Identity;

/// <summary>Who the token speaks for. <c>GET /v1/whoami</c></summary>
public sealed record WhoAmI(
    string Id,
    string Name,
    string Kind,
    IReadOnlyList<string> Groups,
    IReadOnlyList<string> Roles,
    bool Admin,
    bool Auditor,
    DateTimeOffset TokenNotAfter);

/// <summary>Spends the one-time set-up secret and makes the first admin. <c>POST /v1/setup</c></summary>
public sealed record SetUp(string Secret, string Name);

/// <summary>A new token, shown once.</summary>
public sealed record NewToken(string Id, string Token, string Actor, DateTimeOffset NotAfter);
