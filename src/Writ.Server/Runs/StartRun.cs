using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Google.Protobuf;
using Microsoft.EntityFrameworkCore;
using Writ.Contracts.Runners;
using Writ.Contracts.Runs;
using Writ.Core;
using Writ.Core.Audit;
using Writ.Core.Grants;
using Writ.Core.Identity;
using Writ.Core.Policy;
using Writ.Core.Tools;
using Writ.Proof;
using Writ.Proof.Errors;
using Writ.Proof.Identity;
using Writ.Proof.Orders;
using Writ.Proof.Statements;
using Writ.Server.Audit;
using Writ.Server.Errors;
using Writ.Server.Grants;
using Writ.Server.Identity;
using Writ.Server.Policy;
using Writ.Server.Requests;
using Writ.Server.Runners;
using Writ.Server.Storage;
using Writ.Server.Templates;
using Ask = Writ.Contracts.Runs.StartRun;

namespace Writ.Server.Runs;

/// <summary>
/// Step 5 of the lifecycle: policy is asked again, a use is taken, the intent is audited and the order signed in one
/// transaction; only then is the order sent.
/// </summary>
internal sealed class StartRun(
    Database database, WriteTransaction writes, PolicyInForce policies, Reevaluation reevaluation, NameCheck nameCheck,
    Takings takings, RunnerHub hub, ServerKeys keys, RefusedAttempts refused, TimeProvider time)
{
    /// <summary>An order that was not started by then is not started at all.</summary>
    public static readonly TimeSpan StartWithin = TimeSpan.FromSeconds(10);

    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapPost("/runs", async (Ask ask, StartRun verb, Database database, HttpContext context, CancellationToken cancel) =>
        {
            var started = await verb.Start(context.Caller(), ask, context.Request.Headers["Idempotency-Key"].FirstOrDefault());
            if (!started.IsOk)
                return started.Refusal.ToHttp();
            await using var db = database.Open();
            var view = (await RunViews.Load(db, [started.Value], cancel))[0];
            return Results.Created($"/v1/runs/{view.Id}", view);
        }).WithName("StartRun").Needs(Access.SignedIn).Produces<RunView>(StatusCodes.Status201Created);

    public async Task<Result<RunRow>> Start(Caller caller, Ask ask, string? idempotencyKey)
    {
        if (idempotencyKey?.Length > 200 || ask.Command.Any(argument => argument is null || argument.Contains('\0')) || ask.Inputs?.Any(input => input is null) == true)
            return new Refusal(ErrorCode.InvalidInput, "an idempotency key has at most 200 characters, and an argument holds no NUL byte");
        if (FillTemplate.Malformed(ask.Template, ask.Command) is { } malformed)
            return malformed;
        await using var db = database.Open();
        if (ask.Template is { } by)
        {
            var policy = await policies.Get(db);
            var use = policy.IsOk ? FillTemplate.Of(policy.Value, by) : policy.Refusal;
            if (!use.IsOk)
            {
                await RecordRefused(caller, ask, null, use.Refusal);
                return use.Refusal;
            }

            ask = ask with { Command = use.Value.Command, Template = null };
        }

        if (await Earlier(db, caller, ask, idempotencyKey) is { } earlier)
            return earlier;

        var covering = await Covering(db, caller, ask);
        if (!covering.IsOk)
        {
            if (await Earlier(db, caller, ask, idempotencyKey) is { } twin)
                return twin;
            // "No grant" is how `writ run` learns that it has to ask: where none was named, nothing was attempted yet.
            if (covering.Refusal.Code != ErrorCode.InputNeeded && (covering.Refusal.Code != ErrorCode.NoGrant || ask.Grant is not null))
                await RecordRefused(caller, ask, null, covering.Refusal);
            return covering.Refusal;
        }

        var (grant, request, plan, needs) = covering.Value;
        if (!await hub.IsConnected(db, grant.RunnerId))
            return new Refusal(ErrorCode.NoRunner, "the runner of this grant is not connected", "no use was taken; try again when it is back: writ runners");

        if (TerminalOf(ask, plan) is { IsOk: false } noTerminal)
            return noTerminal.Refusal;
        // What is typed goes through this server's own link to the runner and lies in no database.
        if (plan.Terminal is not null && ask.Terminal is not null && !hub.IsHere(grant.RunnerId))
            return new Refusal(ErrorCode.NoRunner, "the runner of this grant is connected to another server, and a terminal goes only through that one", "no use was taken; name that server to your client, or try again");
        if (await nameCheck.Changed(request, plan, needs) is { } changed)
        {
            await RecordRefused(caller, ask with { Grant = grant.Id.ToString() }, request.Id, changed);
            return changed;
        }

        var order = (Order?)null;
        Result<RunRow> started;
        try
        {
            started = await writes.Commit<RunRow>(async scope =>
            {
                var ordered = await TakeAndSign(scope, new(caller.Audit, caller.SourceAddress, ask.Command, ask.Detach, TerminalOf(ask, plan).Value, idempotencyKey), grant, request, plan);
                if (ordered.IsOk)
                    order = OrderOf(ordered.Value);
                return ordered;
            });
        }
        catch (DbUpdateException) when (idempotencyKey is not null)
        {
            // The same call at the same moment was first: the unique key held this one up.
            if (await Earlier(db, caller, ask, idempotencyKey) is { } twin)
                return twin;
            throw;
        }

        if (!started.IsOk)
        {
            // It may have been first with the last use, too.
            if (await Earlier(db, caller, ask, idempotencyKey) is { } twin)
                return twin;
            await RecordRefused(caller, ask with { Grant = grant.Id.ToString() }, request.Id, started.Refusal);
            return started.Refusal;
        }

        // A connection that is lost just now misses this; the runner gets it with its next hello while start-by allows.
        hub.Send(grant.RunnerId, new ToRunner { Order = order });
        return started;
    }

    /// <summary>A run's order as its runner is sent it.</summary>
    public static Order OrderOf(RunRow run) => new() { Bytes = ByteString.CopyFrom(run.OrderBytes), Signature = ByteString.CopyFrom(run.OrderSignature), KeyId = run.OrderKeyId };

    /// <summary>The terminal of the run, if its tool gets one and there is one.</summary>
    private static Result<OrderTerminal?> TerminalOf(Ask ask, Plan plan)
    {
        var terminal = ask is { Terminal: { } at, Detach: false } && plan.Terminal is not null ? new OrderTerminal(at.Columns, at.Rows, at.Type) : null;
        if (terminal?.IsValid() == false)
            return new Refusal(ErrorCode.InvalidInput, "a terminal has 1 to 1,000 columns and rows, and a type of letters, digits and '.+_-'");
        return terminal is null && plan.Terminal == SandboxTerms.TerminalNeeded
            ? new Refusal(ErrorCode.InvalidInput, $"{plan.Tool} is interactive here, and there is no terminal", "no use was taken; run it in a terminal, with neither a pipe nor --detach")
            : terminal;
    }

    private Task RecordRefused(Caller caller, Ask ask, RequestId? request, Refusal refusal) => refused.Record(new(AuditType.AttemptRefused, caller.Audit, request, new()
    {
        ["attempt"] = "run",
        ["grant"] = ask.Grant,
        ["command"] = AuditEvent.Texts(ask.Command),
        ["code"] = refusal.Code,
        ["message"] = refusal.Message,
    }, caller.SourceAddress));

    /// <summary>What was started with this key before, or the refusal of a key that was used for something else; null where it is new.</summary>
    private static async Task<Result<RunRow>?> Earlier(WritDb db, Caller caller, Ask ask, string? idempotencyKey)
    {
        if (idempotencyKey is null
            || await db.Runs.AsNoTracking().SingleOrDefaultAsync(row => row.ActorId == caller.Id && row.IdempotencyKey == idempotencyKey) is not { } earlier)
            return null;
        return earlier.Command.SequenceEqual(ask.Command)
            ? earlier
            : new Refusal(ErrorCode.IdempotencyConflict, "the idempotency key was used for another command");
    }

    /// <summary>An active grant of the caller's under which exactly this command, as its tool understands it, may run.</summary>
    private async Task<Result<(GrantRow, RequestRow, Plan, CommandNeeds)>> Covering(WritDb db, Caller caller, Ask ask)
    {
        var none = new Refusal(ErrorCode.NoGrant, "no active grant of yours covers this command", "ask for one: writ run asks by itself, or writ request");
        if (ask.Command.Count == 0)
            return new Refusal(ErrorCode.InvalidCommand, "no command", "write the command after --, for example: -- nmap -sV 10.20.0.5");
        var policy = await policies.Get(db);
        if (!policy.IsOk)
            return policy.Refusal;
        if (policy.Value.Tools.Find(ask.Command[0]) is not { } tool)
            return new Refusal(ErrorCode.UnknownTool, $"no tool is named '{RequestAccess.Shown(ask.Command[0])}'", policy.Value.Tools.Hint(ask.Command[0]));
        GrantId named = default;
        if (ask.Grant is not null && !GrantId.TryParse(ask.Grant, out named))
            return new Refusal(ErrorCode.NotFound, $"there is no grant '{RequestAccess.Shown(ask.Grant)}'");

        var person = caller.OnBehalfOf?.Id;
        var candidates = await (
            from grant in db.Grants.AsNoTracking()
            join request in db.Requests.AsNoTracking() on grant.RequestId equals request.Id
            // What was decided for one person's sake is not used for another's, who may have decided on it.
            where grant.ActorId == caller.Id && request.OnBehalfOf == person && grant.Tool == tool.Name
                && (ask.Grant != null ? grant.Id == named : grant.State == GrantState.Active)
            orderby grant.NotAfter descending
            select new { grant, request }).Take(200).ToListAsync();
        if (ask.Grant is not null && candidates.Count == 0)
            return new Refusal(ErrorCode.NotFound, $"you have no grant '{ask.Grant}' for {tool.Name}", "writ grants --mine");

        Refusal? refusal = null;
        foreach (var (grant, request) in candidates.Select(item => (item.grant, item.request)))
        {
            if (Statement.Read(request.Statement) is not { IsOk: true, Value: var statement } || await reevaluation.ContextOf(db, request) is not { IsOk: true, Value: var context })
                continue;
            // A grant that lasts longer for a run of it gives no use after its own end: who names none asks for another.
            if (ask.Grant is null && UnixMicroseconds.ToInstant(statement.NotAfter(UnixMicroseconds.From(grant.CreatedAt))) <= time.GetUtcNow())
                continue;
            var needs = tool.Needs(ask.Command, context);
            if (!needs.IsOk)
            {
                refusal ??= needs.Refusal;
                continue;
            }

            // The files as they were approved are what runs: the requester's own must still be those.
            if (needs.Value.Inputs.Count > 0 && ask.Inputs is null)
                return Planner.Missing(needs.Value, _ => false)!;
            if (!needs.Value.Inputs.All(path => statement.Inputs.Any(input => input.Argument == path && ask.Inputs!.Any(sent => sent.Argument == path && sent.Sha256 == input.Sha256)))
                || !needs.Value.Names.All(context.Names!.ContainsKey))
                continue;
            var plan = tool.Plan(ask.Command, context);
            if (!plan.IsOk)
                refusal ??= plan.Refusal;
            else if (statement.Argv is { } argv && argv.SequenceEqual(plan.Value.Executed) && (statement.Sandbox?.Secrets ?? []).SequenceEqual(plan.Value.Secrets)
                && statement.Sandbox?.Terminal == plan.Value.Terminal
                && plan.Value.Files.Select(file => file.Sha256).SequenceEqual((statement.Files ?? []).Select(file => file.Sha256)))
                return (grant, request, plan.Value, needs.Value);
        }

        if (refusal is not null)
            return refusal;
        return ask.Grant is null ? none : new Refusal(ErrorCode.NoGrant, "that grant does not cover this command", "ask for it: writ request");
    }

    /// <summary>How a use is taken.</summary>
    /// <param name="By">Who takes it: the grant's holder, or the server for a run of a series.</param>
    /// <param name="Source">Where from.</param>
    /// <param name="Command">The command as it was typed.</param>
    /// <param name="Detach">Whether it goes on without a client.</param>
    /// <param name="Terminal">The terminal at which it is, or null.</param>
    /// <param name="IdempotencyKey">The call's, or null.</param>
    /// <param name="Series">The series that was decided, of one of its runs.</param>
    internal sealed record Use(AuditActor By, string? Source, IReadOnlyList<string> Command, bool Detach, OrderTerminal? Terminal, string? IdempotencyKey, OrderSeries? Series = null);

    /// <summary>Takes a use of the grant and signs the order, in the caller's transaction; it is sent once that is committed.</summary>
    internal async Task<Result<RunRow>> TakeAndSign(WriteScope scope, Use wanted, GrantRow grant, RequestRow request, Plan plan)
    {
        // 1. Policy again: what was denied since the approval binds, and no run passes the end of the rule's hours.
        await scope.HoldPolicy();
        var policy = await policies.Get(scope.Db);
        if (!policy.IsOk)
            return policy.Refusal;
        var allowed = await reevaluation.OfGrant(scope.Db, policy.Value, request, scope.Now);
        if (!allowed.IsOk)
            return allowed.Refusal;
        var runner = await scope.Db.Runners.AsNoTracking().SingleAsync(row => row.Id == grant.RunnerId);
        if (runner.DisabledAt is not null)
            return new Refusal(ErrorCode.NoRunner, $"runner {runner.Name} is disabled");
        if (runner.InventoryDigest != request.InventoryDigest)
            return new Refusal(ErrorCode.InventoryMismatch, $"runner {runner.Name} has another {request.Tool} now than the one that was approved", "ask again");

        // 2. Take the use.
        if (takings.IsRevoked(grant.Id) || takings.IsBarred(grant.ActorId))
            return Refuse(ConsumeOutcome.Revoked);
        var (outcome, use) = await ConsumeGrant.Take(scope, grant.Id, wanted.By, wanted.Source);
        if (outcome != ConsumeOutcome.Consumed)
            return Refuse(outcome);

        // 3. Sign the order; the intent is in this transaction too.
        var deadline = allowed.Value.LatestEnd is { } latest && latest < grant.NotAfter ? latest : grant.NotAfter;
        var decisions = await scope.Db.Decisions.AsNoTracking()
            .Where(row => row.RequestId == request.Id && row.Revision == request.Revision && row.Approved).OrderBy(row => row.At).ToListAsync();
        // More time that a run of this grant got is that run's alone: what was decided for every use is the statement's own end.
        if (decisions.Count > 0 && Statement.Read(request.Statement) is { IsOk: true, Value: var own } && UnixMicroseconds.ToInstant(own.NotAfter(UnixMicroseconds.From(decisions.Max(row => row.At)))) is var end && end < deadline)
            deadline = end;
        if (deadline <= scope.Now)
            return Refuse(ConsumeOutcome.Expired);
        var id = RunId.New(scope.Now);
        var order = new RunOrder
        {
            Run = id.ToString(),
            Runner = grant.RunnerId.ToString(),
            Nonce = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32)),
            Issued = UnixMicroseconds.From(scope.Now),
            StartBy = UnixMicroseconds.From(scope.Now + StartWithin),
            Deadline = UnixMicroseconds.From(deadline),
            MaxDisconnected = UnixMicroseconds.From(allowed.Value.MaxDisconnected),
            Statement = request.Statement,
            Argv = plan.Executed,
            Fence = Writ.Proof.Addresses.ScopeText.Of(plan.Scope),
            Budget = allowed.Value.Budget.Least((Statement.Read(request.Statement) is { IsOk: true } decided ? decided.Value.Budget : null) ?? Budget.Unlimited),
            Zones = ZonesOf(policy.Value, plan),
            Terminal = wanted.Terminal,
            Series = wanted.Series,
            Decisions = 
            [
                .. decisions.Select(row => new OrderDecision(row.ActorId?.ToString() ?? "policy", UnixMicroseconds.From(row.At), row.StatementDigest,
                    Passkey: row.Passkey is { } signed ? PasskeyAssertion.Of(signed) : null)),
            ],
        };
        // What the runner would refuse is not sent.
        if (ZoneCells.Of(order.Zones) is { IsOk: false } uncounted)
            return uncounted.Refusal;
        var envelope = keys.SignOrder(order.ToBytes());
        var run = new RunRow
        {
            Id = id,
            GrantId = grant.Id,
            UseNumber = use,
            RequestId = request.Id,
            ActorId = grant.ActorId,
            RunnerId = grant.RunnerId,
            State = RunState.Queued,
            Command = [.. wanted.Command],
            Argv = [.. plan.Executed],
            Detached = wanted.Detach,
            OrderBytes = envelope.Bytes,
            OrderSignature = envelope.Signature,
            OrderKeyId = envelope.KeyId,
            Nonce = order.Nonce,
            StartBy = UnixMicroseconds.ToInstant(order.StartBy),
            Deadline = deadline,
            MaxDisconnected = allowed.Value.MaxDisconnected,
            CreatedAt = scope.Now,
            ClientSeenAt = scope.Now,
            IdempotencyKey = wanted.IdempotencyKey,
            Outputs = RunOutput.Of(plan),
        };
        scope.Db.Runs.Add(run);
        var ordered = new JsonObject
        {
            ["run"] = id.ToString(),
            ["grant"] = grant.Id.ToString(),
            ["use"] = use,
            ["runner"] = runner.Name,
            ["command"] = AuditEvent.Texts(wanted.Command),
            ["deadline"] = deadline.ToString("O"),
            ["order_sha256"] = Convert.ToHexStringLower(SHA256.HashData(envelope.Bytes)),
            ["order_key"] = Convert.ToBase64String(keys.OrderPublicKey),
            ["policy"] = policy.Value.Hash,
        };
        if (request.BreakGlass)
            ordered["break_glass"] = true;
        scope.Record(new(AuditType.RunOrdered, wanted.By, request.Id, ordered, wanted.Source));
        return run;
    }

    /// <summary>The zones that the run's packets are counted for: whole, or where that is more than a fence counts, as far as it reaches.</summary>
    private static List<OrderZone> ZonesOf(PolicyDocument policy, Plan plan)
    {
        var touched = policy.ZoneMap.Cover(plan.Scope.Addresses).Touched;
        var whole = touched.Sum(zone => zone.Zone.Addresses.Ranges.Count) <= ZoneCells.MostRanges;
        return [.. touched.Select(zone => new OrderZone(zone.Zone.Name, [.. (whole ? zone.Zone.Addresses : zone.Addresses).ToTexts()]))];
    }

    private static Refusal Refuse(ConsumeOutcome outcome) => outcome switch
    {
        ConsumeOutcome.Exhausted => new(ErrorCode.GrantExhausted, "every use of the grant is taken", "ask again"),
        ConsumeOutcome.Expired => new(ErrorCode.Expired, "the grant's time is over", "ask again"),
        ConsumeOutcome.NotYet => new(ErrorCode.NotYet, "the grant's time has not begun"),
        ConsumeOutcome.Revoked => new(ErrorCode.Revoked, "the grant was revoked"),
        ConsumeOutcome.None or ConsumeOutcome.Consumed => new(ErrorCode.NoGrant, "there is no such grant"),
    };
}
