using Writ.Core.Decisions;
using Writ.Core.Policy;
using Writ.Proof.Identity;

namespace Writ.Core.Requests;

/// <summary>
/// A request as a value: the model that storage's guarded updates mirror. It knows what makes a yes count: the current
/// revision, a person not of the request's own, once, and the quorum recomputed at each yes.
/// </summary>
public sealed record AccessRequest
{
    private AccessRequest(IReadOnlySet<ActorId> own, IReadOnlyList<ApprovalNeed> needs, DateTimeOffset expiresAt) =>
        (Own, Needs, ExpiresAt, State, Revision) = (own, needs, expiresAt, RequestState.Pending, 1);

    /// <summary>Who may not decide: requester, on whose behalf, a workload's owner, a template's author.</summary>
    public IReadOnlySet<ActorId> Own { get; }

    /// <summary>What must be approved.</summary>
    public IReadOnlyList<ApprovalNeed> Needs { get; private init; }

    /// <summary>When it ends unanswered.</summary>
    public DateTimeOffset ExpiresAt { get; }

    /// <summary>Where it stands.</summary>
    public RequestState State { get; private init; }

    /// <summary>Counts from 1; decisions are about one revision.</summary>
    public int Revision { get; private init; }

    /// <summary>Who said yes to this revision, each person once.</summary>
    public IReadOnlyList<Decider> Approvers { get; private init; } = [];

    /// <summary>Why it ended; null exactly while it is <see cref="RequestState.Pending"/>.</summary>
    public string? EndReason { get; private init; }

    /// <summary>A new request, at revision 1. One that policy allows by itself has no needs and is never pending: do not ask it.</summary>
    /// <exception cref="ArgumentException">There are no needs: nobody could ever decide.</exception>
    public static AccessRequest Ask(IReadOnlySet<ActorId> own, IReadOnlyList<ApprovalNeed> needs, DateTimeOffset expiresAt) =>
        needs.Count > 0 ? new(own, needs, expiresAt) : throw new ArgumentException("a pending request needs approvals", nameof(needs));

    /// <summary>A changed statement: earlier decisions are void.</summary>
    public AccessRequest Revise(IReadOnlyList<ApprovalNeed> needs, DateTimeOffset now) =>
        now < ExpiresAt && needs.Count > 0 && AccessLifecycle.Requests.Next(State, RequestEvent.Revise) is { } next
            ? this with { State = next, Revision = Revision + 1, Needs = needs, Approvers = [] }
            : this;

    /// <summary>A person says yes or no to a revision.</summary>
    public (AccessRequest Request, DecideOutcome Outcome) Decide(Decider decider, bool approve, int revision, DateTimeOffset now)
    {
        if (State != RequestState.Pending)
            return (this, DecideOutcome.NotPending);
        if (now >= ExpiresAt)
            return (Expire(now), DecideOutcome.NotPending);
        if (revision != Revision)
            return (this, DecideOutcome.StaleRevision);
        if (Own.Contains(decider.Person))
            return (this, DecideOutcome.OwnRequest);
        if (!Quorum.MayDecide(Needs, decider))
            return (this, DecideOutcome.None);
        if (!approve)
            return (End(RequestEvent.Deny, $"denied by {decider.Person}"), DecideOutcome.Ended);
        if (Approvers.Any(approver => approver.Person == decider.Person))
            return (this, DecideOutcome.AlreadyDecided);
        var counted = this with { Approvers = [.. Approvers, decider] };
        return Quorum.IsMet(Needs, counted.Approvers)
            ? (counted.End(RequestEvent.Approve, "the quorum was met"), DecideOutcome.Ended)
            : (counted, DecideOutcome.Counted);
    }

    /// <summary>The requester takes it back; nothing once it has ended.</summary>
    public AccessRequest Cancel() => End(RequestEvent.Cancel, "cancelled by its requester");

    /// <summary>Ends it unanswered when its time is over; before that, nothing.</summary>
    public AccessRequest Expire(DateTimeOffset now) => now >= ExpiresAt ? End(RequestEvent.Expire, "nobody decided in time") : this;

    private AccessRequest End(RequestEvent happened, string reason) =>
        AccessLifecycle.Requests.Next(State, happened) is { } next ? this with { State = next, EndReason = reason } : this;
}

/// <summary>What became of a decision. Only <see cref="Counted"/> and <see cref="Ended"/> change anything.</summary>
public enum DecideOutcome
{
    /// <summary>The person has none of the roles that are asked. Also the value of an outcome that nobody set.</summary>
    None,
    /// <summary>A yes that counts, with others still missing.</summary>
    Counted,
    /// <summary>The decision that ended the request: a no, or the yes that met the quorum.</summary>
    Ended,
    /// <summary>The request is the person's own.</summary>
    OwnRequest,
    /// <summary>The person said yes to this revision before.</summary>
    AlreadyDecided,
    /// <summary>The request has a newer revision.</summary>
    StaleRevision,
    /// <summary>It ended before, or its time is over.</summary>
    NotPending,
}
