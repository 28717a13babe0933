using Microsoft.EntityFrameworkCore;
using Writ.Core;
using Writ.Core.Policy;
using Writ.Proof;
using Writ.Proof.Errors;
using Writ.Proof.Identity;
using Writ.Proof.Statements;
using Writ.Server.Grants;
using Writ.Server.Runs;
using Writ.Server.Storage;

namespace Writ.Server.Extensions;

/// <summary>Runs that can get more time, and the deadline that it would follow.</summary>
internal static class LiveRuns
{
    private static readonly ExtensionState[] UnderWay = [.. Enum.GetValues<ExtensionState>().Where(state => state != ExtensionState.None && !AccessLifecycle.Extensions.IsFinal(state))];

    /// <summary>
    /// The run, its grant and its newest deadline: the one in force, or the one of an extension that was decided and is not in force yet.
    /// All that ask for more time, or decide on it, wait for one another here; a refusal where the run or its right is over.
    /// </summary>
    public static async Task<Result<(RunRow Run, GrantRow Grant, DateTimeOffset Deadline)>> TakeTurn(WriteScope scope, RunId id)
    {
        var live = AccessLifecycle.Runs.From(RunEvent.Extend);
        var turned = await scope.Db.Runs.Where(row => row.Id == id && live.Contains(row.State) && row.KillCause == null && row.Deadline > scope.Now)
            .ExecuteUpdateAsync(set => set.SetProperty(row => row.Turn, row => row.Turn + 1));
        var run = await scope.Db.Runs.AsNoTracking().SingleAsync(row => row.Id == id);
        if (turned == 0)
        {
            return run switch
            {
                { KillCause: not null } => new Refusal(ErrorCode.WrongState, "the run is being ended", $"writ show {id}"),
                { State: RunState.Queued } => new Refusal(ErrorCode.WrongState, "the run has not begun", "ask again when it has"),
                _ when AccessLifecycle.Runs.IsFinal(run.State) => new Refusal(ErrorCode.WrongState, $"the run is {RunStates.Text(run.State)} already", "start a new one: writ run"),
                _ => new Refusal(ErrorCode.Expired, "the run's time is over", "start a new one: writ run"),
            };
        }

        var right = AccessLifecycle.Grants.From(GrantEvent.Extend);
        var grant = await scope.Db.Grants.AsNoTracking().SingleAsync(row => row.Id == run.GrantId);
        if (!right.Contains(grant.State))
            return new Refusal(grant.State == GrantState.Revoked ? ErrorCode.Revoked : ErrorCode.Expired, $"the grant is {GrantViews.State(grant.State)}");
        return (run, grant, await Newest(scope.Db, run));
    }

    /// <summary>The deadline that more time would follow.</summary>
    public static async Task<DateTimeOffset> Newest(WritDb db, RunRow run) =>
        (await db.Extensions.Where(row => row.RunId == run.Id && UnderWay.Contains(row.State)).Select(row => row.Until).ToListAsync()).Append(run.Deadline).Max();

    /// <summary>
    /// Holds the run until this transaction ends, whatever its state. Whoever touches more than one of a run, its requests of more time, and its
    /// grant does it in this order, or two of them would wait for each other.
    /// </summary>
    public static Task Hold(WriteScope scope, RunId id) =>
        scope.Db.Runs.Where(row => row.Id == id).ExecuteUpdateAsync(set => set.SetProperty(row => row.Turn, row => row.Turn + 1));

    /// <summary>What the run lives under, with the terms that nothing changes.</summary>
    public static LiveRight RightOf(GrantRow grant, DateTimeOffset deadline, Statement statement) =>
        new(grant.NotBefore, deadline, statement.Budget ?? Budget.Unlimited, UnixMicroseconds.ToDuration(statement.MaxDisconnected));
}
