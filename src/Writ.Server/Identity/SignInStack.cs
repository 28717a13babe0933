using Writ.Server.Identity.Accounts;
using Writ.Server.Identity.OpenId;
using Writ.Server.Pages;

namespace Writ.Server.Identity;

/// <summary>How people get in, put together: sessions, accounts, tokens of OpenID Connect, other providers, and their pages.</summary>
internal static class SignInStack
{
    public static void Add(IServiceCollection services, ServerSettings settings, ServerKeys keys)
    {
        TokenKeys.Seal(services, keys.Tokens.Browser);
        services.AddSingleton<BoxTokens>().AddSingleton<Sessions>().AddSingleton<SignInThrottle>().AddSingleton<Passwords>().AddSingleton<TotpSecrets>()
            .AddSingleton<SignInWithPassword>().AddSingleton<SignInWithPasskey>().AddSingleton<SignInFromProvider>().AddSingleton<SetUpAccount>();
        services.AddSingleton<ForgetSignIns>().AddHostedService(provider => provider.GetRequiredService<ForgetSignIns>());
        Providers.Add(services.AddAuthentication(), settings);
        OpenIdServer.Add(services, settings, keys.Tokens);
        services.AddPages(settings);
    }

    /// <summary>
    /// OpenIddict's and the providers' endpoints, at the server's public address whatever a call's Host header says. Calls
    /// of <c>/v1</c> go past: they have <see cref="Authentication"/>.
    /// </summary>
    public static void Use(WebApplication app, ServerSettings settings)
    {
        // Else it is put in front of everything, and of the address too.
        ((IApplicationBuilder)app).Properties["__AuthenticationMiddlewareSet"] = true;
        app.UseWhen(
            context => !context.Request.Path.StartsWithSegments("/v1") && !context.CameByRunnerDoor(),
            pages => pages.Use(next => context =>
            {
                (context.Request.Scheme, context.Request.Host) = (settings.Public.Scheme, new HostString(settings.Public.Authority));
                return next(context);
            }).UseAuthentication());
    }

    public static void Map(IEndpointRouteBuilder routes)
    {
        Authorize.Map(routes);
        IssueTokens.Map(routes);
        ConfirmDevice.Map(routes);
        SignInPages.Map(routes);
        SetUpPages.Map(routes);
        AccountPages.Map(routes);
        PasskeyPages.Map(routes);
        ApprovePages.Map(routes);
        PageAssets.Map(routes);
    }
}
