using Microsoft.AspNetCore;
using Microsoft.AspNetCore.Authentication;
using OpenIddict.Abstractions;
using OpenIddict.Server.AspNetCore;
using Writ.Core.Audit;
using Writ.Core.Identity;
using Writ.Proof.Errors;
using Writ.Server.Audit;
using Writ.Server.Pages;
using Writ.Server.Storage;
using static OpenIddict.Abstractions.OpenIddictConstants;

namespace Writ.Server.Identity.OpenId;

/// <summary>
/// <c>/device</c>: somebody types the code that a device without a browser shows, is told what asked from where, and lets
/// it in or not. Such a sign-in can be phished, so it never decides or administers.
/// </summary>
internal static class ConfirmDevice
{
    private const string Scheme = OpenIddictServerAspNetCoreDefaults.AuthenticationScheme;
    private const string Kind = "device";

    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapMethods(OpenIdServer.DevicePath, ["GET", "POST"], Handle).ExcludeFromDescription().Needs(Access.Open);

    private static async Task<IResult> Handle(
        HttpContext context, Sessions sessions, SignInThrottle throttle, RefusedAttempts refused, WriteTransaction writes, ServerSettings settings)
    {
        if (await sessions.Find(context) is not { } caller)
            return SignInPages.Ask(context, again: false);
        if (context.Request.Query["done"].ToString() is { Length: > 0 } done)
            return Page.Message(context, StatusCodes.Status200OK, done == "allowed" ? "The device is in" : "The device was refused", "You can close this page.");
        var request = context.GetOpenIddictServerRequest() ?? throw new InvalidOperationException("no request of OpenID Connect");
        if (string.IsNullOrEmpty(request.UserCode))
            return Page.Of<DevicePage>(context, ("Who", caller.Name));
        if (HttpMethods.IsGet(context.Request.Method) && request.UserCode.Any(char.IsAsciiLetterLower))
            return Page.GoTo(context, $"{OpenIdServer.DevicePath}?user_code={Uri.EscapeDataString(request.UserCode.ToUpperInvariant())}");

        // 34 bits are enough as long as nobody may guess on: wrong codes count under the person who types them.
        if (!await throttle.Enter(Kind, caller.Id.ToString(), caller.SourceAddress))
            return Page.Of<DevicePage>(context, StatusCodes.Status429TooManyRequests, ("Who", caller.Name), ("Trouble", "Too many codes; try again in some minutes."));
        var found = await context.AuthenticateAsync(Scheme);
        if (found is not { Succeeded: true, Principal: { } device } || device.GetClaim(Claims.ClientId) is not { Length: > 0 } client)
        {
            await refused.Record(new(AuditType.SignInFailed, caller.Audit, null, new() { ["path"] = OpenIdServer.DevicePath, ["why"] = "unknown device code" }, caller.SourceAddress));
            return Page.Of<DevicePage>(context, StatusCodes.Status400BadRequest, ("Who", caller.Name), ("Trouble", "The code is unknown, used or older than ten minutes."));
        }

        if (HttpMethods.IsGet(context.Request.Method))
        {
            await writes.Append(db => SignInThrottle.Forget(db, Kind, caller.Id.ToString(), caller.SourceAddress));
            return Show(context, request, caller, device.GetClaim(SignInClaims.From) ?? "unknown");
        }

        if (await Page.Form(context) is not { } form)
            return Page.Foreign(context);
        var allowed = form["decision"] == "allow";
        var end = await writes.Commit<DateTimeOffset>(async scope =>
        {
            await SignInThrottle.Forget(scope.Db, Kind, caller.Id.ToString(), caller.SourceAddress);
            scope.Record(new(AuditType.ClientDecided, caller.Audit, null, new()
            {
                ["client"] = client,
                ["allowed"] = allowed,
                ["device_at"] = device.GetClaim(SignInClaims.From),
                ["session"] = caller.Token.ToString(),
            }, caller.SourceAddress));
            return scope.Now + OpenIdServer.LongestSignIn;
        });
        var properties = new AuthenticationProperties { RedirectUri = $"{OpenIdServer.DevicePath}?done={(allowed ? "allowed" : "refused")}" };
        if (!allowed)
            return Results.Forbid(properties, [Scheme]);
        var principal = SignInClaims.Of(caller.Id, caller.Name, caller.SignIn with { Way = SignInWay.Device }, end.Value);
        principal.SetScopes(device.GetScopes()).SetResources(Door.Api.Resource(settings));
        return Results.SignIn(principal, properties, Scheme);
    }

    private static IResult Show(HttpContext context, OpenIddictRequest request, Caller caller, string from) => Page.Of<AllowClientPage>(context,
        ("Title", $"Let this device in as {caller.Name}?"), ("Who", caller.Name), ("Action", OpenIdServer.DevicePath),
        ("Fields", new List<KeyValuePair<string, string>> { KeyValuePair.Create(Parameters.UserCode, request.UserCode!) }),
        ("Explanation", "A device that shows this code asks to speak for you."),
        ("Client", "writ on the command line"), ("PlaceLabel", "Asks from"), ("Place", from), ("UserCode", request.UserCode),
        ("May", "ask and watch as you; it can neither decide nor administer"),
        ("Warning", "Refuse, unless this code stands on a screen in front of you and you typed writ login there."));
}
