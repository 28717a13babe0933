using Microsoft.EntityFrameworkCore;
using Writ.Core.Decisions;
using Writ.Core.Identity;
using Writ.Core.Policy;
using Writ.Proof.Errors;
using Writ.Proof.Identity;
using Writ.Server.Identity;
using Writ.Server.Policy;
using Writ.Server.Storage;
using Writ.Server.Templates;

namespace Writ.Server.Requests;

/// <summary>
/// Who may know of a request, and of the grant and runs that follow from it: its own people, those who may decide on it,
/// auditors and admins. For everybody else it does not exist.
/// </summary>
internal sealed class RequestAccess(PolicyInForce policies)
{
    /// <summary>Those whose request it is: nobody of them decides on it, whatever their roles.</summary>
    public static async Task<bool> IsOwn(WritDb db, RequestRow request, ActorId person)
    {
        if (request.ActorId == person || request.OnBehalfOf == person)
            return true;
        var owner = await db.Actors.AsNoTracking().Where(row => row.Id == request.ActorId).Select(row => row.OwnerId).SingleOrDefaultAsync();
        return owner == person;
    }

    /// <summary>The refusal of a decision by somebody whom the request is of, or who wrote the template that it uses; null for all others.</summary>
    public static async Task<Refusal?> MustNotDecide(WritDb db, RequestRow request, ActorId person) =>
        await IsOwn(db, request, person) ? new(ErrorCode.OwnRequest, "nobody decides on their own request", "somebody else with the role decides")
        : await TemplateVersions.IsAuthor(db, request, person) ? new(ErrorCode.OwnRequest, $"nobody decides on the use of a template that they wrote: {request.Template}", "somebody else with the role decides")
        : null;

    /// <summary>True when the caller has a role that the request's approvals ask for. Workloads never decide.</summary>
    public async Task<bool> MayDecide(WritDb db, RequestRow request, Caller caller)
    {
        if (caller.Kind != ActorKind.User)
            return false;
        var policy = await policies.Get(db);
        return policy.IsOk && MayDecide(policy.Value, request, caller);
    }

    /// <summary>True for those who may take the right away or end its runs: its own people by any way in, reviewers and admins by one that governs.</summary>
    public async Task<bool> MayEnd(WritDb db, RequestRow request, Caller caller) =>
        await IsOwn(db, request, caller.Id) || (caller.Governs && (caller.IsAdmin || await MayDecide(db, request, caller)));

    /// <summary>Whether lists show it to the caller, with what came of it.</summary>
    public static bool Shows(Result<PolicyDocument> policy, RequestRow request, Caller caller) =>
        caller.ReadsAll || request.ActorId == caller.Id || request.OnBehalfOf == caller.Id || (policy.IsOk && MayDecide(policy.Value, request, caller));

    /// <summary>Whoever may review what was done by break-glass is one of them: they know of it, and may end it.</summary>
    public static bool MayDecide(PolicyDocument policy, RequestRow request, Caller caller) =>
        caller.Kind == ActorKind.User
        && Quorum.MayDecide([.. RequestViews.Needs(request), .. RequestViews.Reviews(request)], Reevaluation.DeciderOf(policy, caller.Id, Reevaluation.SubjectOf(caller)));

    /// <summary>The request, where the caller may know of it.</summary>
    public async Task<Result<RequestRow>> Find(WritDb db, Caller caller, string id)
    {
        if (await Standing.Over(db, caller) is { } over)
            return over;
        var missing = new Refusal(ErrorCode.NotFound, $"there is no request '{Shown(id)}'", "writ requests lists those that you can see");
        if (!RequestId.TryParse(id, out var requestId))
            return missing;
        var row = await db.Requests.AsNoTracking().SingleOrDefaultAsync(row => row.Id == requestId);
        if (row is null)
            return missing;
        return caller.ReadsAll || await IsOwn(db, row, caller.Id) || await MayDecide(db, row, caller) ? row : missing;
    }

    /// <summary>What a caller typed, short enough to be shown back.</summary>
    public static string Shown(string text) => text.Length <= 60 ? text : text[..60] + "…";
}
