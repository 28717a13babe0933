using System.Security.Claims;
using System.Security.Cryptography;
using System.Text;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using Microsoft.AspNetCore;
using OpenIddict.Abstractions;
using OpenIddict.Server;
using OpenIddict.Server.AspNetCore;
using Writ.Core.Audit;
using Writ.Core.Policy;
using Writ.Server.Audit;
using Writ.Server.Identity.Workloads;
using Writ.Server.Policy;
using Writ.Server.Storage;
using static OpenIddict.Abstractions.OpenIddictConstants;
using static OpenIddict.Server.OpenIddictServerEvents;

namespace Writ.Server.Identity.OpenId;

/// <summary>
/// How processes sign in: by a JWT of others, exchanged (RFC 8693), or by an assertion that they sign with a key of their
/// own (RFC 7523). Only JWTs are exchanged: Writ's own tokens are references, and never make a fresh one of themselves.
/// </summary>
internal static class WorkloadGrants
{
    /// <summary>What stands before a workload's name where it is a client of its own.</summary>
    public const string ClientPrefix = "workload:";

    public static OpenIddictServerBuilder AddWorkloads(this OpenIddictServerBuilder server)
    {
        server.Services.AddSingleton<IssuerKeys>().AddSingleton<OutsideTokens>().AddSingleton<IssueWorkloadTokens>();
        server.AllowTokenExchangeFlow().AllowClientCredentialsFlow();
        server.Configure(options =>
        {
            options.SubjectTokenTypes.Clear();
            options.SubjectTokenTypes.Add(OutsideToken);
            options.ActorTokenTypes.Clear();
        });
        server.AddEventHandler<ValidateTokenContext>(handler => handler.UseSingletonHandler<CheckOutsideToken>()
            .SetOrder(OpenIddictServerHandlers.Protection.ResolveTokenValidationParameters.Descriptor.Order - 500));
        server.AddEventHandler<ValidateTokenRequestContext>(handler => handler.UseScopedHandler<KnowWorkloadClient>().SetOrder(int.MinValue + 50_000));
        server.AddEventHandler<ValidateTokenContext>(handler => handler.UseSingletonHandler<NoteAssertion>().SetOrder(int.MaxValue - 50_000));
        return server;
    }

    /// <summary>What is exchanged.</summary>
    public static string OutsideToken => "urn:ietf:params:oauth:token-type:jwt";

    private static void Note(OpenIddictServerTransaction transaction, PresentedToken shown) => transaction.SetProperty(typeof(PresentedToken).FullName!, shown);

    /// <summary>Takes the exchanged JWT in place of OpenIddict, which knows its own tokens alone.</summary>
    internal sealed class CheckOutsideToken(OutsideTokens tokens) : IOpenIddictServerHandler<ValidateTokenContext>
    {
        public async ValueTask HandleAsync(ValidateTokenContext context)
        {
            if (!context.ValidTokenTypes.Contains(OutsideToken))
                return;
            var http = context.Transaction.GetHttpRequest()?.HttpContext;
            var named = (string?)context.Transaction.Request?["workload"];
            var found = await tokens.Check(context.Token, named, http?.RequestAborted ?? default);
            if (!found.IsOk)
            {
                context.Reject(OpenIddictConstants.Errors.InvalidGrant, found.Refusal.Message);
                return;
            }

            Note(context.Transaction, found.Value);
            var identity = new ClaimsIdentity("workload");
            identity.SetClaim(Claims.Subject, found.Value.Subject);
            context.Principal = new ClaimsPrincipal(identity);
            context.Principal.SetTokenType(OutsideToken).SetPresenters(context.Transaction.Request?.ClientId ?? "");
        }
    }

    /// <summary>
    /// A workload with a key is a client of its own, as the policy in force says it: its row is made, or brought up to date,
    /// when it comes, and one that the policy does not name is nobody.
    /// </summary>
    internal sealed class KnowWorkloadClient(IOpenIddictApplicationManager clients, Database database, PolicyInForce policies, ServerSettings settings) : IOpenIddictServerHandler<ValidateTokenRequestContext>
    {
        public async ValueTask HandleAsync(ValidateTokenRequestContext context)
        {
            if (context.Request.ClientId is not { } id || !id.StartsWith(ClientPrefix, StringComparison.Ordinal))
            {
                if (context.Request.IsClientCredentialsGrantType())
                    context.Reject(OpenIddictConstants.Errors.InvalidClient, "this client has no credentials");
                return;
            }

            await using var db = database.Open();
            var policy = await policies.Get(db);
            if (!policy.IsOk || policy.Value.Workloads.GetValueOrDefault(id[ClientPrefix.Length..]) is not { Key: { } key })
            {
                context.Reject(OpenIddictConstants.Errors.InvalidClient, "the policy names no such workload with a key");
                return;
            }

            if (!context.Request.IsClientCredentialsGrantType() || context.Request.ClientAssertion is null)
            {
                context.Reject(OpenIddictConstants.Errors.InvalidClient, "a workload with a key shows an assertion");
                return;
            }

            var wanted = Describe(id, key);
            var cancel = context.Transaction.GetHttpRequest()?.HttpContext.RequestAborted ?? default;
            var known = await clients.FindByClientIdAsync(id, cancel);
            try
            {
                if (known is null)
                    await clients.CreateAsync(wanted, cancel);
                else if (await clients.GetJsonWebKeySetAsync(known, cancel) is not { Keys: [var had] } || had.X != wanted.JsonWebKeySet!.Keys[0].X || had.Y != wanted.JsonWebKeySet.Keys[0].Y
                    || !wanted.Permissions.SetEquals(await clients.GetPermissionsAsync(known, cancel)))
                    await clients.UpdateAsync(known, wanted, cancel);
            }
            catch (Exception raced) when (raced is Microsoft.EntityFrameworkCore.DbUpdateException or OpenIddictExceptions.ValidationException or OpenIddictExceptions.ConcurrencyException)
            {
                // Another call was quicker; what it wrote is what the policy says, or the assertion does not fit it.
            }
        }

        private OpenIddictApplicationDescriptor Describe(string id, byte[] key)
        {
            using var curve = ECDsa.Create();
            curve.ImportSubjectPublicKeyInfo(key, out _);
            var made = JsonWebKeyConverter.ConvertFromECDsaSecurityKey(new ECDsaSecurityKey(ECDsa.Create(curve.ExportParameters(false))));
            made.Use = JsonWebKeyUseNames.Sig;
            return new OpenIddictApplicationDescriptor
            {
                ClientId = id,
                ClientType = ClientTypes.Confidential,
                DisplayName = id,
                JsonWebKeySet = new() { Keys = { made } },
                Permissions = { Permissions.Endpoints.Token, Permissions.GrantTypes.ClientCredentials, Permissions.Prefixes.Scope + KnownClients.Scope },
            }.AddResourcePermissions([.. Door.All.Select(door => door.Resource(settings))]);
        }
    }

    /// <summary>Notes an assertion that was found genuine, so that it is used up with the tokens that it gives.</summary>
    internal sealed class NoteAssertion(TimeProvider time) : IOpenIddictServerHandler<ValidateTokenContext>
    {
        private static readonly TimeSpan LongestLife = TimeSpan.FromMinutes(5);

        public ValueTask HandleAsync(ValidateTokenContext context)
        {
            if (context.Principal is not { } principal || context.Transaction.Request?.ClientId is not { } id || !id.StartsWith(ClientPrefix, StringComparison.Ordinal)
                || context.Transaction.Request.ClientAssertion != context.Token)
                return default;
            var jwt = new JsonWebToken(context.Token);
            var end = new DateTimeOffset(jwt.ValidTo, TimeSpan.Zero);
            if (jwt.Id is not { Length: > 0 and <= 200 } once || end - time.GetUtcNow() > LongestLife || jwt.Alg != SecurityAlgorithms.EcdsaSha256)
            {
                context.Reject(OpenIddictConstants.Errors.InvalidClient, "an assertion has an id of its own, ends within five minutes, and is signed by ES256");
                return default;
            }

            Note(context.Transaction, new(id[ClientPrefix.Length..], id, principal.GetClaim(Claims.Subject) ?? id, $"jti\n{once}", end + OutsideTokens.Skew));
            return default;
        }
    }
}
