using Microsoft.EntityFrameworkCore;
using Writ.Contracts.Grants;
using Writ.Contracts.Identity;
using Writ.Core.Audit;
using Writ.Core.Identity;
using Writ.Proof.Errors;
using Writ.Proof.Identity;
using Writ.Server.Errors;
using Writ.Server.Identity;
using Writ.Server.Policy;
using Writ.Server.Storage;

namespace Writ.Server.Users;

/// <summary>Disables a person or a workload: nothing of them signs in any more, and all that they hold ends. Or enables them again.</summary>
internal sealed class DisableUser(Database database, WriteTransaction writes, Gate gate, TakeAll takeAll, PolicyInForce policies)
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPost("/users/{id}/disable", async (string id, EndAsk ask, DisableUser verb, HttpContext context) =>
            (await verb.Disable(context.Caller(), id, ask.Reason)).ToHttp()).WithName("DisableUser").Needs(Access.FreshAdmin).Produces<UserEndView>();
        routes.MapPost("/users/{id}/enable", async (string id, DisableUser verb, HttpContext context) =>
            (await verb.Enable(context.Caller(), id)).ToHttp()).WithName("EnableUser").Needs(Access.FreshAdmin).Produces<UserView>();
    }

    public async Task<Result<UserEndView>> Disable(Caller caller, string id, string? reason)
    {
        if (await gate.Refuse(caller, Access.FreshAdmin, "disable user") is { } refusal)
            return refusal;
        await using var db = database.Open();
        var found = await ShowUsers.Find(db, id);
        return found.IsOk ? await Disable(found.Value.Id, caller.Audit, reason, caller.SourceAddress) : found.Refusal;
    }

    /// <summary>Also of one who is disabled already: whatever is left of them ends.</summary>
    /// <param name="actor">Whom.</param>
    /// <param name="by">Who disables them.</param>
    /// <param name="reason">For the record.</param>
    /// <param name="source">Where from.</param>
    /// <param name="alongside">What else is done where they were not disabled before.</param>
    public Task<UserEndView> Disable(ActorId actor, AuditActor by, string? reason, string? source, Func<WriteScope, Task>? alongside = null)
    {
        var why = string.IsNullOrWhiteSpace(reason) ? $"disabled by {by.Name}" : $"disabled by {by.Name}: {reason}";
        return takeAll.From(actor, async scope =>
        {
            var disabled = await scope.Db.Actors.Where(row => row.Id == actor && row.DisabledAt == null).ExecuteUpdateAsync(set => set.SetProperty(row => row.DisabledAt, scope.Now));
            if (disabled == 0)
                return;
            scope.Record(new(AuditType.ActorDisabled, by, null, await Fields(scope, actor, reason), source));
            if (alongside is not null)
                await alongside(scope);
        }, why, by, source);
    }

    public async Task<Result<UserView>> Enable(Caller caller, string id)
    {
        if (await gate.Refuse(caller, Access.FreshAdmin, "enable user") is { } refusal)
            return refusal;
        await using var db = database.Open();
        var found = await ShowUsers.Find(db, id);
        if (!found.IsOk)
            return found.Refusal;
        var enabled = await Enable(found.Value.Id, caller.Audit, caller.SourceAddress);
        if (!enabled.IsOk)
            return enabled.Refusal;
        return (await ShowUsers.Views(db, policies, [await db.Actors.AsNoTracking().SingleAsync(row => row.Id == found.Value.Id)]))[0];
    }

    /// <summary>What had ended does not come back.</summary>
    public Task<Result<bool>> Enable(ActorId actor, AuditActor by, string? source, Func<WriteScope, Task>? alongside = null) => writes.Commit<bool>(async scope =>
    {
        var enabled = await scope.Db.Actors.Where(row => row.Id == actor && row.DisabledAt != null).ExecuteUpdateAsync(set => set.SetProperty(row => row.DisabledAt, (DateTimeOffset?)null));
        if (enabled == 0)
            return new Refusal(ErrorCode.WrongState, "the user is not disabled");
        scope.Record(new(AuditType.ActorEnabled, by, null, await Fields(scope, actor, null), source));
        if (alongside is not null)
            await alongside(scope);
        return true;
    });

    private static async Task<System.Text.Json.Nodes.JsonObject> Fields(WriteScope scope, ActorId actor, string? reason) => new()
    {
        ["of"] = actor.ToString(), ["name"] = await scope.Db.Actors.Where(row => row.Id == actor).Select(row => row.Name).SingleAsync(), ["reason"] = reason,
    };
}
