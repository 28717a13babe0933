using System.Globalization;
using System.Security.Claims;
using OpenIddict.Abstractions;
using Writ.Core.Identity;
using Writ.Proof.Identity;
using static OpenIddict.Abstractions.OpenIddictConstants;

namespace Writ.Server.Identity.OpenId;

/// <summary>
/// What Writ's own tokens say: who (<c>sub</c>, an actor's id), how and when they signed in, and when all that came of it
/// ends. Rights are not among it: they are read anew at every call.
/// </summary>
internal static class SignInClaims
{
    /// <summary>By which way: <c>browser</c>, <c>device</c> or <c>workload</c>.</summary>
    public const string Way = "writ_way";

    /// <summary>The instant, in Unix seconds, after which nothing is refreshed any more.</summary>
    public const string End = "writ_end";

    /// <summary>From which address a device asked for its code.</summary>
    public const string From = "writ_from";

    /// <summary>The person for whom a workload acts: their id.</summary>
    public const string For = "writ_for";

    /// <summary>The claims of an actor who signed in, for the first tokens of a client.</summary>
    public static ClaimsPrincipal Of(ActorId actor, string name, SignIn signIn, DateTimeOffset end, ActorId? onBehalfOf = null)
    {
        var identity = new ClaimsIdentity("writ", Claims.Name, Claims.Role);
        identity.SetClaim(Claims.Subject, actor.ToString());
        identity.SetClaim(Claims.Name, name);
        identity.SetClaim(Way, Text(signIn.Way));
        identity.SetClaim(End, end.ToUnixTimeSeconds());
        identity.SetClaim(Claims.AuthenticationTime, signIn.At.ToUnixTimeSeconds());
        if (onBehalfOf is { } person)
            identity.SetClaim(For, person.ToString());
        identity.SetClaims(Claims.AuthenticationMethodReference, [.. signIn.Methods]);
        var principal = new ClaimsPrincipal(identity);
        principal.SetDestinations(claim => claim.Type switch
        {
            Claims.Name => [Destinations.IdentityToken],
            Claims.AuthenticationTime or Claims.AuthenticationMethodReference => [Destinations.AccessToken, Destinations.IdentityToken],
            _ => [Destinations.AccessToken],
        });
        return principal;
    }

    /// <summary>Whom a token's claims name; null where they name nobody.</summary>
    public static ActorId? Subject(ClaimsPrincipal principal) =>
        ActorId.TryParse(principal.GetClaim(Claims.Subject), out var actor) ? actor : null;

    /// <summary>For whom they act; null for nobody.</summary>
    public static ActorId? PersonOf(ClaimsPrincipal principal) =>
        ActorId.TryParse(principal.GetClaim(For), out var person) ? person : null;

    /// <summary>How they signed in; null for claims that Writ did not make.</summary>
    public static SignIn? SignInOf(ClaimsPrincipal principal)
    {
        var way = principal.GetClaim(Way) switch
        {
            "browser" => SignInWay.Browser,
            "device" => SignInWay.Device,
            "workload" => SignInWay.Workload,
            _ => SignInWay.None,
        };
        return way != SignInWay.None && Seconds(principal, Claims.AuthenticationTime) is { } at
            ? new(way, at, [.. principal.GetClaims(Claims.AuthenticationMethodReference)])
            : null;
    }

    /// <summary>When all that came of this sign-in ends; the beginning of time where the claims do not say.</summary>
    public static DateTimeOffset EndOf(ClaimsPrincipal principal) => Seconds(principal, End) ?? DateTimeOffset.UnixEpoch;

    private static DateTimeOffset? Seconds(ClaimsPrincipal principal, string claim) =>
        long.TryParse(principal.GetClaim(claim), NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) && seconds <= 253_402_300_799
            ? DateTimeOffset.FromUnixTimeSeconds(seconds)
            : null;

    private static string Text(SignInWay way) => way switch
    {
        SignInWay.Browser => "browser",
        SignInWay.Device => "device",
        SignInWay.Workload => "workload",
        SignInWay.None or SignInWay.Box or SignInWay.Chat => throw new ArgumentOutOfRangeException(nameof(way), way, "no token of OpenID Connect comes of it"),
    };
}
