using Microsoft.EntityFrameworkCore;
using Writ.Contracts.Grants;
using Writ.Core;
using Writ.Server.Requests;
using Writ.Server.Storage;

namespace Writ.Server.Grants;

/// <summary>Grants as the API shows them.</summary>
internal static class GrantViews
{
    public static string State(GrantState state) => state switch
    {
        GrantState.None => "none",
        GrantState.Active => "active",
        GrantState.Exhausted => "exhausted",
        GrantState.Expired => "expired",
        GrantState.Revoked => "revoked",
    };

    public static GrantState? ParseState(string text) =>
        Enum.GetValues<GrantState>().Where(state => state != GrantState.None && State(state) == text).Select(state => (GrantState?)state).FirstOrDefault();

    /// <summary>A grant with the request that it came from.</summary>
    public sealed record Granted(GrantRow Grant, RequestRow Request);

    public static async Task<IReadOnlyList<GrantView>> Load(WritDb db, IReadOnlyList<Granted> rows, CancellationToken cancel)
    {
        var actorIds = rows.Select(row => row.Grant.ActorId).Distinct().ToArray();
        var actors = await db.Actors.AsNoTracking().Where(row => actorIds.Contains(row.Id)).ToDictionaryAsync(row => row.Id, cancel);
        var runnerIds = rows.Select(row => row.Grant.RunnerId).Distinct().ToArray();
        var runners = await db.Runners.AsNoTracking().Where(row => runnerIds.Contains(row.Id)).ToDictionaryAsync(row => row.Id, row => row.Name, cancel);
        var glass = await BrokenGlass.Views(db, [.. rows.Select(row => row.Request)], cancel);
        return
        [
            .. rows.Select(row => new GrantView(
                row.Grant.Id.ToString(), row.Grant.RequestId.ToString(), RequestViews.Of(actors[row.Grant.ActorId]),
                State(row.Grant.State), row.Grant.EndReason, row.Grant.Tool, RequestViews.Plan(row.Request).Argv,
                RequestViews.Evaluation(row.Request).Zones, runners.GetValueOrDefault(row.Grant.RunnerId) ?? row.Grant.RunnerId.ToString(),
                row.Grant.UsesGranted, row.Grant.UsesLeft, row.Grant.NotBefore, row.Grant.NotAfter, glass(row.Request.Id))),
        ];
    }
}
