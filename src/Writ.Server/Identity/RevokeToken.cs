using Microsoft.EntityFrameworkCore;
using Writ.Core.Audit;
using Writ.Core.Identity;
using Writ.Proof.Errors;
using Writ.Proof.Identity;
using Writ.Server.Audit;
using Writ.Server.Errors;
using Writ.Server.Requests;
using Writ.Server.Storage;

namespace Writ.Server.Identity;

/// <summary>Revokes a token: one's own, or as an admin any.</summary>
internal sealed class RevokeToken(WriteTransaction writes, RefusedAttempts refused)
{
    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapPost("/tokens/{id}/revoke", async (string id, RevokeToken verb, HttpContext context) =>
        {
            var revoked = await verb.Revoke(context.Caller(), id);
            return revoked.IsOk ? Results.NoContent() : revoked.Refusal.ToHttp();
        }).WithName("RevokeToken").Needs(Access.SignedIn).Produces(StatusCodes.Status204NoContent);

    public async Task<Result<bool>> Revoke(Caller caller, string id)
    {
        var missing = new Refusal(ErrorCode.NotFound, $"there is no token '{RequestAccess.Shown(id)}'");
        if (!TokenId.TryParse(id, out var token))
            return missing;
        var mayAny = caller.IsAdmin && caller.Governs;
        var revoked = await writes.Commit<bool>(async scope =>
        {
            var changed = await scope.Db.Tokens
                .Where(row => row.Id == token && row.RevokedAt == null && (mayAny || row.ActorId == caller.Id))
                .ExecuteUpdateAsync(set => set.SetProperty(row => row.RevokedAt, scope.Now));
            if (changed == 0)
                return missing;
            scope.Record(new(AuditType.TokenRevoked, caller.Audit, null, new() { ["token"] = id }, caller.SourceAddress));
            return true;
        });
        if (!revoked.IsOk)
            await refused.Record(new(AuditType.AttemptRefused, caller.Audit, null, new() { ["attempt"] = "revoke a token" }, caller.SourceAddress));
        return revoked;
    }
}
