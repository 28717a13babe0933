using System.Data.Common;
using System.Security.Cryptography;
using Google.Protobuf;
using Microsoft.EntityFrameworkCore;
using Writ.Contracts.Runners;
using Writ.Core;
using Writ.Core.Audit;
using Writ.Core.Policy;
using Writ.Proof;
using Writ.Proof.Errors;
using Writ.Proof.Identity;
using Writ.Proof.Orders;
using Writ.Server.Grants;
using Writ.Server.Identity;
using Writ.Server.Policy;
using Writ.Server.Requests;
using Writ.Server.Runners;
using Writ.Server.Storage;

namespace Writ.Server.Extensions;

/// <summary>
/// Step 5 for more time: policy is asked again, the order signed and the intent recorded in one transaction; only then is it sent. That waits
/// until the runner is here, and until it has answered the extension before it: each goes on from the deadline that the runner holds.
/// </summary>
internal sealed class ExtensionOrders(
    Database database, WriteTransaction writes, PolicyInForce policies, Reevaluation reevaluation, Takings takings, RunnerHub hub, ServerKeys keys, Changes changes)
{
    /// <summary>Signs and sends what was decided and not ordered yet, if the runner is connected to this server.</summary>
    public async Task SendNew(RunnerId runner)
    {
        if (!hub.IsHere(runner))
            return;
        try
        {
            foreach (var order in await Sign(runner))
                hub.Send(runner, new ToRunner { Extend = order });
        }
        catch (Exception failed) when (failed is DbException or DbUpdateException)
        {
            // What was decided is written; the runner's link asks again every second.
        }
    }

    /// <summary>The orders that the runner has not answered, those of before too: it may have lost them with its link, and answers each any number of times.</summary>
    /// <param name="runner">The runner; its link is here.</param>
    /// <param name="sent">What went out over this very link.</param>
    public async Task<IReadOnlyList<ToRunner>> Unanswered(RunnerId runner, HashSet<RequestId> sent)
    {
        await using var db = database.Open();
        if (!await db.Extensions.AnyAsync(row => row.RunnerId == runner && (row.State == ExtensionState.Granted || row.State == ExtensionState.Ordered)))
            return [];
        await Sign(runner);
        var ordered = await db.Extensions.AsNoTracking().Where(row => row.RunnerId == runner && row.State == ExtensionState.Ordered).OrderBy(row => row.From).ToListAsync();
        return [.. ordered.Where(row => sent.Add(row.RequestId)).Select(row => new ToRunner { Extend = OrderOf(row) })];
    }

    private async Task<IReadOnlyList<Order>> Sign(RunnerId runner)
    {
        List<ExtensionRow> granted;
        await using (var db = database.Open())
            granted = await db.Extensions.AsNoTracking().Where(row => row.RunnerId == runner && row.State == ExtensionState.Granted).OrderBy(row => row.From).ToListAsync();
        var orders = new List<Order>();
        foreach (var row in granted)
        {
            var signed = await writes.Commit<ExtensionRow>(scope => Sign(scope, row));
            if (signed.IsOk && signed.Value.OrderBytes is not null)
                orders.Add(OrderOf(signed.Value));
            if (signed.IsOk)
                changes.Happened(row.RequestId.ToString());
        }

        return orders;
    }

    private async Task<Result<ExtensionRow>> Sign(WriteScope scope, ExtensionRow extension)
    {
        await scope.HoldPolicy();
        var request = await scope.Db.Requests.AsNoTracking().SingleAsync(row => row.Id == extension.RequestId);
        var taken = await LiveRuns.TakeTurn(scope, extension.RunId);
        if (!taken.IsOk)
            return await GiveUp(scope, extension, taken.Refusal.Message);
        var (run, grant, _) = taken.Value;
        // The one before it has its turn first.
        if (extension.From != run.Deadline)
            return new Refusal(ErrorCode.NotYet, "the extension before it is not in force");
        if (takings.IsRevoked(grant.Id) || takings.IsBarred(run.ActorId))
            return await GiveUp(scope, extension, "the grant was revoked");
        var policy = await policies.Get(scope.Db);
        if (!policy.IsOk)
            return policy.Refusal;
        var allowed = await reevaluation.OfGrant(scope.Db, policy.Value, request, extension.From);
        if (!allowed.IsOk)
            return await GiveUp(scope, extension, allowed.Refusal.Reasons is [var why, ..] ? $"{allowed.Refusal.Message}: {why}" : allowed.Refusal.Message);
        var deadline = allowed.Value.LatestEnd is { } latest && latest < extension.Until ? latest : extension.Until;
        if (RunOrder.Read(run.OrderBytes) is not { IsOk: true, Value: var first })
            return await GiveUp(scope, extension, "the run's order cannot be read");

        var decisions = await scope.Db.Decisions.AsNoTracking()
            .Where(row => row.RequestId == request.Id && row.Revision == request.Revision && row.Approved).OrderBy(row => row.At).ToListAsync();
        var order = first with
        {
            Nonce = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32)),
            Issued = UnixMicroseconds.From(scope.Now),
            StartBy = UnixMicroseconds.From(extension.From),
            Deadline = UnixMicroseconds.From(deadline),
            Statement = request.Statement,
            Decisions =
            [
                .. decisions.Select(row => new OrderDecision(row.ActorId?.ToString() ?? "policy", UnixMicroseconds.From(row.At), row.StatementDigest,
                    Passkey: row.Passkey is { } signature ? PasskeyAssertion.Of(signature) : null)),
            ],
        };
        var envelope = keys.SignOrder(order.ToBytes());
        var from = AccessLifecycle.Extensions.From(ExtensionEvent.Order);
        var to = AccessLifecycle.Extensions.To(ExtensionEvent.Order);
        var changed = await scope.Db.Extensions.Where(row => row.RequestId == extension.RequestId && from.Contains(row.State)).ExecuteUpdateAsync(set => set
            .SetProperty(row => row.State, to)
            .SetProperty(row => row.Until, deadline)
            .SetProperty(row => row.OrderBytes, envelope.Bytes)
            .SetProperty(row => row.OrderSignature, envelope.Signature)
            .SetProperty(row => row.OrderKeyId, envelope.KeyId)
            .SetProperty(row => row.Nonce, order.Nonce));
        if (changed == 0)
            return new Refusal(ErrorCode.WrongState, "another server was first");
        var runner = await scope.Db.Runners.AsNoTracking().SingleAsync(row => row.Id == run.RunnerId);
        scope.Record(new(AuditType.ExtensionOrdered, AuditActor.System, run.RequestId, new()
        {
            ["run"] = run.Id.ToString(),
            ["extension"] = request.Id.ToString(),
            ["statement"] = request.StatementDigest,
            ["runner"] = runner.Name,
            ["from"] = extension.From.ToString("O"),
            ["deadline"] = deadline.ToString("O"),
            ["order_sha256"] = Convert.ToHexStringLower(SHA256.HashData(envelope.Bytes)),
            ["order_key"] = Convert.ToBase64String(keys.OrderPublicKey),
            ["policy"] = policy.Value.Hash,
        }));
        return await scope.Db.Extensions.AsNoTracking().SingleAsync(row => row.RequestId == extension.RequestId);
    }

    private static async Task<Result<ExtensionRow>> GiveUp(WriteScope scope, ExtensionRow extension, string why)
    {
        var run = await scope.Db.Runs.AsNoTracking().SingleAsync(row => row.Id == extension.RunId);
        if (!await ExtensionEnding.End(scope, extension, run, AuditActor.System, why))
            return new Refusal(ErrorCode.WrongState, "it was given up before");
        return await scope.Db.Extensions.AsNoTracking().SingleAsync(row => row.RequestId == extension.RequestId);
    }

    private static Order OrderOf(ExtensionRow row) => new()
    {
        Bytes = ByteString.CopyFrom(row.OrderBytes!), Signature = ByteString.CopyFrom(row.OrderSignature!), KeyId = row.OrderKeyId!,
    };
}
