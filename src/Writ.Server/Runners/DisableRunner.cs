using Microsoft.EntityFrameworkCore;
using Writ.Contracts.Grants;
using Writ.Contracts.Runners;
using Writ.Core.Audit;
using Writ.Core.Identity;
using Writ.Proof.Errors;
using Writ.Proof.Identity;
using Writ.Server.Errors;
using Writ.Server.Identity;
using Writ.Server.Requests;
using Writ.Server.Runs;
using Writ.Server.Storage;

namespace Writ.Server.Runners;

/// <summary>
/// Disables a runner: its live runs end, its link is cut, and no certificate of it is taken from then on, whatever life it has
/// left. Or enables it again. What it may reach is said by the zones of the policy, which name runners, and by its own ceiling.
/// </summary>
internal sealed class DisableRunner(Database database, WriteTransaction writes, Gate gate, RunEnding ending, RunnerHub hub)
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPost("/runners/{id}/disable", async (string id, EndAsk ask, DisableRunner verb, HttpContext context) =>
            (await verb.Disable(context.Caller(), id, ask.Reason)).ToHttp()).WithName("DisableRunner").Needs(Access.FreshAdmin).Produces<RunnerEndView>();
        routes.MapPost("/runners/{id}/enable", async (string id, DisableRunner verb, HttpContext context) =>
            (await verb.Enable(context.Caller(), id)).ToHttp()).WithName("EnableRunner").Needs(Access.FreshAdmin).Produces<RunnerEndView>();
    }

    public async Task<Result<RunnerEndView>> Disable(Caller caller, string id, string? reason)
    {
        if (await gate.Refuse(caller, Access.FreshAdmin, "disable runner") is { } refusal)
            return refusal;
        var why = string.IsNullOrWhiteSpace(reason) ? $"its runner was disabled by {caller.Name}" : $"its runner was disabled by {caller.Name}: {reason}";

        // 1. From here on no order is signed for it: whoever signs one holds the policy, and looks at the runner.
        var changed = await Change(caller, id, disabled: true, AuditType.RunnerDisabled, reason);
        if (!changed.IsOk)
            return changed.Refusal;

        // 2. Its runs end while it still hears us; then the link is cut. One that does not listen is cut all the same, and kills
        //    them itself once it is out of contact for as long as their rules allow.
        var runner = changed.Value;
        List<RunRow> live;
        await using (var db = database.Open())
            live = await db.Runs.AsNoTracking().Where(run => run.RunnerId == runner.Id && RunStates.Live.Contains(run.State)).ToListAsync();
        var ended = await ending.End(live, RunEndCause.Revoked, why, caller.Audit, caller.SourceAddress);
        hub.Cut(runner.Id);
        return new RunnerEndView(id, runner.Name, runner.DisabledAt, ended);
    }

    public async Task<Result<RunnerEndView>> Enable(Caller caller, string id)
    {
        if (await gate.Refuse(caller, Access.FreshAdmin, "enable runner") is { } refusal)
            return refusal;
        var changed = await Change(caller, id, disabled: false, AuditType.RunnerEnabled, null);
        return changed.IsOk ? new RunnerEndView(id, changed.Value.Name, null, new("confirmed", true, 0, [])) : changed.Refusal;
    }

    private async Task<Result<RunnerRow>> Change(Caller caller, string id, bool disabled, string type, string? reason)
    {
        var missing = new Refusal(ErrorCode.NotFound, $"there is no runner '{RequestAccess.Shown(id)}'", "writ runners lists them");
        return !RunnerId.TryParse(id, out var runner) ? missing : await writes.Commit<RunnerRow>(async scope =>
        {
            await scope.TakePolicy();
            if (await scope.Db.Runners.AsNoTracking().SingleOrDefaultAsync(row => row.Id == runner) is not { } row)
                return missing;
            if (row.DisabledAt is not null == disabled)
                return new Refusal(ErrorCode.WrongState, $"runner {row.Name} is {(disabled ? "disabled already" : "not disabled")}");
            row.DisabledAt = disabled ? scope.Now : null;
            await scope.Db.Runners.Where(found => found.Id == runner).ExecuteUpdateAsync(set => set.SetProperty(found => found.DisabledAt, row.DisabledAt));
            scope.Record(new(type, caller.Audit, null, new() { ["runner"] = id, ["name"] = row.Name, ["reason"] = reason }, caller.SourceAddress));
            return row;
        });
    }
}
