using Microsoft.EntityFrameworkCore;
using Writ.Contracts.Identity;
using Writ.Contracts.Requests;
using Writ.Core.Identity;
using Writ.Proof.Errors;
using Writ.Proof.Identity;
using Writ.Server.Errors;
using Writ.Server.Identity;
using Writ.Server.Requests;
using Writ.Server.Storage;

namespace Writ.Server.Proposals;

/// <summary>What waits, or waited, for a second person, newest first; and one of them with its content.</summary>
internal static class ShowProposals
{
    private const int MostItems = 200;

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/proposals", async (int? limit, string? cursor, Database database, TimeProvider time, CancellationToken cancel) =>
        {
            ProposalId after = default;
            if (cursor is not null && !ProposalId.TryParse(cursor, out after))
                return new Refusal(ErrorCode.InvalidInput, "the cursor is none of this list's").ToHttp();
            await using var db = database.Open();
            var most = Math.Clamp(limit ?? 50, 1, MostItems);
            var rows = await db.Proposals.AsNoTracking().Where(row => cursor == null || row.Id.CompareTo(after) < 0).OrderByDescending(row => row.Id).Take(most + 1).ToListAsync(cancel);
            var views = await Views(db, [.. rows.Take(most)], withContent: false, time.GetUtcNow());
            return Results.Ok(new Page<ProposalView>(views, rows.Count > most ? views[^1].Id : null));
        }).WithName("ListProposals").Needs(Access.Auditor).Produces<Page<ProposalView>>();

        routes.MapGet("/proposals/{id}", async (string id, Database database, TimeProvider time) =>
        {
            await using var db = database.Open();
            var found = await Find(db, id);
            return found.IsOk ? Results.Ok((await Views(db, [found.Value], withContent: true, time.GetUtcNow()))[0]) : found.Refusal.ToHttp();
        }).WithName("ShowProposal").Needs(Access.Auditor).Produces<ProposalView>();
    }

    public static async Task<Result<ProposalRow>> Find(WritDb db, string id) =>
        ProposalId.TryParse(id, out var proposal) && await db.Proposals.AsNoTracking().SingleOrDefaultAsync(row => row.Id == proposal) is { } row
            ? row
            : new Refusal(ErrorCode.NotFound, $"there is no proposal '{RequestAccess.Shown(id)}'", "writ proposals lists them");

    public static async Task<IReadOnlyList<ProposalView>> Views(WritDb db, IReadOnlyList<ProposalRow> rows, bool withContent, DateTimeOffset now)
    {
        var names = await db.NamesOf(rows.Select(row => row.By));
        return [.. rows.Select(row => new ProposalView(row.Id.ToString(), row.Kind, row.Of, names[row.By], row.NewRights,
            row.State == ProposalBook.Waiting && row.ExpiresAt <= now ? "expired" : row.State, row.CreatedAt, row.ExpiresAt, row.DecidedBy, row.DecidedAt, withContent ? row.Content : null))];
    }
}
