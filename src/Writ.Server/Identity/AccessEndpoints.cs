using System.Globalization;
using Writ.Core.Audit;
using Writ.Core.Identity;
using Writ.Proof.Errors;
using Writ.Server.Audit;
using Writ.Server.Errors;
using Writ.Server.Grants;
using Writ.Server.Web;

namespace Writ.Server.Identity;

/// <summary>Says of an endpoint who may call it.</summary>
internal sealed record Declared(Access Access);

/// <summary>
/// Every endpoint declares who may call it. One that does not keeps the server from starting, and what was declared is held
/// before anything of the call is read.
/// </summary>
internal static class AccessEndpoints
{
    /// <summary>Declares who may call the endpoint. The last word counts.</summary>
    public static TBuilder Needs<TBuilder>(this TBuilder endpoint, Access access)
        where TBuilder : IEndpointConventionBuilder => endpoint.WithMetadata(new Declared(access));

    /// <summary>Who may call it; <see cref="Access.None"/> where nobody said.</summary>
    public static Access Of(Endpoint endpoint) => endpoint.Metadata.GetMetadata<Declared>()?.Access ?? Access.None;

    /// <summary>The endpoints of which nobody said who may call them.</summary>
    public static IReadOnlyList<string> Undeclared(IEnumerable<Endpoint> endpoints) =>
        [.. endpoints.Where(endpoint => Of(endpoint) == Access.None).Select(endpoint => endpoint.DisplayName ?? "an endpoint without a name").Distinct()];

    /// <exception cref="InvalidOperationException">Of some endpoint nobody said who may call it: a defect.</exception>
    public static void Require(IEndpointRouteBuilder routes)
    {
        if (Undeclared(routes.DataSources.SelectMany(source => source.Endpoints)) is { Count: > 0 } undeclared)
            throw new InvalidOperationException($"nobody said who may call {string.Join(", ", undeclared)}");
    }

    /// <summary>Answers more calls than the limit lets by.</summary>
    public static Task TooMany(HttpContext context, TimeSpan wait)
    {
        var seconds = Math.Max(1, Math.Ceiling(wait.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
        context.Response.Headers.RetryAfter = seconds;
        return new Refusal(ErrorCode.TooManyAttempts, "too many calls", $"try again in {seconds} s").ToHttp().ExecuteAsync(context);
    }

    /// <summary>What a call of the endpoint tries, in words: of <c>ApplyPolicy</c>, <c>apply policy</c>.</summary>
    public static string Attempt(Endpoint? endpoint) => endpoint?.Metadata.GetMetadata<IEndpointNameMetadata>()?.EndpointName is { } name
        ? string.Concat(name.Select((letter, at) => char.IsUpper(letter) ? $"{(at > 0 ? " " : "")}{char.ToLowerInvariant(letter)}" : $"{letter}"))
        : "call a path";

    /// <summary>Authenticates where somebody must be known, and holds what was declared.</summary>
    public static async Task Check(HttpContext context, RequestDelegate next)
    {
        var (endpoint, limits) = (context.GetEndpoint(), context.RequestServices.GetRequiredService<RateLimits>());
        // A path that does not exist is told to those who are signed in.
        var access = endpoint is not null ? Of(endpoint) : context.Request.Path.StartsWithSegments("/v1") ? Access.SignedIn : Access.Open;
        switch (access)
        {
            // Machines with a key of their own are checked where their key is read.
            case Access.Provisioner or Access.Transmitter or Access.Chat:
                await next(context);
                return;
            case Access.Open:
                if (limits.Take(RateLimits.KeyOf(context.Connection.RemoteIpAddress), RateLimits.Address) is { } wait)
                    await TooMany(context, wait);
                else
                    await next(context);
                return;
            case Access.Runner when context.CameByRunnerDoor():
                await next(context);
                return;
            case Access.None or Access.Runner:
                await new Refusal(ErrorCode.Forbidden, "nobody may call this").ToHttp().ExecuteAsync(context);
                return;
            default:
                await Authentication.Check(context, Enforce);
                return;
        }

        async Task Enforce(HttpContext known)
        {
            if (known.RequestServices.GetRequiredService<Takings>().IsBarred(known.Caller().Id))
            {
                await new Refusal(ErrorCode.NotSignedIn, "the sign-in was ended").ToHttp().ExecuteAsync(known);
                return;
            }

            if (limits.Take(known.Caller().Id.ToString(), RateLimits.Actor) is { } wait)
            {
                await TooMany(known, wait);
                return;
            }

            var gate = known.RequestServices.GetRequiredService<Gate>();
            if (await gate.Refuse(known.Caller(), access, Attempt(endpoint)) is { } refusal)
                await refusal.ToHttp().ExecuteAsync(known);
            else
                await next(known);
        }
    }
}

/// <summary>Holds who may do something, for endpoints and for the verbs behind them; a refusal is on the record.</summary>
internal sealed class Gate(RefusedAttempts refused, TimeProvider time)
{
    /// <summary>Null where the caller may.</summary>
    /// <param name="caller">Who wants to.</param>
    /// <param name="access">For whom it is.</param>
    /// <param name="attempt">What they want, for the record.</param>
    public async Task<Refusal?> Refuse(Caller caller, Access access, string attempt)
    {
        var refusal = access.Refuse(caller, time.GetUtcNow());
        if (refusal is not null)
        {
            await refused.Record(new(AuditType.AttemptRefused, caller.Audit, null, new()
            {
                ["attempt"] = attempt, ["code"] = refusal.Code, ["message"] = refusal.Message,
            }, caller.SourceAddress));
        }

        return refusal;
    }
}
