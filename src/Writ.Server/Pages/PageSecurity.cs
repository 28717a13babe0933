namespace Writ.Server.Pages;

/// <summary>What a browser may do with a page of ours: load from here, send forms to here, and nothing else.</summary>
internal static class PageSecurity
{
    /// <summary>What a page's own calls of <c>/v1</c> carry beside the cookie.</summary>
    public const string Header = "X-Writ-Antiforgery";

    /// <summary>
    /// Beside our own address a form may lead on to a program on this machine that waits for its code: browsers hold the
    /// answer's redirect to <c>form-action</c> too.
    /// </summary>
    private const string Policy =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; font-src 'self'; "
        + "form-action 'self' http://127.0.0.1:*; base-uri 'none'; frame-ancestors 'none'";

    public static IServiceCollection AddPages(this IServiceCollection services, ServerSettings settings)
    {
        services.AddAntiforgery(antiforgery =>
        {
            antiforgery.HeaderName = Header;
            antiforgery.FormFieldName = "antiforgery";
            antiforgery.SuppressXFrameOptionsHeader = true;
            antiforgery.Cookie.Name = settings.IsSecure ? "__Host-writ-page" : "writ-page";
            antiforgery.Cookie.Path = "/";
            antiforgery.Cookie.HttpOnly = true;
            antiforgery.Cookie.SameSite = SameSiteMode.Lax;
            antiforgery.Cookie.SecurePolicy = settings.IsSecure ? CookieSecurePolicy.Always : CookieSecurePolicy.SameAsRequest;
        });
        return services;
    }

    /// <summary>The console's pages find their parts from the server's root, and send no forms elsewhere.</summary>
    private const string ConsolePolicy =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; font-src 'self'; form-action 'self'; base-uri 'self'; frame-ancestors 'none'";

    /// <summary>The headers of a page; none of it is kept by a cache, and no link tells the next site where one came from.</summary>
    public static void Protect(HttpContext context) => Protect(context, Policy);

    /// <summary>
    /// The headers of a page of the console. Its own calls say where they come from, or the browser would hide their origin
    /// too (Fetch, 3.2): other sites learn nothing still.
    /// </summary>
    public static void ProtectConsole(HttpContext context)
    {
        Protect(context, ConsolePolicy);
        context.Response.Headers["Referrer-Policy"] = "same-origin";
    }

    private static void Protect(HttpContext context, string policy)
    {
        var headers = context.Response.Headers;
        headers.ContentSecurityPolicy = policy;
        headers.XContentTypeOptions = "nosniff";
        headers.CacheControl = "no-store";
        headers["Referrer-Policy"] = "no-referrer";
        headers["Cross-Origin-Opener-Policy"] = "same-origin";
        headers["Permissions-Policy"] = "camera=(), microphone=(), geolocation=(), publickey-credentials-get=(self), publickey-credentials-create=(self)";
    }
}
