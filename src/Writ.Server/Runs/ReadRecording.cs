using Writ.Core.Audit;
using Writ.Proof.Errors;
using Writ.Server.Errors;
using Writ.Server.Identity;
using Writ.Server.Requests;
using Writ.Server.Storage;

namespace Writ.Server.Runs;

/// <summary>The bytes of a run's recording, as far as they are durable. Who looks at another's is an entry.</summary>
internal static class ReadRecording
{
    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapGet("/runs/{id}/recording", async (
            string id, Database database, RequestAccess access, RecordingStore recordings, WriteTransaction writes, HttpContext context, CancellationToken cancel) =>
        {
            var caller = context.Caller();
            RunRow run;
            await using (var db = database.Open())
            {
                var found = await ShowRuns.Find(db, access, caller, id);
                if (!found.IsOk)
                    return found.Refusal.ToHttp();
                run = found.Value.Run;
            }

            if (run.ActorId != caller.Id)
            {
                var recorded = await writes.Commit<bool>(scope =>
                {
                    scope.Record(new(AuditType.RecordingViewed, caller.Audit, run.RequestId, new() { ["run"] = id, ["live"] = RunStates.Live.Contains(run.State) }, caller.SourceAddress));
                    return Task.FromResult<Result<bool>>(true);
                });
                _ = recorded.Value;
            }

            return Results.Stream(async body =>
            {
                await foreach (var bytes in recordings.Read(run.Id, 0, cancel))
                    await body.WriteAsync(bytes, cancel);
            }, "application/octet-stream");
        }).WithName("ReadRecording").Produces<byte[]>(contentType: "application/octet-stream");
}
