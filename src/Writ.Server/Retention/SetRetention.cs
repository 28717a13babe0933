using Microsoft.EntityFrameworkCore;
using Writ.Contracts.Requests;
using Writ.Contracts.Retention;
using Writ.Core.Audit;
using Writ.Core.Identity;
using Writ.Proof.Errors;
using Writ.Server.Errors;
using Writ.Server.Identity;
using Writ.Server.Storage;

namespace Writ.Server.Retention;

/// <summary>How long evidence is kept: for everybody to see, for admins to set. Nothing is deleted before an admin has said so.</summary>
internal sealed class SetRetention(Database database, WriteTransaction writes, Gate gate)
{
    private static readonly TimeSpan Shortest = TimeSpan.FromDays(1), Longest = TimeSpan.FromDays(36_500);

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/retention", async (SetRetention verb, CancellationToken cancel) => Results.Ok(await verb.Show(cancel)))
            .WithName("ShowRetention").Needs(Access.SignedIn).Produces<Page<RetentionView>>();
        routes.MapPut("/retention/{kind}", async (string kind, RetentionAsk ask, SetRetention verb, HttpContext context) =>
                (await verb.Set(context.Caller(), kind, ask.KeepSeconds is { } seconds ? TimeSpan.FromSeconds(Math.Clamp(seconds, 0, 1e10)) : null)).ToHttp())
            .WithName("SetRetention").Needs(Access.FreshAdmin).Produces<RetentionView>();
    }

    /// <summary>Every kind, also those that are kept for ever.</summary>
    public async Task<Page<RetentionView>> Show(CancellationToken cancel)
    {
        await using var db = database.Open();
        var rows = await db.Retention.AsNoTracking().ToDictionaryAsync(row => row.Kind, cancel);
        return new([.. RetentionKind.All.Select(kind => rows.TryGetValue(kind, out var row) ? View(row) : new RetentionView(kind, null, null))], null);
    }

    /// <summary>Sets one; null keeps for ever.</summary>
    public async Task<Result<RetentionView>> Set(Caller caller, string kind, TimeSpan? keep)
    {
        if (await gate.Refuse(caller, Access.FreshAdmin, "set a retention") is { } refusal)
            return refusal;
        if (!RetentionKind.All.Contains(kind))
            return new Refusal(ErrorCode.InvalidInput, "there is no such kind of evidence", string.Join(", ", RetentionKind.All));
        if (keep < Shortest || keep > Longest)
            return new Refusal(ErrorCode.InvalidInput, "evidence is kept for at least one day and at most 36,500", "what was deleted does not come back");
        return await writes.Commit<RetentionView>(async scope =>
        {
            var row = await scope.Db.Retention.SingleOrDefaultAsync(row => row.Kind == kind);
            scope.Record(new(AuditType.RetentionSet, caller.Audit, null, new() { ["kind"] = kind, ["old_keep"] = row?.Keep.TotalSeconds, ["keep"] = keep?.TotalSeconds }, caller.SourceAddress));
            if (keep is not { } span)
            {
                if (row is not null)
                    scope.Db.Retention.Remove(row);
                return new RetentionView(kind, null, null);
            }

            if (row is null)
                scope.Db.Retention.Add(row = new() { Kind = kind, Keep = span, SetAt = scope.Now });
            (row.Keep, row.SetAt) = (span, scope.Now);
            return View(row);
        });
    }

    private static RetentionView View(RetentionRow row) => new(row.Kind, row.Keep.TotalSeconds, row.SetAt);
}
