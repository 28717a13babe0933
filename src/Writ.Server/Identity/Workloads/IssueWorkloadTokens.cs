using Microsoft.EntityFrameworkCore;
using OpenIddict.Abstractions;
using OpenIddict.Server;
using OpenIddict.Server.AspNetCore;
using Writ.Core.Audit;
using Writ.Core.Identity;
using Writ.Core.Policy;
using Writ.Proof.Errors;
using Writ.Proof.Identity;
using Writ.Server.Identity.OpenId;
using Writ.Server.Policy;
using Writ.Server.Storage;
using static OpenIddict.Abstractions.OpenIddictConstants;

namespace Writ.Server.Identity.Workloads;

/// <summary>
/// Tokens for a workload whose proof was found genuine. The proof is used up, the actor made where there is none yet, and
/// the issuing recorded, in one transaction: of any number of calls with one proof exactly one gets tokens.
/// </summary>
internal sealed class IssueWorkloadTokens(WriteTransaction writes, PolicyInForce policies, AskedDoor doors)
{
    private const string Scheme = OpenIddictServerAspNetCoreDefaults.AuthenticationScheme;

    public async Task<IResult> Issue(HttpContext context, OpenIddictRequest request)
    {
        var transaction = context.Features.Get<OpenIddictServerAspNetCoreFeature>()?.Transaction;
        if (transaction?.GetProperty<PresentedToken>(typeof(PresentedToken).FullName!) is not { } shown)
            return Refuse("nothing was shown that says who this is");
        var address = context.Source();
        var issued = await writes.Commit<System.Security.Claims.ClaimsPrincipal>(async scope =>
        {
            // Under the policy that is in force now: it may have changed since the proof was looked at.
            await scope.HoldPolicy();
            var policy = await policies.Get(scope.Db);
            if (!policy.IsOk)
                return policy.Refusal;
            if (policy.Value.Workloads.GetValueOrDefault(shown.Workload) is not { } workload)
                return new Refusal(ErrorCode.NotSignedIn, "the policy names no such workload any more");
            if (!await Once.Spend(scope, $"workload\n{shown.Issuer}", shown.Once, shown.NotAfter))
                return new Refusal(ErrorCode.Replayed, "the token was used before", "a JWT signs in once: take a new one");
            var person = await Person(scope, shown);
            if (!person.IsOk)
                return person.Refusal;
            var actor = await Actor(scope, workload);
            if (!actor.IsOk)
                return actor.Refusal;

            var onBehalfOf = person.Value is { } row ? new AuditActor(row.Id, row.Name) : null;
            scope.Record(new(AuditType.TokensIssued, new(actor.Value.Id, actor.Value.Name) { OnBehalfOf = onBehalfOf }, null, new()
            {
                ["client"] = request.ClientId,
                ["grant_type"] = request.GrantType,
                ["resource"] = doors.Of(request),
                ["way"] = "workload",
                ["issuer"] = shown.Issuer,
                ["subject"] = shown.Subject,
                ["policy"] = policy.Value.Hash,
            }, address));
            var principal = SignInClaims.Of(actor.Value.Id, actor.Value.Name, new(SignInWay.Workload, scope.Now, []), scope.Now + workload.MaxSignIn, onBehalfOf?.Id);
            return principal;
        });
        if (!issued.IsOk)
            return Refuse(issued.Refusal.Message);
        issued.Value.SetScopes(request.GetScopes()).SetResources(doors.Of(request));
        var life = SignInClaims.EndOf(issued.Value) - SignInClaims.SignInOf(issued.Value)!.At;
        issued.Value.SetAccessTokenLifetime(life < OpenIdServer.AccessTokenLife ? life : OpenIdServer.AccessTokenLife);
        issued.Value.SetRefreshTokenLifetime(life < OpenIdServer.RefreshTokenIdle ? life : OpenIdServer.RefreshTokenIdle);
        return Results.SignIn(issued.Value, authenticationScheme: Scheme);
    }

    /// <summary>A workload that the policy names no more, or whose person may not act any more, is not renewed; a refusal, or null.</summary>
    public async Task<Refusal?> Gone(WriteScope scope, ActorRow actor, ActorId? onBehalfOf)
    {
        if (actor.Kind != ActorKind.Workload)
            return null;
        if (onBehalfOf is { } person && !await scope.Db.Actors.AnyAsync(row => row.Id == person && row.DisabledAt == null))
            return new(ErrorCode.NotSignedIn, "the person for whom it acts is disabled");
        var policy = await policies.Get(scope.Db);
        return policy.IsOk && policy.Value.Workloads.ContainsKey(actor.Name) ? null : new(ErrorCode.NotSignedIn, "the policy names no such workload any more");
    }

    /// <summary>The person on whose behalf: somebody who signed in here before, and may still. Else nobody could say who must not decide.</summary>
    private static async Task<Result<ActorRow?>> Person(WriteScope scope, PresentedToken shown)
    {
        if (shown.Person is null)
            return (ActorRow?)null;
        var person = await (
            from row in scope.Db.Identities.AsNoTracking()
            join actor in scope.Db.Actors.AsNoTracking() on row.ActorId equals actor.Id
            where row.Issuer == shown.PersonIssuer && row.Subject == shown.Person
            select actor).SingleOrDefaultAsync();
        return person switch
        {
            null => new Refusal(ErrorCode.NotSignedIn, "the person for whom it acts never signed in here", "they sign in once"),
            { DisabledAt: not null } => new Refusal(ErrorCode.NotSignedIn, "the person for whom it acts is disabled"),
            _ => person,
        };
    }

    private static async Task<Result<ActorRow>> Actor(WriteScope scope, Workload workload)
    {
        ActorId? owner = null;
        if (workload.Owner is { } name)
        {
            owner = await scope.Db.Actors.Where(row => row.Kind == ActorKind.User && row.Name == name && row.DisabledAt == null).Select(row => (ActorId?)row.Id).SingleOrDefaultAsync();
            if (owner is null)
                return new Refusal(ErrorCode.NotSignedIn, "the workload's owner is nobody here, or disabled", "the policy names them: workloads: … owner:");
        }

        var actor = await scope.Db.Actors.SingleOrDefaultAsync(row => row.Kind == ActorKind.Workload && row.Name == workload.Name);
        if (actor?.DisabledAt is not null)
            return new Refusal(ErrorCode.NotSignedIn, "the workload is disabled");
        if (actor is not null && actor.OwnerId == owner)
            return actor;
        if (actor is null)
        {
            actor = new() { Id = ActorId.New(scope.Now), Kind = ActorKind.Workload, Name = workload.Name, Groups = [], OwnerId = owner, CreatedAt = scope.Now };
            scope.Db.Actors.Add(actor);
        }

        actor.OwnerId = owner;
        CreateToken.RecordChange(scope, actor, AuditActor.System);
        return actor;
    }

    private static IResult Refuse(string description) => Results.Forbid(new(new Dictionary<string, string?>
    {
        [OpenIddictServerAspNetCoreConstants.Properties.Error] = OpenIddictConstants.Errors.InvalidGrant,
        [OpenIddictServerAspNetCoreConstants.Properties.ErrorDescription] = description,
    }), [Scheme]);
}
