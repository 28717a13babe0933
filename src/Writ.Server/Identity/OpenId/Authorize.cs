using System.Globalization;
using Microsoft.AspNetCore;
using OpenIddict.Abstractions;
using OpenIddict.Server.AspNetCore;
using Writ.Core.Audit;
using Writ.Core.Identity;
using Writ.Proof.Errors;
using Writ.Server.Pages;
using Writ.Server.Storage;
using static OpenIddict.Abstractions.OpenIddictConstants;

namespace Writ.Server.Identity.OpenId;

/// <summary>
/// <c>/connect/authorize</c>: whoever is signed in with this browser lets a client speak for them. They are asked each
/// time, since any program on their machine can open this page in the name of the command line (RFC 8252, 8.6).
/// </summary>
internal static class Authorize
{
    private const string Scheme = OpenIddictServerAspNetCoreDefaults.AuthenticationScheme;

    /// <summary>What a client asks for that wants a sign-in by passkey (<c>acr_values</c>; phishing-resistant, as OpenID names it).</summary>
    public const string PhishingResistant = "phr";

    /// <summary>
    /// A sign-in is fresh for this long in any case: the person has to get from the sign-in page to here and press a button.
    /// </summary>
    private static readonly TimeSpan JustNow = TimeSpan.FromMinutes(2);

    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapMethods(OpenIdServer.AuthorizePath, ["GET", "POST"], Handle).ExcludeFromDescription().Needs(Access.Open);

    private static async Task<IResult> Handle(HttpContext context, Sessions sessions, AskedDoor doors, WriteTransaction writes, TimeProvider time)
    {
        var request = context.GetOpenIddictServerRequest() ?? throw new InvalidOperationException("no request of OpenID Connect");
        var caller = await sessions.Find(context);
        var passkey = request.GetAcrValues().Contains(PhishingResistant);
        var fresh = caller is not null && IsFresh(request, caller.SignIn, time.GetUtcNow()) && (!passkey || IsByPasskey(caller.SignIn));
        if (request.HasPromptValue(PromptValues.None))
            return Refuse(fresh ? OpenIddictConstants.Errors.ConsentRequired : OpenIddictConstants.Errors.LoginRequired, "a person is asked each time");
        if (caller is null || !fresh)
        {
            return HttpMethods.IsGet(context.Request.Method)
                ? SignInPages.Ask(context, again: caller is not null, passkey)
                : Page.Message(context, StatusCodes.Status401Unauthorized, "Signed out", "The sign-in is over or too old. Start again at the command line.");
        }

        if (HttpMethods.IsGet(context.Request.Method))
            return Show(context, request, caller);
        if (await Page.Form(context) is not { } form)
            return Page.Foreign(context);
        var allowed = form["decision"] == "allow";
        var end = await writes.Commit<DateTimeOffset>(scope =>
        {
            scope.Record(new(AuditType.ClientDecided, caller.Audit, null, new()
            {
                ["client"] = request.ClientId,
                ["allowed"] = allowed,
                ["session"] = caller.Token.ToString(),
            }, caller.SourceAddress));
            return Task.FromResult<Result<DateTimeOffset>>(scope.Now + OpenIdServer.LongestSignIn);
        });
        if (!allowed)
            return Refuse(OpenIddictConstants.Errors.AccessDenied, "the person refused");
        var principal = SignInClaims.Of(caller.Id, caller.Name, caller.SignIn, end.Value);
        // Programs of agents ask for what the door's metadata names, and would have their person asked again every ten minutes.
        var scopes = request.ClientId == KnownClients.Agent ? request.GetScopes().Add(Scopes.OfflineAccess).Distinct() : request.GetScopes();
        principal.SetScopes(scopes).SetResources(doors.Of(request));
        return Results.SignIn(principal, authenticationScheme: Scheme);
    }

    private static bool IsFresh(OpenIddictRequest request, SignIn signIn, DateTimeOffset now)
    {
        TimeSpan? most = request.HasPromptValue(PromptValues.Login) ? TimeSpan.Zero : null;
        if (request.MaxAge is { } seconds && (most is null || seconds < most.Value.TotalSeconds))
            most = TimeSpan.FromSeconds(Math.Clamp(seconds, 0, 1_000_000));
        return most is null || now - signIn.At <= (most < JustNow ? JustNow : most);
    }

    private static bool IsByPasskey(SignIn signIn) => signIn.Methods.Contains("hwk") || signIn.Methods.Contains("swk");

    private static IResult Show(HttpContext context, OpenIddictRequest request, Caller caller)
    {
        var fields = request.GetParameters().Select(parameter => KeyValuePair.Create(parameter.Key, (string?)parameter.Value ?? "")).ToList();
        var (agent, days) = (request.ClientId == KnownClients.Agent, string.Create(CultureInfo.InvariantCulture, $"for {OpenIdServer.LongestSignIn.TotalDays:0} days at most"));
        return Page.Of<AllowClientPage>(context,
            ("Title", $"Let {(agent ? "an agent" : "writ")} act as {caller.Name}?"), ("Who", caller.Name), ("Action", OpenIdServer.AuthorizePath), ("Fields", fields),
            ("Explanation", "A program on this machine asks to speak for you."),
            ("Client", agent ? "an agent, by the Model Context Protocol" : "writ on the command line"), ("PlaceLabel", "Answers at"), ("Place", new Uri(request.RedirectUri ?? "about:blank").Authority),
            ("May", agent ? $"ask, run what was approved and read results as you, {days}; it can neither decide nor administer" : $"all that you may, {days}"),
            ("Warning", $"Refuse, unless you {(agent ? "connected an agent" : "typed writ login")} a moment ago."));
    }

    private static IResult Refuse(string error, string description) => Results.Forbid(new(new Dictionary<string, string?>
    {
        [OpenIddictServerAspNetCoreConstants.Properties.Error] = error,
        [OpenIddictServerAspNetCoreConstants.Properties.ErrorDescription] = description,
    }), [Scheme]);
}
