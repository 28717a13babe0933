using Microsoft.EntityFrameworkCore;
using Writ.Core.Decisions;
using Writ.Core.Identity;
using Writ.Core.Policy;
using Writ.Server.Policy;
using Writ.Server.Requests;
using Writ.Server.Storage;

namespace Writ.Server.WebConsole;

/// <summary>What is open, as one person sees it.</summary>
/// <param name="WaitingForYou">Requests whose quorum lacks their yes, oldest first.</param>
/// <param name="WaitingForOthers">Other pending requests that they may know of.</param>
/// <param name="Entries">How many entries the audit log has.</param>
/// <param name="WitnessedAt">When a witness last vouched for the log, or null where none ever did.</param>
internal sealed record PersonsOutlook(
    Caller Who, Decider Decider, PolicyDocument? Policy, IReadOnlyList<WaitingRequest> WaitingForYou, IReadOnlyList<WaitingRequest> WaitingForOthers, IReadOnlyList<LiveRun> Runs, long Entries,
    DateTimeOffset? WitnessedAt)
{
    /// <summary>Glass that was broken and that nobody has reviewed, as far as they may know of it; with whether the review waits for them.</summary>
    public IReadOnlyList<(UnreviewedGlass Glass, bool ForYou)> Glass { get; init; } = [];
}

/// <summary>The <see cref="Board"/>, held to what the one who looks may know of.</summary>
internal sealed class Outlook(Visit visit, Board board, Database database, PolicyInForce policies)
{
    /// <summary>Null once they are signed out.</summary>
    /// <param name="cancel">Gives up.</param>
    /// <param name="again">Whether what was read a moment ago is not new enough: after one's own act.</param>
    public async Task<PersonsOutlook?> Now(CancellationToken cancel, bool again = false)
    {
        if (await visit.Who() is not { } caller)
            return null;
        var open = await board.Now(again, cancel);
        await using var db = database.Open();
        var policy = await policies.Get(db);
        var decider = DeciderOf(caller, policy.IsOk ? policy.Value : null);
        var head = await db.LogHeads.AsNoTracking().OrderByDescending(row => row.Size).Select(row => (long?)row.Size).FirstOrDefaultAsync(cancel) ?? 0;
        var witnessed = await db.LogCosignatures.AsNoTracking().OrderByDescending(row => row.Size).Select(row => (DateTimeOffset?)row.At).FirstOrDefaultAsync(cancel);
        return Of(caller, decider, policy.IsOk ? policy.Value : null, open) with { Entries = head, WitnessedAt = witnessed };
    }

    /// <summary>The same from what was read.</summary>
    public static PersonsOutlook Of(Caller caller, Decider decider, PolicyDocument? policy, Open open)
    {
        var known = open.Requests.Where(request => request.Of.MayKnow(caller, decider)).ToLookup(request => policy is not null && request.WaitsFor(caller, decider, policy));
        return new(caller, decider, policy, [.. known[true]], [.. known[false]], [.. open.Runs.Where(run => run.Of.MayKnow(caller, decider))], 0, null)
        {
            Glass = [.. open.Glass.Where(glass => glass.Of.MayKnow(caller, decider)).Select(glass => (glass, glass.WaitsFor(caller, decider)))],
        };
    }

    /// <summary>The caller as one who decides.</summary>
    public static Decider DeciderOf(Caller caller, PolicyDocument? policy) =>
        policy is null ? new(caller.Id, []) : Reevaluation.DeciderOf(policy, caller.Id, Reevaluation.SubjectOf(caller));
}
