using Writ.Contracts.Requests;
using Writ.Core.Identity;
using Writ.Core.Policy;
using Writ.Core.Templates;
using Writ.Proof.Errors;
using Writ.Proof.Identity;
using Writ.Server.Decisions;
using Writ.Server.Errors;
using Writ.Server.Files;
using Writ.Server.Grants;
using Writ.Server.Identity;
using Writ.Server.Policy;
using Writ.Server.Storage;
using Writ.Server.Templates;

namespace Writ.Server.Requests;

/// <summary>
/// Steps 1 and 2 of the lifecycle and nothing else: what a command would mean, and what policy says of it now. There is no
/// request, no statement and no right after it.
/// </summary>
internal sealed class Explain(Database database, PolicyInForce policies, Understanding understanding, TimeProvider time)
{
    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapPost("/explain", async (AskForAccess ask, Explain verb, HttpContext context, CancellationToken cancel) =>
            (await verb.Of(context.Caller(), ask, cancel)).ToHttp())
            .WithMetadata(new BodyLimit(SentFiles.MostBody)).WithName("Explain").Needs(Access.SignedIn).Produces<ExplainView>();

    /// <param name="caller">Who would ask.</param>
    /// <param name="ask">What they would ask for.</param>
    /// <param name="cancel">The caller went away.</param>
    /// <param name="typing">True for what somebody is still typing: what cannot be understood is no attempt then.</param>
    public async Task<Result<ExplainView>> Of(Caller caller, AskForAccess ask, CancellationToken cancel, bool typing = false)
    {
        if (Understanding.Malformed(ask) is { } malformed)
            return malformed;
        await using var db = database.Open();
        var filled = await understanding.Filled(db, caller, ask, typing ? null : "explain");
        if (!filled.IsOk)
            return filled.Refusal;
        (ask, var use) = filled.Value;
        var planned = await understanding.Of(db, caller, ask, use, typing ? null : "explain", cancel);
        if (!planned.IsOk)
            return planned.Refusal;
        var policy = await policies.Get(db);
        if (!policy.IsOk)
            return policy.Refusal;

        var duration = ask.DurationSeconds is { } seconds ? TimeSpan.FromSeconds(seconds) : (TimeSpan?)null;
        var terms = Understanding.Terms(ask, use);
        var subject = Reevaluation.SubjectOf(caller);
        var at = ask.Start ?? time.GetUtcNow();
        var found = planned.Value.Explain(Evaluator.Evaluate(policy.Value, subject, planned.Value.Plan, terms, at));
        var known = ask.Series is null ? await KnownGood(db, policy.Value, caller, ask, use, planned.Value, found, at) : null;
        if (known?.By is not null)
            found = found with { Verdict = Verdict.Allow, Reasons = [.. found.Reasons, known.Sentence] };
        // What is denied has no duration of its own: what was asked for is held against the estimate.
        var denied = found.Verdict == Verdict.Deny;
        var lasting = denied ? duration : found.Duration;
        return new ExplainView(
            ask.Command, PlanViews.Of(planned.Value.Plan, planned.Value.Context.Inputs, lasting, found.Budget), RequestViews.Of(found, policy.Value.Hash) with { KnownGood = known?.View },
            planned.Value.RunnerName, (lasting ?? TimeSpan.Zero).TotalSeconds, denied ? ask.Uses ?? 1 : found.Uses, ask.Start,
            denied ? NearestViews.Of(policy.Value, subject, ask.Command, planned.Value, terms, at) : null,
            use is null ? null : await TemplateVersions.View(db, use),
            !denied && await BrokenGlass.Awaited(db, caller.Id, caller.OnBehalfOf?.Id) is { } awaited ? $"{awaited.Message}: {awaited.Hint}" : null);
    }

    /// <summary>What people approved before, held against the statement that this would be.</summary>
    private static async Task<KnownGoodAnswer?> KnownGood(
        WritDb db, PolicyDocument policy, Caller caller, AskForAccess ask, TemplateUse? use, Planned planned, Evaluation found, DateTimeOffset at)
    {
        if (Core.Policy.KnownGood.For(found) is null)
            return null;
        var statement = StatementOf.New(RequestId.New(at), 1, new(caller.Id.ToString(), caller.Name), null, planned.Plan, planned.Runner, planned.InventoryDigest, ask.Start, found, policy);
        var likeness = Likeness.Of(statement, planned.Context.Inventory, policy, use?.Template.Name, use?.Template.Digest);
        return await KnownGoods.Find(db, policy, new(caller.Id, caller.OnBehalfOf?.Id, likeness, found.Zones, found.Duration, found.Uses, at), found);
    }
}
