using Writ.Contracts.Requests;

namespace Writ.Contracts.Identity;

/// <summary>Who the token speaks for. <c>GET /v1/whoami</c></summary>
/// <param name="SignIn">How and when they signed in.</param>
/// <param name="OnBehalfOf">The person for whom a workload acts, or null.</param>
public sealed record WhoAmI(
    string Id,
    string Name,
    string Kind,
    IReadOnlyList<string> Groups,
    IReadOnlyList<string> Roles,
    bool Admin,
    bool Auditor,
    DateTimeOffset TokenNotAfter,
    SignInView? SignIn = null,
    ActorView? OnBehalfOf = null);

/// <summary>How somebody signed in.</summary>
/// <param name="Way"><c>box</c>, <c>browser</c>, <c>device</c> or <c>workload</c>.</param>
/// <param name="At">When they last showed who they are.</param>
/// <param name="Methods">With what (RFC 8176): <c>pwd</c>, <c>otp</c>, <c>hwk</c>; empty where nobody said.</param>
public sealed record SignInView(string Way, DateTimeOffset At, IReadOnlyList<string> Methods);

/// <summary>Spends the one-time set-up secret and makes the first admin. <c>POST /v1/setup</c></summary>
public sealed record SetUp(string Secret, string Name);

/// <summary>A new token, shown once.</summary>
public sealed record NewToken(string Id, string Token, string Actor, DateTimeOffset NotAfter);
