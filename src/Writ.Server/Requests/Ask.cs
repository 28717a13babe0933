using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.EntityFrameworkCore;
using Writ.Contracts;
using Writ.Contracts.Requests;
using Writ.Core;
using Writ.Core.Audit;
using Writ.Core.Identity;
using Writ.Core.Policy;
using Writ.Proof.Errors;
using Writ.Proof.Identity;
using Writ.Proof.Statements;
using Writ.Server.Audit;
using Writ.Server.Errors;
using Writ.Server.Grants;
using Writ.Server.Identity;
using Writ.Server.Policy;
using Writ.Server.Storage;

namespace Writ.Server.Requests;

/// <summary>
/// Steps 1 and 2 of the lifecycle, and where policy allows at once steps 3 and 4 too: a command becomes a plan, policy
/// answers, and the request with its statement is there, with the audit entries, in one transaction. A denial is
/// recorded as a denied request.
/// </summary>
internal sealed class Ask(
    Database database, WriteTransaction writes, PolicyInForce policies, Planner planner, RefusedAttempts refused, Changes changes)
{
    /// <summary>How long a request waits for its decisions.</summary>
    public static readonly TimeSpan LongestWait = TimeSpan.FromHours(24);

    /// <summary>How far from now an asked start may lie.</summary>
    private static readonly TimeSpan FurthestStart = TimeSpan.FromDays(366);

    private const int MostArguments = 4_096;
    private const int MostText = 2_000;

    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapPost("/requests", async (AskForAccess ask, Ask verb, HttpContext context, CancellationToken cancel) =>
        {
            var asked = await verb.Create(context.Caller(), ask, context.Request.Headers["Idempotency-Key"].FirstOrDefault());
            if (!asked.IsOk)
                return asked.Refusal.ToHttp();
            if (asked.Value.Denial is { } denial)
                return denial.ToHttp(asked.Value.Request.Id.ToString());
            await using var db = verb.Open();
            var policy = await verb.Policies.Get(db);
            var view = (await RequestViews.Load(db, policy.IsOk ? policy.Value : null, [asked.Value.Request], cancel))[0];
            return Results.Created($"/v1/requests/{view.Id}", view);
        }).WithName("AskForAccess").Produces<RequestView>(StatusCodes.Status201Created);

    private PolicyInForce Policies => policies;

    private WritDb Open() => database.Open();

    /// <summary>The request; where policy denied it, with the denial.</summary>
    public async Task<Result<(RequestRow Request, Refusal? Denial)>> Create(Caller caller, AskForAccess ask, string? idempotencyKey)
    {
        if (Malformed(ask, idempotencyKey) is { } malformed)
            return malformed;

        await using var db = database.Open();
        if (await Earlier(db, caller, ask, idempotencyKey) is { } earlier)
            return earlier;

        // 1. Ask: understand the command against the runner that would execute it.
        var policy = await policies.Get(db);
        var planned = policy.IsOk ? await planner.Plan(db, policy.Value, ask.Command) : policy.Refusal;
        if (!planned.IsOk)
        {
            await refused.Record(new(AuditType.AttemptRefused, caller.Audit, null, new()
            {
                ["attempt"] = "ask", ["command"] = Texts(ask.Command), ["code"] = planned.Refusal.Code, ["message"] = planned.Refusal.Message,
            }, caller.SourceAddress));
            return planned.Refusal;
        }

        Result<(RequestRow Request, Refusal? Denial)> created;
        try
        {
            created = await writes.Commit<(RequestRow, Refusal?)>(scope => InTransaction(scope, caller, ask, planned.Value, idempotencyKey));
        }
        catch (DbUpdateException) when (idempotencyKey is not null)
        {
            // The same call at the same moment was first: the unique key held this one up.
            if (await Earlier(db, caller, ask, idempotencyKey) is { } twin)
                return twin;
            throw;
        }

        if (!created.IsOk)
            return created.Refusal;
        var id = created.Value.Request.Id;
        changes.Happened(id.ToString());
        return (await db.Requests.AsNoTracking().SingleAsync(row => row.Id == id), created.Value.Denial);
    }

    private async Task<Result<(RequestRow, Refusal?)>> InTransaction(
        WriteScope scope, Caller caller, AskForAccess ask, Planned planned, string? idempotencyKey)
    {
        // 2. Evaluate, under the policy that is in force in this transaction.
        await scope.HoldPolicy();
        var inForce = await policies.Get(scope.Db);
        if (!inForce.IsOk)
            return inForce.Refusal;
        if (ask.Start > scope.Now + FurthestStart || ask.Start < scope.Now - FurthestStart)
            return new Refusal(ErrorCode.InvalidInput, "the asked start is more than a year away");
        var duration = ask.DurationSeconds is { } seconds ? TimeSpan.FromSeconds(seconds) : (TimeSpan?)null;
        var found = Evaluator.Evaluate(inForce.Value, Reevaluation.SubjectOf(caller), planned.Plan,
            new(duration, ask.Uses, ask.Reason, ask.Ticket), ask.Start ?? scope.Now);
        if (found.Verdict != Verdict.Deny && ask.Start is { } start && (start + found.Duration <= scope.Now || found.LatestEnd <= scope.Now))
            return new Refusal(ErrorCode.Expired, "the asked time is over", "ask for a later start or a longer time");
        var request = NewRow(scope, caller, ask, planned, inForce.Value, found, idempotencyKey);
        scope.Db.Requests.Add(request);
        RecordCreated(scope, caller, request, found);
        await scope.Db.SaveChangesAsync();

        // 3 and 4. Where policy decides alone, it decides now.
        if (found.Verdict == Verdict.Allow)
            await MintGrant.ByPolicy(scope, request);
        return found.Verdict == Verdict.Deny ? (request, Denial(request, found)) : (request, null);
    }

    /// <summary>What was made with this key before, or the refusal of a key that was used for something else; null where it is new.</summary>
    private static async Task<Result<(RequestRow Request, Refusal? Denial)>?> Earlier(WritDb db, Caller caller, AskForAccess ask, string? idempotencyKey)
    {
        if (idempotencyKey is null
            || await db.Requests.AsNoTracking().SingleOrDefaultAsync(row => row.ActorId == caller.Id && row.IdempotencyKey == idempotencyKey) is not { } earlier)
            return null;
        return earlier.Command.SequenceEqual(ask.Command)
            ? (earlier, Denial(earlier))
            : new Refusal(ErrorCode.IdempotencyConflict, "the idempotency key was used for another command");
    }

    private static Refusal? Malformed(AskForAccess ask, string? idempotencyKey)
    {
        if (ask.Command.Count > MostArguments || ask.Command.Any(argument => argument is null || argument.Contains('\0')))
            return new(ErrorCode.InvalidCommand, $"a command has at most {MostArguments} arguments, and none holds a NUL byte");
        if (ask.Reason?.Length > MostText || ask.Ticket?.Length > MostText || idempotencyKey?.Length > 200)
            return new(ErrorCode.InvalidInput, $"reason and ticket have at most {MostText} characters, an idempotency key 200");
        if (ask.DurationSeconds is { } seconds && (!double.IsFinite(seconds) || seconds < 1 || seconds > 366 * 86_400d))
            return new(ErrorCode.DurationTooLong, "the duration is not between one second and a year", "for example --for 30m");
        if (ask.Uses is < 1 or > 1_000_000)
            return new(ErrorCode.TooManyUses, "the number of uses is not between 1 and 1000000");
        return null;
    }

    private static RequestRow NewRow(
        WriteScope scope, Caller caller, AskForAccess ask, Planned planned, PolicyDocument policy, Evaluation found, string? idempotencyKey)
    {
        var id = RequestId.New(scope.Now);
        var denied = found.Verdict == Verdict.Deny;
        var statement = StatementOf.Bytes(id, 1, caller.Id, caller.Name, planned.Plan, planned.Runner, planned.InventoryDigest, ask.Start, found, policy);
        return new()
        {
            Id = id,
            State = denied ? RequestState.Denied : RequestState.Pending,
            EndReason = denied ? $"denied by policy: {found.Reasons[0]}" : null,
            EndedAt = denied ? scope.Now : null,
            ActorId = caller.Id,
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
            Plan = JsonSerializer.Serialize(RequestViews.Of(planned.Plan), WritJson.Default.PlanView),
            Evaluation = JsonSerializer.Serialize(RequestViews.Of(found, policy.Hash), WritJson.Default.EvaluationView),
            Statement = statement,
            StatementDigest = Statement.DigestOf(statement),
            CreatedAt = scope.Now,
            ExpiresAt = scope.Now + LongestWait,
            IdempotencyKey = idempotencyKey,
        };
    }

    private static void RecordCreated(WriteScope scope, Caller caller, RequestRow request, Evaluation found)
    {
        scope.Record(new(AuditType.RequestCreated, caller.Audit, request.Id, new()
        {
            ["request"] = request.Id.ToString(),
            ["command"] = Texts(request.Command),
            ["reason"] = request.Reason,
            ["ticket"] = request.Ticket,
            ["statement"] = request.StatementDigest,
        }, caller.SourceAddress));
        scope.Record(new(AuditType.RequestEvaluated, AuditActor.System, request.Id, new()
        {
            ["request"] = request.Id.ToString(),
            ["policy"] = request.PolicyHash,
            ["verdict"] = VerdictText.Of(found.Verdict),
            ["reasons"] = Texts(found.Reasons),
            ["rules"] = Texts(found.Rules),
            ["zones"] = Texts(found.Zones),
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

    private static JsonArray Texts(IEnumerable<string> texts) => [.. texts.Select(text => JsonValue.Create(text))];
}
