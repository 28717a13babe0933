using Writ.Proof.Addresses;
using Writ.Proof.Errors;
using Writ.Proof.Statements;

namespace Writ.Proof.Orders;

/// <summary>What a runner knows by itself and holds an order against.</summary>
/// <param name="Runner">Its own id.</param>
/// <param name="InventoryDigest">The digest of what it can execute now.</param>
/// <param name="ServerKeys">The public keys, by key id, that it obeys.</param>
/// <param name="Ceiling">What this runner may ever reach, by its own local configuration.</param>
/// <param name="Approvals">Whose yes it asks for by the same configuration.</param>
public sealed record RunnerTrust(
    string Runner, string InventoryDigest, IReadOnlyDictionary<string, byte[]> ServerKeys, NetworkScope Ceiling, LocalApprovals Approvals);

/// <summary>An order that passed every check, with what was read on the way.</summary>
/// <param name="Order">The order.</param>
/// <param name="Statement">What was decided.</param>
/// <param name="Fence">What the run may reach.</param>
/// <param name="Approval">The approvals that this runner asked for; null where it asked for none.</param>
public sealed record CheckedOrder(RunOrder Order, Statement Statement, NetworkScope Fence, HeldApproval? Approval);

/// <summary>What a live run is held by when more time for it is ordered.</summary>
/// <param name="First">The order by which it began.</param>
/// <param name="Deadline">The deadline in force, in Unix microseconds.</param>
public sealed record RunInForce(RunOrder First, long Deadline);

/// <summary>
/// Step 6 of the lifecycle, the part that needs no disk: an order is obeyed only if each check passes. The caller adds
/// the nonce and the uses of an approval, which must survive a restart, and the difference of the clocks.
/// </summary>
public static class OrderCheck
{
    // Orders are refused anyway while the clocks of runner and server differ by more.
    private const long MostAhead = 2_000_000;

    /// <summary>Checks a signed order to start a run at this instant (Unix microseconds).</summary>
    public static Result<CheckedOrder> Check(SignedBytes envelope, RunnerTrust trust, long now)
    {
        var held = Hold(envelope, trust, now);
        if (!held.IsOk)
            return held;
        if (held.Value.Statement.Extends is not null)
            return new Refusal(ErrorCode.WrongState, "the order is of more time for a run, and starts none");
        return held.Value.Statement.Start is { } start && now < start ? new Refusal(ErrorCode.NotYet, "the statement's start is not reached") : held;
    }

    /// <summary>
    /// Checks a signed order of more time for a live run, at this instant (Unix microseconds): everything that an order to start one is held
    /// to, and beside it that nothing but the time changes, and that the time goes on where it would end.
    /// </summary>
    public static Result<CheckedOrder> CheckExtension(SignedBytes envelope, RunnerTrust trust, RunInForce run, long now)
    {
        var begun = Statement.Read(run.First.Statement);
        if (!begun.IsOk)
            return begun.Refusal;
        // What the run executes was checked when it began; what the runner would execute today is another matter.
        var held = Hold(envelope, trust with { InventoryDigest = begun.Value.Inventory }, now);
        if (!held.IsOk)
            return held;
        var (order, statement) = (held.Value.Order, held.Value.Statement);

        // 6. It is of this very run, and the run is the same but for its time.
        if (OtherThanTime(order, statement, run.First, begun.Value) is { } other)
            return other;

        // 7. The time goes on where it would end: no gap was decided on, and nothing that was decided on before comes again.
        if (now >= run.Deadline)
            return new Refusal(ErrorCode.BadDeadline, "the run's time is over");
        if (statement.Start != run.Deadline)
            return new Refusal(ErrorCode.BadDeadline, "the statement is of another deadline than the run's");
        return order.Deadline <= run.Deadline ? new Refusal(ErrorCode.BadDeadline, "the deadline is not later than the run's") : held;
    }

    /// <summary>What an order of more time would change of the run beside its time; null where nothing.</summary>
    internal static Refusal? OtherThanTime(RunOrder order, Statement statement, RunOrder first, Statement begun)
    {
        if (statement.Extends is null)
            return new Refusal(ErrorCode.WrongState, "the order starts a run, and is of no more time for one");
        if (order.Run != first.Run || statement.Extends != order.Run)
            return new Refusal(ErrorCode.WrongState, "the order is of more time for another run");
        if (!order.Argv.SequenceEqual(first.Argv))
            return new Refusal(ErrorCode.ArgvMismatch, "the run executes another argv");
        return statement.IsSameButForTime(begun) && order.IsSameButForTime(first)
            ? null
            : new Refusal(ErrorCode.FenceOutsideStatement, "the order would change more of the run than its time");
    }

    private static Result<CheckedOrder> Hold(SignedBytes envelope, RunnerTrust trust, long now)
    {
        // 1. The bytes are the server's.
        if (!trust.ServerKeys.TryGetValue(envelope.KeyId, out var key) || !SigningKeys.Verify(key, envelope))
            return new Refusal(ErrorCode.BadSignature, "the order's signature is not of a key that this runner obeys");
        var read = RunOrder.Read(envelope.Bytes);
        if (!read.IsOk)
            return read.Refusal;
        var order = read.Value;

        // 2. They are for this runner, for what it can execute, and for now.
        if (order.Runner != trust.Runner)
            return new Refusal(ErrorCode.WrongRunner, $"the order is for runner {order.Runner}");
        if (now >= order.StartBy)
            return new Refusal(ErrorCode.StartByPassed, "the order came after its start-by time");
        var readStatement = Statement.Read(order.Statement);
        if (!readStatement.IsOk)
            return readStatement.Refusal;
        var statement = readStatement.Value;
        if (statement.Runner != trust.Runner)
            return new Refusal(ErrorCode.WrongRunner, $"the statement is for runner {statement.Runner}");
        if (statement.Inventory != trust.InventoryDigest)
            return new Refusal(ErrorCode.InventoryMismatch, "the plan was made against another inventory of this runner");

        // 3. Each decision is about exactly this statement, and the deadline follows from the last of them.
        var digest = Statement.DigestOf(order.Statement);
        if (order.Decisions.Count == 0 || order.Decisions.Any(decision => decision.Statement != digest))
            return new Refusal(ErrorCode.BadSignature, "a decision is missing or is about another statement");
        var notAfter = statement.NotAfter(order.Decisions.Max(decision => decision.At));
        if (order.Deadline <= now || order.Deadline > notAfter)
            return new Refusal(ErrorCode.BadDeadline, "the deadline is over or does not follow from the statement");
        if (order.MaxDisconnected < 0 || order.MaxDisconnected > statement.MaxDisconnected)
            return new Refusal(ErrorCode.BadDeadline, "the order would let the run go on out of reach for longer than was decided");

        if (SeriesCheck.Wrong(order, statement) is { } none)
            return none;
        if (order.Series is not null && order.Decisions.Any(decision => decision.At > now + MostAhead))
            return new Refusal(ErrorCode.BadDeadline, "the run of a series was started at a time to come");

        // 4. What is executed and reached is what was decided.
        if (order.Argv.Count == 0 || order.Argv[0] != statement.Tool
            || (statement.Argv is { } argv && !argv.SequenceEqual(order.Argv)))
            return new Refusal(ErrorCode.ArgvMismatch, "the argv is not the statement's");
        if (SandboxTerms.Wrong(statement) is { } wrong)
            return wrong;
        if (order.Terminal is { } terminal && (statement.Sandbox?.Terminal is null || !terminal.IsValid()))
            return new Refusal(ErrorCode.InvalidInput, "the order has a terminal that was not decided, or none that can be");
        if (order.Terminal is null && statement.Sandbox?.Terminal == SandboxTerms.TerminalNeeded)
            return new Refusal(ErrorCode.InvalidInput, "the statement is of a tool that needs a terminal, and the order has none");
        var fence = order.Fence.Read();
        var scope = statement.Scope.Read();
        if (!fence.IsOk || !scope.IsOk || !fence.Value.IsWithin(scope.Value))
            return new Refusal(ErrorCode.FenceOutsideStatement, "the fence lies outside the statement's scope");
        var budget = order.Budget ?? Budget.Unlimited;
        if (!budget.IsValid() || !budget.IsWithin(statement.Budget ?? Budget.Unlimited))
            return new Refusal(ErrorCode.FenceOutsideStatement, "the order would let the run use up more than was decided");
        var zones = ZoneCells.Of(order.Zones ?? []);
        if (!zones.IsOk)
            return zones.Refusal;

        // 5. And it lies within what the operator of this very machine allows at most.
        if (!scope.Value.IsWithin(trust.Ceiling))
            return new Refusal(ErrorCode.OutsideCeiling, "the statement lies outside this runner's ceiling");
        var (asked, of) = SeriesCheck.Decided(order, statement);
        var approval = trust.Approvals.Hold(asked, of, scope.Value.Addresses, now);
        // So many runs were approved with the series, and for so long.
        if (of.Series is { } series && approval is { IsOk: true, Value: { } held })
            approval = held with { Uses = series.Runs, Until = series.Until + StatementOccurrence.Grace + of.Duration };
        return approval.IsOk ? new CheckedOrder(order, statement, fence.Value, approval.Value) : approval.Refusal;
    }
}
