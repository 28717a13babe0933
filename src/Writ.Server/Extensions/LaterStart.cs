using Microsoft.EntityFrameworkCore;
using Writ.Core;
using Writ.Core.Policy;
using Writ.Server.Requests;
using Writ.Server.Storage;

namespace Writ.Server.Extensions;

/// <summary>
/// When a run's deadline has moved, what else is asked for it is about a deadline that it has no more: it gets a new revision that follows the
/// new one, and is judged by that.
/// </summary>
internal sealed class LaterStart(ReviseRequest revise)
{
    public async Task AskOthersAgain(WriteScope scope, PolicyDocument policy, RequestRow granted)
    {
        if (granted.Extends is not { } id)
            return;
        // One that policy allows by itself moves the deadline once more: as often as there are pending ones.
        while (await Next(scope, id) is var (request, deadline))
            await revise.ToFollow(scope, request, policy, deadline);
    }

    private static async Task<(RequestRow Request, DateTimeOffset Deadline)?> Next(WriteScope scope, Writ.Proof.Identity.RunId id)
    {
        var run = await scope.Db.Runs.AsNoTracking().SingleAsync(row => row.Id == id);
        var deadline = await LiveRuns.Newest(scope.Db, run);
        var request = await scope.Db.Requests.AsNoTracking().Where(row => row.Extends == id && row.State == RequestState.Pending && row.Start < deadline)
            .OrderBy(row => row.Id).FirstOrDefaultAsync();
        return request is null ? null : (request, deadline);
    }
}
