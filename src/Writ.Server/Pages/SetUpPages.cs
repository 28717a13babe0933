using Writ.Core.Identity;
using QRCoder;
using Writ.Core.Audit;
using Writ.Server.Audit;
using Writ.Server.Errors;
using Writ.Server.Identity;
using Writ.Server.Identity.Accounts;
using Writ.Server.Storage;

namespace Writ.Server.Pages;

/// <summary><c>/setup</c>: from a one-time link to a password, an authenticator app and a session.</summary>
internal static class SetUpPages
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/setup", (HttpContext context) => Page.Of<SetUpPage>(context)).ExcludeFromDescription().Needs(Access.Open);
        routes.MapPost("/setup", Begin).ExcludeFromDescription().Needs(Access.Open);
        routes.MapPost("/setup/finish", Finish).ExcludeFromDescription().Needs(Access.Open);
    }

    private static async Task<IResult> Begin(HttpContext context, Database database, ServerSettings settings, RefusedAttempts refused, TotpSecrets secrets, TimeProvider time)
    {
        if (await Page.Form(context) is not { } form)
            return Page.Foreign(context);
        var code = form["code"].ToString().Trim();
        if (await Find(context, database, refused, time, code) is not { } @for)
            return Void(context);
        return Offer(context, settings, secrets, code, @for, Totp.NewSecret(), "", null, StatusCodes.Status200OK);
    }

    private static async Task<IResult> Finish(
        HttpContext context, Database database, ServerSettings settings, RefusedAttempts refused, TotpSecrets secrets, Sessions sessions, SetUpAccount verb, TimeProvider time)
    {
        if (await Page.Form(context) is not { } form)
            return Page.Foreign(context);
        var code = form["code"].ToString();
        if (await Find(context, database, refused, time, code) is not { } @for || secrets.Accept(form["offer"].ToString()) is not { } totp)
            return Void(context);
        var name = form["name"].ToString();
        var done = await verb.SetUp(context, code, @for, name, form["password"].ToString(), totp, form["totp"].ToString());
        if (!done.IsOk)
            return Offer(context, settings, secrets, code, @for, totp, name, done.Refusal.Message, HttpProblems.StatusOf(done.Refusal.Code));
        sessions.SetCookie(context, done.Value);
        // Whoever is the first is led on to all that is left to set up.
        return Page.GoTo(context, @for.Actor is null ? "/start" : LocalPath.Home);
    }

    private static async Task<SetUpFor?> Find(HttpContext context, Database database, RefusedAttempts refused, TimeProvider time, string code)
    {
        await using var db = database.Open();
        if (await SetUpLinks.Find(db, code, time.GetUtcNow()) is { } found)
            return found;
        await refused.Record(new(AuditType.AttemptRefused, new(null, "unknown"), null, new() { ["attempt"] = "open a one-time link" }, context.Source()));
        return null;
    }

    private static IResult Void(HttpContext context) => Page.Of<SetUpPage>(
        context, StatusCodes.Status401Unauthorized, ("Trouble", "The code is unknown, spent or expired. An operator makes a new one: writ-server account link"));

    private static IResult Offer(
        HttpContext context, ServerSettings settings, TotpSecrets secrets, string code, SetUpFor @for, byte[] totp, string name, string? trouble, int status)
    {
        var shown = @for.Actor?.Name ?? name;
        using var qr = QRCodeGenerator.GenerateQrCode(Totp.Link(totp, settings.Public.Host, shown.Length > 0 ? shown : "admin"), QRCodeGenerator.ECCLevel.M);
        return Page.Of<SetUpPage>(context, status, ("Code", code), ("Name", shown), ("Fixed", @for.Actor is not null), ("Trouble", trouble),
            ("Offer", secrets.Offer(totp)), ("Key", Totp.Text(totp)), ("Picture", Svg(qr)));
    }

    /// <summary>One path; attributes alone, since the page allows no inline style.</summary>
    private static string Svg(QRCodeData qr)
    {
        var side = qr.ModuleMatrix.Count;
        var path = new System.Text.StringBuilder();
        for (var y = 0; y < side; y++)
        {
            for (var x = 0; x < side; x++)
            {
                if (qr.ModuleMatrix[y][x])
                    path.Append(System.Globalization.CultureInfo.InvariantCulture, $"M{x} {y}h1v1h-1z");
            }
        }

        return $"""<svg viewBox="0 0 {side} {side}" role="img" aria-label="QR code of the key below" shape-rendering="crispEdges"><path d="{path}" fill="#000"/></svg>""";
    }
}
