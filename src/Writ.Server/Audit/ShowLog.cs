using Writ.Contracts.Audit;
using Writ.Core.Audit;
using Writ.Core.Identity;
using Writ.Proof.Errors;
using Writ.Proof.Log;
using Writ.Server.Errors;
using Writ.Server.Identity;
using Writ.Server.Storage;

namespace Writ.Server.Audit;

/// <summary>
/// The log as C2SP's tlog-tiles has it, below <c>/v1/log</c>: checkpoint and hash tiles for everybody who is signed in,
/// entries for auditors and admins.
/// </summary>
internal static class ShowLog
{
    private const string Text = "text/plain; charset=utf-8";

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/log", async (LogKeys keys, Sequencer sequencer, PublishedHead published, Witnessing witnessing, WitnessList witnesses, CancellationToken cancel) =>
        {
            var head = await Head(sequencer, published, cancel);
            return head.IsOk ? Results.Ok(new LogView(keys.Origin, [.. keys.Public.Select(key => key.ToString())], head.Value.Note.ToString(), witnesses.Quorum,
                [.. witnessing.States.Select(state => new LogWitnessView(state.Witness.Key.ToString(), state.State.Size, state.State.Trouble))])) : head.Refusal.ToHttp();
        }).WithName("ShowLog").Needs(Access.SignedIn).Produces<LogView>();

        routes.MapGet("/log/checkpoint", async (Sequencer sequencer, PublishedHead published, CancellationToken cancel) =>
        {
            var head = await Head(sequencer, published, cancel);
            return head.IsOk ? Results.Text(head.Value.Note.ToString(), Text) : head.Refusal.ToHttp();
        }).WithName("ShowCheckpoint").Needs(Access.SignedIn).Produces<string>(contentType: "text/plain");

        routes.MapGet("/log/tile/{**path}", async (string path, Database database, PublishedHead published, EvidenceViews views, HttpContext context, CancellationToken cancel) =>
        {
            var missing = new Refusal(ErrorCode.NotFound, "there is no such tile", "the newest size stands in /v1/log/checkpoint");
            if (!Tile.TryParse($"tile/{path}", out var tile))
                return missing.ToHttp();
            if (tile.Level == Tile.Entries && !context.Caller().ReadsAll)
                return new Refusal(ErrorCode.Forbidden, "only auditors and admins read the log's entries").ToHttp();
            // Nothing beyond what was published.
            var head = await published.Publish(cancel);
            if (Tile.CountAt(Math.Max(tile.Level, 0), head?.Head.Size ?? 0) < (tile.Index * Tile.Full) + tile.Width)
                return missing.ToHttp();
            await using var db = database.Open();
            var bytes = tile.Level == Tile.Entries ? await LogReader.Bundle(db, tile, cancel) : await TileStore.Read(db, tile, cancel);
            if (bytes is null)
                return missing.ToHttp();
            if (tile.Level == Tile.Entries)
                await views.Record(context.Caller(), AuditType.AuditViewed, "bundles", null, new() { ["part"] = "bundles", ["tile"] = $"tile/{path}" });
            return Results.Bytes(bytes, "application/octet-stream");
        }).WithName("ShowTile").Needs(Access.SignedIn).Produces<byte[]>(contentType: "application/octet-stream").Evidence();
    }

    /// <summary>The head over all that was committed before the call.</summary>
    internal static async Task<Result<SignedCheckpoint>> Head(Sequencer sequencer, PublishedHead published, CancellationToken cancel)
    {
        await sequencer.Integrate(cancel);
        return await published.Publish(cancel) is { } head ? head : new Refusal(ErrorCode.NotFound, "the log has no entry yet");
    }
}
