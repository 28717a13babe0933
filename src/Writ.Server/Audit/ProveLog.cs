using Microsoft.EntityFrameworkCore;
using Writ.Contracts.Audit;
using Writ.Core.Audit;
using Writ.Core.Identity;
using Writ.Proof.Errors;
using Writ.Proof.Log;
using Writ.Server.Errors;
using Writ.Server.Identity;
using Writ.Server.Requests;
using Writ.Server.Storage;

namespace Writ.Server.Audit;

/// <summary>The two proofs: that the log still begins with all that it had, and that an entry is in it.</summary>
internal static class ProveLog
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/log/consistency", async (
            long from, Database database, Sequencer sequencer, PublishedHead published, LogKeys keys, CancellationToken cancel) =>
        {
            // Asked at every contact: what is published already will do.
            var newest = await published.Publish(cancel);
            var found = newest is not null ? newest : await ShowLog.Head(sequencer, published, cancel);
            if (!found.IsOk)
                return found.Refusal.ToHttp();
            var (head, size) = (found.Value, found.Value.Head.Size);
            if (from < 0 || from > size)
            {
                return new Refusal(ErrorCode.NotFound, $"the log has {size} entries, not {from}",
                    "whoever saw more of it has seen a log that this is not: writ audit verify").ToHttp();
            }

            await using var db = database.Open();
            var proof = await TileStore.Tree(db, size, cancel).Consistency(from, size);
            return Results.Ok(new ConsistencyView(from, [.. proof.Select(hash => hash.ToString())], head.Note.ToString(), [.. keys.Public.Select(key => key.ToString())]));
        }).WithName("ProveConsistency").Needs(Access.SignedIn).Produces<ConsistencyView>();

        routes.MapGet("/audit/{position:long}/proof", async (
            long position, Database database, Sequencer sequencer, PublishedHead published, LogKeys keys, WitnessList witnesses, RequestAccess access, EvidenceViews views, HttpContext context, CancellationToken cancel) =>
        {
            var head = await ShowLog.Head(sequencer, published, cancel);
            if (!head.IsOk)
                return head.Refusal.ToHttp();
            await using var db = database.Open();
            var missing = new Refusal(ErrorCode.NotFound, $"there is no entry {position}", "writ audit list shows those that you can see");
            var row = await db.AuditEntries.AsNoTracking().SingleOrDefaultAsync(row => row.Position == position, cancel);
            if (row is null || position >= head.Value.Head.Size || !await MayRead(db, access, context, row))
                return missing.ToHttp();
            var proof = await Prove(db, row, await Best(db, head.Value, position, keys, witnesses, cancel), cancel);
            await views.Record(context.Caller(), AuditType.AuditViewed, $"proof {position}", null, new() { ["part"] = "proof", ["position"] = position });
            return Results.Text(proof.ToString(), "text/plain; charset=utf-8");
        }).WithName("ProveEntry").Needs(Access.SignedIn).Produces<string>(contentType: "text/plain").Evidence();
    }

    /// <summary>The newest witnessed head over an entry, or the newest one where witnesses have not come so far.</summary>
    internal static async Task<SignedCheckpoint> Best(
        WritDb db, SignedCheckpoint newest, long position, LogKeys keys, WitnessList witnesses, CancellationToken cancel)
    {
        if (await LogReader.Witnessed(db, witnesses, position, cancel) is not { } row)
            return newest;
        var lines = await db.LogCosignatures.AsNoTracking().Where(line => line.Size == row.Size).Select(line => line.Line).ToListAsync(cancel);
        var opened = Checkpoint.Open(LogReader.Note(row, lines), keys.Public);
        // A head that an older key signed proves less to whoever knows the newer one only.
        return opened.IsOk ? opened.Value : newest;
    }

    /// <summary>The proof of an entry, with its bytes as the extra data.</summary>
    internal static async Task<LogProof> Prove(WritDb db, AuditRow row, SignedCheckpoint head, CancellationToken cancel)
    {
        var hashes = await TileStore.Tree(db, head.Head.Size, cancel).Inclusion(row.Position!.Value, head.Head.Size);
        return new(row.Position.Value, hashes, head.Note.ToString(), row.Bytes);
    }

    private static async Task<bool> MayRead(WritDb db, RequestAccess access, HttpContext context, AuditRow row) =>
        context.Caller().ReadsAll || (row.Correlation is { } request && (await access.Find(db, context.Caller(), request.ToString())).IsOk);
}
