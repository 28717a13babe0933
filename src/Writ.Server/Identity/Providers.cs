using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.OpenIdConnect;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using Writ.Proof.Errors;
using Writ.Server.Errors;
using Writ.Server.Pages;

namespace Writ.Server.Identity;

/// <summary>
/// Other providers of OpenID Connect: authorization code with PKCE, an address of its own that each answers to, tokens
/// signed with a public key of exactly that issuer. Nothing of theirs is kept but who somebody is.
/// </summary>
internal static class Providers
{
    private const string Again = "again";

    /// <summary>Signatures that nobody can make who has only what the provider publishes: no <c>none</c>, no shared secret.</summary>
    private static readonly string[] Algorithms =
        ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"];

    private static readonly string[] Scopes = ["openid", "profile"];

    public static string SchemeOf(ProviderSettings provider) => $"oidc-{provider.Name}";

    public static void Add(AuthenticationBuilder authentication, ServerSettings settings)
    {
        foreach (var provider in settings.SignIn.Providers)
            authentication.AddOpenIdConnect(SchemeOf(provider), provider.Title, options => Configure(options, provider, settings));
    }

    /// <summary>Sends the browser to the provider, and from there to this path.</summary>
    public static async Task<IResult> Challenge(HttpContext context, ProviderSettings provider, string to, bool again)
    {
        var properties = new AuthenticationProperties { RedirectUri = to };
        if (again)
            properties.Items[Again] = "1";
        try
        {
            await context.ChallengeAsync(SchemeOf(provider), properties);
            return Results.Empty;
        }
        catch (Exception unreachable) when (unreachable is InvalidOperationException or HttpRequestException or IOException)
        {
            context.RequestServices.GetRequiredService<ILogger<SignInFromProvider>>().LogWarning("{Provider} cannot be reached: {Why}", provider.Name, unreachable.GetBaseException().Message);
            return Page.Message(context, StatusCodes.Status503ServiceUnavailable, $"{provider.Title} does not answer", "Nobody can sign in there at the moment. Try again in a while.", SignInPages.Path, "Back");
        }
    }

    private static void Configure(OpenIdConnectOptions options, ProviderSettings provider, ServerSettings settings)
    {
        options.Authority = provider.Issuer;
        options.RequireHttpsMetadata = provider.Issuer.StartsWith("https:", StringComparison.Ordinal);
        options.ClientId = provider.ClientId;
        options.ClientSecret = provider.ClientSecretFile is { } file ? File.ReadAllText(file).Trim() : null;
        options.ResponseType = "code";
        // The answer comes as a link: it needs no cookie that other sites' forms would carry too.
        options.ResponseMode = "query";
        options.UsePkce = true;
        options.SaveTokens = false;
        options.MapInboundClaims = false;
        options.GetClaimsFromUserInfoEndpoint = true;
        options.ClaimActions.MapJsonKey(provider.GroupsClaim, provider.GroupsClaim);
        options.ClaimActions.MapUniqueJsonKey(provider.NameClaim, provider.NameClaim);
        options.ClaimActions.MapUniqueJsonKey("email", "email");
        options.ClaimActions.MapUniqueJsonKey("email_verified", "email_verified");
        options.Scope.Clear();
        foreach (var scope in Scopes.Concat(provider.Scopes ?? []).Distinct(StringComparer.Ordinal))
            options.Scope.Add(scope);

        options.CallbackPath = $"/signin/from/{provider.Name}";
        options.RemoteSignOutPath = PathString.Empty;
        options.SignedOutCallbackPath = PathString.Empty;
        foreach (var cookie in new[] { options.CorrelationCookie, options.NonceCookie })
        {
            cookie.SameSite = SameSiteMode.Lax;
            cookie.SecurePolicy = settings.IsSecure ? CookieSecurePolicy.Always : CookieSecurePolicy.None;
        }

        options.TokenHandler = new SignedTokens { MapInboundClaims = false };
        options.TokenValidationParameters.NameClaimType = "sub";
        options.TokenValidationParameters.ValidAlgorithms = Algorithms;
        options.TokenValidationParameters.IssuerValidator = (issuer, _, _) => issuer == provider.Issuer
            ? issuer
            : throw new SecurityTokenInvalidIssuerException("the token is of another issuer");
        options.Events = Events(provider);
    }

    private static OpenIdConnectEvents Events(ProviderSettings provider) => new()
    {
        OnRedirectToIdentityProvider = redirect =>
        {
            if (redirect.Properties.Items.ContainsKey(Again))
                (redirect.ProtocolMessage.Prompt, redirect.ProtocolMessage.MaxAge) = ("login", "0");
            return Task.CompletedTask;
        },
        OnMessageReceived = received =>
        {
            // RFC 9207: an answer that names another issuer was meant for a server that talks to that one.
            if (received.ProtocolMessage.Parameters.TryGetValue("iss", out var issuer) && issuer != provider.Issuer)
                received.Fail("the answer is of another issuer");
            return Task.CompletedTask;
        },
        OnTicketReceived = async ticket =>
        {
            ticket.HandleResponse();
            var context = ticket.HttpContext;
            var signedIn = await context.RequestServices.GetRequiredService<SignInFromProvider>()
                .SignIn(context, provider, ticket.Principal!, ticket.Properties?.Items.ContainsKey(Again) == true);
            if (signedIn.IsOk)
                context.RequestServices.GetRequiredService<Sessions>().SetCookie(context, signedIn.Value);
            var answer = signedIn.IsOk ? Page.GoTo(context, ticket.ReturnUri ?? LocalPath.Home) : Refused(context, signedIn.Refusal);
            await answer.ExecuteAsync(context);
        },
        OnRemoteFailure = async failure =>
        {
            failure.HandleResponse();
            var context = failure.HttpContext;
            await context.RequestServices.GetRequiredService<SignInFromProvider>().Failed(context, provider, failure.Failure?.Message ?? "no reason was given");
            await Refused(context, new(ErrorCode.NotSignedIn, $"the answer of {provider.Title} cannot be taken")).ExecuteAsync(context);
        },
    };

    private static IResult Refused(HttpContext context, Refusal refusal) => Page.Message(
        context, HttpProblems.StatusOf(refusal.Code), "You are not signed in", $"{char.ToUpperInvariant(refusal.Message[0])}{refusal.Message[1..]}.{(refusal.Hint is null ? "" : $" {char.ToUpperInvariant(refusal.Hint[0])}{refusal.Hint[1..]}.")}",
        SignInPages.Path, "Back");

    /// <summary>
    /// Identity tokens are signed, always. The handler of ASP.NET Core takes unsigned ones where they come by TLS from the
    /// provider itself, which OpenID Connect allows: then whoever stands in that connection is everybody.
    /// </summary>
    private sealed class SignedTokens : JsonWebTokenHandler
    {
        public override Task<TokenValidationResult> ValidateTokenAsync(string token, TokenValidationParameters validationParameters)
        {
            validationParameters.RequireSignedTokens = true;
            // A key that the provider took back is not taken for another hour.
            if (validationParameters.ConfigurationManager is { } manager)
                manager.UseLastKnownGoodConfiguration = false;
            return base.ValidateTokenAsync(token, validationParameters);
        }
    }
}
