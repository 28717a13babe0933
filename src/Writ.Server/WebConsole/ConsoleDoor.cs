using System.Security.Claims;
using Writ.Core.Identity;
using Writ.Server.Identity;
using Writ.Server.Pages;

namespace Writ.Server.WebConsole;

/// <summary>Says of an endpoint that it is a page of the console.</summary>
internal sealed record ConsolePage;

/// <summary>
/// The way into the console: its pages lead to the sign-in page whoever is not signed in, and its connections carry the
/// session that they were opened with. What the person may do is asked anew at each step (<see cref="Visit"/>).
/// </summary>
internal static class ConsoleDoor
{
    public const string Session = "writ:session";
    public const string Source = "writ:source";

    /// <summary>
    /// Whether a page that is left says so, which lets its connection's memory go at once. The browser sends that by itself,
    /// without anything that only the page could read. It ends one connection, which it names by an id that nobody else knows,
    /// and it must say that it comes from here.
    /// </summary>
    public static bool Leaves(HttpContext context) =>
        context.GetEndpoint() is RouteEndpoint { RoutePattern.RawText: "/_blazor/disconnect/" } && context.Request.Headers.Origin.Count == 1;

    public static async Task Enter(HttpContext context, RequestDelegate next)
    {
        var endpoint = context.GetEndpoint();
        if (endpoint?.Metadata.GetMetadata<ConsolePage>() is null)
        {
            await next(context);
            return;
        }

        if (AccessEndpoints.Of(endpoint) == Access.Open)
        {
            if (await context.RequestServices.GetRequiredService<Sessions>().Find(context) is not { } caller)
            {
                await SignInPages.Ask(context, again: false).ExecuteAsync(context);
                return;
            }

            context.User = Principal(caller);
            PageSecurity.ProtectConsole(context);
            await next(context);
            return;
        }

        // The connection of an open page: it was authenticated like every call, and ends with the session.
        var visitor = context.Caller();
        context.User = Principal(visitor);
        using (context.RequestServices.GetRequiredService<OpenPages>().Connected(visitor.Token, context))
            await next(context);
    }

    private static ClaimsPrincipal Principal(Caller caller) => new(new ClaimsIdentity(
        caller.SignIn.Way == SignInWay.Browser
            ? [new(Session, caller.Token.ToString()), .. caller.SourceAddress is { } source ? (Claim[])[new(Source, source)] : []]
            : [], "writ"));
}
