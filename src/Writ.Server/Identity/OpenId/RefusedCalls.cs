using Microsoft.AspNetCore;
using OpenIddict.Abstractions;
using OpenIddict.Server;
using Writ.Core.Audit;
using Writ.Server.Audit;
using static OpenIddict.Abstractions.OpenIddictConstants;
using static OpenIddict.Server.OpenIddictServerEvents;

namespace Writ.Server.Identity.OpenId;

/// <summary>
/// What OpenIddict refuses stands in the log like every other refused sign-in: which call, which client and why, and nothing
/// of what was shown. A device that asks too early, and a person who says no, are refused nothing.
/// </summary>
internal sealed class RefusedCalls(RefusedAttempts refused) :
    IOpenIddictServerHandler<ApplyAuthorizationResponseContext>,
    IOpenIddictServerHandler<ApplyTokenResponseContext>,
    IOpenIddictServerHandler<ApplyDeviceAuthorizationResponseContext>,
    IOpenIddictServerHandler<ApplyRevocationResponseContext>
{
    /// <summary>In characters; a caller wrote it.</summary>
    private const int Longest = 100;

    private static readonly string[] NoRefusals =
        [OpenIddictConstants.Errors.AuthorizationPending, OpenIddictConstants.Errors.SlowDown, OpenIddictConstants.Errors.AccessDenied, OpenIddictConstants.Errors.LoginRequired];

    public static void AddTo(OpenIddictServerBuilder server)
    {
        // Before the answer is on its way.
        const int first = int.MinValue + 40_000;
        server.AddEventHandler<ApplyAuthorizationResponseContext>(handler => handler.UseSingletonHandler<RefusedCalls>().SetOrder(first));
        server.AddEventHandler<ApplyTokenResponseContext>(handler => handler.UseSingletonHandler<RefusedCalls>().SetOrder(first));
        server.AddEventHandler<ApplyDeviceAuthorizationResponseContext>(handler => handler.UseSingletonHandler<RefusedCalls>().SetOrder(first));
        server.AddEventHandler<ApplyRevocationResponseContext>(handler => handler.UseSingletonHandler<RefusedCalls>().SetOrder(first));
    }

    public ValueTask HandleAsync(ApplyAuthorizationResponseContext context) => Record(context, context.Request, context.Response);

    public ValueTask HandleAsync(ApplyTokenResponseContext context) => Record(context, context.Request, context.Response);

    public ValueTask HandleAsync(ApplyDeviceAuthorizationResponseContext context) => Record(context, context.Request, context.Response);

    public ValueTask HandleAsync(ApplyRevocationResponseContext context) => Record(context, context.Request, context.Response);

    private async ValueTask Record(BaseContext context, OpenIddictRequest? request, OpenIddictResponse response)
    {
        if (response.Error is not { Length: > 0 } error || NoRefusals.Contains(error) || context.Transaction.GetHttpRequest()?.HttpContext is not { } http)
            return;
        await refused.Record(new(AuditType.SignInFailed, new(null, "unknown"), null, new()
        {
            ["path"] = http.Request.Path.Value, ["why"] = response.ErrorDescription ?? error, ["error"] = error, ["client"] = Cut(request?.ClientId), ["workload"] = Cut((string?)request?["workload"]),
        }, http.Source()));
    }

    private static string? Cut(string? text) => text?.Length > Longest ? text[..Longest] : text;
}
