using Microsoft.EntityFrameworkCore;
using Writ.Core;
using Writ.Core.Decisions;
using Writ.Core.Identity;
using Writ.Server.Identity;
using Writ.Server.Policy;
using Writ.Server.Requests;
using Writ.Server.Storage;

namespace Writ.Server.Pages;

/// <summary><c>/approve/{request}</c>: what exactly is approved, and the yes by passkey. The links of <c>writ approve</c> lead here.</summary>
internal static class ApprovePages
{
    public static void Map(IEndpointRouteBuilder routes) => routes.MapGet("/approve/{id}", Show).ExcludeFromDescription().Needs(Access.Open);

    private static async Task<IResult> Show(
        HttpContext context, string id, Sessions sessions, Database database, PolicyInForce policies, RequestAccess access, TimeProvider time, CancellationToken cancel)
    {
        if (await sessions.Find(context) is not { } caller)
            return SignInPages.Ask(context, again: false);
        await using var db = database.Open();
        var policy = await policies.Get(db);
        var found = await access.Find(db, caller, id);
        if (!found.IsOk)
            return Page.Message(context, StatusCodes.Status404NotFound, "There is no such request", "Or it is none that you may know of.", LocalPath.Home, "Your account");
        var request = found.Value;
        var view = (await RequestViews.Load(db, policy.IsOk ? policy.Value : null, [request], cancel))[0];
        var decides = policy.IsOk && request.State == RequestState.Pending && request.ExpiresAt > time.GetUtcNow()
            && RequestAccess.MayDecide(policy.Value, request, caller) && await RequestAccess.MustNotDecide(db, request, caller.Id) is null
            && !view.Decisions.Any(decision => decision.By?.Id == caller.Id.ToString() && decision.Revision == request.Revision);
        var needed = decides && Quorum.NeedsPasskey(RequestViews.Needs(request), Reevaluation.DeciderOf(policy.Value, caller.Id, Reevaluation.SubjectOf(caller)));
        var has = await db.Passkeys.AnyAsync(row => row.ActorId == caller.Id && row.ConfirmedAt != null && row.RemovedAt == null, cancel);
        return Page.Of<ApprovePage>(context, ("Who", caller), ("Asked", view), ("Decides", decides), ("NeedsPasskey", needed), ("HasPasskey", has));
    }
}
