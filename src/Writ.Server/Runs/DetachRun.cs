using Microsoft.EntityFrameworkCore;
using Writ.Core.Audit;
using Writ.Core.Identity;
using Writ.Proof.Errors;
using Writ.Server.Storage;

namespace Writ.Server.Runs;

/// <summary>Lets an attached run go on without its client.</summary>
internal sealed class DetachRun(WriteTransaction writes)
{
    public Task<Result<bool>> Detach(RunRow run, Caller caller) => writes.Commit<bool>(async scope =>
    {
        var changed = await scope.Db.Runs
            .Where(row => row.Id == run.Id && row.ActorId == caller.Id && !row.Detached && RunStates.Live.Contains(row.State))
            .ExecuteUpdateAsync(set => set.SetProperty(row => row.Detached, true));
        if (changed == 0)
            return new Refusal(ErrorCode.WrongState, "the run is not attached");
        scope.Record(new(AuditType.RunDetached, caller.Audit, run.RequestId, new() { ["run"] = run.Id.ToString() }, caller.SourceAddress));
        return true;
    });
}
