using Microsoft.EntityFrameworkCore;
using Writ.Contracts.Requests;
using Writ.Core;
using Writ.Core.Audit;
using Writ.Proof.Errors;
using Writ.Proof.Identity;
using Writ.Server.Requests;
using Writ.Server.Storage;

namespace Writ.Server.Grants;

/// <summary>
/// Glass that was broken: it is on the record in the transaction of the grant, and until another person has reviewed it whoever broke it is given
/// nothing further, by no way. What they had before stays as it is.
/// </summary>
internal static class BrokenGlass
{
    /// <summary>
    /// The refusal of anything new for these people, where one of them waits for a review; null where none does. It holds until this transaction ends:
    /// whoever breaks the glass meanwhile waits for it.
    /// </summary>
    public static async Task<Refusal?> Awaited(WriteScope scope, ActorId person, ActorId? onBehalfOf)
    {
        await scope.TakeTurnOf(person, onBehalfOf);
        return await Awaited(scope.Db, person, onBehalfOf);
    }

    /// <summary>The same as it stands at this moment, for whoever only looks.</summary>
    public static async Task<Refusal?> Awaited(WritDb db, ActorId person, ActorId? onBehalfOf)
    {
        var broken = await (
            from glass in db.Glass.AsNoTracking()
            join request in db.Requests.AsNoTracking() on glass.RequestId equals request.Id
            join actor in db.Actors.AsNoTracking() on glass.ActorId equals actor.Id
            where (glass.ActorId == person || glass.ActorId == onBehalfOf) && glass.State == GlassState.Broken
            select new { glass.GrantId, request, actor.Name }).FirstOrDefaultAsync();
        return broken is null ? null : new(
            ErrorCode.ReviewAwaited, $"{broken.Name} broke the glass and is given nothing further until {broken.GrantId} is reviewed",
            $"{string.Join(", or ", Reviewers(RequestViews.Evaluation(broken.request)))} reviews it: writ review {broken.GrantId}");
    }

    /// <summary>Writes it down, with the alarm. A second one of the same person, at the same moment, is held up by a unique index.</summary>
    public static async Task Break(WriteScope scope, RequestRow request, GrantRow grant)
    {
        scope.Db.Glass.Add(new() { GrantId = grant.Id, RequestId = request.Id, ActorId = request.ActorId, State = GlassState.Broken, BrokenAt = scope.Now });
        var found = RequestViews.Evaluation(request);
        var who = await scope.Db.Actors.AsNoTracking().Where(row => row.Id == request.ActorId).Select(row => row.Name).SingleAsync();
        scope.Record(new(AuditType.GlassBroken, new(request.ActorId, who), request.Id, new()
        {
            ["grant"] = grant.Id.ToString(),
            ["request"] = request.Id.ToString(),
            ["tool"] = request.Tool,
            ["command"] = AuditEvent.Texts(request.Command),
            ["reason"] = request.Reason,
            ["zones"] = AuditEvent.Texts(found.Zones),
            ["rules"] = AuditEvent.Texts(found.Rules),
            ["not_after"] = grant.NotAfter.ToString("O"),
            ["reviewers"] = AuditEvent.Texts(Reviewers(found)),
        }));
    }

    /// <summary>Who may review it, in words: the owners of its zones, or an admin for what has none.</summary>
    public static IReadOnlyList<string> Reviewers(EvaluationView found) =>
        [.. (found.Reviews ?? []).Select(each => each.From.Count == 0 ? $"an admin for zone {each.Zone}" : $"{string.Join(" or ", each.From)} for zone {each.Zone}").Distinct()];

    /// <summary>How it stands, as the API shows it, by the requests that it was broken by.</summary>
    public static async Task<Func<RequestId, BreakGlassView?>> Views(WritDb db, IReadOnlyCollection<RequestRow> requests, CancellationToken cancel)
    {
        var asked = requests.Where(row => row.BreakGlass).DistinctBy(row => row.Id).ToDictionary(row => row.Id);
        if (asked.Count == 0)
            return _ => null;
        var ids = asked.Keys.ToArray();
        var broken = await db.Glass.AsNoTracking().Where(row => ids.Contains(row.RequestId)).ToDictionaryAsync(row => row.RequestId, cancel);
        var people = broken.Values.Select(row => row.ReviewedBy).OfType<ActorId>().Distinct().ToArray();
        var names = await db.Actors.AsNoTracking().Where(row => people.Contains(row.Id)).ToDictionaryAsync(row => row.Id, cancel);
        return id => !asked.TryGetValue(id, out var request) ? null : !broken.TryGetValue(id, out var glass) ? new("denied", [], null) : new(
            State(glass.State), Reviewers(RequestViews.Evaluation(request)),
            glass is { ReviewedBy: { } by, ReviewedAt: { } at, Justified: { } justified } ? new(RequestViews.Of(names[by]), at, justified, glass.Comment ?? "") : null);
    }

    private static string State(GlassState state) => state switch
    {
        GlassState.None => "none",
        GlassState.Broken => "awaits-review",
        GlassState.Reviewed => "reviewed",
    };
}
