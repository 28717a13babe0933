using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Writ.Contracts;
using Writ.Contracts.Identity;
using Writ.Core;
using Writ.Core.Audit;
using Writ.Core.Identity;
using Writ.Core.Policy;
using Writ.Proof.Errors;
using Writ.Proof.Identity;
using Writ.Server.Errors;
using Writ.Server.Identity;
using Writ.Server.Policy;
using Writ.Server.Proposals;
using Writ.Server.Requests;
using Writ.Server.Runs;
using Writ.Server.Storage;

namespace Writ.Server.Users;

/// <summary>
/// Changes a person's groups and whether they are admin or auditor. What policy no longer allows them ends with it: pending
/// requests are asked again, grants revoked, and their runs ended.
/// </summary>
internal sealed class ChangeRoles(
    Database database, WriteTransaction writes, Gate gate, ProposalBook proposals, PolicyInForce policies, Reevaluation reevaluation, Tightening tightening,
    RunEnding ending, Changes changes, TimeProvider time)
{
    private const int MostGroups = 1_000;

    /// <summary>What a proposal keeps.</summary>
    private sealed record Proposed(string User, RolesAsk Ask);

    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapPut("/users/{id}/roles", async (string id, RolesAsk ask, ChangeRoles verb, HttpContext context) =>
            (await verb.Change(context.Caller(), id, ask)).ToHttp()).WithName("ChangeRoles").Needs(Access.FreshAdmin).Produces<UserEndView>();

    /// <summary>By an admin. What would give them a new right themselves waits for a second person.</summary>
    public async Task<Result<UserEndView>> Change(Caller caller, string id, RolesAsk ask)
    {
        if (await gate.Refuse(caller, Access.FreshAdmin, "change roles") is { } refusal)
            return refusal;
        await using var db = database.Open();
        var found = await ShowUsers.Find(db, id);
        if (!found.IsOk)
            return found.Refusal;
        if (found.Value.Kind != ActorKind.User)
            return new Refusal(ErrorCode.InvalidInput, "a workload has roles by its name in the policy alone");
        if (ask.Groups is { } groups && (groups.Count > MostGroups || !groups.All(CreateToken.IsName)))
            return new Refusal(ErrorCode.InvalidInput, $"groups are at most {MostGroups} names, made of 1 to 100 letters, digits and . _ @ + -");
        var changed = await Apply(found.Value.Id, _ => Task.FromResult(ask), caller.Audit, caller.SourceAddress, async (scope, policy, was) =>
            was.Id == caller.Id ? ProposalBook.Needed(caller, await OwnNewRights(scope, policy, was, ask)) : null);
        return !changed.IsOk && changed.Refusal.Code == ErrorCode.SecondPersonNeeded
            ? await proposals.Propose(caller, ProposalBook.Roles, found.Value.Name, JsonSerializer.Serialize(new Proposed(id, ask), JsonSerializerOptions.Web), changed.Refusal)
            : changed;
    }

    /// <summary>What an admin proposed for themselves, by a second person.</summary>
    public Task<Result<UserEndView>> Confirm(ProposalRow proposal, AuditActor by, string? source)
    {
        var proposed = JsonSerializer.Deserialize<Proposed>(proposal.Content, JsonSerializerOptions.Web)!;
        return Apply(ActorId.Parse(proposed.User), _ => Task.FromResult(proposed.Ask), by, source, (scope, _, _) => ProposalBook.Settle(scope, proposal, ProposalBook.Confirmed, by, source));
    }

    /// <summary>The groups that a provider or a directory says somebody has now, all of them. It takes what the lost ones gave; nothing happens where they are the same.</summary>
    public Task<Result<UserEndView>> SetGroups(ActorId actor, IReadOnlyList<string> groups, AuditActor by, string? source) =>
        Apply(actor, _ => Task.FromResult(new RolesAsk(Groups: groups)), by, source, (_, _, _) => Task.FromResult<Refusal?>(null));

    /// <summary>The same, as they are found in the transaction that sets them: of two who set them at once, the later one saw all.</summary>
    public Task<Result<UserEndView>> SetGroups(ActorId actor, Func<WriteScope, Task<IReadOnlyList<string>>> groups, AuditActor by, string? source) =>
        Apply(actor, async scope => new(Groups: await groups(scope)), by, source, (_, _, _) => Task.FromResult<Refusal?>(null));

    private static async Task<IReadOnlyList<string>> OwnNewRights(WriteScope scope, PolicyDocument? policy, ActorRow was, RolesAsk ask)
    {
        if (policy is null || ask.Groups is not { } groups)
            return [];
        var subjects = await ProposalBook.Subjects(scope.Db, was.Id);
        // An admin reads all and manages already: what can be new are the groups.
        return NewRights.Of(policy, policy, subjects.Select(subject => (subject, subject.IsWorkload ? subject : subject with { Groups = [.. groups] })));
    }

    private async Task<Result<UserEndView>> Apply(
        ActorId actor, Func<WriteScope, Task<RolesAsk>> shall, AuditActor by, string? source, Func<WriteScope, PolicyDocument?, ActorRow, Task<Refusal?>> mayNot)
    {
        var began = time.GetTimestamp();
        var revoked = new List<GrantId>();
        var asked = new List<RequestId>();
        var nothing = false;
        var changed = await writes.Commit<bool>(async scope =>
        {
            await scope.TakePolicy();
            var was = await scope.Db.Actors.AsNoTracking().SingleAsync(row => row.Id == actor);
            var ask = await shall(scope);
            string[] groups = ask.Groups is { } named ? [.. named.Distinct(StringComparer.Ordinal)] : was.Groups;
            var (admin, auditor) = (ask.Admin ?? was.IsAdmin, ask.Auditor ?? was.IsAuditor);
            var unchanged = admin == was.IsAdmin && auditor == was.IsAuditor && groups.ToHashSet(StringComparer.Ordinal).SetEquals(was.Groups);
            var policy = await policies.Get(scope.Db) is { IsOk: true, Value: var inForce } ? inForce : null;
            if (await mayNot(scope, policy, was) is { } refusal)
                return refusal;
            if (unchanged)
            {
                nothing = scope.Recorded == 0;
                return nothing ? new Refusal(ErrorCode.WrongState, "nothing would change") : true;
            }

            // Who was allowed what, while the groups are still the old ones.
            var (allowed, denied) = policy is null ? ([], []) : await Before(scope, policy, actor);
            await scope.Db.Actors.Where(row => row.Id == actor).ExecuteUpdateAsync(set => set
                .SetProperty(row => row.Groups, groups).SetProperty(row => row.IsAdmin, admin).SetProperty(row => row.IsAuditor, auditor));
            scope.Record(new(AuditType.ActorChanged, by, null, new()
            {
                ["changed"] = actor.ToString(), ["name"] = was.Name, ["kind"] = RequestViews.Kind(was.Kind),
                ["old_groups"] = AuditEvent.Texts(was.Groups), ["groups"] = AuditEvent.Texts(groups), ["old_admin"] = was.IsAdmin, ["admin"] = admin, ["old_auditor"] = was.IsAuditor, ["auditor"] = auditor,
            }, source));
            if (policy is null)
                return true;
            const string why = "their groups changed, and policy no longer allows it";
            await tightening.AskAgain(scope, policy, scope.Db.Requests.Where(row => row.ActorId == actor), (request, _) => Task.FromResult(denied.Contains(request.Id)), why, asked);
            await tightening.Revoke(scope, policy, scope.Db.Grants.Where(row => row.ActorId == actor), (request, _) => Task.FromResult(allowed.Contains(request.Id)), why, revoked);
            return true;
        });
        if (!changed.IsOk && !nothing)
            return changed.Refusal;

        asked.ForEach(request => changes.Happened(request.ToString()));
        await using var db = database.Open();
        var live = await db.Runs.AsNoTracking().Where(run => revoked.Contains(run.GrantId) && RunStates.Live.Contains(run.State)).ToListAsync();
        var ended = await ending.End(live, RunEndCause.Revoked, "their groups changed, and policy no longer allows it", by, source);
        var row = await db.Actors.AsNoTracking().SingleAsync(row => row.Id == actor);
        return new UserEndView((await ShowUsers.Views(db, policies, [row]))[0], [.. revoked.Select(grant => grant.ToString())], [.. asked.Select(request => request.ToString())],
            ended with { LatencyMilliseconds = time.GetElapsedTime(began).TotalMilliseconds });
    }

    private async Task<(HashSet<RequestId> Allowed, HashSet<RequestId> Denied)> Before(WriteScope scope, PolicyDocument policy, ActorId actor)
    {
        var (allowed, denied) = (new HashSet<RequestId>(), new HashSet<RequestId>());
        foreach (var (_, request, at) in await Tightening.Open(scope, scope.Db.Grants.Where(row => row.ActorId == actor)))
        {
            if ((await reevaluation.OfGrant(scope.Db, policy, request, at)).IsOk)
                allowed.Add(request.Id);
        }

        foreach (var request in await scope.Db.Requests.AsNoTracking().Where(row => row.ActorId == actor && row.State == RequestState.Pending).ToListAsync())
        {
            if ((await reevaluation.OfRequest(scope.Db, policy, request, Tightening.Later(scope.Now, request.Start))).Verdict == Verdict.Deny)
                denied.Add(request.Id);
        }

        return (allowed, denied);
    }
}
