using Writ.Contracts.Identity;
using Writ.Core.Identity;
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
                caller.IsAdmin, caller.IsAuditor, caller.TokenNotAfter,
                new(WayOf(caller.SignIn.Way), caller.SignIn.At, [.. caller.SignIn.Methods]),
                caller.OnBehalfOf is { Id: { } person, Name: var name } ? new(person.ToString(), name, "user") : null));
        }).WithName("WhoAmI").Needs(Access.SignedIn).Produces<WhoAmI>();

    private static string WayOf(SignInWay way) => way switch
    {
        SignInWay.Box => "box",
        SignInWay.Browser => "browser",
        SignInWay.Device => "device",
        SignInWay.Workload => "workload",
        SignInWay.Chat => "chat",
        SignInWay.None => "none",
    };
}
