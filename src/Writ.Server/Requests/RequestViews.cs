using System.Globalization;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Writ.Contracts;
using Writ.Contracts.Chat;
using Writ.Contracts.Requests;
using Writ.Core;
using Writ.Core.Decisions;
using Writ.Core.Identity;
using Writ.Core.Policy;
using Writ.Core.Tools;
using Writ.Proof.Addresses;
using Writ.Proof.Identity;
using Writ.Proof.Statements;
using Writ.Server.Extensions;
using Writ.Server.Grants;
using Writ.Server.Series;
using Writ.Server.Storage;
using Writ.Server.Templates;

namespace Writ.Server.Requests;

/// <summary>Requests, plans and evaluations as the API shows them.</summary>
internal static class RequestViews
{
    /// <summary>An answer about very many zones is cut here; the statement holds all of them.</summary>
    private const int MostFindings = 100;

    public static EvaluationView Of(Evaluation found, string policyHash) => new(
        VerdictText.Of(found.Verdict), found.Reasons, found.Rules, found.Zones,
        [.. found.Approvals.Select(need => new ApprovalView(need.Zone, need.Rule, need.From, need.Count, need.WithPasskey, need.EscalateAfter?.TotalSeconds, need.ByChat))], policyHash,
        [.. found.Findings.Take(MostFindings).Select(Of)],
        [.. found.Denials.Take(MostFindings).Select(denial => new DenialFindingView(denial.Denial, [.. denial.Zones.Take(MostFindings)], Of(denial.Matched)))],
        Texts(found.Outside), found.Budget == Budget.Unlimited ? null : found.Budget,
        found.Reviews is { } reviews ? [.. reviews.Select(need => new ApprovalView(need.Zone, need.Rule, need.From, need.Count))] : null);

    private static ZoneFindingView Of(ZoneFinding zone) => new(
        zone.Zone, Texts(zone.Addresses), VerdictText.Of(zone.Verdict), zone.By,
        [.. zone.Rules.Select(rule => new RuleFindingView(rule.Rule, Of(rule.Failed)))], zone.More,
        zone.Addresses.Count.ToString(CultureInfo.InvariantCulture));

    private static ConditionView[] Of(IReadOnlyList<FailedCondition> conditions) =>
        [.. conditions.Select(failed => new ConditionView(failed.Facet, failed.Asked, failed.Allowed, failed.Reason, failed.Hint))];

    private static string[] Texts(AddressSet addresses) => [.. addresses.Ranges.Take(MostFindings).Select(range => range.ToString())];

    public static ActorView Of(ActorRow actor) => new(actor.Id.ToString(), actor.Name, Kind(actor.Kind));

    public static string Kind(ActorKind kind) => kind switch
    {
        ActorKind.User => "user",
        ActorKind.Workload => "workload",
        ActorKind.System => "system",
        ActorKind.None => "none",
    };

    public static string State(RequestState state) => state switch
    {
        RequestState.None => "none",
        RequestState.Pending => "pending",
        RequestState.Approved => "approved",
        RequestState.Denied => "denied",
        RequestState.Cancelled => "cancelled",
        RequestState.Expired => "expired",
    };

    public static RequestState? ParseState(string text) =>
        Enum.GetValues<RequestState>().Where(state => state != RequestState.None && State(state) == text).Select(state => (RequestState?)state).FirstOrDefault();

    public static PlanView Plan(RequestRow row) => JsonSerializer.Deserialize(row.Plan, WritJson.Default.PlanView)!;

    public static EvaluationView Evaluation(RequestRow row) => JsonSerializer.Deserialize(row.Evaluation, WritJson.Default.EvaluationView)!;

    public static IReadOnlyList<ApprovalNeed> Needs(RequestRow row) =>
        [.. Evaluation(row).Approvals.Select(need => new ApprovalNeed(need.Zone, need.Rule, need.From, need.Count, need.WithPasskey, Seconds(need.EscalateAfterSeconds), need.ByChat))];

    private static TimeSpan? Seconds(double? seconds) => seconds is { } some ? TimeSpan.FromSeconds(some) : null;

    /// <summary>Who may review it, where the glass was broken, by zone; one of them all is enough.</summary>
    public static IReadOnlyList<ApprovalNeed> Reviews(RequestRow row) =>
        row.BreakGlass ? [.. (Evaluation(row).Reviews ?? []).Select(need => new ApprovalNeed(need.Zone, need.Rule, need.From, need.Count))] : [];

    /// <summary>The views of these rows, with a few queries for all of them.</summary>
    public static async Task<IReadOnlyList<RequestView>> Load(WritDb db, PolicyDocument? policy, IReadOnlyList<RequestRow> rows, CancellationToken cancel)
    {
        var ids = rows.Select(row => row.Id).ToArray();
        var decisions = (await db.Decisions.AsNoTracking().Where(row => ids.Contains(row.RequestId)).OrderBy(row => row.At).ToListAsync(cancel))
            .ToLookup(row => row.RequestId);
        var grants = await db.Grants.AsNoTracking().Where(row => ids.Contains(row.RequestId))
            .ToDictionaryAsync(row => row.RequestId, row => row.Id, cancel);
        var actorIds = rows.Select(row => row.ActorId).Concat(rows.Where(row => row.OnBehalfOf is not null).Select(row => row.OnBehalfOf!.Value))
            .Concat(decisions.SelectMany(group => group).Where(row => row.ActorId is not null).Select(row => row.ActorId!.Value)).Distinct().ToArray();
        var actors = await db.Actors.AsNoTracking().Where(row => actorIds.Contains(row.Id)).ToDictionaryAsync(row => row.Id, cancel);
        var extensions = await ExtensionViews.OfRequests(db, rows, cancel);
        var glass = await BrokenGlass.Views(db, rows, cancel);
        var series = await SeriesTerms.StatementsOf(db, rows, cancel);
        var runnerIds = rows.Select(row => row.RunnerId).Distinct().ToArray();
        var runners = await db.Runners.AsNoTracking().Where(row => runnerIds.Contains(row.Id)).ToDictionaryAsync(row => row.Id, row => row.Name, cancel);

        return
        [
            .. rows.Select(row => new RequestView(
                row.Id.ToString(), row.Revision, State(row.State), row.EndReason, Of(actors[row.ActorId]), row.Command, row.Reason, row.Ticket,
                Plan(row), Evaluation(row),
                [
                    .. decisions[row.Id].Select(decision => new DecisionView(
                        decision.Id.ToString(), decision.ActorId is { } person ? Of(actors[person]) : null,
                        decision.Approved, decision.Comment, decision.At, decision.Revision, decision.PasskeyId?.ToString(), decision.ActorId is null ? Evaluation(row).Rules : null,
                        decision.Chat is null ? null : ChatNames.Slack)),
                ],
                row.State == RequestState.Pending ? Missing(policy, row, decisions[row.Id], actors) : [],
                row.StatementDigest, row.Statement, row.Duration.TotalSeconds, row.Uses, row.Start, row.CreatedAt, row.ExpiresAt,
                runners.GetValueOrDefault(row.RunnerId), grants.TryGetValue(row.Id, out var grant) ? grant.ToString() : null,
                row.OnBehalfOf is { } person ? Of(actors[person]) : null, TemplateVersions.View(row), extensions.GetValueOrDefault(row.Id), glass(row.Id), SeriesTerms.View(row, series))),
        ];
    }

    private static IReadOnlyList<string> Missing(
        PolicyDocument? policy, RequestRow row, IEnumerable<DecisionRow> decisions, Dictionary<ActorId, ActorRow> actors) =>
        policy is null
            ? []
            : Quorum.Missing(Needs(row),
            [
                .. decisions.Where(decision => decision.Approved && decision.ActorId is not null && decision.Revision == row.Revision)
                    .Select(decision => Reevaluation.DeciderOf(policy, actors[decision.ActorId!.Value], decision)),
            ]);
}
