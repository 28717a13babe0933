using Microsoft.EntityFrameworkCore;
using Writ.Core;
using Writ.Core.Identity;
using Writ.Proof.Errors;
using Writ.Server.Storage;
using Writ.Server.Web;

namespace Writ.Server.Agents;

/// <summary>
/// What one agent may take of others' attention: a model in a loop asks a thousand times what a person asks once. Each request is a person's
/// time, so few of them wait at once.
/// </summary>
internal sealed class AgentCaps(Database database, RateLimits limits)
{
    /// <summary>The most requests of one actor that wait for a decision while it asks for another one.</summary>
    public const int MostWaiting = 10;

    /// <summary>The most characters of one answer.</summary>
    public const int MostText = 48 << 10;

    /// <summary>Calls of one actor at this door.</summary>
    public static readonly Rate Calls = new(60, 2);

    /// <summary>Null where the agent may call.</summary>
    public Refusal? Call(Caller caller) => limits.Take($"agent {caller.Id}", Calls) is { } wait
        ? new(ErrorCode.TooManyAttempts, "too many calls", $"wait {Math.Max(1, (int)Math.Ceiling(wait.TotalSeconds))} s; show_request and show_run wait by themselves, up to 30 s")
        : null;

    /// <summary>Null where the agent may ask for one more.</summary>
    public async Task<Refusal?> Ask(Caller caller, CancellationToken cancel)
    {
        await using var db = database.Open();
        var waiting = await db.Requests.CountAsync(row => row.ActorId == caller.Id && row.State == RequestState.Pending, cancel);
        return waiting < MostWaiting ? null : new(ErrorCode.TooManyAttempts, $"{waiting} requests of yours wait for a decision", "wait until people have decided, or have some cancelled");
    }
}
