using Writ.Proof.Errors;
using Writ.Proof.Statements;

namespace Writ.Proof.Orders;

/// <summary>
/// Whether a run of a series is one that people decided on. Its own statement is decided by policy alone; what carries it is the series' statement,
/// which the order brings along with what people said of it.
/// </summary>
public static class SeriesCheck
{
    /// <summary>Why it is none, or null: for a run that is of no series too.</summary>
    public static Refusal? Wrong(RunOrder order, Statement statement)
    {
        if (statement.Series is not null)
            return new(ErrorCode.WrongState, "the statement is of a series, and starts no run by itself");
        if (statement.Occurrence is null || order.Series is null)
            return statement.Occurrence is null == order.Series is null ? null : new(ErrorCode.WrongState, "order and statement do not agree on whether the run is one of a series");

        // 1. People decided on the series, and nobody on their own.
        var decided = Statement.Read(order.Series.Statement);
        if (!decided.IsOk)
            return decided.Refusal;
        var digest = Statement.DigestOf(order.Series.Statement);
        if (order.Series.Decisions.Count == 0 || order.Series.Decisions.Any(decision => decision.Statement != digest))
            return new(ErrorCode.BadSignature, "a decision on the series is missing or is about another statement");
        if (order.Series.Decisions.Any(decision => decision.By == "policy" || decision.By == decided.Value.Actor.Id || decision.By == decided.Value.Series?.Owner.Id))
            return new(ErrorCode.BadSignature, "a series is decided by people, and by nobody whose own it is");

        // 2. The run is what they decided on, at a time that they decided on.
        if (!statement.IsOccurrenceOf(decided.Value, digest))
            return new(ErrorCode.FenceOutsideStatement, "the run is none of the series that was decided");
        var (at, since) = (statement.Occurrence.At, order.Series.Decisions.Max(decision => decision.At));
        if (at <= since || decided.Value.Series!.Until > since + StatementSeries.Longest)
            return new(ErrorCode.BadDeadline, "the run lies before the decision on its series, or the series lasts longer than a year");
        return order.Decisions.All(decision => decision.At >= at && decision.At < at + StatementOccurrence.Grace)
            ? null
            : new(ErrorCode.BadDeadline, "the run is started at another time than when it is due");
    }

    /// <summary>What a runner holds against the approvals that it asks for by itself: what people decided on.</summary>
    internal static (RunOrder Order, Statement Statement) Decided(RunOrder order, Statement statement) =>
        order.Series is { } series ? (order with { Statement = series.Statement, Decisions = series.Decisions }, Statement.Read(series.Statement).Value) : (order, statement);
}
