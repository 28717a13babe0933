using Writ.Core.Identity;
using Microsoft.AspNetCore.Authentication;
using Writ.Server.Errors;
using Writ.Server.Identity;
using Writ.Server.Identity.Accounts;
using Writ.Server.Users;

namespace Writ.Server.Pages;

/// <summary><c>/signin</c> and <c>/signout</c>.</summary>
internal static class SignInPages
{
    public const string Path = "/signin";

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet(Path, Show).ExcludeFromDescription().Needs(Access.Open);
        routes.MapPost(Path, ByPassword).ExcludeFromDescription().Needs(Access.Open);
        routes.MapPost(Path + "/passkey", ByPasskey).ExcludeFromDescription().Needs(Access.Open);
        routes.MapGet(Path + "/with/{provider}", WithProvider).ExcludeFromDescription().Needs(Access.Open);
        routes.MapPost("/signout", SignOut).ExcludeFromDescription().Needs(Access.Open);
    }

    /// <summary>Leads to the sign-in page and from there back to this call.</summary>
    /// <param name="again">Whether who is signed in must show it anew.</param>
    /// <param name="passkey">Whether it must be by passkey.</param>
    public static IResult Ask(HttpContext context, bool again, bool passkey = false)
    {
        var query = new Dictionary<string, string?> { ["return"] = context.Request.Path + context.Request.QueryString };
        if (again)
            query["again"] = "1";
        if (passkey)
            query["passkey"] = "1";
        return Page.GoTo(context, Path + QueryString.Create(query).ToUriComponent());
    }

    private static async Task<IResult> Show(HttpContext context, ServerSettings settings, Sessions sessions, SignInWithPasskey passkeys)
    {
        var query = context.Request.Query;
        var again = query["again"].Count > 0;
        var to = LocalPath.Of(query["return"]);
        // Who is signed in already has nothing to do here.
        return !again && await sessions.Find(context) is not null
            ? Page.GoTo(context, to)
            : Form(context, settings, await passkeys.Offer(context.RequestAborted), to, again, query["passkey"].Count > 0, "", null, StatusCodes.Status200OK);
    }

    private static async Task<IResult> WithProvider(HttpContext context, string provider, ServerSettings settings) =>
        settings.SignIn.Providers.FirstOrDefault(known => known.Name == provider) is { } known
            ? await Providers.Challenge(context, known, LocalPath.Of(context.Request.Query["return"]), context.Request.Query["again"].Count > 0)
            : Page.Message(context, StatusCodes.Status404NotFound, "There is no such provider", "Nobody signs in by that name here.", Path, "Back");

    private static async Task<IResult> ByPassword(HttpContext context, ServerSettings settings, Sessions sessions, SignInWithPassword verb, SignInWithPasskey passkeys)
    {
        if (await Page.Form(context) is not { } form)
            return Page.Foreign(context);
        var (name, to) = (form["name"].ToString(), LocalPath.Of(form["return"]));
        if (!settings.SignIn.LocalAccounts)
            return Form(context, settings, null, to, false, false, name, "accounts of this server are off", StatusCodes.Status403Forbidden);
        var signedIn = await verb.SignIn(context, name, form["password"].ToString(), form["code"].ToString());
        if (!signedIn.IsOk)
            return Form(context, settings, await passkeys.Offer(context.RequestAborted), to, false, false, name, signedIn.Refusal.Message, HttpProblems.StatusOf(signedIn.Refusal.Code));
        sessions.SetCookie(context, signedIn.Value);
        return Page.GoTo(context, to);
    }

    private static async Task<IResult> ByPasskey(HttpContext context, ServerSettings settings, Sessions sessions, SignInWithPasskey verb)
    {
        if (await Page.Form(context) is not { } form)
            return Page.Foreign(context);
        var to = LocalPath.Of(form["return"]);
        var signedIn = await verb.SignIn(context, form["state"].ToString(), form["credential"].ToString());
        if (!signedIn.IsOk)
            return Form(context, settings, await verb.Offer(context.RequestAborted), to, false, false, "", signedIn.Refusal.Message, HttpProblems.StatusOf(signedIn.Refusal.Code));
        sessions.SetCookie(context, signedIn.Value);
        return Page.GoTo(context, to);
    }

    private static async Task<IResult> SignOut(HttpContext context, Sessions sessions, SignOutUser everywhere)
    {
        if (await Page.Form(context) is not { } form)
            return Page.Foreign(context);
        if (form["where"] == "everywhere" && await sessions.Find(context) is { } caller)
            await everywhere.SignOut(caller.Id, caller.Audit, null, caller.SourceAddress);

        await sessions.SignOut(context);
        return Page.GoTo(context, Path);
    }

    private static IResult Form(HttpContext context, ServerSettings settings, PasskeyOffer? offer, string to, bool again, bool passkey, string name, string? trouble, int status) => Page.Of<SignInPage>(
        context, status, ("Return", to), ("Again", again), ("Name", name), ("Trouble", trouble), ("PasskeyOnly", passkey), ("PasskeyOptions", offer?.Options), ("PasskeyState", offer?.State),
        ("LocalAccounts", settings.SignIn.LocalAccounts), ("Providers", settings.SignIn.Providers.Select(provider => (provider.Name, provider.Title)).ToList()));
}
