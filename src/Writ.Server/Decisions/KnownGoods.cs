using System.Text.Json.Nodes;
using Microsoft.EntityFrameworkCore;
using Writ.Contracts.Requests;
using Writ.Core;
using Writ.Core.Audit;
using Writ.Core.Decisions;
using Writ.Core.Policy;
using Writ.Proof.Identity;
using Writ.Proof.Statements;
using Writ.Server.Requests;
using Writ.Server.Runs;
using Writ.Server.Storage;

namespace Writ.Server.Decisions;

/// <summary>What is held against what was approved before.</summary>
/// <param name="Actor">Who asks.</param>
/// <param name="OnBehalfOf">The person for whom, or null.</param>
/// <param name="Like">By what it is known again.</param>
/// <param name="Zones">The zones that it touches.</param>
/// <param name="Duration">For how long it is asked.</param>
/// <param name="Uses">For how many runs.</param>
/// <param name="Begins">When its right would begin.</param>
internal sealed record KnownGoodAsk(ActorId Actor, ActorId? OnBehalfOf, Likeness Like, IReadOnlyList<string> Zones, TimeSpan Duration, int Uses, DateTimeOffset Begins)
{
    /// <summary>Of a request that is there.</summary>
    public static KnownGoodAsk Of(RequestRow row, Evaluation found) => new(
        row.ActorId, row.OnBehalfOf, new(row.PlanLikeness ?? "", row.TemplateLikeness), found.Zones, row.Duration, row.Uses, row.Start > row.CreatedAt ? row.Start.Value : row.CreatedAt);
}

/// <summary>What was found of it.</summary>
/// <param name="Terms">What the rules ask for.</param>
/// <param name="By">The request that people approved; null where nothing before would do.</param>
/// <param name="People">Who approved it, by name.</param>
/// <param name="Why">Why nothing would do; null where something does.</param>
internal sealed record KnownGoodAnswer(KnownGood Terms, RequestRow? By, IReadOnlyList<string> People, string? Why)
{
    /// <summary>The answer in a sentence.</summary>
    public string Sentence => By is null ? $"{Terms.Named} takes the same {Terms.Same} as known good: {Why}"
        : $"{Terms.Named} takes the same {Terms.Same} as known good for {Duration.Format(Terms.Within)}: {By.Id} was approved by {string.Join(" and ", People)} {By.EndedAt!.Value.UtcDateTime:yyyy-MM-dd HH:mm} UTC";

    /// <summary>What it rests on, in an entry of the log.</summary>
    public JsonObject Entry => new()
    {
        ["request"] = By!.Id.ToString(), ["statement"] = By.StatementDigest, ["same"] = Terms.Same, ["rules"] = AuditEvent.Texts(Terms.Rules), ["approved_by"] = AuditEvent.Texts(People),
        ["approved_at"] = By.EndedAt!.Value.ToString("O"), ["within_seconds"] = Terms.Within.TotalSeconds,
    };

    /// <summary>As the API shows it.</summary>
    public KnownGoodView View => new(Terms.Rules, Terms.Same, By?.Id.ToString(), By?.EndedAt, People, By?.EndedAt + Terms.Within, Why);
}

/// <summary>
/// Known-good plans and templates: whether people approved the same before for the same requester, with at least what the rules ask for now, and
/// whether nothing spoke against it since. What policy approved by itself never stands for anything.
/// </summary>
internal static class KnownGoods
{
    /// <summary>So many of the latest approvals of the same are looked at.</summary>
    private const int MostLooked = 20;

    /// <summary>What stands for the approvals that are asked for, or why nothing does; null where the rules take nothing for them.</summary>
    public static async Task<KnownGoodAnswer?> Find(WritDb db, PolicyDocument policy, KnownGoodAsk ask, Evaluation found)
    {
        if (KnownGood.For(found) is not { } terms)
            return null;
        if (terms.SameTemplate && ask.Like.Template is null)
            return new(terms, null, [], "it is asked for by no template");
        var (plan, template) = Wanted(terms, ask);
        var earlier = await ByPeople(db).Where(row => row.ActorId == ask.Actor && row.OnBehalfOf == ask.OnBehalfOf
                && (plan == null || row.PlanLikeness == plan) && (template == null || row.TemplateLikeness == template))
            .OrderByDescending(row => row.EndedAt).ThenByDescending(row => row.Id).Take(MostLooked).ToListAsync();
        string? why = null;
        foreach (var row in earlier)
        {
            if (await Wrong(db, policy, terms, ask, found, row) is not { } wrong)
                return new(terms, row, await Names(db, row), null);
            why ??= wrong;
        }

        return new(terms, null, [], why ?? $"people have approved no such {terms.Same} for its requester");
    }

    /// <summary>Null where what the request rests on stands for the approvals still; else why not.</summary>
    public static async Task<string?> Gone(WritDb db, PolicyDocument policy, RequestRow request, Evaluation found)
    {
        if (KnownGood.For(found) is not { } terms)
            return "policy takes no earlier approval for it any more";
        var ask = KnownGoodAsk.Of(request, found);
        var (plan, template) = Wanted(terms, ask);
        return await ByPeople(db).SingleOrDefaultAsync(row => row.Id == request.KnownGoodBy) is { } by
            && (plan is null || by.PlanLikeness == plan) && (template is null || by.TemplateLikeness == template)
            ? await Wrong(db, policy, terms, ask, found, by) : $"{request.KnownGoodBy} is another {terms.Same}";
    }

    private static (string? Plan, string? Template) Wanted(KnownGood terms, KnownGoodAsk ask) =>
        (terms.SamePlan ? ask.Like.Plan : null, terms.SameTemplate ? ask.Like.Template ?? "" : null);

    /// <summary>Ordinary requests that people approved, and not policy.</summary>
    private static IQueryable<RequestRow> ByPeople(WritDb db) => db.Requests.AsNoTracking().Where(row =>
        row.State == RequestState.Approved && !row.BreakGlass && row.Extends == null && row.Series == null && row.KnownGoodBy == null
        && db.Decisions.Any(decision => decision.RequestId == row.Id && decision.Revision == row.Revision && decision.Approved && decision.ActorId != null));

    /// <summary>Why what was approved does not stand for what is asked, or null.</summary>
    private static async Task<string?> Wrong(WritDb db, PolicyDocument policy, KnownGood terms, KnownGoodAsk ask, Evaluation found, RequestRow by)
    {
        var at = by.EndedAt!.Value;
        if (ask.Begins >= at + terms.Within)
            return $"it was last approved {Ago(ask.Begins - at)} ago ({by.Id}), and {terms.Named} looks back {Duration.Format(terms.Within)}";
        if (await Against(db, terms, ask, at) is { } against)
            return $"{against} since {by.Id} was approved";
        if (ask.Duration > by.Duration || ask.Uses > by.Uses)
            return $"{by.Id} was approved for {Duration.Format(by.Duration)} and {by.Uses} {(by.Uses == 1 ? "use" : "uses")}, and this asks for more";
        if (Statement.Read(by.Statement) is not { IsOk: true, Value: var statement } || ask.Zones.Except(statement.Zones, StringComparer.Ordinal).Any())
            return $"{by.Id} was approved for other zones";
        var approvers = new List<Decider>();
        foreach (var approver in await Reevaluation.Approvers(db, policy, by))
        {
            // Whoever has become one of its own people since then would not be heard today.
            if (await RequestAccess.MustNotDecide(db, by, approver.Person) is null)
                approvers.Add(approver);
        }

        return Quorum.Missing(found.Approvals, approvers) is [var missing, ..] ? $"{by.Id} was approved with less than is asked for now: missing is {missing}" : null;
    }

    /// <summary>What speaks against the same since an instant, whoever had asked for it: a no, a right that was taken away, a run that had to be ended, glass that was broken for it and should not have been.</summary>
    private static async Task<string?> Against(WritDb db, KnownGood terms, KnownGoodAsk ask, DateTimeOffset since)
    {
        var (plan, template) = Wanted(terms, ask);
        var same = db.Requests.Where(row => (plan != null && row.PlanLikeness == plan) || (template != null && row.TemplateLikeness == template)).Select(row => row.Id);
        if (await db.Decisions.AnyAsync(row => !row.Approved && row.ActorId != null && row.At >= since && same.Contains(row.RequestId)))
            return "somebody denied the same";
        if (await db.Grants.AnyAsync(row => row.State == GrantState.Revoked && row.EndedAt >= since && same.Contains(row.RequestId)))
            return "a grant of the same was revoked";
        // By their grants: runs are found by those, and there may be very many.
        var runs = from grant in db.Grants join run in db.Runs on grant.Id equals run.GrantId where same.Contains(grant.RequestId) select run;
        if (await runs.AnyAsync(row => (row.KillCause == RunEndCause.Killed && row.KillAskedAt >= since)
                || ((row.EndReason == RunEndCause.Killed || row.EndReason == RunEndCause.Violations) && row.EndedAt >= since)))
            return "a run of the same was killed, by somebody or for its packets out of scope,";
        return await db.Glass.AnyAsync(row => row.Justified == false && row.ReviewedAt >= since && same.Contains(row.RequestId))
            ? "a review found that breaking the glass for the same was not justified" : null;
    }

    private static Task<List<string>> Names(WritDb db, RequestRow earlier) => (
        from decision in db.Decisions.AsNoTracking()
        join actor in db.Actors.AsNoTracking() on decision.ActorId equals actor.Id
        where decision.RequestId == earlier.Id && decision.Revision == earlier.Revision && decision.Approved
        orderby decision.At
        select actor.Name).ToListAsync();

    private static string Ago(TimeSpan time) => time >= TimeSpan.FromDays(2) ? $"{time.Days} days" : Duration.Format(TimeSpan.FromSeconds(Math.Ceiling(time.TotalSeconds)));
}
