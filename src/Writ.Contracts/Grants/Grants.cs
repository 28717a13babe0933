using Writ.Contracts.Requests;
using Writ.Contracts.Runs;

namespace Writ.Contracts.Grants;

/// <summary>A grant. State is <c>active</c>, <c>exhausted</c>, <c>expired</c> or <c>revoked</c>.</summary>
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
    DateTimeOffset NotAfter);

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
