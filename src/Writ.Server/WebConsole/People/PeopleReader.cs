using Microsoft.EntityFrameworkCore;
using Writ.Contracts.Identity;
using Writ.Core.Identity;
using Writ.Proof.Errors;
using Writ.Proof.Identity;
using Writ.Server.Passkeys;
using Writ.Server.Policy;
using Writ.Server.Storage;
using Writ.Server.Users;

namespace Writ.Server.WebConsole.People;

/// <summary>A person or workload with what they hold.</summary>
public sealed record PersonView(UserView User, IReadOnlyList<PasskeyView> Passkeys, int ActiveGrants, int LiveRuns, int Requests);

/// <summary>People and workloads, and what an admin does about them, by the API's own verbs.</summary>
internal sealed class PeopleReader(
    Visit visit, Database database, PolicyInForce policies, DisableUser disable, SignOutUser signOut, ChangeRoles roles, ConfirmPasskey confirm, RemovePasskey remove)
{
    public const int Most = 100;

    /// <summary>Those whose name begins so, in the order of their names, after somebody.</summary>
    public Task<Result<(IReadOnlyList<UserView> Users, bool More)>> List(string begins, (string Name, string Id)? after) =>
        visit.Do<(IReadOnlyList<UserView>, bool)>("ListUsers", async _ =>
        {
            await using var db = database.Open();
            var query = db.Actors.AsNoTracking().Where(row => row.Kind == ActorKind.User || row.Kind == ActorKind.Workload);
            if (begins.Length > 0)
                query = query.Where(row => row.Name.StartsWith(begins));
            if (after is var (name, text) && ActorId.TryParse(text, out var id))
                query = query.Where(row => row.Name.CompareTo(name) > 0 || (row.Name == name && row.Id.CompareTo(id) > 0));
            var rows = await query.OrderBy(row => row.Name).ThenBy(row => row.Id).Take(Most + 1).ToListAsync();
            return (await ShowUsers.Views(db, policies, [.. rows.Take(Most)]), rows.Count > Most);
        });

    public Task<Result<PersonView>> Read(string id) => visit.Do<PersonView>("ShowUser", async _ =>
    {
        await using var db = database.Open();
        var found = await ShowUsers.Find(db, id);
        if (!found.IsOk)
            return found.Refusal;
        var actor = found.Value.Id;
        var passkeys = await db.Passkeys.AsNoTracking().Where(row => row.ActorId == actor && row.RemovedAt == null).OrderBy(row => row.Id).ToListAsync();
        var live = Server.Runs.RunStates.Live;
        return new PersonView(
            (await ShowUsers.Views(db, policies, [found.Value]))[0], await KnownPasskeys.Views(db, passkeys, CancellationToken.None),
            await db.Grants.CountAsync(row => row.ActorId == actor && row.State == Core.GrantState.Active), await db.Runs.CountAsync(row => row.ActorId == actor && live.Contains(row.State)),
            await db.Requests.CountAsync(row => row.ActorId == actor && row.State == Core.RequestState.Pending));
    });

    public Task<Result<UserEndView>> Disable(string id, string reason) => visit.Do("DisableUser", caller => disable.Disable(caller, id, reason));

    public Task<Result<UserView>> Enable(string id) => visit.Do("EnableUser", caller => disable.Enable(caller, id));

    public Task<Result<UserEndView>> SignOut(string id, string reason) => visit.Do("SignOutUser", caller => signOut.SignOut(caller, id, reason));

    public Task<Result<UserEndView>> SetRoles(string id, RolesAsk ask) => visit.Do("ChangeRoles", caller => roles.Change(caller, id, ask));

    public Task<Result<PasskeyView>> Confirm(string passkey, string fingerprint) => visit.Do("ConfirmPasskey", caller => confirm.Confirm(caller, passkey, fingerprint, CancellationToken.None));

    public Task<Result<PasskeyView>> Remove(string passkey) => visit.Do("RemovePasskey", caller => remove.Remove(caller, passkey, "from the console", CancellationToken.None));
}
