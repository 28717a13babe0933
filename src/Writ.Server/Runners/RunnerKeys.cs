using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Google.Protobuf;
using Microsoft.EntityFrameworkCore;
using Writ.Contracts.Runners;
using Writ.Core.Audit;
using Writ.Proof.Errors;
using Writ.Proof.Identity;
using Writ.Proof.Orders;
using Writ.Proof.Runs;
using Writ.Server.Storage;

namespace Writ.Server.Runners;

/// <summary>The keys with which runners sign how runs end. Each is in the audit log before anything that it signed.</summary>
internal static class RunnerKeys
{
    /// <summary>A key as an entry has it; null for none.</summary>
    public static string? Text(ByteString key) => key.Length == 32 ? Convert.ToBase64String(key.Span) : null;

    /// <summary>Keeps the key that this entry has, unless it is known.</summary>
    public static async Task Keep(WriteScope scope, RunnerId runner, ByteString key, AuditRow entry)
    {
        await scope.Db.SaveChangesAsync();
        scope.Db.RunnerKeys.Add(new() { RunnerId = runner, KeyId = SigningKeys.KeyId(key.Span), PublicKey = key.ToByteArray(), EntryId = entry.Id });
    }

    /// <summary>Takes note of the key that a runner says it signs with now.</summary>
    public static async Task Hear(WriteScope scope, RunnerRow runner, ByteString key, string? source)
    {
        if (Text(key) is not { } text || SigningKeys.KeyId(key.Span) is var id && await scope.Db.RunnerKeys.AnyAsync(row => row.RunnerId == runner.Id && row.KeyId == id))
            return;
        var entry = scope.Record(new(AuditType.RunnerKey, new(null, runner.Name), null, new() { ["runner"] = runner.Id.ToString(), ["receipt_key"] = text }, source));
        await Keep(scope, runner.Id, key, entry);
    }

    /// <summary>Why what the runner has signed of this end is not taken; null where it is, or where nothing was signed.</summary>
    /// <param name="db">The database.</param>
    /// <param name="run">The run.</param>
    /// <param name="ended">The end with its kill receipt.</param>
    /// <param name="facts">The end as its entry has it.</param>
    public static async Task<string?> Wrong(WritDb db, RunRow run, Ended ended, JsonObject facts)
    {
        if (ended.Receipt.IsEmpty)
            return null;
        var key = await db.RunnerKeys.AsNoTracking().Where(row => row.RunnerId == run.RunnerId && row.KeyId == ended.ReceiptKeyId).Select(row => row.PublicKey).SingleOrDefaultAsync();
        if (key is null || !SigningKeys.Verify(key, new(ended.Receipt.ToByteArray(), ended.ReceiptSignature.ToByteArray(), ended.ReceiptKeyId)))
            return "its signature is not of a key of this runner";
        var read = KillReceipt.Read(ended.Receipt.Span);
        if (!read.IsOk)
            return read.Refusal.Message;
        var receipt = read.Value;
        if (receipt.Run != ended.Run || receipt.Runner != run.RunnerId.ToString() || receipt.Order != Convert.ToHexStringLower(SHA256.HashData(run.OrderBytes)))
            return "it is of another run, runner or order";
        return receipt.Contradiction(facts) is { } where ? $"it says something else than the runner about {where}" : null;
    }
}
