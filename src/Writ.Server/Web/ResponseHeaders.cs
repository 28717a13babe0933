using System.Net;
using Microsoft.Extensions.Primitives;

namespace Writ.Server.Web;

/// <summary>
/// What every answer says to a browser, whatever it is: that it is neither framed, sniffed, cached, nor shared with another
/// site, and loads nothing. A page that needs more says so itself.
/// </summary>
internal static class ResponseHeaders
{
    private const string NoContent = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

    /// <summary>Two years, as browsers' own lists ask.</summary>
    private const string Transport = "max-age=63072000";

    public static Task Add(HttpContext context, RequestDelegate next)
    {
        if (context.CameByRunnerDoor())
            return next(context);
        // As the call came: later steps put the server's public address in the place of its own. It binds every port of the
        // host, so it is said of a name that is somebody's own, and over TLS alone (RFC 6797, 7.2).
        var stays = context.Request.IsHttps && IsName(context.Request.Host.Host);
        context.Response.OnStarting(() => Set(context.Response.Headers, stays));
        return next(context);
    }

    private static Task Set(IHeaderDictionary headers, bool stays)
    {
        Default("Content-Security-Policy", NoContent);
        Default("X-Content-Type-Options", "nosniff");
        Default("Referrer-Policy", "no-referrer");
        Default("Cross-Origin-Resource-Policy", "same-origin");
        Default("Cross-Origin-Opener-Policy", "same-origin");
        Default("Cache-Control", "no-store");
        if (stays)
            Default("Strict-Transport-Security", Transport);
        return Task.CompletedTask;

        void Default(string name, string value)
        {
            if (StringValues.IsNullOrEmpty(headers[name]))
                headers[name] = value;
        }
    }

    private static bool IsName(string host) => host.Contains('.', StringComparison.Ordinal) && !IPAddress.TryParse(host, out _);
}
