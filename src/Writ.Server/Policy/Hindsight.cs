using System.Runtime.CompilerServices;
using Microsoft.EntityFrameworkCore;
using Writ.Core.Identity;
using Writ.Core.Policy;
using Writ.Proof.Identity;
using Writ.Server.Requests;
using Writ.Server.Storage;

namespace Writ.Server.Policy;

/// <summary>A request that two policies answer otherwise.</summary>
public sealed record Differing(string Id, string Who, IReadOnlyList<string> Command, DateTimeOffset At, string Before, string After);

/// <summary>
/// Holds two policies against what was asked before: at the moment at which it was asked, by the requester's groups of today. Nothing is asked, and
/// nothing is on the record.
/// </summary>
internal sealed class Hindsight(Database database, Reevaluation reevaluation)
{
    private const int Piece = 50;

    /// <summary>Which of the last requests they answer otherwise, newest first and as they come. Only of those that the one who looks may know of.</summary>
    public async IAsyncEnumerable<(int Looked, Differing? Found)> Compare(Caller caller, PolicyDocument? before, PolicyDocument after, int most, [EnumeratorCancellation] CancellationToken cancel)
    {
        RequestId? last = null;
        var looked = 0;
        while (looked < most)
        {
            await using var db = database.Open();
            // More time is asked for what already runs: it is no right of its own.
            var query = db.Requests.AsNoTracking().Where(row => (caller.ReadsAll || row.ActorId == caller.Id) && row.Extends == null);
            if (last is { } from)
                query = query.Where(row => row.Id.CompareTo(from) < 0);
            var rows = await query.OrderByDescending(row => row.Id).Take(Math.Min(Piece, most - looked)).ToListAsync(cancel);
            if (rows.Count == 0)
                yield break;
            last = rows[^1].Id;
            var ids = rows.Select(row => row.ActorId).Distinct().ToArray();
            var actors = await db.Actors.AsNoTracking().Where(row => ids.Contains(row.Id)).ToDictionaryAsync(row => row.Id, cancel);
            foreach (var row in rows)
            {
                looked++;
                var actor = actors[row.ActorId];
                // What a source said then is not kept: neither policy knows it.
                var (was, now) = (before is null ? Answer(null) : Answer(await reevaluation.OfPast(db, before.At(row.CreatedAt, _ => null), row, actor)), Answer(await reevaluation.OfPast(db, after.At(row.CreatedAt, _ => null), row, actor)));
                if (was != now)
                    yield return (looked, new(row.Id.ToString(), actor.Name, row.Command, row.CreatedAt, was, now));
            }

            yield return (looked, null);
        }
    }

    private static string Answer(Evaluation? found) => found?.Verdict switch
    {
        Verdict.Allow => "allowed",
        Verdict.RequireApproval => $"asks {string.Join(" and ", found.Approvals.Select(need => $"{need.Count} {string.Join(" or ", need.From)}").Distinct())}",
        _ => "denied",
    };
}
