using Microsoft.EntityFrameworkCore;
using Writ.Contracts.Policy;
using Writ.Core.Identity;
using Writ.Proof.Errors;
using Writ.Server.Errors;
using Writ.Server.Identity;
using Writ.Server.Storage;

namespace Writ.Server.Policy;

/// <summary>
/// Shows the policy in force. Everybody who is signed in may read it: people who know the rules ask for what they can get.
/// </summary>
internal static class ShowPolicy
{
    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapGet("/policy", async (Database database, HttpContext context, CancellationToken cancel) =>
        {
            _ = context.Caller();
            await using var db = database.Open();
            var row = await db.Policies.AsNoTracking().OrderByDescending(row => row.Number).FirstOrDefaultAsync(cancel);
            return row is null
                ? new Refusal(ErrorCode.NotFound, "no policy is in force", "an admin applies one: writ policy apply policy.yaml").ToHttp()
                : Results.Ok(new PolicyView(row.Hash, row.Text, row.AppliedAt, row.AppliedBy));
        }).WithName("ShowPolicy").Needs(Access.SignedIn).Produces<PolicyView>();
}
