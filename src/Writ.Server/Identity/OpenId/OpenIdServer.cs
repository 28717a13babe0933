using Microsoft.IdentityModel.Tokens;
using OpenIddict.Server;
using OpenIddict.Validation.AspNetCore;
using Writ.Server.Storage;
using static OpenIddict.Abstractions.OpenIddictConstants;
using static OpenIddict.Server.OpenIddictServerEvents;

namespace Writ.Server.Identity.OpenId;

/// <summary>
/// Writ's own tokens, by OpenIddict. All are references to rows: one that is revoked fails at the next call. What
/// OpenIddict leaves open is closed by the handlers named here, and by <see cref="IssueTokens"/>.
/// </summary>
internal static class OpenIdServer
{
    public const string AuthorizePath = "/connect/authorize";
    public const string TokenPath = "/connect/token";
    public const string DevicePath = "/device";

    public static readonly TimeSpan AccessTokenLife = TimeSpan.FromMinutes(10);
    public static readonly TimeSpan RefreshTokenIdle = TimeSpan.FromHours(12);

    /// <summary>How long a client goes on by refreshing, from its sign-in.</summary>
    public static readonly TimeSpan LongestSignIn = TimeSpan.FromDays(7);

    private static readonly TimeSpan CodeLife = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan DeviceCodeLife = TimeSpan.FromMinutes(10);

    public static void Add(IServiceCollection services, ServerSettings settings, TokenKeys keys)
    {
        services.AddScoped(provider => provider.GetRequiredService<Database>().OpenForStores());
        services.AddSingleton<RefusedCalls>().AddSingleton<DevicePace>().AddSingleton<ReusedToken>().AddSingleton<SignOutClient>().AddSingleton<IssueTokens>();
        services.AddHostedService<KnownClients>();
        services.AddOpenIddict()
            .AddCore(core => core.UseEntityFrameworkCore().UseDbContext<WritDb>())
            .AddServer(server => Configure(server, settings, keys))
            .AddValidation(validation =>
            {
                validation.UseLocalServer();
                validation.UseAspNetCore();
                validation.EnableTokenEntryValidation();
                // A token that was made while its sign-in was being ended is as dead as the others.
                validation.EnableAuthorizationEntryValidation();
            });
    }

    /// <summary>The scheme by which a bearer token is read.</summary>
    public static string Bearer => OpenIddictValidationAspNetCoreDefaults.AuthenticationScheme;

    private static void Configure(OpenIddictServerBuilder server, ServerSettings settings, TokenKeys keys)
    {
        server.SetIssuer(settings.Public);
        server.SetAuthorizationEndpointUris(AuthorizePath).SetTokenEndpointUris(TokenPath).SetDeviceAuthorizationEndpointUris("/connect/device")
            .SetEndUserVerificationEndpointUris(DevicePath).SetRevocationEndpointUris("/connect/revoke");
        server.AllowAuthorizationCodeFlow().AllowDeviceAuthorizationFlow().AllowRefreshTokenFlow();
        server.AddWorkloads();
        AskedDoor.AddTo(server, settings);
        server.RegisterScopes(Scopes.OpenId, Scopes.OfflineAccess, KnownClients.Scope);
        server.RegisterClaims(Claims.Name, Claims.AuthenticationTime, Claims.AuthenticationMethodReference);

        server.RequireProofKeyForCodeExchange();
        server.Configure(options => options.CodeChallengeMethods.Remove(CodeChallengeMethods.Plain));

        server.AddSigningCredentials(new SigningCredentials(keys.Signing, SecurityAlgorithms.EcdsaSha256));
        server.AddEncryptionKey(keys.Sealing);
        server.UseReferenceAccessTokens().UseReferenceRefreshTokens();
        server.SetAccessTokenLifetime(AccessTokenLife).SetIdentityTokenLifetime(AccessTokenLife).SetRefreshTokenLifetime(RefreshTokenIdle)
            .SetAuthorizationCodeLifetime(CodeLife).SetDeviceCodeLifetime(DeviceCodeLife).SetUserCodeLifetime(DeviceCodeLife)
            // A spent refresh token is spent at once: the client has a lock for its own processes.
            .SetRefreshTokenReuseLeeway(null);

        // No vowels, so no words; nothing that is read as something else (RFC 8628, 6.1). 34 bits, behind a count of wrong ones.
        server.SetUserCodeCharset([.. "BCDFGHJKLMNPQRSTVWXZ".Select(letter => letter.ToString())]).SetUserCodeLength(8).SetUserCodeDisplayFormat("{0}{1}{2}{3}-{4}{5}{6}{7}");

        server.UseAspNetCore()
            .EnableAuthorizationEndpointPassthrough().EnableTokenEndpointPassthrough().EnableEndUserVerificationEndpointPassthrough()
            // Addresses in the clear are refused when the server starts; a proxy in front speaks TLS.
            .DisableTransportSecurityRequirement().SuppressJsonResponseIndentation();

        RefusedCalls.AddTo(server);
        server.AddEventHandler<ValidateTokenContext>(handler => handler.UseSingletonHandler<ReusedToken>()
            .SetOrder(OpenIddictServerHandlers.Protection.ValidateTokenEntry.Descriptor.Order - 500));
        server.AddEventHandler<HandleRevocationRequestContext>(handler => handler.UseSingletonHandler<SignOutClient>()
            .SetOrder(OpenIddictServerHandlers.Revocation.RevokeToken.Descriptor.Order - 500));
        server.AddEventHandler<HandleDeviceAuthorizationRequestContext>(handler => handler.UseSingletonHandler<DevicePace>());
        server.AddEventHandler<ApplyDeviceAuthorizationResponseContext>(handler => handler.UseSingletonHandler<DevicePace>().SetOrder(int.MinValue + 50_000));
        server.AddEventHandler<ValidateTokenRequestContext>(handler => handler.UseSingletonHandler<DevicePace>().SetOrder(int.MinValue + 50_000));
    }
}
