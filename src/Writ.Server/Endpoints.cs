using Writ.Server.Audit;
using Writ.Server.Decisions;
using Writ.Server.Grants;
using Writ.Server.Identity;
using Writ.Server.Policy;
using Writ.Server.Requests;
using Writ.Server.Retention;
using Writ.Server.Runners;
using Writ.Server.Runs;
using Writ.Server.Traces;

namespace Writ.Server;

/// <summary>Every verb of <c>/v1</c>: the table of contents of the API.</summary>
internal static class Endpoints
{
    /// <summary>Spending the set-up secret, and the API's own description.</summary>
    private static readonly string[] Open = ["/v1/setup", "/v1/openapi.json"];

    public static void Map(WebApplication app)
    {
        app.UseWhen(
            context => context.Request.Path.StartsWithSegments("/v1") && !Open.Contains(context.Request.Path.Value),
            closed => closed.Use(next => context => Authentication.Check(context, next)));

        var api = app.MapGroup("/v1");
        SetUpFirstAdmin.Map(api);
        ShowWhoAmI.Map(api);
        RevokeToken.Map(api);

        Explain.Map(api);
        Ask.Map(api);
        ListRequests.Map(api);
        ShowRequest.Map(api);
        ShowInput.Map(api);
        CancelRequest.Map(api);
        ApproveRequest.Map(api);
        DenyRequest.Map(api);

        ShowGrants.Map(api);
        RevokeGrant.Map(api);

        StartRun.Map(api);
        ShowRuns.Map(api);
        ShowOutput.Map(api);
        ShowResults.Map(api);
        AttachRun.Map(api);
        ReadRecording.Map(api);
        KillRun.Map(api);
        ShowTrace.Map(api);

        CheckPolicy.Map(api);
        ApplyPolicy.Map(api);
        ShowPolicy.Map(api);

        ListAudit.Map(api);
        ExportAudit.Map(api);
        ShowLog.Map(api);
        ListLog.Map(api);
        ProveLog.Map(api);
        WriteReceipt.Map(api);
        SetRetention.Map(api);
        ListRunners.Map(api);
        CreateEnrolment.Map(api);
    }
}
