using Writ.Contracts.Grants;
using Writ.Core.Audit;
using Writ.Core.Identity;
using Writ.Proof.Errors;
using Writ.Server.Audit;
using Writ.Server.Errors;
using Writ.Server.Identity;
using Writ.Server.Requests;
using Writ.Server.Storage;

namespace Writ.Server.Runs;

/// <summary>Ends one live run: by its own people, its reviewers, or an admin.</summary>
internal sealed class KillRun(Database database, RequestAccess access, RefusedAttempts refused, RunEnding ending)
{
    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapPost("/runs/{id}/kill", async (string id, EndAsk ask, KillRun verb, HttpContext context, CancellationToken cancel) =>
            (await verb.Kill(context.Caller(), id, ask.Reason, cancel)).ToHttp()).WithName("KillRun").Needs(Access.SignedIn).Produces<EndView>();

    public async Task<Result<EndView>> Kill(Caller caller, string id, string? reason, CancellationToken cancel)
    {
        RunRow run;
        await using (var db = database.Open())
        {
            var found = await ShowRuns.Find(db, access, caller, id);
            if (!found.IsOk)
                return found.Refusal;
            run = found.Value.Run;
            if (!await access.MayEnd(db, found.Value.Request, caller))
            {
                await refused.Record(new(AuditType.AttemptRefused, caller.Audit, run.RequestId, new() { ["attempt"] = "kill", ["run"] = id }, caller.SourceAddress));
                return new Refusal(ErrorCode.Forbidden, "only the run's own people, its reviewers and admins end it");
            }
        }

        if (!RunStates.Live.Contains(run.State))
            return new Refusal(ErrorCode.WrongState, $"the run is {RunStates.Text(run.State)} already");
        var why = string.IsNullOrWhiteSpace(reason) ? $"killed by {caller.Name}" : $"killed by {caller.Name}: {reason}";
        return await ending.End([run], RunEndCause.Killed, why, caller.Audit, caller.SourceAddress);
    }
}
