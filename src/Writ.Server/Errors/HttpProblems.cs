using System.Globalization;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Http.Features;
using Writ.Contracts.Errors;
using Writ.Core.Identity;
using Writ.Proof.Errors;

namespace Writ.Server.Errors;

/// <summary>The one place where error codes become HTTP (RFC 9457); nothing below this edge knows a status code.</summary>
internal static class HttpProblems
{
    public static int StatusOf(string code) => code switch
    {
        ErrorCode.InvalidInput or ErrorCode.InvalidCommand or ErrorCode.InvalidTarget or ErrorCode.InvalidPorts
            or ErrorCode.UnknownTool or ErrorCode.NoRunner => StatusCodes.Status400BadRequest,
        ErrorCode.NotSignedIn or ErrorCode.StaleSignIn => StatusCodes.Status401Unauthorized,
        ErrorCode.Forbidden or ErrorCode.Denied or ErrorCode.ReasonRequired or ErrorCode.DurationTooLong
            or ErrorCode.TooManyUses or ErrorCode.OwnRequest or ErrorCode.PasskeyNeeded or ErrorCode.ReviewAwaited => StatusCodes.Status403Forbidden,
        ErrorCode.NotFound => StatusCodes.Status404NotFound,
        ErrorCode.Deleted => StatusCodes.Status410Gone,
        ErrorCode.TooLarge => StatusCodes.Status413PayloadTooLarge,
        ErrorCode.InvalidPolicy or ErrorCode.InputNeeded => StatusCodes.Status422UnprocessableEntity,
        ErrorCode.TooManyAttempts => StatusCodes.Status429TooManyRequests,
        ErrorCode.Internal => StatusCodes.Status500InternalServerError,
        ErrorCode.Unavailable or ErrorCode.LogHalted => StatusCodes.Status503ServiceUnavailable,
        // Where things stand does not allow it.
        _ => StatusCodes.Status409Conflict,
    };

    public static Problem Of(Refusal refusal, string? request = null, string? traceId = null) => new(
        refusal.Code, refusal.Message, StatusOf(refusal.Code), null, refusal.Hint, refusal.Reasons, request, traceId, refusal.Needs);

    public static IResult ToHttp(this Refusal refusal, string? request = null)
    {
        var problem = Of(refusal, request);
        var json = Results.Json(problem, statusCode: problem.Status, contentType: "application/problem+json");
        return problem.Status == StatusCodes.Status401Unauthorized ? new Challenged(json, ChallengeOf(refusal)) : json;
    }

    /// <summary>What <c>WWW-Authenticate</c> says beside a 401 (RFC 6750 section 3); how fresh a sign-in must be, as RFC 9470 has it.</summary>
    public static string ChallengeOf(Refusal refusal) => refusal.Code == ErrorCode.StaleSignIn
        ? string.Create(CultureInfo.InvariantCulture, $"Bearer error=\"insufficient_user_authentication\", error_description=\"{refusal.Message}\", max_age={SignIn.FreshFor.TotalSeconds:0}")
        : "Bearer";

    /// <summary>A value as 200 (or the status given), a refusal as its problem.</summary>
    public static IResult ToHttp<T>(this Result<T> result, int status = StatusCodes.Status200OK) =>
        result.IsOk ? Results.Json(result.Value, statusCode: status) : result.Refusal.ToHttp();

    /// <summary>Turns what was thrown into an answer: input that cannot be read says so, a defect says nothing but its trace id.</summary>
    public static async Task Handle(HttpContext context)
    {
        var thrown = context.Features.Get<IExceptionHandlerFeature>()?.Error;
        var refusal = thrown switch
        {
            BadHttpRequestException { StatusCode: StatusCodes.Status413PayloadTooLarge } =>
                TooLarge(context),
            BadHttpRequestException { InnerException: System.Text.Json.JsonException json } =>
                new Refusal(ErrorCode.InvalidInput, $"the body is malformed at {json.Path ?? "$"}"),
            BadHttpRequestException bad => new Refusal(ErrorCode.InvalidInput, Lower(bad.Message)),
            System.Data.Common.DbException or Microsoft.EntityFrameworkCore.DbUpdateException =>
                new Refusal(ErrorCode.Unavailable, "the database cannot be read or written; nothing was changed"),
            Audit.HeadNotKeptException kept => new Refusal(ErrorCode.Unavailable, kept.Message),
            Audit.LogHaltedException halted => new Refusal(ErrorCode.LogHalted, $"the audit log is halted: {halted.Message}"),
            _ => new Refusal(ErrorCode.Internal, "something broke inside the server"),
        };
        var problem = Of(refusal, traceId: context.TraceIdentifier);
        context.Response.StatusCode = problem.Status;
        await context.Response.WriteAsJsonAsync(problem, options: null, contentType: "application/problem+json");
    }

    /// <summary>An answer without a body of its own, for example of a path that does not exist.</summary>
    public static async Task ForStatus(HttpContext context)
    {
        var refusal = context.Response.StatusCode switch
        {
            StatusCodes.Status404NotFound => new Refusal(ErrorCode.NotFound, "there is no such path", "the API is described at /v1/openapi.json"),
            StatusCodes.Status413PayloadTooLarge => TooLarge(context),
            StatusCodes.Status503ServiceUnavailable => new Refusal(ErrorCode.Unavailable, "the database cannot be reached"),
            var status => new Refusal(ErrorCode.InvalidInput, $"the call cannot be answered (HTTP {status})"),
        };
        var problem = Of(refusal, traceId: context.TraceIdentifier) with { Status = context.Response.StatusCode };
        await context.Response.WriteAsJsonAsync(problem, options: null, contentType: "application/problem+json");
    }

    private sealed class Challenged(IResult answer, string challenge) : IResult
    {
        public Task ExecuteAsync(HttpContext httpContext)
        {
            // What was shown is not taken (RFC 6750, 3.1); who showed nothing is told of no error.
            var stated = challenge == "Bearer" && httpContext.Request.Headers.Authorization.Count > 0 ? "Bearer error=\"invalid_token\"" : challenge;
            var more = httpContext.GetEndpoint()?.Metadata.GetMetadata<ChallengeParameter>();
            httpContext.Response.Headers.WWWAuthenticate = more is null ? stated : $"{stated}{(stated.Contains(' ', StringComparison.Ordinal) ? "," : "")} {more.Text}";
            return answer.ExecuteAsync(httpContext);
        }
    }

    private static Refusal TooLarge(HttpContext context)
    {
        var most = context.Features.Get<IHttpMaxRequestBodySizeFeature>()?.MaxRequestBodySize;
        return new(ErrorCode.TooLarge, $"the body is larger than {(most ?? 1 << 20) >> 20} MiB");
    }

    private static string Lower(string message) =>
        message.Length == 0 ? message : char.ToLowerInvariant(message[0]) + message[1..].TrimEnd('.');
}
