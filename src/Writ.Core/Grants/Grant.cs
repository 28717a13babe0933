using Writ.Proof.Identity;

namespace Writ.Core.Grants;

/// <summary>What a decision gives: an interval <c>NotBefore &lt;= t &lt; NotAfter</c> and a number of uses.</summary>
public sealed record GrantTerms
{
    /// <summary>Terms that one decision, of people or of policy, gave.</summary>
    /// <exception cref="ArgumentException">The interval is empty or there is no use.</exception>
    public GrantTerms(DecisionId decision, DateTimeOffset notBefore, DateTimeOffset notAfter, int uses)
    {
        if (notAfter <= notBefore)
            throw new ArgumentException($"{notBefore:O} to {notAfter:O} is no interval", nameof(notAfter));
        ArgumentOutOfRangeException.ThrowIfLessThan(uses, 1);
        (Decision, NotBefore, NotAfter, Uses) = (decision, notBefore, notAfter, uses);
    }

    /// <summary>The decision that these terms follow from.</summary>
    public DecisionId Decision { get; }

    /// <summary>The first moment of the right.</summary>
    public DateTimeOffset NotBefore { get; }

    /// <summary>The first moment after it.</summary>
    public DateTimeOffset NotAfter { get; }

    /// <summary>How many runs, at least 1.</summary>
    public int Uses { get; }
}

/// <summary>
/// A grant as a value: the model that storage's guarded updates mirror and that property tests hold them against. Each
/// step takes the moment from the caller and goes only where <see cref="AccessLifecycle.Grants"/> has a line.
/// </summary>
public sealed record Grant
{
    private Grant(GrantTerms terms) => (Terms, UsesLeft, State) = (terms, terms.Uses, GrantState.Active);

    /// <summary>The terms in force: those of the latest decision.</summary>
    public GrantTerms Terms { get; private init; }

    /// <summary>Where it stands.</summary>
    public GrantState State { get; private init; }

    /// <summary>0 to <see cref="GrantTerms.Uses"/>.</summary>
    public int UsesLeft { get; private init; }

    /// <summary>Why it ended; null exactly while it is <see cref="GrantState.Active"/>.</summary>
    public string? EndReason { get; private init; }

    /// <summary>A new right, in force from its NotBefore.</summary>
    public static Grant Mint(GrantTerms terms) => new(terms);

    /// <summary>
    /// Takes a use. A grant whose time is over is refused as expired whether or not <see cref="Expire"/> has been called:
    /// the sweep is housekeeping, the interval is the rule.
    /// </summary>
    public (Grant Grant, ConsumeOutcome Outcome) Consume(DateTimeOffset now)
    {
        if (State == GrantState.Revoked)
            return (this, ConsumeOutcome.Revoked);
        if (State == GrantState.Expired || now >= Terms.NotAfter)
            return (Expire(now), ConsumeOutcome.Expired);
        if (State == GrantState.Exhausted)
            return (this, ConsumeOutcome.Exhausted);
        if (now < Terms.NotBefore)
            return (this, ConsumeOutcome.NotYet);
        var happened = UsesLeft == 1 ? GrantEvent.ConsumeLast : GrantEvent.Consume;
        if (AccessLifecycle.Grants.Next(State, happened) is not { } next)
            return (this, ConsumeOutcome.None);
        return (this with
        {
            State = next,
            UsesLeft = UsesLeft - 1,
            EndReason = next == GrantState.Exhausted ? "every use was taken" : null,
        }, ConsumeOutcome.Consumed);
    }

    /// <summary>Takes the right away; what has ended by itself stays as it ended, except that an exhausted grant can be revoked.</summary>
    /// <exception cref="ArgumentException">No reason: nothing ends without one.</exception>
    public Grant Revoke(string reason)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(reason);
        return AccessLifecycle.Grants.Next(State, GrantEvent.Revoke) is { } next ? this with { State = next, EndReason = reason } : this;
    }

    /// <summary>Ends the right when its time is over; before that, nothing.</summary>
    public Grant Expire(DateTimeOffset now) =>
        now >= Terms.NotAfter && AccessLifecycle.Grants.Next(State, GrantEvent.Expire) is { } next
            ? this with { State = next, EndReason = "its time was over" }
            : this;

    /// <summary>
    /// More time, only for a right that is still alive and only by a decision of its own: nothing else moves a deadline later. A right
    /// whose uses are all taken gets it too, for its last run may be live. Uses stay as they are, and less than what is there is no extension.
    /// </summary>
    /// <returns>The extended grant, or null where it cannot be extended.</returns>
    public Grant? Extend(GrantTerms terms, DateTimeOffset now) =>
        AccessLifecycle.Grants.Next(State, GrantEvent.Extend) is null || now >= Terms.NotAfter || terms.Decision == Terms.Decision
            || terms.NotBefore != Terms.NotBefore || terms.NotAfter < Terms.NotAfter || terms.Uses != Terms.Uses
            ? null
            : this with { Terms = terms };
}
