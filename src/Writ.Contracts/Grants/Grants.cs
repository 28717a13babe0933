using Writ.Contracts.Requests;
using Writ.Contracts.Runs;

namespace Writ.Contracts.Grants;

/// <summary>Reviews a use of break-glass. <c>POST /v1/grants/{id}/review</c></summary>
/// <param name="Justified">Whether it was justified.</param>
/// <param name="Comment">What was found; required.</param>
public sealed record ReviewAsk(bool Justified, string Comment);

/// <summary>A grant. State is <c>active</c>, <c>exhausted</c>, <c>expired</c> or <c>revoked</c>.</summary>
/// <param name="BreakGlass">Of one that was given by break-glass: whether it waits for a review, and what was found; null for every other.</param>
public sealed record GrantView(
    string Id,
    string Request,
    ActorView Actor,
    string State,
    string? EndReason,
    string Tool,
    IReadOnlyList<string> Argv,
    IReadOnlyList<string> Zones,
    string Runner,
    int UsesGranted,
    int UsesLeft,
    DateTimeOffset NotBefore,
    DateTimeOffset NotAfter,
    BreakGlassView? BreakGlass = null);

/// <summary>Takes a right away or ends a run. <c>POST /v1/grants/{id}/revoke</c>, <c>POST /v1/runs/{id}/kill</c></summary>
public sealed record EndAsk(string? Reason = null);

/// <summary>
/// What came of it. <c>confirmed</c>: every live run is dead, as its runner saw. <c>unconfirmed</c>: at least one
/// runner did not answer within 5 seconds; the right is gone, the process may not be.
/// </summary>
/// <param name="Outcome"><c>confirmed</c> or <c>unconfirmed</c>.</param>
/// <param name="Journalled">False where the database could not be written yet: the record follows.</param>
/// <param name="LatencyMilliseconds">From the call to the last confirmation.</param>
public sealed record EndView(string Outcome, bool Journalled, double LatencyMilliseconds, IReadOnlyList<RunEndView> Runs);
