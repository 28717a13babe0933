using Microsoft.AspNetCore;
using OpenIddict.Server;
using OpenIddict.Abstractions;
using Writ.Core.Audit;
using Writ.Proof.Errors;
using Writ.Server.Storage;
using static OpenIddict.Abstractions.OpenIddictConstants;
using static OpenIddict.Server.OpenIddictServerEvents;

namespace Writ.Server.Identity.OpenId;

/// <summary>
/// Device codes (RFC 8628) at a pace: an address gets ten a minute, and a device asks every five seconds whether somebody
/// typed its code. Each code is recorded before it exists, with the address that asked: whoever types it is shown that.
/// </summary>
internal sealed class DevicePace(WriteTransaction writes, TimeProvider time) :
    IOpenIddictServerHandler<HandleDeviceAuthorizationRequestContext>,
    IOpenIddictServerHandler<ApplyDeviceAuthorizationResponseContext>,
    IOpenIddictServerHandler<ValidateTokenRequestContext>
{
    private const int Interval = 5;
    private readonly Pace _codes = new(10, TimeSpan.FromMinutes(1), time);
    // Half a second is the network's.
    private readonly Pace _questions = new(1, TimeSpan.FromSeconds(Interval - 0.5), time);

    public async ValueTask HandleAsync(HandleDeviceAuthorizationRequestContext context)
    {
        var address = context.Transaction.GetHttpRequest()?.HttpContext.Connection.RemoteIpAddress?.ToString() ?? "unknown";
        if (!_codes.Allows(address))
        {
            context.Reject(OpenIddictConstants.Errors.SlowDown, "this address asked for ten codes within a minute");
            return;
        }

        await writes.Commit<bool>(scope =>
        {
            scope.Record(new(AuditType.DeviceCodeCreated, new(null, "unknown"), null, new() { ["client"] = context.ClientId }, address));
            return Task.FromResult<Result<bool>>(true);
        });
        var identity = new System.Security.Claims.ClaimsIdentity();
        identity.SetClaim(SignInClaims.From, address);
        var principal = new System.Security.Claims.ClaimsPrincipal(identity);
        principal.SetScopes(context.Request.GetScopes());
        context.SignIn(principal);
    }

    public ValueTask HandleAsync(ApplyDeviceAuthorizationResponseContext context)
    {
        if (string.IsNullOrEmpty(context.Response.Error))
            context.Response["interval"] = Interval;
        return default;
    }

    public ValueTask HandleAsync(ValidateTokenRequestContext context)
    {
        if (context.Request.IsDeviceCodeGrantType() && context.Request.DeviceCode is { Length: > 0 } code
            && !_questions.Allows(Convert.ToBase64String(Secrets.Hash(code))))
        {
            context.Reject(OpenIddictConstants.Errors.SlowDown, $"a device asks every {Interval} seconds");
        }

        return default;
    }
}
