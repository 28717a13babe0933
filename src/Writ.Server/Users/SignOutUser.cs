using Microsoft.EntityFrameworkCore;
using Writ.Contracts.Grants;
using Writ.Contracts.Identity;
using Writ.Core.Audit;
using Writ.Core.Identity;
using Writ.Proof.Errors;
using Writ.Proof.Identity;
using Writ.Server.Errors;
using Writ.Server.Identity;
using Writ.Server.Storage;

namespace Writ.Server.Users;

/// <summary>
/// Signs somebody out everywhere: each sign-in that there is ends, and all that they hold with it. Everybody does it to
/// themselves, admins to others. They may sign in again.
/// </summary>
internal sealed class SignOutUser(Database database, Gate gate, TakeAll takeAll)
{
    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapPost("/users/{id}/sign-out", async (string id, EndAsk ask, SignOutUser verb, HttpContext context) =>
            (await verb.SignOut(context.Caller(), id, ask.Reason)).ToHttp()).WithName("SignOutUser").Needs(Access.SignedIn).Produces<UserEndView>();

    public async Task<Result<UserEndView>> SignOut(Caller caller, string id, string? reason)
    {
        if (id != caller.Id.ToString() && await gate.Refuse(caller, Access.FreshAdmin, "sign out user") is { } refusal)
            return refusal;
        await using var db = database.Open();
        var found = await ShowUsers.Find(db, id);
        return found.IsOk ? await SignOut(found.Value.Id, caller.Audit, reason, caller.SourceAddress) : found.Refusal;
    }

    /// <param name="actor">Whom.</param>
    /// <param name="by">Who signs them out.</param>
    /// <param name="reason">For the record.</param>
    /// <param name="source">Where from.</param>
    /// <param name="alongside">What else the same transaction does.</param>
    public Task<UserEndView> SignOut(ActorId actor, AuditActor by, string? reason, string? source, Func<WriteScope, Task>? alongside = null)
    {
        var why = string.IsNullOrWhiteSpace(reason) ? $"signed out by {by.Name}" : $"signed out by {by.Name}: {reason}";
        return takeAll.From(actor, async scope =>
        {
            var name = await scope.Db.Actors.Where(row => row.Id == actor).Select(row => row.Name).SingleAsync();
            await scope.Db.Actors.Where(row => row.Id == actor).ExecuteUpdateAsync(set => set.SetProperty(row => row.SignedOutAt, scope.Now));
            scope.Record(new(AuditType.ActorSignedOut, by, null, new() { ["of"] = actor.ToString(), ["name"] = name, ["reason"] = reason }, source));
            if (alongside is not null)
                await alongside(scope);
        }, why, by, source);
    }
}
