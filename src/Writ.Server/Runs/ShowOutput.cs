using Writ.Core.Audit;
using Writ.Core.Identity;
using Writ.Proof.Errors;
using Writ.Server.Audit;
using Writ.Server.Errors;
using Writ.Server.Files;
using Writ.Server.Identity;
using Writ.Server.Requests;
using Writ.Server.Storage;

namespace Writ.Server.Runs;

/// <summary>A file that a run has written; with <c>wait</c> it is waited for while it is on its way from the runner.</summary>
internal static class ShowOutput
{
    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapGet("/runs/{id}/outputs/{number:int}", async (
            string id, int number, double? wait, Database database, RequestAccess access, EvidenceViews views, LongPoll poll, HttpContext context, CancellationToken cancel) =>
        {
            var found = await poll.Wait([id], wait, async () =>
            {
                var here = await Find(database, access, context.Caller(), id, number, cancel);
                return (here, !here.IsOk && here.Refusal.Code == ErrorCode.WrongState);
            }, cancel);
            if (!found.IsOk)
                return found.Refusal.ToHttp();
            var (run, output, bytes) = found.Value;
            await views.Record(context.Caller(), AuditType.FileViewed, $"{run.Id} {number}", run.RequestId,
                new() { ["run"] = run.Id.ToString(), ["output"] = number, ["sha256"] = output.Sha256 });
            return FileAnswer.Of(context, bytes);
        }).WithName("ShowOutput").Needs(Access.SignedIn).Produces(StatusCodes.Status200OK, contentType: FileAnswer.Type).Evidence();

    private static async Task<Result<(RunRow Run, RunOutput Output, byte[] Bytes)>> Find(Database database, RequestAccess access, Caller caller, string id, int number, CancellationToken cancel)
    {
        await using var db = database.Open();
        var found = await ShowRuns.Find(db, access, caller, id);
        if (!found.IsOk)
            return found.Refusal;
        var outputs = RunOutput.Read(found.Value.Run);
        if (number < 0 || number >= outputs.Count)
            return new Refusal(ErrorCode.NotFound, $"run {id} has no output {number}", $"writ show {id} lists them");
        if (outputs[number].Sha256 is { } sha256)
        {
            if (await KeptFiles.Deleted(db, sha256, cancel) is { } deleted)
                return deleted;
            return await KeptFiles.Read(db, sha256, cancel) is { } bytes
                ? (found.Value.Run, outputs[number], bytes)
                : new Refusal(ErrorCode.WrongState, "the file is on its way from the runner", "try again in a moment");
        }

        return RunStates.Live.Contains(found.Value.Run.State)
            ? new Refusal(ErrorCode.WrongState, "the run has not ended yet", $"writ watch {id}")
            : new Refusal(ErrorCode.NotFound, "the run wrote no such file");
    }
}
