using Writ.Contracts.Notices;
using Writ.Contracts.Requests;
using Writ.Core.Identity;
using Writ.Server.Errors;
using Writ.Server.Identity;
using Writ.Server.Storage;

namespace Writ.Server.Notices;

/// <summary>Where and when one is told, and what became of notices.</summary>
internal static class NoticeEndpoints
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/me/notices", async (NoticeSettings verb, HttpContext context, CancellationToken cancel) =>
            (await verb.Show(context.Caller(), cancel)).ToHttp()).WithName("ShowNoticeSettings").Needs(Access.SignedIn).Produces<NoticeSettingsView>();
        routes.MapPut("/me/notices", async (NoticeSettingsAsk ask, NoticeSettings verb, HttpContext context, CancellationToken cancel) =>
            (await verb.Change(context.Caller(), ask, cancel)).ToHttp()).WithName("ChangeNoticeSettings").Needs(Access.Decider).Produces<NoticeSettingsView>();
        routes.MapPost("/me/notices/address", async (AddressAsk ask, NoticeAddress verb, HttpContext context, CancellationToken cancel) =>
            (await verb.Ask(context.Caller(), ask.Address, cancel)).ToHttp()).WithName("AskNoticeAddress").Needs(Access.Approver).Produces<NoticeSettingsView>();
        routes.MapPost("/me/notices/address/confirm", async (AddressConfirm ask, NoticeAddress verb, HttpContext context, CancellationToken cancel) =>
            (await verb.Confirm(context.Caller(), ask.Code, cancel)).ToHttp()).WithName("ConfirmNoticeAddress").Needs(Access.Approver).Produces<NoticeSettingsView>();
        routes.MapGet("/me/push", async (PushSubscriptions verb, HttpContext context, CancellationToken cancel) =>
            (await verb.Show(context.Caller(), cancel)).ToHttp()).WithName("ShowPush").Needs(Access.SignedIn).Produces<PushView>();
        routes.MapPost("/me/push", async (PushAsk ask, PushSubscriptions verb, HttpContext context, CancellationToken cancel) =>
            (await verb.Add(context.Caller(), ask, cancel)).ToHttp()).WithName("AddPush").Needs(Access.Approver).Produces<PushView>();
        routes.MapDelete("/me/push/{id}", async (string id, PushSubscriptions verb, HttpContext context, CancellationToken cancel) =>
            (await verb.Remove(context.Caller(), id, cancel)).ToHttp()).WithName("RemovePush").Needs(Access.Decider).Produces<PushView>();
        routes.MapGet("/notices", async (string? state, int? limit, string? cursor, Database database, CancellationToken cancel) =>
        {
            await using var db = database.Open();
            return (await NoticeViews.List(db, state, limit, cursor, cancel)).ToHttp();
        }).WithName("ListNotices").Needs(Access.Auditor).Produces<Page<NoticeView>>();
    }
}
