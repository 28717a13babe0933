using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Writ.Core.Identity;
using Writ.Core;
using Writ.Core.Audit;
using Writ.Proof.Errors;
using Writ.Proof.Identity;
using Writ.Proof.Log;
using Writ.Server.Errors;
using Writ.Server.Identity;
using Writ.Server.Requests;
using Writ.Server.Runs;
using Writ.Server.Storage;

namespace Writ.Server.Audit;

/// <summary>The receipt of a run that is over, for everybody who may know of the run.</summary>
internal static class WriteReceipt
{
    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapGet("/runs/{id}/receipt", async (
            string id, Database database, Sequencer sequencer, PublishedHead published, LogKeys keys, WitnessList witnesses, RequestAccess access, EvidenceViews views,
            HttpContext context, CancellationToken cancel) =>
        {
            var head = await ShowLog.Head(sequencer, published, cancel);
            if (!head.IsOk)
                return head.Refusal.ToHttp();
            await using var db = database.Open();
            var found = await ShowRuns.Find(db, access, context.Caller(), id);
            if (!found.IsOk)
                return found.Refusal.ToHttp();
            var run = found.Value.Run;
            if (!AccessLifecycle.Runs.IsFinal(run.State))
                return new Refusal(ErrorCode.WrongState, "the run is not over: its story has no end yet", $"writ watch {run.Id}").ToHttp();

            var rows = await StoryOf(db, run.RequestId, head.Value.Head.Size, cancel);
            rows.RemoveAll(row => !IsOf(row, run));
            var extensions = await Extensions(db, rows, head.Value.Head.Size, cancel);
            var last = extensions.SelectMany(extension => extension.Rows).Concat(rows).Max(row => row.Position!.Value);
            var best = await ProveLog.Best(db, head.Value, last, keys, witnesses, cancel);
            var tree = TileStore.Tree(db, best.Head.Size, cancel);
            var receipt = new Receipt(run.Id.ToString(), run.RequestId.ToString(), run.OrderBytes, run.OrderSignature, run.OrderKeyId, await All(rows), best.Note.ToString());
            if (extensions.Count > 0)
            {
                var carried = new List<ReceiptExtension>();
                foreach (var (request, row, told) in extensions)
                {
                    carried.Add(new(request.Id.ToString(), request.Statement, await All(told),
                        row is { OrderBytes: { } order, OrderSignature: { } signature, OrderKeyId: { } orderKey } ? new(order, signature, orderKey) : null));
                }

                receipt = receipt with { Extensions = carried };
            }

            if (ReceiptCheck.SignedEnd(receipt) is var (_, keyId) && await Naming(db, run, keyId, cancel) is { Position: not null } naming)
                receipt = receipt with { RunnerKey = await Proven(naming) };
            var approverKeys = await All(await Confirming(db, [run.RequestId, .. extensions.Select(extension => extension.Request.Id)], cancel));
            if (approverKeys.Count > 0)
                receipt = receipt with { ApproverKeys = approverKeys };
            await views.Record(context.Caller(), AuditType.AuditViewed, $"receipt {run.Id}", null, new() { ["part"] = "receipt", ["run"] = id });
            return Results.Bytes(receipt.ToBytes(), "application/octet-stream");

            async Task<List<ReceiptEntry>> All(IEnumerable<AuditRow> of)
            {
                var entries = new List<ReceiptEntry>();
                foreach (var row in of)
                    entries.Add(await Proven(row));
                return entries;
            }

            async Task<ReceiptEntry> Proven(AuditRow row) =>
                new(row.Position!.Value, row.Bytes, [.. (await tree.Inclusion(row.Position.Value, best.Head.Size)).Select(hash => hash.ToString())]);
        }).WithName("WriteReceipt").Needs(Access.SignedIn).Produces<byte[]>(contentType: "application/octet-stream").Evidence();

    private static Task<List<AuditRow>> StoryOf(WritDb db, RequestId request, long size, CancellationToken cancel) =>
        db.AuditEntries.AsNoTracking().Where(row => row.Correlation == request && row.Position < size).OrderBy(row => row.Position).ToListAsync(cancel);

    // More time that the run's story says was granted, as it was granted.
    private static async Task<List<(RequestRow Request, ExtensionRow? Extension, List<AuditRow> Rows)>> Extensions(WritDb db, List<AuditRow> story, long size, CancellationToken cancel)
    {
        var found = new List<(RequestRow, ExtensionRow?, List<AuditRow>)>();
        foreach (var row in story.Where(row => row.Type == AuditType.GrantExtended))
        {
            using var entry = JsonDocument.Parse(row.Bytes);
            var id = RequestId.Parse(entry.RootElement.GetProperty("extension").GetString()!);
            found.Add((await db.Requests.AsNoTracking().SingleAsync(request => request.Id == id, cancel),
                await db.Extensions.AsNoTracking().SingleOrDefaultAsync(extension => extension.RequestId == id, cancel), await StoryOf(db, id, size, cancel)));
        }

        return found;
    }

    // The entry that has the key with which the run's end was signed; it came before that.
    private static async Task<AuditRow?> Naming(WritDb db, RunRow run, string keyId, CancellationToken cancel) => await (
        from key in db.RunnerKeys.AsNoTracking()
        join entry in db.AuditEntries.AsNoTracking() on key.EntryId equals entry.Id
        where key.RunnerId == run.RunnerId && key.KeyId == keyId
        select entry).SingleOrDefaultAsync(cancel);

    // The entries that say whose the passkeys are by which these requests were approved; they came before that.
    private static Task<List<AuditRow>> Confirming(WritDb db, RequestId[] requests, CancellationToken cancel) => (
        from decision in db.Decisions.AsNoTracking()
        join passkey in db.Passkeys.AsNoTracking() on decision.PasskeyId equals (PasskeyId?)passkey.Id
        join entry in db.AuditEntries.AsNoTracking() on passkey.ConfirmationEntry equals (long?)entry.Id
        where requests.Contains(decision.RequestId) && entry.Position != null
        select entry).Distinct().OrderBy(entry => entry.Position).ToListAsync(cancel);

    /// <summary>What is of another run of the same grant, or of another use of it, is another story.</summary>
    private static bool IsOf(AuditRow row, RunRow run)
    {
        using var entry = JsonDocument.Parse(row.Bytes);
        if (entry.RootElement.TryGetProperty("run", out var of) && of.GetString() != run.Id.ToString())
            return false;
        return row.Type != AuditType.GrantConsumed || (entry.RootElement.TryGetProperty("use", out var use) && use.GetInt32() == run.UseNumber);
    }
}
