using Writ.Server.Audit;
using Writ.Server.Chat;
using Writ.Server.Decisions;
using Writ.Server.Directories;
using Writ.Server.Extensions;
using Writ.Server.Grants;
using Writ.Server.Identity;
using Writ.Server.Notices;
using Writ.Server.Passkeys;
using Writ.Server.Policy;
using Writ.Server.Proposals;
using Writ.Server.Requests;
using Writ.Server.Retention;
using Writ.Server.Rotas;
using Writ.Server.Runners;
using Writ.Server.Runs;
using Writ.Server.SecurityEvents;
using Writ.Server.Series;
using Writ.Server.Templates;
using Writ.Server.Tools;
using Writ.Server.Traces;
using Writ.Server.Users;

namespace Writ.Server;

/// <summary>Every verb of <c>/v1</c>: the table of contents of the API.</summary>
internal static class Endpoints
{
    public static void Map(WebApplication app)
    {
        app.Use(next => context => AccessEndpoints.Check(context, next));

        var api = app.MapGroup("/v1");
        SetUpFirstAdmin.Map(api);
        ShowWhoAmI.Map(api);
        RevokeToken.Map(api);
        ListPasskeys.Map(api);
        MakePasskey.Map(api);
        ConfirmPasskey.Map(api);
        RemovePasskey.Map(api);

        NoticeEndpoints.Map(api);
        ChatAccounts.Map(api);
        ReceiveSlack.Map(api);

        ShowUsers.Map(api);
        DisableUser.Map(api);
        ChangeRoles.Map(api);
        SignOutUser.Map(api);
        ShowProposals.Map(api);
        DecideProposal.Map(api);
        ReceiveEvent.Map(api);
        Scim.Map(app);

        Explain.Map(api);
        Ask.Map(api);
        ListRequests.Map(api);
        ShowRequest.Map(api);
        ShowInput.Map(api);
        CancelRequest.Map(api);
        ChallengeApproval.Map(api);
        ApproveRequest.Map(api);
        DenyRequest.Map(api);
        NarrowRequest.Map(api);

        ShowGrants.Map(api);
        RevokeGrant.Map(api);
        ReviewGrant.Map(api);

        ShowSeries.Map(api);
        SuspendSeries.Map(api);
        ResumeSeries.Map(api);
        EndSeries.Map(api);

        StartRun.Map(api);
        ShowRuns.Map(api);
        ShowOutput.Map(api);
        ShowResults.Map(api);
        ShowRest.Map(api);
        AttachRun.Map(api);
        ReadRecording.Map(api);
        KillRun.Map(api);
        ExtendRun.Map(api);
        ShowTrace.Map(api);

        CheckPolicy.Map(api);
        DiffPolicy.Map(api);
        ShowRuleUse.Map(api);
        ApplyPolicy.Map(api);
        ShowPolicy.Map(api);
        ShowOnCall.Map(api);

        ShowTools.Map(api);
        CheckTool.Map(api);

        ShowTemplates.Map(api);
        CheckTemplate.Map(api);
        ApplyTemplate.Map(api);

        ListAudit.Map(api);
        ExportAudit.Map(api);
        ShowLog.Map(api);
        ListLog.Map(api);
        ProveLog.Map(api);
        WriteReceipt.Map(api);
        SetRetention.Map(api);
        ListRunners.Map(api);
        CreateEnrolment.Map(api);
        DisableRunner.Map(api);
    }
}
