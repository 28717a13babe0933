using Writ.Core.Tools;
using Writ.Proof.Errors;
using Writ.Proof.Statements;

namespace Writ.Core.Policy;

/// <summary>A right under which a run lives.</summary>
/// <param name="NotBefore">When it began.</param>
/// <param name="Deadline">When it ends as things stand.</param>
/// <param name="Budget">What the run may use up, which nothing changes while it lives.</param>
/// <param name="MaxDisconnected">How long it may go on out of reach, which neither does.</param>
public sealed record LiveRight(DateTimeOffset NotBefore, DateTimeOffset Deadline, Budget Budget, TimeSpan MaxDisconnected);

/// <summary>
/// Asks a policy about more time for a run that lives. It is the question of a request that begins at the run's deadline, but for one thing:
/// a rule's longest duration holds for the whole of the right, since it would limit nothing if it could be asked for piece by piece.
/// </summary>
public static class MoreTime
{
    /// <summary>The policy's answer, whose duration is what is added to the deadline.</summary>
    /// <param name="policy">The policy in force.</param>
    /// <param name="subject">Who asks.</param>
    /// <param name="plan">What the run does.</param>
    /// <param name="right">What it lives under.</param>
    /// <param name="terms">How much is asked for, null for as much as the rule allows; why; and the template by which the run was.</param>
    public static Evaluation Evaluate(PolicyDocument policy, Subject subject, Plan plan, LiveRight right, AskedTerms terms)
    {
        TimeSpan? whole = terms.Duration is { } asked ? right.Deadline - right.NotBefore + asked : null;
        var found = Ask(whole);
        if (found.Verdict == Verdict.Deny)
            return found.Code == ErrorCode.DurationTooLong ? found with { Hint = Left(Ask(null)) } : found;
        if (!right.Budget.IsWithin(found.Budget) || right.MaxDisconnected > found.MaxDisconnected)
            return Deny(found, ErrorCode.Denied, "the policy lets a run use up less, or go on out of reach for less long, than this one began with", "start a new run");
        var added = right.NotBefore + found.Duration - right.Deadline;
        return added > TimeSpan.Zero
            ? found with { Duration = added }
            : Deny(found, ErrorCode.DurationTooLong, $"a right lasts {Duration.Format(found.Duration)} at most, and this one does already", Left(found));

        Evaluation Ask(TimeSpan? duration) => Evaluator.Evaluate(policy, subject, plan, terms with { Duration = duration, Uses = 1 }, right.Deadline);

        string? Left(Evaluation longest)
        {
            if (longest.Verdict == Verdict.Deny)
                return null;
            var left = right.NotBefore + longest.Duration - right.Deadline;
            return left >= TimeSpan.FromSeconds(1)
                ? $"from its beginning on it may last {Duration.Format(longest.Duration)}: ask for at most {Duration.Format(TimeSpan.FromSeconds(Math.Floor(left.TotalSeconds)))} more"
                : $"from its beginning on it may last {Duration.Format(longest.Duration)}, and does; start a new run";
        }
    }

    private static Evaluation Deny(Evaluation found, string code, string reason, string? hint) => new()
    {
        Verdict = Verdict.Deny, Reasons = [reason], Code = code, Hint = hint, Zones = found.Zones, Findings = found.Findings, Rules = found.Rules, Looked = found.Looked,
    };
}
