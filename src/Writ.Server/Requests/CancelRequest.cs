using Writ.Contracts.Requests;
using Writ.Core;
using Writ.Core.Identity;
using Writ.Proof.Errors;
using Writ.Server.Errors;
using Writ.Server.Identity;
using Writ.Server.Policy;
using Writ.Server.Storage;

namespace Writ.Server.Requests;

/// <summary>The requester takes a pending request back.</summary>
internal sealed class CancelRequest(Database database, WriteTransaction writes, RequestAccess access, PolicyInForce policies, Changes changes)
{
    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapPost("/requests/{id}/cancel", async (string id, CancelAsk ask, CancelRequest verb, HttpContext context, CancellationToken cancel) =>
            (await verb.Cancel(context.Caller(), id, ask, cancel)).ToHttp()).WithName("CancelRequest").Needs(Access.SignedIn).Produces<RequestView>();

    public async Task<Result<RequestView>> Cancel(Caller caller, string id, CancelAsk ask, CancellationToken cancel)
    {
        var cancelled = await writes.Commit<RequestRow>(async scope =>
        {
            var found = await access.Find(scope.Db, caller, id);
            if (!found.IsOk)
                return found.Refusal;
            if (!await RequestAccess.IsOwn(scope.Db, found.Value, caller.Id))
                return new Refusal(ErrorCode.Forbidden, "only the requester takes a request back", "a reviewer denies it: writ deny " + id);
            var reason = string.IsNullOrWhiteSpace(ask.Comment) ? "cancelled by the requester" : $"cancelled by the requester: {ask.Comment}";
            return await RequestEnding.End(scope, found.Value, RequestEvent.Cancel, caller.Audit, reason, caller.SourceAddress)
                ? found
                : new Refusal(ErrorCode.WrongState, $"the request is {RequestViews.State(found.Value.State)}, not pending");
        });
        if (!cancelled.IsOk)
            return cancelled.Refusal;
        changes.Happened(id);
        await using var db = database.Open();
        var policy = await policies.Get(db);
        var row = await access.Find(db, caller, id);
        return row.IsOk ? (await RequestViews.Load(db, policy.IsOk ? policy.Value : null, [row.Value], cancel))[0] : row.Refusal;
    }
}
