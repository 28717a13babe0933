using Microsoft.EntityFrameworkCore;
using Writ.Contracts.Runs;
using Writ.Core;
using Writ.Proof.Orders;
using Writ.Server.Extensions;
using Writ.Server.Files;
using Writ.Server.Grants;
using Writ.Server.Requests;
using Writ.Server.Storage;

namespace Writ.Server.Runs;

/// <summary>Runs as the API shows them.</summary>
internal static class RunViews
{
    public static async Task<IReadOnlyList<RunView>> Load(WritDb db, IReadOnlyList<RunRow> rows, CancellationToken cancel)
    {
        var actorIds = rows.Select(row => row.ActorId).Distinct().ToArray();
        var actors = await db.Actors.AsNoTracking().Where(row => actorIds.Contains(row.Id)).ToDictionaryAsync(row => row.Id, cancel);
        var runnerIds = rows.Select(row => row.RunnerId).Distinct().ToArray();
        var runners = await db.Runners.AsNoTracking().Where(row => runnerIds.Contains(row.Id)).ToDictionaryAsync(row => row.Id, row => row.Name, cancel);
        var extensions = await ExtensionViews.OfRuns(db, rows, cancel);
        var requestIds = rows.Select(row => row.RequestId).Distinct().ToArray();
        var glass = await BrokenGlass.Views(db, await db.Requests.AsNoTracking().Where(row => row.BreakGlass && requestIds.Contains(row.Id)).ToListAsync(cancel), cancel);
        var outputs = rows.ToDictionary(row => row.Id, RunOutput.Read);
        string[] digests = [.. outputs.Values.SelectMany(list => list).Where(output => output.Sha256 is not null).Select(output => output.Sha256!).Distinct()];
        var (known, gone) = (await KeptFiles.Known(db, digests, cancel), await KeptFiles.Gone(db, digests, cancel));
        return
        [
            .. rows.Select(row => new RunView(
                row.Id.ToString(), row.GrantId.ToString(), row.RequestId.ToString(), RequestViews.Of(actors[row.ActorId]),
                runners.GetValueOrDefault(row.RunnerId) ?? row.RunnerId.ToString(), RunStates.Text(row.State), row.Command, row.Argv, row.Detached,
                row.Deadline, row.CreatedAt, row.StartedAt, row.EndedAt, row.ExitCode, row.EndReason, row.EndDetail,
                RunStates.Live.Contains(row.State) ? null : End(row), row.RecordingBytes, row.RecordingSha256,
                Outputs: [.. outputs[row.Id].Select(output => output.View(RunStates.Live.Contains(row.State), known, gone))],
                Terminal: RunOrder.HasTerminal(row.OrderBytes),
                Extensions: extensions.Contains(row.Id) ? [.. extensions[row.Id]] : null,
                BreakGlass: glass(row.RequestId))),
        ];
    }

    /// <summary>What the runner saw of the end; unconfirmed where no runner reported one.</summary>
    public static RunEndView End(RunRow row) => new(
        row.Id.ToString(), row.State is RunState.Exited or RunState.Killed || row.EndReason is RunEndCause.Refused or RunEndCause.CouldNotStart ? "confirmed" : "unconfirmed",
        row.EndReason, row.EndedAt, row.KillToDead?.TotalMilliseconds, row.ProcessesLeft);
}
