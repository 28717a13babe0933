using Microsoft.AspNetCore;
using Microsoft.EntityFrameworkCore;
using OpenIddict.Abstractions;
using OpenIddict.Server;
using Writ.Core.Audit;
using Writ.Proof.Errors;
using Writ.Server.Storage;
using static OpenIddict.Server.OpenIddictServerEvents;

namespace Writ.Server.Identity.OpenId;

/// <summary>
/// <c>/connect/revoke</c> (RFC 7009): a client that signs out ends everything that came of its sign-in, and not the one
/// token alone that it names.
/// </summary>
internal sealed class SignOutClient(WriteTransaction writes) : IOpenIddictServerHandler<HandleRevocationRequestContext>
{
    public async ValueTask HandleAsync(HandleRevocationRequestContext context)
    {
        if (context.GenericTokenPrincipal?.GetAuthorizationId() is not { Length: > 0 } authorization)
            return;
        var subject = SignInClaims.Subject(context.GenericTokenPrincipal);
        await writes.Commit<bool>(async scope =>
        {
            if (await EndSignIns.OfClient(scope, authorization) == 0)
                return new Refusal(ErrorCode.WrongState, "it had ended");
            var actor = await scope.Db.Actors.AsNoTracking().SingleOrDefaultAsync(row => row.Id == subject);
            scope.Record(new(AuditType.SignInEnded, new(actor?.Id, actor?.Name ?? "unknown"), null, new() { ["sign_in"] = authorization, ["client"] = context.Request.ClientId },
                context.Transaction.GetHttpRequest()?.HttpContext.Connection.RemoteIpAddress?.ToString()));
            return true;
        });
    }
}
