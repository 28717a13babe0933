using Writ.Core.Audit;
using Writ.Core.Identity;
using Writ.Server.Audit;
using Writ.Server.Errors;
using Writ.Server.Identity;
using Writ.Server.Requests;
using Writ.Server.Retention;
using Writ.Server.Storage;

namespace Writ.Server.Runs;

/// <summary>The bytes of a run's recording, as far as they are durable. Each look is an entry.</summary>
internal static class ReadRecording
{
    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapGet("/runs/{id}/recording", async (
            string id, Database database, RequestAccess access, RecordingStore recordings, EvidenceViews views, HttpContext context, CancellationToken cancel) =>
        {
            var caller = context.Caller();
            RunRow run;
            await using (var db = database.Open())
            {
                var found = await ShowRuns.Find(db, access, caller, id);
                if (!found.IsOk)
                    return found.Refusal.ToHttp();
                run = found.Value.Run;
                if (await Deletions.Of(db, run.Id, RetentionKind.Recordings, cancel) is { } deleted)
                    return deleted.ToHttp();
            }

            await Record(views, caller, run);
            return Results.Stream(async body =>
            {
                // An answer has begun: where something in the middle is damaged, it has no end, and nobody takes it for the whole.
                await context.Response.StartAsync(cancel);
                await foreach (var bytes in recordings.Read(run.Id, 0, cancel))
                    await body.WriteAsync(bytes, cancel);
            }, "application/octet-stream");
        }).WithName("ReadRecording").Needs(Access.SignedIn).Produces<byte[]>(contentType: "application/octet-stream").Evidence();

    /// <summary>Records that somebody looks at a recording, before they do.</summary>
    public static Task Record(EvidenceViews views, Caller caller, RunRow run)
    {
        var live = RunStates.Live.Contains(run.State);
        return views.Record(caller, AuditType.RecordingViewed, $"{run.Id} {live}", run.RequestId, new() { ["run"] = run.Id.ToString(), ["live"] = live });
    }
}
