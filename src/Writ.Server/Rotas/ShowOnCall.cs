using Microsoft.EntityFrameworkCore;
using Writ.Contracts.Requests;
using Writ.Contracts.Rotas;
using Writ.Core.Identity;
using Writ.Server.Errors;
using Writ.Server.Identity;
using Writ.Server.Policy;
using Writ.Server.Storage;

namespace Writ.Server.Rotas;

/// <summary>Who is on call now, by each rota of the policy in force; for everybody who may read the policy.</summary>
internal static class ShowOnCall
{
    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapGet("/on-call", async (Database database, PolicyInForce policies, HttpContext context, CancellationToken cancel) =>
        {
            _ = context.Caller();
            await using var db = database.Open();
            var policy = await policies.Get(db);
            if (!policy.IsOk)
                return policy.Refusal.ToHttp();
            var now = policy.Value.OnCall();
            var names = now.SelectMany(each => each.People).Distinct().ToArray();
            var people = await db.Actors.AsNoTracking().Where(row => row.Kind == ActorKind.User && names.Contains(row.Name)).ToDictionaryAsync(row => row.Name, row => row.DisabledAt is not null, cancel);
            return Results.Ok(new Page<OnCallView>(
            [
                .. now.Select(each => new OnCallView(
                    each.Rota.Name, [.. policy.Value.Roles.Values.Where(role => role.OnCall == each.Rota.Name).Select(role => role.Name).Order(StringComparer.Ordinal)], each.Rota.Source,
                    [.. each.People.Select(name => new OnCallPersonView(name, people.TryGetValue(name, out var isDisabled) ? isDisabled ? "disabled" : "user" : "unknown"))], each.Until, each.Unknown)),
            ], null));
        }).WithName("ShowOnCall").Needs(Access.SignedIn).Produces<Page<OnCallView>>();
}
