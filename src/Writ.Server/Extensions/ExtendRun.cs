using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Writ.Contracts;
using Writ.Contracts.Requests;
using Writ.Contracts.Runs;
using Writ.Core;
using Writ.Core.Audit;
using Writ.Core.Identity;
using Writ.Core.Policy;
using Writ.Core.Tools;
using Writ.Proof;
using Writ.Proof.Errors;
using Writ.Proof.Identity;
using Writ.Proof.Statements;
using Writ.Server.Audit;
using Writ.Server.Errors;
using Writ.Server.Grants;
using Writ.Server.Identity;
using Writ.Server.Policy;
using Writ.Server.Requests;
using Writ.Server.Runs;
using Writ.Server.Storage;
using Writ.Server.Templates;

namespace Writ.Server.Extensions;

/// <summary>
/// Asks for more time for a live run: steps 1 and 2 of the lifecycle for it, and where policy allows by itself 3 and 4 too. It is a request
/// of its own whose statement is the run's in everything but the time, so nothing else can be decided by it.
/// </summary>
internal sealed class ExtendRun(
    Database database, WriteTransaction writes, PolicyInForce policies, RequestAccess access, Reevaluation reevaluation, LaterStart later,
    ExtensionOrders orders, Takings takings, RefusedAttempts refused, Changes changes)
{
    private const int MostText = 2_000;

    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapPost("/runs/{id}/extend", async (string id, ExtendAsk ask, ExtendRun verb, HttpContext context, CancellationToken cancel) =>
        {
            var asked = await verb.Extend(context.Caller(), id, ask, context.Request.Headers["Idempotency-Key"].FirstOrDefault(), cancel);
            return asked.IsOk ? Results.Created($"/v1/requests/{asked.Value.Id}", asked.Value) : asked.Refusal.ToHttp();
        }).WithName("ExtendRun").Needs(Access.SignedIn).Produces<RequestView>(StatusCodes.Status201Created);

    public async Task<Result<RequestView>> Extend(Caller caller, string id, ExtendAsk ask, string? idempotencyKey, CancellationToken cancel)
    {
        if (Malformed(ask, idempotencyKey) is { } malformed)
            return malformed;
        await using var db = database.Open();
        // 1. Whose run it is.
        var found = await ShowRuns.Find(db, access, caller, id);
        if (!found.IsOk)
            return found.Refusal;
        var (run, begun) = found.Value;
        if (run.ActorId != caller.Id || begun.OnBehalfOf != caller.OnBehalfOf?.Id)
        {
            await refused.Record(new(AuditType.AttemptRefused, caller.Audit, begun.Id, new() { ["attempt"] = "extend", ["run"] = id }, caller.SourceAddress));
            return new Refusal(ErrorCode.Forbidden, "only the one who started a run asks for more time for it");
        }

        if (await Earlier(db, caller, run, idempotencyKey) is { } earlier)
            return earlier.IsOk ? await View(earlier.Value.Id, cancel) : earlier.Refusal;
        Result<(RequestRow Request, Refusal? Denial)> created;
        try
        {
            created = await writes.Commit<(RequestRow, Refusal?)>(scope => InTransaction(scope, caller, run.Id, begun, ask, idempotencyKey));
        }
        catch (DbUpdateException) when (idempotencyKey is not null)
        {
            // The same call at the same moment was first: the unique key held this one up.
            if (await Earlier(db, caller, run, idempotencyKey) is { IsOk: true } twin)
                return await View(twin.Value.Id, cancel);
            throw;
        }

        if (!created.IsOk)
            return created.Refusal;
        var (request, denial) = created.Value;
        changes.Happened(request.Id.ToString());
        await orders.SendNew(run.RunnerId);
        return denial is null ? await View(request.Id, cancel) : denial;
    }

    private static Refusal? Malformed(ExtendAsk ask, string? idempotencyKey)
    {
        if (ask.Reason?.Length > MostText || ask.Ticket?.Length > MostText)
            return new(ErrorCode.InvalidInput, $"reason and ticket have at most {MostText} characters");
        if (idempotencyKey?.Length > 200)
            return new(ErrorCode.InvalidInput, "an idempotency key has at most 200 characters");
        return ask.DurationSeconds is { } seconds && (!double.IsFinite(seconds) || seconds < 1 || seconds > 366 * 86_400d)
            ? new(ErrorCode.DurationTooLong, "the added time is not between one second and a year", "for example --for 15m")
            : null;
    }

    private static async Task<Result<RequestRow>?> Earlier(WritDb db, Caller caller, RunRow run, string? idempotencyKey)
    {
        if (idempotencyKey is null
            || await db.Requests.AsNoTracking().SingleOrDefaultAsync(row => row.ActorId == caller.Id && row.IdempotencyKey == idempotencyKey) is not { } earlier)
            return null;
        return earlier.Extends == run.Id ? earlier : new Refusal(ErrorCode.IdempotencyConflict, "the idempotency key was used for something else");
    }

    private async Task<Result<RequestView>> View(RequestId id, CancellationToken cancel)
    {
        await using var db = database.Open();
        var policy = await policies.Get(db);
        var row = await db.Requests.AsNoTracking().SingleAsync(row => row.Id == id, cancel);
        return (await RequestViews.Load(db, policy.IsOk ? policy.Value : null, [row], cancel))[0];
    }

    private async Task<Result<(RequestRow, Refusal?)>> InTransaction(
        WriteScope scope, Caller caller, RunId id, RequestRow begun, ExtendAsk ask, string? idempotencyKey)
    {
        await scope.HoldPolicy();
        if (await Standing.Lost(scope, caller) is { } lost)
            return lost;
        var policy = await policies.Get(scope.Db);
        if (!policy.IsOk)
            return policy.Refusal;

        if (begun.BreakGlass)
            return new Refusal(ErrorCode.WrongState, "what was given by break-glass gets no more time", "once it is reviewed, ask for the command: writ run");
        if (begun.Series is not null)
            return new Refusal(ErrorCode.WrongState, "a run of a series gets no more time than was decided with it", "ask for a series whose runs last longer");
        if (await BrokenGlass.Awaited(scope, caller.Id, caller.OnBehalfOf?.Id) is { } awaited)
            return awaited;

        // 2. The run lives, and so does its right. Extensions of a run take turns from here on.
        var taken = await LiveRuns.TakeTurn(scope, id);
        if (!taken.IsOk)
            return taken.Refusal;
        var (run, grant, deadline) = taken.Value;
        if (takings.IsRevoked(grant.Id) || takings.IsBarred(caller.Id))
            return new Refusal(ErrorCode.Revoked, "the grant was revoked");
        if (Statement.Read(begun.Statement) is not { IsOk: true, Value: { Sandbox: not null, Budget: not null } statement })
            return new Refusal(ErrorCode.WrongState, "the run is of a time when nothing was extended", "start a new run");
        var context = await reevaluation.ContextOf(scope.Db, begun);
        var planned = await reevaluation.PlanOf(scope.Db, policy.Value, begun);
        if (!context.IsOk || !planned.IsOk)
            return context.IsOk ? planned.Refusal : context.Refusal;

        // 3. Policy answers, and the request with its statement is there.
        var right = LiveRuns.RightOf(grant, deadline, statement);
        TimeSpan? more = ask.DurationSeconds is { } seconds ? TimeSpan.FromSeconds(seconds) : null;
        var found = await Reevaluation.OfMore(scope.Db, policy.Value, begun, planned.Value, right, TemplateVersions.TermsOf(begun) with { Duration = more, Reason = ask.Reason, Ticket = ask.Ticket });
        var denied = found.Verdict == Verdict.Deny;
        var requestId = RequestId.New(scope.Now);
        var wanted = StatementOf.More(statement, requestId, 1, id, deadline, denied ? more ?? TimeSpan.Zero : found.Duration, found, policy.Value);
        var bytes = wanted.ToBytes();
        var request = new RequestRow
        {
            Id = requestId,
            State = denied ? RequestState.Denied : RequestState.Pending,
            EndReason = denied ? $"denied by policy: {found.Reasons[0]}" : null,
            EndedAt = denied ? scope.Now : null,
            ActorId = caller.Id,
            OnBehalfOf = begun.OnBehalfOf,
            Extends = id,
            Tool = begun.Tool,
            Command = begun.Command,
            Template = begun.Template,
            TemplateVersion = begun.TemplateVersion,
            TemplateDigest = begun.TemplateDigest,
            TemplateParameters = begun.TemplateParameters,
            Reason = ask.Reason,
            Ticket = ask.Ticket,
            Start = deadline,
            Duration = UnixMicroseconds.ToDuration(wanted.Duration),
            Uses = 1,
            RunnerId = begun.RunnerId,
            InventoryDigest = begun.InventoryDigest,
            PolicyHash = policy.Value.Hash,
            Plan = JsonSerializer.Serialize(PlanViews.Of(planned.Value, context.Value.Inputs, denied ? null : deadline - right.NotBefore + found.Duration, right.Budget), WritJson.Default.PlanView),
            Evaluation = JsonSerializer.Serialize(RequestViews.Of(found, policy.Value.Hash), WritJson.Default.EvaluationView),
            Statement = bytes,
            StatementDigest = Statement.DigestOf(bytes),
            Names = begun.Names,
            CreatedAt = scope.Now,
            // What is decided later revives nothing.
            ExpiresAt = deadline < scope.Now + Ask.LongestWait ? deadline : scope.Now + Ask.LongestWait,
            IdempotencyKey = idempotencyKey,
        };
        scope.Db.Requests.Add(request);
        Record(scope, caller, request, wanted, found);
        await scope.Db.SaveChangesAsync();
        if (denied)
            return (request, new Refusal(found.Code ?? ErrorCode.Denied, "policy denies more time for this run", found.Hint, found.Reasons));

        // 4. Where policy decides alone, it decides now.
        if (found.Verdict == Verdict.Allow)
        {
            if (await MintGrant.ByPolicy(scope, request) is { IsOk: false, Refusal: var none })
                return none;
            await later.AskOthersAgain(scope, policy.Value, request);
        }

        return (request, null);
    }

    private static void Record(WriteScope scope, Caller caller, RequestRow request, Statement statement, Evaluation found)
    {
        scope.Record(new(AuditType.RequestCreated, caller.Audit, request.Id, new()
        {
            ["request"] = request.Id.ToString(),
            ["extends"] = request.Extends!.Value.ToString(),
            ["deadline"] = request.Start!.Value.ToString("O"),
            ["until"] = UnixMicroseconds.ToInstant(statement.NotAfter(0)).ToString("O"),
            ["command"] = AuditEvent.Texts(request.Command),
            ["reason"] = request.Reason,
            ["ticket"] = request.Ticket,
            ["statement"] = request.StatementDigest,
            ["template"] = TemplateVersions.Entry(request),
        }, caller.SourceAddress));
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
}
