using Microsoft.EntityFrameworkCore;
using Writ.Contracts.Grants;
using Writ.Core;
using Writ.Core.Audit;
using Writ.Core.Decisions;
using Writ.Core.Identity;
using Writ.Core.Policy;
using Writ.Proof.Errors;
using Writ.Proof.Identity;
using Writ.Server.Audit;
using Writ.Server.Errors;
using Writ.Server.Identity;
using Writ.Server.Policy;
using Writ.Server.Requests;
using Writ.Server.Storage;

namespace Writ.Server.Grants;

/// <summary>
/// Reviews a use of break-glass: another person says whether it was justified, and what they found. Whatever they say, whoever broke the glass can be
/// given something again. Who may is who could have decided: a person, never on their own, who owns one of the zones; an admin where
/// nobody else does.
/// </summary>
internal sealed class ReviewGrant(
    Database database, WriteTransaction writes, PolicyInForce policies, RequestAccess access, Gate gate, RefusedAttempts refused, Changes changes)
{
    private const int MostText = 1_000;

    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapPost("/grants/{id}/review", async (string id, ReviewAsk ask, ReviewGrant verb, HttpContext context, CancellationToken cancel) =>
            (await verb.Review(context.Caller(), id, ask, cancel)).ToHttp()).WithName("ReviewGrant").Needs(Access.Approver).Produces<GrantView>();

    public async Task<Result<GrantView>> Review(Caller caller, string id, ReviewAsk ask, CancellationToken cancel)
    {
        if (await gate.Refuse(caller, Access.Approver, "review") is { } unfit)
            return unfit;
        if (string.IsNullOrWhiteSpace(ask.Comment) || ask.Comment.Length > MostText)
            return new Refusal(ErrorCode.InvalidInput, $"a review says what was found, in at most {MostText} characters", "say it with --comment");
        var reviewed = await writes.Commit<GrantViews.Granted>(scope => InTransaction(scope, caller, id, ask));
        if (!reviewed.IsOk)
        {
            if (reviewed.Refusal.Code is ErrorCode.OwnRequest or ErrorCode.Forbidden)
            {
                await refused.Record(new(AuditType.AttemptRefused, caller.Audit, null, new()
                {
                    ["attempt"] = "review", ["grant"] = id, ["code"] = reviewed.Refusal.Code,
                }, caller.SourceAddress));
            }

            return reviewed.Refusal;
        }

        changes.Happened(reviewed.Value.Request.Id.ToString());
        await using var db = database.Open();
        return (await GrantViews.Load(db, [reviewed.Value], cancel))[0];
    }

    /// <summary>Whether the caller could review it now, for pages that offer it.</summary>
    public async Task<bool> May(WritDb db, RequestRow request, Caller caller)
    {
        var policy = await policies.Get(db);
        return policy.IsOk && caller.Governs && await Refuse(db, policy.Value, request, caller) is null
            && await db.Glass.AsNoTracking().AnyAsync(row => row.RequestId == request.Id && row.State == GlassState.Broken);
    }

    private async Task<Result<GrantViews.Granted>> InTransaction(WriteScope scope, Caller caller, string id, ReviewAsk ask)
    {
        // 1. May the caller know of it, and may they review it?
        await scope.HoldPolicy();
        if (await Standing.Lost(scope, caller) is { } lost)
            return lost;
        var found = await ShowGrants.Find(scope.Db, access, caller, id);
        if (!found.IsOk)
            return found.Refusal;
        var (grant, request) = found.Value;
        var policy = await policies.Get(scope.Db);
        if (!policy.IsOk)
            return policy.Refusal;
        if (!request.BreakGlass)
            return new Refusal(ErrorCode.WrongState, "no glass was broken for this grant: there is nothing to review");
        if (await Refuse(scope.Db, policy.Value, request, caller) is { } mayNot)
            return mayNot;

        // 2. Once, whoever else reviews it at this moment.
        await scope.TakeTurnOf(grant.ActorId);
        var (from, to) = (AccessLifecycle.Glass.From(GlassEvent.Review), AccessLifecycle.Glass.To(GlassEvent.Review));
        var (by, comment) = (caller.Id, ask.Comment.Trim());
        var changed = await scope.Db.Glass.Where(row => row.GrantId == grant.Id && from.Contains(row.State))
            .ExecuteUpdateAsync(set => set
                .SetProperty(row => row.State, to)
                .SetProperty(row => row.ReviewedBy, by)
                .SetProperty(row => row.ReviewedAt, scope.Now)
                .SetProperty(row => row.Justified, ask.Justified)
                .SetProperty(row => row.Comment, comment));
        if (changed == 0)
            return new Refusal(ErrorCode.AlreadyDecided, "it has been reviewed already", $"writ show {grant.Id}");
        scope.Record(new(AuditType.GlassReviewed, caller.Audit, request.Id, new()
        {
            ["grant"] = grant.Id.ToString(),
            ["request"] = request.Id.ToString(),
            ["for"] = grant.ActorId.ToString(),
            ["justified"] = ask.Justified,
            ["comment"] = comment,
            ["statement"] = request.StatementDigest,
        }, caller.SourceAddress));
        return found;
    }

    private static async Task<Refusal?> Refuse(WritDb db, PolicyDocument policy, RequestRow request, Caller caller)
    {
        if (await RequestAccess.IsOwn(db, request, caller.Id))
            return new(ErrorCode.OwnRequest, "nobody reviews their own use of break-glass", "somebody else reviews it");
        if (await RequestAccess.MustNotDecide(db, request, caller.Id) is { } own)
            return own;
        var reviews = RequestViews.Reviews(request);
        if (Quorum.MayDecide(reviews, Reevaluation.DeciderOf(policy, caller.Id, Reevaluation.SubjectOf(caller))))
            return null;
        // An admin stands in where there is no owner, or none but the one who broke it.
        if (caller.IsAdmin && (reviews.Any(each => each.From.Count == 0) || !await HasOwner(db, policy, request, reviews)))
            return null;
        return new(ErrorCode.Forbidden, "no role of yours reviews this", $"it waits for {string.Join(", or ", BrokenGlass.Reviewers(RequestViews.Evaluation(request)))}");
    }

    private static async Task<bool> HasOwner(WritDb db, PolicyDocument policy, RequestRow request, IReadOnlyList<ApprovalNeed> reviews)
    {
        var people = await db.Actors.AsNoTracking().Where(row => row.Kind == ActorKind.User && row.DisabledAt == null && row.Id != request.ActorId).ToListAsync();
        return people.Any(person => Quorum.MayDecide(reviews, Reevaluation.DeciderOf(policy, person.Id, Reevaluation.SubjectOf(person))));
    }
}
