using Microsoft.EntityFrameworkCore;
using Writ.Contracts.Notices;
using Writ.Core.Identity;
using Writ.Proof.Errors;
using Writ.Server.Identity;
using Writ.Server.Notices;
using Writ.Server.Policy;
using Writ.Server.Requests;
using Writ.Server.Storage;
using static OpenIddict.Abstractions.OpenIddictConstants;

namespace Writ.Server.Pages;

/// <summary><c>/account</c>: who is signed in here, and where else.</summary>
internal static class AccountPages
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/", (HttpContext context) => Page.GoTo(context, "/inbox")).ExcludeFromDescription().Needs(Access.Open);
        routes.MapGet("/account", Show).ExcludeFromDescription().Needs(Access.Open);
    }

    private static async Task<IResult> Show(HttpContext context, Sessions sessions, Database database, PolicyInForce policies, NoticeSettings notices, TimeProvider time)
    {
        if (await sessions.Find(context) is not { } caller)
            return SignInPages.Ask(context, again: false);
        await using var db = database.Open();
        var policy = await policies.Get(db);
        var now = time.GetUtcNow();
        var seen = now - Sessions.Idle;
        var browsers = await db.Sessions.CountAsync(row => row.ActorId == caller.Id && row.Id != caller.Token && row.EndedAt == null && row.NotAfter > now && row.LastSeenAt > seen);
        var subject = caller.Id.ToString();
        var utc = now.UtcDateTime;
        var clients = await db.OpenIdTokens.Where(row => row.Subject == subject && row.Status == Statuses.Valid && row.ExpirationDate > utc && row.Authorization!.Status == Statuses.Valid)
            .Select(row => row.Authorization!.Id).Distinct().CountAsync();
        return Page.Of<AccountPage>(context, ("Who", caller), ("Roles", policy.IsOk ? policy.Value.RolesOf(Reevaluation.SubjectOf(caller)) : (IReadOnlyCollection<string>)[]),
            ("Told", Told(await notices.Show(caller, context.RequestAborted))), ("Others", $"{Count(browsers, "other browser")}, {Count(clients, "client")} on a command line"));
    }

    private static string Told(Result<NoticeSettingsView> settings) => settings switch
    {
        { IsOk: false } or { Value: { Mail: true, Address: null } } => "nowhere",
        { Value: { Mail: false } } => "no",
        { Value: var view } => $"{view.Address}{(view.Quiet is null ? "" : $", quiet {view.Quiet} {view.Zone}")}{(view.StandIn is null ? "" : $", {view.StandIn} stands in until {view.StandInUntil:yyyy-MM-dd HH:mm} UTC")}",
    };

    private static string Count(int number, string what) => $"{number} {what}{(number == 1 ? "" : "s")}";
}
