using Writ.Contracts.Requests;
using Writ.Core.Identity;
using Writ.Server.Errors;
using Writ.Server.Identity;

namespace Writ.Server.Decisions;

/// <summary>Says no; one no ends the request.</summary>
internal static class DenyRequest
{
    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapPost("/requests/{id}/deny", async (string id, Decide decide, DecisionTurn turn, HttpContext context, CancellationToken cancel) =>
            (await turn.Decide(context.Caller(), id, decide, approve: false, cancel)).ToHttp()).WithName("DenyRequest").Needs(Access.Decider).Produces<RequestView>();
}
