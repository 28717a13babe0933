using Writ.Contracts.Identity;
using Writ.Server.Policy;
using Writ.Server.Requests;
using Writ.Server.Storage;

namespace Writ.Server.Identity;

/// <summary>Who the token speaks for, with the roles that the policy in force gives them.</summary>
internal static class ShowWhoAmI
{
    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapGet("/whoami", async (Database database, PolicyInForce policies, HttpContext context) =>
        {
            var caller = context.Caller();
            await using var db = database.Open();
            var policy = await policies.Get(db);
            return Results.Ok(new WhoAmI(
                caller.Id.ToString(), caller.Name, RequestViews.Kind(caller.Kind), [.. caller.Groups],
                policy.IsOk ? [.. policy.Value.RolesOf(Reevaluation.SubjectOf(caller))] : [],
                caller.IsAdmin, caller.IsAuditor, caller.TokenNotAfter));
        }).WithName("WhoAmI").Produces<WhoAmI>();
}
