using Writ.Contracts.Requests;
using Writ.Core.Identity;
using Writ.Server.Errors;
using Writ.Server.Identity;

namespace Writ.Server.Decisions;

/// <summary>Says yes to the statement that was shown.</summary>
internal static class ApproveRequest
{
    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapPost("/requests/{id}/approve", async (string id, Decide decide, DecisionTurn turn, HttpContext context, CancellationToken cancel) =>
            (await turn.Decide(context.Caller(), id, decide, approve: true, cancel)).ToHttp()).WithName("ApproveRequest").Needs(Access.Approver).Produces<RequestView>();
}
