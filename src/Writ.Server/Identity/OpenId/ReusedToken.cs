using Microsoft.AspNetCore;
using Microsoft.EntityFrameworkCore;
using OpenIddict.Abstractions;
using OpenIddict.Server;
using Writ.Core.Audit;
using Writ.Proof.Errors;
using Writ.Server.Storage;
using static OpenIddict.Abstractions.OpenIddictConstants;
using static OpenIddict.Server.OpenIddictServerEvents;

namespace Writ.Server.Identity.OpenId;

/// <summary>
/// A spent code or refresh token that comes again is a copy in other hands: everything that came of that sign-in ends,
/// whoever holds it (RFC 9700, 4.14.2). OpenIddict itself revokes the tokens that are there by then, and not those that a
/// racing call is about to make.
/// </summary>
internal sealed class ReusedToken(Database database, WriteTransaction writes) : IOpenIddictServerHandler<ValidateTokenContext>
{
    public async ValueTask HandleAsync(ValidateTokenContext context)
    {
        if (context.TokenId is not { Length: > 0 } token)
            return;
        await using var db = database.Open();
        var found = await db.OpenIdTokens.AsNoTracking().Where(row => row.Id == token && row.Status == Statuses.Redeemed)
            .Select(row => new { Authorization = row.Authorization!.Id, row.Subject }).SingleOrDefaultAsync();
        if (found?.Authorization is { } authorization)
            await End(writes, authorization, found.Subject, context.Transaction.GetHttpRequest()?.HttpContext.Connection.RemoteIpAddress?.ToString());
    }

    /// <summary>Ends it all, and says why in the log.</summary>
    public static Task End(WriteTransaction writes, string authorization, string? subject, string? address) => writes.Commit<bool>(async scope =>
    {
        var ended = await EndSignIns.OfClient(scope, authorization);
        if (ended == 0)
            return new Refusal(ErrorCode.WrongState, "it had ended");
        var actor = Writ.Proof.Identity.ActorId.TryParse(subject, out var id) ? await scope.Db.Actors.AsNoTracking().SingleOrDefaultAsync(row => row.Id == id) : null;
        scope.Record(new(AuditType.TokenReused, new(actor?.Id, actor?.Name ?? "unknown"), null, new() { ["sign_in"] = authorization, ["tokens_ended"] = ended }, address));
        return true;
    });
}
