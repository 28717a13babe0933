using Microsoft.EntityFrameworkCore;
using Writ.Core.Audit;
using Writ.Proof.Errors;
using Writ.Server.Audit;
using Writ.Server.Identity;
using Writ.Server.Storage;
using Writ.Server.Web;

namespace Writ.Server.Directories;

/// <summary>
/// The directories that say by SCIM who is a user. Each has a token of its own, made on the box, which opens <c>/scim/v2</c> and
/// nothing else, and knows only the users that it made itself: a directory cannot touch a local admin.
/// </summary>
internal sealed class DirectoryBook(WriteTransaction writes)
{
    public static readonly TimeSpan LongestLife = TimeSpan.FromDays(400);
    private static readonly object Key = new();

    /// <summary>The directory that calls.</summary>
    public static DirectoryRow Caller(HttpContext context) => (DirectoryRow)context.Items[Key]!;

    /// <summary>The directory as an audit entry names it.</summary>
    public static AuditActor Audit(HttpContext context) => new(null, $"directory {Caller(context).Name}");

    public async Task<Result<string>> Add(string name, string? issuer, TimeSpan life)
    {
        if (!CreateToken.IsName(name))
            return new Refusal(ErrorCode.InvalidInput, "a directory's name is made of 1 to 100 letters, digits and . _ @ + -");
        if (issuer is not null && (!Uri.TryCreate(issuer, UriKind.Absolute, out var uri) || uri.Scheme is not ("https" or "http")))
            return new Refusal(ErrorCode.InvalidInput, "--issuer is no URL", "the issuer of the sign-ins whose subjects are the directory's external ids");
        if (life <= TimeSpan.Zero || life > LongestLife)
            return new Refusal(ErrorCode.DurationTooLong, "a directory's token lives 400 days at most", "for example --for 365d");
        return await writes.Commit<string>(async scope =>
        {
            if (await scope.Db.Directories.AnyAsync(row => row.Name == name))
                return new Refusal(ErrorCode.WrongState, $"there is, or was, a directory named {name}", "its users are told from those of others by this name: take another");
            var token = Secrets.New(Secrets.Directory);
            scope.Db.Directories.Add(new() { Name = name, Hash = Secrets.Hash(token), Issuer = issuer, CreatedAt = scope.Now, NotAfter = scope.Now + life });
            scope.Record(new(AuditType.DirectoryAdded, new(null, "operator on the box"), null, new() { ["directory"] = name, ["issuer"] = issuer, ["not_after"] = (scope.Now + life).ToString("O") }));
            return token;
        });
    }

    /// <summary>Its token opens nothing from then on.</summary>
    public Task<Result<bool>> Remove(string name) => writes.Commit<bool>(async scope =>
    {
        var removed = await scope.Db.Directories.Where(row => row.Name == name && row.RemovedAt == null).ExecuteUpdateAsync(set => set.SetProperty(row => row.RemovedAt, scope.Now));
        if (removed == 0)
            return new Refusal(ErrorCode.NotFound, $"there is no directory named '{name}'");
        scope.Record(new(AuditType.DirectoryRemoved, new(null, "operator on the box"), null, new() { ["directory"] = name }));
        return true;
    });

    /// <summary>Lets a call with a directory's token by, and no other.</summary>
    public static async ValueTask<object?> Authenticate(EndpointFilterInvocationContext call, EndpointFilterDelegate next)
    {
        var context = call.HttpContext;
        var services = context.RequestServices;
        const string scheme = "Bearer ";
        var header = context.Request.Headers.Authorization.ToString();
        var token = header.StartsWith(scheme, StringComparison.OrdinalIgnoreCase) ? header[scheme.Length..].Trim() : "";
        if (token.StartsWith(Secrets.Directory, StringComparison.Ordinal) && token.Length < 100)
        {
            await using var db = services.GetRequiredService<Database>().Open();
            var (hash, now) = (Secrets.Hash(token), services.GetRequiredService<TimeProvider>().GetUtcNow());
            if (await db.Directories.AsNoTracking().SingleOrDefaultAsync(row => row.Hash == hash && row.RemovedAt == null && row.NotAfter > now) is { } directory)
            {
                context.Items[Key] = directory;
                return await next(call);
            }
        }

        var source = context.Connection.RemoteIpAddress;
        await services.GetRequiredService<RefusedAttempts>().Record(new(AuditType.SignInFailed, new(null, "unknown directory"), null,
            new() { ["path"] = context.Request.Path.Value, ["why"] = "unknown, expired or removed token" }, source?.ToString()));
        if (services.GetRequiredService<RateLimits>().Take(RateLimits.KeyOf(source), RateLimits.Address) is { } wait)
        {
            context.Response.Headers.RetryAfter = Math.Max(1, Math.Ceiling(wait.TotalSeconds)).ToString(System.Globalization.CultureInfo.InvariantCulture);
            return Scim.Error(StatusCodes.Status429TooManyRequests, "too many calls");
        }

        context.Response.Headers.WWWAuthenticate = "Bearer";
        return Scim.Error(StatusCodes.Status401Unauthorized, "no token of a directory");
    }
}
