using Writ.Core.Identity;
using Microsoft.AspNetCore;
using Microsoft.AspNetCore.Authentication;
using Microsoft.EntityFrameworkCore;
using OpenIddict.Abstractions;
using OpenIddict.Server.AspNetCore;
using Writ.Core.Audit;
using Writ.Proof.Errors;
using Writ.Server.Identity.Workloads;
using Writ.Server.Storage;
using static OpenIddict.Abstractions.OpenIddictConstants;

namespace Writ.Server.Identity.OpenId;

/// <summary>
/// <c>POST /connect/token</c>. Of any number of calls with one code or refresh token exactly one gets tokens: the row is
/// taken by a guarded update, in the transaction of the entry that records the issuing.
/// </summary>
internal sealed class IssueTokens(WriteTransaction writes, IssueWorkloadTokens workloads, AskedDoor doors)
{
    private const string Scheme = OpenIddictServerAspNetCoreDefaults.AuthenticationScheme;

    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapPost(OpenIdServer.TokenPath, (HttpContext context, IssueTokens verb) => verb.Issue(context)).ExcludeFromDescription().Needs(Access.Open);

    private async Task<IResult> Issue(HttpContext context)
    {
        var request = context.GetOpenIddictServerRequest() ?? throw new InvalidOperationException("no request of OpenID Connect");
        if (request.IsTokenExchangeGrantType() || request.IsClientCredentialsGrantType())
            return await workloads.Issue(context, request);
        if (!request.IsAuthorizationCodeGrantType() && !request.IsDeviceCodeGrantType() && !request.IsRefreshTokenGrantType())
            return Refuse(OpenIddictConstants.Errors.UnsupportedGrantType, "this way to sign in is not there");

        var principal = (await context.AuthenticateAsync(Scheme)).Principal;
        if (principal?.GetTokenId() is not { Length: > 0 } spent || SignInClaims.Subject(principal) is not { } subject || SignInClaims.SignInOf(principal) is not { } signIn)
            return Refuse(OpenIddictConstants.Errors.InvalidGrant, "the code or token names nobody");

        if (doors.Again(principal.GetResources(), request) is not { } door)
            return Refuse(OpenIddictConstants.Errors.InvalidTarget, "the sign-in is for another resource");
        principal.SetResources(door);

        var end = SignInClaims.EndOf(principal);
        var address = context.Connection.RemoteIpAddress?.ToString();
        var taken = await writes.Commit<DateTimeOffset>(async scope =>
        {
            var actor = await scope.Db.Actors.AsNoTracking().SingleOrDefaultAsync(row => row.Id == subject);
            if (actor is null || actor.DisabledAt is not null || end <= scope.Now)
                return new Refusal(ErrorCode.NotSignedIn, actor is null || actor.DisabledAt is not null ? "the account is disabled" : "the sign-in is over");
            if (await workloads.Gone(scope, actor, SignInClaims.PersonOf(principal)) is { } gone)
                return gone;
            var now = scope.Now.UtcDateTime;
            var mine = await scope.Db.OpenIdTokens.Where(row => row.Id == spent && row.Status == Statuses.Valid)
                .ExecuteUpdateAsync(set => set.SetProperty(row => row.Status, Statuses.Redeemed).SetProperty(row => row.RedemptionDate, now));
            if (mine == 0)
                return new Refusal(ErrorCode.Replayed, "the code or token was used before");
            scope.Record(new(AuditType.TokensIssued, new(actor.Id, actor.Name), null, new()
            {
                ["client"] = request.ClientId,
                ["grant_type"] = request.GrantType,
                ["resource"] = door,
                ["sign_in"] = principal.GetAuthorizationId(),
                ["way"] = principal.GetClaim(SignInClaims.Way),
                ["signed_in_at"] = signIn.At.ToString("O"),
            }, address));
            return scope.Now;
        });
        if (!taken.IsOk)
        {
            if (taken.Refusal.Code == ErrorCode.Replayed && principal.GetAuthorizationId() is { Length: > 0 } authorization)
                await ReusedToken.End(writes, authorization, subject.ToString(), address);
            return Refuse(OpenIddictConstants.Errors.InvalidGrant, taken.Refusal.Message);
        }

        // Never past the end of the sign-in, however often it is refreshed.
        var left = end - taken.Value;
        principal.SetRefreshTokenLifetime(left < OpenIdServer.RefreshTokenIdle ? left : OpenIdServer.RefreshTokenIdle);
        principal.SetAccessTokenLifetime(left < OpenIdServer.AccessTokenLife ? left : OpenIdServer.AccessTokenLife);
        return Results.SignIn(principal, authenticationScheme: Scheme);
    }

    private static IResult Refuse(string error, string description) => Results.Forbid(new(new Dictionary<string, string?>
    {
        [OpenIddictServerAspNetCoreConstants.Properties.Error] = error,
        [OpenIddictServerAspNetCoreConstants.Properties.ErrorDescription] = description,
    }), [Scheme]);
}
