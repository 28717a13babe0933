using Microsoft.EntityFrameworkCore;
using Writ.Contracts.Policy;
using Writ.Core.Identity;
using Writ.Core.Policy;
using Writ.Proof.Errors;
using Writ.Proof.Identity;
using Writ.Server.Errors;
using Writ.Server.Identity;
using Writ.Server.Requests;
using Writ.Server.Storage;

namespace Writ.Server.Policy;

/// <summary>Shows how often each rule and denial answered of late, which did not at all, and the least of a rule that covers what was really used of it.</summary>
internal sealed class ShowRuleUse(Database database, PolicyInForce policies, RuleUse use, Reevaluation reevaluation, TimeProvider time)
{
    /// <summary>So many requests are looked through for those that a rule opened, the newest first.</summary>
    private const int MostLooked = 20_000;
    /// <summary>So many of them are planned anew.</summary>
    private const int MostPlanned = 1_000;
    private const int Piece = 500;

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/policy/use", async (ShowRuleUse verb, CancellationToken cancel) => (await verb.All(cancel)).ToHttp())
            .WithName("ListRuleUse").Needs(Access.Auditor).Produces<IReadOnlyList<RuleUseView>>();
        routes.MapGet("/policy/use/{rule}", async (string rule, ShowRuleUse verb, CancellationToken cancel) => (await verb.One(rule, cancel)).ToHttp())
            .WithName("ShowRuleUse").Needs(Access.Auditor).Produces<RuleUseView>();
    }

    /// <summary>Every rule and denial, in the order of the policy.</summary>
    public async Task<Result<IReadOnlyList<RuleUseView>>> All(CancellationToken cancel)
    {
        await using var db = database.Open();
        var policy = await policies.Get(db);
        if (!policy.IsOk)
            return policy.Refusal;
        var uses = await use.Now(cancel);
        return (RuleUseView[])[
            .. policy.Value.Rules.Select(rule => View(rule.Id, "rule", rule.Line, uses.GetValueOrDefault(rule.Id))),
            .. policy.Value.Denials.Select(denial => View(denial.Id, "denial", denial.Line, uses.GetValueOrDefault(denial.Id)))];
    }

    /// <summary>One rule, with what of it is enough.</summary>
    public async Task<Result<RuleUseView>> One(string name, CancellationToken cancel)
    {
        await using var db = database.Open();
        var policy = await policies.Get(db);
        if (!policy.IsOk)
            return policy.Refusal;
        if (policy.Value.Rules.FirstOrDefault(rule => rule.Id == name) is not { } rule)
            return new Refusal(ErrorCode.NotFound, $"there is no rule '{RequestAccess.Shown(name)}' in the policy", "writ policy use lists them");
        var uses = (await use.Now(cancel)).GetValueOrDefault(name);
        var used = await Used(db, policy.Value, rule, cancel);
        var least = NarrowestRule.Of(policy.Value, rule, used);
        return View(rule.Id, "rule", rule.Line, uses) with { Runs = used.Count, Enough = least is null ? null : NarrowestRule.Text(least) };
    }

    /// <summary>What ran in the last days by requests that the rule answered.</summary>
    private async Task<List<UsedRight>> Used(WritDb db, PolicyDocument policy, Rule rule, CancellationToken cancel)
    {
        var since = time.GetUtcNow() - TimeSpan.FromDays(RuleUse.Days);
        var used = new List<UsedRight>();
        RequestId? last = null;
        for (var looked = 0; looked < MostLooked && used.Count < MostPlanned;)
        {
            var query =
                from request in db.Requests.AsNoTracking()
                where request.CreatedAt >= since && request.Extends == null && db.Grants.Any(grant => grant.RequestId == request.Id && db.Runs.Any(run => run.GrantId == grant.Id))
                select request;
            if (last is { } before)
                query = query.Where(row => row.Id.CompareTo(before) < 0);
            var rows = await query.OrderByDescending(row => row.Id).Take(Piece).ToListAsync(cancel);
            if (rows.Count == 0)
                break;
            (last, looked) = (rows[^1].Id, looked + rows.Count);
            foreach (var row in rows.Where(row => RuleUse.Answer(row.Evaluation).Rules.Contains(rule.Id)).Take(MostPlanned - used.Count))
            {
                if (await reevaluation.PlanOf(db, policy, row) is { IsOk: true, Value: var plan })
                    used.Add(new(plan, row.Duration, row.Uses, row.Template));
            }
        }

        return used;
    }

    private static RuleUseView View(string id, string kind, int line, UseOfRule? use) =>
        new(id, kind, line, RuleUse.Days, use?.Allowed ?? 0, use?.Asked ?? 0, use?.Denied ?? 0);
}
