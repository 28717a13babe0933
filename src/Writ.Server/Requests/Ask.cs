using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.EntityFrameworkCore;
using Writ.Contracts;
using Writ.Contracts.Requests;
using Writ.Core;
using Writ.Core.Audit;
using Writ.Core.Identity;
using Writ.Core.Policy;
using Writ.Core.Templates;
using Writ.Proof.Errors;
using Writ.Proof.Identity;
using Writ.Proof.Statements;
using Writ.Server.Decisions;
using Writ.Server.Errors;
using Writ.Server.Files;
using Writ.Server.Grants;
using Writ.Server.Identity;
using Writ.Server.Policy;
using Writ.Server.Series;
using Writ.Server.Storage;
using Writ.Server.Templates;

namespace Writ.Server.Requests;

/// <summary>
/// Steps 1 and 2 of the lifecycle, and where policy allows at once steps 3 and 4 too: a command becomes a plan, policy
/// answers, and the request with its statement is there, with the audit entries, in one transaction. A denial is
/// recorded as a denied request.
/// </summary>
internal sealed class Ask(
    Database database, WriteTransaction writes, PolicyInForce policies, Understanding understanding, Changes changes, TimeProvider time)
{
    /// <summary>How long a request waits for its decisions.</summary>
    public static readonly TimeSpan LongestWait = TimeSpan.FromHours(24);

    /// <summary>How far from now an asked start may lie.</summary>
    private static readonly TimeSpan FurthestStart = TimeSpan.FromDays(366);

    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapPost("/requests", async (AskForAccess ask, Ask verb, HttpContext context, CancellationToken cancel) =>
        {
            var asked = await verb.Create(context.Caller(), ask, context.Request.Headers["Idempotency-Key"].FirstOrDefault(), cancel);
            if (!asked.IsOk)
                return asked.Refusal.ToHttp();
            if (asked.Value.Denial is { } denial)
                return denial.ToHttp(asked.Value.Request.Id.ToString());
            await using var db = verb.Open();
            var policy = await verb.Policies.Get(db);
            var view = (await RequestViews.Load(db, policy.IsOk ? policy.Value : null, [asked.Value.Request], cancel))[0];
            return Results.Created($"/v1/requests/{view.Id}", view);
        }).WithMetadata(new BodyLimit(SentFiles.MostBody)).WithName("AskForAccess").Needs(Access.SignedIn).Produces<RequestView>(StatusCodes.Status201Created);

    private PolicyInForce Policies => policies;

    private WritDb Open() => database.Open();

    /// <summary>The request; where policy denied it, with the denial.</summary>
    public async Task<Result<(RequestRow Request, Refusal? Denial)>> Create(
        Caller caller, AskForAccess ask, string? idempotencyKey, CancellationToken cancel = default)
    {
        if (Understanding.Malformed(ask) is { } malformed)
            return malformed;
        if (idempotencyKey?.Length > 200)
            return new Refusal(ErrorCode.InvalidInput, "an idempotency key has at most 200 characters");
        if (ask.BreakGlass && caller.RefuseBreakGlass(time.GetUtcNow()) is { } unfit)
        {
            await understanding.Record(caller, ask, "break glass", unfit);
            return unfit;
        }

        await using var db = database.Open();
        var filled = await understanding.Filled(db, caller, ask, "ask");
        if (!filled.IsOk)
            return filled.Refusal;
        (ask, var use) = filled.Value;
        if (await Earlier(db, caller, ask, idempotencyKey) is { } earlier)
            return earlier;

        // 1. Ask: understand the command against the runner that would execute it.
        var planned = await understanding.Of(db, caller, ask, use, "ask", cancel);
        if (!planned.IsOk)
            return planned.Refusal;

        // A denial comes with the way on. It takes a while to find, so it is looked for before anything is held.
        var nearest = await Nearest(db, caller, ask, use, planned.Value);

        Result<(RequestRow Request, Refusal? Denial)> created;
        try
        {
            created = await writes.Commit<(RequestRow, Refusal?)>(scope => InTransaction(scope, caller, ask, use, planned.Value, nearest, idempotencyKey));
        }
        catch (DbUpdateException) when (idempotencyKey is not null)
        {
            // The same call at the same moment was first: the unique key held this one up.
            if (await Earlier(db, caller, ask, idempotencyKey) is { } twin)
                return twin;
            throw;
        }

        if (!created.IsOk)
        {
            if (created.Refusal.Code == ErrorCode.ReviewAwaited)
                await understanding.Record(caller, ask, ask.BreakGlass ? "break glass" : "ask", created.Refusal);
            return created.Refusal;
        }

        var id = created.Value.Request.Id;
        changes.Happened(id.ToString());
        return (await db.Requests.AsNoTracking().SingleAsync(row => row.Id == id, CancellationToken.None), created.Value.Denial);
    }

    private async Task<Result<(RequestRow, Refusal?)>> InTransaction(
        WriteScope scope, Caller caller, AskForAccess ask, TemplateUse? use, Planned planned, (string Policy, NearestView View)? nearest, string? idempotencyKey)
    {
        // 2. Evaluate, under the policy that is in force in this transaction.
        await scope.HoldPolicy();
        if (await Standing.Lost(scope, caller) is { } lost)
            return lost;
        var inForce = await policies.Get(scope.Db);
        if (!inForce.IsOk)
            return inForce.Refusal;
        if (ask.Start > scope.Now + FurthestStart || ask.Start < scope.Now - FurthestStart)
            return new Refusal(ErrorCode.InvalidInput, "the asked start is more than a year away");
        var version = use is null ? null : await TemplateVersions.InForce(scope.Db, use.Template);
        if (use is not null && (version is null || inForce.Value.Templates.GetValueOrDefault(use.Template.Name)?.Digest != use.Template.Digest))
            return new Refusal(ErrorCode.StaleRevision, $"template {use.Template.Name} has become another meanwhile", "ask again");
        var series = await SeriesTerms.Of(scope, caller, ask, use, version, planned.Plan);
        if (series is { IsOk: false, Refusal: var unfit })
            return unfit;
        var found = planned.Explain(Evaluator.Evaluate(inForce.Value, Reevaluation.SubjectOf(caller), planned.Plan, Understanding.Terms(ask, use), SeriesTerms.When(ask, scope.Now)));
        if (found.Verdict != Verdict.Deny && ask.Start is { } start && (start + found.Duration <= scope.Now || found.LatestEnd <= scope.Now))
            return new Refusal(ErrorCode.Expired, "the asked time is over", "ask for a later start or a longer time");
        // Whoever broke the glass accounts for it first. What policy denies anyway is said all the same.
        if (found.Verdict != Verdict.Deny && await BrokenGlass.Awaited(scope, caller.Id, caller.OnBehalfOf?.Id) is { } awaited)
            return awaited;
        // Hours are of each day: a series that leaves them on some day would be suspended then.
        if (series.Value is { } recurring && found is { Verdict: not Verdict.Deny, LatestEnd: not null }
            && SeriesTerms.OutOfHours(recurring, scope.Now, at => Evaluator.Evaluate(inForce.Value, Reevaluation.SubjectOf(caller), planned.Plan, Understanding.Terms(ask, use), at)) is { } outside)
            return new Refusal(ErrorCode.InvalidInput, $"the series is due {outside.UtcDateTime:yyyy-MM-dd HH:mm} UTC, outside of the hours of its rule", "keep it within the hours, also when clocks are set forward and back");
        var id = RequestId.New(scope.Now);
        var statement = StatementOf.New(
            id, 1, new(caller.Id.ToString(), caller.Name), caller.OnBehalfOf is { Id: { } person, Name: var name } ? new(person.ToString(), name) : null, planned.Plan, planned.Runner, planned.InventoryDigest, ask.Start, found, inForce.Value, ask.BreakGlass, series.Value);
        if (SandboxTerms.Wrong(statement) is { } wrong)
            return wrong;
        // What people approved before may stand for their word of today. Whoever denies or takes away the same for this person has their turn before or after this.
        var likeness = Likeness.Of(statement, planned.Context.Inventory, inForce.Value, version?.Name, version?.Digest);
        var known = series.Value is null
            ? await KnownGoods.Find(scope.Db, inForce.Value, new(caller.Id, caller.OnBehalfOf?.Id, likeness, found.Zones, found.Duration, found.Uses, Tightening.Later(scope.Now, ask.Start)), found) : null;
        if (known?.By is not null)
            found = found with { Verdict = Verdict.Allow, Reasons = [.. found.Reasons, known.Sentence] };
        var request = NewRow(scope, caller, ask, use, version, planned, statement, inForce.Value, found, known, likeness, idempotencyKey);
        scope.Db.Requests.Add(request);
        // What policy denies is on the record by its digests alone: nobody fills the disk with what is refused.
        if (found.Verdict != Verdict.Deny)
        {
            await KeptFiles.Keep(scope.Db, scope.Now,
                [.. planned.Plan.Inputs.Select(input => (input.Sha256, planned.Context.Inputs[input.Argument])), .. planned.Plan.Files.Select(file => (file.Sha256, file.Content))]);
        }

        RecordCreated(scope, caller, request, statement, found);
        await scope.Db.SaveChangesAsync();

        // 3 and 4. Where policy decides alone, it decides now.
        if (found.Verdict == Verdict.Allow && await MintGrant.ByPolicy(scope, request, known?.By is null ? null : new() { ["known_good"] = known.Entry }) is { IsOk: false, Refusal: var none })
            return none;
        if (found.Verdict != Verdict.Deny)
            return (request, null);
        var denial = Denial(request, found);
        // Where only the terms are in the way, the denial's own hint says how to ask.
        var isOther = nearest is { } near && near.Policy == inForce.Value.Hash && (denial.Hint is null || !near.View.Command.SequenceEqual(ask.Command));
        return (request, isOther ? denial with { Hint = NearestViews.Hint(nearest!.Value.View) } : denial);
    }

    private async Task<(string Policy, NearestView View)?> Nearest(WritDb db, Caller caller, AskForAccess ask, TemplateUse? use, Planned planned)
    {
        var (policy, subject, at) = (await policies.Get(db), Reevaluation.SubjectOf(caller), SeriesTerms.When(ask, time.GetUtcNow()));
        return policy.IsOk && Evaluator.Evaluate(policy.Value, subject, planned.Plan, Understanding.Terms(ask, use), at).Verdict == Verdict.Deny
            && NearestViews.Of(policy.Value, subject, ask.Command, planned, Understanding.Terms(ask, use), at) is { } near ? (policy.Value.Hash, near) : null;
    }

    /// <summary>What was made with this key before, or the refusal of a key that was used for something else; null where it is new.</summary>
    private static async Task<Result<(RequestRow Request, Refusal? Denial)>?> Earlier(WritDb db, Caller caller, AskForAccess ask, string? idempotencyKey)
    {
        if (idempotencyKey is null
            || await db.Requests.AsNoTracking().SingleOrDefaultAsync(row => row.ActorId == caller.Id && row.IdempotencyKey == idempotencyKey) is not { } earlier)
            return null;
        return earlier.Command.SequenceEqual(ask.Command) && earlier.Template == ask.Template?.Name && earlier.BreakGlass == ask.BreakGlass && SeriesTerms.IsSame(earlier, ask) && SameInputs(earlier, ask)
            ? (earlier, Denial(earlier))
            : new Refusal(ErrorCode.IdempotencyConflict, "the idempotency key was used for another command or other files");
    }

    private static bool SameInputs(RequestRow earlier, AskForAccess ask) =>
        Statement.Read(earlier.Statement) is { IsOk: true } statement
        && statement.Value.Inputs.All(input => (ask.Inputs ?? []).Any(file => file.Argument == input.Argument && KeptFiles.Digest(file.Content) == input.Sha256));

    private static RequestRow NewRow(
        WriteScope scope, Caller caller, AskForAccess ask, TemplateUse? use, TemplateRow? version, Planned planned, Statement statement, PolicyDocument policy, Evaluation found,
        KnownGoodAnswer? known, Likeness likeness, string? idempotencyKey)
    {
        var denied = found.Verdict == Verdict.Deny;
        var bytes = statement.ToBytes();
        return new()
        {
            Id = RequestId.Parse(statement.Request),
            State = denied ? RequestState.Denied : RequestState.Pending,
            EndReason = denied ? $"denied by policy: {found.Reasons[0]}" : null,
            EndedAt = denied ? scope.Now : null,
            ActorId = caller.Id,
            OnBehalfOf = caller.OnBehalfOf?.Id,
            Tool = planned.Plan.Tool,
            Command = [.. ask.Command],
            Reason = ask.Reason,
            Ticket = ask.Ticket,
            Start = ask.Start,
            Duration = found.Duration,
            Uses = found.Uses,
            RunnerId = planned.Runner,
            InventoryDigest = planned.InventoryDigest,
            PolicyHash = policy.Hash,
            Plan = JsonSerializer.Serialize(PlanViews.Of(planned.Plan, planned.Context.Inputs, denied ? null : found.Duration, found.Budget), WritJson.Default.PlanView),
            Evaluation = JsonSerializer.Serialize(RequestViews.Of(found, policy.Hash) with { KnownGood = known?.View }, WritJson.Default.EvaluationView),
            Statement = bytes,
            StatementDigest = Statement.DigestOf(bytes),
            Names = Reevaluation.NamesOf(planned.Context),
            CreatedAt = scope.Now,
            ExpiresAt = scope.Now + LongestWait,
            IdempotencyKey = idempotencyKey,
            Template = version?.Name,
            TemplateVersion = version?.Version,
            TemplateDigest = version?.Digest,
            TemplateParameters = use is null ? null : TemplateVersions.Parameters(use),
            PlanLikeness = likeness.Plan,
            TemplateLikeness = likeness.Template,
            KnownGoodBy = known?.By?.Id,
            BreakGlass = ask.BreakGlass,
            Series = statement.Series is { } series ? SeriesId.Parse(series.Id) : null,
        };
    }

    private static void RecordCreated(WriteScope scope, Caller caller, RequestRow request, Statement statement, Evaluation found)
    {
        var created = new JsonObject
        {
            ["request"] = request.Id.ToString(),
            ["command"] = AuditEvent.Texts(request.Command),
            ["template"] = TemplateVersions.Entry(request),
            ["reason"] = request.Reason,
            ["ticket"] = request.Ticket,
            ["statement"] = request.StatementDigest,
            ["inputs"] = new JsonArray([.. statement.Inputs.Select(input => new JsonObject { ["argument"] = input.Argument, ["bytes"] = input.Bytes, ["sha256"] = input.Sha256 })]),
        };
        if (request.BreakGlass)
            created["break_glass"] = true;
        if (statement.Series is { } series)
            created["series"] = SeriesTerms.Entry(series);
        scope.Record(new(AuditType.RequestCreated, caller.Audit, request.Id, created, caller.SourceAddress));
        scope.Record(new(AuditType.RequestEvaluated, AuditActor.System, request.Id, new()
        {
            ["request"] = request.Id.ToString(),
            ["policy"] = request.PolicyHash,
            ["verdict"] = VerdictText.Of(found.Verdict),
            ["reasons"] = AuditEvent.Texts(found.Reasons),
            ["rules"] = AuditEvent.Texts(found.Rules),
            ["zones"] = AuditEvent.Texts(found.Zones),
        }));
    }

    private static Refusal Denial(RequestRow request, Evaluation found) => new(
        found.Code ?? ErrorCode.Denied, $"policy denies this {request.Tool} command", found.Hint, found.Reasons);

    private static Refusal? Denial(RequestRow request)
    {
        var found = RequestViews.Evaluation(request);
        return found.Verdict == VerdictText.Of(Verdict.Deny)
            ? new(ErrorCode.Denied, $"policy denies this {request.Tool} command", null, found.Reasons)
            : null;
    }
}
