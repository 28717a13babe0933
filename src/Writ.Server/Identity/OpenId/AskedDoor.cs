using OpenIddict.Abstractions;
using OpenIddict.Server;
using static OpenIddict.Abstractions.OpenIddictConstants;
using static OpenIddict.Server.OpenIddictServerEvents;

namespace Writ.Server.Identity.OpenId;

/// <summary>
/// For which door a client asks (<c>resource</c>, RFC 8707): one at a time, so that no token opens two. Which doors there are for a client
/// is among its permissions, which OpenIddict holds; a client that names none gets the one that it is for.
/// </summary>
internal sealed class AskedDoor(ServerSettings settings) : IOpenIddictServerHandler<ValidateAuthorizationRequestContext>, IOpenIddictServerHandler<ValidateTokenRequestContext>
{
    public static void AddTo(OpenIddictServerBuilder server, ServerSettings settings)
    {
        server.Services.AddSingleton<AskedDoor>();
        server.RegisterResources([.. Door.All.Select(door => door.Resource(settings))]);
        const int first = int.MinValue + 60_000;
        server.AddEventHandler<ValidateAuthorizationRequestContext>(handler => handler.UseSingletonHandler<AskedDoor>().SetOrder(first));
        server.AddEventHandler<ValidateTokenRequestContext>(handler => handler.UseSingletonHandler<AskedDoor>().SetOrder(first));
    }

    /// <summary>The resources of the first tokens of a sign-in: one.</summary>
    public string Of(OpenIddictRequest request) => request.GetResources() is [var only] ? only : (request.ClientId == KnownClients.Agent ? Door.Agents : Door.Api).Resource(settings);

    /// <summary>The door of a sign-in that goes on; null where the request is for another.</summary>
    /// <param name="granted">What the code or refresh token is for; none in those of before there were doors.</param>
    /// <param name="request">The request.</param>
    public string? Again(IReadOnlyList<string> granted, OpenIddictRequest request)
    {
        var door = granted switch { [] => Door.Api.Resource(settings), [var only] => only, _ => null };
        return request.GetResources().All(asked => asked == door) ? door : null;
    }

    public ValueTask HandleAsync(ValidateAuthorizationRequestContext context) => Check(context, context.Request);

    public ValueTask HandleAsync(ValidateTokenRequestContext context) => Check(context, context.Request);

    private static ValueTask Check(BaseValidatingContext context, OpenIddictRequest request)
    {
        if (request.GetResources().Length > 1)
            context.Reject(OpenIddictConstants.Errors.InvalidTarget, "a token is for one resource");
        return default;
    }
}
